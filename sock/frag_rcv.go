package sock

import (
	"encoding/binary"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// IPv4's flags and offset, in the 16 bits that hold both (include/net/ip.h).
const (
	fragMore4   = 0x2000
	fragOffset4 = 0x1fff
)

// fragHdrLen is the length of IPv6's fragment header (struct frag_hdr).
const fragHdrLen = 8

// isFragment4 reports whether a packet of IPv4 is a fragment (ip_is_fragment). Its
// transport is not decoded then.
func (p *Packet) isFragment4() bool {
	return p.Opaque && !p.IPv6() && len(p.Wire) >= ip4HdrLen && binary.BigEndian.Uint16(p.Wire[6:])&(fragMore4|fragOffset4) != 0
}

// defrag4 takes a fragment of IPv4 and returns the datagram once it is whole, nil
// before (ip_defrag).
func (h *Host) defrag4(p *Packet) *Packet {
	h.countFrag(p.Src, MibIPReasmReqds)
	b := p.Wire
	bits := binary.BigEndian.Uint16(b[6:])
	f := fragment{
		key:  fragKey{src: p.Src, dst: p.Dst, id: uint32(binary.BigEndian.Uint16(b[4:])), proto: p.Proto},
		wire: b, at: int(b[0]&15) * 4, start: int(bits&fragOffset4) * 8,
		more: bits&fragMore4 != 0, whole: b[6]&flagDF != 0,
	}
	f.size, f.room = p.cost()
	f.end = f.start + len(b) - f.at
	if f.more {
		f.end &^= 7 // what is beyond is cut off
	}
	q := h.fragFind(f.key)
	if q == nil {
		h.countFrag(p.Src, MibIPReasmFails)
		h.emit(Dropped, rule.FragNoMemory, noSock)
		return nil
	}
	if h.fragTooFar(q, f.key) {
		h.countFrag(p.Src, MibIPReasmFails)
		h.emit(Dropped, rule.FragTooFar, noSock)
	}
	if !h.fragTake(q, &f) {
		return nil
	}
	return h.reassemble4(q, f.key, p.toMany)
}

// fragTake puts a fragment into its queue and does what follows from it; it
// reports whether the datagram is whole now.
func (h *Host) fragTake(q *fragQueue, f *fragment) bool {
	v := h.fragAdd(q, f)
	if v == fragTaken || v == fragComplete {
		h.emit(Noted, rule.FragQueued, noSock)
		return v == fragComplete
	}
	h.emit(Dropped, fragVerdictRules[v], noSock)
	if v != fragDup {
		h.countFrag(f.key.src, MibIPReasmFails)
		h.fragKill(f.key)
	}
	return false
}

// Verdicts of ECN: what to add to the codepoint of the first fragment.
const (
	ecnCE  = 3
	ecnBad = 0xff
)

// fragECN is ip_frag_ecn_table: CE of any fragment is the datagram's, but none may
// say that it knows nothing of ECN while others do. Each bit is a codepoint seen.
func fragECN(seen uint8) uint8 {
	const notECT, ce = 1 << 0, 1 << 3
	switch {
	case seen&notECT != 0 && seen != notECT:
		return ecnBad
	case seen&ce != 0 && seen != ce:
		return ecnCE
	}
	return 0
}

// fragJoin writes the header of n octets and all data behind it, throws the queue
// away and counts; nil when the datagram must not be (ip_frag_reasm).
func (h *Host) fragJoin(q *fragQueue, k fragKey, n int) []byte {
	why, most := rule.FragReassembled, maxPacket
	if k.src.Is6() {
		most += ip6HdrLen
	}
	switch {
	case fragECN(q.ecn) == ecnBad:
		why = rule.FragECN
	case n+q.len > most:
		why = rule.FragOversize
	}
	if why != rule.FragReassembled {
		h.countFrag(k.src, MibIPReasmFails)
		h.emit(Dropped, why, noSock)
		h.fragKill(k)
		return nil
	}
	h.countFrag(k.src, MibIPReasmOKs)
	h.emit(Noted, why, noSock)
	b := h.grab(n + q.len)
	at := copy(b, q.head[:n])
	for i := range q.pieces {
		at += copy(b[at:], q.pieces[i].data)
	}
	return b
}

// joinedCost is what the datagram is charged, and how many octets have a place behind it:
// what has one behind the first fragment is copied there until something has not, and
// whatever follows stays where it is (inet_frag_reasm_finish, skb_try_coalesce).
func (q *fragQueue) joinedCost() (size, room int32) {
	size, room = q.pieces[0].size, q.pieces[0].room
	for i := range q.pieces[1:] {
		p := &q.pieces[1+i]
		if n := int32(len(p.data)); n <= room {
			room -= n
			continue
		}
		size, room = size+p.size, 0
	}
	return size, room
}

// reassemble4 makes the datagram: the first fragment's header, with DF if the
// longest fragment had it (ip_frag_reasm).
func (h *Host) reassemble4(q *fragQueue, k fragKey, toMany bool) *Packet {
	ecn, whole := fragECN(q.ecn), q.maxWhole == q.maxSize
	size, room := q.joinedCost()
	b := h.fragJoin(q, k, len(q.head))
	if b == nil {
		return nil
	}
	h.fragKill(k)
	b[1] |= ecn
	b[6], b[7] = 0, 0
	if whole {
		b[6] = flagDF
	}
	finishIP(b)
	p := &h.whole
	*p = Packet{Opaque: true, truesize: size, room: room, toMany: toMany}
	at := readIP4(b, p)
	p.readTransport(b[at:])
	return p
}

// fragment6 takes a fragment of IPv6 (ipv6_frag_rcv), and delivers the datagram
// once it is whole. Ext says where the fragment header stands.
func (h *Host) fragment6(p *Packet) {
	h.countFrag(p.Src, MibIPReasmReqds)
	b, at := p.Wire, ip6HdrLen+int(p.Ext)
	switch {
	case h.hasFragmentHeader(p), b[4]|b[5] == 0, len(b) < at+fragHdrLen:
		h.paramProblem6(p, 0, uint32(at), rule.FragMisplaced)
		return
	}
	bits := binary.BigEndian.Uint16(b[at+2:])
	if bits&^6 == 0 { // an atomic fragment (RFC 6946)
		h.countFrag(p.Src, MibIPReasmOKs)
		q := &h.whole
		*q = *p
		h.deliverBehind(q, at+fragHdrLen, b[at])
		return
	}
	if headerMissing(b) {
		h.paramProblem6(p, fragHdrIncomplete, 0, rule.FragHeaderMissing)
		return
	}
	f := fragment{
		key:  fragKey{src: p.Src, dst: p.Dst, id: binary.BigEndian.Uint32(b[at+4:])},
		wire: b, at: at + fragHdrLen, start: int(bits &^ 7), more: bits&1 != 0,
	}
	f.size, f.room = p.cost()
	if p.Dst.IsMulticast() || p.Dst.IsLinkLocalUnicast() {
		f.key.dev = h.dev
	}
	f.end = f.start + len(b) - f.at
	q := h.fragFind(f.key)
	switch {
	case q == nil:
		h.countFrag(p.Src, MibIPReasmFails)
		h.emit(Dropped, rule.FragNoMemory, noSock)
	case f.end > maxPacket:
		h.paramProblem6(p, 0, uint32(at+2), rule.FragBadLength)
	case f.more && f.end&7 != 0:
		h.paramProblem6(p, 0, 4, rule.FragBadLength) // the payload length
	case h.fragTake(q, &f):
		h.reassemble6(q, f.key, p)
	}
}

// fragHdrIncomplete is the code of a parameter problem that says so (RFC 7112,
// ICMPV6_HDR_INCOMP).
const fragHdrIncomplete = 3

// paramProblem6 drops a packet and says what octet of it is wrong (icmpv6_param_prob).
func (h *Host) paramProblem6(p *Packet, code uint8, at uint32, why rule.ID) {
	h.emit(Dropped, why, noSock)
	h.icmp6Send(p, ICMPv6ParamProb, code, at, why)
}

// hasFragmentHeader reports whether there is a fragment header before the header
// that the packet ends with, or was one (IP6SKB_FRAGMENTED).
func (h *Host) hasFragmentHeader(p *Packet) bool {
	if p == &h.whole {
		return true
	}
	b, end := p.Wire, ip6HdrLen+int(p.Ext)
	off, kind := ip6HdrLen, b[6]
	for off < end && off+1 < len(b) { // each takes at least eight octets
		if kind == extFragment {
			return true
		}
		kind, off = b[off], off+(int(b[off+1])+1)*8
	}
	return false
}

// headerMissing reports whether a first fragment ends within its transport's
// header (ipv6frag_thdr_truncated; RFC 8200 section 4.5).
func headerMissing(b []byte) bool {
	proto, off, ok := skipQuotedExtensions(b)
	if !ok || proto == extFragment {
		return false
	}
	need := 1
	switch proto {
	case ProtoTCP:
		need = tcpHdrLen
	case ProtoUDP:
		need = udpHdrLen
	case ProtoICMPv6:
		need = icmpHdrLen
	}
	return off+need > len(b)
}

// reassemble6 makes the datagram, without its fragment header, and delivers it
// (ip6_frag_reasm). last is the fragment that made it whole.
func (h *Host) reassemble6(q *fragQueue, k fragKey, last *Packet) {
	ecn, n := fragECN(q.ecn), len(q.head)-fragHdrLen
	size, room := q.joinedCost()
	kind, names := q.head[n], nextHeaderIn(q.head[:n])
	b := h.fragJoin(q, k, n)
	if b == nil {
		return
	}
	h.fragKill(k)
	b[names] = kind
	b[1] |= ecn << 4
	finishIP(b)
	p := &h.whole
	*p = Packet{Opaque: true, truesize: size, room: room, toMany: last.toMany}
	readIP6(b, p)
	h.deliverBehind(p, n, kind)
}

// deliverBehind delivers a packet of IPv6 of which the headers up to off are done
// with and the next one is of that kind.
func (h *Host) deliverBehind(p *Packet, off int, kind uint8) {
	off, kind, ok := skipExtensions6(p.Wire, off, kind)
	if !ok {
		h.emit(Dropped, rule.FragBadExtension, noSock)
		return
	}
	p.Proto, p.Ext = kind, uint16(off-ip6HdrLen)
	p.readTransport(p.Wire[off:])
	h.deliver(p)
}
