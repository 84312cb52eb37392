package tcpstate

// fastRetransAlert is Linux's congestion state machine (tcp_fastretrans_alert),
// run for every dubious ACK: it decides what is lost and which state follows;
// it sends nothing.
func (c *Conn) fastRetransAlert(dups uint32, r *ackRun) {
	a := &c.ca
	ece := r.flag&flagECE != 0
	if ece {
		a.priorSS = 0 // the reduction is required: no undoing it
	}
	if c.sackReneging(r) {
		return
	}
	if a.state == caOpen {
		a.retransStamp = 0
	} else if c.snd.una.GreaterEq(a.highSeq) && c.episodeOver() {
		return
	}
	switch a.state {
	case caRecovery:
		if c.inRecovery(dups, r, ece) {
			return
		}
	case caLoss:
		c.processLoss(r, dups)
		if a.state != caLoss {
			c.stat.endRTO(c.now)
		}
		c.identifyLoss(r)
		if a.state != caOpen && r.flag&flagLostRetrans == 0 {
			return
		}
		if c.inOpen(dups, r, ece) {
			return
		}
	default:
		if c.inOpen(dups, r, ece) {
			return
		}
	}
	r.rexmit = rexmitLost
}

// episodeOver leaves CWR or Recovery once its end is acknowledged; true when
// there is nothing more to do.
func (c *Conn) episodeOver() bool {
	a := &c.ca
	switch a.state {
	case caCWR:
		if c.snd.una != a.highSeq { // something above must be acknowledged
			c.endReduction()
			c.setCAState(caOpen)
		}
	case caRecovery:
		if !c.opt.sack {
			c.q.sackedOut = 0
		}
		if c.tryUndoRecovery() {
			return true
		}
		c.endReduction()
	}
	return false
}

// inRecovery handles an ACK during fast recovery; true: nothing to retransmit.
func (c *Conn) inRecovery(dups uint32, r *ackRun, ece bool) bool {
	if r.flag&flagUnaAdvanced == 0 {
		if !c.opt.sack {
			c.addRenoSACK(dups, ece)
		}
	} else if c.tryUndoPartial(r.priorUna) {
		return true
	}
	if c.tryUndoDSACK() {
		c.tryOpen(r.flag)
	}
	c.identifyLoss(r)
	if c.ca.state != caRecovery {
		if c.q.lostOut == 0 {
			return true
		}
		c.enterRecovery(ece)
	}
	return false
}

// inOpen handles an ACK outside recovery; true when none begins.
func (c *Conn) inOpen(dups uint32, r *ackRun, ece bool) bool {
	if !c.opt.sack {
		if r.flag&flagUnaAdvanced != 0 {
			c.q.sackedOut = 0
		}
		c.addRenoSACK(dups, ece)
	}
	if c.ca.state <= caDisorder {
		c.tryUndoDSACK()
	}
	c.identifyLoss(r)
	if c.q.lostOut == 0 {
		c.tryOpen(r.flag)
		return true
	}
	c.enterRecovery(ece)
	return false
}

// identifyLoss marks what is lost (tcp_identify_packet_loss).
func (c *Conn) identifyLoss(r *ackRun) {
	if c.q.head == 0 {
		return
	}
	if !c.opt.sack {
		c.newRenoMarkLost(r.flag&flagUnaAdvanced != 0)
		return
	}
	prior := c.q.retransOut
	if c.rackMarkLost() {
		r.flag &^= flagSetTimer
	}
	if prior > c.q.retransOut {
		r.flag |= flagLostRetrans
	}
}

// sackReneging gives a peer that seems to have thrown SACKed data away a
// little time to prove otherwise (tcp_check_sack_reneging).
func (c *Conn) sackReneging(r *ackRun) bool {
	if r.flag&flagReneging == 0 || r.flag&flagUnaAdvanced == 0 {
		return false
	}
	c.armXmit(xmitRTO, max(c.tick(Duration(c.rtt.srtt>>4)), 10*Millisecond))
	r.flag &^= flagSetTimer
	return true
}

// anyRetransDone: something of what is in flight was retransmitted
// (tcp_any_retrans_done).
func (c *Conn) anyRetransDone() bool {
	if c.q.retransOut > 0 {
		return true
	}
	b := c.q.oldest()
	return b != nil && b.tags&tagEverRetrans != 0
}

// tryOpen goes back to Open or Disorder (tcp_try_to_open).
func (c *Conn) tryOpen(flag ackFlag) {
	if !c.anyRetransDone() {
		c.ca.retransStamp = 0
	}
	if flag&flagECE != 0 {
		c.enterCWR()
	}
	if c.ca.state != caCWR {
		c.keepOpen()
	}
}

func (c *Conn) keepOpen() {
	s := caOpen
	if c.q.leftOut() > 0 || c.anyRetransDone() {
		s = caDisorder
	}
	if c.ca.state != s {
		c.setCAState(s)
		c.ca.highSeq = c.snd.nxt
	}
}

// enterRecovery begins fast recovery (tcp_enter_recovery; RFC 6675 section 5).
func (c *Conn) enterRecovery(ece bool) {
	a := &c.ca
	if !c.anyRetransDone() {
		a.retransStamp = 0
	}
	a.priorSS = 0
	c.initUndo()
	if !a.inReduction() {
		if !ece {
			a.priorSS = a.currentSSThresh()
		}
		c.beginReduction()
	}
	c.setCAState(caRecovery)
}
