package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// timeWait shrinks the connection to a timewait bucket (tcp_time_wait):
// TIME-WAIT itself, or the FIN-WAIT-2 of an orphan. The user's socket, if
// there still is one, reads as CLOSED from now on; its data stays readable.
func (c *Conn) timeWait(to State, wait Duration, why rule.ID) {
	c.become(to, why)
	c.rcv.wnd, c.rcv.wup = c.receiveWindow(), c.rcv.nxt
	wait = max(wait, c.rtt.rto<<2-c.rtt.rto>>1)
	if to == TimeWait {
		wait = c.cfg.TimeWaitLen
	}
	c.mini = true
	c.ack.lastOOW = never
	c.timers = timers{wait: c.now.Add(wait), since: tsClock(c.now)}
	backoff := c.rtt.backoff
	c.purgeSendQueue()
	c.purgeOOO()            // a bucket has no queues
	c.rtt.backoff = backoff // of the socket, which TCP_INFO tells of: only a round trip ends it
	c.shut = ShutRead | ShutWrite
	if !c.orphan {
		c.tell(Readable, why)
		c.tell(Writable, why)
	}
}

// waitExpired ends the bucket: 2 MSL are over, or the orphan's patience.
func (c *Conn) waitExpired() {
	c.endMini(rule.TimeWaitOver)
}

func (c *Conn) endMini(why rule.ID) {
	c.timers = timers{}
	c.become(Closed, why)
	c.mini = false
	c.tell(Gone, why)
}

// timeWaitArrives is tcp_timewait_state_process.
func (c *Conn) timeWaitArrives(s *Segment, listening bool) {
	c.arrived = rxOptions{}
	paws := false
	if s.Opts.Has(OptTS) && c.opt.ts && c.cfg.Timestamps != 0 {
		c.arrived = rxOptions{ts: true, val: s.Opts.TSVal}
		paws = !c.pawsOK(0) && !(s.Flags.Has(RST) && c.now.Sub(c.opt.tsRecentAt) >= pawsMSL)
	}
	if c.state == FinWait2 {
		c.miniFinWait2(s, paws)
		return
	}
	bare := s.SeqLen() == 0 || s.Flags.Has(RST)
	if !paws && s.Seq == c.rcv.nxt && bare {
		c.timeWaitInWindow(s)
		return
	}
	if c.reopens(s, paws) {
		c.reopen(listening)
		return
	}
	why := rule.TimeWaitOldSegment
	if paws {
		why = rule.TimeWaitPAWS
	}
	if s.Flags.Has(RST) {
		c.drop(why)
		return
	}
	if paws || s.Flags.Has(ACK) {
		c.timers.wait = c.now.Add(c.cfg.TimeWaitLen)
	}
	c.miniAckLimited(s, why)
}

// timeWaitInWindow: a bare ACK restarts the wait; a RST ends it, unless the
// sysctl says otherwise (RFC 1337).
func (c *Conn) timeWaitInWindow(s *Segment) {
	if s.Flags.Has(RST) {
		if !c.cfg.RFC1337 {
			c.drop(rule.TimeWaitReset)
			c.endMini(rule.TimeWaitReset)
			return
		}
	} else {
		c.timers.wait = c.now.Add(c.cfg.TimeWaitLen)
	}
	if c.arrived.ts {
		c.storeTSRecent()
	}
	c.drop(rule.TimeWaitBare)
}

// reopens: a new SYN may take the place of the old connection when it is
// clearly newer, by number or by timestamp (RFC 9293 section 3.6.1, RFC 6191).
func (c *Conn) reopens(s *Segment, paws bool) bool {
	return s.Flags.Has(SYN) && !s.Flags.Has(RST|ACK) && !paws &&
		(s.Seq.Greater(c.rcv.nxt) || c.arrived.ts && int32(c.opt.tsRecent-c.arrived.val) < 0)
}

// reopen gives way to the new SYN if there is a listener for it. If not, the
// SYN is acknowledged like a FIN: at no bounded rate and with no new wait
// (tcp_v4_rcv, TCP_TW_SYN falls through to TCP_TW_ACK).
func (c *Conn) reopen(listening bool) {
	if !listening {
		c.miniAck(rule.TimeWaitOldSegment, c.LatestECN())
		c.drop(rule.TimeWaitOldSegment)
		return
	}
	c.endMini(rule.TimeWaitReopen)
	c.tell(Reopen, rule.TimeWaitReopen).N = uint32(c.heirISS())
}

// miniFinWait2 is FIN-WAIT-2 of an orphan: only a FIN is welcome.
func (c *Conn) miniFinWait2(s *Segment, paws bool) {
	end := s.End()
	switch {
	case paws || !inWindow(s.Seq, end, c.rcv.nxt, c.rcv.nxt.Add(c.rcv.wnd)):
		c.miniAckLimited(s, rule.AckOutOfWindow)
	case s.Flags.Has(RST):
		c.drop(rule.ResetReceived)
		c.endMini(rule.ResetReceived)
	case s.Flags.Has(SYN) && s.Seq.GreaterEq(c.rcv.nxt):
		c.miniReset(s)
	case !s.Flags.Has(ACK) || !end.Greater(c.rcv.nxt) || s.SeqLen() == 0:
		c.drop(rule.OldAck)
	case !s.Flags.Has(FIN) || end != c.rcv.nxt.Add(1):
		c.miniReset(s) // data for nobody
	default:
		c.become(TimeWait, rule.FinReceived)
		c.rcv.nxt, c.rcv.wup = end, end
		if c.arrived.ts {
			c.storeTSRecent()
			c.timers.since = tsClock(c.now)
		}
		c.timers.wait = c.now.Add(c.cfg.TimeWaitLen)
		c.miniAck(rule.FinReceived, c.LatestECN())
	}
}

func (c *Conn) miniReset(s *Segment) {
	c.drop(rule.AbortOnData)
	c.refuse(s, rule.AbortOnData)
	c.endMini(rule.AbortOnData)
}

// miniAckLimited answers a segment out of place, at a bounded rate.
func (c *Conn) miniAckLimited(s *Segment, why rule.ID) {
	if c.segLimited(s) {
		c.drop(rule.AckSkipped)
		return
	}
	c.miniAck(why, NotECT)
	c.drop(why)
}

// miniAck is the ACK of a timewait bucket (tcp_v4_timewait_ack): no SACK, and
// the window as it was. A timestamp of 0 to echo counts as none.
func (c *Conn) miniAck(why rule.ID, mark ECN) {
	o := c.tell(Emit, why)
	s := &o.Seg
	o.N, s.Seq, s.Ack, s.Flags = AsBucket, c.snd.nxt, c.rcv.nxt, ACK
	s.Wnd = uint16(c.rcv.wnd >> c.opt.rcvWScale)
	s.ECN = mark
	if c.opt.tsRecent != 0 {
		c.stampOption(&s.Opts)
	}
}

// inWindow is tcp_in_window.
func inWindow(seq, end, lo, hi Seq) bool {
	if seq == lo || end.Greater(lo) && seq.Less(hi) {
		return true
	}
	return seq == hi && seq == end
}
