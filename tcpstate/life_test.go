package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Urgent data, ECN, PAWS, ICMP and what else happens during a connection's life.

func TestUrgentPointerPointsBehindTheUrgentOctet(t *testing.T) {
	w := established(t, plainOpts)
	// RFC 6093 section 2: what all stacks do, whatever RFC 793 said.
	w.step(Input{Kind: Send, N: 10, Flags: SendOOB}, "sent 10 [user-send]", "> P.U 1(10) ack 1 win 64240 urg 10 [data-sent]")
	w.pass(100 * Millisecond)
	w.rcv(ackOf(10), "acked 10 [data-acked]")
	w.user(Send, 10, "sent 10 [user-send]", "> P. 11(10) ack 1 win 64240 [data-sent]")
}

func TestUrgentDataPassesNagle(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 10)
	w.step(Input{Kind: Send, N: 10, Flags: SendOOB}, "sent 10 [user-send]", "> P.U 11(10) ack 1 win 64240 urg 10 [data-sent]")
}

func TestUrgentProbeRepeatsThePointer(t *testing.T) {
	w := established(t, plainOpts)
	s := ackOf(0)
	s.Wnd = 0
	w.rcv(s)
	w.step(Input{Kind: Send, N: 10, Flags: SendOOB}, "sent 10 [user-send]")
	w.fires(300*Millisecond, "> .U 1 ack 1 win 64240 urg 10 [urgent-probe]", "> .U 0 ack 1 win 64240 urg 11 [zero-window-probe]")
}

func TestUrgentOctetIsReadOutOfBand(t *testing.T) {
	w := established(t, plainOpts)
	s := withFlags(data(0, 10, 0), URG)
	s.Urg = 5
	w.rcv(s, "readable [urgent-data]", "store 1(10) from 0 [in-order]", "readable [in-order]", "> . 1 ack 11 win 64230 [quick-ack]")
	off, valid, ok := w.c.Urgent()
	require.True(t, ok && valid)
	require.EqualValues(t, 4, off, "the pointer is behind the octet")
	w.c.UrgentTaken()
	_, valid, ok = w.c.Urgent()
	require.True(t, ok && !valid, "the mark stays until reading passes it")
	w.user(Receive, 10)
	_, _, ok = w.c.Urgent()
	require.False(t, ok)
}

func TestUrgentMayBeAnnouncedBeforeItComes(t *testing.T) {
	w := established(t, plainOpts)
	s := withFlags(data(0, 10, 0), URG)
	s.Urg = 15
	w.rcv(s, "store 1(10) from 0 [in-order]", "readable [in-order]", "> . 1 ack 11 win 64230 [quick-ack]")
	off, valid, ok := w.c.Urgent()
	require.True(t, ok && !valid)
	require.EqualValues(t, 14, off)
	s = withFlags(data(10, 10, 0), URG)
	s.Urg = 5
	w.rcv(s, "readable [urgent-data]", "store 11(10) from 0 [in-order]", "readable [in-order]", "> . 1 ack 21 win 64220 [quick-ack]")
}

// ecnWorld agreed on ECN.
func ecnWorld(t *testing.T) *world {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.ECN = 1 })
	w.user(Open, 0, "CLOSED → SYN-SENT [active-open]", "> SEW 0 win 64240 <mss 1460,sackOK,TS 1000:0,wscale 10> [active-open]")
	w.pass(100 * Millisecond)
	// RFC 3168 section 6.1.1: ECN-setup SYN, ECN-setup SYN,ACK.
	w.rcv(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK | ECE, Wnd: 65535, Opts: plainOpts},
		"SYN-SENT → ESTABLISHED [syn-ack-received]", "writable [syn-ack-received]", "> . 1 ack 1 win 64240 [syn-ack-received]")
	return w
}

func TestECNNewDataIsMarkedAndRetransmissionsAreNot(t *testing.T) {
	w := ecnWorld(t)
	w.user(Send, 1000, "sent 1000 [user-send]", "> P. 1(1000) ack 1 win 64240 ecn 2 [data-sent]")
	w.fires(300*Millisecond, "> P. 1(1000) ack 1 win 64240 [tail-loss-probe]") // section 6.1.5
}

func TestECNEchoHalvesOnceAWindowAndIsAnsweredByCWR(t *testing.T) {
	w := ecnWorld(t)
	for range 10 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.rcv(withFlags(ackOf(1000), ECE), "acked 1000 [data-acked]")
	i := w.c.Info(w.now)
	require.EqualValues(t, caCWR, i.CAState)
	require.EqualValues(t, 7, i.SndSSThresh) // RFC 9438 section 4.6
	w.rcv(withFlags(ackOf(2000), ECE), "acked 1000 [data-acked]")
	require.EqualValues(t, 7, w.c.Info(w.now).SndSSThresh, "RFC 3168 section 6.1.2: not twice for one window")
	w.rcv(ackOf(9000), "acked 7000 [data-acked]")
	w.user(Send, 1000, "sent 1000 [user-send]", "> P.W 10001(1000) ack 1 win 64240 ecn 2 [data-sent]")
	w.user(Send, 1000, "sent 1000 [user-send]", "> P. 11001(1000) ack 1 win 64240 ecn 2 [data-sent]")
}

func TestECNMarkIsEchoedUntilCWR(t *testing.T) {
	w := ecnWorld(t)
	s := data(0, 1000, 0)
	s.ECN = CE
	w.rcv(s, "store 1(1000) from 0 [in-order]", "readable [in-order]", "> .E 1 ack 1001 win 63240 [quick-ack]")
	s = data(1000, 1000, 0)
	s.ECN = ECT0
	w.rcv(s, "store 1001(1000) from 0 [in-order]", "readable [in-order]", "> .E 1 ack 2001 win 62240 [quick-ack]")
	s = withFlags(data(2000, 1000, 0), CWR)
	s.ECN = ECT0
	w.rcv(s, "store 2001(1000) from 0 [in-order]", "readable [in-order]", "> . 1 ack 3001 win 61240 [quick-ack]")
	require.EqualValues(t, InfoSACK|InfoECN|InfoECNSeen, w.c.Info(w.now).Options)
}

func TestECNIsOffUnlessBothSay(t *testing.T) {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.ECN = 1 })
	w.call(Open, 0)
	w.arrive(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts})
	w.user(Send, 1000, "sent 1000 [user-send]", "> P. 1(1000) ack 1 win 64240 [data-sent]")
}

func TestECNFallsBackOnASecondSyn(t *testing.T) {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.ECN = 1 })
	w.call(Open, 0)
	// RFC 3168 section 6.1.1.1: the path may drop ECN-setup SYNs.
	w.fires(Second, "> S 0 win 64240 <mss 1460,sackOK,TS 2000:0,wscale 10> [syn-retransmit]")
}

// stamped is an established connection with timestamps; the peer's stand at 5000.
func stamped(t *testing.T) *world {
	w := established(t, Options{Set: OptMSS | OptSACKOK | OptTS, MSS: 1012, TSVal: 5000, TSEcr: 1000})
	w.rcv(stamp(ackOf(0), 5000)) // SND.WL1 is that of an ACK now
	return w
}

func stamp(s Segment, val uint32) Segment {
	s.Opts.Set |= OptTS
	s.Opts.TSVal, s.Opts.TSEcr = val, 1100
	return s
}

func TestPAWSDropsOldTimestamps(t *testing.T) {
	answer := "> . 1 ack 1 win 64240 <TS 1100:5000> [paws-rejected]"
	for _, c := range []struct {
		name string
		seg  Segment
		want []string
	}{
		{"data", stamp(data(0, 100, 0), 4998), []string{answer, "drop [TCP_RFC7323_PAWS]"}},
		// One tick is forgiven for reordering between segments of one millisecond.
		{"data one tick old", stamp(data(0, 100, 0), 4999), []string{"store 1(100) from 0 [in-order]", "readable [in-order]", "> . 1 ack 101 win 64140 <TS 1100:5000> [quick-ack]"}},
		// RFC 7323 section 5.3, R1: not for RST.
		{"RST", stamp(Segment{Seq: peerISS.Add(1), Flags: RST}, 1), []string{"ESTABLISHED" + " → CLOSED [TCP_RESET]", "gone [TCP_RESET]", "readable [TCP_RESET]", "writable [TCP_RESET]", "failed ECONNRESET [TCP_RESET]"}},
		{"SYN", stamp(Segment{Seq: peerISS.Add(1), Flags: SYN}, 1), []string{"> . 1 ack 1 win 64240 <TS 1100:5000> [challenge-ack-syn]", "drop [TCP_INVALID_SYN]"}},
		{"an older pure ACK is only dropped", stamp(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: ACK, Wnd: 65535}, 1), []string{"drop [TCP_RFC7323_PAWS_ACK]"}},
		// tcp_disordered_ack: a reordered pure ACK without news passes.
		{"a reordered pure ACK", stamp(data(0, 0, 0), 4900), []string{}},
		{"a pure ACK older than an RTO", stamp(data(0, 0, 0), 4000), []string{answer, "drop [TCP_RFC7323_PAWS]"}},
	} {
		t.Run(c.name, func(t *testing.T) { stamped(t).rcv(c.seg, c.want...) })
	}
}

func TestPAWSForgetsAfterTwentyFourDays(t *testing.T) {
	w := stamped(t)
	w.pass(25 * 24 * 60 * Minute)
	s := stamp(data(0, 100, 0), 1)
	// RFC 7323 section 5.5: TS.Recent is invalid once the peer's clock may have wrapped.
	w.arrive(s)
	require.EqualValues(t, 100, w.c.Readable())
}

func TestAnswersToBadSegmentsAreRateLimited(t *testing.T) {
	w := established(t, plainOpts)
	bad := Segment{Seq: peerISS.Add(1), Flags: SYN}
	answer := "> . 1 ack 1 win 64240 [challenge-ack-syn]"
	w.rcv(bad, answer, "drop [TCP_INVALID_SYN]")
	w.pass(499 * Millisecond)
	w.rcv(bad, "drop [ack-skipped]", "drop [TCP_INVALID_SYN]") // RFC 5961 section 7, tcp_invalid_ratelimit
	w.pass(Millisecond)
	w.rcv(bad, answer, "drop [TCP_INVALID_SYN]")
}

func TestIcmpErrorIsFatalOnlyWhileConnecting(t *testing.T) {
	in := Input{Kind: Unreachable, Err: ENETUNREACH, Hard: true, Seg: Segment{Seq: ourISS}}
	w := reachSynSent(t)
	w.step(in, "SYN-SENT → CLOSED [icmp-fatal]", "gone [icmp-fatal]", "readable [icmp-fatal]", "writable [icmp-fatal]", "failed ENETUNREACH [icmp-fatal]")
	w = transfer(t)
	in.Seg.Seq = ourISS.Add(1001)
	w.step(in, "soft ENETUNREACH [icmp-soft]") // RFC 5461 section 2.1
	in.Seg.Seq = ourISS.Add(1000)
	w.step(in, "drop [icmp-out-of-window]") // RFC 5927 section 4.1
	require.Equal(t, ENETUNREACH, w.c.TakeSoftErr())
	require.Zero(t, w.c.TakeSoftErr())
}

func TestIcmpTakesADoublingBack(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	w.pass(100 * Millisecond)
	// RFC 6069: a router dropped the retransmission for want of a route, not congestion.
	w.step(Input{Kind: Unreachable, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS.Add(1)}}, "soft EHOSTUNREACH [icmp-soft]")
	w.fires(200*Millisecond, seg1+"[rto-retransmit]")
}

func TestNarrowerPathCutsSegmentsAndSendsAgain(t *testing.T) {
	w := established(t, Options{Set: OptMSS, MSS: 1460})
	w.user(Send, 1460, "sent 1460 [user-send]", "> P. 1(1460) ack 1 win 64240 [data-sent]")
	// RFC 1191 section 6.4: reduce, and retransmit what the router dropped.
	in := Input{Kind: TooBig, N: 1000, Seg: Segment{Seq: ourISS.Add(1)}}
	again := "> P. 1(1460) ack 1 win 64240 [path-mtu-retransmit]" // in two segments of one packet
	w.step(in, again)
	require.EqualValues(t, 960, w.c.MSS())
	require.EqualValues(t, 2, w.c.Info(w.now).Unacked)
	require.EqualValues(t, 1000, w.c.MTU())
	require.EqualValues(t, 10, w.c.Info(w.now).SndCwnd, "not a sign of congestion")
	w.step(in) // nothing new
	in.N = 100
	w.step(in, "> P. 1(1024) ack 1 win 64240 [path-mtu-retransmit]", "> P. 1025(436) ack 1 win 64240 [path-mtu-retransmit]")
	require.EqualValues(t, 3, w.c.Info(w.now).Unacked)
	require.EqualValues(t, 552, w.c.MTU(), "net.ipv4.route.min_pmtu")
}

func TestSpuriousTimeoutIsUndone(t *testing.T) {
	w := stamped(t)
	for range 10 {
		w.call(Send, 1000)
	}
	w.wait() // a probe
	w.wait() // then the time-out
	i := w.c.Info(w.now)
	require.EqualValues(t, caLoss, i.CAState)
	require.EqualValues(t, 7, i.SndSSThresh)
	w.pass(5 * Millisecond)
	s := ackOf(10_000)
	s.Opts = Options{Set: OptTS, TSVal: 5400, TSEcr: 1100} // the echo of the originals (RFC 3522)
	w.rcv(s, "acked 10000 [data-acked]")
	i = w.c.Info(w.now)
	require.EqualValues(t, caOpen, i.CAState)
	require.EqualValues(t, infiniteSSThresh, i.SndSSThresh)
	require.GreaterOrEqual(t, i.SndCwnd, uint32(10))
}

func TestInputsThatTheStateHasNoUseForDoNothing(t *testing.T) {
	w := established(t, plainOpts)
	w.user(Open, 0)
	w.user(Timeout, 0)
	w.user(Receive, 100)
	w.step(Input{})
	w = reachClosed(t)
	for _, k := range []InputKind{Timeout, Receive, Close, Abort, Unreachable, TooBig} {
		w.user(k, 1)
	}
	w.user(Send, 1, "sent 0 [user-send]")
	require.Equal(t, "INVALID", State(200).String())
	require.False(t, LegalEdge(200, Closed))
	require.False(t, LegalEdge(numStates, Closed))
	require.Equal(t, "-", Flags(0).String())
}
