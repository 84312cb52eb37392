package tcpstate

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// queueOOO keeps a segment that lies beyond a hole and reports it by SACK
// (tcp_data_queue_ofo). What arrived first stays where the two overlap only in
// so far as Linux's tree keeps it; the newcomer wins over what it covers whole.
func (c *Conn) queueOOO(s *Segment) {
	c.ack.label = c.arrived.label
	c.ecnData(s)
	b := c.rxBufferOf(s)
	if !c.rmemRoom(&b) {
		c.tell(Readable, rule.ProtoMem)
		c.drop(rule.ProtoMem)
		return
	}
	c.measureMSS(s, uint32(b.true))
	c.ack.pred.on = false
	c.ack.pending |= ackSched
	c.stat.rcvOOOPack++
	cost, fresh := c.insertOOO(s, b)
	if c.opt.sack {
		c.newSACK(b.seq, b.end)
		if fresh && cost == 0 && s.Len == 0 { // a FIN that was appended: what is left of its buffer is nothing (truesize_adjust)
			c.growWindow(0, 0)
		} else if fresh {
			c.growWindow(s.Len, uint32(b.true))
		}
	}
	c.charge(&c.rcv.rmem, cost) // skb_set_owner_r comes last: the window grew without it
	if !c.orphan && !c.awaited {
		c.growRcvbuf(c.rcv.space)
	}
}

// oooPlace is what the search for a segment's place comes to, beside a node.
type oooPlace uint8

const (
	oooLeft   = oooPlace(queue.Left)  // hangs on its left
	oooRight  = oooPlace(queue.Right) // hangs on its right
	oooHeld   = 1 + oooRight          // all of it is in that buffer
	oooCovers = 1 + oooHeld           // takes the place of that buffer, all of which is in it
	oooJoined = 1 + oooCovers         // was appended to that buffer
)

// placeOOO finds the place of b as tcp_data_queue_ofo does: behind the last
// buffer if it can, or else down from the root, where every buffer on the way is
// looked at. The first that b can be appended to takes it, or that holds it all,
// though a neighbour of b may lie further down: so the tree's shape matters.
func (c *Conn) placeOOO(b *rxBuffer) (n queue.Node, how oooPlace) {
	t := &c.rq.ooo
	switch last := t.Last(); {
	case last == queue.None:
		return last, oooRight
	case c.coalesce(t.At(last), b):
		return last, oooJoined
	case b.seq.GreaterEq(t.At(last).end):
		return last, oooRight
	}
	for next := t.Root(); next != queue.None; {
		n, how = next, oooRight
		switch x := t.At(n); {
		case b.seq.Less(x.seq):
			how = oooLeft
		case b.seq.GreaterEq(x.end):
			if c.coalesce(x, b) {
				return n, oooJoined
			}
		case b.end.LessEq(x.end):
			c.drop(rule.OFOMerge)
			c.setDSACK(b.seq, b.end)
			return n, oooHeld
		case b.seq == x.seq:
			return n, oooCovers
		default:
			c.setDSACK(b.seq, x.end)
		}
		next = t.Child(n, queue.Side(how))
	}
	return n, how
}

// insertOOO puts b in its place among the out-of-order buffers and says what it
// costs; not fresh when all its octets were there already.
func (c *Conn) insertOOO(s *Segment, b rxBuffer) (cost int32, fresh bool) {
	t := &c.rq.ooo
	n, how := c.placeOOO(&b)
	switch how {
	case oooHeld:
		return 0, false
	case oooJoined: // what it covers further on stays, until its turn comes
	case oooCovers:
		old := t.At(n)
		c.extendDSACK(old.seq, old.end)
		c.uncharge(&c.rcv.rmem, old.true)
		c.drop(rule.OFOMerge)
		*old = b // rb_replace_node
	default:
		n = t.Insert(n, queue.Side(how), b)
	}
	c.storeSegment(s, maxSeq(b.seq, readBefore(t, n)), b.end, rule.OutOfOrder)
	if how != oooJoined {
		c.mergeRight(n, b.end)
		cost = b.true
	}
	shade(t, n)
	return cost, true
}

// readBefore is where the octets end that are read before those of buffer n: from
// the buffers that begin before it. It looks no further back than to one that no
// earlier one reaches beyond.
func readBefore(t *queue.Tree[rxBuffer], n queue.Node) Seq {
	end := t.At(n).seq
	for n = t.Prev(n); n != queue.None; n = t.Prev(n) {
		b := t.At(n)
		end = maxSeq(end, b.end)
		if !b.under {
			break
		}
	}
	return end
}

// shade notes whether an earlier buffer reaches beyond buffer n, and which later
// ones that does reach beyond: those that lay there when it was appended to.
func shade(t *queue.Tree[rxBuffer], n queue.Node) {
	b := t.At(n)
	b.under = readBefore(t, n).Greater(b.end)
	for next := t.At(t.Next(n)); next != nil && next.seq.Less(b.end); next = t.At(t.Next(n)) {
		next.under = next.under || next.end.Less(b.end)
		n = t.Next(n)
	}
}

// shadeAll notes it of all buffers.
func shadeAll(t *queue.Tree[rxBuffer]) {
	n := t.First()
	for most := t.At(n).seq; n != queue.None; n = t.Next(n) {
		b := t.At(n)
		b.under = most.Greater(b.end)
		most = maxSeq(most, b.end)
	}
}

// mergeRight removes the buffers behind n that end by end at the latest.
func (c *Conn) mergeRight(n queue.Node, end Seq) {
	t := &c.rq.ooo
	for next := t.Next(n); next != queue.None; next = t.Next(n) {
		b := t.At(next)
		if end.LessEq(b.seq) {
			return
		}
		if end.Less(b.end) {
			c.extendDSACK(b.seq, end)
			return
		}
		c.extendDSACK(b.seq, b.end)
		c.letGoOOO(next)
		c.drop(rule.OFOMerge)
	}
}

// letGoOOO takes a buffer out of the tree.
func (c *Conn) letGoOOO(n queue.Node) {
	b, _ := c.rq.ooo.Erase(n)
	c.uncharge(&c.rcv.rmem, b.true)
}

// drainOOO moves what has come in order to the receive queue (tcp_ofo_queue).
func (c *Conn) drainOOO() {
	high := c.rcv.nxt
	for n := c.rq.ooo.First(); n != queue.None; n = c.rq.ooo.First() {
		b := *c.rq.ooo.At(n)
		if b.seq.Greater(c.rcv.nxt) {
			return
		}
		if b.seq.Less(high) {
			c.extendDSACK(b.seq, minSeq(b.end, high))
		}
		c.rq.ooo.Erase(n)
		if b.end.LessEq(c.rcv.nxt) {
			c.uncharge(&c.rcv.rmem, b.true)
			c.drop(rule.OFODrop)
			continue
		}
		if n := c.rq.in.Len(); n > 0 && c.coalesce(c.rq.in.At(n-1), &b) {
			c.uncharge(&c.rcv.rmem, b.true)
		} else {
			c.rq.in.PushBack(b)
		}
		c.advanceRcvNxt(b.end)
		if b.fin {
			c.finReceived()
			return
		}
	}
}
