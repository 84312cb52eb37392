package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// icmpError takes an ICMP error. Nobody reads the clock for it, unless it takes
// back a doubling of the time-out (tcp_v4_err).
func (c *Conn) icmpError(in *Input, last clockLook) clockUse {
	switch {
	case in.Kind == TooBig:
		c.tooBig(in, last)
	case c.unreachable(in.Seg.Seq, in.Err, in.Hard):
		return clockRead
	}
	return clockUnread
}

// unreachable takes an ICMP error that quotes a segment of ours (tcp_v4_err;
// RFC 5461): fatal while connecting, otherwise only remembered. It reports
// whether it has read the clock.
func (c *Conn) unreachable(seq Seq, err Errno, hard bool) (looked bool) {
	if c.mini || c.state == Closed {
		return false
	}
	if !c.Quotable(seq) {
		c.drop(rule.ICMPOutOfWindow)
		return false
	}
	if !hard && !c.fastPending() && !(c.ipv6 && c.connecting()) {
		looked = c.revertBackoff(seq)
	}
	if c.connecting() {
		c.doneWithError(err, rule.ICMPFatal)
		return looked
	}
	if err == 0 {
		return looked // the user is told at once instead (IP_RECVERR)
	}
	c.soft = err
	c.tell(SoftFailed, rule.ICMPSoft).Err = err
	return looked
}

// revertBackoff takes one doubling back when a router says that it dropped a
// retransmission (tcp_ld_RTO_revert; RFC 6069). It reports whether there was one.
func (c *Conn) revertBackoff(seq Seq) bool {
	b := c.q.oldest()
	if seq != c.snd.una || c.ca.retransmits == 0 || c.rtt.backoff == 0 || b == nil {
		return false
	}
	c.rtt.backoff--
	rto := c.cfg.RTOInit
	if c.rtt.srtt > 0 {
		rto = c.baseRTO()
	}
	c.rtt.rto = min(rto<<c.rtt.backoff, c.rtoMax())
	if left := c.rtt.rto - c.tick(c.now.Sub(b.sent)); left > 0 {
		c.armXmit(xmitRTO, left)
		return true
	}
	c.clearXmit()
	c.rtoTimer()
	return true
}

// tooBig takes "fragmentation needed" (tcp_v4_mtu_reduced; RFC 1191): smaller
// segments from now on, and what was too large goes again.
func (c *Conn) tooBig(in *Input, last clockLook) {
	if c.mini || c.state == Closed {
		return
	}
	if !c.Quotable(in.Seg.Seq) {
		c.drop(rule.ICMPOutOfWindow)
		return
	}
	if c.ipv6 && in.N < 1280 {
		c.drop(rule.ICMPOutOfWindow) // no IPv6 path is that narrow (RFC 8201 section 4)
		return
	}
	if c.ipv6 && !c.Narrows(in.N) {
		return
	}
	if in.MTU == 0 { // nobody else keeps what is known of the way
		c.snd.way.now = min(c.snd.way.now, mtuOf(max(in.N, 552))) // net.ipv4.route.min_pmtu
	}
	c.lookUp() // inet_csk_update_pmtu
	if in.Err != 0 {
		c.soft = in.Err
		c.tell(SoftFailed, rule.ICMPSoft).Err = in.Err
	}
	if in.Hard || c.snd.way.known >= c.snd.mtu {
		return
	}
	c.syncMSS(c.snd.way.known.octets())
	if c.markTooLong() {
		c.atLook(last)
	}
}

// atLook sends again what is lost by a clock that nobody reads (tcp_v4_err): the
// segments have the time of the last look, their timer and what data leave behind
// (tcp_event_data_sent) jiffies of now.
func (c *Conn) atLook(last clockLook) {
	now, turn, timer, told := c.now, c.q.turns.now, c.timers.xmit, len(c.out)
	sent, pingpongs, epoch, idle := c.snd.lastSent, c.ack.pingpongs, c.ca.cubic.epoch, c.q.inFlight() == 0
	mark := timer
	if timer != never {
		mark++ // by the old clock it may be set to what it was
	}
	c.now, c.q.turns.now, c.timers.xmit = last.at, last.turn, mark
	c.retransmitUncongested(rule.PathMTURetransmit)
	c.now, c.q.turns.now = now, turn
	if c.timers.xmit != mark {
		c.armXmit(c.timers.kind, c.rtt.rto)
	} else {
		c.timers.xmit = timer
	}
	c.snd.lastSent, c.ack.pingpongs, c.ca.cubic.epoch = sent, pingpongs, epoch
	for _, o := range c.out[told:] {
		if o.Kind == Emit && o.Seg.Len > 0 {
			c.dataSent(idle)
			idle = false
		}
	}
}
