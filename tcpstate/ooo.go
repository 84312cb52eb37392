package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

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
	if !fresh {
		c.newSACK(b.seq, b.end)
		return
	}
	if c.opt.sack {
		c.newSACK(b.seq, b.end)
		c.growWindow(s.Len, uint32(b.true))
	}
	c.rcv.rmem += cost // skb_set_owner_r comes last: the window grew without it
	if !c.orphan && !c.awaited {
		c.growRcvbuf(c.rcv.space)
	}
}

// insertOOO puts b in its place among the out-of-order buffers and says what it
// costs; not fresh when all its octets were there already.
func (c *Conn) insertOOO(s *Segment, b rxBuffer) (cost int32, fresh bool) {
	q := &c.rq.ooo
	i := q.Len()
	for i > 0 && b.seq.Less(q.At(i-1).seq) {
		i--
	}
	from := b.seq
	if i > 0 {
		prev := q.At(i - 1)
		switch {
		case b.seq.Less(prev.end) && b.end.LessEq(prev.end):
			c.drop(rule.OFOMerge)
			c.setDSACK(b.seq, b.end)
			return 0, false
		case b.seq.Less(prev.end) && b.seq.Greater(prev.seq):
			c.setDSACK(b.seq, prev.end)
		case b.seq == prev.seq: // covers it whole
			c.extendDSACK(prev.seq, prev.end)
			c.removeOOO(i - 1)
			i--
		case coalesce(prev, &b):
			c.storeSegment(s, b.seq, b.end, rule.OutOfOrder)
			return 0, true
		}
	}
	if i > 0 {
		from = maxSeq(from, q.At(i-1).end) // one that begins earlier is read first
	}
	c.storeSegment(s, from, b.end, rule.OutOfOrder)
	c.mergeRight(i, b)
	q.Insert(i, b)
	return b.true, true
}

// mergeRight removes the buffers from i on that b covers.
func (c *Conn) mergeRight(i int, b rxBuffer) {
	for i < c.rq.ooo.Len() {
		next := c.rq.ooo.At(i)
		if b.end.LessEq(next.seq) {
			return
		}
		if b.end.Less(next.end) {
			c.extendDSACK(next.seq, b.end)
			return
		}
		c.extendDSACK(next.seq, next.end)
		c.removeOOO(i)
	}
}

func (c *Conn) removeOOO(i int) {
	old, _ := c.rq.ooo.Remove(i)
	c.rcv.rmem -= old.true
	c.drop(rule.OFOMerge)
}

// drainOOO moves what has come in order to the receive queue (tcp_ofo_queue).
func (c *Conn) drainOOO() {
	high := c.rcv.nxt
	for c.rq.ooo.Len() > 0 {
		b := *c.rq.ooo.At(0)
		if b.seq.Greater(c.rcv.nxt) {
			return
		}
		if b.seq.Less(high) {
			c.extendDSACK(b.seq, minSeq(b.end, high))
		}
		c.rq.ooo.PopFront()
		if b.end.LessEq(c.rcv.nxt) {
			c.rcv.rmem -= b.true
			c.drop(rule.OFODrop)
			continue
		}
		if n := c.rq.in.Len(); n > 0 && coalesce(c.rq.in.At(n-1), &b) {
			c.rcv.rmem -= b.true
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

// setDSACK notes a duplicate to report (tcp_dsack_set; RFC 2883).
func (c *Conn) setDSACK(start, end Seq) {
	if c.opt.sack && c.cfg.DSACK {
		c.rcv.dsack = true
		c.rcv.dup = Range{start, end}
	}
}

func (c *Conn) extendDSACK(start, end Seq) {
	if !c.rcv.dsack {
		c.setDSACK(start, end)
		return
	}
	c.rcv.dup.extend(start, end)
}

// extend widens r by [start, end) if they touch, and reports whether they do
// (tcp_sack_extend).
func (r *Range) extend(start, end Seq) bool {
	if start.Greater(r.End) || r.Start.Greater(end) {
		return false
	}
	r.Start, r.End = minSeq(r.Start, start), maxSeq(r.End, end)
	return true
}

// newSACK puts the newest block first (tcp_sack_new_ofo_skb; RFC 2018 section 4).
func (c *Conn) newSACK(start, end Seq) {
	if !c.opt.sack {
		return
	}
	r := &c.rcv
	for i := uint8(0); i < r.nsacks; i++ {
		if !r.sacks[i].extend(start, end) {
			continue
		}
		if i >= sacksExpected {
			c.flushCompressed()
		}
		first := r.sacks[i]
		copy(r.sacks[1:i+1], r.sacks[:i])
		r.sacks[0] = first
		c.coalesceSACKs()
		return
	}
	if r.nsacks >= sacksExpected {
		c.flushCompressed()
	}
	n := min(r.nsacks, MaxSACK-1)
	copy(r.sacks[1:n+1], r.sacks[:n])
	r.sacks[0] = Range{start, end}
	r.nsacks = n + 1
}

// sacksExpected is how many blocks an ACK that gets lost should not cost
// (TCP_SACK_BLOCKS_EXPECTED).
const sacksExpected = 2

// coalesceSACKs swallows blocks that the first one has come to touch
// (tcp_sack_maybe_coalesce).
func (c *Conn) coalesceSACKs() {
	r := &c.rcv
	for i := uint8(1); i < r.nsacks; {
		if r.sacks[0].extend(r.sacks[i].Start, r.sacks[i].End) {
			copy(r.sacks[i:r.nsacks-1], r.sacks[i+1:r.nsacks])
			r.nsacks--
			continue
		}
		i++
	}
}

// trimSACKs forgets blocks that RCV.NXT has passed (tcp_sack_remove).
func (c *Conn) trimSACKs() {
	r := &c.rcv
	if c.rq.ooo.Len() == 0 {
		r.nsacks = 0
		return
	}
	for i := uint8(0); i < r.nsacks; {
		if r.nxt.GreaterEq(r.sacks[i].Start) {
			copy(r.sacks[i:r.nsacks-1], r.sacks[i+1:r.nsacks])
			r.nsacks--
			continue
		}
		i++
	}
}
