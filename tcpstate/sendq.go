package tcpstate

import "github.com/sockspec/sockspec/queue"

// sendState is the send side of the control block, RFC 9293 section 3.3.1's
// SND variables first.
type sendState struct {
	una, nxt    Seq // SND.UNA, SND.NXT
	wl1         Seq // SND.WL1
	up          Seq // SND.UP
	write       Seq // next octet the user writes (write_seq)
	sml         Seq // end of the last small segment sent (Minshall)
	pushed      Seq // last octet marked PSH (pushed_seq)
	wnd, maxWnd uint32
	mssCache    uint32 // send MSS with the options that every segment carries
	sndbuf      int32
	queued      int32 // truesize of all that is queued (sk_wmem_queued)
	mtu         mtu   // of the path, that mssCache is for (icsk_pmtu_cookie)
	way         wayOut
	marked      bool // the latest segment went as ECN-capable (INET_ECN_xmit)
	bars        Bars // what the host does not allow, during Step only
	lastSent    Time // of data (lsndtime)
}

func (s *sendState) init(iss Seq) {
	s.una, s.nxt, s.up, s.write, s.sml, s.pushed = iss, iss, iss, iss, iss, iss
}

// wndEnd is the right edge of the peer's window (tcp_wnd_end).
func (s *sendState) wndEnd() Seq { return s.una.Add(s.wnd) }

// Tags of a sent buffer: what became of it (TCPCB_*).
const (
	tagSacked      uint8 = 1 << iota // the peer has it, out of order
	tagRetrans                       // a retransmission is in flight
	tagLost                          // taken for lost
	tagEverRetrans                   // was ever retransmitted
	tagUnwatched                     // RACK took it for lost: off the list by time (tsorted_sent_queue)
)

// buffer is a run of the send stream that is sent as one: Linux's sk_buff on
// the write or the retransmission queue, without its bytes.
type buffer struct {
	seq, end   Seq
	sent       Time   // of the latest transmission
	true       int32  // truesize
	pcount     uint16 // segments of MSS octets it counts for (gso_segs)
	mss        uint16 // size that pcount was reckoned with (gso_size), 0 = one segment
	flags      Flags  // SYN, FIN, PSH
	tags       uint8
	eor        bool
	appLimited bool   // the user had too little to send (tx.is_app_limited)
	turn       uint16 // of the latest transmission, see turns
	delivered  uint32 // c.stat.delivered when sent (tx.delivered)
	firstSent  Time   // tx.first_tx_mstamp
	delivAt    Time   // tx.delivered_mstamp, never = not sampled
}

// len is the payload's length.
func (b *buffer) len() uint32 {
	n := b.end.Since(b.seq)
	if b.flags.Has(SYN) {
		n--
	}
	if b.flags.Has(FIN) {
		n--
	}
	return n
}

// segLen is the length of its segments (tcp_skb_seglen).
func (b *buffer) segLen() uint32 {
	if b.pcount == 1 {
		return b.len()
	}
	return uint32(b.mss)
}

// setSegs counts the segments that the buffer makes (tcp_set_skb_tso_segs).
func (b *buffer) setSegs(mss uint32) uint32 {
	n := b.len()
	if n <= mss {
		b.mss, b.pcount = 0, 1
		return 1
	}
	b.mss = uint16(mss)
	b.pcount = uint16((n + mss - 1) / mss)
	return uint32(b.pcount)
}

// sendQueue holds buffers in order: sent ones, then, from head on, unsent ones.
type sendQueue struct {
	list queue.Deque[buffer]
	head int // index of the first unsent buffer (sk_write_queue's head)

	packetsOut, sackedOut, lostOut, retransOut uint32
	sackHigh                                   Seq            // end of the highest SACKed octet
	sackSeen                                   [MaxSACK]Range // blocks of the latest ACK (recv_sack_cache)
	hint                                       Seq            // where the next retransmission is looked for
	hasHint                                    bool
	sackSeenN                                  uint8 // how many
	turns                                      turns
}

// turns tell transmissions of one microsecond apart: Linux reads its clock for
// each write and each ACK, and more than once for a long write, and no two of its
// readings are quite the same.
type turns struct {
	now      uint16 // of what is sent now
	newest   uint16 // of RACK's latest transmission
	measured uint16 // of the one whose round trip is RACK's, if this step has measured it; else noTurn
}

const noTurn = 1<<16 - 1

// next is a new reading of the clock.
func (t *turns) next() {
	if t.now < noTurn {
		t.now++
	}
}

func (q *sendQueue) at(i int) *buffer { return q.list.At(i) }

// unsent is the first buffer not yet sent, nil if none (tcp_send_head).
func (q *sendQueue) unsent() *buffer {
	if q.head < q.list.Len() {
		return q.list.At(q.head)
	}
	return nil
}

// oldest is the first buffer sent and not acknowledged (tcp_rtx_queue_head).
func (q *sendQueue) oldest() *buffer {
	if q.head > 0 {
		return q.list.At(0)
	}
	return nil
}

// tail is the last unsent buffer (tcp_write_queue_tail).
func (q *sendQueue) tail() *buffer {
	if n := q.list.Len(); q.head < n {
		return q.list.At(n - 1)
	}
	return nil
}

func (q *sendQueue) hasUnsent() bool { return q.head < q.list.Len() }

// find is the index of the sent buffer that holds seq, or of the first one after it.
func (q *sendQueue) find(seq Seq) int {
	lo, hi := 0, q.head
	for lo < hi {
		mid := (lo + hi) / 2
		if q.list.At(mid).end.LessEq(seq) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// leftOut is what has left the network: arrived out of order, or lost.
func (q *sendQueue) leftOut() uint32 { return q.sackedOut + q.lostOut }

// inFlight is the packets believed to be in the network (tcp_packets_in_flight).
func (q *sendQueue) inFlight() uint32 { return q.packetsOut - q.leftOut() + q.retransOut }

// overhead of an empty buffer: SKB_TRUESIZE of a small head (256 of sk_buff
// and a head of 576 on x86-64 without fat headers).
const bufOverhead = 832

// append puts an empty buffer at the queue's end (tcp_skb_entail, tcp_queue_skb).
func (c *Conn) appendBuffer(seq Seq, flags Flags) *buffer {
	end := seq.Add((&Segment{Flags: flags}).SeqLen())
	c.q.list.PushBack(buffer{seq: seq, end: end, flags: flags, true: bufOverhead})
	c.buy(&c.snd.queued, bufOverhead)
	if c.q.list.Len() == c.q.head+1 && !flags.Has(SYN) { // tcp_add_write_queue_tail
		c.startChrono(chronoBusy)
	}
	return c.q.at(c.q.list.Len() - 1)
}

// releaseOldest forgets the oldest buffer.
func (c *Conn) releaseOldest() {
	b, ok := c.q.list.PopFront()
	if !ok {
		return
	}
	c.uncharge(&c.snd.queued, b.true)
	c.q.head--
}

// purgeSendQueue forgets all that is queued (tcp_write_queue_purge), but not how
// much of it was lost, sent again and SACKed: TCP_INFO tells of a connection's end.
func (c *Conn) purgeSendQueue() {
	c.stopBusy()
	c.q.list.Clear()
	c.q.head = 0
	if c.snd.queued > 0 { // who frees nothing gives nothing back
		c.uncharge(&c.snd.queued, c.snd.queued)
	}
	c.q.packetsOut, c.rtt.backoff = 0, 0
	c.q.hasHint = false
}

// mayCutSent reports whether buffer i, which was sent, may be cut in two: not in the
// midst of others while the user has been allowed far more than SO_SNDBUF is by now
// (tcp_fragment: TCPWQUEUETOOBIG).
func (c *Conn) mayCutSent(i int) bool {
	const spare = 2 * (65536 + 256 + 320) // SKB_TRUESIZE(GSO_LEGACY_MAX_SIZE)
	return int64(c.snd.queued)>>1 <= int64(c.snd.sndbuf)+spare || i <= 0 || i >= c.q.head-1
}

// split cuts buffer i after n octets; the rest becomes buffer i+1. PSH and FIN
// stay with the rest (tcp_fragment, tso_fragment).
func (c *Conn) split(i int, n, mss uint32) {
	b := c.q.at(i)
	rest := *b
	rest.seq = b.seq.Add(n)
	nlen := b.len() - n
	if b.flags.Has(SYN) {
		rest.seq = rest.seq.Add(1)
		rest.flags &^= SYN
	}
	rest.true = bufOverhead + int32(nlen)
	was := uint32(b.pcount)
	b.end = rest.seq
	b.true -= int32(nlen)
	b.flags &^= FIN | PSH
	b.eor = false
	c.buy(&c.snd.queued, bufOverhead)
	b.setSegs(mss)
	rest.setSegs(mss)
	now := uint32(b.pcount) + uint32(rest.pcount)
	sent := i < c.q.head
	if sent {
		c.adjustCount(b.tags, int32(was)-int32(now))
		c.q.head++
	}
	c.q.list.Insert(i+1, rest)
}

// adjustCount mends the counters when a sent buffer's count fell by decr
// (tcp_adjust_pcount).
func (c *Conn) adjustCount(tags uint8, decr int32) {
	if decr == 0 {
		return
	}
	sub := func(v *uint32) { *v = uint32(int32(*v) - decr) }
	sub(&c.q.packetsOut)
	if tags&tagSacked != 0 {
		sub(&c.q.sackedOut)
	}
	if tags&tagRetrans != 0 {
		sub(&c.q.retransOut)
	}
	if tags&tagLost != 0 {
		sub(&c.q.lostOut)
	}
	if !c.opt.sack && decr > 0 {
		c.q.sackedOut -= min(c.q.sackedOut, uint32(decr))
	}
}

// trimHead drops the acknowledged front of buffer i (tcp_trim_head).
func (c *Conn) trimHead(b *buffer, n uint32) {
	if b.flags.Has(SYN) {
		b.flags &^= SYN
		b.seq = b.seq.Add(1)
		n--
	}
	n = min(n, b.len())
	b.seq = b.seq.Add(n)
	b.true -= int32(n)
	c.uncharge(&c.snd.queued, int32(n))
	if b.pcount > 1 {
		b.setSegs(uint32(b.mss))
	}
}
