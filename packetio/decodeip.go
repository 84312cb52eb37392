package packetio

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Lengths of fixed headers in octets.
const (
	ip4HdrLen  = 20
	ip6HdrLen  = 40
	tcpHdrLen  = 20
	udpHdrLen  = 8
	icmpHdrLen = 8
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

// ipHeader is what both versions' headers come down to.
type ipHeader struct {
	src, dst netip.Addr
	addrs    []byte // both addresses, for the pseudo-header
	body     []byte // the transport header and what follows
	length   int    // of the packet without a link's padding
	flow     uint32
	id       uint16
	tos, ttl uint8
	proto    uint8
	noDF     bool
	part     bool // a fragment, whose transport is not to be read
}

// splitIP checks the IP header as ip_rcv_core and ip6_rcv_core do and cuts the
// packet to the length that the header states: a link may have padded it.
// Addresses are not judged; that is routing, and the host's.
func (d *decoder) splitIP(b []byte) (ipHeader, error) {
	switch {
	case len(b) == 0:
		return ipHeader{}, dropEmpty
	case b[0]>>4 == 4:
		return d.splitIP4(b)
	case b[0]>>4 == 6:
		return d.splitIP6(b)
	}
	return ipHeader{}, dropVersion
}

// splitIP4 is ip_rcv_core (net/ipv4/ip_input.c), test by test in its order.
func (d *decoder) splitIP4(b []byte) (ipHeader, error) {
	if len(b) < ip4HdrLen {
		return ipHeader{}, dropIP4Short
	}
	ihl := int(b[0]&15) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case ihl < ip4HdrLen:
		return ipHeader{}, dropIP4IHL
	case len(b) < ihl:
		return ipHeader{}, dropIP4Short
	case tcpstate.Fold(tcpstate.Sum(0, b[:ihl])) != 0xffff:
		return ipHeader{}, dropIP4Csum
	case len(b) < total:
		return ipHeader{}, dropCutShort
	case total < ihl:
		return ipHeader{}, dropIP4Total
	case !sock.SoundIP4Options(b[ip4HdrLen:ihl]):
		return ipHeader{}, dropIP4Options
	}
	// With the lengths checked, gopacket can only stumble over option lists that
	// Linux takes (an option of two octets), after it has read all that counts.
	_ = d.ip4.DecodeFromBytes(b[:total], gopacket.NilDecodeFeedback)
	return ipHeader{
		part:   d.ip4.Flags&layers.IPv4MoreFragments != 0 || d.ip4.FragOffset != 0,
		src:    netip.AddrFrom4([4]byte(b[12:16])),
		dst:    netip.AddrFrom4([4]byte(b[16:20])),
		addrs:  b[12:20],
		body:   b[ihl:total],
		length: total,
		id:     d.ip4.Id,
		tos:    d.ip4.TOS,
		ttl:    d.ip4.TTL,
		proto:  uint8(d.ip4.Protocol),
		noDF:   d.ip4.Flags&layers.IPv4DontFragment == 0,
	}, nil
}

// splitIP6 is ip6_rcv_core (net/ipv6/ip6_input.c) and the extension headers.
func (d *decoder) splitIP6(b []byte) (ipHeader, error) {
	if len(b) < ip6HdrLen {
		return ipHeader{}, dropIP6Short
	}
	// The fixed header alone: gopacket reads hop-by-hop options by other rules than Linux.
	_ = d.ip6.DecodeFromBytes(b[:ip6HdrLen], gopacket.NilDecodeFeedback)
	h := ipHeader{
		src:   netip.AddrFrom16([16]byte(b[8:24])),
		dst:   netip.AddrFrom16([16]byte(b[24:40])),
		addrs: b[8:40],
		flow:  d.ip6.FlowLabel,
		tos:   d.ip6.TrafficClass,
		ttl:   d.ip6.HopLimit,
		proto: uint8(d.ip6.NextHeader),
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	// Zero may stand for the length in a jumbo option, and Linux does not ask whether there is one.
	open := length == 0 && h.proto == extHopByHop
	if open {
		length = len(b) - ip6HdrLen
	}
	if len(b) < ip6HdrLen+length {
		return ipHeader{}, dropCutShort
	}
	h.length = ip6HdrLen + length
	h.body = b[ip6HdrLen:h.length]
	return h, h.skipExtensions(!open)
}

// skipExtensions walks the extension headers as ip6_protocol_deliver_rcu does. Each takes at least
// eight octets, so the walk ends. It ends at a fragment header as well, unless
// that is of a fragment which is the whole packet (ipv6_frag_rcv, RFC 6946), the
// only one, and there is a payload length: the rest is for a host to judge.
func (h *ipHeader) skipExtensions(fragment bool) error {
	if h.proto == extHopByHop {
		if err := h.skipOptions(true); err != nil {
			return err
		}
	}
	for {
		var err error
		switch h.proto {
		case extDstOpts:
			err = h.skipOptions(false)
		case extRouting:
			err = h.skipRouting()
		case extFragment:
			const offsetAndMore = 0xfff9
			if !fragment || len(h.body) < 8 || binary.BigEndian.Uint16(h.body[2:])&offsetAndMore != 0 {
				return nil
			}
			fragment = false
			h.proto, h.body = h.body[0], h.body[8:]
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// skipOptions checks and skips a hop-by-hop or destination options header.
func (h *ipHeader) skipOptions(hopByHop bool) error {
	n, ok := extLen(h.body)
	if !ok {
		return dropExtShort
	}
	if err := checkTLVs(h.body[2:n], hopByHop); err != nil {
		return err
	}
	h.proto, h.body = h.body[0], h.body[n:]
	return nil
}

// skipRouting lets pass what has no stop left to make (ipv6_rthdr_rcv), but for
// the types that an administrator must turn on first: RPL's and segment routing's.
func (h *ipHeader) skipRouting() error {
	n, ok := extLen(h.body)
	if !ok {
		return dropExtShort
	}
	if sock.RouteOff(h.body[2]) {
		return dropRouteType
	}
	if h.body[3] != 0 {
		return dropRouting
	}
	h.proto, h.body = h.body[0], h.body[n:]
	return nil
}

// extLen is the length of an extension header, false when b does not hold it all.
func extLen(b []byte) (int, bool) {
	if len(b) < 8 {
		return 0, false
	}
	n := (int(b[1]) + 1) * 8
	return n, n <= len(b)
}
