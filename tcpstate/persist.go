package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// probeTimer probes a closed window (tcp_probe_timer; RFC 9293 section 3.8.6.1).
func (c *Conn) probeTimer() {
	if c.q.packetsOut > 0 || !c.q.hasUnsent() {
		c.ca.probes, c.ca.probesSince = 0, never
		return
	}
	most := c.cfg.Retries2
	if c.ca.probesSince == never {
		c.ca.probesSince = c.now
	} else if u := c.userTimeout(); u > 0 && c.since(c.ca.probesSince) >= u {
		c.writeErr()
		return
	}
	if c.orphan {
		// x86 shifts by as many as are left of 64 (inet_csk_rto_backoff).
		alive := uint64(c.rtt.rto/c.cfg.Tick)<<(c.rtt.backoff&63) < uint64(c.rtoMax()/c.cfg.Tick)
		most = c.orphanRetries(alive)
		if !alive && c.rtt.backoff >= most {
			c.writeErr()
			return
		}
	}
	if c.ca.probes >= most {
		c.writeErr()
		return
	}
	c.sendProbe()
}

// sendProbe sends what fits, or an empty segment below SND.UNA (tcp_send_probe0).
func (c *Conn) sendProbe() {
	c.writeWakeup(rule.ZeroWindowProbe)
	if c.q.packetsOut > 0 || !c.q.hasUnsent() {
		c.ca.probes, c.rtt.backoff, c.ca.probesSince = 0, 0, never
		return
	}
	c.ca.probes++
	if c.rtt.backoff < c.cfg.Retries2 {
		c.rtt.backoff++
	}
	c.armXmit(xmitProbe, c.probeClamp(c.probeWhen()))
}

// probeBase is the wait for the first window probe (tcp_probe0_base): unlike
// time-outs, never below TCP_RTO_MIN, whatever the sysctl says.
func (c *Conn) probeBase() Duration { return max(c.rtt.rto, leastRTO) }

// probeWhen is the distance of window probes (tcp_probe0_when).
func (c *Conn) probeWhen() Duration {
	const doublings = 10 // ilog2(TCP_RTO_MAX / TCP_RTO_MIN) + 1
	return min(c.probeBase()<<min(c.rtt.backoff, doublings), c.rtoMax())
}

// probeClamp is tcp_clamp_probe0_to_user_timeout.
func (c *Conn) probeClamp(in Duration) Duration {
	u := c.userTimeout()
	if u == 0 || c.ca.probesSince == never {
		return in
	}
	return min(in, max(u-c.since(c.ca.probesSince), 2*c.cfg.Tick))
}

// writeWakeup makes the peer speak: by data if its window allows any, else by
// an old sequence number (tcp_write_wakeup).
func (c *Conn) writeWakeup(why rule.ID) {
	b := c.q.unsent()
	if b == nil || !b.seq.Less(c.snd.wndEnd()) {
		if c.snd.up.Between(c.snd.una.Add(1), c.snd.una.Add(0xFFFF)) {
			c.emit(c.snd.una, 0, ACK, 1, rule.UrgentProbe)
		}
		c.emit(c.snd.una.Sub(1), 0, ACK, 1, why)
		return
	}
	mss, room := c.currentMSS(), c.snd.wndEnd().Since(b.seq)
	if c.snd.pushed.Less(b.end) {
		c.snd.pushed = b.end
	}
	b.flags |= PSH // what is cut off keeps it too
	if room < b.end.Since(b.seq) || b.len() > mss {
		c.split(c.q.head, min(room, mss, b.len()), mss)
		b = c.q.unsent()
	} else if b.pcount == 0 {
		b.setSegs(mss)
	}
	b.flags |= PSH
	c.sendNew(b, why)
}
