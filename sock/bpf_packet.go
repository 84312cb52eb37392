package sock

import "encoding/binary"

// filterView is a packet as a program sees it (struct sk_buff). Octets are
// counted from where its protocol found it, or from the network header, or from
// the link's.
type filterView struct {
	h    *Host
	p    *Packet
	wire []byte // from the network header on
	at   int    // in wire: what the program counts from
	// head is where the transport's header is, in wire.
	head int
	link int // octets of a link's header before it
}

// Where a program's loads begin to mean something else (SKF_AD_OFF, SKF_NET_OFF,
// SKF_LL_OFF).
const (
	adOff       = 0xfffff000
	netOff      = -0x100000
	linkOff     = -0x200000
	etherLen    = 14 // of the header that loopback's packets have; a TUN device's have none
	etherIPv4   = 0x0800
	etherIPv6   = 0x86dd
	hwLoopback  = 772    // ARPHRD_LOOPBACK
	hwNone      = 0xfffe // ARPHRD_NONE, a TUN device's
	packetOwn   = 5      // PACKET_LOOPBACK: a copy of what went out to a group
	tunRxQueue  = 1      // the only one, counted from 1 (skb_record_rx_queue)
	nlattrLen   = 4      // struct nlattr
	nlattrTypes = 0x3fff // NLA_TYPE_MASK
)

// viewOf is the packet from its transport's header on.
func (h *Host) viewOf(p *Packet) *filterView {
	wire, v := h.wire(p), &h.view
	head := len(wire) - len(h.body(p))
	*v = filterView{h: h, p: p, wire: wire, at: head, head: head}
	if v.device() == loopbackIndex {
		v.link = etherLen
	}
	return v
}

// length is that of the packet, octets (skb->len).
func (v *filterView) length() int { return len(v.wire) - v.at }

// ether is the type in the link's header.
func (v *filterView) ether() uint32 {
	if v.p.IPv6() {
		return etherIPv6
	}
	return etherIPv4
}

// octets loads one, two or four octets; false when they are not all there
// (bpf_skb_load_helper_8 and its like).
func (v *filterView) octets(off int32, size uint16) (uint32, bool) {
	at, n := int(off), 4>>(size>>3)
	switch {
	case off >= 0:
		at += v.at
	case off >= netOff:
		at -= netOff
	case off >= linkOff:
		at -= linkOff + v.link
	default:
		return 0, false
	}
	if at+n > len(v.wire) {
		return 0, false
	}
	var x uint32
	for i := range n {
		x = x<<8 | uint32(v.octet(at+i))
	}
	return x, true
}

// octet is one of the packet's, or before it of the link's header: no addresses,
// and the type.
func (v *filterView) octet(at int) byte {
	switch at {
	case -2:
		return byte(v.ether() >> 8)
	case -1:
		return byte(v.ether())
	}
	if at < 0 {
		return 0
	}
	return v.wire[at]
}

// The loads that are about a packet and not in it, from SKF_AD_PROTOCOL on, by a
// quarter of their numbers.
const (
	adProtocol = iota
	adPktType
	adIfIndex
	adNlattr
	adNlattrNest
	adMark
	adQueue
	adHaType
	adRxHash
	adCPU
	adXor
	adVlanTag
	adVlanTagPresent
	adPayOffset
	adRandom
	adVlanTPID
	adMax = 4 * iota // SKF_AD_MAX
)

// adCost is how many of Linux's instructions each becomes (convert_bpf_extensions).
var adCost = [...]int{
	adProtocol: 2, adPktType: 2, adIfIndex: 4, adNlattr: 4, adNlattrNest: 4, adMark: 1, adQueue: 1, adHaType: 4,
	adRxHash: 1, adCPU: 4, adXor: 1, adVlanTag: 1, adVlanTagPresent: 3, adPayOffset: 4, adRandom: 4, adVlanTPID: 2,
}

// ancillary is one of those loads. The link has no VLANs and the host one
// processor, 0; the hash is the host's own, as a card's would be.
func (v *filterView) ancillary(k, a, x uint32) (uint32, bool) {
	switch k / 4 {
	case adProtocol:
		return v.ether(), true
	case adPktType:
		if v.p.looped && v.h.trueDevice(v.p) != loopbackIndex {
			return packetOwn, true
		}
	case adIfIndex:
		return uint32(v.device()), true
	case adNlattr:
		return v.attribute(int64(a), x, false), true
	case adNlattrNest:
		return v.attribute(int64(a), x, true), true
	case adMark:
		return uint32(v.p.tag.mark), true
	case adQueue:
		return tunRxQueue * uint32(flag(!v.p.looped)), true
	case adHaType:
		if v.device() == loopbackIndex {
			return hwLoopback, true
		}
		return hwNone, true
	case adRxHash:
		return uint32(v.p.name().hash()), true
	case adXor:
		return a ^ x, true
	case adPayOffset:
		return v.payload(), true
	case adRandom:
		return uint32(v.h.rand.next()), true
	}
	return 0, true
}

// device is skb->dev.
func (v *filterView) device() int32 { return v.h.trueDevice(v.p) }

// payload is where the transport's payload begins, counted from where the
// program does (skb_get_poff). Headers that lie before that are thought to be at
// the end, since the flow dissector's offsets have no sign.
func (v *filterView) payload() uint32 {
	off := min(uint32(uint16(v.head-v.at)), uint32(v.length()))
	switch v.p.Proto {
	case ProtoTCP:
		if b := v.at + int(off) + 12; b < len(v.wire) {
			off += max(tcpHdrLen, uint32(v.wire[b]>>4)*4)
		}
	case ProtoUDP, protoUDPLite:
		off += udpHdrLen
	case ProtoICMP, ProtoICMPv6:
		off += icmpHdrLen
	case protoIGMP:
		off += 8
	}
	return off
}

// attribute looks for a netlink attribute of type x from octet a on, or within
// the one that is there; 0 is none (bpf_skb_get_nlattr, bpf_skb_get_nlattr_nest).
// A stream's payload that loopback carries lies in pages, which are not looked at.
func (v *filterView) attribute(a int64, x uint32, nested bool) uint32 {
	b := v.wire[v.at:]
	if v.device() == loopbackIndex && v.p.Proto == ProtoTCP && len(v.p.Payload) > 0 || a > int64(len(b)-nlattrLen) {
		return 0
	}
	at, end := int(a), len(b)
	if nested {
		n, ok := attributeAt(b[at:])
		if !ok {
			return 0
		}
		at, end = at+nlattrLen, at+n
	}
	for at < end {
		n, ok := attributeAt(b[at:end])
		switch {
		case !ok:
			return 0
		case uint32(binary.LittleEndian.Uint16(b[at+2:]))&nlattrTypes == x:
			return uint32(at)
		}
		at += (n + 3) &^ 3
	}
	return 0
}

// attributeAt is the length of the attribute that b begins with, header and all
// (nla_ok).
func attributeAt(b []byte) (int, bool) {
	if len(b) < nlattrLen {
		return 0, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	return n, n >= nlattrLen && n <= len(b)
}
