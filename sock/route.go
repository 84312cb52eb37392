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
	addrAnycast // that a socket has joined
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
	case h.isLocal(a):
		return addrLocal
	}
	for _, p := range h.addrs {
		if p.Addr().Is4() && p.Bits() < 31 && p.Contains(a) && a == broadcastOf(p) {
			return addrBroadcast
		}
	}
	if h.isAnycast(a) {
		return addrAnycast
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

// isLocal reports whether packets to a are the host's own. Every packet asks it.
func (h *Host) isLocal(a netip.Addr) bool {
	if a.IsLoopback() {
		return a != loopbackBroadcast
	}
	for i := range h.addrs {
		if h.addrs[i].Addr() == a {
			return true
		}
	}
	return false
}

// stays reports whether what is sent to a comes back to this host.
func (h *Host) stays(a netip.Addr) bool { return h.isLocal(a) || h.isAnycast(a) }

// route is the way to a destination: the source address to use and the path's
// MTU in octets.
type route struct {
	src netip.Addr
	mtu uint32
}

// routeTo finds the way to dst of a segment, and how long one may be there. src is
// the bound source or an any-address.
func (h *Host) routeTo(dst, src netip.Addr, v via) (route, Errno) {
	r, err := h.output(dst, src, v)
	switch {
	case err != 0:
		return route{}, err
	case r.dev == DevLoopback:
		return route{r.src, loMTU(dst)}, 0
	}
	return route{r.src, h.pathMTU(dst, r.mtu)}, 0
}

// strands reports whether a segment of the socket's finds no way to a peer that
// there was a way to: SO_DONTROUTE came in between (__ip_queue_xmit).
func (h *Host) strands(s *sock, dst netip.Addr) bool {
	return s.opt.dontRoute && dst.Is4() && s.opt.boundDev == 0 && !h.isLocal(dst) && !h.onLink(dst)
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
