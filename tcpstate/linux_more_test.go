package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheQueueEndsWhereNothingIs: sent buffers lie before the head, unsent ones from it on.
func TestTheQueueEndsWhereNothingIs(t *testing.T) {
	var c Conn
	c.cfg = testConfig()
	for sent := range 3 {
		for unsent := range 3 {
			c.q = sendQueue{head: sent}
			for i := range sent + unsent {
				c.q.list.PushBack(buffer{seq: Seq(i), end: Seq(i + 1)})
			}
			require.Equal(t, []bool{sent == 0, unsent == 0, unsent == 0, unsent > 0},
				[]bool{c.q.oldest() == nil, c.q.unsent() == nil, c.q.tail() == nil, c.q.hasUnsent()}, "%d sent, %d not", sent, unsent)
			if unsent > 0 {
				require.Equal(t, []Seq{Seq(sent), Seq(sent + unsent - 1)}, []Seq{c.q.unsent().seq, c.q.tail().seq})
			}
		}
	}
}

// TestASynIsNoBusyTime: the sender is busy from its first data on (tcp_add_write_queue_tail).
func TestASynIsNoBusyTime(t *testing.T) {
	w := established(t, plainOpts)
	w.pass(50 * Millisecond)
	w.call(Send, 10)
	w.pass(30 * Millisecond)
	w.arrive(ackOf(10))
	require.Equal(t, [3]uint32{30, 0, 0}, w.c.stat.chronos)
}

// TestAllOfAnUrgentWriteIsUrgent: nothing of it goes before the pointer is set (tcp_sendmsg_locked, MSG_OOB; tcp_push).
func TestAllOfAnUrgentWriteIsUrgent(t *testing.T) {
	w := established(t, plainOpts)
	w.do(Input{Kind: Send, N: 3000, Flags: SendOOB})
	n := uint32(0)
	for _, s := range w.segs() {
		require.True(t, s.Flags.Has(URG))
		require.EqualValues(t, 3000-n, s.Urg)
		n += s.Len
	}
	require.EqualValues(t, 3000, n)
}

// TestAHeldWriteSaysNothingOfTheWindow: cwnd's use is noted when something went, or cwnd forbade it (tcp_write_xmit).
func TestAHeldWriteSaysNothingOfTheWindow(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 300)
	w.c.ca.usageSeq = w.c.snd.una
	was := w.c.ca
	w.user(Send, 300, "sent 300 [user-send]") // Nagle holds it
	require.Equal(t, was, w.c.ca)
}

// TestATailLossProbeIsNewDataOrTheLastSegment (tcp_send_loss_probe; RFC 8985 section 7.3).
func TestATailLossProbeIsNewDataOrTheLastSegment(t *testing.T) {
	for octets, want := range map[uint32][2]uint32{2000: {1000, 1000}, 1001: {1000, 1}, 4000: {3000, 1000}, 3700: {3000, 700}, 3000: {2000, 1000}, 700: {0, 700}, 1000: {0, 1000}} {
		w := established(t, plainOpts)
		w.call(Send, octets)
		n := w.c.q.list.Len()
		sent := w.segs()
		w.now, _ = w.c.Deadline()
		w.call(Timeout, 0)
		s := w.segs()
		require.Len(t, s, 1)
		require.Equal(t, want, [2]uint32{s[0].Seq.Since(ourISS.Add(1)), s[0].Len}, "%d octets", octets)
		require.True(t, w.c.ca.tlpOn && w.c.ca.tlpRetrans)
		if last := sent[len(sent)-1]; last.Len <= 1000 {
			require.Equal(t, n, w.c.q.list.Len(), "one segment is not cut")
		} else {
			require.Equal(t, n+1, w.c.q.list.Len())
		}
	}
	for _, barred := range []bool{false, true} {
		w := established(t, plainOpts)
		for range 11 {
			w.call(Send, 1000) // one more than cwnd
		}
		require.EqualValues(t, 1000, w.c.NotSent())
		if barred {
			w.c.snd.bars = BarRoute
		}
		require.Equal(t, !barred, w.c.probeTail(), "new data, cwnd or not")
		w.c.snd.bars = 0
		require.False(t, w.c.ca.tlpRetrans)
	}
}

// TestReorderingWindowLastsSixteenRecoveries is TCP_RACK_RECOVERY_THRESH: each recovery that was none to undo
// counts one down, one that D-SACKs undid counts up again (tcp_try_undo_recovery, tcp_try_undo_dsack).
func TestReorderingWindowLastsSixteenRecoveries(t *testing.T) {
	for persist, after := range map[uint8][2]uint8{0: {0, 1}, 1: {0, 2}, 3: {2, 4}, 15: {14, 16}, 16: {15, 16}} {
		w := established(t, plainOpts)
		w.c.rack.persist = persist
		w.c.tryUndoRecovery()
		require.Equal(t, after[0], w.c.rack.persist)
		w.c.rack.persist, w.c.ca.undoOn, w.c.ca.undoRetrans = persist, true, 0
		require.True(t, w.c.tryUndoDSACK())
		require.Equal(t, after[1], w.c.rack.persist)
	}
}

// TestTimeoutsAreCounted is tcp_update_rto_stats and tcp_update_rto_time: tcpi_total_rto and its companions.
func TestTimeoutsAreCounted(t *testing.T) {
	var s counters
	s.endRTO(Time(5 * Second)) // none was under way
	require.Equal(t, counters{}, s)
	s.countRTO(true, Time(10*Second))
	s.countRTO(false, Time(11*Second))
	s.endRTO(Time(12 * Second))
	s.countRTO(true, Time(20*Second))
	s.endRTO(Time(20*Second + 300*Millisecond))
	require.Equal(t, counters{totalRTO: 3, rtoRecoveries: 2, rtoTime: 2300}, s)
	w := established(t, Options{Set: OptMSS, MSS: 1000})
	w.call(Send, 1000)
	w.wait()
	w.wait()
	require.Equal(t, []uint16{2, 1}, []uint16{w.c.stat.totalRTO, w.c.stat.rtoRecoveries})
}

// TestAReadOfNothingMeasuresNoReader: only octets taken begin a new measure (tcp_rcv_space_adjust).
func TestAReadOfNothingMeasuresNoReader(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 100, 0))
	w.c.rcv.rttUs = 8
	w.pass(Second)
	was := w.c.rcv.spaceTime
	w.call(Receive, 0)
	require.Equal(t, was, w.c.rcv.spaceTime)
	w.call(Receive, 1)
	require.Equal(t, w.now, w.c.rcv.spaceTime)
}

// TestACrossedSynAckIsKnown: the SYN,ACK of the peer whose SYN came first, and no other (tcp_validate_incoming, step 4).
func TestACrossedSynAckIsKnown(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.state = [...]State{SynReceived, SynReceived, SynReceived, SynSent, Established}[r.IntN(5)]
		c.orphan = r.IntN(4) == 0
		s := Segment{Flags: SYN | ACK*Flags(min(r.IntN(4), 1)), Len: uint32(r.IntN(4) / 3), Seq: near(r, c.rcv.nxt.Sub(1), 1), Ack: near(r, c.snd.nxt, 1)}
		want := c.state == SynReceived && !c.orphan && s.Flags.Has(ACK) && s.Len == 0 && s.Seq == c.rcv.nxt-1 && s.Ack == c.snd.nxt
		require.Equal(t, want, c.crossedSynAck(&s))
	})
}

// TestTheScoreboardIsTheUnionOfAllBlocks: whatever their order and however they
// overlap, as long as they begin and end with buffers. D-SACKs count, too: what
// came twice came.
func TestTheScoreboardIsTheUnionOfAllBlocks(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		const n, size = 10, 3
		c.opt.sack, c.now, c.snd.maxWnd = true, Time(Second), 1000
		drawSent(r, c, 1, size, 1)
		c.q, c.snd.nxt = sendQueue{}, c.snd.una
		for range n {
			c.q.list.PushBack(buffer{seq: c.snd.nxt, end: c.snd.nxt.Add(size), pcount: 1, sent: 5, tags: tagEverRetrans * uint8(r.IntN(2))})
			c.snd.nxt = c.snd.nxt.Add(size)
		}
		c.q.head, c.q.packetsOut, c.stat.totalRetrans = n, n, 1000
		c.snd.write, c.ca.undoOn, c.ca.undoMarker, c.q.sackHigh = c.snd.nxt, true, c.snd.una, c.snd.una
		var got [n]bool
		for range 5 {
			s := Segment{Ack: c.snd.una, Flags: ACK}
			s.Opts.NSACK = uint8(1 + r.IntN(MaxSACK))
			for i := range s.Opts.NSACK {
				from := 1 + r.IntN(n-1)
				to := from + 1 + r.IntN(n-from)
				s.Opts.SACK[i] = Range{c.snd.una.Add(uint32(from * size)), c.snd.una.Add(uint32(to * size))}
				for k := from; k < to; k++ {
					got[k] = true
				}
			}
			run := ackRun{priorUna: c.snd.una, priorHigh: c.highestSACK()}
			c.tagSACKs(&s, &run)
			count, high := uint32(0), 0
			for k := range n {
				b := c.q.at(c.q.find(c.snd.una.Add(uint32(k * size)))) // neighbours may be one by now
				require.Equal(t, got[k], b.tags&tagSacked != 0, "buffer %d after %+v", k, s.Opts)
				if got[k] {
					count, high = count+1, k+1
				}
			}
			require.Equal(t, count, c.q.sackedOut)
			require.Equal(t, c.snd.una.Add(uint32(high*size)), c.highestSACK())
		}
	})
}

// TestRequestsTellOldSegments is tcp_check_req's PAWS and its look at what is echoed.
func TestRequestsTellOldSegments(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		cfg.Timestamps, cfg.Requests.Lax = uint8(r.IntN(3)), r.IntN(4) == 0
		l := &Listener{Params: Params{Cfg: &cfg, MTU: 1500}}
		base := ^uint32(0) - 3
		q := Request{TSRecent: uint32(r.IntN(4)), TSOK: r.IntN(4) > 0, TSFirst: base, TSLast: base + uint32(r.IntN(4)), NumTimeout: uint8(r.IntN(8))}
		s := Segment{Flags: ACK | RST*Flags(r.IntN(2))}
		if r.IntN(4) > 0 {
			s.Opts = Options{Set: OptTS, TSVal: uint32(r.IntN(5)), TSEcr: base - 2 + uint32(r.IntN(8))}
		}
		looks := s.Opts.Set != 0 && cfg.Timestamps != 0
		paws := looks && q.TSRecent != 0 && s.Opts.TSVal < q.TSRecent && !(s.Flags.Has(RST) && q.wait(l) >= 60*Second)
		echo := int64(int32(s.Opts.TSEcr - base))
		tsecr := looks && q.TSOK && !cfg.Requests.Lax && s.Opts.TSEcr != 0 && (echo < 0 || echo > int64(q.TSLast-base))
		gotPAWS, gotEcr := q.badTimestamps(l, &s)
		require.Equal(t, []bool{paws, tsecr}, []bool{gotPAWS, gotEcr}, "%+v %+v", q, s.Opts)

		// The RFC's fifth step, and how often an answer goes (tcp_oow_rate_limited).
		s.Ack = near(r, q.ISS.Add(1), 1)
		require.Equal(t, s.Ack != q.ISS+1 && (!s.Flags.Has(RST) || cfg.Requests.Lax), q.Disowns(&cfg, &s))
		cfg.Requests.Unlimited = r.IntN(6) == 0
		q.OOWTime, s.Len = Time(upTo(r, 1000, 0)), uint32(r.IntN(2))
		s.Flags = ACK | SYN*Flags(r.IntN(2))
		now := Time(upTo(r, 500_000, 500_000, 499_000))
		now += q.OOWTime
		was := q.OOWTime
		exempt := s.Len > 0 && s.Flags&SYN == 0 || cfg.Requests.Unlimited
		waits := !exempt && was != 0 && jiffies(now)-jiffies(was) < 500
		require.Equal(t, waits, q.oowLimited(l, Input{Now: now, Seg: s}))
		if exempt || waits {
			require.Equal(t, was, q.OOWTime)
		} else {
			require.Equal(t, max(now, 1), q.OOWTime)
		}
		// TCP_DEFER_ACCEPT
		l.DeferAccept, cfg.Requests.DeferResends = uint8(r.IntN(4)), r.IntN(4) == 0
		require.Equal(t, l.DeferAccept > 0 && (q.NumTimeout < l.DeferAccept || cfg.Requests.DeferResends), q.defers(l))
	})
}

// TestATimewaitBucketIsReusedForNewerSynsOnly is tcp_timewait_state_process at TCP_TW_SYN.
func TestATimewaitBucketIsReusedForNewerSynsOnly(t *testing.T) {
	flags := []Flags{SYN, SYN, SYN | ACK, SYN | RST, ACK, 0}
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		s := Segment{Seq: near(r, c.rcv.nxt, 1), Flags: flags[r.IntN(len(flags))]}
		c.arrived.ts, c.arrived.val, c.opt.tsRecent = toss(r), uint32(r.IntN(3)), uint32(r.IntN(3))
		paws := toss(r)
		want := s.Flags == SYN && !paws && (int32(s.Seq-c.rcv.nxt) > 0 || c.arrived.ts && c.arrived.val > c.opt.tsRecent)
		require.Equal(t, want, c.reopens(&s, paws))
		// tcp_time_wait: three and a half time-outs at least, TIME-WAIT itself as long as ever
		c.state, c.rtt.rto, c.now = FinWait2, Duration(1+upTo(r, 100))*Second, Time(50*Second)
		wait := Duration(upTo(r, 400)) * Second
		to, in := TimeWait, 60*Second
		if toss(r) {
			to, in = FinWait2, max(wait, c.rtt.rto*7/2)
		}
		c.timeWait(to, wait, 1)
		require.Equal(t, timers{wait: c.now.Add(in), since: 50_000}, c.timers)
	})
}

func TestQueriesCountAsTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.snd.mssCache = uint32(1 + r.IntN(6))
		c.rcv.nxt, c.finRcvd = c.rcv.copied.Add(uint32(r.IntN(5))), toss(r)
		avail := int64(c.rcv.nxt.Since(c.rcv.copied))
		unread := avail
		if c.finRcvd && avail > 0 {
			unread--
		}
		require.EqualValues(t, unread, c.Unread())
		readable := avail
		if fins := min(int64(r.IntN(3)), avail); c.finRcvd { // each in a buffer of its own, one behind the other
			readable -= fins
			for c.rq.in.Len() > 0 {
				c.rq.in.PopFront()
			}
			for i := fins; i > 0; i-- {
				end := c.rcv.nxt.Sub(uint32(i - 1))
				c.rq.in.PushBack(rxBuffer{seq: end.Sub(1), end: end, fin: true})
			}
		}
		require.EqualValues(t, readable, c.Readable())
		require.Equal(t, c.finRcvd && readable == 0, c.EOF())
		c.rcv.wup, c.rcv.wnd, c.ack.rcvMSS = c.rcv.nxt, uint32(r.IntN(6)), uint32(r.IntN(6))
		target := uint32(r.IntN(6))
		require.Equal(t, avail > 0 && (avail >= int64(target) || c.rcv.wnd <= c.ack.rcvMSS), c.InReady(target)) // tcp_epollin_ready
		c.user.noSpace, c.snd.sndbuf, c.snd.queued = toss(r), int32(r.IntN(20)), int32(r.IntN(20))
		waits, room := c.user.noSpace, c.SendSpace()
		require.Equal(t, room, c.TakeSpace())
		require.Equal(t, waits && !room, c.user.noSpace)
		c.state = State(1 + r.IntN(int(numStates)-1))
		c.mini = toss(r)
		c.snd.write = c.snd.una.Add(7)
		out := uint32(7)
		if c.state == SynSent || c.state == SynReceived {
			out = 0
		}
		require.Equal(t, out, c.OutQueue())
		sk := c.state
		if c.mini {
			sk = Closed
		}
		require.Equal(t, sk, c.SockState())
		c.opt.tsOffset = uint32(r.IntN(9))
		require.Equal(t, uint32(7000)+c.opt.tsOffset, c.TimestampNow(Time(7*Second+999)))
	})
}

// TestThereAreElevenStatesAndNoMore: what is none has no name and no edges.
func TestThereAreElevenStatesAndNoMore(t *testing.T) {
	for s := range State(16) {
		is := s >= 1 && s <= 11
		require.Equal(t, is, s.String() != "INVALID", "%d", s)
		for to := range State(16) {
			if !is || to < 1 || to > 11 {
				require.False(t, LegalEdge(s, to), "%d to %d", s, to)
			}
		}
	}
}

// TestADSACKIsLookedForFromTheStartOfTheQueueOnceAWalkCameToItsEnd: a walk that enters behind all that
// is SACKed ends where the queue does, so that the D-SACK after it is searched anew and finds what the
// buffers have joined to (tcp_sacktag_write_queue, "goto walk"). Linux 6.18 counted the reordering.
func TestADSACKIsLookedForFromTheStartOfTheQueueOnceAWalkCameToItsEnd(t *testing.T) {
	cfg := Linux()
	c := New(Params{Cfg: &cfg, ISS: ourISS, MTU: 1500})
	const lost, size = tagLost | tagRetrans | tagEverRetrans, 3
	una := c.snd.una
	span := func(from, to uint32) Range { return Range{una.Add(from), una.Add(to)} }
	c.opt.sack, c.now, c.snd.maxWnd, c.snd.mssCache, c.stat.totalRetrans = true, Time(Second), 1000, size, 1000
	for i, tags := range []uint8{lost, lost, tagSacked, tagSacked, 0} {
		b := buffer{seq: una.Add(uint32(i * size)), end: una.Add(uint32((i + 1) * size)), pcount: 1, sent: 5, tags: tags}
		c.q.list.PushBack(b)
		c.q.head++
		c.count(&b, 1)
		c.snd.nxt = b.end
	}
	c.snd.write, c.q.sackHigh, c.q.sackSeenN = c.snd.nxt, una.Add(4*size), 2
	c.q.sackSeen = [MaxSACK]Range{span(2*size, 4*size), span(3*size, 4*size+1)}
	s := Segment{Ack: una, Flags: ACK}
	s.Opts.NSACK = 2
	s.Opts.SACK = [MaxSACK]Range{span(2*size, 4*size+1), span(size, 4*size+1)}
	c.tagSACKs(&s, &ackRun{priorUna: una, priorHigh: c.highestSACK()})
	require.EqualValues(t, 1, c.stat.reordSeen)
	recount(t, c)
}
