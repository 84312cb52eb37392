package sock

import "net/netip"

// sendPlan is what a send comes to before it is carried out: the way, and what
// control messages and options say of the datagram.
type sendPlan struct {
	dst       netip.AddrPort // as the call gave it
	dev       int32
	src       netip.Addr // invalid for the socket's own
	ttl, tos  int16      // -1 for the socket's own
	gso       int32      // UDP_SEGMENT
	tag       tag
	proto     uint8 // RAW's
	dontFrag  bool
	literal   bool // see via
	connected bool // to the peer, by the way that the socket remembers, if it does
	route     outRoute
}

// udpMaxLen bounds a datagram of IPv4 before anything else is looked at.
const udpMaxLen = 0xffff

// udpSendmsg is a send (udp_sendmsg, udpv6_sendmsg). It never waits: what a
// datagram is charged is given back as it leaves.
func udpSendmsg(h *Host, s *sock, t *thread) outcome {
	if s.family == AF_INET6 {
		return h.udp6Sendmsg(s, t)
	}
	return h.udp4Sendmsg(s, t, callAddr(&t.call), t.call.AddrLen)
}

// callAddr is the destination that the call names, nil for none.
func callAddr(c *Call) *Addr {
	if c.AddrLen == 0 {
		return nil
	}
	return &c.Addr
}

// callLen is how much the call wants to send.
func callLen(c *Call) int {
	if c.Fault&FaultData != 0 {
		return int(c.Len)
	}
	return len(c.Data)
}

// udp4Sendmsg is udp_sendmsg: in this order the length, MSG_OOB, what is
// corked, the address, control messages, the way, broadcasting.
func (h *Host) udp4Sendmsg(s *sock, t *thread, to *Addr, n int32) outcome {
	switch {
	case callLen(&t.call) > udpMaxLen:
		return fail(EMSGSIZE)
	case t.call.Flags&MSG_OOB != 0:
		return fail(EOPNOTSUPP)
	case s.dg.cork.pending == AF_INET6:
		return fail(EINVAL)
	case s.dg.cork.pending != 0:
		return h.udpAppend(s, t)
	}
	p := s.plan(false)
	p.gso = s.opt.gsoSize
	var err Errno
	if p.dst, err = s.udp4Dest(to, n); err != 0 {
		return fail(err)
	}
	p.connected = to == nil
	if err := h.udpCmsg(s, t, &p); err != 0 {
		return fail(err)
	}
	if err := h.udpMaySend(s, &p); err != 0 {
		return fail(err)
	}
	dst, via := p.dst.Addr(), s.viaOf(p.dev, t)
	p.connected = p.connected && !via.direct && !dst.IsMulticast()
	if p.dev == 0 {
		p.dev = s.opt.deviceFor(dst)
		via.dev = p.dev
	}
	_, src, _ := s.half4()
	switch {
	case p.src.IsValid():
		src = p.src
	case dst.IsMulticast() && src.IsUnspecified():
		src = s.opt.groupSource()
	}
	if p.route, err = h.output(dst, src, via); err != 0 {
		return fail(err)
	}
	if p.route.broadcast && !s.opt.broadcast {
		return fail(EACCES)
	}
	return h.udpMake(s, t, &p, AF_INET)
}

// udpMaySend asks the cgroup about a datagram to an address of its own.
func (h *Host) udpMaySend(s *sock, p *sendPlan) Errno {
	if p.connected {
		return 0
	}
	return h.askCgroup(CgroupSendmsg, s)
}

// udp4Dest is the destination: the one that the call names, or the peer.
func (s *sock) udp4Dest(to *Addr, n int32) (netip.AddrPort, Errno) {
	if to == nil {
		if !s.dg.connected {
			return netip.AddrPort{}, EDESTADDRREQ
		}
		return s.remote, 0
	}
	switch {
	case n < sizeofSockaddrIn:
		return netip.AddrPort{}, EINVAL
	case to.Family != AF_INET && to.Family != AF_UNSPEC:
		return netip.AddrPort{}, EAFNOSUPPORT
	case to.AP.Port() == 0:
		return netip.AddrPort{}, EINVAL
	}
	if a := to.AP.Addr(); a.Is4() {
		return netip.AddrPortFrom(a, to.AP.Port()), 0
	}
	return netip.AddrPortFrom(netip.IPv4Unspecified(), to.AP.Port()), 0
}

// udp6Sendmsg is udpv6_sendmsg. What is for IPv4 goes to udp_sendmsg, with its
// own order of checks.
func (h *Host) udp6Sendmsg(s *sock, t *thread) outcome {
	to, n := callAddr(&t.call), t.call.AddrLen
	var dst netip.Addr
	switch {
	case to == nil && s.dg.cork.pending == 0 && !s.dg.connected:
		return fail(EDESTADDRREQ)
	case to == nil && s.dg.cork.pending == 0:
		dst = s.dg.peer6
	case to == nil:
	case n < sizeofFamily:
		return fail(EINVAL)
	case to.Family == AF_INET:
		return h.udpMapped(s, t, to, n)
	case to.Family == AF_UNSPEC:
		to = nil
	case to.Family != AF_INET6 || n < sizeofIn6RFC2133:
		return fail(EINVAL)
	default:
		var mapped bool
		dst, mapped = wire(s.addrOf(*to))
		if dst.Is6() && dst.IsUnspecified() && s.source.Is4() {
			dst, mapped = loopback4, true
		}
		if mapped {
			return h.udpMapped(s, t, &Addr{Family: AF_INET, AP: netip.AddrPortFrom(dst, to.AP.Port())}, sizeofSockaddrIn)
		}
	}
	if dst.Is4() { // connected to an IPv4-mapped address, and now it counts as given
		return h.udpMapped(s, t, &Addr{Family: AF_INET, AP: netip.AddrPortFrom(dst, s.remote.Port())}, sizeofSockaddrIn)
	}
	switch s.dg.cork.pending {
	case AF_INET:
		return h.udp4Sendmsg(s, t, to, n)
	case AF_INET6:
		return h.udpAppend(s, t)
	}
	return h.udp6Send(s, t, to)
}

// udpMapped sends by IPv4, if the socket may.
func (h *Host) udpMapped(s *sock, t *thread, to *Addr, n int32) outcome {
	if s.v6only() {
		return fail(ENETUNREACH)
	}
	return h.udp4Sendmsg(s, t, to, n)
}

// udp6Send is the rest of udpv6_sendmsg, for IPv6 alone.
func (h *Host) udp6Send(s *sock, t *thread, to *Addr) outcome {
	p := s.plan(true)
	p.gso, p.dontFrag, p.dst, p.connected = s.opt.gsoSize, s.opt.dontFrag, s.remote, true
	switch {
	case to != nil && to.AP.Port() == 0:
		return fail(EINVAL)
	case to != nil:
		p.dst, p.connected = netip.AddrPortFrom(s.addrOf(*to).WithZone(""), to.AP.Port()), false
		if t.call.AddrLen >= sizeofIn6 && to.Scope != 0 && needsScope(p.dst.Addr()) {
			p.dev = int32(to.Scope)
		}
	case !s.dg.connected:
		return fail(EDESTADDRREQ)
	}
	peer := p.dst.Addr()
	p.dst = netip.AddrPortFrom(netip.AddrFrom16(peer.As16()), p.dst.Port())
	if p.dev == 0 {
		p.dev = s.opt.sticky6.dev
	}
	if err := h.udpCmsg(s, t, &p); err != 0 {
		return fail(err)
	}
	if err := h.udpMaySend(s, &p); err != 0 {
		return fail(err)
	}
	if peer.Is4() {
		return fail(ENETUNREACH) // AF_UNSPEC instead of an address: IPv6 has no way to a mapped one
	}
	if p.dev == 0 {
		p.dev = s.opt.deviceFor(p.dst.Addr())
	}
	src := s.source
	if p.src.IsValid() {
		src = p.src
	}
	var err Errno
	if p.route, err = h.output(p.dst.Addr(), src, s.via(p.dev)); err != 0 {
		return fail(err)
	}
	return h.udpMake(s, t, &p, AF_INET6)
}
