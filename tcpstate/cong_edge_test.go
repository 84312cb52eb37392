package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The congestion window's arithmetic at its edges, as net/ipv4/tcp_cong.c and
// tcp_output.c have it, worked out by hand.

// TestAdditiveIncrease: one for each w packets acknowledged (tcp_cong_avoid_ai).
func TestAdditiveIncrease(t *testing.T) {
	for _, c := range []struct{ cwnd, cnt, w, acked, wantCwnd, wantCnt uint32 }{
		{10, 0, 10, 1, 10, 1},
		{10, 8, 10, 1, 10, 9},
		{10, 9, 10, 1, 11, 0}, // the tenth
		{10, 9, 10, 2, 11, 1},
		{10, 0, 10, 10, 11, 0},
		{10, 0, 10, 25, 12, 5}, // an ACK of many
		// w has fallen below what was gathered: that gives one, and no more.
		{10, 10, 10, 1, 11, 1},
		{10, 9, 5, 1, 11, 1},
		{10, 7, 2, 1, 11, 1},
		{10, 7, 2, 4, 13, 0},
	} {
		a := congState{cwnd: c.cwnd, cwndCnt: c.cnt}
		a.additive(c.w, c.acked)
		require.Equal(t, [2]uint32{c.wantCwnd, c.wantCnt}, [2]uint32{a.cwnd, a.cwndCnt}, "%+v", c)
	}
}

// TestTheThresholdToRemember: three quarters of the window, unless a reduction is
// under way (tcp_current_ssthresh).
func TestTheThresholdToRemember(t *testing.T) {
	for _, c := range []struct {
		state                caState
		cwnd, ssthresh, want uint32
	}{
		{caOpen, 80, 10, 60}, {caOpen, 81, 10, 60}, {caOpen, 83, 10, 61}, {caOpen, 80, 60, 60}, {caOpen, 80, 61, 61},
		{caDisorder, 80, 10, 60}, {caLoss, 80, 10, 60}, {caCWR, 80, 10, 10}, {caRecovery, 80, 10, 10},
	} {
		a := congState{state: c.state, cwnd: c.cwnd, ssthresh: c.ssthresh}
		require.Equal(t, c.want, a.currentSSThresh(), "%+v", c)
	}
}

// TestWhatLetsTheWindowGrow: in order, data acknowledged; once reordering is known,
// any progress (tcp_may_raise_cwnd).
func TestWhatLetsTheWindowGrow(t *testing.T) {
	for _, c := range []struct {
		flag                ackFlag
		inOrder, reordering bool
	}{
		{0, false, false}, {flagDataAcked, true, true}, {flagDataSacked, false, true}, {flagSynAcked, false, true},
		{flagWinUpdate | flagData | flagSlowPath | flagUnaAdvanced, false, false}, {flagECE, false, false},
	} {
		w := established(t, plainOpts)
		require.Equal(t, c.inOrder, w.c.mayRaise(c.flag), "%b", c.flag)
		w.c.ca.reordering++
		require.Equal(t, c.reordering, w.c.mayRaise(c.flag), "%b, reordering seen", c.flag)
	}
}

// TestWhatCountsAsLimitedByTheWindow: in slow start, more than half of it in
// flight; later, all (tcp_is_cwnd_limited).
func TestWhatCountsAsLimitedByTheWindow(t *testing.T) {
	for _, c := range []struct {
		limited                bool
		cwnd, ssthresh, maxOut uint32
		want                   bool
	}{
		{false, 10, 100, 4, false}, {false, 10, 100, 5, false}, {false, 10, 100, 6, true}, {false, 10, 10, 9, false},
		{true, 10, 100, 1, true}, {true, 10, 10, 1, true}, {false, 10, 11, 6, true},
	} {
		w := established(t, plainOpts)
		a := &w.c.ca
		a.cwndLimited, a.cwnd, a.ssthresh, a.maxOut = c.limited, c.cwnd, c.ssthresh, c.maxOut
		require.Equal(t, c.want, w.c.isCwndLimited(), "%+v", c)
	}
}

// TestAReductionThatEndsSetsTheWindow: to ssthresh if there is one, and nothing was
// undone (tcp_end_cwnd_reduction).
func TestAReductionThatEndsSetsTheWindow(t *testing.T) {
	for _, c := range []struct {
		state    caState
		undo     bool
		ssthresh uint32
		want     uint32
	}{
		{caCWR, false, 7, 7}, {caCWR, true, 7, 7}, {caRecovery, true, 7, 7}, {caRecovery, false, 7, 10},
		{caCWR, false, infiniteSSThresh, 10}, {caRecovery, true, infiniteSSThresh, 10}, {caCWR, false, infiniteSSThresh - 1, infiniteSSThresh - 1},
	} {
		w := established(t, plainOpts)
		a := &w.c.ca
		a.cwnd, a.state, a.undoOn, a.ssthresh = 10, c.state, c.undo, c.ssthresh
		w.c.endReduction()
		require.Equal(t, c.want, a.cwnd, "%+v", c)
	}
}

// TestCongestionReducesOncePerEpisode: not while the window is being reduced
// (tcp_enter_cwr).
func TestCongestionReducesOncePerEpisode(t *testing.T) {
	for _, state := range []caState{caOpen, caDisorder, caCWR, caRecovery, caLoss} {
		w := established(t, plainOpts)
		a := &w.c.ca
		a.state, a.cwnd, a.ssthresh, a.priorSS = state, 100, 50, 5
		w.c.enterCWR()
		require.Zero(t, a.priorSS, "no undoing it in any state")
		if state <= caDisorder {
			require.Equal(t, caCWR, a.state)
			require.EqualValues(t, 70, a.ssthresh) // RFC 9438 section 4.6
		} else {
			require.Equal(t, state, a.state)
			require.EqualValues(t, 50, a.ssthresh)
		}
	}
}

// TestAnAckThatDeliversNothingLeavesTheReducedWindow: PRR goes by what was
// delivered (RFC 6937 section 3; tcp_cwnd_reduction).
func TestAnAckThatDeliversNothingLeavesTheReducedWindow(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 5000)
	a := &w.c.ca
	a.cwnd = 20
	w.c.beginReduction()
	w.c.setCAState(caRecovery)
	w.c.reduceCwnd(0, 0, 0)
	require.EqualValues(t, 20, a.cwnd)
	w.c.reduceCwnd(1, 0, 0)
	require.NotEqualValues(t, 20, a.cwnd)
	a.cwnd, a.priorCwnd = 20, 0 // never set: WARN_ON in Linux
	w.c.reduceCwnd(1, 0, 0)
	require.EqualValues(t, 20, a.cwnd)
}

// TestATimeOutResetsCubic: W_max is forgotten (cubictcp_state; RFC 9438 section 4.8);
// Reno has nothing to forget.
func TestATimeOutResetsCubic(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.c.ca.cubic.lastMax, w.c.ca.cubic.epoch, w.c.ca.cubic.delayMin = 100, 1, 50
	w.wait()
	require.Equal(t, caLoss, w.c.ca.state)
	u := &w.c.ca.cubic
	require.Equal(t, [3]uint32{}, [3]uint32{u.lastMax, u.epoch, u.delayMin})
}

// TestIdlenessHalvesTheWindowOncePerTimeOut: for each whole one beyond the first,
// down to the initial window (tcp_cwnd_restart).
func TestIdlenessHalvesTheWindowOncePerTimeOut(t *testing.T) {
	const rto = 300
	for _, c := range []struct {
		idle       Duration // milliseconds
		cwnd, want uint32
	}{
		{rto - 1, 80, 80}, {rto, 80, 80}, {rto + 1, 80, 40}, {2 * rto, 80, 40}, {2*rto + 1, 80, 20}, {3 * rto, 80, 20},
		{3*rto + 1, 80, 10}, {9 * rto, 80, 10}, {9 * rto, 81, 10}, {2 * rto, 15, 10}, {9 * rto, 10, 10}, {9 * rto, 4, 4},
	} {
		w := established(t, noSACK)
		require.EqualValues(t, rto*Millisecond, w.c.rtt.rto)
		w.c.ca.cwnd, w.c.ca.ssthresh, w.c.ca.cwndUsed = c.cwnd, 20, 3
		w.c.snd.lastSent = w.c.now
		w.c.now = w.c.now.Add(c.idle * Millisecond)
		w.c.restartAfterIdle()
		require.Equal(t, c.want, w.c.ca.cwnd, "%+v", c)
		want := uint32(20)
		if c.idle > rto {
			want = max(20, c.cwnd/2+c.cwnd/4)
		}
		require.Equal(t, want, w.c.ca.ssthresh, "%+v", c)
	}
}

// TestWhenTheUseOfTheWindowIsNoted: a window after the last note, when it is the
// limit, or when more is in flight than was noted of a window that was not
// (tcp_cwnd_validate).
func TestWhenTheUseOfTheWindowIsNoted(t *testing.T) {
	for _, was := range []bool{false, true} {
		for _, now := range []bool{false, true} {
			for _, maxOut := range []uint32{2, 3, 4} {
				for _, over := range []bool{false, true} {
					w := established(t, plainOpts)
					for range 3 {
						w.call(Send, 1000)
					}
					a := &w.c.ca
					a.cwndLimited, a.maxOut, a.usageSeq = was, maxOut, w.c.snd.una
					if !over {
						a.usageSeq = w.c.snd.una.Add(1)
					}
					w.c.validateCwnd(now)
					noted := over || now || !was && maxOut < 3
					require.Equal(t, noted, a.usageSeq == w.c.snd.nxt, "was %v, is %v, %d out before, a window over %v", was, now, maxOut, over)
					if noted {
						require.Equal(t, [2]any{now, uint32(3)}, [2]any{a.cwndLimited, a.maxOut})
					}
				}
			}
		}
	}
}

// TestAnUnusedWindowDecaysAfterATimeOut: once one has passed since the window last
// counted, to the tick, half of what was not used goes (tcp_cwnd_validate,
// tcp_cwnd_application_limited; RFC 2861 section 3.2).
func TestAnUnusedWindowDecaysAfterATimeOut(t *testing.T) {
	for _, c := range []struct {
		name           string
		change         func(*Conn)
		cwnd, ssthresh uint32
	}{
		{"a tick before", func(c *Conn) { c.ca.stamp = c.now.Add(Millisecond - c.rtt.rto) }, 80, 5},
		{"within the tick", func(c *Conn) { c.now++; c.ca.stamp = c.now.Add(Millisecond - 2 - c.rtt.rto) }, 45, 60},
		{"a time-out", func(*Conn) {}, 45, 60},
		{"as the sysctl has it", func(c *Conn) { c.cfg.SlowStartAfterIdle = false }, 80, 5},
		{"more was used", func(c *Conn) { c.ca.cwndUsed = 30 }, 55, 60},
		{"all was used", func(c *Conn) { c.ca.cwndUsed = 80 }, 80, 5},
		{"all but one was used", func(c *Conn) { c.ca.cwndUsed = 79 }, 79, 60},
		{"not in the open state", func(c *Conn) { c.ca.state = caDisorder }, 80, 5},
		{"nobody's", func(c *Conn) { c.orphan = true }, 80, 5},
		{"for want of room to write", func(c *Conn) { c.user.noSpace = true }, 80, 5},
	} {
		w := established(t, plainOpts)
		w.call(Send, 1000)
		a := &w.c.ca
		a.cwnd, a.ssthresh, a.maxOut, a.cwndUsed, a.cwndLimited = 80, 5, 1, 0, false
		a.stamp = w.c.now.Add(-w.c.rtt.rto)
		c.change(w.c)
		w.c.validateCwnd(false)
		require.Equal(t, [2]uint32{c.cwnd, c.ssthresh}, [2]uint32{a.cwnd, a.ssthresh}, c.name)
	}
}

// TestTheSendBufferLimitsAWriterThatWaits: tcpi_sndbuf_limited counts while all is
// sent, the window would take more, and the writer waits for room, in the two
// states that send data.
func TestTheSendBufferLimitsAWriterThatWaits(t *testing.T) {
	for _, closeWait := range []bool{false, true} {
		w := openedWith(t, plainOpts, 100*Millisecond, func(_ *Config, p *Params) { p.SndBuf, p.Locks = 5000, LockSndBuf })
		w.c.ca.ssthresh = w.c.ca.cwnd // where half a window does not count as all
		if closeWait {
			w.arrive(fin(data(0, 0, 0)))
		}
		w.call(Send, 2000)
		w.c.WantSpace()
		w.pass(100 * Millisecond)
		w.call(Send, 1000)
		require.Zero(t, w.c.NotSent())
		w.pass(50 * Millisecond)
		require.EqualValues(t, 50*Millisecond, w.c.Info(w.now).SndbufLimited, "CLOSE-WAIT: %v", closeWait)
	}
}

// TestThePacingRateIsAMultipleOfTheWindowPerRoundTrip: cwnd * MSS / SRTT, twice that
// in slow start up to half of ssthresh, and 120 % later (tcp_update_pacing_rate).
func TestThePacingRateIsAMultipleOfTheWindowPerRoundTrip(t *testing.T) {
	for _, c := range []struct {
		mss, cwnd, ssthresh, out uint32
		srtt                     Duration
		percent                  uint64
	}{
		{1000, 10, infiniteSSThresh, 0, 100 * Millisecond, 200},
		{1000, 10, 21, 0, 100 * Millisecond, 120}, // 10 < 21/2 is not so
		{1000, 10, 22, 0, 100 * Millisecond, 200},
		{1000, 10, 20, 0, 100 * Millisecond, 120},
		{1448, 37, 5, 12, 40 * Millisecond, 120},
		{1448, 10, 5, 12, 40 * Millisecond, 120}, // more is in flight
		{536, 1, infiniteSSThresh, 0, Millisecond, 200},
	} {
		w := established(t, plainOpts)
		w.c.snd.mssCache, w.c.ca.cwnd, w.c.ca.ssthresh, w.c.q.packetsOut = c.mss, c.cwnd, c.ssthresh, c.out
		w.c.rtt.srtt = uint32(c.srtt) << 3
		w.c.updatePacing()
		window := uint64(c.mss) * uint64(max(c.cwnd, c.out))
		want := window * uint64(Second) / uint64(c.srtt) * c.percent / 100
		require.Equal(t, want, w.c.Info(w.now).PacingRate, "%+v", c)
	}
}

// TestTheFirstDoubtEndsTheUndoOfTheSynAck: a connection whose SYN-ACK went again
// begins with a mark to undo and nothing retransmitted (tcp_create_openreq_child),
// which tcp_try_undo_dsack takes for all accounted for.
func TestTheFirstDoubtEndsTheUndoOfTheSynAck(t *testing.T) {
	l := Listener{Params: Params{Cfg: testConfig(), ISS: ourISS, MTU: 1500}}
	r, _ := l.AnswerSYN(Input{Now: Time(Second), Seg: Segment{Seq: peerISS, Flags: SYN, Wnd: 65535, Opts: plainOpts}}, nil)
	r.Step(&l, Input{Kind: Timeout, Now: r.Deadline}, nil)
	w := &world{t: t, c: Accept(l.Params, &r, &Segment{Wnd: 65535}), now: r.Deadline}
	w.pass(100 * Millisecond)
	w.arrive(data(0, 0, 0))
	require.True(t, w.c.ca.undoOn)
	for range 3 {
		w.call(Send, 1000)
		w.pass(Millisecond)
	}
	w.pass(100 * Millisecond)
	w.arrive(sacking(data(0, 0, 0), 1000, 2000))
	require.EqualValues(t, caDisorder, w.c.ca.state)
	require.False(t, w.c.ca.undoOn)
}

// TestNoAlgorithmOfAnotherNumber: what is asked for and is not there changes nothing, wherever it is asked for.
func TestNoAlgorithmOfAnotherNumber(t *testing.T) {
	c := established(t, noSACK).c
	for _, n := range []uint32{0, uint32(Reno) + 1, 255, 256 + uint32(Reno)} {
		c.Step(Input{Kind: Set, Opt: CongestionCtl, N: n, Now: c.now}, nil)
		require.Equal(t, Cubic, c.ca.algo, "%d", n)
	}
	c.Step(Input{Kind: Set, Opt: CongestionCtl, N: uint32(Reno), Now: c.now}, nil)
	require.Equal(t, Reno, c.ca.algo)
	for _, own := range []Congestion{0, Reno + 1} {
		var a congState
		a.init(&Config{Congestion: Reno}, own)
		require.Equal(t, Reno, a.algo, "%d", own)
	}
}
