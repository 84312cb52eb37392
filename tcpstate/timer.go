package tcpstate

import (
	"math/bits"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// xmitTimer fires the retransmission timer (tcp_write_timer_handler).
func (c *Conn) xmitTimer() {
	kind := c.timers.kind
	if kind == xmitRTO || kind == xmitProbe {
		c.timers.kind = xmitNone
	}
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
	b := c.q.oldest()
	if c.q.packetsOut == 0 || b == nil {
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
	c.stat.countRTO(c.ca.retransmits == 0, c.now)
	c.ca.retransmits = uint8(min(uint16(c.ca.retransmits)+1, 255))
	why := rule.RTORetransmit
	if c.state == SynSent {
		why = rule.SynRetransmit
	}
	c.retransmit(0, 1, why)
	c.nextRTO()
}

// nextRTO backs off and re-arms: SYNs go a few times at even distance first
// (sysctl tcp_syn_linear_timeouts), then everything doubles.
func (c *Conn) nextRTO() {
	switch {
	case c.state == Established && c.cfg.ThinLinear && c.thin() && c.ca.retransmits <= 6:
		c.rtt.backoff = 0
		c.rtt.rto = min(max(c.baseRTO(), c.cfg.RTOMin), c.cfg.RTOMax)
	case c.state != SynSent || c.stat.totalRTO > uint16(c.cfg.SynLinearTimeouts):
		c.rtt.backoff++
		c.rtt.rto = min(c.rtt.rto<<1, c.cfg.RTOMax)
	}
	c.armXmit(xmitRTO, c.clampToUserTimeout())
}

func (c *Conn) thin() bool { return c.q.packetsOut < 4 && c.ca.ssthresh < infiniteSSThresh }

// sinceRetrans is the time since the episode's first retransmission, as the
// timestamp clock shows it.
func (c *Conn) sinceRetrans() Duration {
	return Duration(int32(tsClock(c.now)-c.ca.retransStamp)) * Millisecond
}

// clampToUserTimeout brings the time-out forward to TCP_USER_TIMEOUT
// (tcp_clamp_rto_to_user_timeout).
func (c *Conn) clampToUserTimeout() Duration {
	if c.user.userTimeout == 0 {
		return c.rtt.rto
	}
	left := c.userTimeout() - c.sinceRetrans()
	if left <= 0 {
		return max(c.cfg.Tick, 1)
	}
	return min(c.rtt.rto, left)
}

// shrunkTooLong ends a connection whose peer neither opens its window nor
// answers (tcp_rtx_probe0_timed_out).
func (c *Conn) shrunkTooLong(b *buffer) bool {
	stamp := c.ca.retransStamp
	if stamp == 0 {
		stamp = retransClock(b.sent)
	}
	since := Duration(int32(tsClock(c.now)-stamp)) * Millisecond
	limit := 2 * c.cfg.RTOMax
	if u := c.userTimeout(); u > 0 {
		if since > u {
			return true
		}
		limit = min(limit, u)
	}
	return c.now.Sub(c.stat.lastAck) > limit && since > limit
}

// writeErr gives up (tcp_write_err).
func (c *Conn) writeErr() {
	err := c.soft
	if err == 0 {
		err = ETIMEDOUT
	}
	c.doneWithError(err, rule.RetriesExhausted)
}

// writeTimedOut counts a time-out and gives up when there were too many
// (tcp_write_timeout; R2 of RFC 9293 section 3.8.3).
func (c *Conn) writeTimedOut() bool {
	retries := c.cfg.Retries2
	expired := false
	if c.state.in(bitSynSent | bitSynReceived) {
		retries = c.user.synCnt
		if retries == 0 {
			retries = c.cfg.SynRetries
		}
		most := uint16(retries)
		if c.state == SynSent {
			most += uint16(c.cfg.SynLinearTimeouts)
		}
		expired = uint16(c.ca.retransmits) >= most
	} else if c.orphan {
		retries = c.orphanRetries(c.rtt.rto < c.cfg.RTOMax)
	}
	if !expired {
		expired = c.timedOut(retries, c.userTimeout())
	}
	if expired {
		c.writeErr()
	}
	return expired
}

// orphanRetries bounds the tries for a socket that nobody holds (tcp_orphan_retries).
func (c *Conn) orphanRetries(alive bool) uint8 {
	n := c.cfg.OrphanRetries
	if c.soft != 0 && !alive {
		n = 0
	}
	if n == 0 && alive {
		return 8
	}
	return n
}

// timedOut turns a count of tries into a time: as long as so many doublings
// of the least time-out take (retransmits_timed_out).
func (c *Conn) timedOut(tries uint8, limit Duration) bool {
	if c.ca.retransmits == 0 {
		return false
	}
	if limit == 0 {
		base := 200 * Millisecond // TCP_RTO_MIN, whatever the sysctl says
		if c.state.in(bitSynSent | bitSynReceived) {
			base = c.cfg.RTOInit
		}
		limit = modelTimeout(tries, base, c.cfg.RTOMax)
	}
	return c.sinceRetrans() >= limit
}

// modelTimeout is the sum of tries+1 time-outs that double up to most
// (tcp_model_timeout).
func modelTimeout(tries uint8, base, most Duration) Duration {
	doublings := uint8(bits.Len64(uint64(max(most/base, 1))) - 1)
	if tries <= doublings {
		return (2<<tries - 1) * base
	}
	return (2<<doublings-1)*base + Duration(tries-doublings)*most
}

// probeTimer probes a closed window (tcp_probe_timer; RFC 9293 section 3.8.6.1).
func (c *Conn) probeTimer() {
	if c.q.packetsOut > 0 || !c.q.hasUnsent() {
		c.ca.probes, c.ca.probesSince = 0, never
		return
	}
	most := c.cfg.Retries2
	if c.ca.probesSince == never {
		c.ca.probesSince = c.now
	} else if u := c.userTimeout(); u > 0 && c.now.Sub(c.ca.probesSince) >= u {
		c.writeErr()
		return
	}
	if c.orphan {
		alive := c.rtt.rto<<min(c.rtt.backoff, 30) < c.cfg.RTOMax
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

// probeWhen is the distance of window probes (tcp_probe0_when).
func (c *Conn) probeWhen() Duration {
	const doublings = 10 // ilog2(TCP_RTO_MAX / TCP_RTO_MIN) + 1
	return min(max(c.rtt.rto, c.cfg.RTOMin)<<min(c.rtt.backoff, doublings), c.cfg.RTOMax)
}

// probeClamp is tcp_clamp_probe0_to_user_timeout.
func (c *Conn) probeClamp(in Duration) Duration {
	u := c.userTimeout()
	if u == 0 || c.ca.probesSince == never {
		return in
	}
	return min(in, max(u-c.now.Sub(c.ca.probesSince), 2*c.cfg.Tick))
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
	if room < b.end.Since(b.seq) || b.len() > mss {
		c.split(c.q.head, min(room, mss, b.len()), mss)
		b = c.q.unsent()
	} else if b.pcount == 0 {
		b.setSegs(mss)
	}
	b.flags |= PSH
	c.sendNew(b, mss, why)
}

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
	quiet := min(c.now.Sub(c.ack.lastRcv), c.now.Sub(c.stat.lastAck))
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

// orSpan is ms milliseconds, or the default for 0.
func orSpan(ms uint32, def Duration) Duration {
	if ms != 0 {
		return Duration(ms) * Millisecond
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
