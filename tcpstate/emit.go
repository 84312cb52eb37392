package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// emit sends one segment (__tcp_transmit_skb): options, window and urgent
// pointer are chosen now, and what an ACK or data imply is noted.
func (c *Conn) emit(seq Seq, n uint32, flags Flags, segs uint32, why rule.ID) {
	c.transmit(seq, n, flags, segs, 0, why)
}

// transmit is emit of a segment that goes in parts of mss octets, if that is not
// 0. False: it does not get out of the host.
func (c *Conn) transmit(seq Seq, n uint32, flags Flags, segs, mss uint32, why rule.ID) bool {
	o := c.tell(Emit, why)
	s := &o.Seg
	s.Seq, s.Len, s.Flags = seq, n, flags
	if flags.Has(SYN) {
		c.synOptions(&s.Opts)
	} else {
		c.dataOptions(&s.Opts)
	}
	if flags.Has(ACK) {
		s.Ack = c.rcv.nxt
	}
	c.markUrgent(s)
	if flags.Has(SYN) {
		// The window of a SYN is never scaled (RFC 7323 section 2.2).
		s.Wnd = uint16(min(c.rcv.wnd, 65535))
	} else {
		s.Wnd = c.selectWindow()
		c.ecnSend(s)
	}
	s.ECN = c.LatestECN()
	if flags.Has(ACK) {
		c.ackSent()
	}
	if n > 0 {
		c.dataSent(c.q.inFlight() == 0)
		c.stat.dataSegsOut += segs
		c.stat.bytesSent += uint64(n)
	}
	c.stat.segsOut += segs
	c.stat.lastXmit = c.now // tcp_wstamp_ns: of whatever segment
	return c.leaves(n, mss)
}

// emitBuffer sends buffer b, for the first time or again. What has no way out,
// for which it returns false, counts as sent all the same, but not for loss
// detection or the rate.
func (c *Conn) emitBuffer(b *buffer, why rule.ID) bool {
	b.sent, b.turn = c.now, c.q.turns.now
	flags := b.flags
	if b.pcount > 1 {
		flags |= PSH // all offloaded packets push, for the receiver's GRO
	}
	if !flags.Has(SYN) || c.state == SynReceived {
		flags |= ACK
	}
	at := len(c.out)
	left := c.transmit(b.seq, b.len(), flags, uint32(b.pcount), uint32(b.mss), why)
	c.out[at].Cost = b.true
	if !left {
		return false
	}
	b.tags &^= tagUnwatched // tcp_update_skb_after_send
	c.rateSent(b)
	return true
}

// dataSent notes that data went out (tcp_event_data_sent): a reply soon after
// data came makes the connection interactive (ping-pong). idle: nothing else was
// in flight.
func (c *Conn) dataSent(idle bool) {
	if idle {
		c.cubicTxStart()
	}
	c.snd.lastSent = c.now
	if c.ack.lastRcv != never && c.since(c.ack.lastRcv) < c.ack.ato && c.ack.pingpongs < 255 {
		c.ack.pingpongs++
	}
}

// ackSent notes that an ACK went out (tcp_event_ack_sent).
func (c *Conn) ackSent() {
	c.ack.compressed = 0
	c.timers.compress = never
	if c.ack.quick > 0 { // tcp_dec_quickack_mode
		if c.ack.pending&ackSched != 0 {
			c.ack.quick--
			if c.ack.quick == 0 {
				c.ack.ato = atoMin
			}
		}
	}
	c.ack.pending &= ackOnRelease // that another may come to need
	c.timers.delack = never
}

// synOptions are those of SYN, and of SYN,ACK in a simultaneous open
// (tcp_syn_options).
func (c *Conn) synOptions(o *Options) {
	// The path may have become narrower since (tcp_advertise_mss).
	p := Params{Cfg: c.cfg, MTU: c.snd.way.known.octets(), IPv6: c.ipv6}
	c.opt.advMSS = min(c.opt.advMSS, uint32(p.advMSS()))
	o.Set |= OptMSS
	o.MSS = uint16(c.opt.advMSS)
	if c.cfg.Timestamps != 0 {
		c.stampOption(o)
	}
	if c.cfg.WindowScaling {
		o.Set |= OptWScale
		o.WScale = c.opt.rcvWScale
	}
	if c.cfg.SACK {
		o.Set |= OptSACKOK
	}
	c.fastOpenOption(o)
}

// dataOptions are those of every later segment (tcp_established_options).
func (c *Conn) dataOptions(o *Options) {
	room := uint32(40)
	if c.opt.ts {
		c.stampOption(o)
		room -= lenTS
	}
	if !c.rcv.dsack && c.rcv.nsacks == 0 {
		return
	}
	o.Set |= OptSACK
	limit := min(uint8((room-lenSACK)/8), MaxSACK)
	if c.rcv.dsack {
		o.SACK[0] = c.rcv.dup
		o.NSACK = 1
	}
	for i := uint8(0); i < c.rcv.nsacks && o.NSACK < limit; i++ {
		o.SACK[o.NSACK] = c.rcv.sacks[i]
		o.NSACK++
	}
	c.rcv.dsack = false // a D-SACK is reported once (RFC 2883 section 4)
}

func (c *Conn) stampOption(o *Options) {
	o.Set |= OptTS
	o.TSVal = tsClock(c.now) + c.opt.tsOffset
	o.TSEcr = c.opt.tsRecent
}

// acceptableSeq is the sequence number of a segment without data
// (tcp_acceptable_seq): SND.NXT, unless the peer's window was pulled back.
func (c *Conn) acceptableSeq() Seq {
	end := c.snd.wndEnd()
	if end.GreaterEq(c.snd.nxt) ||
		(c.opt.wscale && c.snd.nxt.Since(end) < 1<<c.opt.rcvWScale) {
		return c.snd.nxt
	}
	return end
}

// sendAck sends a pure ACK (tcp_send_ack).
func (c *Conn) sendAck(why rule.ID) {
	if c.state == Closed {
		return
	}
	c.emit(c.acceptableSeq(), 0, ACK, 1, why)
}

// sendReset tells the peer that the connection is gone (tcp_send_active_reset).
func (c *Conn) sendReset(why rule.ID) { c.emit(c.acceptableSeq(), 0, RST|ACK, 1, why) }

// refuse answers the segment under way with RST, as if there were no
// connection (tcp_v4_send_reset).
func (c *Conn) refuse(s *Segment, why rule.ID) {
	if rst, ok := ResetFor(s); ok {
		o := c.tell(Emit, why)
		o.Seg, o.N = rst, AsAnswer
	}
}
