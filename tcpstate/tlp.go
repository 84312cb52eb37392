package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// scheduleTLP arms the tail loss probe: two round trips after the last
// transmission, if that is before the time-out (tcp_schedule_loss_probe;
// RFC 8985 section 7).
func (c *Conn) scheduleTLP(advancing bool) bool {
	if c.fastPending() {
		return false // the timer is the SYN-ACK's
	}
	if (c.cfg.EarlyRetrans != 3 && c.cfg.EarlyRetrans != 4) || c.q.packetsOut == 0 ||
		!c.opt.sack || (c.ca.state != caOpen && c.ca.state != caCWR) {
		return false
	}
	in := c.cfg.RTOInit
	if c.rtt.srtt > 0 {
		in = Duration(c.rtt.srtt >> 2)
		if c.q.packetsOut == 1 {
			in += c.rtoMin() // the peer may delay its ACK
		} else {
			in += timeoutMin
		}
		in = c.tick(in)
	}
	left := c.rtt.rto
	if !advancing {
		left = c.rtoDelta()
	}
	if left > 0 {
		in = min(in, c.tick(left))
	}
	c.armXmit(xmitTLP, in)
	return true
}

// sendTLP sends new data or the last segment again, so that its ACK shows a
// loss at the tail (tcp_send_loss_probe).
func (c *Conn) sendTLP() {
	if !c.ca.tlpOn && c.probeTail() {
		c.ca.tlpOn, c.ca.tlpHigh = true, c.snd.nxt
		c.timers.kind = xmitNone // the time-out counts from now
	}
	c.rearmRTO()
}

func (c *Conn) probeTail() bool {
	mss := c.currentMSS()
	c.ca.tlpRetrans = false
	if b := c.q.unsent(); b != nil && c.fitsWindow(b, mss) {
		out := c.q.packetsOut
		c.writeXmit(mss, nagleOff, pushProbe, rule.TailLossProbe)
		return c.q.packetsOut > out
	}
	i := c.q.head - 1
	if i < 0 {
		return false
	}
	b := c.q.at(i)
	if n := uint32(b.pcount); n > 1 && b.len() > (n-1)*mss {
		c.split(i, (n-1)*mss, mss)
		i++
	}
	if !c.retransmitOne(i, 1, rule.TailLossProbe) {
		return false
	}
	c.ca.tlpRetrans = true
	return true
}

// tlpAck ends the probe's episode (tcp_process_tlp_ack).
func (c *Conn) tlpAck(ack Seq, flag ackFlag) {
	a := &c.ca
	if !a.tlpOn || ack.Less(a.tlpHigh) {
		return
	}
	switch {
	case !a.tlpRetrans || flag&flagDSACKTLP != 0:
		a.tlpOn = false
	case ack.Greater(a.tlpHigh):
		// Something was lost, and the probe repaired it: reduce.
		c.beginReduction()
		c.setCAState(caCWR)
		c.endReduction()
		c.keepOpen()
	case flag&(flagUnaAdvanced|flagNotDup|flagDataSacked) == 0:
		a.tlpOn = false // a plain duplicate: both arrived
	}
}
