package sock

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// QuoteFault says what keeps a quoted packet from being read.
type QuoteFault uint8

// The faults. Linux drops an ICMP error that has one.
const (
	QuoteSound  QuoteFault = iota
	QuoteShort             // less than an IPv4 header
	QuoteIHL               // an IPv4 header of impossible length
	QuoteShort6            // less than an IPv6 header and eight octets of transport
	QuoteExt               // broken IPv6 extension headers
)

// ICMPError4 tells the messages that quote a packet.
func ICMPError4(t uint8) bool {
	switch t {
	case ICMPDestUnreach, ICMPSourceQuench, ICMPRedirect, ICMPTimeExceeded, ICMPParameterProb:
		return true
	}
	return false
}

// ICMPKnown4 tells the types that icmp_rcv does not drop: up to NR_ICMP_TYPES,
// and RFC 8335's extended echo (include/uapi/linux/icmp.h).
func ICMPKnown4(t uint8) bool { return t <= 18 || t == 42 || t == 43 }

// ICMPError6 tells ICMPv6's errors, known or not (RFC 4443 section 2.1).
func ICMPError6(t uint8) bool { return t < 128 }

// Read4 reads a quoted IPv4 packet as icmp_unreach and icmp_socket_deliver do:
// the header must be there, else the message is dropped; without eight octets
// behind it the message reaches no socket, and the quote stays zero. Neither the quoted
// checksum nor its length is looked at: routers change one and cut the other.
func (q *Quote) Read4(b []byte) QuoteFault {
	if len(b) < ip4HdrLen {
		return QuoteShort
	}
	ihl := int(b[0]&15) * 4
	if ihl < ip4HdrLen {
		return QuoteIHL
	}
	if len(b) < ihl+8 {
		return QuoteSound
	}
	q.Src = netip.AddrFrom4([4]byte(b[12:16]))
	q.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	q.transport(b[9], b[ihl:])
	return QuoteSound
}

// Read6 reads a quoted IPv6 packet as icmpv6_notify does.
func (q *Quote) Read6(b []byte) QuoteFault {
	if len(b) < ip6HdrLen {
		return QuoteShort6
	}
	proto, off, ok := skipQuotedExtensions(b)
	if !ok {
		return QuoteExt
	}
	if len(b) < off+8 {
		return QuoteShort6
	}
	if proto == extFragment {
		return QuoteSound // not the first fragment: no ports, and Linux tells raw sockets only
	}
	q.Src = netip.AddrFrom16([16]byte(b[8:24]))
	q.Dst = netip.AddrFrom16([16]byte(b[24:40]))
	q.transport(proto, b[off:])
	return QuoteSound
}

// body is what a quoted packet has behind its IP header and extension headers;
// nothing if not even the IP header is there.
func (q *Quote) body(b []byte) []byte {
	if len(b) < ip4HdrLen || q.Src.Is6() && len(b) < ip6HdrLen {
		return nil
	}
	off := ip6HdrLen
	if q.Src.Is4() {
		off = int(b[0]&15) * 4
	} else {
		_, off, _ = skipQuotedExtensions(b)
	}
	return b[min(off, len(b)):]
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
		if len(b) < off+2 || proto == extFragment && len(b) < off+4 {
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
func (q *Quote) transport(proto uint8, b []byte) {
	q.Proto = proto
	if proto != ProtoTCP && proto != ProtoUDP {
		return
	}
	q.SrcPort = binary.BigEndian.Uint16(b)
	q.DstPort = binary.BigEndian.Uint16(b[2:])
	if proto == ProtoTCP {
		q.Seq = tcpstate.Seq(binary.BigEndian.Uint32(b[4:]))
	}
}
