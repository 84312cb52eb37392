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

// collapse repacks what the queue holds of [start, end) in the buffers i to j-1,
// from the first one on that wastes space, holds octets that were read, or
// overlaps the next (tcp_collapse). Octets before start are let go of.
func (c *Conn) collapse(q *queue.Deque[rxBuffer], i, j int, start, end Seq) {
	i, j, start = c.collapseFrom(q, i, j, start)
	if i >= j || q.At(i).fin {
		return
	}
	for start.Less(end) {
		room := min(maxCollapsed, int32(end.Since(start)))
		cost, fits := headCost(room)
		c.rcv.rmem += cost
		q.Insert(i, rxBuffer{seq: start, end: start, true: cost, room: fits})
		i, j = i+1, j+1
		for room > 0 {
			if from := q.At(i).end; start.Less(from) {
				n := min(room, int32(from.Since(start)))
				into := q.At(i - 1)
				into.end, into.room = into.end.Add(uint32(n)), into.room-n
				room, start = room-n, start.Add(uint32(n))
			}
			if q.At(i).end.LessEq(start) {
				c.letGo(q, i)
				if j--; i >= j || q.At(i).fin {
					return
				}
			}
		}
	}
}

// collapseFrom finds the first buffer that is worth it, and where it starts.
func (c *Conn) collapseFrom(q *queue.Deque[rxBuffer], i, j int, start Seq) (int, int, Seq) {
	for i < j {
		b := q.At(i)
		switch {
		case b.end.LessEq(start): // nothing new
			c.letGo(q, i)
			j--
			continue
		case !b.fin && (c.rcv.winFromSpace(b.true) > int32(b.data()) || b.seq.Less(start)),
			i+1 < j && q.At(i+1).seq != b.end:
			return i, j, start
		}
		start = b.end
		i++
	}
	return i, j, start
}

// letGo takes buffer i out of the queue.
func (c *Conn) letGo(q *queue.Deque[rxBuffer], i int) {
	c.rcv.rmem -= q.At(i).true
	q.Remove(i)
}

// collapseOOO repacks each run of out-of-order buffers without holes. One buffer
// alone is left as it is unless it is large, and so is the rest once many such
// were seen (tcp_collapse_ofo_queue).
func (c *Conn) collapseOOO() {
	q, tiny := &c.rq.ooo, int32(0)
	for i := 0; i < q.Len(); {
		j, cost := i, int32(0)
		start, end := q.At(i).seq, q.At(i).end
		for ; j < q.Len() && q.At(j).seq.LessEq(end) && q.At(j).end.GreaterEq(start); j++ {
			b := q.At(j)
			start, end, cost = minSeq(start, b.seq), maxSeq(end, b.end), cost+b.true
		}
		if cost != q.At(i).true || end.Since(start) >= maxCollapsed {
			was := q.Len()
			c.collapse(q, i, j, start, end)
			j += q.Len() - was
		} else if tiny += cost; tiny > c.rcv.rcvbuf>>3 {
			return
		}
		i = j
	}
}
