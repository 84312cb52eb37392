package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// xmitTimer fires the retransmission timer (tcp_write_timer_handler).
func (c *Conn) xmitTimer() {
	kind := c.timers.kind
	c.timers.xmit = never
	switch kind {
	case xmitReo:
		c.reoTimer()
	case xmitTLP:
		c.sendTLP()
	case xmitRTO:
		c.rtoTimer()
	case xmitProbe:
		c.probeTimer()
	}
	if c.timers.xmit == never {
		c.timers.kind = xmitNone
	}
}

// rtoTimer is the retransmission time-out (tcp_retransmit_timer; RFC 6298
// section 5).
func (c *Conn) rtoTimer() {
	if c.fastPending() {
		c.fastTimer()
		return
	}
	b := c.q.oldest()
	if b == nil {
		return
	}
	if c.snd.wnd == 0 && !c.orphan && !c.state.in(bitSynSent|bitSynReceived) {
		// The peer pulled its window back: each time-out is a window probe.
		if c.shrunkTooLong(b) {
			c.writeErr()
			return
		}
		c.enterLoss()
		c.retransmit(0, 1, rule.ShrunkWindowProbe)
		c.nextRTO()
		return
	}
	if c.writeTimedOut() {
		return
	}
	c.enterLoss()
	c.countTimeout()
	why := rule.RTORetransmit
	if c.state == SynSent {
		why = rule.SynRetransmit
	}
	c.retransmit(0, 1, why)
	c.nextRTO()
}

// countTimeout is tcp_update_rto_stats.
func (c *Conn) countTimeout() {
	c.stat.countRTO(c.ca.retransmits == 0, c.now)
	c.ca.retransmits++ // icsk_retransmits is as small, and goes round
}

// nextRTO backs off and re-arms: SYNs go a few times at even distance first
// (sysctl tcp_syn_linear_timeouts), then everything doubles.
func (c *Conn) nextRTO() {
	switch {
	case c.state == Established && (c.user.thin || c.cfg.ThinLinear) && c.thin() && c.ca.retransmits <= 6:
		c.rtt.backoff = 0
		c.rtt.rto = min(max(c.baseRTO(), c.rtoMin()), c.rtoMax())
	case c.state != SynSent || c.stat.totalRTO > uint16(c.cfg.SynLinearTimeouts):
		c.rtt.backoff++
		c.rtt.rto = min(c.rtt.rto<<1, c.rtoMax())
	}
	c.armXmit(xmitRTO, c.clampToUserTimeout())
}

func (c *Conn) thin() bool { return c.q.packetsOut < 4 && c.ca.ssthresh < infiniteSSThresh }

// sinceRetrans is the time since the episode's first retransmission, in
// milliseconds of the timestamp clock, which goes round.
func (c *Conn) sinceRetrans() uint32 { return tsClock(c.now) - c.ca.retransStamp }

// clampToUserTimeout brings the time-out forward to TCP_USER_TIMEOUT
// (tcp_clamp_rto_to_user_timeout).
func (c *Conn) clampToUserTimeout() Duration {
	if c.user.userTimeout == 0 {
		return c.rtt.rto
	}
	left := int32(c.user.userTimeout - c.sinceRetrans())
	if left <= 0 {
		return max(c.cfg.Tick, 1)
	}
	return min(c.rtt.rto, Duration(left)*Millisecond)
}
