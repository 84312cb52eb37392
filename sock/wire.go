package sock

import (
	"encoding/binary"

	"github.com/sockspec/sockspec/tcpstate"
)

// Lengths of fixed headers in octets.
const (
	ip4HdrLen  = 20
	ip6HdrLen  = 40
	tcpHdrLen  = 20
	udpHdrLen  = 8
	icmpHdrLen = 8
	maxPacket  = 65535
)

// The IPv6 extension headers (RFC 8200 section 4).
const (
	extHopByHop = 0
	extRouting  = 43
	extFragment = 44
	extAuth     = 51
	extNone     = 59
	extDstOpts  = 60
)

// wire is the packet as it is on the wire: as it came, or made from its fields
// for RAW sockets to see and ICMP errors to quote. The bytes live as long as the
// input does.
func (h *Host) wire(p *Packet) []byte {
	if p.Wire == nil {
		at := len(h.arena)
		h.arena = appendWire(h.arena, p)
		p.Wire = h.arena[at:len(h.arena):len(h.arena)]
	}
	return p.Wire
}

// body is what follows the IP header and IPv6's extension headers.
func (h *Host) body(p *Packet) []byte {
	b := h.wire(p)
	n := int(p.Ext) + ip6HdrLen
	if !p.IPv6() {
		n = int(b[0]&15) * 4
	}
	return b[min(n, len(b)):]
}

// appendWire writes the packet to the end of b, with all checksums.
func appendWire(b []byte, p *Packet) []byte {
	if p.Opaque {
		return append(b, p.Wire...)
	}
	start := len(b)
	b = appendIP(b, p)
	at := len(b)
	switch p.Proto {
	case ProtoTCP:
		b = appendTCP(b, p)
	case ProtoUDP:
		b = binary.BigEndian.AppendUint16(b, p.SrcPort)
		b = binary.BigEndian.AppendUint16(b, p.DstPort)
		b = binary.BigEndian.AppendUint32(b, uint32(udpHdrLen+len(p.Payload))<<16)
	default:
		b = append(b, p.ICMP.Type, p.ICMP.Code, 0, 0)
		b = binary.BigEndian.AppendUint32(b, p.ICMP.MTU)
	}
	b = append(b, p.Payload...)
	finishIP(b[start:])
	switch head, body := b[start:at], b[at:]; {
	case p.Proto == ProtoUDP && p.NoCheck:
	case p.partial && (p.Proto == ProtoTCP || p.Proto == ProtoUDP):
		sum := tcpstate.Fold(transportSum(head, p.Proto, len(body)))
		binary.BigEndian.PutUint16(body[checksumAt(p.Proto):], sum)
	default:
		finishTransport(head, body, p.Proto)
	}
	return b
}

// appendIP writes the IP header, its length and checksum still zero.
func appendIP(b []byte, p *Packet) []byte {
	tos := p.TOS&^3 | uint8(p.Seg.ECN)
	if p.IPv6() {
		src, dst := p.Src.As16(), p.Dst.As16()
		b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(tos)<<20|p.Flow&0xfffff)
		b = append(append(b, 0, 0, p.Proto, p.TTL), src[:]...)
		return append(b, dst[:]...)
	}
	src, dst := p.Src.As4(), p.Dst.As4()
	b = append(b, 0x45, tos, 0, 0, uint8(p.ID>>8), uint8(p.ID), flagDF, 0, p.TTL, p.Proto, 0, 0)
	if p.NoDF {
		b[len(b)-6] = 0
	}
	return append(append(b, src[:]...), dst[:]...)
}

// flagDF is the don't-fragment bit, in the octet that holds IPv4's flags.
const flagDF = 0x40

// finishIP fills in what the length of the whole packet decides. Linux leaves
// what is too long to the card, which cuts it; so its length stays as it would
// overflow.
func finishIP(b []byte) {
	if b[0]>>4 == 6 {
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)-ip6HdrLen))
		return
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	sumIP4(b)
}

// sumIP4 fills in the checksum of an IPv4 header.
func sumIP4(b []byte) {
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], ^tcpstate.Fold(tcpstate.Sum(0, b[:int(b[0]&15)*4])))
}

// appendTCP writes a TCP header and its options.
func appendTCP(b []byte, p *Packet) []byte {
	s, at := &p.Seg, len(b)
	b = binary.BigEndian.AppendUint16(b, p.SrcPort)
	b = binary.BigEndian.AppendUint16(b, p.DstPort)
	b = binary.BigEndian.AppendUint32(b, uint32(s.Seq))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Ack))
	b = binary.BigEndian.AppendUint16(b, uint16(s.Flags)&0x1ff)
	b = binary.BigEndian.AppendUint16(b, s.Wnd)
	b = binary.BigEndian.AppendUint32(b, uint32(s.Urg))
	b, _ = tcpstate.AppendOptions(b, &s.Opts) // those of a host always fit
	b[at+12] |= uint8((len(b)-at)/4) << 4
	return b
}

// checksumAt is where a protocol has its checksum, 0 if it is not known to have one.
func checksumAt(proto uint8) int {
	switch proto {
	case ProtoTCP:
		return 16
	case ProtoUDP:
		return 6
	case ProtoICMP, ProtoICMPv6:
		return 2
	}
	return 0
}

// transportSum starts the sum of a transport's checksum with the pseudo-header
// that the protocol has: ICMP alone has none (RFC 792).
func transportSum(header []byte, proto uint8, length int) uint64 {
	switch {
	case proto == ProtoICMP:
		return 0
	case header[0]>>4 == 6:
		return tcpstate.Pseudo(header[8:40], proto, length)
	}
	return tcpstate.Pseudo(header[12:20], proto, length)
}

// finishTransport fills in the transport's checksum, which is zero.
func finishTransport(header, body []byte, proto uint8) {
	c := ^tcpstate.Fold(tcpstate.Sum(transportSum(header, proto, len(body)), body))
	if c == 0 && proto == ProtoUDP {
		c = 0xffff // 0 would mean "none" (RFC 768)
	}
	binary.BigEndian.PutUint16(body[checksumAt(proto):], c)
}
