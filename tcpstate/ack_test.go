package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What an ACK counts and means (tcp_ack, tcp_clean_rtx_queue).

// ecnAgreed is an active open on which both ends agreed to ECN, with those options.
func ecnAgreed(t *testing.T, o Options) *world {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.ECN = 1 })
	w.call(Open, 0)
	w.pass(100 * Millisecond)
	w.arrive(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK | ECE, Wnd: 65535, Opts: o})
	require.Equal(t, Established, w.c.State())
	return w
}

// TestEchoesAreCountedByThePacketsTheyCover: tcp_count_delivered adds what an ACK
// with ECN-Echo delivered to tcpi_delivered_ce, whether by SACK or not. The SYN
// is one of the packets delivered.
func TestEchoesAreCountedByThePacketsTheyCover(t *testing.T) {
	e := func(s Segment) Segment { return withFlags(s, ECE) }
	for _, c := range []struct {
		name          string
		opts          Options
		acks          []Segment
		delivered, ce uint32
	}{
		{"no echo", plainOpts, []Segment{ackOf(1000), ackOf(3000)}, 4, 0},
		{"SACK agreed", plainOpts, []Segment{e(ackOf(1000)), ackOf(2000), e(ackOf(4000))}, 5, 3},
		{"by SACK block", plainOpts, []Segment{e(sacking(ackOf(0), 1000, 3000)), e(sacking(ackOf(0), 1000, 4000))}, 4, 3},
		{"by SACK block, no echo", plainOpts, []Segment{sacking(ackOf(0), 1000, 3000)}, 3, 0},
		{"NewReno", noSACK, []Segment{e(ackOf(1000)), ackOf(2000), e(ackOf(4000))}, 5, 3},
		{"NewReno, no echo", noSACK, []Segment{ackOf(1000), ackOf(4000)}, 5, 0},
		// tcp_add_reno_sack: each duplicate stands for a packet.
		{"NewReno, duplicates", noSACK, []Segment{ackOf(0), e(ackOf(0)), e(ackOf(0))}, 4, 2},
		{"a SYN,ACK is no echo", plainOpts, nil, 1, 0},
	} {
		w := ecnAgreed(t, c.opts)
		w.rcv(ackOf(0)) // the window after the SYN,ACK's
		for range 6 {
			w.call(Send, 1000)
		}
		w.pass(100 * Millisecond)
		for _, s := range c.acks {
			w.arrive(s)
		}
		i := w.c.Info(w.now)
		require.Equal(t, [2]uint32{c.delivered, c.ce}, [2]uint32{i.Delivered, i.DeliveredCE}, c.name)
	}
}

// TestAnEchoWithNothingInFlightReducesNothing: tcp_ack goes to no_queue, where
// only a D-SACK calls for the congestion state machine.
func TestAnEchoWithNothingInFlightReducesNothing(t *testing.T) {
	w := ecnAgreed(t, plainOpts)
	w.rcv(withFlags(ackOf(0), ECE))
	require.EqualValues(t, caOpen, w.c.Info(w.now).CAState)
	w.call(Send, 1000)
	w.rcv(withFlags(ackOf(1000), ECE), "acked 1000 [data-acked]")
	require.EqualValues(t, caCWR, w.c.Info(w.now).CAState)
}

// TestDataIsNoDuplicateAck: RFC 5681 section 2 (b).
func TestDataIsNoDuplicateAck(t *testing.T) {
	w := established(t, noSACK)
	for range 6 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.rcv(ackOf(0))
	for i := range uint32(5) {
		for _, s := range w.arrive(data(i*100, 100, 0)) {
			require.Zero(t, s.Len, "sent again though every ACK came with data")
		}
	}
	require.Zero(t, w.c.Info(w.now).Sacked)
}

// TestDataWithAnAckHidesNothingOfTheAck: whatever else the segment carries, a
// partial ACK in fast recovery shows the next hole (RFC 6582 section 3.2 step 5).
func TestDataWithAnAckHidesNothingOfTheAck(t *testing.T) {
	for name, s := range map[string]Segment{
		"alone":          ackOf(2000),
		"with data":      data(0, 100, 2000),
		"with ECN-Echo":  withFlags(ackOf(2000), ECE),
		"with both":      withFlags(data(0, 100, 2000), ECE),
		"with a FIN too": withFlags(data(0, 100, 2000), FIN),
	} {
		w := ecnAgreed(t, noSACK)
		for range 6 {
			w.call(Send, 1000)
		}
		w.pass(100 * Millisecond)
		for range 4 {
			w.arrive(ackOf(0))
		}
		require.EqualValues(t, caRecovery, w.c.ca.state, name)
		w.pass(100 * Millisecond)
		var again []Seq
		for _, o := range w.arrive(s) {
			if o.Len > 0 {
				again = append(again, o.Seq)
			}
		}
		require.Equal(t, []Seq{ourISS.Add(2001)}, again, name)
	}
}

// TestBlocksOfAPeerThatMayNotSACKAreIgnored: tcp_parse_options reads the option
// only when the SYNs agreed on it, for ACKs old and new.
func TestBlocksOfAPeerThatMayNotSACKAreIgnored(t *testing.T) {
	w := established(t, noSACK)
	for range 6 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.arrive(ackOf(1000))
	for _, s := range []Segment{sacking(ackOf(1000), 3000, 4000), sacking(ackOf(0), 4000, 5000), sacking(ackOf(0), 4000, 6000)} {
		w.rcv(s)
		for i := range w.c.q.head {
			require.Zero(t, w.c.q.at(i).tags)
		}
	}
}

// TestAPlainAckIsNotDubious: in the Open state an ACK of new data without SACK or
// echo leaves the congestion state alone (tcp_ack_is_dubious), even behind a probe
// that has sent the oldest segment again.
func TestAPlainAckIsNotDubious(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 1000)
	w.call(Send, 1000)
	w.fires(202*Millisecond, "> P. 1001(1000) ack 1 win 64240 [tail-loss-probe]")
	w.rcv(ackOf(1000), "acked 1000 [data-acked]")
	require.EqualValues(t, caOpen, w.c.Info(w.now).CAState)
	w.rcv(ackOf(1000)) // this one is a duplicate, and what is left was sent twice
	require.EqualValues(t, caDisorder, w.c.Info(w.now).CAState)
}

// TestAnOldAckMayShowThatATimeOutWasNeedless: its SACK of data that went once only
// ends F-RTO (RFC 5682 section 3; tcp_ack, label old_ack).
func TestAnOldAckMayShowThatATimeOutWasNeedless(t *testing.T) {
	w := established(t, plainOpts)
	for range 4 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.arrive(ackOf(1000))
	for w.c.ca.state != caLoss {
		w.wait()
	}
	require.Less(t, w.c.Info(w.now).SndSSThresh, uint32(infiniteSSThresh))
	w.arrive(sacking(ackOf(500), 2000, 3000))
	require.EqualValues(t, caDisorder, w.c.ca.state, "no loss, but something is out of order")
	require.EqualValues(t, infiniteSSThresh, w.c.Info(w.now).SndSSThresh)
}

// TestASACKOfAnOriginalEndsFRTO: RFC 5682 section 3 step 3.b with SACK.
func TestASACKOfAnOriginalEndsFRTO(t *testing.T) {
	w := established(t, plainOpts)
	for range 4 {
		w.call(Send, 1000)
	}
	for w.c.ca.state != caLoss {
		w.wait()
	}
	w.pass(Millisecond)
	w.arrive(sacking(ackOf(0), 1000, 2000))
	require.EqualValues(t, caDisorder, w.c.ca.state, "no loss, but something is out of order")
	require.EqualValues(t, infiniteSSThresh, w.c.Info(w.now).SndSSThresh)
}

// TestFRTOWithoutSACKWantsOriginalsAlone: an ACK of a retransmission and more may
// be the retransmission's doing (tcp_clean_rtx_queue takes FLAG_ORIG_SACK_ACKED
// back; RFC 5682 section 2.1).
func TestFRTOWithoutSACKWantsOriginalsAlone(t *testing.T) {
	for _, c := range []struct {
		acks   []uint32
		undone bool
	}{
		{[]uint32{1000, 2000}, true},
		{[]uint32{1000, 3000}, true},
		{[]uint32{3000}, false},
		{[]uint32{1000}, false},
	} {
		w := established(t, noSACK)
		for range 15 {
			w.call(Send, 1000)
		}
		w.wait()
		require.Equal(t, caLoss, w.c.ca.state)
		for _, n := range c.acks {
			w.pass(Millisecond)
			w.arrive(ackOf(n))
		}
		require.Equal(t, c.undone, w.c.Info(w.now).SndSSThresh == infiniteSSThresh, c.acks)
	}
}

// TestAnOldAckWithoutSACKSendsNothing: label old_ack of tcp_ack.
func TestAnOldAckWithoutSACKSendsNothing(t *testing.T) {
	w := established(t, plainOpts)
	for range 4 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.arrive(ackOf(1000))
	for w.c.ca.state != caLoss {
		at, _ := w.c.Deadline()
		w.now = at
		w.do(Input{Kind: Timeout, Bars: BarRoute}) // nothing goes again
	}
	w.rcv(ackOf(500))
}

// TestAnAckWithoutSACKForgetsNoBlocks: Linux passes over what the latest SACK
// covered (recv_sack_cache), and forgets that only when the next SACK comes. A
// segment that two blocks cover half each is therefore not SACKed by one that
// covers it whole, with a plain ACK between them or without.
func TestAnAckWithoutSACKForgetsNoBlocks(t *testing.T) {
	for _, plain := range []int{0, 1} {
		w := established(t, plainOpts)
		for range 6 {
			w.call(Send, 1000)
		}
		w.pass(100 * Millisecond)
		w.arrive(sacking(ackOf(0), 1000, 2500, 2500, 4000))
		for range plain {
			w.arrive(ackOf(0))
		}
		w.arrive(sacking(ackOf(0), 1000, 4000))
		require.EqualValues(t, 2, w.c.Info(w.now).Sacked, "plain ACKs between: %d", plain)
	}
}

// spuriousWorld has sent four segments, and the first again after a time-out.
func spuriousWorld(t *testing.T) (w *world, first, second uint32) {
	w = openedWith(t, Options{Set: OptMSS | OptSACKOK | OptTS, MSS: 1012, TSVal: 5000, TSEcr: 1000}, 100*Millisecond,
		func(c *Config, _ *Params) { c.EarlyRetrans = 0 })
	for range 4 {
		w.call(Send, 1000)
	}
	first = tsClock(w.now)
	w.wait()
	require.Equal(t, caLoss, w.c.ca.state)
	second = tsClock(w.now)
	w.pass(110 * Millisecond)
	return w, first, second
}

// TestTheEchoTellsWhichTransmissionArrived: an echo older than the retransmission
// shows that the original did (Eifel, RFC 3522; tcp_tsopt_ecr_before): the window
// comes back, and RACK does not take what went before the retransmission for lost
// (tcp_skb_spurious_retrans).
func TestTheEchoTellsWhichTransmissionArrived(t *testing.T) {
	for _, c := range []struct {
		name   string
		ecr    func(first, second uint32) uint32
		undone bool
	}{
		{"of the original", func(first, _ uint32) uint32 { return first }, true},
		{"just before the retransmission", func(_, second uint32) uint32 { return second - 1 }, true},
		{"of the retransmission", func(_, second uint32) uint32 { return second }, false},
		{"after it", func(_, second uint32) uint32 { return second + 1 }, false},
		{"of nothing", func(_, second uint32) uint32 { return 0 }, false},
	} {
		w, first, second := spuriousWorld(t)
		s := stamp(ackOf(1000), 5400)
		s.Opts.TSEcr = c.ecr(first, second)
		out := w.arrive(s)
		i := w.c.Info(w.now)
		require.Equal(t, c.undone, i.SndSSThresh == infiniteSSThresh, c.name)
		require.Equal(t, c.undone, len(out) == 0, c.name)
		require.Equal(t, c.undone, i.Lost == 0, c.name)
	}
}

// TestAnAcknowledgedRetransmissionShowsWhatWasLostBeforeIt: RFC 8985 section 6.2
// step 5: what was sent before it, longer ago than a round trip, is lost.
func TestAnAcknowledgedRetransmissionShowsWhatWasLostBeforeIt(t *testing.T) {
	for _, c := range []struct {
		echo Duration // before the retransmission
		lost uint32
	}{
		{0, 2},
		{50 * Millisecond, 0}, // it was the original that arrived
	} {
		w := stamped(t)
		for range 4 {
			w.call(Send, 1000)
		}
		w.pass(100 * Millisecond)
		s := sacking(stamp(ackOf(0), 5100), 1000, 2000)
		w.arrive(s)
		w.wait()
		require.EqualValues(t, 1, w.c.Info(w.now).Retrans)
		s = stamp(ackOf(2000), 5200)
		s.Opts.TSEcr = tsClock(w.now.Add(-c.echo))
		w.pass(110 * Millisecond)
		w.arrive(s)
		require.Equal(t, c.lost, w.c.Info(w.now).Lost)
	}
}

// TestRackTakesTheRoundTripOfTheLatestDelivered: whatever the peer echoes
// (tcp_rack_advance for each buffer that tcp_clean_rtx_queue passes).
func TestRackTakesTheRoundTripOfTheLatestDelivered(t *testing.T) {
	w := stamped(t)
	var sent [4]uint32
	for i := range sent {
		sent[i] = tsClock(w.now)
		w.call(Send, 1000)
		w.pass(10 * Millisecond)
	}
	w.pass(60 * Millisecond) // 100 ms after the first
	w.arrive(sacking(stamp(ackOf(0), 5100), 3000, 4000))
	s := sacking(stamp(ackOf(2000), 5100), 3000, 4000)
	s.Opts.TSEcr = sent[0] // a delayed ACK echoes the first of the two
	w.pass(Millisecond)
	w.arrive(s)
	// The second took 91 ms; the third, 81 ms ago, may take as long and a quarter
	// of the least round trip, the fourth's 70 ms, more; and 2 ms for the timer.
	at, _ := w.c.Deadline()
	require.Equal(t, xmitReo, w.c.timers.kind)
	require.EqualValues(t, 70*Millisecond, w.c.Info(w.now).MinRTT)
	require.InDelta(t, 91_000+70_000/4-81_000+2_000, at.Sub(w.now), 1000)
}

// TestOctetsWithinASegmentCostTheSendBufferUntilItIsAcknowledged: Linux frees
// whole packets, and the front of one that counts for several.
func TestOctetsWithinASegmentCostTheSendBufferUntilItIsAcknowledged(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 1000)
	w.call(Send, 3000) // goes as a packet of two segments and one of one
	require.Equal(t, 3, w.c.q.head)
	for _, c := range []struct {
		ack  uint32
		cost int32 // 832 of overhead each
	}{
		{0, 3*832 + 4000}, {1, 3*832 + 4000}, {999, 3*832 + 4000}, {1000, 2*832 + 3000},
		{1001, 2*832 + 2999}, {1999, 2*832 + 2001}, {2000, 2*832 + 2000}, {3000, 832 + 1000}, {3999, 832 + 1000}, {4000, 0},
	} {
		w.arrive(ackOf(c.ack))
		require.Equal(t, c.cost, w.c.snd.queued, "%d acknowledged", c.ack)
	}
}

// TestASynSentAgainGivesNoSampleOfItsData: RFC 6298 section 3 (Karn): which SYN the
// peer answers is not known, and the data went with the first.
func TestASynSentAgainGivesNoSampleOfItsData(t *testing.T) {
	w := fastWorld(t, 300, "CLOSED → SYN-SENT [active-open]", "sent 300 [syn-data]",
		"> S 0(300) win 64240 <mss 1460,sackOK,FO abcd1234> [syn-data]")
	w.wait()
	w.pass(50 * Millisecond)
	w.arrive(synAckOf(300))
	require.Zero(t, w.c.Info(w.now).RTT)
	require.EqualValues(t, 3*Second, w.c.Info(w.now).RTO) // RFC 6298 section 5.7
}

// TestOneSmallSegmentMayBeAcknowledgedLate: the receiver may have waited for more,
// so such a round trip counts for the least one only if it is below it
// (tcp_clean_rtx_queue, FLAG_ACK_MAYBE_DELAYED). The least of before, 100 ms, is out
// of date here, so that any sample that counts takes its place.
func TestOneSmallSegmentMayBeAcknowledgedLate(t *testing.T) {
	send := func(sizes ...uint32) func(*world) {
		return func(w *world) {
			for _, n := range sizes {
				w.call(Send, n)
			}
		}
	}
	for _, c := range []struct {
		name   string
		before func(*world)
		ack    Segment
		want   Duration // milliseconds
	}{
		{"one small", send(999), ackOf(999), 100},
		{"one octet of two small", send(1, 999), ackOf(1), 100},
		{"one full", send(1000), ackOf(1000), 150},
		{"two small", send(400, 500), ackOf(900), 150},
		{"the front of a packet", send(3000), ackOf(1000), 150},
		{"by SACK", send(1000, 500), sacking(ackOf(0), 1000, 1500), 150},
		{"behind a SACK", func(w *world) {
			send(500, 1000)(w)
			w.c.q.sackHigh = w.c.q.at(1).end
			w.c.sackAt(1)
			w.c.setCAState(caDisorder)
		}, ackOf(500), 150},
		{"while others arrive", func(w *world) {
			send(400, 500)(w)
			w.pass(150 * Millisecond)
			w.arrive(ackOf(400))
		}, ackOf(900), 300},
		{"a small one of an offloaded packet", func(w *world) {
			send(900)(w)
			w.c.q.at(0).mss, w.c.q.at(0).pcount = 300, 3
			w.c.q.packetsOut = 3
		}, ackOf(300), 150},
	} {
		w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.MinRTTWindow = Second })
		w.set(NoDelay, 1)
		require.EqualValues(t, 100*Millisecond, w.c.Info(w.now).MinRTT)
		w.pass(2 * Second)
		c.before(w)
		w.pass(150 * Millisecond)
		w.lax = true
		w.arrive(c.ack)
		require.EqualValues(t, c.want*Millisecond, w.c.Info(w.now).MinRTT, c.name)
	}
}

// TestASACKOfWhatIsNewerThanTheHeadKeepsTheTimeOut: a SACK of data sent before the
// head went again says that the head had less than a round trip, so the timer
// starts anew; one of data sent after does not, or loss recovery could put the
// time-out off for ever (tcp_clean_rtx_queue, "Do not re-arm RTO").
func TestASACKOfWhatIsNewerThanTheHeadKeepsTheTimeOut(t *testing.T) {
	w := established(t, plainOpts)
	for range 14 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	for end := uint32(2000); end <= 8000; end += 1000 {
		w.arrive(sacking(ackOf(0), 1000, end))
		w.pass(Millisecond)
	}
	require.EqualValues(t, 1, w.c.Info(w.now).Retrans, "the head went again")
	was := w.c.timers.xmit
	w.arrive(sacking(ackOf(0), 9000, 10000, 1000, 8000))
	require.Equal(t, w.now.Add(w.c.rtt.rto), w.c.timers.xmit, "sent before the head went again")
	require.Greater(t, w.c.timers.xmit, was)

	for name, between := range map[string]Duration{"sent with the head": 0, "sent after it": Millisecond} {
		w := established(t, plainOpts)
		for range 6 {
			w.call(Send, 1000)
			w.pass(between)
		}
		w.pass(100 * Millisecond)
		for end := uint32(2000); end <= 5000; end += 1000 {
			was = w.c.timers.xmit
			// No way out, so that the head, lost by now, does not go again.
			w.do(Input{Kind: SegmentArrives, Bars: BarRoute, Seg: sacking(ackOf(0), 1000, end)})
			w.pass(Millisecond)
		}
		require.EqualValues(t, 1, w.c.Info(w.now).Lost)
		require.Equal(t, was, w.c.timers.xmit, name)
	}
}

// TestARetransmissionAcknowledgedWithoutATimestampGivesNoSample: neither to the
// time-out nor to HyStart, whose least delay would be next to nothing.
func TestARetransmissionAcknowledgedWithoutATimestampGivesNoSample(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.fires(300*Millisecond, seg1+"[rto-retransmit]")
	w.pass(70 * Millisecond)
	w.arrive(ackOf(1000))
	require.Zero(t, w.c.ca.cubic.delayMin)
	require.EqualValues(t, 100*Millisecond, w.c.Info(w.now).RTT)
	w.call(Send, 1000)
	w.pass(70 * Millisecond)
	w.arrive(ackOf(2000))
	require.EqualValues(t, 70*Millisecond, w.c.ca.cubic.delayMin)
}
