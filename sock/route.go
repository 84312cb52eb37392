package sock

import "net/netip"

// loopbackMTU is lo's, in octets.
const loopbackMTU = 65536

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

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// kindOf classifies an address (inet_addr_type, ipv6_addr_type, ipv6_chk_addr).
func (h *Host) kindOf(a netip.Addr) addrKind {
	switch {
	case a.IsUnspecified():
		return addrAny
	case a.IsMulticast():
		return addrMulticast
	case a.IsLoopback():
		return addrLocal
	case a == limitedBroadcast:
		return addrBroadcast
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

// routeTo finds the way to dst; src is the bound source or an any-address.
func (h *Host) routeTo(dst, src netip.Addr) (route, Errno) {
	bound := src.IsValid() && !src.IsUnspecified()
	if h.isLocal(dst) {
		switch {
		case bound:
		case dst.Is4() && dst.IsLoopback():
			src = loopback4 // all of 127.0.0.0/8 is one network, and this its address
		default:
			src = dst
		}
		return route{src, loopbackMTU}, 0
	}
	r, ok := route{src, h.mtu}, false
	for _, p := range h.addrs {
		if p.Addr().Is4() != dst.Is4() {
			continue
		}
		direct := p.Masked().Contains(dst)
		if !direct && h.noRoute {
			continue
		}
		if !ok && !bound {
			r.src = p.Addr()
		}
		ok = true
		if direct && !bound {
			r.src = p.Addr() // the network's own address is the best source
			break
		}
	}
	if !ok {
		return route{}, ENETUNREACH
	}
	r.mtu = h.pathMTU(dst, r.mtu)
	return r, 0
}
