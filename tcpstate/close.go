package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// shutdown closes one or both directions (inet_shutdown, tcp_shutdown).
func (c *Conn) shutdown(how uint8) {
	c.shut |= how & (ShutRead | ShutWrite)
	if how&ShutClose != 0 {
		c.dropUnread()
	}
	switch {
	case how&ShutClose != 0 && !c.mini && c.state != SynSent:
		if c.closeState(rule.UserClose) {
			c.sendFin()
		}
	case how&ShutWrite != 0:
		c.shutdownWrite(rule.UserShutdown)
	}
	if !c.orphan {
		c.tell(Readable, rule.UserShutdown)
		c.tell(Writable, rule.UserShutdown)
	}
}

// shutdownWrite sends the FIN where the state has one to send.
func (c *Conn) shutdownWrite(why rule.ID) {
	if c.mini || !c.state.in(bitEstablished|bitSynSent|bitCloseWait) {
		return
	}
	if c.closeState(why) {
		c.sendFin()
	}
}

// closeState moves on as close() does (tcp_close_state) and reports whether a
// FIN is due.
func (c *Conn) closeState(why rule.ID) bool {
	switch c.state {
	case Established, SynReceived:
		c.become(FinWait1, why)
		return true
	case CloseWait:
		c.become(LastAck, why)
		return true
	case SynSent:
		c.timers = timers{}
		c.become(Closed, why)
		c.purgeSendQueue()
		c.tell(Gone, why)
	}
	return false
}

// sendFin queues the FIN behind what is unsent, on its last segment if there
// is one, and sends (tcp_send_fin).
func (c *Conn) sendFin() {
	c.stat.finSent = true
	if b := c.q.tail(); b != nil {
		b.flags |= FIN
		b.end = b.end.Add(1)
		c.snd.write = c.snd.write.Add(1)
	} else {
		b := c.appendBuffer(c.snd.write, FIN)
		c.snd.write = b.end
	}
	c.pushFrames(c.currentMSS(), nagleOff)
}

// close is the user letting go (__tcp_close). The orphan goes on by itself
// until the orderly release is over.
func (c *Conn) close() {
	if c.orphan {
		return
	}
	unread := c.Unread() > 0
	c.dropUnread()
	c.shut = ShutRead | ShutWrite
	switch {
	case c.mini || c.state == Closed:
	case unread:
		// RFC 2525 section 2.17: data was lost, so say so.
		c.endWithReset(rule.ResetUnread)
	case c.closeState(rule.UserClose):
		c.sendFin()
	}
	c.orphan = true
	if !c.mini && c.state == FinWait2 {
		c.orphanFinWait2()
	}
}

// dropUnread empties the receive queue.
func (c *Conn) dropUnread() {
	for c.rq.in.Len() > 0 {
		b, _ := c.rq.in.PopFront()
		c.uncharge(&c.rcv.rmem, b.true)
	}
	c.rcv.copied = c.rcv.nxt
}

// endWithReset goes to CLOSED first, as Linux does, then sends the RST.
func (c *Conn) endWithReset(why rule.ID) {
	c.timers = timers{}
	c.become(Closed, why)
	c.sendReset(why)
	c.purgeSendQueue()
	c.tell(Gone, why)
}

// orphanFinWait2 bounds how long an orphan waits for the peer's FIN
// (sysctl tcp_fin_timeout, TCP_LINGER2).
func (c *Conn) orphanFinWait2() {
	if c.user.linger2 < 0 {
		c.endWithReset(rule.ResetLinger2)
		return
	}
	if tmo := c.finTime(); tmo > c.cfg.TimeWaitLen {
		c.armKeep(tmo - c.cfg.TimeWaitLen)
	} else {
		c.timeWait(FinWait2, tmo, rule.UserClose)
	}
}

// finTime is the wait in FIN-WAIT-2, at least 3.5 time-outs (tcp_fin_time).
func (c *Conn) finTime() Duration {
	t := Duration(c.user.linger2) * Second
	if t == 0 {
		t = c.cfg.FinTimeout
	}
	return max(t, c.rtt.rto<<2-c.rtt.rto>>1)
}

// abort is ABORT of RFC 9293 section 3.10.5 (tcp_disconnect). A close empties the receive queue
// first, so that the RST's window is that of an empty one.
func (c *Conn) abort(how uint8) {
	if how&ShutClose != 0 {
		c.dropUnread()
	}
	old := c.state
	pending := c.snd.nxt != c.snd.write && old.in(bitClosing|bitLastAck)
	switch {
	case c.mini || old == Closed:
	case old.in(bitEstablished|bitCloseWait|bitFinWait1|bitFinWait2|bitSynReceived) || pending:
		c.become(Closed, rule.UserAbort)
		c.sendReset(rule.UserAbort)
		c.err = ECONNRESET
	default:
		c.become(Closed, rule.UserAbort)
		if old == SynSent {
			c.err = ECONNRESET
		}
	}
	c.timers.xmit, c.timers.kind, c.timers.delack, c.timers.keep, c.timers.compress = never, xmitNone, never, never, never
	c.dropUnread()
	c.purgeOOO()
	c.purgeSendQueue()
	c.clearRetrans()
	c.urg = urgState{}
	if !c.mini && old != Closed {
		c.tell(Gone, rule.UserAbort)
	}
}
