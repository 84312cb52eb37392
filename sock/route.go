package sock

import "net/netip"

// loopbackMTU is lo's, in octets.
const loopbackMTU = 65536

// loMTU is lo's MTU for packets to an address: IPv4 has none longer than 65535
// (IP_MAX_MTU; ip_dst_mtu_maybe_forward).
func loMTU(dst netip.Addr) uint32 {
	if dst.Is4() {
		return 65535
	}
	return loopbackMTU
}

// addrKind is what an address is to this host (enum of RTN_*).
type addrKind uint8

const (
	addrUnicast addrKind = iota // somebody else's
	addrAny
	addrLocal
	addrMulticast
	addrBroadcast
)

var loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// Broadcasts that every host has: of the link, and of 127.0.0.0/8.
var (
	limitedBroadcast  = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	loopbackBroadcast = netip.AddrFrom4([4]byte{127, 255, 255, 255})
)

// kindOf classifies an address (inet_addr_type, ipv6_addr_type, ipv6_chk_addr).
func (h *Host) kindOf(a netip.Addr) addrKind {
	switch {
	case a.IsUnspecified():
		return addrAny
	case a.IsMulticast():
		return addrMulticast
	case a == limitedBroadcast, a == loopbackBroadcast:
		return addrBroadcast
	case a.IsLoopback():
		return addrLocal
	}
	for _, p := range h.addrs {
		switch {
		case p.Addr() == a:
			return addrLocal
		case a.Is4() && p.Addr().Is4() && p.Bits() < 31 && a == broadcastOf(p):
			return addrBroadcast
		}
	}
	return addrUnicast
}

// broadcastOf is the last address of an IPv4 network.
func broadcastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	host := uint32(1)<<(32-p.Bits()) - 1
	for i := range b {
		b[i] |= byte(host >> (24 - 8*i))
	}
	return netip.AddrFrom4(b)
}

// martian tells whether a packet from the link has addresses that no link can
// carry (ip_route_input_slow, __fib_validate_source; ip6_rcv_core).
func (h *Host) martian(p *Packet) bool {
	if p.Src.IsMulticast() || p.Src.IsLoopback() || p.Dst.IsLoopback() {
		return true
	}
	if p.Src.Is4() {
		return p.Src.IsUnspecified() || p.Src == limitedBroadcast || h.isLocal(p.Src)
	}
	return p.Src.Is4In6()
}

// isLocal reports whether packets to a are the host's own.
func (h *Host) isLocal(a netip.Addr) bool { return h.kindOf(a) == addrLocal }

// route is the way to a destination: the source address to use and the path's
// MTU in octets.
type route struct {
	src netip.Addr
	mtu uint32
}

// routeTo finds the way to dst. src is the bound source or an any-address, dev
// the device that the socket is bound to, 0 for none.
func (h *Host) routeTo(dst, src netip.Addr, dev int32) (route, Errno) {
	if dst.Is4() {
		return h.route4(dst, src, dev)
	}
	return h.route6(dst, src, dev)
}

// route4 finds the way over IPv4 (ip_route_output_key_hash_rcu). A device that
// has no route is assumed to reach everybody.
func (h *Host) route4(dst, src netip.Addr, dev int32) (route, Errno) {
	bound := src.Is4() && !src.IsUnspecified()
	if bound && !h.isLocal(src) {
		if src.IsMulticast() || src == limitedBroadcast {
			return route{}, EINVAL
		}
		return route{}, ENETUNREACH // of somebody else's, which IP_FREEBIND let in
	}
	switch {
	case dev != 0 && h.deviceName(dev) == "":
		return route{}, ENODEV
	case h.isLocal(dst) && (dev == 0 || dev == deviceOf(dst)):
		switch {
		case bound:
		case dst.IsLoopback():
			src = loopback4 // all of 127.0.0.0/8 is one network, and this its address
		default:
			src = dst
		}
		return route{src, loMTU(dst)}, 0
	case dev == loopbackIndex:
		if !bound {
			src = h.sourceFor(dst)
		}
		return route{src, loMTU(dst)}, 0
	case dev == 0 && !h.reaches(dst):
		return route{}, ENETUNREACH
	case bound && src.IsLoopback():
		return route{}, EINVAL // loopback's addresses stay inside
	case !bound:
		src = h.sourceFor(dst)
	}
	return route{src, h.pathMTU(dst, h.mtu)}, 0
}

// route6 finds the way over IPv6 (ip6_route_output_flags). A device without a
// route reaches nobody.
func (h *Host) route6(dst, src netip.Addr, dev int32) (route, Errno) {
	bound := src.IsValid() && !src.IsUnspecified()
	if h.isLocal(dst) && (dev == 0 || dev == deviceOf(dst)) {
		if !bound {
			src = dst
		}
		return route{src, loMTU(dst)}, 0
	}
	if dev == loopbackIndex || h.deviceName(dev) == "" && dev != 0 || !h.reaches(dst) {
		return route{}, ENETUNREACH
	}
	if !bound {
		src = h.sourceFor(dst)
	}
	return route{src, h.pathMTU(dst, h.mtu)}, 0
}

// reaches reports whether the link has a route to dst.
func (h *Host) reaches(dst netip.Addr) bool {
	some := false
	for _, p := range h.addrs {
		if p.Addr().Is4() == dst.Is4() {
			if p.Masked().Contains(dst) {
				return true
			}
			some = true
		}
	}
	return some && !h.noRoute
}

// sourceFor is the address of the link to send from; loopback's where the link
// has none.
func (h *Host) sourceFor(dst netip.Addr) netip.Addr {
	if src, ok := h.sourceOn(DevLink, dst); ok {
		return src
	}
	return loopback4
}

// linkScope: addresses of IPv6 that mean something on one link only
// (ipv6_addr_scope; loopback's is link-local by RFC 6724 section 3.1).
func linkScope(a netip.Addr) bool {
	return a.Is6() && (a.IsLinkLocalUnicast() || a.IsLoopback() || a.IsLinkLocalMulticast())
}
