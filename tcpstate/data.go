package tcpstate

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// segmentText is the RFC's seventh step, "process the segment text", and the
// eighth, the FIN (RFC 9293 section 3.10.7.4; tcp_data_queue).
func (c *Conn) segmentText(s *Segment) {
	if s.SeqLen() == 0 {
		return
	}
	c.rcv.dsack = false
	end, wnd := s.End(), c.receiveWindow()
	switch {
	case s.Seq == c.rcv.nxt:
		if wnd == 0 && !(s.Len == 0 && s.Flags.Has(FIN)) {
			c.outOfWindow(rule.ZeroWindow)
			return
		}
		c.acceptText(s)
	case end.LessEq(c.rcv.nxt):
		c.spuriousData()
		c.setDSACK(s.Seq, end)
		c.outOfWindow(rule.OldData)
	case s.Seq.GreaterEq(c.rcv.nxt.Add(wnd)):
		c.outOfWindow(rule.OverWindow)
	case s.Seq.Less(c.rcv.nxt):
		c.setDSACK(s.Seq, c.rcv.nxt)
		if wnd == 0 {
			c.outOfWindow(rule.ZeroWindow)
			return
		}
		c.acceptText(s)
	default:
		c.queueOOO(s)
	}
}

// outOfWindow discards the segment and answers at once: the peer has lost
// track, or probes (label out_of_window of tcp_data_queue).
func (c *Conn) outOfWindow(why rule.ID) {
	c.enterQuickAck(maxQuickAcks)
	c.ack.pending |= ackSched
	c.drop(why)
}

// acceptText takes a segment that begins at or before RCV.NXT and ends after
// it (label queue_and_out of tcp_data_queue).
func (c *Conn) acceptText(s *Segment) {
	b := c.rxBufferOf(s)
	if !c.rmemRoom(&b) {
		c.ack.pending |= ackNoMem | ackNow | ackSched
		if c.rq.in.Len() > 0 && s.Len > 0 {
			c.tell(Readable, rule.ProtoMem)
			c.drop(rule.ProtoMem)
			return
		}
		c.schedule(b.true)
	}
	c.storeSegment(s, c.rcv.nxt, b.end, rule.InOrder)
	c.queueInOrder(b)
	if s.Len > 0 {
		c.dataReceived(s, uint32(b.true))
	}
	if s.Flags.Has(FIN) {
		c.finReceived()
	}
	if c.rq.ooo.Len() > 0 {
		c.drainOOO()
		if c.rq.ooo.Len() == 0 {
			c.ack.pending |= ackNow // a hole is filled: RFC 5681 section 4.2
		}
	}
	if c.rcv.nsacks > 0 {
		c.trimSACKs()
	}
	c.predictOn()
	c.dataReady(rule.InOrder)
}

// dataReady wakes the reader when there is enough for it (tcp_data_ready).
func (c *Conn) dataReady(why rule.ID) {
	if !c.orphan && (c.finRcvd || c.InReady(c.user.rcvLowat)) {
		c.tell(Readable, why)
	}
}

// dataReceived adapts ACK delay and window to what came (tcp_event_data_recv).
func (c *Conn) dataReceived(s *Segment, truesize uint32) {
	n := s.Len
	c.ack.pending |= ackSched
	c.measureMSS(s, truesize)
	c.measureRcvRTT()
	if c.ack.ato == 0 { // the first data ever
		c.incrQuickAck(maxQuickAcks)
		c.ack.ato = atoMin
	} else {
		switch m := c.since(c.ack.lastRcv); {
		case m <= atoMin/2:
			c.ack.ato = c.whole(c.ack.ato>>1) + atoMin/2
		case m < c.ack.ato:
			c.ack.ato = c.atoBits(min(c.atoBits(c.whole(c.ack.ato>>1)+m), c.rtt.rto)) // the sum has as few bits
		case m > c.rtt.rto:
			c.incrQuickAck(maxQuickAcks) // the sender restarts: help its slow start
		}
	}
	c.ack.lastRcv, c.ack.label = c.now, c.arrived.label
	c.ecnData(s)
	if n >= 128 {
		c.growWindow(n, s.worth(truesize))
	}
}

// finReceived takes the FIN that is now in order (tcp_fin).
func (c *Conn) finReceived() {
	c.ack.pending |= ackSched
	c.shut |= ShutRead
	c.finRcvd = true
	switch c.state {
	case Established:
		c.become(CloseWait, rule.FinReceived)
		c.enterPingpong()
	case FinWait1:
		c.sendAck(rule.FinReceived)
		c.become(Closing, rule.FinReceived)
	case FinWait2:
		c.sendAck(rule.FinReceived)
		c.timeWait(TimeWait, 0, rule.FinReceived)
	}
	c.purgeOOO()
	if !c.orphan {
		c.tell(Readable, rule.FinReceived)
	}
}

// purgeOOO forgets what lies beyond a hole: nothing can follow a FIN.
func (c *Conn) purgeOOO() {
	for n := c.rq.ooo.First(); n != queue.None; n = c.rq.ooo.Next(n) {
		c.uncharge(&c.rcv.rmem, c.rq.ooo.At(n).true)
	}
	c.rq.ooo.Clear()
	c.rcv.dsack, c.rcv.nsacks = false, 0
}
