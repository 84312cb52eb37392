package tcpstate

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// rxBuffer is a run of received octets in one of Linux's sk_buffs.
type rxBuffer struct {
	seq, end Seq
	true     int32 // truesize
	room     int32 // octets that still fit behind the data (skb_tailroom)
	at       Time  // when it came, or what was last appended to it (skb->tstamp)
	own      Seq   // end of the segment that it began as, where it has frags
	heard    Seq   // Segment.Heard as it came, where it has frags or the FIN
	frags    uint8 // pages that this host itself has sent it in, so many pieces at most; 0 if it came from the link
	fin      bool
	under    bool // out of order, and an earlier one reaches beyond its end
}

// recvQueue holds what was received: the in-order part that the user has not
// taken, and what lies beyond holes, in a tree of the shape of Linux's, sorted
// and free of overlap beyond what that allows.
type recvQueue struct {
	in  queue.Deque[rxBuffer]
	ooo queue.Tree[rxBuffer]
}

// RxCost is what a packet of so many octets, IP header included, costs the
// receive buffer: truesize and the room left behind it, octets. The figures are those
// of a packet from a TUN device on x86-64: 256 for the sk_buff, a head from
// Linux's size classes that begins with 64 of pad and ends in 320 octets of
// shared info. What is longer than a page lies in whole pages from where a page
// is full, and nothing can be appended to it (tun_alloc_skb, skb_tailroom).
func RxCost(packet uint32) (truesize, room int32) {
	const most = page - 320
	used := int32(packet) + 64
	if used >= page {
		return 256 + page + (used-most+page-1)/page*page, 0
	}
	for _, head := range [...]int32{576, 1024, 2048, 4096} {
		if fit := head - 320; used <= fit {
			return 256 + head, fit - used
		}
	}
	return 256 + 8192, 8192 - 320 - used
}

// rxBufferOf describes the segment under way as a buffer.
func (c *Conn) rxBufferOf(s *Segment) rxBuffer {
	cost, room := s.Charge, s.Room
	if cost == 0 {
		ip := uint32(20)
		if c.ipv6 {
			ip = 40
		}
		cost, room = RxCost(ip + s.HeaderLen() + s.Len)
	}
	b := rxBuffer{seq: s.Seq, end: s.End(), true: cost, room: room, at: c.now, heard: s.Heard, fin: s.Flags.Has(FIN)}
	if !c.rtt.local {
		b.heard = b.end // no sender has a part in it any more
	}
	if room == InPages {
		b.room, b.own, b.frags = 0, b.end, uint8(min(s.Len/maxSynData, maxFrags-1))+1
	}
	return b
}

// maxFrags is MAX_SKB_FRAGS.
const maxFrags = 17

// data is the buffer's payload length.
func (b *rxBuffer) data() uint32 {
	n := b.end.Since(b.seq)
	if b.fin && n > 0 {
		n--
	}
	return n
}

// coalesce appends b to the buffer before it when its octets fit into the room
// there, or lie in pages (tcp_try_coalesce, skb_try_coalesce), and reports whether it
// did. A buffer that its sender, this host, still has, as it has heard of no ACK, is
// left as it is (skb_cloned).
func (c *Conn) coalesce(to, b *rxBuffer) bool {
	n := int32(b.data())
	switch {
	case to.end != b.seq, to.frags > 0 && to.own.Greater(b.heard):
		return false
	case n <= to.room:
		to.room -= n
	case b.frags == 0 || to.frags+b.frags > maxFrags:
		return false
	default:
		to.true, to.room, to.frags = to.true+n, 0, to.frags+b.frags
		c.charge(&c.rcv.rmem, n)
	}
	to.end, to.at = b.end, b.at
	to.fin = to.fin || b.fin
	return true
}

// storeSegment tells the caller where the payload octets [from, to) of the
// segment under way belong.
func (c *Conn) storeSegment(s *Segment, from, to Seq, why rule.ID) {
	from, to = maxSeq(from, s.Seq), minSeq(to, s.Seq.Add(s.Len))
	if to.LessEq(from) {
		return
	}
	o := c.tell(Store, why)
	o.Seg.Seq = from
	o.Off, o.N = from.Since(s.Seq), to.Since(from)
}

// queueInOrder puts the buffer on the receive queue and moves RCV.NXT
// (tcp_queue_rcv).
func (c *Conn) queueInOrder(b rxBuffer) {
	if n := c.rq.in.Len(); n == 0 || !c.coalesce(c.rq.in.At(n-1), &b) {
		c.rq.in.PushBack(b)
		c.charge(&c.rcv.rmem, b.true)
	}
	c.advanceRcvNxt(b.end)
}

func (c *Conn) advanceRcvNxt(to Seq) {
	c.stat.bytesReceived += uint64(to.Since(c.rcv.nxt))
	c.rcv.nxt = to
}

// CameAt is when the buffer came that a read finds the octet in which lies off
// beyond the first unread one; 0 when none does, or it was repacked, which
// forgets the time (tcp_update_recv_tstamps, tcp_collapse).
func (c *Conn) CameAt(off uint32) Time {
	at := c.rcv.copied.Add(off)
	for i := range c.rq.in.Len() {
		if b := c.rq.in.At(i); at.Less(b.seq.Add(b.data())) {
			return b.at
		}
	}
	return never
}

// rmemRoom makes room for an arriving buffer, and has the memory for it lent, or
// says that there is none (tcp_try_rmem_schedule, tcp_prune_queue).
func (c *Conn) rmemRoom(b *rxBuffer) bool {
	if c.rcv.rmem > c.rcv.rcvbuf && !c.makeRoom(b) {
		return false
	}
	c.schedule(b.true)
	return true
}

// makeRoom repacks and drops what is queued until it is within SO_RCVBUF
// (tcp_prune_queue).
func (c *Conn) makeRoom(b *rxBuffer) bool {
	if c.rcv.rmem == 0 {
		return false
	}
	c.clampWindow()
	if c.rcv.rmem <= c.rcv.rcvbuf {
		return true
	}
	c.collapseOOO()
	c.collapseIn()
	if c.rcv.rmem <= c.rcv.rcvbuf {
		return true
	}
	c.pruneOOO(b)
	if c.rcv.rmem <= c.rcv.rcvbuf {
		return true
	}
	c.ack.pred.on = false
	return false
}

// pruneOOO drops out-of-order buffers from the far end (tcp_prune_ofo_queue).
// What SACK had promised is taken back.
func (c *Conn) pruneOOO(in *rxBuffer) {
	goal, pruned := c.rcv.rcvbuf>>3, false
	for n := c.rq.ooo.Last(); n != queue.None; n = c.rq.ooo.Last() {
		b := *c.rq.ooo.At(n)
		if in.seq.Greater(b.seq) {
			break // the newcomer would be dropped next: stop
		}
		pruned = true
		c.letGoOOO(n)
		goal -= b.true
		c.drop(rule.OFOQueuePrune)
		if goal <= 0 {
			if c.rcv.rmem <= c.rcv.rcvbuf {
				break
			}
			goal = c.rcv.rcvbuf >> 3
		}
	}
	if pruned && c.opt.sack {
		c.rcv.dsack, c.rcv.nsacks = false, 0
	}
}

// receive takes n octets for the user (tcp_recvmsg's end), or the FIN when n is 0:
// buffers are freed once wholly read, and the peer may hear of the room. A FIN in
// the buffer of the last octet is taken with it (found_fin_ok); one in a buffer of
// its own stays until somebody asks for more.
func (c *Conn) receive(n uint32, f SendFlags) {
	n = min(n, c.Readable())
	if fin := c.take(n, f); (fin || n == 0) && c.EOF() && c.rcv.copied.Less(c.rcv.nxt) {
		c.rcv.copied = c.rcv.copied.Add(1)
	}
	c.dropRead(c.rq.in.Len())
	if c.mini || c.state == Closed {
		return
	}
	if f&SendOOB == 0 { // tcp_cleanup_rbuf comes once, when all is read
		c.windowUpdate(n)
	}
}

// dropRead frees buffers that have been read whole, so many at most.
func (c *Conn) dropRead(most int) {
	for ; most > 0 && c.rq.in.Len() > 0 && c.rq.in.At(0).end.LessEq(c.rcv.copied); most-- {
		b, _ := c.rq.in.PopFront()
		c.uncharge(&c.rcv.rmem, b.true)
	}
}

// take reads n octets buffer by buffer. After each Linux looks at its measure of
// the reader, so that most of what a call reads at once counts for the next, and
// whether the urgent octet is passed, and frees the buffer then
// (tcp_recvmsg_locked). An urgent octet that is skipped is not measured. It reports
// whether the last buffer was read up to the FIN in it.
func (c *Conn) take(n uint32, f SendFlags) (fin bool) {
	for i := 0; n > 0; {
		used := n
		if i < c.rq.in.Len() {
			b := c.rq.in.At(i)
			end := b.seq.Add(b.data())
			if end.LessEq(c.rcv.copied) {
				i++
				continue
			}
			used = min(n, end.Since(c.rcv.copied))
			if f&SendAgain != 0 && used == n && n > 1 {
				used-- // the octet that was skipped counted for one
			}
			f &^= SendAgain
			fin = b.fin && used == end.Since(c.rcv.copied)
		}
		c.rcv.copied = c.rcv.copied.Add(used)
		n -= used
		if f&SendOOB == 0 {
			c.spaceAdjust() // whatever has become of the connection
		}
		c.urgentPassed()
		before := c.rq.in.Len()
		c.dropRead(1)
		i = max(i-(before-c.rq.in.Len()), 0)
	}
	return fin
}
