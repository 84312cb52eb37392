package tcpstate

import "fmt"

// checkDeadlines: a timer is off or due at a moment that its interval allows; 0
// is off, so none is ever set to it.
func (c *Conn) checkDeadlines() error {
	t := &c.timers
	now := max(c.now, c.snd.lastSent) // who sends for an ICMP error reads no clock, but sets the timer by one
	for _, d := range [...]struct {
		what string
		at   Time
		most Duration // from now
	}{
		{"retransmission", t.xmit, max(c.rtoMax(), longestRTO)}, // one that is armed stays when TCP_RTO_MAX_MS falls
		{"delayed ACK", t.delack, delackMax},
		{"compressed SACK", t.compress, c.cfg.CompSACKDelay},
		{"keepalive", t.keep, 1 << 62},
		{"timewait", t.wait, 1 << 62},
	} {
		if d.at != never && (d.at < 0 || d.at.Sub(now) > d.most) {
			return fmt.Errorf("%s timer at %d, and it is %d", d.what, d.at, now)
		}
	}
	return nil
}

// checkExclusive: timers that share their memory in other stacks are never on
// together: retransmission and persist timer, keepalive and FIN-WAIT-2's, that
// and 2 MSL's. Each is on only while there is something to wait for.
func (c *Conn) checkExclusive() error {
	t := &c.timers
	flying := c.q.packetsOut > 0 || c.fastPending()
	if c.mini != (t.wait != never) {
		return fmt.Errorf("timewait bucket: %v, and its timer at %d", c.mini, t.wait)
	}
	switch {
	case c.state == TimeWait && !c.mini:
		return fmt.Errorf("no timewait bucket")
	case c.mini && !c.state.in(bitTimeWait|bitFinWait2):
		return fmt.Errorf("timewait bucket")
	case c.mini && (t.xmit != never || t.delack != never || t.keep != never || t.compress != never):
		return fmt.Errorf("timewait bucket with a timer of a connection")
	case !c.live():
		return nil
	case t.kind == xmitProbe && (flying || !c.q.hasUnsent()):
		return fmt.Errorf("persist timer with %d packets in flight, data waits: %v", c.q.packetsOut, c.q.hasUnsent())
	case t.kind != xmitProbe && t.xmit != never && !flying && !c.FastDeferred():
		// A deferred open has no SYN out, and a wrong ACK sets the timer all the
		// same, which then finds nothing (tcp_rcv_synsent_state_process).
		return fmt.Errorf("retransmission timer of kind %d and nothing in flight", t.kind)
	case c.q.hasUnsent() && t.xmit == never:
		return fmt.Errorf("data waits, nothing is in flight and no timer is armed")
	case t.keep != never && !c.user.keepAlive && !(c.orphan && c.state == FinWait2):
		return fmt.Errorf("keepalive timer that nobody asked for")
	}
	return c.checkOwedAck()
}

// checkOwedAck: whoever was sent data has an ACK, or a timer that will send one,
// and no timer runs without.
func (c *Conn) checkOwedAck() error {
	a, t := &c.ack, &c.timers
	switch {
	case (a.pending&ackTimer != 0) != (t.delack != never):
		return fmt.Errorf("delayed ACK: pending %b, its timer at %d", a.pending, t.delack)
	case a.pending&ackTimer != 0 && a.pending&ackSched == 0:
		return fmt.Errorf("timer for an ACK that nobody is owed")
	case a.pending&(ackSched|ackOnRelease) == ackSched && t.delack == never && t.compress == never:
		return fmt.Errorf("an ACK is owed and no timer will send it")
	case (a.compressed > 0) != (t.compress != never):
		return fmt.Errorf("%d SACKs held back, their timer at %d", a.compressed, t.compress)
	}
	return nil
}
