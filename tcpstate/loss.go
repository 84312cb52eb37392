package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// processLoss handles an ACK after a time-out (tcp_process_loss), with F-RTO
// (RFC 5682 section 3.1).
func (c *Conn) processLoss(r *ackRun, dups uint32) {
	a := &c.ca
	recovered := c.snd.una.GreaterEq(a.highSeq)
	if (r.flag&flagUnaAdvanced != 0 || c.fastPending()) && c.tryUndoLoss(false) {
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
	if low := uint32(uint8(c.cfg.Reordering)); a.state <= caDisorder && c.q.sackedOut >= low { // Linux looks at 8 bits
		a.reordering = min(a.reordering, low)
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
