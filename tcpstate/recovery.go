package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// fastRetransAlert is Linux's congestion state machine (tcp_fastretrans_alert),
// run for every dubious ACK: it decides what is lost and which state follows;
// it sends nothing.
func (c *Conn) fastRetransAlert(dups uint32, r *ackRun) {
	a := &c.ca
	ece := r.flag&flagECE != 0
	if c.q.packetsOut == 0 && c.q.sackedOut > 0 {
		c.q.sackedOut = 0
	}
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

// processLoss handles an ACK after a time-out (tcp_process_loss), with F-RTO
// (RFC 5682 section 3.1).
func (c *Conn) processLoss(r *ackRun, dups uint32) {
	a := &c.ca
	recovered := c.snd.una.GreaterEq(a.highSeq)
	if r.flag&flagUnaAdvanced != 0 && c.tryUndoLoss(false) {
		return
	}
	if a.frto && c.frtoStep(r, dups, recovered) {
		return
	}
	if recovered {
		c.tryUndoRecovery()
		return
	}
	if !c.opt.sack {
		if c.snd.nxt.Greater(a.highSeq) && dups > 0 {
			c.addRenoSACK(dups, r.flag&flagECE != 0)
		} else if r.flag&flagUnaAdvanced != 0 {
			c.q.sackedOut = 0
		}
	}
	r.rexmit = rexmitLost
}

// frtoStep tells a spurious time-out from a real one; true when it decided.
func (c *Conn) frtoStep(r *ackRun, dups uint32, recovered bool) bool {
	a := &c.ca
	if r.flag&flagOrigSackAcked != 0 && c.tryUndoLoss(true) {
		return true
	}
	if c.snd.nxt.Greater(a.highSeq) {
		if r.flag&flagDataSacked != 0 || dups > 0 {
			a.frto = false // step 3.a: the loss was real
		}
	} else if r.flag&flagUnaAdvanced != 0 && !recovered {
		a.highSeq = c.snd.nxt
		if c.q.hasUnsent() && c.snd.wndEnd().Greater(c.snd.nxt) {
			r.rexmit = rexmitNew // step 2.b: try new data
			return true
		}
		a.frto = false
	}
	return false
}

// enterLoss is what a time-out does to the window (tcp_enter_loss).
func (c *Conn) enterLoss() {
	a := &c.ca
	fresh := a.state < caRecovery
	c.markAllLost()
	if a.state <= caDisorder || !a.highSeq.Greater(c.snd.una) ||
		(a.state == caLoss && a.retransmits == 0) {
		a.priorSS, a.priorCwnd = a.currentSSThresh(), a.cwnd
		a.ssthresh = c.newSSThresh()
		c.initUndo()
	}
	a.cwnd = c.q.inFlight() + 1
	a.cwndCnt, a.stamp = 0, c.now
	if a.state <= caDisorder && c.q.sackedOut >= c.cfg.Reordering {
		a.reordering = min(a.reordering, c.cfg.Reordering)
	}
	c.setCAState(caLoss)
	a.highSeq = c.snd.nxt
	a.tlpOn = false
	c.ecnQueueCWR()
	a.frto = c.cfg.FRTO && (fresh || a.retransmits > 0)
}

// markAllLost takes all in flight for lost, but what was sent too recently to
// be (tcp_timeout_mark_lost).
func (c *Conn) markAllLost() {
	oldest := c.q.oldest()
	reneg := oldest != nil && oldest.tags&tagSacked != 0
	if reneg {
		c.q.sackedOut = 0
		c.ca.reneg = true
	} else if !c.opt.sack {
		c.q.sackedOut = 0
	}
	for i := range c.q.head {
		b := c.q.at(i)
		if reneg {
			b.tags &^= tagSacked
		} else if i > 0 && c.rackLate(b, 0) > 0 {
			continue
		}
		c.markLost(b)
	}
	c.q.hasHint = false
}

// clearRetrans forgets all about losses (tcp_clear_retrans).
func (c *Conn) clearRetrans() {
	c.q.retransOut, c.q.lostOut, c.q.sackedOut = 0, 0, 0
	c.ca.undoOn, c.ca.undoRetrans = false, -1
}

// xmitRecovery sends what the state machine decided on (tcp_xmit_recovery).
func (c *Conn) xmitRecovery(what rexmit) {
	if what == rexmitNone || c.state == SynSent {
		return
	}
	if what == rexmitNew {
		c.pushFrames(c.currentMSS(), nagleOff)
		if c.snd.nxt.Greater(c.ca.highSeq) {
			return
		}
		c.ca.frto = false
	}
	why := rule.FastRetransmit
	if c.ca.state == caLoss {
		why = rule.LossRetransmit
	}
	c.retransmitQueue(why)
}
