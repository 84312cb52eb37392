package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// When an ACK goes, to the octet and the tick (tcp_event_data_recv,
// __tcp_ack_snd_check, tcp_send_delayed_ack).

// ecnInteractive is interactive with ECN.
func ecnInteractive(t *testing.T) *world {
	w := ecnAgreed(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.call(Receive, 1000)
	w.call(Send, 100)
	w.arrive(data(1000, 0, 100))
	require.True(t, w.c.pingpong())
	return w
}

// TestDataWithCWRIsAcknowledgedAtOnce: the sender's window may be one segment
// (tcp_ecn_accept_cwr); an ACK with CWR calls for nothing, then or later.
func TestDataWithCWRIsAcknowledgedAtOnce(t *testing.T) {
	ect := func(s Segment) Segment { s.ECN = ECT0; return s }
	require.Len(t, ecnInteractive(t).arrive(ect(data(1000, 10, 100))), 0)
	require.Len(t, ecnInteractive(t).arrive(ect(withFlags(data(1000, 10, 100), CWR))), 1)
	w := ecnInteractive(t)
	require.Empty(t, w.arrive(withFlags(data(1000, 0, 100), CWR)))
	require.Empty(t, w.arrive(ect(data(1000, 10, 100))))
	// What is owed already stays owed when the segment itself is of no use.
	w = ecnInteractive(t)
	require.Empty(t, w.arrive(fin(data(1000, 0, 100))))
	require.Len(t, w.arrive(ect(withFlags(data(1001, 10, 100), CWR))), 1)
}

// TestTheDelayFollowsThePaceOfTheData: icsk_ack.ato after a segment that comes m
// after the one before, as tcp_event_data_recv reckons it with TCP_ATO_MIN 40 ms.
func TestTheDelayFollowsThePaceOfTheData(t *testing.T) {
	for _, c := range []struct {
		ato, m, rto, want Duration // milliseconds
		quick             bool
	}{
		{0, 5, 300, 40, true}, // the first
		{40, 0, 300, 40, false}, {80, 0, 300, 60, false}, {80, 19, 300, 60, false}, {80, 20, 300, 60, false}, {200, 20, 300, 120, false}, {300, 20, 150, 170, false},
		{80, 21, 300, 61, false}, {80, 79, 300, 119, false}, {80, 80, 300, 80, false}, {80, 81, 300, 80, false}, {40, 39, 300, 59, false},
		{300, 105, 300, 255, false}, {300, 106, 300, 0, false}, {300, 200, 300, 94, false} /* of eight bits */, {300, 100, 200, 200, false},
		{80, 300, 300, 80, false}, {80, 301, 300, 80, true},
	} {
		w := established(t, plainOpts)
		w.arrive(data(0, 10, 0))
		a := &w.c.ack
		a.ato, a.lastRcv, w.c.rtt.rto = c.ato*Millisecond, w.c.now.Add(-c.m*Millisecond), c.rto*Millisecond
		a.quick = 0
		s := data(10, 10, 0)
		w.c.dataReceived(&s, 832)
		require.Equal(t, c.want*Millisecond, a.ato, "%+v", c)
		require.Equal(t, c.quick, a.quick > 0, "%+v", c)
		require.Equal(t, w.c.now, a.lastRcv)
	}
}

// TestThePaceOfTheDataIsInJiffies: what lies within one is no time (tcp_event_data_recv: tcp_jiffies32).
func TestThePaceOfTheDataIsInJiffies(t *testing.T) {
	for _, c := range []struct {
		tick, came, now, rto, ato Duration // microseconds
		want                      Duration
		quick                     bool
	}{
		{1000, 979_999, 1_000_000, 300_000, 80_000, 61_000, false}, {1000, 980_000, 1_000_999, 300_000, 80_000, 60_000, false},
		{4000, 800_000, 1_027_999, 224_000, 80_000, 80_000, false}, {4000, 799_999, 1_024_000, 224_000, 80_000, 80_000, true},
		{4000, 800_000, 1_024_300, 222_000, 80_000, 80_000, true},
		{4000, 1_000_000, 1_024_500, 300_000, 60_000, 52_000, false}, {4000, 1_000_000, 1_011_900, 300_000, 52_000, 44_000, false}, // half of 15, and of 13
	} {
		w := established(t, plainOpts)
		w.arrive(data(0, 10, 0))
		cfg := *w.c.cfg
		cfg.Tick, w.c.cfg = c.tick, &cfg
		a := &w.c.ack
		a.ato, a.lastRcv, a.quick, w.c.now, w.c.rtt.rto = c.ato, Time(60*Minute+c.came), 0, Time(60*Minute+c.now), c.rto
		s := data(10, 10, 0)
		w.c.dataReceived(&s, 832)
		require.Equal(t, c.want, a.ato, "%+v", c)
		require.Equal(t, c.quick, a.quick > 0, "%+v", c)
	}
}

// TestSegmentsOf128OctetsOpenTheWindow: smaller ones do not (tcp_event_data_recv).
func TestSegmentsOf128OctetsOpenTheWindow(t *testing.T) {
	for _, c := range []struct {
		n     uint32
		grows bool
	}{{127, false}, {128, true}} {
		w := established(t, plainOpts)
		w.c.rcv.ssthresh = 20_000
		w.arrive(data(0, c.n, 0))
		require.Equal(t, c.grows, w.c.rcv.ssthresh > 20_000, "%d octets", c.n)
	}
}

// TestNothingPutsAnAckOffFurther: neither a FIN nor old data moves a timer that
// runs (inet_csk_reset_xmit_timer is given the earlier time).
func TestNothingPutsAnAckOffFurther(t *testing.T) {
	w := interactive(t)
	w.arrive(data(1000, 10, 100))
	at := w.c.timers.delack
	require.Equal(t, w.now.Add(40*Millisecond), at)
	w.pass(20 * Millisecond)
	w.arrive(fin(data(1010, 0, 100)))
	require.Equal(t, at, w.c.timers.delack)

	// Old data is answered at once, unless the buffer is half full, when there are no
	// quick ACKs (__tcp_select_window).
	w = openedWith(t, Options{Set: OptMSS, MSS: 1460}, 20*Millisecond, func(_ *Config, p *Params) { p.RcvBuf, p.Locks = 8192, LockRcvBuf })
	w.arrive(data(0, 1460, 0))
	w.arrive(data(1460, 1460, 0))
	at = w.c.timers.delack
	require.Equal(t, w.now.Add(40*Millisecond), at)
	w.pass(20 * Millisecond)
	w.arrive(data(2920, 1000, 0)) // more than a segment beyond the window shown
	at = w.c.timers.delack
	require.NotZero(t, at)
	w.pass(5 * Millisecond)
	w.rcv(data(0, 1460, 0), "drop [TCP_OLD_DATA]")
	require.Equal(t, at, w.c.timers.delack)
}

// TestARefusalForWantOfBufferIsToldAtOnce: with a window of 0, if there is
// something to read; if not, the segment is taken all the same, and so is a FIN
// (tcp_data_queue).
func TestARefusalForWantOfBufferIsToldAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		unread bool
		seg    Segment
		taken  bool
	}{
		{"something to read", true, data(1000, 100, 100), false},
		{"nothing to read", false, data(1000, 100, 100), true},
		{"a FIN", true, fin(data(1000, 0, 100)), true},
		{"data with a FIN", true, fin(data(1000, 100, 100)), false},
	} {
		w := established(t, plainOpts)
		w.arrive(data(0, 1000, 0))
		if !c.unread {
			w.call(Receive, 1000)
		}
		w.call(Send, 100)
		w.arrive(data(1000, 0, 100))
		w.lax = true
		w.c.ack.pingpongs, w.c.ack.quick = w.c.cfg.PingpongThresh, 0 // ACKs wait otherwise
		w.c.rcv.rcvbuf, w.c.locks, w.c.ack.pred.on = -1, LockRcvBuf, false
		w.c.rcv.rmem = max(w.c.rcv.rmem, 1)
		s := w.arrive(c.seg)
		require.Equal(t, c.taken, w.c.rcv.nxt == c.seg.End(), c.name)
		require.Len(t, s, 1, c.name)
		require.Zero(t, s[0].Wnd, c.name)
	}
}

// TestAClosedWindowTakesABareFinOnly: from a peer that would repeat it for ever
// (tcp_data_queue).
func TestAClosedWindowTakesABareFinOnly(t *testing.T) {
	for _, c := range []struct {
		seg   Segment
		taken bool
	}{{fin(data(0, 0, 0)), true}, {fin(data(0, 1, 0)), false}, {data(0, 1, 0), false}} {
		w := established(t, plainOpts)
		w.c.rcv.wnd, w.c.rcv.wup = 0, w.c.rcv.nxt
		w.arrive(c.seg)
		require.Equal(t, c.taken, w.c.rcv.nxt == c.seg.End(), "%v", c.seg.Flags)
	}
}

// TestAFinLeavesTheOtherSideShut: shutdown is added up.
func TestAFinLeavesTheOtherSideShut(t *testing.T) {
	w := reachFinWait1(t)
	w.arrive(fin(data(2000, 0, 1000)))
	require.Equal(t, Closing, w.c.State())
	require.Equal(t, ShutRead|ShutWrite, w.c.Shut())
}

// TestTwoSegmentsForAReaderThatWantsMoreAreAcknowledged: SO_RCVLOWAT to the octet
// (__tcp_ack_snd_check).
func TestTwoSegmentsForAReaderThatWantsMoreAreAcknowledged(t *testing.T) {
	for lowat, acks := range map[uint32]int{1999: 0, 2000: 0, 2001: 1} {
		w := interactive(t)
		w.set(RcvLowat, lowat)
		w.arrive(data(1000, 1000, 100))
		require.Len(t, w.arrive(data(2000, 1000, 100)), acks, "SO_RCVLOWAT %d", lowat)
	}
}

// TestSACKsAreHeldBackForATwentiethOfARoundTrip: the lesser of the two that are
// known, and a millisecond at most (__tcp_ack_snd_check; sysctl tcp_comp_sack_*).
func TestSACKsAreHeldBackForATwentiethOfARoundTrip(t *testing.T) {
	for _, c := range []struct{ rcv, snd, want Duration }{ // microseconds
		{16_000, 0, 800}, {16_000, 20_000, 800}, {16_000, 16_000, 800}, {16_000, 8_000, 400}, {30_000, 90_000, 1000},
		{20_000, 90_000, 1000}, {19_980, 90_000, 999}, {0, 8_000, 0}, {39, 39, 1}, {40, 39, 1}, {19, 39, 0},
	} {
		w := established(t, plainOpts)
		w.lax = true
		w.c.rcv.rttUs, w.c.rtt.srtt, w.c.ack.quick = uint32(c.rcv)<<3, uint32(c.snd)<<3, 0
		w.c.ack.compressAt, w.c.ack.dupAcks = w.c.rcv.nxt, dupThresh
		w.c.ackOutOfOrder()
		require.Equal(t, w.c.now.Add(c.want), w.c.timers.compress, "%+v", c)
	}
}

// TestSoManySACKsAreHeldBack: sysctl tcp_comp_sack_nr, after the three duplicates
// that fast retransmit needs; the timer sends one for all.
func TestSoManySACKsAreHeldBack(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.CompSACKNr = 2 })
	w.c.rcv.rttUs = 100_000 << 3
	for i := range uint32(20) { // no quick ACKs any more
		w.arrive(data(i*10, 10, 0))
	}
	w.c.ack.quick = 0
	var acks []int
	for i := range uint32(9) {
		acks = append(acks, len(w.arrive(data(1000+i*1000, 1000, 0))))
	}
	require.Equal(t, []int{1, 1, 1, 0, 0, 1, 0, 0, 1}, acks)
	w.arrive(data(20_000, 1000, 0))
	w.fires(Millisecond, "> . 1 ack 201 win 64040 <sack 20001:21001,sack 1001:10001> [compressed-ack]")
	w.noTimer()
}

// TestALongDelayIsBounded: by half a second, in a conversation or after a small
// segment by TCP_DELACK_MAX, and by a round trip of 40 ms or more
// (tcp_send_delayed_ack), then by tcp_delack_max.
func TestALongDelayIsBounded(t *testing.T) {
	for _, c := range []struct {
		ato, srtt        Duration // milliseconds
		pingpong, pushed bool
		limit            Duration // TCP_DELACK_MAX_US; RTO min is a second more
		want             Duration
	}{
		{40, 0, false, false, 600, 40}, {40, 10, false, false, 600, 40}, {41, 10, false, false, 600, 40}, {41, 0, false, false, 600, 41},
		{450, 0, false, false, 600, 450}, {550, 0, false, false, 600, 500}, {550, 0, true, false, 600, 200}, {550, 0, false, true, 600, 200},
		{550, 0, true, true, 600, 200}, {550, 300, false, false, 600, 300}, {550, 300, false, true, 600, 200}, {550, 300, false, false, 250, 250},
		{100, 0, true, false, 0, 100}, {30, 0, false, false, 600, 30}, {300, 0, false, false, 0, 200},
	} {
		w := established(t, plainOpts)
		w.c.user.delackMax, w.c.user.rtoMin = uint16(c.limit), 1600
		a := &w.c.ack
		a.ato, w.c.rtt.srtt = c.ato*Millisecond, uint32(c.srtt*Millisecond)<<3
		if c.pingpong {
			w.c.enterPingpong()
		}
		if c.pushed {
			a.pending |= ackPushed
		}
		w.c.delayAck()
		require.Equal(t, c.want*Millisecond, w.c.timers.delack.Sub(w.c.now), "%+v", c)
	}
}

// TestAnAckThatIsAboutToGoGoesNow: within a quarter of the delay.
func TestAnAckThatIsAboutToGoGoesNow(t *testing.T) {
	for _, c := range []struct {
		ato, left Duration // milliseconds
		sent      bool
	}{{40, 9, true}, {40, 10, true}, {40, 11, false}, {80, 20, true}, {80, 21, false}, {0, 50, true}} {
		w := established(t, plainOpts)
		a := &w.c.ack
		a.ato, a.pending, w.c.timers.delack = c.ato*Millisecond, ackSched|ackTimer, w.c.now.Add(c.left*Millisecond)
		w.c.out = nil
		w.c.delayAck()
		require.Equal(t, c.sent, len(w.c.out) == 1, "%+v", c)
		if !c.sent {
			require.Equal(t, w.c.now.Add(c.left*Millisecond), w.c.timers.delack, "the earlier of the two")
		}
	}
}

// TestWhatIsAboutToGoIsReckonedInJiffies: three of them are a quarter of thirteen (tcp_send_delayed_ack).
func TestWhatIsAboutToGoIsReckonedInJiffies(t *testing.T) {
	for at, sent := range map[Duration]bool{12_000: true, 15_999: true, 16_000: false} {
		w := established(t, plainOpts)
		cfg := *w.c.cfg
		cfg.Tick, w.c.cfg = 4*Millisecond, &cfg
		w.c.now = Time(60*Minute + 3*Millisecond)
		w.c.ack.ato, w.c.ack.pending, w.c.timers.delack = 52*Millisecond, ackSched|ackTimer, Time(60*Minute+at)
		w.c.out = nil
		w.c.delayAck()
		require.Equal(t, sent, len(w.c.out) == 1, at)
	}
}

// TestADelayStaysBelowTheLeastRTO: a tick less, and a tick at least (tcp_delack_max);
// tcpi_ato shows it.
func TestADelayStaysBelowTheLeastRTO(t *testing.T) {
	for _, c := range []struct{ rtoMin, user, want Duration }{ // milliseconds
		{200, 0, 199}, {201, 0, 200}, {202, 0, 200}, {300, 0, 200}, {50, 0, 49}, {3, 0, 2}, {2, 0, 1}, {1, 0, 1},
		{200, 100, 100}, {200, 199, 199}, {200, 300, 199}, {500, 300, 300},
	} {
		w := openedWith(t, plainOpts, 100*Millisecond, func(f *Config, _ *Params) { f.RTOMin = c.rtoMin * Millisecond })
		w.set(DelackMaxUs, uint32(c.user*Millisecond))
		w.c.ack.ato = Second
		require.EqualValues(t, c.want*Millisecond, w.c.Info(w.now).ATO, "%+v", c)
	}
}

// TestOnlyOldDataIsReportedAsADuplicate: not a bare probe, and only by the leave of
// the sysctl; so with the look at the path that it came by (tcp_send_dupack).
func TestOnlyOldDataIsReportedAsADuplicate(t *testing.T) {
	for _, sack := range []bool{false, true} {
		for _, dsack := range []bool{false, true} {
			for _, n := range []uint32{0, 10} {
				o := plainOpts
				if !sack {
					o = noSACK
				}
				w := openedWith(t, o, 100*Millisecond, func(c *Config, _ *Params) { c.DSACK = dsack })
				w.arrive(data(0, 1000, 0))
				w.set(QuickAck, 0)
				out := w.do(Input{Kind: SegmentArrives, Seg: data(100, n, 0), Label: 5})
				want := sack && dsack && n > 0
				require.Equal(t, want, len(rehashes(out)) == 1, "SACK %v, D-SACK %v, %d octets", sack, dsack, n)
				require.Len(t, w.segs(), 1)
				require.Equal(t, want, w.segs()[0].Opts.NSACK == 1)
				require.Equal(t, n > 0, w.c.QuickAck(), "old data ends a conversation")
			}
		}
	}
}

// TestDelayOfAnACKHasEightBitsOfJiffies: icsk_ack.ato is a bit field (ATO_BITS), here of 4 ms each, and goes round.
func TestDelayOfAnACKHasEightBitsOfJiffies(t *testing.T) {
	for d, want := range map[Duration]Duration{
		40 * Millisecond: 40 * Millisecond, 1023 * Millisecond: 1023 * Millisecond, 1024 * Millisecond: 0, 1280 * Millisecond: 256 * Millisecond,
	} {
		c := Conn{cfg: &Config{Tick: 4 * Millisecond}}
		require.Equal(t, want, c.atoBits(d))
	}
}
