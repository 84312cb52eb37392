package sock

import "net/netip"

// pingGetPort takes an identifier, the next free one for 0 (ping_get_port).
// Several may share one if all have SO_REUSEADDR, as they have from the start.
func pingGetPort(h *Host, s *sock, port uint16) bool {
	if port == 0 {
		if port = h.freePing(); port == 0 {
			return false
		}
	} else {
		for o := h.pings.first(h, port); o != nil; o = h.pings.after(h, o) {
			if o != s && (!o.opt.reuseAddr || !s.opt.reuseAddr) {
				return false
			}
		}
	}
	if s.num == 0 {
		h.pings.putFirst(h, port, s)
	}
	s.num = port
	return true
}

// freePing is the first free identifier after the last that was given out.
func (h *Host) freePing() uint16 {
	if p, ok := shift(&h.fixed.port); ok && p != 0 {
		h.pingRover = p
		return p
	}
	for range 1 << 16 {
		h.pingRover++
		if h.pingRover != 0 && h.pings.first(h, h.pingRover) == nil {
			return h.pingRover
		}
	}
	return 0
}

// pingBind is ping_bind: no identifier is privileged, and groups and broadcast
// addresses can't be bound.
func pingBind(h *Host, s *sock, t *thread) outcome {
	c, dev := &t.call, s.opt.boundDev
	a, err := h.pingBindAddr(s, c)
	if err != 0 {
		return fail(err)
	}
	if s.num != 0 {
		return fail(EINVAL)
	}
	port := c.Addr.AP.Port()
	if !pingGetPort(h, s, port) {
		s.opt.boundDev = dev
		return fail(EADDRINUSE)
	}
	if c.Addr.Family != AF_UNSPEC { // else it keeps what it has (ping_set_saddr)
		s.local, s.source = a, a
	}
	if !s.local.IsUnspecified() {
		s.locks |= lockAddr
	}
	if port != 0 {
		s.locks |= lockPort
	}
	s.sport, s.remote, s.dg.peer6 = s.num, netipZero, netip.Addr{}
	return done(0)
}

// pingBindAddr checks the address (ping_check_bind_addr). A link-local one
// brings its device along.
func (h *Host) pingBindAddr(s *sock, c *Call) (netip.Addr, Errno) {
	if s.family == AF_INET {
		return h.pingBindAddr4(s, c)
	}
	switch {
	case c.AddrLen < sizeofIn6:
		return netip.Addr{}, EINVAL
	case c.Addr.Family != AF_INET6:
		return netip.Addr{}, EAFNOSUPPORT
	}
	a := s.any()
	if x := c.Addr.AP.Addr(); x.Is6() {
		a = x.WithZone("")
	}
	dev, scoped := int32(c.Addr.Scope), needsScope(a)
	switch {
	case a.IsMulticast(), a.Is4In6(), scoped && dev == 0:
		return netip.Addr{}, EINVAL
	case dev != 0 && !h.hasDevice(dev):
		return netip.Addr{}, ENODEV
	case dev == 0:
		if dev = s.opt.boundDev; dev != 0 && !h.hasDevice(dev) {
			return netip.Addr{}, ENODEV
		}
	}
	near := scoped || a.IsLoopback() // others may be another device's (ipv6_chk_addr)
	has := h.isLocal(a) && (dev == 0 || h.deviceWith(a) == dev || !near)
	if !has && !a.IsUnspecified() && !h.nonlocal(s, ctlNonlocalBind6) {
		return netip.Addr{}, EADDRNOTAVAIL
	}
	if scoped {
		s.opt.boundDev = int32(c.Addr.Scope)
	}
	return a, 0
}

func (h *Host) pingBindAddr4(s *sock, c *Call) (netip.Addr, Errno) {
	if c.AddrLen < sizeofSockaddrIn {
		return netip.Addr{}, EINVAL
	}
	a := netip.IPv4Unspecified()
	if x := c.Addr.AP.Addr(); x.Is4() {
		a = x
	}
	if c.Addr.Family != AF_INET && (c.Addr.Family != AF_UNSPEC || !a.IsUnspecified()) {
		return netip.Addr{}, EAFNOSUPPORT
	}
	switch k := h.kindOf(a); {
	case a.IsUnspecified():
	case k == addrMulticast, k == addrBroadcast, k == addrUnicast && !h.nonlocal(s, ctlNonlocalBind):
		return netip.Addr{}, EADDRNOTAVAIL
	}
	return a, 0
}
