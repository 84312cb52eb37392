package sock

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// readWire decodes a packet that a RAW socket of this host has sent to the host
// itself: b is anything at all. It reports false where the IP layer drops it
// (ip_rcv_core, ip6_rcv_core). What the transport finds broken, or does not know,
// stays opaque.
func readWire(b []byte, p *Packet) bool {
	*p = Packet{Opaque: true}
	var at int
	switch {
	case len(b) >= ip4HdrLen && b[0]>>4 == 4:
		at = readIP4(b, p)
	case len(b) >= ip6HdrLen && b[0]>>4 == 6:
		at = readIP6(b, p)
	}
	if at == 0 {
		return false
	}
	if !p.isFragment4() {
		p.readTransport(p.Wire[at:])
	}
	return true
}

// readTransport decodes what follows the IP header and extension headers.
func (p *Packet) readTransport(body []byte) {
	b := p.Wire
	switch {
	case p.Proto == ProtoTCP:
		p.readTCP(b, body)
	case p.Proto == ProtoUDP:
		p.readUDP(b, body)
	case p.Proto == ProtoICMP && !p.IPv6(), p.Proto == ProtoICMPv6 && p.IPv6():
		p.readICMP(b, body)
	}
}

// readIP4 reads an IPv4 header and tells where the transport begins; 0 for a
// packet that goes no further.
func readIP4(b []byte, p *Packet) int {
	ihl := int(b[0]&15) * 4
	switch {
	case ihl < ip4HdrLen, ihl > len(b), int(binary.BigEndian.Uint16(b[2:])) != len(b):
		return 0
	case tcpstate.Fold(tcpstate.Sum(0, b[:ihl])) != 0xffff, !SoundIP4Options(b[ip4HdrLen:ihl]):
		return 0
	}
	p.Wire = b
	p.Src, p.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.TOS, p.Seg.ECN, p.TTL, p.Proto = b[1]&^3, tcpstate.ECN(b[1]&3), b[8], b[9]
	p.ID, p.NoDF = binary.BigEndian.Uint16(b[4:]), b[6]&flagDF == 0
	return ihl
}

// readIP6 does the same for IPv6. Extension headers are not walked: a packet
// with some is one of a protocol that RAW sockets alone may want.
func readIP6(b []byte, p *Packet) int {
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n == 0 && b[6] == extHopByHop {
		n = len(b) - ip6HdrLen // a jumbo payload, perhaps
	}
	if n > len(b)-ip6HdrLen {
		return 0
	}
	p.Wire = b[:ip6HdrLen+n]
	word := binary.BigEndian.Uint32(b)
	tos := uint8(word >> 20)
	p.Src, p.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	p.TOS, p.Seg.ECN, p.TTL, p.Proto, p.Flow = tos&^3, tcpstate.ECN(tos&3), b[7], b[6], word&0xfffff
	return ip6HdrLen
}

// sound sums a transport header and what follows; a wrong sum is noted.
func (p *Packet) sound(b, body []byte) bool {
	p.BadSum = tcpstate.Fold(tcpstate.Sum(transportSum(b, p.Proto, len(body)), body)) != 0xffff
	return !p.BadSum
}

// readTCP is the head of tcp_v4_rcv.
func (p *Packet) readTCP(b, body []byte) {
	if len(body) < tcpHdrLen || int(body[12]>>4)*4 < tcpHdrLen || int(body[12]>>4)*4 > len(body) || !p.sound(b, body) {
		return
	}
	n := int(body[12]>>4) * 4
	p.Opaque = false
	p.SrcPort, p.DstPort = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
	p.Payload = body[n:]
	s := &p.Seg
	s.Seq, s.Ack = tcpstate.Seq(binary.BigEndian.Uint32(body[4:])), tcpstate.Seq(binary.BigEndian.Uint32(body[8:]))
	s.Flags = tcpstate.Flags(binary.BigEndian.Uint16(body[12:]) & 0x1ff)
	s.Wnd, s.Urg = binary.BigEndian.Uint16(body[14:]), binary.BigEndian.Uint16(body[18:])
	s.Len, s.HdrLen = uint32(len(p.Payload)), uint8(n)
	tcpstate.DecodeOptions(body[tcpHdrLen:n], s.Flags.Has(tcpstate.SYN), &s.Opts)
}

// readUDP is the head of __udp4_lib_rcv and __udp6_lib_rcv.
func (p *Packet) readUDP(b, body []byte) {
	if len(body) < udpHdrLen {
		return
	}
	n := int(binary.BigEndian.Uint16(body[4:]))
	if n == 0 && p.IPv6() {
		n = len(body) // RFC 2675 section 4
	}
	if n < udpHdrLen || n > len(body) {
		return
	}
	body = body[:n]
	bare := body[6] == 0 && body[7] == 0
	if !bare && !p.sound(b, body) {
		return
	}
	p.Opaque, p.NoCheck = false, bare
	p.SrcPort, p.DstPort = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
	p.Payload = body[udpHdrLen:]
}

// readICMP is icmp_rcv and icmpv6_rcv up to the handlers.
func (p *Packet) readICMP(b, body []byte) {
	if !p.sound(b, body) || len(body) < icmpHdrLen {
		return
	}
	m := ICMP{Type: body[0], Code: body[1], MTU: binary.BigEndian.Uint32(body[4:])}
	payload := body[icmpHdrLen:]
	switch {
	case p.IPv6():
		if ICMPError6(m.Type) && m.Quote.Read6(payload) != QuoteSound {
			return
		}
	case !ICMPKnown4(m.Type):
		return
	case ICMPError4(m.Type):
		if m.Quote.Read4(payload) != QuoteSound {
			return
		}
		if m.Type == ICMPDestUnreach && m.Code&15 == ICMPFragNeeded {
			m.MTU &= 0xffff // RFC 1191: the upper half is unused
		}
	}
	p.Opaque, p.ICMP, p.Payload = false, m, payload
}
