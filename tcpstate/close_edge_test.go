package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestALingeringCloseClosesWhereShutdownDoesNothing: tcp_shutdown leaves
// SYN-RECEIVED alone, __tcp_close sends the FIN.
func TestALingeringCloseClosesWhereShutdownDoesNothing(t *testing.T) {
	told := []string{"readable [user-shutdown]", "writable [user-shutdown]"}
	both := ShutRead | ShutWrite
	for _, c := range []struct {
		name  string
		reach func(*testing.T) *world
		how   uint8
		want  []string
	}{
		{"SYN-RECEIVED, shutdown", reachCrossed, both, nil},
		{"SYN-RECEIVED, close", reachCrossed, both | ShutClose, []string{"SYN-RECEIVED → FIN-WAIT-1 [user-close]", "> F. 1 ack 1 win 63 [fin-sent]"}}, // in our scale, which the SYN offered
		{"ESTABLISHED, shutdown", transfer, both, []string{"ESTABLISHED → FIN-WAIT-1 [user-shutdown]", "> F. 1501 ack 2001 win 62240 [fin-sent]"}},
		{"ESTABLISHED, close", transfer, both | ShutClose, []string{"ESTABLISHED → FIN-WAIT-1 [user-close]", "> F. 1501 ack 2001 win 62240 [fin-sent]"}},
		{"ESTABLISHED, reading", transfer, ShutRead, nil},
		{"SYN-SENT, close", reachSynSent, both | ShutClose, []string{"SYN-SENT → CLOSED [user-shutdown]", "gone [user-shutdown]"}},
		{"TIME-WAIT, close", reachTimeWait, both | ShutClose, nil},
		{"FIN-WAIT-2, close", reachFinWait2, both | ShutClose, nil},
	} {
		w := c.reach(t)
		w.step(Input{Kind: Shutdown, How: c.how}, append(c.want, told...)...)
	}
}

// TestAnOrphanInFinWait2WaitsItsTime: closed there, it is a full socket for what
// exceeds TCP_TIMEWAIT_LEN, then a bucket for as long again (tcp_fin_time,
// tcp_keepalive_timer).
func TestAnOrphanInFinWait2WaitsItsTime(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(f *Config, _ *Params) { f.FinTimeout = 100 * Second })
	w.do(Input{Kind: Shutdown, How: ShutWrite})
	w.arrive(ackOf(1))
	w.user(Close, 0)
	w.fires(40 * Second)
	require.True(t, w.c.Waits())
	w.fires(40*Second, "FIN-WAIT-2 → CLOSED [time-wait-over]", "gone [time-wait-over]")
}

// TestFinWait2LastsThreeAndAHalfTimeOutsAtLeast: tcp_fin_time.
func TestFinWait2LastsThreeAndAHalfTimeOutsAtLeast(t *testing.T) {
	for _, c := range []struct{ rto, sysctl, want Duration }{
		{200 * Millisecond, 60 * Second, 60 * Second}, {20 * Second, 60 * Second, 70 * Second}, {10 * Second, Second, 35 * Second},
		{2 * Second, 7 * Second, 7 * Second}, {2002 * Millisecond, 7 * Second, 7007 * Millisecond}, {120 * Second, 60 * Second, 420 * Second},
	} {
		w := openedWith(t, plainOpts, 100*Millisecond, func(f *Config, _ *Params) { f.FinTimeout = c.sysctl })
		w.c.rtt.rto = c.rto
		require.Equal(t, c.want, w.c.finTime(), "%+v", c)
	}
}

// TestAbortTellsThePeerOfDataThatNeverWent: in CLOSING and LAST-ACK, if the FIN
// waits behind such (tcp_disconnect); and what error it leaves.
func TestAbortTellsThePeerOfDataThatNeverWent(t *testing.T) {
	unsent := func(reach func(*world)) func(*testing.T) *world {
		return func(t *testing.T) *world {
			w := established(t, plainOpts)
			s := ackOf(0)
			s.Wnd = 0
			w.arrive(s)
			w.call(Send, 100)
			reach(w)
			require.NotZero(t, w.c.NotSent())
			return w
		}
	}
	closed := fin(data(0, 0, 0))
	closed.Wnd = 0
	for _, c := range []struct {
		name  string
		reach func(*testing.T) *world
		err   Errno
		reset bool
	}{
		{"SYN-SENT", reachSynSent, ECONNRESET, false},
		{"ESTABLISHED", transfer, ECONNRESET, true},
		{"FIN-WAIT-2", reachFinWait2, ECONNRESET, true},
		{"CLOSING", reachClosing, 0, false},
		{"LAST-ACK", reachLastAck, 0, false},
		{"LAST-ACK, unsent", unsent(func(w *world) { w.arrive(closed); shutWrite(w) }), ECONNRESET, true},
		{"CLOSING, unsent", unsent(func(w *world) { shutWrite(w); w.arrive(closed) }), ECONNRESET, true},
		{"TIME-WAIT", reachTimeWait, 0, false},
	} {
		w := c.reach(t)
		out := w.call(Abort, 0)
		require.Equal(t, c.err, w.c.Err(), c.name)
		require.Equal(t, c.reset, len(out) == 1 && out[0].Flags.Has(RST), c.name)
	}
}

// TestAnyMSSOfZeroIsNone: and without one the protocol's least stands (RFC 9293
// section 3.7.1; tcp_parse_options skips a zero).
func TestAnyMSSOfZeroIsNone(t *testing.T) {
	w := established(t, Options{Set: OptMSS})
	require.EqualValues(t, 536, w.c.MSS())
}

// TestTheMSSToAdvertiseLeavesRoomForTimestamps: tcpi_advmss once they are agreed on.
func TestTheMSSToAdvertiseLeavesRoomForTimestamps(t *testing.T) {
	require.EqualValues(t, 1448, stamped(t).c.Info(0).AdvMSS)
	require.EqualValues(t, 1460, established(t, plainOpts).c.Info(0).AdvMSS)
}

// TestABufferOfTheUsersBoundsTheWindow: of an active open, and thereby the scale
// that the SYN offers (tcp_connect_init, tcp_select_initial_window). A buffer of
// 20000 is worth 10000; the first window is whole segments of it.
func TestABufferOfTheUsersBoundsTheWindow(t *testing.T) {
	for _, c := range []struct {
		locked           bool
		clamp            uint32
		wnd, scale, wide uint32
	}{
		{true, 0, 8760, 0, 10000}, {true, 15000, 8760, 0, 10000}, {true, 10000, 8760, 0, 10000}, {true, 9000, 8760, 0, 9000},
		// Not the user's own: up to tcp_rmem[2], 32 MiB, of which 10 bits are left.
		{false, 0, 8760, 10, 65535 << 10}, {false, 15000, 8760, 0, 15000},
	} {
		w := newWorldWith(t, func(_ *Config, p *Params) {
			p.RcvBuf, p.Clamp = 20000, c.clamp
			if c.locked {
				p.Locks = LockRcvBuf
			}
		})
		s := w.call(Open, 0)
		require.Equal(t, [3]uint32{c.wnd, c.scale, c.wide}, [3]uint32{uint32(s[0].Wnd), uint32(s[0].Opts.WScale), w.c.rcv.clamp}, "%+v", c)
	}
}

// TestALastAckMayWaitForData: of a write that waits for the handshake
// (sk_write_pending), or for what TCP_DEFER_ACCEPT expects.
func TestALastAckMayWaitForData(t *testing.T) {
	for _, set := range [][]Option{nil, {WritePending}, {DeferAck}, {WritePending, DeferAck}} {
		w := newWorld(t)
		for _, o := range set {
			w.set(o, 1)
		}
		w.call(Open, 0)
		w.pass(10 * Millisecond)
		s := w.arrive(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts})
		require.Equal(t, len(set) == 0, len(s) == 1, "%v", set)
		if len(set) > 0 {
			w.fires(200*Millisecond, "> . 1 ack 1 win 64240 [delayed-ack]") // TCP_DELACK_MAX
		}
	}
}

// TestASynThatWentAgainForNothingIsNoSignOfLoss: after two time-outs the window is
// one segment, unless the answer echoes the first SYN (tcp_try_undo_spurious_syn,
// tcp_init_transfer).
func TestASynThatWentAgainForNothingIsNoSignOfLoss(t *testing.T) {
	for _, c := range []struct {
		name     string
		timeouts int
		ts       bool
		echo     func(syns []uint32) uint32
		cwnd     uint32
	}{
		{"one went again", 1, false, nil, 10},
		{"no timestamps", 2, false, nil, 1},
		{"an echo of the first on another segment", 2, false, func(syns []uint32) uint32 { return syns[0] }, 1},
		{"an echo of the first", 2, true, func(syns []uint32) uint32 { return syns[0] }, 10},
		{"of the second", 2, true, func(syns []uint32) uint32 { return syns[1] }, 1},
		{"of the third", 2, true, func(syns []uint32) uint32 { return syns[2] }, 1},
	} {
		w := newWorld(t)
		syns := []uint32{w.call(Open, 0)[0].Opts.TSVal}
		for range c.timeouts {
			syns = append(syns, w.wait()[0].Opts.TSVal)
		}
		w.pass(10 * Millisecond)
		s := Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts}
		if c.echo != nil {
			s.Opts.Set |= OptTS
			s.Opts.TSVal, s.Opts.TSEcr = 7, c.echo(syns)
		}
		if !c.ts { // an echo does not count that comes with a bad ACK before
			s.Ack = s.Ack.Add(1)
			w.arrive(s)
			s.Ack, s.Opts = s.Ack.Sub(1), plainOpts
		}
		w.arrive(s)
		require.Equal(t, Established, w.c.State(), c.name)
		require.Equal(t, c.cwnd, w.c.Info(w.now).SndCwnd, c.name)
	}
}

// TestCrossedSynsAgreeOnECNIfBothAsk: RFC 3168 section 6.1.1; the SYN,ACK that
// answers has ECE alone, or neither flag.
func TestCrossedSynsAgreeOnECNIfBothAsk(t *testing.T) {
	for _, ours := range []bool{false, true} {
		for _, theirs := range []Flags{0, ECE, CWR, ECE | CWR} {
			w := newWorldWith(t, func(c *Config, _ *Params) {
				c.ECN = 2
				if ours {
					c.ECN = 1
				}
			})
			w.call(Open, 0)
			s := w.arrive(Segment{Seq: peerISS, Flags: SYN | theirs, Wnd: 65535, Opts: plainOpts})
			require.Len(t, s, 1)
			both := ours && theirs == ECE|CWR
			want := SYN | ACK
			if both {
				want |= ECE
			}
			require.Equal(t, want, s[0].Flags, "ours %v, theirs %v", ours, theirs)
			w.arrive(data(0, 0, 0))
			require.Equal(t, both, w.c.Info(w.now).Options&InfoECN != 0, "ours %v, theirs %v", ours, theirs)
		}
	}
}
