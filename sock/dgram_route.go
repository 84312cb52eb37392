package sock

import "net/netip"

var (
	ip4Loopbacks = netip.MustParsePrefix("127.0.0.0/8")
	ip4Zero      = netip.MustParsePrefix("0.0.0.0/8")
)

// outRoute is the way to a destination (struct rtable, struct rt6_info).
type outRoute struct {
	src, dst  netip.Addr
	dev       int32
	mtu       uint32 // octets, of the device; pathMTU knows of narrower ways
	path      uint32 // octets, of the way as it was when a datagram was begun; 0 before
	pathGen   uint32 // which memory of the way that was, 0 for none
	broadcast bool
	// local: this host has the address, or is in the group.
	local bool
}

// via is what else a lookup asks for (struct flowi_common).
type via struct {
	dev int32 // by this device; 0 for any
	// direct: IPv4 may use no router (MSG_DONTROUTE, SO_DONTROUTE: RT_SCOPE_LINK).
	direct bool
	// anySrc: IPv4 sends from addresses of others, too (FLOWI_FLAG_ANYSRC).
	anySrc bool
	// literal: in IPv6 the any-address does not stand for this host; a router may know what to do with it.
	literal bool
	// bound: the device is the one that the socket is bound to.
	bound bool
}

// via is what the socket's options ask for, by a device or by any with 0
// (ip_sock_rt_scope, inet_sk_flowi_flags).
func (s *sock) via(dev int32) via {
	return via{dev: dev, direct: s.opt.dontRoute, anySrc: s.opt.transparent, bound: s.opt.boundDev != 0}
}

// viaOf is via of one send (ip_sendmsg_scope).
func (s *sock) viaOf(dev int32, t *thread) via {
	v := s.via(dev)
	v.direct = v.direct || t.call.Flags&MSG_DONTROUTE != 0
	return v
}

// output finds the way to dst from src, either of which may be an any-address
// (ip_route_output_flow, ip6_dst_lookup_flow).
func (h *Host) output(dst, src netip.Addr, v via) (outRoute, Errno) {
	dev := v.dev
	if dst.Is6() {
		return h.output6(dst, src, v)
	}
	if !src.Is4() {
		src = netip.IPv4Unspecified()
	}
	group := dst.IsMulticast() || dst == limitedBroadcast
	if !src.IsUnspecified() {
		switch {
		case src.IsMulticast() || src == limitedBroadcast:
			return outRoute{}, EINVAL
		case !h.isLocal(src) && (!v.anySrc || dev == 0 && group):
			return outRoute{}, ENETUNREACH // of somebody else's, which IP_FREEBIND let in
		case dev == 0 && group:
			return h.outputBy(dst, src, h.deviceWith(src))
		}
	}
	if dev != 0 {
		if !h.hasDevice(dev) {
			return outRoute{}, ENODEV
		}
		if src.IsUnspecified() && (group || dst.IsUnspecified()) {
			src, _ = h.sourceOn(dev, dst)
		}
		if dst == limitedBroadcast || localGroups.Contains(dst) {
			return h.outputBy(dst, src, dev)
		}
	}
	if dst.IsUnspecified() {
		if dst = src; src.IsUnspecified() {
			dst, src = loopback4, loopback4
		}
		return outRoute{src: src, dst: dst, dev: DevLoopback, mtu: loopbackMTU, local: true}, 0
	}
	return h.output4(dst, src, dev, v.direct)
}

// localGroups are those that no router passes on (ipv4_is_local_multicast).
var localGroups = netip.MustParsePrefix("224.0.0.0/24")

// output4 looks for a route (the part of ip_route_output_key_hash_rcu from
// fib_lookup on). A device that has no route is assumed to reach everybody.
func (h *Host) output4(dst, src netip.Addr, dev int32, direct bool) (outRoute, Errno) {
	switch owner := h.deviceWith(dst); {
	case h.isLocal(dst) && (dev == 0 || dev == owner):
		if src.IsUnspecified() {
			if src = dst; ip4Loopbacks.Contains(dst) {
				src = loopback4 // all of 127.0.0.0/8 is one network, and this its address
			}
		}
		return outRoute{src: src, dst: dst, dev: DevLoopback, mtu: loopbackMTU, local: true}, 0
	case dev == 0 && dst == loopbackBroadcast:
		dev = DevLoopback
	case dev == 0 && direct && !h.onLink(dst):
		return outRoute{}, ENETUNREACH
	case dev == 0:
		if dev = h.wayTo(dst); dev == 0 {
			return outRoute{}, ENETUNREACH
		}
	}
	if src.IsUnspecified() {
		src, _ = h.sourceOn(dev, dst)
	}
	return h.outputBy(dst, src, dev)
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

// outputBy fills in what the device says (__mkroute_output).
func (h *Host) outputBy(dst, src netip.Addr, dev int32) (outRoute, Errno) {
	r := outRoute{src: src, dst: dst, dev: dev, mtu: h.mtu}
	if dev == DevLoopback {
		r.mtu = loopbackMTU
	} else if src.IsLoopback() {
		return outRoute{}, EINVAL
	}
	if ip4Zero.Contains(dst) {
		return outRoute{}, EINVAL
	}
	switch {
	case h.broadcastOn(dst, dev):
		r.broadcast, r.local = true, true
	case dst.IsMulticast():
		r.local = h.member(dst, src, dev)
	}
	return r, 0
}

// output6 is the way in IPv6. Only once there is one does it show that a source
// of IPv4 can't take it (ip6_dst_lookup_tail).
func (h *Host) output6(dst, src netip.Addr, v via) (outRoute, Errno) {
	if dst.IsUnspecified() && !v.literal {
		dst = netip.IPv6Loopback()
	}
	dev := v.dev
	if !v.bound && !src.IsUnspecified() && !needsDevice(dst) {
		dev = 0 // it is a wish, and no other device has a better way
	}
	r := outRoute{src: src, dst: dst, dev: DevLink, mtu: h.mtu}
	anycast := h.isAnycast(dst)
	switch owner := h.deviceWith(dst); {
	case anycast && (dev == 0 || dev == DevLink), h.isLocal(dst) && (dev == 0 || dev == owner):
		r.dev, r.mtu, r.local = DevLoopback, loopbackMTU, true
	case dev == DevLoopback, dev != 0 && !h.hasDevice(dev), h.wayTo(dst) == 0:
		return outRoute{}, ENETUNREACH
	default:
		r.local = dst.IsMulticast() && h.member(dst, src, DevLink)
	}
	switch {
	case src.Is4():
		return outRoute{}, EAFNOSUPPORT
	case !src.IsUnspecified():
	case r.local && !dst.IsMulticast() && !anycast:
		r.src = dst
	default:
		r.src, _ = h.sourceOn(DevLink, dst)
	}
	return r, 0
}

// needsDevice reports whether an address means something else behind each device
// (rt6_need_strict).
func needsDevice(a netip.Addr) bool {
	return a.IsMulticast() || a.IsLinkLocalUnicast() || a.IsLoopback()
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

// sourceOn is the address of an interface to send to dst from: that of the
// network which has dst, or else the first of dst's family and, over IPv6, of its
// scope (inet_select_addr, ipv6_dev_get_saddr); false when it has none.
func (h *Host) sourceOn(dev int32, dst netip.Addr) (netip.Addr, bool) {
	switch {
	case dev != DevLoopback:
	case dst.Is6():
		return netip.IPv6Loopback(), true
	case dst.IsLoopback() || dst.IsUnspecified() || !h.hasDevice(DevLink):
		return loopback4, true // its own address is for itself only: to others it sends from the link's
	}
	src, near := anyOf(dst), linkScope(dst)
	ok := false
	for _, p := range h.addrs {
		a := p.Addr()
		switch {
		case a.Is4() != dst.Is4():
		case p.Masked().Contains(dst):
			return a, true
		case !ok || linkScope(src) != near && linkScope(a) == near:
			src, ok = a, true
		}
	}
	return src, ok
}
