package packetio

import (
	"encoding/binary"
	"fmt"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/sockspec/sockspec/sock"
)

// Lengths that a made-up quote claims: of a bare TCP segment or UDP datagram.
const (
	quotedTCP = 20
	quotedUDP = 8
)

// quoted returns what an ICMP error quotes: the octets given or kept, or an IP header and eight
// octets made from ICMP.Quote, the least that RFC 792 asks for.
func (e *encoder) quoted(p *sock.Packet, r *Raw) ([]byte, error) {
	if p.ICMP.Type == sock.ICMPDestUnreach && p.Src.Is4() &&
		p.ICMP.Code&15 == sock.ICMPFragNeeded && p.ICMP.MTU > 0xffff {
		return nil, fmt.Errorf("packetio: fragmentation needed with MTU %d, the field has 16 bits", p.ICMP.MTU)
	}
	if r.Quoted != nil {
		return r.Quoted, nil
	}
	if p.Payload != nil {
		return p.Payload, nil
	}
	q := &p.ICMP.Quote
	if !q.Src.IsValid() {
		return e.nothingQuoted(p.Src.Is6()), nil
	}
	if q.Src.Is4() != p.Src.Is4() || q.Dst.Is4() != p.Src.Is4() || !q.Dst.IsValid() {
		return nil, fmt.Errorf("packetio: an ICMP error from %v quotes a packet from %q to %q: want one family", p.Src, q.Src, q.Dst)
	}
	if p.Src.Is6() {
		switch q.Proto {
		case extHopByHop, extRouting, extFragment, extAuth, extNone, extDstOpts:
			return nil, fmt.Errorf("packetio: an ICMPv6 error quotes protocol %d, which is an extension header", q.Proto)
		}
	}
	return e.makeQuote(q)
}

// nothingQuoted is the least that Linux takes without an idea whom to tell:
// an IPv4 header with nothing behind it, or a later fragment in IPv6.
func (e *encoder) nothingQuoted(v6 bool) []byte {
	if v6 {
		e.quote = append(e.quote[:0], make([]byte, ip6HdrLen+8)...)
		e.quote[0], e.quote[6], e.quote[ip6HdrLen+3] = 0x60, extFragment, 8
		return e.quote
	}
	e.quote = append(e.quote[:0], make([]byte, ip4HdrLen)...)
	e.quote[0] = 0x45
	return e.quote
}

// makeQuote writes an IP header and the first eight octets behind it.
func (e *encoder) makeQuote(q *sock.Quote) ([]byte, error) {
	ipLen, claimed := ip4HdrLen, quotedUDP
	if q.Src.Is6() {
		ipLen = ip6HdrLen
	}
	if q.Proto == sock.ProtoTCP {
		claimed = quotedTCP
	}
	e.quote = append(e.quote[:0], make([]byte, ipLen+8)...)
	b := e.quote[ipLen:]
	if q.Proto == sock.ProtoTCP || q.Proto == sock.ProtoUDP {
		binary.BigEndian.PutUint16(b, q.SrcPort)
		binary.BigEndian.PutUint16(b[2:], q.DstPort)
	}
	switch q.Proto {
	case sock.ProtoTCP:
		binary.BigEndian.PutUint32(b[4:], uint32(q.Seq))
	case sock.ProtoUDP:
		binary.BigEndian.PutUint16(b[4:], quotedUDP)
	}
	out := tail{b: e.quote[:ipLen], start: ipLen}
	if q.Src.Is6() {
		h := layers.IPv6{Version: 6, Length: uint16(claimed), NextHeader: layers.IPProtocol(q.Proto), HopLimit: 64,
			SrcIP: q.Src.AsSlice(), DstIP: q.Dst.AsSlice()}
		return e.quote, h.SerializeTo(&out, gopacket.SerializeOptions{})
	}
	h := layers.IPv4{Version: 4, IHL: 5, Length: uint16(ipLen + claimed), Flags: layers.IPv4DontFragment, TTL: 64,
		Protocol: layers.IPProtocol(q.Proto), SrcIP: q.Src.AsSlice(), DstIP: q.Dst.AsSlice()}
	return e.quote, h.SerializeTo(&out, gopacket.SerializeOptions{ComputeChecksums: true})
}
