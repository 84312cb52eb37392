package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Timers at their exact times, on a round trip of 100 ms: SRTT 100 ms, RTO 300 ms.

const seg1 = "> P. 1(1000) ack 1 win 64240 "

var noSACK = Options{Set: OptMSS, MSS: 1000}

func TestRTORestartsWithEveryAckOfNewData(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.call(Send, 1000)
	w.pass(250 * Millisecond)
	w.rcv(ackOf(1000), "acked 1000 [data-acked]")
	// RFC 6298 section 5.3: the timer starts anew; the sample of 250 ms has moved
	// the estimate to SRTT 118.75 ms and a deviation of 75 ms.
	w.fires(419*Millisecond, "> P. 1001(1000) ack 1 win 64240 [rto-retransmit]")
	w.pass(10 * Millisecond)
	w.rcv(ackOf(2000), "acked 1000 [data-acked]")
	w.noTimer() // 5.2: all is acknowledged
}

func TestRTODoublesUpToItsMaximum(t *testing.T) {
	w := openedWith(t, noSACK, 100*Millisecond, func(c *Config, _ *Params) { c.RTOMax = Second })
	w.user(Send, 1000, "sent 1000 [user-send]", seg1+"[data-sent]")
	for _, d := range []Duration{300, 600, 1000, 1000, 1000} {
		w.fires(d*Millisecond, seg1+"[rto-retransmit]") // tcp_rto_max_ms
	}
}

func TestRetriesEndAfterTheTimeOfThatManyDoublings(t *testing.T) {
	w := openedWith(t, noSACK, 100*Millisecond, func(c *Config, _ *Params) { c.Retries2 = 3 })
	w.call(Send, 1000)
	start := w.now
	for _, d := range []Duration{300, 600, 1200} {
		w.fires(d*Millisecond, seg1+"[rto-retransmit]")
	}
	// retransmits_timed_out: 200 ms * (2^4 - 1) = 3 s after the first retransmission.
	w.fires(2400*Millisecond, "ESTABLISHED → CLOSED [retries-exhausted]", "gone [retries-exhausted]",
		"readable [retries-exhausted]", "writable [retries-exhausted]", "failed ETIMEDOUT [retries-exhausted]")
	require.Equal(t, 4500*Millisecond, w.now.Sub(start))
	require.Equal(t, ETIMEDOUT, w.c.TakeErr())
	require.Zero(t, w.c.TakeErr())
	w.noTimer()
}

func TestAnIcmpErrorStandsInForTheTimeOut(t *testing.T) {
	w := openedWith(t, noSACK, 100*Millisecond, func(c *Config, _ *Params) { c.Retries2 = 0 })
	w.call(Send, 1000)
	in := Input{Kind: Unreachable, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS.Add(1)}}
	w.step(in, "soft EHOSTUNREACH [icmp-soft]") // RFC 5461 section 2.1
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	w.fires(600*Millisecond, "ESTABLISHED → CLOSED [retries-exhausted]", "gone [retries-exhausted]",
		"readable [retries-exhausted]", "writable [retries-exhausted]", "failed EHOSTUNREACH [retries-exhausted]")
}

func TestUserTimeoutCountsFromTheFirstRetransmission(t *testing.T) {
	w := established(t, noSACK)
	w.set(UserTimeout, 1000)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	w.fires(600*Millisecond, seg1+"[rto-retransmit]")
	// tcp_clamp_rto_to_user_timeout: 400 ms are left of the second.
	w.fires(400*Millisecond, "ESTABLISHED → CLOSED [retries-exhausted]", "gone [retries-exhausted]",
		"readable [retries-exhausted]", "writable [retries-exhausted]", "failed ETIMEDOUT [retries-exhausted]")
}

func TestTailLossProbeComesTwoRoundTripsAfterTheLastSegment(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 1000)
	w.pass(10 * Millisecond)
	w.call(Send, 1000)
	// RFC 8985 section 7.2: PTO = 2 * SRTT, and Linux's 2 ms; the last segment again.
	w.fires(202*Millisecond, "> P. 1001(1000) ack 1 win 64240 [tail-loss-probe]")
	// Section 7.3: then the time-out, counted from the probe.
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	w.fires(600*Millisecond, seg1+"[rto-retransmit]")
}

func TestTailLossProbeOfOneSegmentAllowsForADelayedAck(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 1000)
	// 2 * SRTT + 200 ms, but not after the RTO (tcp_schedule_loss_probe).
	w.fires(300*Millisecond, seg1+"[tail-loss-probe]")
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
}

func TestTailLossProbeIsASysctl(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.EarlyRetrans = 0 })
	w.call(Send, 1000)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
}

func TestTailLossProbePrefersNewData(t *testing.T) {
	w := established(t, plainOpts)
	for range 10 { // the whole initial window
		w.call(Send, 1000)
	}
	w.user(Send, 1000, "sent 1000 [user-send]")
	// RFC 8985 section 7.3: a previously unsent segment, cwnd or not.
	w.fires(202*Millisecond, "> P. 10001(1000) ack 1 win 64240 [tail-loss-probe]")
}

func TestProbeThatRepairedALossReducesTheWindow(t *testing.T) {
	w := established(t, plainOpts)
	for range 4 {
		w.call(Send, 1000)
	}
	w.fires(202*Millisecond, "> P. 3001(1000) ack 1 win 64240 [tail-loss-probe]")
	w.pass(100 * Millisecond)
	w.rcv(ackOf(4000), "acked 4000 [data-acked]")
	require.EqualValues(t, 10, w.c.Info(w.now).SndCwnd)
	w.call(Send, 1000)
	w.pass(100 * Millisecond)
	w.rcv(ackOf(5000), "acked 1000 [data-acked]")
	// RFC 8985 section 7.4.2: no D-SACK came, so the last segment had been lost.
	require.EqualValues(t, 7, w.c.Info(w.now).SndSSThresh)
}

func TestDsackOfAProbeSavesTheWindow(t *testing.T) {
	w := established(t, plainOpts)
	for range 4 {
		w.call(Send, 1000)
	}
	w.fires(202*Millisecond, "> P. 3001(1000) ack 1 win 64240 [tail-loss-probe]")
	w.rcv(ackOf(4000), "acked 4000 [data-acked]")
	w.pass(100 * Millisecond)
	// The receiver reports that the probe was needless (RFC 2883).
	w.rcv(sacking(ackOf(4000), 3000, 4000))
	w.call(Send, 1000)
	w.pass(100 * Millisecond)
	w.rcv(ackOf(5000), "acked 1000 [data-acked]")
	require.EqualValues(t, infiniteSSThresh, w.c.Info(w.now).SndSSThresh)
}

func TestRackWaitsAQuarterRoundTripForReordering(t *testing.T) {
	w := established(t, plainOpts)
	for range 3 {
		w.call(Send, 1000)
		w.pass(Millisecond)
	}
	w.pass(97 * Millisecond)
	w.rcv(sacking(ackOf(0), 1000, 2000))
	// RFC 8985 section 6.2: RACK.rtt + reo_wnd after the segment was sent. RTT of
	// the second is 99 ms, reo_wnd a quarter of that; the first has been under way
	// for 100 ms. Linux adds 2 ms and rounds up.
	w.fires(26*Millisecond, "> P. 1(1000) ack 1 win 64240 [rack-timeout]")
}

func TestRackNeedsNoTimerAfterThreeSacks(t *testing.T) {
	w := established(t, plainOpts)
	for range 5 {
		w.call(Send, 1000)
		w.pass(Millisecond)
	}
	w.pass(95 * Millisecond)
	w.rcv(sacking(ackOf(0), 1000, 2000))
	w.rcv(sacking(ackOf(0), 1000, 3000))
	// With reordering never seen, three SACKs are enough (tcp_rack_reo_wnd).
	w.rcv(sacking(ackOf(0), 1000, 4000), "> P. 1(1000) ack 1 win 64240 [fast-retransmit]")
}

func TestZeroWindowIsProbedAtDoublingDistance(t *testing.T) {
	w := established(t, plainOpts)
	closed := func() Segment { s := ackOf(0); s.Wnd = 0; return s }
	w.rcv(closed())
	w.user(Send, 500, "sent 500 [user-send]")
	probe := "> . 0 ack 1 win 64240 [zero-window-probe]"
	// RFC 9293 section 3.8.6.1: first after one RTO, then exponentially. Linux
	// sends no octet but an old number, which must be answered.
	w.fires(300*Millisecond, probe)
	w.fires(600*Millisecond, probe)
	w.fires(1200*Millisecond, probe)
	w.pass(10 * Millisecond)
	w.rcv(closed()) // tcp_ack_probe: the wait starts anew, as long as it was
	require.Zero(t, w.c.Info(w.now).Probes)
	w.fires(2400*Millisecond, probe)
	w.rcv(ackOf(0), "> P. 1(500) ack 1 win 64240 [data-sent]")
	require.Zero(t, w.c.Info(w.now).Backoff)
}

func TestWindowProbesGiveUpAfterRetries2(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.Retries2 = 2 })
	s := ackOf(0)
	s.Wnd = 0
	w.rcv(s)
	w.user(Send, 500, "sent 500 [user-send]")
	probe := "> . 0 ack 1 win 64240 [zero-window-probe]"
	w.fires(300*Millisecond, probe)
	w.fires(600*Millisecond, probe)
	w.fires(1200*Millisecond, "ESTABLISHED → CLOSED [retries-exhausted]", "gone [retries-exhausted]",
		"readable [retries-exhausted]", "writable [retries-exhausted]", "failed ETIMEDOUT [retries-exhausted]")
}

func TestWindowProbeSendsWhatFits(t *testing.T) {
	w := established(t, plainOpts)
	s := ackOf(0)
	s.Wnd = 300
	w.rcv(s)
	w.user(Send, 500, "sent 500 [user-send]") // sender's SWS avoidance holds it
	w.fires(300*Millisecond, "> P. 1(300) ack 1 win 64240 [zero-window-probe]")
}

func TestKeepaliveProbesAnIdleConnectionAndGivesUp(t *testing.T) {
	w := established(t, plainOpts)
	w.set(KeepIdle, 10)
	w.set(KeepIntvl, 2)
	w.set(KeepCnt, 3)
	w.noTimer() // RFC 9293 section 3.8.4: off by default
	w.set(KeepAlive, 1)
	probe := "> . 0 ack 1 win 64240 [keepalive-probe]"
	w.fires(10*Second, probe) // one below SND.NXT: the answer is an ACK
	w.fires(2*Second, probe)
	w.fires(2*Second, probe)
	w.fires(2*Second, "> R. 1 ack 1 [keepalive-timeout]", "ESTABLISHED → CLOSED [retries-exhausted]", "gone [retries-exhausted]",
		"readable [retries-exhausted]", "writable [retries-exhausted]", "failed ETIMEDOUT [retries-exhausted]")
}

func TestKeepaliveCountsIdleTimeFromTheLatestSegment(t *testing.T) {
	w := established(t, plainOpts)
	w.set(KeepIdle, 10)
	w.set(KeepAlive, 1)
	w.pass(4 * Second)
	w.rcv(data(0, 10, 0), "store 1(10) from 0 [in-order]", "readable [in-order]", "> . 1 ack 11 win 64230 [quick-ack]")
	w.fires(6 * Second) // looks, and finds the peer alive
	probe := "> . 0 ack 11 win 64230 [keepalive-probe]"
	w.fires(4*Second, probe)
	w.pass(100 * Millisecond)
	w.rcv(data(10, 0, 0)) // the answer
	w.fires(75*Second-100*Millisecond, probe)
	w.set(KeepAlive, 0)
	w.noTimer()
}

func TestKeepaliveHasTheUserTimeoutToo(t *testing.T) {
	w := established(t, plainOpts)
	w.set(KeepIdle, 10)
	w.set(KeepIntvl, 2)
	w.set(UserTimeout, 11_000)
	w.set(KeepAlive, 1)
	w.fires(10*Second, "> . 0 ack 1 win 64240 [keepalive-probe]")
	w.fires(2*Second, "> R. 1 ack 1 [keepalive-timeout]", "ESTABLISHED → CLOSED [retries-exhausted]", "gone [retries-exhausted]",
		"readable [retries-exhausted]", "writable [retries-exhausted]", "failed ETIMEDOUT [retries-exhausted]")
}

func TestDelayedAckComesAfterFortyMilliseconds(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.call(Receive, 1000)
	w.call(Send, 100) // a reply soon after data: interactive from now on
	w.rcv(data(1000, 100, 100), "store 1001(100) from 0 [in-order]", "acked 100 [data-acked]", "readable [in-order]")
	// RFC 9293 section 3.8.6.3: within half a second.
	w.fires(40*Millisecond, "> . 101 ack 1101 win 63140 [delayed-ack]")
}

// interactive is a connection that has answered data at once, so that ACKs wait.
func interactive(t *testing.T) *world {
	w := established(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.call(Receive, 1000)
	w.call(Send, 100)
	w.arrive(data(1000, 0, 100))
	return w
}

func TestSecondFullSegmentIsAcknowledgedAtOnceWhenTheReaderWaits(t *testing.T) {
	w := interactive(t)
	w.set(RcvLowat, 10_000)
	w.rcv(data(1000, 1000, 100), "store 1001(1000) from 0 [in-order]")
	// RFC 9293 section 3.8.6.3: at least every second full-sized segment.
	w.rcv(data(2000, 1000, 100), "store 2001(1000) from 0 [in-order]", "> . 101 ack 3001 win 61240 [ack-second-segment]")
	w.noTimer()
}

func TestSecondFullSegmentIsAcknowledgedByTheReadOtherwise(t *testing.T) {
	w := interactive(t)
	w.rcv(data(1000, 1000, 100), "store 1001(1000) from 0 [in-order]", "readable [in-order]")
	// __tcp_ack_snd_check: the reader is awake, and unread data holds the window's
	// right edge, so the ACK waits for the read.
	w.rcv(data(2000, 1000, 100), "store 2001(1000) from 0 [in-order]", "readable [in-order]")
	w.user(Receive, 2000, "> . 101 ack 3001 win 61240 [ack-on-read]")
	w.noTimer()
}

func TestReplyCarriesTheDelayedAck(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.call(Receive, 1000)
	w.call(Send, 100)
	w.arrive(data(1000, 100, 100))
	w.user(Send, 50, "sent 50 [user-send]", "> P. 101(50) ack 1101 win 63140 [data-sent]")
	at, ok := w.c.Deadline()
	require.True(t, ok)
	require.Equal(t, xmitTLP, w.c.timers.kind, "no timer but the sender's")
	require.Greater(t, at.Sub(w.now), 40*Millisecond)
}

func TestQuickAckOptionSendsWhatWaits(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.call(Receive, 1000)
	w.set(QuickAck, 0)
	require.False(t, w.c.QuickAck())
	w.rcv(data(1000, 100, 0), "store 1001(100) from 0 [in-order]", "readable [in-order]")
	w.user(Receive, 100)
	w.set(QuickAck, 1, "> . 1 ack 1101 win 63140 [ack-on-read]")
	w.noTimer()
}
