package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Slips that no script showed: each test fails for one of the bugs that package fuzz/plant plants.

func TestAnAckOfARetransmissionAndMoreGivesNoSample(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	before := w.c.rtt.srtt
	w.pass(50 * Millisecond)
	w.arrive(ackOf(2000))
	// RFC 6298 section 3 (Karn): which transmission was answered is not known.
	require.Equal(t, before, w.c.rtt.srtt)
}

func TestAnAckOfNewDataEndsTheRowOfTimeOuts(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	require.EqualValues(t, 1, w.c.Info(w.now).Retransmits)
	w.pass(50 * Millisecond)
	w.arrive(ackOf(1000))
	require.Zero(t, w.c.Info(w.now).Retransmits) // tcp_ack: icsk_retransmits
}

func TestTimeOutsInARowReduceOnce(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 10000)
	const again = "> . 1(1000) ack 1 win 64240 [rto-retransmit]"
	w.fires(300*Millisecond, again)
	first := w.c.Info(w.now).SndSSThresh
	w.fires(600*Millisecond, again)
	// RFC 5681 section 3.1: ssthresh stays when the same segment goes again.
	require.Equal(t, first, w.c.Info(w.now).SndSSThresh)
}

func TestAWindowAtSSThreshThatIsNotUsedDoesNotGrow(t *testing.T) {
	w := openedWith(t, noSACK, 100*Millisecond, func(c *Config, _ *Params) { c.Congestion = Reno })
	w.c.ca.ssthresh = w.c.ca.cwnd
	for n := uint32(1); n <= 8; n++ {
		w.call(Send, 6000)
		w.pass(100 * Millisecond)
		w.arrive(ackOf(n * 6000))
	}
	// tcp_is_cwnd_limited: only below ssthresh does half a window count as used.
	require.EqualValues(t, 10, w.c.Info(w.now).SndCwnd)
}

func TestALossThatTheProbeRepairedReducesAtOnce(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[tail-loss-probe]")
	w.pass(100 * Millisecond)
	w.arrive(ackOf(1000)) // of the probe or of what it repeats: not known yet
	w.call(Send, 1000)
	w.pass(100 * Millisecond)
	w.arrive(ackOf(2000))
	// RFC 8985 section 7.4.2, with CUBIC's 70 %.
	require.EqualValues(t, 7, w.c.Info(w.now).SndCwnd)
}

func TestAnUrgentPointerToOctetsOfBeforeIsIgnored(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 10, 0))
	again := withFlags(data(0, 10, 0), URG)
	again.Urg = 5
	w.arrive(again)
	_, _, ok := w.c.Urgent()
	require.False(t, ok) // tcp_check_urg: "ignore urgent data that we've already seen and read"
}

func TestSACKBlocksTakeRoomFromTheSegment(t *testing.T) {
	w := established(t, plainOpts)
	full := w.c.currentMSS()
	w.arrive(data(1000, 100, 0))
	require.Equal(t, full-12, w.c.currentMSS()) // tcp_current_mss; RFC 2525 section 2.18
	w.arrive(data(3000, 100, 0))
	require.Equal(t, full-20, w.c.currentMSS())
}

func TestWhatIsLostGoesAgainOnce(t *testing.T) {
	w := established(t, noSACK)
	for range 3 {
		w.call(Send, 1000)
	}
	c := w.c
	c.now = w.now
	c.markLost(c.q.at(1))
	c.retransmitQueue(rule.FastRetransmit)
	c.markLost(c.q.at(0))
	c.markLost(c.q.at(2))
	c.retransmitQueue(rule.FastRetransmit)
	require.EqualValues(t, 3, c.stat.totalRetrans)
	for i := range 3 {
		require.NotZero(t, c.q.at(i).tags&tagRetrans, i) // the second is on its way, and not sent again instead of the third
	}
}

func TestAFinIsNotHeldByNagle(t *testing.T) {
	w := established(t, noSACK)
	s := data(0, 10, 0)
	s.Wnd = 10
	w.arrive(s)
	w.call(Send, 10)
	w.call(Send, 5) // the window is full
	w.do(Input{Kind: Shutdown, How: ShutWrite})
	s = data(10, 10, 0)
	s.Wnd = 1000
	// A small segment is unacknowledged, yet the end of the stream goes (RFC 2525 section 2.15).
	require.Contains(t, ourShow.shows(w.do(Input{Kind: SegmentArrives, Seg: s})), "> FP. 11(5) ack 21 win 64220 [data-sent]")
}

func TestTheWaitAfterAnOrphansFinWait2BeginsWithTheFin(t *testing.T) {
	w := established(t, noSACK)
	w.call(Close, 0)
	w.arrive(ackOf(1))
	w.pass(10 * Second)
	w.arrive(withFlags(data(0, 0, 1), FIN))
	require.Equal(t, TimeWait, w.c.State())
	at, _ := w.c.Deadline()
	require.Equal(t, 60*Second, at.Sub(w.now)) // tcp_timewait_state_process
}

func TestOneProbeUntilItIsAnswered(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[tail-loss-probe]")
	w.call(Send, 1000) // arms the probe's timer
	at, _ := w.c.Deadline()
	w.now = at
	for _, o := range ourShow.shows(w.do(Input{Kind: Timeout})) {
		require.NotContains(t, o, "tail-loss-probe") // RFC 8985 section 7.3
	}
}

func TestARoundTripByTimestampSpansTheClocksWrap(t *testing.T) {
	w := established(t, Options{Set: OptMSS | OptTS, MSS: 1000, TSVal: 1})
	w.now = Time(1<<32*Millisecond - 20*Millisecond)
	w.call(Send, 1000)
	sent := w.segs()[0].Opts.TSVal
	at, _ := w.c.Deadline()
	w.now = at
	w.do(Input{Kind: Timeout})
	s, before := ackOf(1000), w.c.rtt.srtt
	s.Opts = Options{Set: OptTS, TSVal: 2, TSEcr: sent}
	w.arrive(s)
	require.NotEqual(t, before, w.c.rtt.srtt) // tcp_rtt_tsopt_us
}

func TestTheTimeThatRetriesTake(t *testing.T) {
	// tcp_retries2 of 15 is 924.6 s (ip-sysctl.rst), of 3 nothing but doublings.
	require.Equal(t, 924600*Millisecond, modelTimeout(15, 200*Millisecond, 120*Second))
	require.Equal(t, 3000*Millisecond, modelTimeout(3, 200*Millisecond, 120*Second))
}

func TestSynsAreCountedWhateverTheTime(t *testing.T) {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.SynLinearTimeouts = 0 })
	w.set(SynCnt, 1)
	w.set(UserTimeout, 1000_000)
	w.call(Open, 0)
	for range 2 {
		require.Equal(t, SynSent, w.c.State())
		at, _ := w.c.Deadline()
		w.now = at
		w.do(Input{Kind: Timeout})
	}
	require.Equal(t, Closed, w.c.State()) // TCP_SYNCNT: one SYN again, then the end
}

func TestALowerBoundOfTimeOutsHoldsAtOnce(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	w.fires(600*Millisecond, seg1+"[rto-retransmit]")
	w.set(RTOMaxMs, 1000)
	w.arrive(ackOf(1000)) // no sample: the time-out stays backed off
	at, _ := w.c.Deadline()
	require.Equal(t, Second, at.Sub(w.now)) // inet_csk_reset_xmit_timer
}

func TestTheInitialWindowIsTenWithoutAnMSSFromThePeer(t *testing.T) {
	w := established(t, Options{})
	require.EqualValues(t, 10, w.c.Info(w.now).SndCwnd) // RFC 2525 section 2.3
}
