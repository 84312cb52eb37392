package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// FastAccept makes the connection that a SYN with a valid cookie, or one that
// needs none, stands for: at once, with the data that the SYN carries, before its
// SYN-ACK is acknowledged (tcp_fastopen_create_child). in.Seg is the SYN; the
// SYN-ACK is among the outputs. The connection counts as not accepted until
// it is Set so.
func (l *Listener) FastAccept(in Input, out []Output) (*Conn, []Output) {
	syn := &in.Seg
	r := l.request(in)
	c := Accept(l.Params, &r, syn) // whose window is taken for scaled as long as the MSS is not settled
	c.now, c.out = in.Now, out
	o := c.tell(Became, rule.FastAccepted)
	o.From, o.To = Closed, SynReceived
	c.ack.lastRcv, c.snd.lastSent = c.now, c.now
	if n := syn.HeaderLen() + syn.Len; n >= defaultMSS+uint32(c.opt.hdrLen) {
		c.ack.lastSegSize = n - uint32(c.opt.hdrLen)
	}
	// The window of a SYN is never scaled (RFC 7323 section 2.2).
	c.snd.wnd, c.snd.maxWnd = uint32(syn.Wnd), uint32(syn.Wnd)
	c.armXmit(xmitRTO, c.cfg.RTOInit)
	c.initTransfer()
	c.fo = &fastOpen{flags: fastChild, pending: true}
	c.stat.segsIn = 1
	c.takeSynData(syn)
	r.SynData = c.rcv.nxt.Since(r.IRS) - 1
	c.rcv.wup = c.rcv.nxt
	c.out = r.emitSynAck(in.Now, r.AdvMSS, &l.Reply, rule.SynAckSent, c.out)
	c.fo.req = r
	out, c.out = c.out, nil
	return c, out
}

// fastPending reports that the SYN-ACK of a connection made by a SYN is yet to
// be acknowledged (fastopen_rsk).
func (c *Conn) fastPending() bool { return c.fo != nil && c.fo.pending }

// PassiveFastOpen reports that the connection is in SYN-RECEIVED and can be
// read and written all the same (tcp_passive_fastopen).
func (c *Conn) PassiveFastOpen() bool { return c.state == SynReceived && c.fastPending() }

// fastOver lets go of the request (reqsk_fastopen_remove). reset: by a RST, which
// the listener holds against the peer for a while.
func (c *Conn) fastOver(reset bool, why rule.ID) {
	if !c.fastPending() {
		return
	}
	c.fo.pending = false
	c.fo.req = Request{}
	o := c.tell(RequestOver, why)
	if reset {
		o.N = 1
	}
}

// fastArrives is what the request has to say of a segment before the connection
// looks at it; false when that was all (tcp_check_req with fastopen). Whether
// the ACK is acceptable the connection decides: data may have been sent.
func (c *Conn) fastArrives(s *Segment) bool {
	r, l := &c.fo.req, Listener{Params: Params{Cfg: c.cfg}}
	in := Input{Now: c.now, Seg: *s}
	flags := s.Flags & (RST | SYN | ACK)
	paws, _ := r.badTimestamps(&l, s)
	switch {
	case s.Seq == r.IRS && flags == SYN && !paws:
		if r.oowLimited(&l, in) {
			c.tell(Drop, rule.RequestLimited).N = SkippedAnswer
		} else {
			c.fastSynAckAgain(rule.SynAgain)
		}
		return false
	case paws || !r.inWindow(s):
		why := rule.RequestOverWindow
		if paws {
			why = rule.RequestPAWS
		}
		if flags.Has(RST) {
			c.drop(why)
		} else {
			c.fastAck(in.Now, r.oowLimited(&l, in), why, SkippedAnswer)
		}
		return false
	}
	if s.Seq == r.IRS {
		flags &^= SYN // below the window; cut off
	}
	switch {
	case flags.Has(RST) && s.Seq != r.RcvNxt() && !c.cfg.Requests.Lax:
		c.fastAck(in.Now, r.limited(&l, in.Now), rule.RequestChallenge, SkippedChallenge) // RFC 5961 section 3.2; 6.18.y
		return false
	case flags.Has(RST):
		c.fastOver(true, rule.RequestReset)
		c.resetArrives(rule.RequestReset)
		return false
	case flags.Has(SYN):
		c.refuse(s, rule.RequestReset) // and stay: it may be an attack
		c.drop(rule.RequestReset)
		return false
	case !flags.Has(ACK):
		c.drop(rule.RequestNoAck)
		return false
	}
	return true
}

// fastAck drops a segment and answers with where the connection stands, unless
// it is limited (tcp_v4_reqsk_send_ack).
func (c *Conn) fastAck(now Time, limited bool, why rule.ID, skipped uint32) {
	if r := &c.fo.req; !limited {
		ack := r.ack(now)
		ack.Seq = c.snd.nxt
		o := c.tell(Emit, why)
		o.Seg, o.N = ack, AsAnswer
		skipped = 0
	}
	c.tell(Drop, why).N = skipped
}

// fastSynAckAgain sends the SYN-ACK again, without cookie (tcp_rtx_synack).
func (c *Conn) fastSynAckAgain(why rule.ID) {
	r := &c.fo.req
	p := Params{Cfg: c.cfg, MTU: c.snd.way.now.octets(), IPv6: c.ipv6, UserMSS: c.user.userMSS}
	c.out = r.emitSynAck(c.now, p.advMSS(), &SynAckReply{}, why, c.out)
	c.out[len(c.out)-1].Seg.ECN = c.LatestECN() // of the child's data (tcp_v4_send_synack: inet_sk(sk)->tos)
	c.stat.totalRetrans++
	if r.NumRetrans < 255 {
		r.NumRetrans++
	}
}

// fastTimer is the SYN-ACK's time-out. Nothing else is sent again before the
// SYN-ACK is acknowledged (tcp_fastopen_synack_timer).
func (c *Conn) fastTimer() {
	r := &c.fo.req
	most := uint16(c.user.synCnt)
	if most == 0 {
		most = uint16(c.cfg.SynAckRetries) + 1 // one more than for others
	}
	if uint16(r.NumTimeout) >= most {
		c.writeErr()
		return
	}
	if c.ca.retransmits == 1 {
		c.enterLoss()
	}
	c.fastSynAckAgain(rule.SynAckAgain)
	r.NumTimeout++
	c.countTimeout()
	if c.ca.retransStamp == 0 {
		c.ca.retransStamp = retransClock(c.now)
	}
	c.armXmit(xmitRTO, c.cfg.RTOInit<<min(r.NumTimeout, 31))
}

// fastHandshakeDone is called when the SYN-ACK is acknowledged
// (tcp_rcv_synrecv_state_fastopen).
func (c *Conn) fastHandshakeDone() {
	if c.ca.state == caLoss && c.q.packetsOut == 0 {
		c.tryUndoRecovery()
	}
	c.stat.endRTO(c.now)
	c.ca.retransmits = 0
	if !c.anyRetransDone() {
		c.ca.retransStamp = 0
	}
	c.fastOver(false, rule.HandshakeDone)
	c.rearmRTO() // of data sent meanwhile
}

// fastRTT samples the round trip of a SYN-ACK that went only once
// (tcp_synack_rtt_meas).
func (c *Conn) fastRTT() {
	if c.rtt.srtt != 0 {
		return
	}
	us := int64(-1)
	if c.fo.req.NumRetrans == 0 {
		us = c.now.Sub(c.fo.req.SynAckTime)
	}
	c.ackRTT(flagSynAcked, us, -1, us)
}

// errorsFrom is the first sequence number that an ICMP error may quote: the
// SYN-ACK's, while that is not acknowledged.
func (c *Conn) errorsFrom() Seq {
	if c.fastPending() {
		return c.fo.req.ISS
	}
	return c.snd.una
}

// Quotable reports whether an ICMP error about seq is about something in flight.
func (c *Conn) Quotable(seq Seq) bool { return seq.Between(c.errorsFrom(), c.snd.nxt) }

// connecting reports that an ICMP error is fatal: a handshake is under way, and
// no user has the connection yet (tcp_v4_err).
func (c *Conn) connecting() bool {
	return c.state.in(bitSynSent|bitSynReceived) && (c.awaited || !c.fastPending())
}
