package tcpstate

import "github.com/sockspec/sockspec/queue"

// maxCollapsed is the most that a repacked buffer holds: what is left of a page
// behind the shared info (SKB_MAX_ORDER(0, 0)).
const maxCollapsed = 4096 - skbShared

// skbShared is the space behind the data of every head (struct skb_shared_info).
const skbShared = 320

// headCost is what a buffer with room for n octets costs, and that room
// (alloc_skb): 256 for the sk_buff, and a head of Linux's size classes.
func headCost(n int32) (truesize, room int32) {
	const line = 64
	need := (n+line-1)/line*line + skbShared
	for _, head := range [...]int32{576, 1024, 2048} {
		if need <= head {
			return 256 + head, head - skbShared
		}
	}
	return 256 + 4096, maxCollapsed
}

// rxRun is where tcp_collapse works: the receive queue, or the tree of what came
// out of order. A place is an index in the one and a node in the other.
type rxRun struct {
	list *queue.Deque[rxBuffer] // nil: the tree
	tree *queue.Tree[rxBuffer]
	tail int                   // the place behind the run
	made queue.Deque[rxBuffer] // for the tree, which gets them when all is repacked
}

func (r *rxRun) at(i int) *rxBuffer {
	if r.list != nil {
		return r.list.At(i)
	}
	return r.tree.At(queue.Node(i))
}

// next is the place behind i (tcp_skb_next).
func (r *rxRun) next(i int) int {
	if r.list != nil {
		return i + 1
	}
	return int(r.tree.Next(queue.Node(i)))
}

// letGo takes buffer i out of the run and returns the place behind it
// (tcp_collapse_one).
func (c *Conn) letGo(r *rxRun, i int) int {
	if r.list == nil {
		next := r.next(i)
		c.letGoOOO(queue.Node(i))
		return next
	}
	c.uncharge(&c.rcv.rmem, r.list.At(i).true)
	r.list.Remove(i)
	r.tail--
	return i
}

// begin puts a new buffer in front of i and returns i's place after that.
func (r *rxRun) begin(i int, b rxBuffer) int {
	if r.list == nil {
		r.made.PushBack(b)
		return i
	}
	r.list.Insert(i, b)
	r.tail++
	return i + 1
}

// newest is the latest new buffer, with i the place that it is in front of.
func (r *rxRun) newest(i int) *rxBuffer {
	if r.list == nil {
		return r.made.At(r.made.Len() - 1)
	}
	return r.list.At(i - 1)
}

// plant puts the new buffers into the tree, by the number of their first octet
// alone (tcp_rbtree_insert). A large one that is cut no longer reaches beyond
// those that it did.
func (r *rxRun) plant() {
	if r.made.Len() == 0 {
		return
	}
	for b, ok := r.made.PopFront(); ok; b, ok = r.made.PopFront() {
		parent, side := queue.None, queue.Left
		for n := r.tree.Root(); n != queue.None; n = r.tree.Child(n, side) {
			if parent, side = n, queue.Right; b.seq.Less(r.tree.At(n).seq) {
				side = queue.Left
			}
		}
		r.tree.Insert(parent, side, b)
	}
	shadeAll(r.tree)
}

// collapse repacks what the run holds of [start, end), from the buffer at i to its
// end, from the first one on that wastes space, holds octets that were read, or
// overlaps the next (tcp_collapse). Octets before start are let go of.
func (c *Conn) collapse(r *rxRun, i int, start, end Seq) {
	i, start = c.collapseFrom(r, i, start)
	if i == r.tail || r.at(i).fin {
		return
	}
	c.repack(r, i, start, end)
	r.plant()
}

// repack moves the octets over into new buffers.
func (c *Conn) repack(r *rxRun, i int, start, end Seq) {
	for start.Less(end) {
		room := min(maxCollapsed, int32(end.Since(start)))
		cost, fits := headCost(room)
		c.charge(&c.rcv.rmem, cost)
		i = r.begin(i, rxBuffer{seq: start, end: start, true: cost, room: fits})
		for room > 0 {
			if from := r.at(i).end; start.Less(from) {
				n, into := min(room, int32(from.Since(start))), r.newest(i)
				into.end, into.room = into.end.Add(uint32(n)), into.room-n
				room, start = room-n, start.Add(uint32(n))
			}
			if r.at(i).end.LessEq(start) {
				i = c.letGo(r, i)
				if i == r.tail || r.at(i).fin {
					return
				}
			}
		}
	}
}

// collapseFrom finds the first buffer that is worth it, and where it starts.
func (c *Conn) collapseFrom(r *rxRun, i int, start Seq) (int, Seq) {
	for i != r.tail {
		b, next := r.at(i), r.next(i)
		switch {
		case b.end.LessEq(start): // nothing new
			i = c.letGo(r, i)
			continue
		case !b.fin && (c.rcv.winFromSpace(b.true) > int32(b.data()) || b.seq.Less(start)),
			next != r.tail && r.at(next).seq != b.end:
			return i, start
		}
		start = b.end
		i = next
	}
	return i, start
}

// collapseIn repacks the receive queue.
func (c *Conn) collapseIn() {
	r := rxRun{list: &c.rq.in, tail: c.rq.in.Len()}
	c.collapse(&r, 0, c.rcv.copied, c.rcv.nxt)
}

// collapseOOO repacks each run of out-of-order buffers without holes. One buffer
// alone is left as it is unless it is large, and so is the rest once many such
// were seen (tcp_collapse_ofo_queue).
func (c *Conn) collapseOOO() {
	t, tiny := &c.rq.ooo, int32(0)
	for n := t.First(); n != queue.None; {
		head, cost := n, int32(0)
		first := t.At(head).true
		start, end := t.At(head).seq, t.At(head).end
		for ; n != queue.None && t.At(n).seq.LessEq(end) && t.At(n).end.GreaterEq(start); n = t.Next(n) {
			b := t.At(n)
			start, end, cost = minSeq(start, b.seq), maxSeq(end, b.end), cost+b.true
		}
		if cost != first || end.Since(start) >= maxCollapsed {
			r := rxRun{tree: t, tail: int(n)}
			c.collapse(&r, int(head), start, end)
		} else if tiny += cost; tiny > c.rcv.rcvbuf>>3 {
			return
		}
	}
}
