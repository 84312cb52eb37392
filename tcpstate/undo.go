package tcpstate

// initUndo remembers where to go back to should the loss be no loss (tcp_init_undo).
func (c *Conn) initUndo() {
	a := &c.ca
	a.undoOn, a.undoMarker = true, c.snd.una
	a.undoRetrans = int32(c.q.retransOut)
	if a.tlpOn && a.tlpRetrans {
		a.undoRetrans++
	}
	if a.undoRetrans == 0 {
		a.undoRetrans = -1 // 0 would mean "undo now"
	}
}

// packetDelayed: what came was the original, not a retransmission
// (tcp_packet_delayed; Eifel, RFC 3522).
func (c *Conn) packetDelayed() bool {
	if c.ca.retransStamp != 0 {
		return c.ecrBefore(c.ca.retransStamp)
	}
	if !c.opt.sack && c.snd.una.GreaterEq(c.ca.highSeq) {
		return false
	}
	return c.state != SynSent
}

func (c *Conn) mayUndo() bool {
	return c.ca.undoOn && (c.ca.undoRetrans == 0 || c.packetDelayed())
}

// undoReduction restores the window (tcp_undo_cwnd_reduction).
func (c *Conn) undoReduction(unmark bool) {
	a := &c.ca
	if unmark {
		for i := range c.q.head {
			c.q.at(i).tags &^= tagLost
		}
		c.q.lostOut, c.q.hasHint = 0, false
	}
	if a.priorSS != 0 {
		a.cwnd = max(a.cwnd, a.priorCwnd)
		if a.priorSS > a.ssthresh {
			a.ssthresh = a.priorSS
			c.ecn.queueCWR = false
		}
	}
	a.stamp = c.now
	a.undoOn = false
	c.rack.advanced = true
}

// renoHold keeps a connection without SACK from a second fast retransmit for
// the same window (tcp_is_non_sack_preventing_reopen; RFC 6582 section 3.2).
func (c *Conn) renoHold() bool {
	if c.snd.una != c.ca.highSeq || c.opt.sack {
		return false
	}
	if !c.anyRetransDone() {
		c.ca.retransStamp = 0
	}
	return true
}

func (c *Conn) tryUndoRecovery() bool {
	if c.mayUndo() {
		c.undoReduction(false)
	} else if c.rack.persist > 0 {
		c.rack.persist--
	}
	if c.renoHold() {
		return true
	}
	c.setCAState(caOpen)
	c.ca.reneg = false
	return false
}

// tryUndoDSACK undoes when D-SACKs account for every retransmission.
func (c *Conn) tryUndoDSACK() bool {
	if !c.ca.undoOn || c.ca.undoRetrans != 0 {
		return false
	}
	c.rack.persist = min(rackPersist, c.rack.persist+1)
	c.undoReduction(false)
	return true
}

// tryUndoPartial undoes at a partial ACK that an original brought.
func (c *Conn) tryUndoPartial(priorUna Seq) bool {
	if !c.ca.undoOn || !c.packetDelayed() {
		return false
	}
	c.checkReordering(priorUna)
	if c.q.retransOut > 0 {
		return true
	}
	if !c.anyRetransDone() {
		c.ca.retransStamp = 0
	}
	c.undoReduction(true)
	c.keepOpen()
	return false
}

func (c *Conn) tryUndoLoss(frto bool) bool {
	if !frto && !c.mayUndo() {
		return false
	}
	c.undoReduction(true)
	c.ca.retransmits = 0
	if c.renoHold() {
		return true
	}
	if frto || c.opt.sack {
		c.setCAState(caOpen)
		c.ca.reneg = false
	}
	return true
}
