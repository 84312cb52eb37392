package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// cwndQuota is how many packets cwnd lets out, at most half of it at a time
// (tcp_cwnd_test).
func (c *Conn) cwndQuota() uint32 {
	flight := c.q.inFlight()
	if flight >= c.ca.cwnd {
		return 0
	}
	return min(max(c.ca.cwnd>>1, 1), c.ca.cwnd-flight)
}

// nagleHolds reports that a small packet must wait: corked, or a small one is
// unacknowledged already (tcp_nagle_check; RFC 9293 section 3.7.4, Minshall).
func (c *Conn) nagleHolds(partial bool, nonagle uint8) bool {
	if !partial {
		return false
	}
	small := c.snd.sml.Greater(c.snd.una) && c.snd.sml.LessEq(c.snd.nxt)
	return nonagle&nagleCork != 0 || (nonagle == 0 && c.q.packetsOut > 0 && small)
}

// nagleOK is the Nagle test for a whole buffer (tcp_nagle_test).
func (c *Conn) nagleOK(b *buffer, mss uint32, nonagle uint8) bool {
	if nonagle&naglePush != 0 || c.urgentMode() || b.flags.Has(FIN) {
		return true
	}
	return !c.nagleHolds(b.len() < mss, nonagle)
}

// pushMode is what writeXmit is asked for.
type pushMode uint8

const (
	pushAll   pushMode = iota
	pushOne            // at most one packet
	pushProbe          // one packet, cwnd or not: a tail loss probe
)

// writeXmit sends what windows, Nagle and offload allow (tcp_write_xmit). True:
// data waits, nothing is in flight, and only a probe can move things on.
func (c *Conn) writeXmit(mss uint32, nonagle uint8, mode pushMode, why rule.ID) bool {
	var sent uint32
	cwndLimited, rwndLimited := false, false
	c.q.turns.next()
	maxSegs := c.tsoSegs(mss)
	for {
		b := c.q.unsent()
		if b == nil {
			break
		}
		quota := c.cwndQuota()
		if quota == 0 {
			if mode != pushProbe {
				break
			}
			quota = 1
		}
		quota = min(quota, maxSegs)
		c.growBuffer(quota * mss)
		b = c.q.unsent()
		segs := b.setSegs(mss)
		if !c.fitsWindow(b, mss) {
			rwndLimited = true
			break
		}
		last := c.q.head == c.q.list.Len()-1
		if segs == 1 {
			n := nonagle
			if !last {
				n = naglePush
			}
			if !c.nagleOK(b, mss, n) {
				break
			}
		} else if mode == pushAll && c.deferTSO(b, last, maxSegs, &cwndLimited, &rwndLimited) {
			break
		}
		limit := mss
		if segs > 1 && !c.urgentMode() {
			limit = c.splitPoint(b, last, mss, quota, nonagle)
		}
		if b.len() > limit {
			c.split(c.q.head, limit, mss)
			b = c.q.unsent()
		}
		if !c.sendNew(b, why) {
			break
		}
		if b.len() < uint32(b.pcount)*mss {
			c.snd.sml = b.end // tcp_minshall_update; a window probe is none of Nagle's
		}
		sent += uint32(b.pcount)
		if mode != pushAll {
			break
		}
	}
	return c.afterXmit(sent, cwndLimited, rwndLimited, mode)
}

// sendNew sends the first unsent buffer and counts it (tcp_event_new_data_sent).
// False: it did not get out of the host, and stays unsent.
func (c *Conn) sendNew(b *buffer, why rule.ID) bool {
	if b.flags.Has(FIN) && b.len() == 0 {
		why = rule.FinSent
	}
	if !c.emitBuffer(b, why) {
		return false
	}
	prior := c.q.packetsOut
	c.snd.nxt = b.end
	c.q.head++
	c.q.packetsOut += uint32(b.pcount)
	if prior == 0 || c.timers.kind == xmitTLP {
		c.rearmRTO()
	}
	c.checkSpace()
	return true
}

// afterXmit settles limits and the tail loss probe after a round of sending.
func (c *Conn) afterXmit(sent uint32, cwndLimited, rwndLimited bool, mode pushMode) bool {
	if rwndLimited {
		c.startChrono(chronoRwnd)
	} else {
		c.stopChrono(chronoRwnd)
	}
	cwndLimited = cwndLimited || c.q.inFlight() >= c.ca.cwnd
	if sent > 0 || cwndLimited {
		c.validateCwnd(cwndLimited)
	}
	if sent > 0 {
		if c.ca.inReduction() {
			c.ca.prrOut += sent
		}
		if mode != pushProbe {
			c.scheduleTLP(false)
		}
		return false
	}
	return c.q.packetsOut == 0 && c.q.hasUnsent()
}

// fitsWindow: the first segment lies within the peer's window (tcp_snd_wnd_test).
func (c *Conn) fitsWindow(b *buffer, mss uint32) bool {
	end := b.end
	if b.len() > mss {
		end = b.seq.Add(mss)
	}
	return end.LessEq(c.snd.wndEnd())
}

// growBuffer fills the first unsent buffer up to want octets from the second
// (tcp_grow_skb).
func (c *Conn) growBuffer(want uint32) {
	h := c.q.head
	b := c.q.at(h)
	if b.len() >= want || b.eor || h == c.q.list.Len()-1 {
		return
	}
	next := c.q.at(h + 1)
	n := min(want-b.len(), next.len())
	if n == 0 {
		return
	}
	b.end = b.end.Add(n)
	next.seq = next.seq.Add(n)
	b.true += int32(n)
	next.true -= int32(n)
	if next.len() > 0 {
		return
	}
	b.end, b.eor = next.end, next.eor
	b.flags |= next.flags
	c.uncharge(&c.snd.queued, next.true)
	c.q.list.Remove(h + 1)
}

// splitPoint is how much of an offloaded buffer may go now (tcp_mss_split_point).
func (c *Conn) splitPoint(b *buffer, last bool, mss, segs uint32, nonagle uint8) uint32 {
	window, most := c.snd.wndEnd().Since(b.seq), mss*segs
	if most <= window && !last {
		return most
	}
	need := min(b.len(), window)
	if most <= need {
		return most
	}
	if part := need % mss; c.nagleHolds(part != 0, nonagle) {
		return need - part
	}
	return need
}

// deferTSO waits a little for a fuller packet when an ACK is near
// (tcp_tso_should_defer).
func (c *Conn) deferTSO(b *buffer, last bool, maxSegs uint32, cwndLimited, rwndLimited *bool) bool {
	// Linux has "more than" in nanoseconds, which a whole millisecond later is.
	if c.ca.state >= caRecovery || c.now.Sub(c.stat.lastXmit) >= 1*Millisecond {
		return false
	}
	window := c.snd.wndEnd().Since(b.seq)
	cong := (c.ca.cwnd - c.q.inFlight()) * c.snd.mssCache
	limit := min(window, cong)
	if limit >= maxSegs*c.snd.mssCache || (!last && limit >= b.len()) {
		return false
	}
	if d := uint32(c.cfg.TSOWinDivisor); d > 0 {
		if limit >= min(c.snd.wnd, c.ca.cwnd*c.snd.mssCache)/d {
			return false
		}
	} else if limit > 3*c.snd.mssCache {
		return false
	}
	oldest := c.q.oldest()
	if oldest == nil {
		return false
	}
	srtt := Duration(c.rtt.srtt >> 3)
	if oldest.sent.Add(srtt).Sub(c.now) > min(srtt>>1, 1*Millisecond) {
		return false // the ACK is too far off
	}
	if cong < window {
		if cong <= b.len() {
			*cwndLimited = true
			return true
		}
	} else if window <= b.len() {
		*rwndLimited = true
		return true
	}
	return !b.flags.Has(FIN) && !b.eor
}

// pushFrames sends what it can, and starts window probes when it cannot
// (__tcp_push_pending_frames).
func (c *Conn) pushFrames(mss uint32, nonagle uint8) {
	if c.state == Closed {
		return
	}
	if c.writeXmit(mss, nonagle, pushAll, rule.DataSent) && c.timers.kind == xmitNone {
		c.armXmit(xmitProbe, c.probeBase())
	}
}

// pushPending sends if there is anything unsent (tcp_push_pending_frames).
func (c *Conn) pushPending() {
	if c.q.hasUnsent() {
		c.pushFrames(c.currentMSS(), c.user.nonagle)
	}
}
