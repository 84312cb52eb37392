package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// icmpError takes an ICMP error. If it sends nothing and sets no timer nobody has
// read the clock for it (tcp_v4_err).
func (c *Conn) icmpError(in *Input, last clockLook) {
	timers, told := c.timers, len(c.out)
	if in.Kind == TooBig {
		c.tooBig(in, last)
	} else {
		c.unreachable(in.Seg.Seq, in.Err, in.Hard)
	}
	for _, o := range c.out[told:] {
		if o.Kind == Emit {
			return
		}
	}
	if c.timers == timers {
		c.now, c.q.turns.now = last.at, last.turn
	}
}

// unreachable takes an ICMP error that quotes a segment of ours (tcp_v4_err;
// RFC 5461): fatal while connecting, otherwise only remembered.
func (c *Conn) unreachable(seq Seq, err Errno, hard bool) {
	if c.mini || c.state == Closed {
		return
	}
	if !c.Quotable(seq) {
		c.drop(rule.ICMPOutOfWindow)
		return
	}
	if !hard && !c.fastPending() && !(c.ipv6 && c.connecting()) {
		c.revertBackoff(seq)
	}
	if c.connecting() {
		c.doneWithError(err, rule.ICMPFatal)
		return
	}
	if err == 0 {
		return // the user is told at once instead (IP_RECVERR)
	}
	c.soft = err
	c.tell(SoftFailed, rule.ICMPSoft).Err = err
}

// revertBackoff takes one doubling back when a router says that it dropped a
// retransmission (tcp_ld_RTO_revert; RFC 6069).
func (c *Conn) revertBackoff(seq Seq) {
	b := c.q.oldest()
	if seq != c.snd.una || c.ca.retransmits == 0 || c.rtt.backoff == 0 || b == nil {
		return
	}
	c.rtt.backoff--
	rto := c.cfg.RTOInit
	if c.rtt.srtt > 0 {
		rto = c.baseRTO()
	}
	c.rtt.rto = min(rto<<c.rtt.backoff, c.rtoMax())
	if left := c.rtt.rto - c.tick(c.now.Sub(b.sent)); left > 0 {
		c.armXmit(xmitRTO, left)
		return
	}
	c.clearXmit()
	c.rtoTimer()
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
	c.atLook(last, c.simpleRetransmit)
}

// clockLook is when Linux last read the clock for a connection (tcp_clock_cache),
// as good as its last input.
type clockLook struct {
	at   Time
	turn uint16
}

// atLook has send send by a clock that nobody reads (tcp_v4_err): its segments
// have the time of the last look, their timer has now's.
func (c *Conn) atLook(last clockLook, send func()) {
	now, turn, timer, sent := c.now, c.q.turns.now, c.timers.xmit, c.snd.lastSent
	mark := timer
	if timer != never {
		mark++ // by the old clock it may be set to what it was
	}
	c.now, c.q.turns.now, c.timers.xmit = last.at, last.turn, mark
	send()
	c.now, c.q.turns.now = now, turn
	if c.timers.xmit != mark {
		c.armXmit(c.timers.kind, c.rtt.rto)
	} else {
		c.timers.xmit = timer
	}
	if c.snd.lastSent != sent {
		c.snd.lastSent = now
	}
}
