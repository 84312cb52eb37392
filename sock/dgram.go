package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// datagrams is what sockets of datagrams have beside struct sock: UDP, ping
// and RAW.
type datagrams struct {
	connected  bool           // sk_state is TCP_ESTABLISHED
	hash4      netip.AddrPort // the peer under which a lookup finds it, if it is in udpTable.byPeer
	recv, errs queue.Deque[dgram]
	// rmem is sk_rmem_alloc, octets of truesize that the queues are charged.
	rmem int32
	// wmem is sk_wmem_alloc less its first reference: what is corked.
	wmem int32
	// drops counts datagrams lost here (sk_drops), for SO_RXQ_OVFL.
	drops uint32
	// reader is how many of recv lie in UDP's second queue, and deficit what
	// was read of it without giving the memory back (udp_rmem_release).
	reader, deficit int32
	// forward is what UDP was lent beyond what lies in recv and deficit, octets
	// (sk_forward_alloc); other sockets count no memory.
	forward int32
	// stamp is when the datagram came that was read last, 0 before there was one
	// (sk_stamp); it is kept since somebody asked (SOCK_TIMESTAMP).
	stamp  Time
	stamps bool
	cork   cork
	// What a socket has of both families (see half4): rcv4 and src4 are invalid
	// until a connect parts them from what bind gave. peer6 is sk_v6_daddr, IPv4
	// where that is mapped; it outlives a disconnect.
	rcv4, src4, dst4, peer6 netip.Addr
}

// dgram is one datagram of a queue, or one error.
type dgram struct {
	src, dst netip.AddrPort // as on the wire
	ttl, tos uint8          // tos with its ECN bits
	dev      int32          // interface that it came by
	at       Time           // when it came
	drops    uint32         // lost before it
	truesize int32          // octets
	gso      int32          // size of the datagrams that it holds, for UDP_GRO
	tag      tag
	peeked   bool // an empty one that MSG_PEEK has shown
	noPorts  bool // too short to have any: nobody is told where it was for
	data     []byte
	// info is what IP_PKTINFO tells of it: of a datagram as far as that was asked
	// for when it came, since later is too late (ipv4_pktinfo_prepare).
	info pktInfo
	ee   extErr // of the error queue
}

// pktInfo is an interface, and the address to answer from.
type pktInfo struct {
	dev int32
	src netip.Addr
}

// ipv6 reports whether it came in IPv6.
func (d *dgram) ipv6() bool { return d.dst.Addr().Is6() }

// dgramData copies octets into memory that the host reuses.
func (h *Host) dgramData(b []byte) []byte {
	if n := len(h.spare); n > 0 {
		m := h.spare[n-1]
		h.spare = h.spare[:n-1]
		return append(m[:0], b...)
	}
	return append([]byte(nil), b...)
}

// maxSpare bounds the buffers that are kept for reuse.
const maxSpare = 64

// reuse takes a datagram's memory back.
func (h *Host) reuse(b []byte) {
	if cap(b) > 0 && len(h.spare) < maxSpare {
		h.spare = append(h.spare, b)
	}
}

// queueDatagram puts a datagram into the receive queue and wakes one who waits
// (__sock_queue_rcv_skb). The data is copied.
func (h *Host) queueDatagram(s *sock, d dgram) {
	g := s.dg
	g.rmem += d.truesize
	if s.prot.dgram.lazyRmem {
		g.takeRmem(d.truesize)
	}
	if s.opt.rxqOvfl {
		d.drops = g.drops
	}
	if !d.ipv6() && !s.prot.dgram.noSpecDst && (s.opt.pktInfo || s.opt.recv6.pktInfo) {
		d.info = pktInfo{d.dev, h.specDst(&d)}
	}
	d.data = h.dgramData(d.data)
	g.recv.PushBack(d)
	h.wake(s, wakeIn)
}

// takeDatagram removes element i of the receive queue.
func (s *sock) takeDatagram(i int) dgram {
	d, _ := s.dg.recv.Remove(i)
	if s.prot.dgram.lazyRmem {
		s.releaseRmem(d.truesize)
	} else {
		s.dg.rmem -= d.truesize
	}
	return d
}

// purge empties both queues.
func (h *Host) purge(s *sock) {
	for _, q := range [...]*queue.Deque[dgram]{&s.dg.recv, &s.dg.errs} {
		for d, ok := q.PopFront(); ok; d, ok = q.PopFront() {
			h.reuse(d.data)
		}
	}
	s.dg.rmem, s.dg.reader, s.dg.deficit, s.dg.forward = 0, 0, 0, 0
}

// Figures of an sk_buff's memory (include/linux/skbuff.h, x86-64).
const (
	skbStruct    = 256   // struct sk_buff, aligned
	skbShared    = 320   // struct skb_shared_info, aligned
	skbSmallHead = 576   // SKB_SMALL_HEAD_CACHE_SIZE
	skbMaxAlloc  = 16064 // SKB_MAX_ALLOC
	lladdr4      = 31    // hh_len + 15 over loopback (__ip_append_data)
	lladdr6      = 24    // hh_len + sizeof(struct frag_hdr) (__ip6_append_data)
)

// truesize is what an sk_buff with n octets of head is charged (__alloc_skb):
// sizes are rounded up to those of kmalloc.
func truesize(n int) int32 {
	size := (n+63)&^63 + skbShared
	if size <= skbSmallHead {
		return skbSmallHead + skbStruct
	}
	k := 1024
	for k < size {
		k <<= 1
	}
	return int32(k + skbStruct)
}

// cost is what the memory that brought a packet is charged, and how many octets more
// have a place there.
func (p *Packet) cost() (size, room int32) {
	switch {
	case p.truesize != 0:
		return p.truesize, p.room
	case p.Wire != nil:
		return tcpstate.RxCost(uint32(len(p.Wire)))
	}
	return tcpstate.RxCost(uint32(p.wireLen()))
}

// sentTruesize is what a datagram of n octets behind its headers of hdr octets
// is charged while it is sent: large ones have their octets in pages.
func sentTruesize(hdr, n int) int32 {
	extra := lladdr4
	if hdr >= ip6HdrLen {
		extra = lladdr6
	}
	if hdr+n+extra < skbMaxAlloc {
		return truesize(hdr + n + extra)
	}
	return truesize(hdr+extra) + int32(n)
}

// clone copies what the socket has queued.
func (g *datagrams) clone() *datagrams {
	if g == nil {
		return nil
	}
	c := *g
	c.recv, c.errs = g.recv.Clone(), g.errs.Clone()
	for _, q := range [...]*queue.Deque[dgram]{&c.recv, &c.errs} {
		for i := range q.Len() {
			q.At(i).data = append([]byte(nil), q.At(i).data...)
		}
	}
	c.cork = g.cork.clone()
	return &c
}

// fingerprint feeds what a program could tell of the queues.
func (g *datagrams) fingerprint(f *queue.Hash, now Time) {
	f.Bool(g.connected)
	hashAddr(f, g.hash4)
	f.U64(uint64(uint32(g.rmem))<<32 | uint64(uint32(g.wmem)))
	f.U64(uint64(g.drops))
	f.Bool(g.stamps)
	f.Bool(g.stamp != 0)
	if g.stamps && g.stamp != 0 {
		f.U64(uint64(g.stamp - now))
	}
	f.U64(uint64(uint32(g.reader))<<32 | uint64(uint32(g.deficit)))
	f.U32(uint32(g.forward))
	for _, a := range [...]netip.Addr{g.rcv4, g.src4, g.dst4, g.peer6} {
		hashAddr(f, netip.AddrPortFrom(a, 0))
	}
	for _, q := range [...]*queue.Deque[dgram]{&g.recv, &g.errs} {
		f.U32(uint32(q.Len()))
		for i := range q.Len() {
			q.At(i).fingerprint(f, now)
		}
	}
	if g.connected || g.cork.pending != 0 {
		hashAddr(f, g.cork.flow.src)
		hashAddr(f, g.cork.flow.dst)
	}
	g.cork.fingerprint(f)
}

func (d *dgram) fingerprint(f *queue.Hash, now Time) {
	hashAddr(f, d.src)
	hashAddr(f, d.dst)
	f.U64(uint64(d.ttl)<<40 | uint64(d.tos)<<32 | uint64(uint32(d.dev)))
	f.U64(uint64(d.at - now))
	f.U64(uint64(d.drops)<<32 | uint64(uint32(d.truesize)))
	f.U32(uint32(d.gso))
	f.Bool(d.peeked)
	f.Bool(d.noPorts)
	d.tag.fingerprint(f)
	hashAddr(f, netip.AddrPortFrom(d.info.src, uint16(d.info.dev)))
	f.Bytes(d.data)
	d.ee.fingerprint(f)
}

// hashAddr feeds an address and a port; none at all is zeros.
func hashAddr(f *queue.Hash, a netip.AddrPort) {
	b := [16]byte{}
	if a.Addr().IsValid() {
		b = a.Addr().As16()
	}
	f.Bytes(b[:])
	f.U64(uint64(a.Port())<<1 | uint64(flag(a.Addr().Is4())))
}
