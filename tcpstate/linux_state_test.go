package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Delivery rate, undo, tail loss probes, PAWS and urgent data, written once
// more: see linux_window_test.go.

func TestDeliveryRateIsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.now = Time(1000)
		s := &c.stat
		s.delivered, s.appLimited, s.firstTx, s.deliveredAt = uint32(r.IntN(9)), uint32(r.IntN(9)), Time(900+r.IntN(20)), 5
		s.rateDelivered, s.rateInterval, s.rateAppLimited = uint32(r.IntN(4)), uint32(r.IntN(60)), toss(r)
		c.rtt.minima[0].us = uint32(r.IntN(60))
		rs := rateSample{priorDelivered: uint32(r.IntN(3)), lastEnd: near(r, c.snd.una, 2), interval: Duration(r.IntN(60)), appLimited: toss(r)}
		if toss(r) {
			rs.priorAt = Time(940 + r.IntN(60))
		}
		b := buffer{seq: c.snd.una, end: near(r, c.snd.una, 2), sent: Time(900 + r.IntN(20)), firstSent: Time(880 + r.IntN(20)),
			delivered: uint32(1 + r.IntN(4)), appLimited: toss(r), tags: uint8(r.IntN(32))}
		if toss(r) {
			b.delivAt = Time(940 + r.IntN(60))
		}

		// tcp_rate_skb_delivered
		want, wantS, wantB := rs, *s, b
		if b.delivAt != never {
			if rs.priorDelivered == 0 || later(c, b.sent, s.firstTx, b.end, rs.lastEnd) {
				want.priorDelivered, want.priorAt, want.lastEnd, want.appLimited = b.delivered, b.delivAt, b.end, b.appLimited
				want.interval = int64(b.sent - b.firstSent)
				wantS.firstTx = b.sent
			}
			if b.tags&tagSacked != 0 {
				wantB.delivAt = never
			}
		}
		c.rateDelivered(&b, &rs)
		require.Equal(t, []any{want, wantS, wantB}, []any{rs, *s, b})

		// tcp_rate_gen
		newly, reneg := uint32(r.IntN(2)), r.IntN(4) == 0
		if s.appLimited != 0 && s.delivered > s.appLimited {
			wantS.appLimited = 0
		}
		if newly > 0 {
			wantS.deliveredAt = c.now
		}
		interval := max(want.interval, int64(c.now-want.priorAt))
		if want.priorAt != never && !reneg && interval >= int64(c.rtt.min()) {
			n := s.delivered - want.priorDelivered
			if !want.appLimited || uint64(n)*uint64(s.rateInterval) >= uint64(s.rateDelivered)*uint64(interval) {
				wantS.rateDelivered, wantS.rateInterval, wantS.rateAppLimited = n, uint32(interval), want.appLimited
			}
		}
		c.rateGen(newly, reneg, &rs)
		require.Equal(t, wantS, *s)

		// tcp_rate_skb_sent, tcp_rate_check_app_limited
		c.q.packetsOut, c.q.lostOut, c.q.retransOut, c.ca.cwnd = uint32(r.IntN(4)), uint32(r.IntN(3)), uint32(r.IntN(3)), uint32(r.IntN(6))
		if wantS.appLimited = s.appLimited; c.q.packetsOut == 0 {
			wantS.firstTx, wantS.deliveredAt = b.sent, b.sent
		}
		c.rateSent(&b)
		require.Equal(t, wantS, *s)
		require.Equal(t, []any{s.firstTx, s.deliveredAt, s.delivered, s.appLimited != 0}, []any{b.firstSent, b.delivAt, b.delivered, b.appLimited})
		c.snd.mssCache, c.snd.write = uint32(1+r.IntN(4)), c.snd.nxt.Add(uint32(r.IntN(6)))
		flight := int64(c.q.packetsOut) - int64(c.q.lostOut) + int64(c.q.retransOut)
		if flight < 0 {
			return
		}
		if at(c, c.snd.write) < int64(c.snd.mssCache) && flight < int64(c.ca.cwnd) && c.q.lostOut <= c.q.retransOut {
			wantS.appLimited = max(s.delivered+uint32(flight), 1)
		}
		c.checkAppLimited()
		require.Equal(t, wantS, *s)
	})
}

// TestTimeOfEachLimitIsTold: busy, the peer's window, the send buffer; the highest counts (tcp_chrono_start, tcp_chrono_stop).
func TestTimeOfEachLimitIsTold(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		want, since, kind := [4]uint32{}, uint32(0), chronoNone
		if toss(r) {
			c.q.list.PushBack(buffer{})
		}
		for range 6 {
			c.now = c.now.Add(Duration(r.IntN(5)) * Millisecond)
			now, k := tsClock(c.now), chronoKind(1+r.IntN(3))
			next := kind
			if toss(r) {
				next = max(k, kind)
				c.startChrono(k)
			} else {
				if k == kind {
					next = chronoBusy
				}
				if c.q.list.Len() == 0 {
					next = chronoNone
				}
				c.stopChrono(k)
			}
			if next != kind {
				want[kind] += now - since
				kind, since = next, now
			} else if next == chronoNone {
				since = now
			}
			require.Equal(t, kind, c.stat.chrono)
		}
		c.setChrono(chronoNone)
		want[kind] += tsClock(c.now) - since
		require.Equal(t, want[1:], c.stat.chronos[:])
	})
}

func TestTailLossProbeIsScheduledAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.EarlyRetrans = uint8(r.IntN(6))
		cfg.RTOMin = Duration(1+r.IntN(300)) * Millisecond
		c.now, c.opt.sack = Time(20*Second), r.IntN(6) > 0
		c.ca.state = caState(r.IntN(2) * r.IntN(int(caLoss)+1))
		if toss(r) {
			drawSent(r, c, 2, 3, 1)
			c.q.at(0).sent = c.now - Time(upTo(r, 900_000))
		}
		c.rtt.srtt, c.rtt.rto = uint32(upTo(r, 2_000_000, 0)), Duration(1+r.IntN(900))*Millisecond
		advancing := toss(r)
		timer := c.timers
		runs := (cfg.EarlyRetrans == 3 || cfg.EarlyRetrans == 4) && c.q.packetsOut > 0 && c.opt.sack && (c.ca.state == caOpen || c.ca.state == caCWR)
		if runs {
			in := Second // TCP_TIMEOUT_INIT
			if srtt := int64(c.rtt.srtt); srtt > 0 {
				in = srtt / 4 // two round trips
				if c.q.packetsOut == 1 {
					in += cfg.RTOMin
				} else {
					in += 2 * Millisecond
				}
				in = up(in, 1000)
			}
			left := c.rtt.rto
			if !advancing {
				left = int64(c.q.at(0).sent) + c.rtt.rto - int64(c.now)
			}
			if left > 0 {
				in = min(in, up(left, 1000))
			}
			timer = timers{kind: xmitTLP, xmit: c.now.Add(max(in, 1000))}
		}
		require.Equal(t, runs, c.scheduleTLP(advancing))
		require.Equal(t, timer, c.timers)
	})
}

func TestTailLossProbeEndsAsInTheKernel(t *testing.T) {
	flags := []ackFlag{0, flagUnaAdvanced, flagData, flagWinUpdate, flagDataAcked, flagSynAcked, flagDataSacked, flagDSACKTLP, flagECE, flagDSACKTLP | flagUnaAdvanced}
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		a := &c.ca
		a.tlpOn, a.tlpRetrans, a.tlpHigh = r.IntN(4) > 0, toss(r), c.snd.una.Add(3)
		a.cwnd, a.ssthresh, a.state = 20, infiniteSSThresh, caOpen
		ack, flag := near(r, a.tlpHigh, 1), flags[r.IntN(len(flags))]
		on, reduced := a.tlpOn, false
		if on && at(c, ack) >= 3 { // tcp_process_tlp_ack
			switch {
			case !a.tlpRetrans, flag&flagDSACKTLP != 0:
				on = false
			case at(c, ack) > 3:
				on, reduced = false, true
			case flag&(flagUnaAdvanced|flagData|flagWinUpdate|flagDataAcked|flagSynAcked|flagDataSacked) == 0:
				on = false
			}
		}
		c.tlpAck(ack, flag)
		require.Equal(t, []bool{on, reduced}, []bool{a.tlpOn, a.cwnd < 20})
		require.Equal(t, caOpen, a.state)
	})
}

func TestUndoIsPreparedAndDecidedAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		a := &c.ca
		c.now = Time(100 * Second)
		drawSent(r, c, 3, 3, 1)
		a.tlpOn, a.tlpRetrans = toss(r), toss(r)
		want := int32(c.q.retransOut)
		if a.tlpOn && a.tlpRetrans {
			want++
		}
		if want == 0 {
			want = -1
		}
		c.initUndo() // tcp_init_undo
		require.Equal(t, []any{true, c.snd.una, want}, []any{a.undoOn, a.undoMarker, a.undoRetrans})

		// tcp_packet_delayed, tcp_may_undo
		c.state = [...]State{Established, SynSent}[r.IntN(2)]
		c.opt.sack, a.highSeq = toss(r), near(r, c.snd.una, 1)
		a.retransStamp, c.arrived.ts, c.arrived.ecr = uint32(r.IntN(3)), toss(r), uint32(r.IntN(4))
		delayed := (c.opt.sack || at(c, a.highSeq) > 0) && c.state != SynSent
		if a.retransStamp != 0 {
			delayed = c.arrived.ts && c.arrived.ecr != 0 && c.arrived.ecr < a.retransStamp
		}
		require.Equal(t, delayed, c.packetDelayed())
		a.undoOn, a.undoRetrans = toss(r), int32(r.IntN(3))-1
		require.Equal(t, a.undoOn && (a.undoRetrans == 0 || delayed), c.mayUndo())

		// tcp_undo_cwnd_reduction
		a.cwnd, a.ssthresh, a.priorCwnd, a.priorSS = uint32(r.IntN(9)), uint32(r.IntN(9)), uint32(r.IntN(9)), uint32(r.IntN(9))
		cwnd, ssthresh, cwr := a.cwnd, a.ssthresh, true
		if a.priorSS != 0 {
			cwnd = max(cwnd, a.priorCwnd)
			cwr = a.priorSS <= ssthresh
			ssthresh = max(ssthresh, a.priorSS)
		}
		c.ecn.queueCWR, c.rack.advanced, c.q.hasHint = true, false, true
		unmark, lost := toss(r), c.q.lostOut
		c.undoReduction(unmark)
		require.Equal(t, []any{cwnd, ssthresh, cwr, false, c.now, true}, []any{a.cwnd, a.ssthresh, c.ecn.queueCWR, a.undoOn, a.stamp, c.rack.advanced})
		if unmark {
			lost = 0
			for i := range c.q.head {
				require.Zero(t, c.q.at(i).tags&tagLost)
			}
		}
		require.Equal(t, []any{lost, !unmark}, []any{c.q.lostOut, c.q.hasHint})
	})
}

func TestWhereASegmentMayLie(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.rcv.wup = c.rcv.nxt.Sub(uint32(r.IntN(3)))
		c.rcv.wnd = uint32(r.IntN(8))
		if toss(r) {
			c.rq.in.PushBack(rxBuffer{})
		}
		s := Segment{Seq: near(r, c.rcv.nxt.Add(2), 7), Len: uint32(r.IntN(5)), Flags: ACK | Flags(r.IntN(2))*FIN}
		off := func(q Seq) int64 { return int64(int32(q - c.rcv.nxt)) }
		limit := max(int64(c.rcv.wnd)+off(c.rcv.wup), 0)
		end, fin := off(s.Seq)+int64(s.Len), int64(0)
		if s.Flags.Has(FIN) {
			fin = 1
		}
		want := rule.ID(0) // tcp_sequence
		switch {
		case end+fin < off(c.rcv.wup):
			want = rule.OldSequence
		case end <= limit: // a FIN alone may be one beyond
		case off(s.Seq) > limit:
			want = rule.InvalidSequence
		case c.rq.in.Len() > 0:
			want = rule.InvalidEndSequence
		}
		require.Equal(t, want, c.sequenceOK(&s), "%+v", s)

		// tcp_reset_check; the right edge of the SACK blocks (tcp_validate_incoming)
		c.state = State(1 + r.IntN(int(numStates)-1))
		s.Seq = near(r, c.rcv.nxt, 2)
		require.Equal(t, off(s.Seq) == -1 && (c.state == CloseWait || c.state == LastAck || c.state == Closing), c.resetAfterFin(&s))
		c.opt.sack, c.rcv.nsacks = toss(r), uint8(r.IntN(4))
		edge := int64(0)
		for i := range c.rcv.nsacks {
			c.rcv.sacks[i].End = c.rcv.nxt.Add(uint32(1 + r.IntN(5)))
			edge = max(edge, off(c.rcv.sacks[i].End))
		}
		s.Seq = c.rcv.nxt.Add(uint32(1 + r.IntN(5)))
		require.Equal(t, c.opt.sack && c.rcv.nsacks > 0 && off(s.Seq) == edge, c.resetAtSACK(&s))
		// tcp_in_window, of requests and timewait buckets
		lo, hi := near(r, c.rcv.nxt, 2), near(r, c.rcv.nxt.Add(3), 2)
		a, z := off(s.Seq)-2, off(s.Seq)-2+int64(s.Len)
		in := a == off(lo) || z > off(lo) && a < off(hi) || a == off(hi) && a == z
		require.Equal(t, in, inWindow(s.Seq.Sub(2), s.Seq.Sub(2).Add(s.Len), lo, hi))
		req := Request{IRS: lo.Sub(1), Window: uint32(off(hi) - off(lo))}
		if off(hi) >= off(lo) {
			require.Equal(t, in, req.inWindow(&Segment{Seq: s.Seq.Sub(2), Len: s.Len, Flags: ACK}))
		}
	})
}

func TestPAWSIsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.now = Time(30 * 24 * 3600 * Second)
		c.opt.tsRecent, c.arrived.val, c.arrived.ts = uint32(r.IntN(9)), uint32(r.IntN(9)), toss(r)
		c.opt.tsRecentAt = c.now - Time(upTo(r, 60*Second, 2147*Second))
		win := int32(r.IntN(3))
		older := int64(c.opt.tsRecent) - int64(c.arrived.val)
		ok := older <= int64(win) || c.now-c.opt.tsRecentAt >= Time(2147*Second) || c.opt.tsRecent == 0 // tcp_paws_check
		require.Equal(t, ok, c.pawsOK(win))

		// tcp_disordered_ack_check
		c.rtt.rto, c.opt.sndWScale = Duration(r.IntN(6))*1000, uint8(r.IntN(2))
		c.snd.wnd, c.snd.wl1 = uint32(r.IntN(3)), near(r, c.rcv.nxt, 1)
		s := Segment{Seq: near(r, c.rcv.nxt, 1), Ack: near(r, c.snd.una, 1), Flags: Flags(r.IntN(8)) & ^RST &^ SYN, Wnd: uint16(r.IntN(3)), Len: uint32(r.IntN(4) / 3)}
		s.Flags |= ACK * Flags(min(r.IntN(5), 1))
		wnd := int64(s.Wnd) << c.opt.sndWScale
		off := int64(int32(s.Seq - c.rcv.nxt))
		news := at(c, s.Ack) > 0 || int32(s.Seq-c.snd.wl1) > 0 || s.Seq == c.snd.wl1 && (wnd > int64(c.snd.wnd) || wnd == 0) // tcp_may_update_window
		want := rule.PAWS
		switch {
		case !s.Flags.Has(ACK) || s.SeqLen() > 0:
		case off < 0:
			want = rule.PAWSAck
		case off == 0 && s.Ack == c.snd.una && !news && older <= c.rtt.rto*1200/1_000_000: // tcp_tsval_replay: 1.2 RTO in milliseconds
			want = 0
		}
		require.Equal(t, want, c.disorderedAck(&s), "%+v", s)

		// tcp_replace_ts_recent
		c.rcv.wup = near(r, c.rcv.nxt, 1)
		takes := c.arrived.ts && int32(s.Seq-c.rcv.wup) <= 0 && (older <= 0 || c.now-c.opt.tsRecentAt >= Time(2147*Second) || c.opt.tsRecent == 0)
		wantTS, wantAt := c.opt.tsRecent, c.opt.tsRecentAt
		if takes {
			wantTS, wantAt = c.arrived.val, c.now
		}
		c.updateTSRecent(s.Seq)
		require.Equal(t, []any{wantTS, wantAt}, []any{c.opt.tsRecent, c.opt.tsRecentAt})
	})
}

func TestUrgentPointersAreTakenAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.StdURG, c.user.oobInline, c.orphan = toss(r), toss(r), r.IntN(4) == 0
		off := func(q Seq) int64 { return int64(int32(q - peerISS)) }
		c.rcv.copied = c.rcv.nxt.Sub(uint32(r.IntN(4)))
		c.urg = urgState{urgPhase(r.IntN(4)), near(r, c.rcv.copied.Add(2), 4)}
		was, copied := c.urg, c.rcv.copied
		s := Segment{Seq: near(r, c.rcv.nxt, 4), Len: uint32(r.IntN(5)), Urg: uint16(r.IntN(6)), HdrLen: 20, Flags: ACK | URG*Flags(r.IntN(2))}
		// tcp_check_urg
		want := was
		if s.Flags.Has(URG) {
			ptr := off(s.Seq) + int64(s.Urg)
			if s.Urg > 0 && !cfg.StdURG {
				ptr--
			}
			if off(copied) <= ptr && ptr >= off(c.rcv.nxt) && (was.state == urgNone || ptr > off(was.seq)) {
				if was.state != urgNone && was.seq == copied && !c.user.oobInline && copied != c.rcv.nxt {
					copied = copied.Add(1)
				}
				want = urgState{urgNotYet, peerISS.Add(uint32(ptr))}
			}
		}
		// tcp_urg, by the offset from the TCP header's first octet
		if place := off(want.seq) - off(s.Seq) + 20; want.state == urgNotYet && place >= 0 && place < 20+int64(s.Len) {
			want.state = urgValid
		}
		c.urgentArrives(&s)
		require.Equal(t, want, c.urg, "%+v, was %+v", s, was)
		require.Equal(t, copied, c.rcv.copied)
		told := want.state == urgValid && (was.state != urgValid || want.seq != was.seq) && !c.orphan
		require.Equal(t, told, len(c.out) == 1)

		// Where it is read from, and when it is behind (SIOCATMARK).
		c.out = nil
		at, valid, ok := c.Urgent()
		ahead := want.state != urgNone && off(want.seq) >= off(c.rcv.copied)
		require.Equal(t, []any{ahead, ahead && want.state == urgValid}, []any{ok, valid})
		if ahead {
			require.Equal(t, off(want.seq)-off(c.rcv.copied), int64(at))
		}
		c.urgentPassed()
		if want.state != urgNone && !ahead {
			want = urgState{}
		}
		require.Equal(t, want, c.urg)
	})
}

func TestUrgentPointersAreSentAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		const far = 0x10000
		c.snd.up = c.snd.una.Add(uint32(upTo(r, far+20, far, 0)))
		c.snd.nxt = c.snd.una.Add(uint32(upTo(r, far+20, far)))
		s := Segment{Seq: near(r, c.snd.una.Add(uint32(upTo(r, far, 0, int64(at(c, c.snd.up))))), 2), Flags: ACK}
		want := s
		if dist := at(c, c.snd.up) - at(c, s.Seq); c.snd.up != c.snd.una && dist > 0 { // tcp_urg_mode, before(tcb->seq, tp->snd_up)
			if dist < far {
				want.Urg, want.Flags = uint16(dist), ACK|URG
			} else if at(c, s.Seq)+0xFFFF > at(c, c.snd.nxt) {
				want.Urg, want.Flags = 0xFFFF, ACK|URG
			}
		}
		c.markUrgent(&s)
		require.Equal(t, want, s)
	})
}

func TestTheNextTimerIsTheEarliest(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		all := []*Time{&c.timers.xmit, &c.timers.delack, &c.timers.keep, &c.timers.compress, &c.timers.wait}
		var want Time
		for _, p := range all {
			*p = Time(r.IntN(4) * r.IntN(2))
			if *p > 0 && (want == 0 || *p < want) {
				want = *p
			}
		}
		got, ok := c.Deadline()
		require.Equal(t, []any{want, want > 0}, []any{got, ok})
	})
}

func TestTimeoutsBackOffAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.SynLinearTimeouts, cfg.ThinLinear, cfg.RTOMin = uint8(r.IntN(3)), toss(r), Duration(100+100*r.IntN(2))*Millisecond
		c.state = [...]State{Established, Established, SynSent, CloseWait}[r.IntN(4)]
		c.user.thin, c.q.packetsOut, c.stat.totalRTO = toss(r), uint32(2+r.IntN(4)), uint16(r.IntN(4))
		c.ca.ssthresh, c.ca.retransmits = [...]uint32{7, infiniteSSThresh}[r.IntN(2)], uint8(5+r.IntN(4))
		c.rtt.srtt, c.rtt.rttvar = 8*uint32(upTo(r, 90_000)), uint32(upTo(r, 90_000))
		c.rtt.rto, c.rtt.backoff = Duration(upTo(r, 90)+1)*Second, uint8(r.IntN(5))
		c.now = Time(100 * Second)
		c.user.userTimeout, c.ca.retransStamp = uint32(r.IntN(2)*40_000), tsClock(c.now)-uint32(upTo(r, 50_000, 40_000, 39_000))
		// tcp_retransmit_timer, label out_reset_timer
		rto, backoff := c.rtt.rto, c.rtt.backoff
		thin := c.q.packetsOut < 4 && c.ca.ssthresh < infiniteSSThresh
		switch {
		case c.state == Established && (c.user.thin || cfg.ThinLinear) && thin && c.ca.retransmits <= 6:
			backoff = 0
			rto = min(max(up(int64(c.rtt.srtt/8+c.rtt.rttvar), 1000), cfg.RTOMin), 120*Second)
		case c.state != SynSent || c.stat.totalRTO > uint16(cfg.SynLinearTimeouts):
			rto, backoff = min(2*rto, 120*Second), backoff+1
		}
		// tcp_clamp_rto_to_user_timeout
		in := rto
		if c.user.userTimeout > 0 {
			if left := 40_000 - int64(tsClock(c.now)-c.ca.retransStamp); left <= 0 {
				in = 1000
			} else {
				in = min(in, left*1000)
			}
		}
		c.nextRTO()
		require.Equal(t, []any{rto, backoff}, []any{c.rtt.rto, c.rtt.backoff})
		require.Equal(t, timers{kind: xmitRTO, xmit: c.now.Add(in)}, c.timers)
	})
}
