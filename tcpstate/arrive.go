package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// rxOptions is what the segment under way says in its options
// (tcp_options_received's volatile part). The echoed timestamp is without our
// offset; without the option the values of the segment before stand.
type rxOptions struct {
	ts    bool
	label flowLabel // no option, but it comes with them
	val   uint32
	ecr   uint32
}

// flowLabel is IPv6's, 20 bits, in octets that fill gaps of what they lie in.
type flowLabel [3]byte

func labelOf(v uint32) flowLabel { return flowLabel{byte(v >> 16), byte(v >> 8), byte(v)} }

// prediction is Linux's header prediction (pred_flags): the header that a peer
// in a one-way transfer sends next.
type prediction struct {
	on     bool
	hdrLen uint8
	wnd    uint16
}

// predictOn turns prediction on if nothing speaks against it (tcp_fast_path_check).
func (c *Conn) predictOn() {
	if c.rq.ooo.Len() == 0 && c.rcv.wnd > 0 && c.rcv.rmem < c.rcv.rcvbuf && c.urg.state == urgNone {
		c.setPrediction(c.snd.wnd >> c.opt.sndWScale)
	}
}

func (c *Conn) setPrediction(wnd uint32) {
	c.ack.pred = prediction{on: true, hdrLen: c.opt.hdrLen, wnd: uint16(wnd)}
}

// predicted reports whether s has the expected header: prediction looks at
// length, flags but PSH, and window.
func (c *Conn) predicted(s *Segment) bool {
	p := &c.ack.pred
	return p.on && s.Flags&^PSH == ACK && s.Wnd == p.wnd &&
		s.HeaderLen() == uint32(p.hdrLen) && s.Seq == c.rcv.nxt && s.Ack.LessEq(c.snd.nxt)
}

// segmentArrives is RFC 9293 section 3.10.7 for a connection's own states. Nobody looks at the checksum of a header that was predicted.
func (c *Conn) segmentArrives(in *Input) {
	s := &in.Seg
	c.stat.segsIn += s.Parts()
	if s.Len > 0 {
		c.stat.dataSegsIn += s.Parts()
	}
	c.arrived.ts = false
	read := c.state.in(bitSynSent) || s.Flags.Has(ACK|RST|SYN) // else it is dropped before
	if read && !c.fastPending() && (!in.BadSum || c.predicted(s)) {
		c.readOptions(s)
	}
	switch {
	case c.mini:
		c.timeWaitArrives(s, in.Listening)
	case in.BadSum && c.state != Established: // tcp_v4_do_rcv
		c.drop(rule.BadTransport)
	case c.state == Closed:
		c.drop(rule.ClosedDrop)
		c.refuse(s, rule.ClosedDrop)
	case c.state == SynSent:
		c.synSentArrives(s)
	case c.state == Established && (s.Len == 0 || !in.BadSum) && c.predicted(s) && c.fastPath(s):
	case in.BadSum:
		c.drop(rule.BadTransport)
	default:
		c.slowPath(s)
	}
}

// readOptions notes the timestamp of an established connection, of any SYN.
func (c *Conn) readOptions(s *Segment) {
	if s.Opts.Has(OptTS) && (c.opt.ts || (c.state.in(bitSynSent) && c.cfg.Timestamps != 0)) {
		c.arrived.ts, c.arrived.val, c.arrived.ecr = true, s.Opts.TSVal, s.Opts.TSEcr
		if c.arrived.ecr != 0 {
			c.arrived.ecr -= c.opt.tsOffset
		}
	}
}

// fastPath handles a predicted segment (tcp_rcv_established); false sends it
// down the slow path after all.
func (c *Conn) fastPath(s *Segment) bool {
	var flag ackFlag
	if c.opt.ts {
		if !c.arrived.ts || int32(c.arrived.val-c.opt.tsRecent) < 0 {
			return false
		}
	}
	if s.Len > 0 && s.End().Greater(c.rcv.nxt.Add(c.receiveWindow())) {
		return false
	}
	b := c.rxBufferOf(s)
	if s.Len > 0 && b.true > c.forwardAlloc() {
		return false
	}
	if c.opt.ts && c.rcv.nxt == c.rcv.wup {
		c.storeTSRecent()
	}
	c.ecnReceived(s)
	if s.Len == 0 {
		c.ackArrives(s, flag)
		c.dataSendCheck()
		c.rcv.lastEcr = c.arrived.ecr
		return true
	}
	c.measureRcvRTTByTS(s)
	c.storeSegment(s, s.Seq, b.end, rule.InOrder)
	c.queueInOrder(b)
	c.dataReceived(s, uint32(b.true))
	if s.Ack != c.snd.una {
		c.ackArrives(s, flag|flagData)
		c.dataSendCheck()
		if c.ack.pending&ackSched == 0 {
			c.dataReady(rule.InOrder)
			return true
		}
	} else {
		c.snd.wl1 = s.Seq
	}
	c.ackDecide(false)
	c.dataReady(rule.InOrder)
	return true
}

// slowPath takes the RFC's steps one by one.
func (c *Conn) slowPath(s *Segment) {
	if c.fastPending() {
		if !c.fastArrives(s) {
			return // and the request alone has looked at its options
		}
		c.readOptions(s)
	}
	if !s.Flags.Has(ACK | RST | SYN) {
		c.drop(rule.TCPFlags)
		return
	}
	if !c.validate(s) {
		return
	}
	if c.state == Established {
		c.establishedArrives(s)
	} else {
		c.otherArrives(s)
	}
}

func (c *Conn) establishedArrives(s *Segment) {
	c.ecnReceived(s)
	// Fifth, check the ACK field.
	if why := c.ackArrives(s, flagSlowPath|flagUpdateTS); why != 0 && why != rule.OldAck {
		c.drop(why)
		return
	}
	c.measureRcvRTTByTS(s)
	c.urgentArrives(s)
	c.segmentText(s)
	c.dataSendCheck()
	c.ackCheck()
}

// dataSendCheck sends what the segment has made room for (tcp_data_snd_check).
func (c *Conn) dataSendCheck() {
	c.pushPending()
	c.checkSpace()
}

// otherArrives is the fifth step on for every synchronised state but
// ESTABLISHED, and for SYN-RECEIVED (tcp_rcv_state_process).
func (c *Conn) otherArrives(s *Segment) {
	why := c.ackArrives(s, flagSlowPath|flagUpdateTS|flagNoChallenge)
	if why != 0 {
		if c.state == SynReceived {
			c.drop(why)
			c.refuse(s, rule.SynReceivedBadAck)
			return
		}
		if why != rule.OldAck {
			c.challengeAck(rule.ChallengeAckBadAck)
			c.drop(why)
			return
		}
	}
	if !c.ackMovesState(s) {
		return
	}
	c.urgentArrives(s)
	queued := c.textByState(s)
	if c.mini || c.state == Closed {
		return
	}
	c.dataSendCheck()
	c.ackCheck()
	if !queued && s.SeqLen() > 0 {
		c.drop(rule.AfterFin)
	}
}

// ackMovesState makes the changes that an ACK brings; false when the segment
// is used up by it.
func (c *Conn) ackMovesState(s *Segment) bool {
	switch c.state {
	case SynReceived:
		c.synReceivedAcked(s)
	case FinWait1:
		if c.fastPending() {
			c.fastHandshakeDone()
		}
		return c.snd.una != c.snd.write || c.finAcked(s)
	case Closing:
		if c.snd.una == c.snd.write {
			c.timeWait(TimeWait, 0, rule.FinAcked)
			return false
		}
	case LastAck:
		if c.snd.una == c.snd.write {
			c.done(rule.FinAcked)
			return false
		}
	}
	return true
}

// finAcked enters FIN-WAIT-2; an orphan shrinks to a timewait bucket there.
func (c *Conn) finAcked(s *Segment) bool {
	c.become(FinWait2, rule.FinAcked)
	c.shut |= ShutWrite
	if !c.orphan {
		c.tell(Writable, rule.FinAcked)
		return true
	}
	pastFin := s.End()
	if s.Flags.Has(FIN) {
		pastFin = pastFin.Sub(1)
	}
	if c.user.linger2 < 0 || (s.SeqLen() > 0 && pastFin.Greater(c.rcv.nxt)) {
		if s.Flags.Has(FIN) && c.user.linger2 >= 0 && c.fast(fastOption) {
			c.fastBlackhole()
		}
		c.drop(rule.AbortOnData)
		c.done(rule.AbortOnData)
		c.refuse(s, rule.AbortOnData)
		return false
	}
	switch tmo := c.finTime(); {
	case tmo > c.cfg.TimeWaitLen:
		c.armKeep(tmo - c.cfg.TimeWaitLen)
	case s.Flags.Has(FIN):
		c.armKeep(tmo)
	default:
		c.timeWait(FinWait2, tmo, rule.FinAcked)
		return false
	}
	return true
}

// textByState is the seventh step: which states still take data.
func (c *Conn) textByState(s *Segment) bool {
	switch c.state {
	case CloseWait, Closing, LastAck:
		if s.Seq.GreaterEq(c.rcv.nxt) {
			return false // nothing can follow the FIN
		}
	case FinWait1, FinWait2, Established:
	default:
		return false
	}
	if c.state != Established && c.shut&ShutRead != 0 {
		end := s.End()
		if s.Flags.Has(FIN) {
			end = end.Sub(1)
		}
		if s.SeqLen() > 0 && end.Greater(c.rcv.nxt) {
			// Nobody will read it: RFC 9293 section 3.6.1 says to reset.
			c.drop(rule.AbortOnData)
			c.resetArrives(rule.AbortOnData)
			c.refuse(s, rule.AbortOnData)
			return true
		}
	}
	c.segmentText(s)
	return true
}
