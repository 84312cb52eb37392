package sock

import "net/netip"

var ip4Loopbacks = netip.MustParsePrefix("127.0.0.0/8")

// outRoute is the way of a datagram (struct rtable, struct rt6_info).
type outRoute struct {
	src, dst  netip.Addr
	dev       int32
	mtu       uint32 // octets, of the device; pathMTU knows of narrower ways
	broadcast bool
	// local: this host has the address, or is in the group.
	local bool
}

// output finds the way to dst from src, either of which may be an any-address,
// by dev if it is not 0 (ip_route_output_key_hash_rcu, ip6_route_output).
func (h *Host) output(dst, src netip.Addr, dev int32) (outRoute, Errno) {
	if !src.IsValid() || src.IsUnspecified() && src.Is4() != dst.Is4() {
		src = anyOf(dst)
	}
	if dst.Is6() {
		return h.output6(dst, src, dev)
	}
	return h.output4(dst, src, dev)
}

// outputVia is output, where direct says that no router may be used
// (MSG_DONTROUTE, SO_DONTROUTE).
func (h *Host) outputVia(dst, src netip.Addr, dev int32, direct bool) (outRoute, Errno) {
	r, err := h.output(dst, src, dev)
	if direct && err == 0 && dev == 0 && r.dev == DevLink && !r.broadcast && !h.onLink(dst) {
		return outRoute{}, ENETUNREACH
	}
	return r, err
}

// onLink reports whether the link reaches dst by itself.
func (h *Host) onLink(dst netip.Addr) bool {
	for _, p := range h.addrs {
		if p.Addr().Is4() == dst.Is4() && p.Masked().Contains(dst) {
			return true
		}
	}
	return false
}

// output4 is the way in IPv4.
func (h *Host) output4(dst, src netip.Addr, dev int32) (outRoute, Errno) {
	kind := h.kindOf(dst)
	group := dst.IsMulticast() || dst == limitedBroadcast
	bound := !src.IsUnspecified()
	if bound {
		if src.Is6() || src.IsMulticast() || src == limitedBroadcast {
			return outRoute{}, EINVAL
		}
		if dev == 0 && group {
			if dev = h.deviceWith(src); dev == 0 {
				return outRoute{}, EINVAL
			}
		}
		if !h.isLocal(src) {
			return outRoute{}, EINVAL
		}
	}
	if dev != 0 && !h.hasDevice(dev) {
		return outRoute{}, ENODEV
	}
	if dst.IsUnspecified() {
		if dst = src; !bound {
			dst, src = loopback4, loopback4
		}
		kind = addrLocal
	}
	switch {
	case kind == addrLocal:
		if !bound {
			src = dst
			if ip4Loopbacks.Contains(dst) {
				src = loopback4
			}
		}
		return outRoute{src: src, dst: dst, dev: DevLoopback, mtu: loopbackMTU, local: true}, 0
	case dev == 0 && ip4Loopbacks.Contains(dst):
		dev = DevLoopback // its broadcast address
	case dev == 0:
		if dev = h.wayTo(dst); dev == 0 {
			return outRoute{}, ENETUNREACH
		}
	}
	if !bound {
		src, _ = h.sourceOn(dev, dst)
	}
	return h.outputBy(dst, src, dev)
}

// outputBy fills in what the device says (__mkroute_output).
func (h *Host) outputBy(dst, src netip.Addr, dev int32) (outRoute, Errno) {
	r := outRoute{src: src, dst: dst, dev: dev, mtu: h.mtu}
	if dev == DevLoopback {
		r.mtu = loopbackMTU
	} else if src.IsLoopback() {
		return outRoute{}, EINVAL
	}
	switch h.kindOf(dst) {
	case addrBroadcast:
		r.broadcast, r.local = true, true
	case addrMulticast:
		r.local = h.member(dst, dev)
	}
	return r, 0
}

// output6 is the way in IPv6.
func (h *Host) output6(dst, src netip.Addr, dev int32) (outRoute, Errno) {
	if dst.IsUnspecified() {
		dst = netip.IPv6Loopback()
	}
	bound := !src.IsUnspecified()
	switch {
	case src.Is4():
		return outRoute{}, EAFNOSUPPORT // bound to an IPv4-mapped address (ip6_dst_lookup_tail)
	case dev != 0 && !h.hasDevice(dev):
		return outRoute{}, ENODEV
	case h.isLocal(dst):
		if !bound {
			src = dst
		}
		return outRoute{src: src, dst: dst, dev: DevLoopback, mtu: loopbackMTU, local: true}, 0
	case dev == DevLoopback:
		return outRoute{}, ENETUNREACH
	}
	if h.wayTo(dst) == 0 {
		return outRoute{}, ENETUNREACH
	}
	if !bound {
		src, _ = h.sourceOn(DevLink, dst)
	}
	return outRoute{src: src, dst: dst, dev: DevLink, mtu: h.mtu, local: dst.IsMulticast() && h.member(dst, DevLink)}, 0
}

// hasDevice reports whether there is an interface of that index.
func (h *Host) hasDevice(dev int32) bool {
	return dev == DevLoopback || dev == DevLink && len(h.addrs) > 0
}

// deviceWith is the interface that has the address, 0 for none (ip_dev_find).
func (h *Host) deviceWith(a netip.Addr) int32 {
	if a.IsLoopback() && h.isLocal(a) {
		return DevLoopback
	}
	for _, p := range h.addrs {
		if p.Addr() == a {
			return DevLink
		}
	}
	return 0
}

// wayTo is the interface that a route to dst leads over, 0 for none. IPv6 sends
// groups over every link without being told.
func (h *Host) wayTo(dst netip.Addr) int32 {
	for _, p := range h.addrs {
		if p.Addr().Is4() == dst.Is4() && (!h.noRoute || p.Masked().Contains(dst) || dst.Is6() && (dst.IsMulticast() || dst.IsLinkLocalUnicast())) {
			return DevLink
		}
	}
	return 0
}

// sourceOn is the address of an interface to send to dst from
// (inet_select_addr, ipv6_dev_get_saddr); false when it has none.
func (h *Host) sourceOn(dev int32, dst netip.Addr) (netip.Addr, bool) {
	if dev == DevLoopback {
		if dst.Is4() {
			return loopback4, true
		}
		return netip.IPv6Loopback(), true
	}
	src := netip.Addr{}
	for _, p := range h.addrs {
		switch {
		case p.Addr().Is4() != dst.Is4():
		case p.Masked().Contains(dst):
			return p.Addr(), true
		case !src.IsValid():
			src = p.Addr()
		}
	}
	if !src.IsValid() {
		return anyOf(dst), false
	}
	return src, true
}
