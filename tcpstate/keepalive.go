package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// keepTimer is keepalive (RFC 9293 section 3.8.4), and the end of an orphan's
// FIN-WAIT-2 (tcp_keepalive_timer).
func (c *Conn) keepTimer() {
	if c.state == FinWait2 && c.orphan {
		if rest := c.finTime() - c.cfg.TimeWaitLen; c.user.linger2 >= 0 && rest > 0 {
			c.timeWait(FinWait2, rest, rule.UserClose)
			return
		}
		c.sendReset(rule.FinWait2Timeout)
		c.done(rule.FinWait2Timeout)
		return
	}
	if !c.user.keepAlive || c.state.in(bitClosed|bitSynSent) {
		return
	}
	idle := c.keepIdle()
	if c.q.packetsOut > 0 || c.q.hasUnsent() {
		c.armKeep(idle) // it is alive without keepalive
		return
	}
	quiet := min(c.since(c.ack.lastRcv), c.since(c.stat.lastAck))
	if idle < 0 { // compared without a sign
		idle += 1 << 32 * c.cfg.Tick
	}
	if quiet < idle {
		c.armKeep(idle - quiet)
		return
	}
	u := c.userTimeout()
	if (u != 0 && quiet >= u && c.ca.probes > 0) || (u == 0 && c.ca.probes >= c.keepCount()) {
		c.sendReset(rule.KeepaliveTimeout)
		c.writeErr()
		return
	}
	c.writeWakeup(rule.KeepaliveProbe)
	c.ca.probes++
	c.armKeep(c.keepInterval())
}

// orSpan is so many seconds, or the default for 0.
func orSpan(secs uint16, def Duration) Duration {
	if secs != 0 {
		return Duration(secs) * Second
	}
	return def
}

func (c *Conn) keepIdle() Duration     { return orSpan(c.user.keepIdle, c.cfg.KeepaliveTime) }
func (c *Conn) keepInterval() Duration { return orSpan(c.user.keepIntvl, c.cfg.KeepaliveIntvl) }
func (c *Conn) keepCount() uint8 {
	if c.user.keepCnt != 0 {
		return c.user.keepCnt
	}
	return c.cfg.KeepaliveProbes
}

func (c *Conn) userTimeout() Duration { return Duration(c.user.userTimeout) * Millisecond }
