package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// validate is PAWS and the first four steps of RFC 9293 section 3.10.7.4 with
// RFC 5961's answers (tcp_validate_incoming). False: the segment is dealt with.
func (c *Conn) validate(s *Segment) bool {
	if c.arrived.ts && !c.pawsOK(1) {
		if why := c.disorderedAck(s); why != 0 && !s.Flags.Has(RST) {
			c.pawsRejected(s, why)
			return false
		}
	}
	// First, check the sequence number.
	if why := c.sequenceOK(s); why != 0 {
		c.unacceptable(s, why)
		return false
	}
	// Second, check the RST bit.
	if s.Flags.Has(RST) {
		if s.Seq == c.rcv.nxt || c.resetAfterFin(s) || c.resetAtSACK(s) {
			c.resetArrives(rule.ResetReceived)
			return false
		}
		if c.state == Established && c.stat.dataSegsIn == 0 && c.fast(fastOption) {
			c.fastBlackhole()
		}
		c.challengeAck(rule.ChallengeAckReset)
		c.drop(rule.ResetReceived)
		return false
	}
	// Fourth, check the SYN bit.
	if s.Flags.Has(SYN) {
		if c.crossedSynAck(s) {
			return true
		}
		c.synChallenge()
		return false
	}
	return true
}

// synChallenge answers a SYN on a synchronised connection (RFC 5961 section 4.2).
func (c *Conn) synChallenge() {
	c.challengeAck(rule.ChallengeAckSyn)
	c.drop(rule.InvalidSyn)
}

// crossedSynAck recognises the SYN,ACK of a simultaneous open.
func (c *Conn) crossedSynAck(s *Segment) bool {
	return c.state == SynReceived && !c.orphan && s.Flags.Has(ACK) && s.SeqLen() == 1 &&
		s.Seq.Add(1) == c.rcv.nxt && s.Ack == c.snd.nxt
}

// pawsRejected answers an old timestamp (RFC 7323 section 5.3).
func (c *Conn) pawsRejected(s *Segment, why rule.ID) {
	switch {
	case s.Flags.Has(SYN):
		c.synChallenge()
		return
	case why == rule.PAWSAck: // old ACKs are common: no answer
	case c.segLimited(s):
		c.drop(rule.AckSkipped)
	default:
		c.dupAck(s, rule.PAWSRejected)
	}
	c.drop(why)
}

// unacceptable answers a segment outside the window with an ACK, unless it is RST.
func (c *Conn) unacceptable(s *Segment, why rule.ID) {
	switch {
	case s.Flags.Has(RST):
		if c.resetAfterFin(s) {
			c.resetArrives(rule.ResetReceived)
			return
		}
	case s.Flags.Has(SYN):
		c.synChallenge()
		return
	case c.segLimited(s):
		c.drop(rule.AckSkipped)
	default:
		c.dupAck(s, rule.AckOutOfWindow)
	}
	c.drop(why)
}

// sequenceOK is the acceptability test, with controls checked against RCV.WUP
// instead of RCV.NXT (tcp_sequence). Zero means acceptable.
func (c *Conn) sequenceOK(s *Segment) rule.ID {
	end := s.End()
	if end.Less(c.rcv.wup) {
		return rule.OldSequence
	}
	limit := c.rcv.nxt.Add(c.receiveWindow())
	if !end.Greater(limit) {
		return 0
	}
	if s.Flags.Has(FIN) && !end.Sub(1).Greater(limit) {
		return 0
	}
	if s.Seq.Greater(limit) {
		return rule.InvalidSequence
	}
	if c.rq.in.Len() > 0 {
		return rule.InvalidEndSequence
	}
	return 0
}

// resetAfterFin accepts a RST just before RCV.NXT once the peer's FIN has
// come: some stacks send FIN and RST with one sequence number (tcp_reset_check).
func (c *Conn) resetAfterFin(s *Segment) bool {
	return s.Seq == c.rcv.nxt.Sub(1) && c.state.in(bitCloseWait|bitLastAck|bitClosing)
}

// resetAtSACK accepts a RST at the right edge of what we have reported.
func (c *Conn) resetAtSACK(s *Segment) bool {
	if !c.opt.sack || c.rcv.nsacks == 0 {
		return false
	}
	edge := c.rcv.sacks[0].End
	for _, r := range c.rcv.sacks[1:c.rcv.nsacks] {
		edge = maxSeq(edge, r.End)
	}
	return s.Seq == edge
}

// resetArrives ends the connection as the peer asked (tcp_reset).
func (c *Conn) resetArrives(why rule.ID) {
	err := ECONNRESET
	switch c.state {
	case SynSent:
		err = ECONNREFUSED
	case CloseWait:
		err = EPIPE
	case Closed:
		return
	}
	c.doneWithError(err, why)
}

// Times of RFC 7323 section 5.5, as tcp_paws_check has them.
const (
	pawsWrap = (1<<31 - 1) / 1_000_000 * Second // TCP_PAWS_WRAP
	pawsMSL  = 60 * Second                      // TCP_PAWS_MSL
)

// pawsOK is the PAWS test: TS.Recent may be ahead by win at most (tcp_paws_check).
func (c *Conn) pawsOK(win int32) bool {
	return int32(c.opt.tsRecent-c.arrived.val) <= win ||
		c.now.Sub(c.opt.tsRecentAt) >= pawsWrap || c.opt.tsRecent == 0
}

// disorderedAck tells whether a segment that fails PAWS is a reordered pure
// ACK, which is let through (0), and how to drop it otherwise
// (tcp_disordered_ack_check).
func (c *Conn) disorderedAck(s *Segment) rule.ID {
	if !s.Flags.Has(ACK) || s.SeqLen() != 0 {
		return rule.PAWS
	}
	if s.Seq != c.rcv.nxt {
		if s.Seq.Less(c.rcv.nxt) {
			return rule.PAWSAck
		}
		return rule.PAWS
	}
	wnd := uint32(s.Wnd) << c.opt.sndWScale
	replay := int64(c.rtt.rto) * 1200 / 1_000_000
	if s.Ack != c.snd.una || c.windowNews(s.Ack, s.Seq, wnd) ||
		int64(int32(c.opt.tsRecent-c.arrived.val)) > replay {
		return rule.PAWS
	}
	return 0
}

func (c *Conn) storeTSRecent() {
	c.opt.tsRecent, c.opt.tsRecentAt = c.arrived.val, c.now
}

// updateTSRecent takes the timestamp of a segment that covers the last ACK
// sent (RFC 7323 section 4.3; tcp_replace_ts_recent).
func (c *Conn) updateTSRecent(seq Seq) {
	if c.arrived.ts && seq.LessEq(c.rcv.wup) && c.pawsOK(0) {
		c.storeTSRecent()
	}
}
