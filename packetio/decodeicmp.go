package packetio

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// ICMPv4 types beyond those that the socket layer knows (include/uapi/linux/icmp.h).
const (
	icmpMaxType      = 18 // NR_ICMP_TYPES
	icmpExtEcho      = 42
	icmpExtEchoReply = 43
)

// icmpHeader reads the eight octets that ICMPv4 and ICMPv6 lay out alike.
func (d *decoder) icmpHeader(h *ipHeader, p *sock.Packet) error {
	m := &d.icmp4
	if m.DecodeFromBytes(h.body, gopacket.NilDecodeFeedback) != nil {
		return dropICMPShort
	}
	p.ICMP.Type, p.ICMP.Code = m.TypeCode.Type(), m.TypeCode.Code()
	p.ICMP.MTU = uint32(m.Id)<<16 | uint32(m.Seq)
	p.Payload = m.Payload
	return nil
}

// decodeICMP4 is icmp_rcv (net/ipv4/icmp.c) up to the handlers.
func (d *decoder) decodeICMP4(h *ipHeader, p *sock.Packet) error {
	if tcpstate.Fold(tcpstate.Sum(0, h.body)) != 0xffff {
		return dropICMPCsum
	}
	if err := d.icmpHeader(h, p); err != nil {
		return err
	}
	t := p.ICMP.Type
	switch {
	case t > icmpMaxType && t != icmpExtEcho && t != icmpExtEchoReply:
		return dropICMPType
	case !isError4(t):
		return nil
	}
	if t == sock.ICMPDestUnreach && p.ICMP.Code&15 == sock.ICMPFragNeeded {
		p.ICMP.MTU &= 0xffff // RFC 1191: the upper half is unused
	}
	return quote4(d.icmp4.Payload, t == sock.ICMPRedirect, &p.ICMP.Quote)
}

// isError4 tells the messages that quote a packet.
func isError4(t uint8) bool {
	switch t {
	case sock.ICMPDestUnreach, sock.ICMPSourceQuench, sock.ICMPRedirect, sock.ICMPTimeExceeded, sock.ICMPParameterProb:
		return true
	}
	return false
}

// isError6 tells ICMPv6's errors, known or not (RFC 4443 section 2.1).
func isError6(t uint8) bool { return t < 128 }

// quote4 reads a quoted IPv4 packet as icmp_unreach and icmp_socket_deliver do:
// the header must be there, else the message is dropped; without eight octets
// behind it the message reaches no socket, and the quote stays zero. Neither the quoted
// checksum nor its length is looked at: routers change one and cut the other.
func quote4(b []byte, redirect bool, q *sock.Quote) error {
	switch {
	case len(b) < ip4HdrLen && redirect:
		return dropRedirect
	case len(b) < ip4HdrLen:
		return dropQuoteShort
	}
	ihl := int(b[0]&15) * 4
	if ihl < ip4HdrLen {
		return dropQuoteIHL
	}
	if len(b) < ihl+8 {
		return nil
	}
	q.Src = netip.AddrFrom4([4]byte(b[12:16]))
	q.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	transport(q, b[9], b[ihl:])
	return nil
}

// decodeICMP6 is icmpv6_rcv (net/ipv6/icmp.c) up to the handlers.
func (d *decoder) decodeICMP6(h *ipHeader, p *sock.Packet) error {
	if !h.soundChecksum(sock.ProtoICMPv6) {
		return dropICMPCsum
	}
	if err := d.icmpHeader(h, p); err != nil {
		return err
	}
	if !isError6(p.ICMP.Type) {
		return nil
	}
	return quote6(d.icmp4.Payload, &p.ICMP.Quote)
}

// quote6 reads a quoted IPv6 packet as icmpv6_notify does.
func quote6(b []byte, q *sock.Quote) error {
	if len(b) < ip6HdrLen {
		return dropQuote6
	}
	proto, off, ok := skipQuotedExtensions(b)
	if !ok {
		return dropQuoteExt
	}
	if len(b) < off+8 {
		return dropQuote6
	}
	if proto == extFragment {
		return nil // not the first fragment: no ports, and Linux tells raw sockets only
	}
	q.Src = netip.AddrFrom16([16]byte(b[8:24]))
	q.Dst = netip.AddrFrom16([16]byte(b[24:40]))
	transport(q, proto, b[off:])
	return nil
}

// skipQuotedExtensions is ipv6_skip_exthdr (net/ipv6/exthdrs_core.c), which only needs each
// header's first octets: the quote may end in the middle. Every turn moves on by
// at least eight octets.
func skipQuotedExtensions(b []byte) (proto uint8, off int, ok bool) {
	proto, off = b[6], ip6HdrLen
	for {
		n := 0
		switch proto {
		case extHopByHop, extRouting, extDstOpts, extAuth, extFragment:
		case extNone:
			return 0, 0, false
		default:
			return proto, off, true
		}
		if len(b) < off+4 {
			return 0, 0, false
		}
		switch proto {
		case extFragment:
			if binary.BigEndian.Uint16(b[off+2:])&^7 != 0 {
				return proto, off, true
			}
			n = 8
		case extAuth:
			n = (int(b[off+1]) + 2) * 4
		default:
			n = (int(b[off+1]) + 1) * 8
		}
		proto, off = b[off], off+n
	}
}

// transport fills in what the eight octets of a transport header tell.
func transport(q *sock.Quote, proto uint8, b []byte) {
	q.Proto = proto
	if proto != sock.ProtoTCP && proto != sock.ProtoUDP {
		return
	}
	q.SrcPort = binary.BigEndian.Uint16(b)
	q.DstPort = binary.BigEndian.Uint16(b[2:])
	if proto == sock.ProtoTCP {
		q.Seq = tcpstate.Seq(binary.BigEndian.Uint32(b[4:]))
	}
}
