package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// inetStreamOps are the calls of a stream socket of either family
// (inet_stream_ops, inet6_stream_ops: they differ in nothing that shows).
var inetStreamOps = sockOps{
	name: "inet_stream_ops",
	bind: inetBind, connect: inetStreamConnect, connectAgain: inetConnectAgain,
	listen: inetListen, accept: inetAccept, acceptAgain: inetAcceptAgain,
	getname: inetGetname, poll: tcpPoll, ioctl: inetIoctl, shutdown: inetShutdown,
	sendmsg: inetSendmsg, sendAgain: inetSendAgain, recvmsg: inetRecvmsg, recvAgain: inetRecvAgain,
	release: inetRelease, releaseAgain: inetReleaseAgain,
}

// Least lengths of addresses, octets.
const (
	sizeofFamily     = 2  // sa_family_t
	sizeofSockaddrIn = 16 // struct sockaddr_in
	sizeofIn6RFC2133 = 24 // struct sockaddr_in6 without scope id
	sizeofIn6        = 28 // struct sockaddr_in6
)

// wire is the address as packets carry it, and whether it was IPv4-mapped.
func wire(a netip.Addr) (netip.Addr, bool) {
	if a.Is4In6() {
		return a.Unmap(), true
	}
	return a.WithZone(""), false
}

// addrOf is an address of the call's, the any-address of the family if it has none.
func (s *sock) addrOf(a Addr) netip.Addr {
	if !a.AP.Addr().IsValid() {
		return s.any()
	}
	return a.AP.Addr()
}

// inetBind is bind(2) (inet_bind, inet6_bind). A protocol with a bind of its own
// has the call to itself.
func inetBind(h *Host, s *sock, t *thread) outcome {
	if s.prot.bind != nil {
		return s.prot.bind(h, s, t)
	}
	a, n := t.call.Addr, t.call.AddrLen
	var addr netip.Addr
	var err Errno
	if s.family == AF_INET6 {
		addr, err = h.bind6Addr(s, a, n)
	} else {
		addr, err = h.bind4Addr(s, a, n)
	}
	if err != 0 {
		return fail(err)
	}
	return result(h.bind(s, addr, a.AP.Port()))
}

// bind4Addr checks an address of AF_INET. AF_UNSPEC passes with the
// any-address, for old programs.
func (h *Host) bind4Addr(s *sock, a Addr, n int32) (netip.Addr, Errno) {
	if n < sizeofSockaddrIn {
		return netip.Addr{}, EINVAL
	}
	if err := h.askCgroup(CgroupBind, s); err != 0 {
		return netip.Addr{}, err
	}
	addr := s.addrOf(a)
	if a.Family != AF_INET && (a.Family != AF_UNSPEC || !addr.IsUnspecified()) {
		return netip.Addr{}, EAFNOSUPPORT
	}
	addr, _ = wire(addr)
	if !addr.Is4() {
		return netip.Addr{}, EAFNOSUPPORT
	}
	if h.kindOf(addr) == addrUnicast && !h.nonlocal(s, ctlNonlocalBind) {
		return netip.Addr{}, EADDRNOTAVAIL
	}
	return addr, 0
}

// bind6Addr checks an address of AF_INET6 (__inet6_bind).
func (h *Host) bind6Addr(s *sock, a Addr, n int32) (netip.Addr, Errno) {
	if n < sizeofIn6RFC2133 {
		return netip.Addr{}, EINVAL
	}
	if err := h.askCgroup(CgroupBind, s); err != 0 {
		return netip.Addr{}, err
	}
	if a.Family != AF_INET6 {
		return netip.Addr{}, EAFNOSUPPORT
	}
	addr, mapped := wire(s.addrOf(a))
	if addr.Is4() && !mapped {
		return netip.Addr{}, EAFNOSUPPORT
	}
	kind := h.kindOf(addr)
	if kind == addrMulticast && !mapped && s.typ == SOCK_STREAM {
		return netip.Addr{}, EINVAL
	}
	// Unlike IPv4, the socket's state comes before the address.
	if err := h.mayBind(s, a.AP.Port()); err != 0 {
		return netip.Addr{}, err
	}
	switch {
	case mapped:
		return addr, h.bindMapped(s, addr)
	case addr.IsUnspecified():
		return addr, 0
	}
	return addr, h.bind6Local(s, addr, a, n)
}

// bindMapped checks an IPv4-mapped address as AF_INET would. The device must be
// there, but whether it has the address is not asked (inet_addr_type_dev_table).
func (h *Host) bindMapped(s *sock, addr netip.Addr) Errno {
	switch dev := s.opt.boundDev; {
	case s.v6only():
		return EINVAL
	case dev != 0 && h.deviceName(dev) == "":
		return ENODEV
	case h.kindOf(addr) == addrUnicast && !h.nonlocal(s, ctlNonlocalBind):
		return EADDRNOTAVAIL
	}
	return 0
}

// bind6Local checks an address of IPv6 that is not the any-address. One that
// means something on one link only needs to know which, and binds the socket to
// it; that stays even if bind fails (__inet6_bind, rawv6_bind).
func (h *Host) bind6Local(s *sock, addr netip.Addr, a Addr, n int32) Errno {
	if needsScope(addr) {
		if n >= sizeofIn6 && a.Scope != 0 {
			s.opt.boundDev = int32(a.Scope)
		}
		if s.opt.boundDev == 0 {
			return EINVAL
		}
	}
	dev := s.opt.boundDev
	if dev != 0 && h.deviceName(dev) == "" {
		return ENODEV
	}
	// A global address may be another device's (ipv6_chk_addr).
	near := addr.IsLoopback() || addr.IsLinkLocalUnicast()
	if !addr.IsMulticast() && (!h.isLocal(addr) || near && dev != 0 && dev != deviceOf(addr)) && !h.nonlocal(s, ctlNonlocalBind6) {
		return EADDRNOTAVAIL
	}
	return 0
}

// needsScope: addresses that come with an interface (__ipv6_addr_needs_scope_id).
func needsScope(a netip.Addr) bool {
	return a.Is6() && !a.Is4In6() && (a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast())
}

// nonlocal reports whether addresses of others may be bound
// (inet_can_nonlocal_bind, ipv6_can_nonlocal_bind); each family has a sysctl.
func (h *Host) nonlocal(s *sock, family ctl) bool {
	return h.sysctl.on(family) || s.opt.freebind || s.opt.transparent
}

// mayBind checks the port against the caller's capabilities, and that the socket
// is neither active nor bound.
func (h *Host) mayBind(s *sock, port uint16) Errno {
	if port != 0 && int64(port) < h.sysctl.get(ctlUnprivPortStart) && !h.capable(CapNetBindService) {
		return EACCES
	}
	if s.state() != tcpstate.Closed || s.num != 0 {
		return EINVAL
	}
	return 0
}

// bind takes address and port for the socket (__inet_bind).
func (h *Host) bind(s *sock, addr netip.Addr, port uint16) Errno {
	if err := h.mayBind(s, port); err != 0 {
		return err
	}
	s.local = addr
	if s.dg != nil { // of both families, whatever a connect had made of it
		s.dg.rcv4, s.dg.src4 = netip.Addr{}, netip.Addr{}
	}
	switch k := h.kindOf(addr); {
	case s.family == AF_INET && (k == addrMulticast || k == addrBroadcast):
		s.source = s.any() // the way out decides
	case addr.Is4() || k != addrMulticast:
		s.source = addr
	}
	only := s.opt.v6only
	if addr.Is6() && !addr.IsUnspecified() {
		s.opt.v6only = true // such an address is out of IPv4's reach
	}
	if port != 0 || !s.opt.bindNoPort {
		err := EADDRINUSE
		if s.prot.getPort(h, s, port) {
			if err = h.askCgroup(CgroupPostBind, s); err != 0 {
				h.putPort(s)
			}
		}
		if err != 0 {
			s.opt.v6only = only
			s.local, s.source = s.any(), s.any()
			return err
		}
	}
	if !addr.IsUnspecified() || addr.Is6() != (s.family == AF_INET6) {
		s.locks |= lockAddr // also for ::ffff:0.0.0.0
	}
	if port != 0 {
		s.locks |= lockPort
	}
	s.sport = s.num
	if s.family == AF_INET {
		s.routed = false // sk_dst_reset, which __inet6_bind lacks
	}
	s.way, s.remote = s.remote.Addr(), netip.AddrPort{}
	return 0
}

// inetGetname is getsockname(2) and getpeername(2) (inet_getname, inet6_getname).
func inetGetname(s *sock, peer bool) (Addr, int32, Errno) {
	ap := netip.AddrPortFrom(s.local, s.sport)
	if peer {
		if s.remote.Port() == 0 || s.in(tcpstate.Closed, tcpstate.SynSent) {
			return Addr{}, 0, ENOTCONN
		}
		ap = s.remote
	} else if s.local.IsUnspecified() && !s.source.IsUnspecified() {
		ap = netip.AddrPortFrom(s.source, s.sport)
	}
	return s.asSeen(ap)
}

// asSeen is an address as the socket's family shows it: IPv4 as IPv4-mapped to
// a socket of AF_INET6.
func (s *sock) asSeen(ap netip.AddrPort) (Addr, int32, Errno) {
	if s.family != AF_INET6 {
		return Addr{Family: AF_INET, AP: ap}, sizeofSockaddrIn, 0
	}
	if ap.Addr().Is4() {
		ap = netip.AddrPortFrom(netip.AddrFrom16(ap.Addr().As16()), ap.Port())
	}
	seen := Addr{Family: AF_INET6, AP: ap}
	if needsScope(ap.Addr()) {
		seen.Scope = uint32(s.opt.boundDev)
	}
	return seen, sizeofIn6, 0
}

// inetShutdown is shutdown(2) (inet_shutdown).
func inetShutdown(h *Host, s *sock, how int64) Errno {
	bits := uint8(how + 1) // SHUT_RD, SHUT_WR, SHUT_RDWR are bits less one
	if how < SHUT_RD || how > SHUT_RDWR {
		return EINVAL
	}
	if s.ss == ssConnecting {
		s.ss = ssConnected
		if s.in(tcpstate.SynSent, tcpstate.SynReceived, tcpstate.Closed) {
			s.ss = ssDisconnecting
		}
	}
	var err Errno
	switch st := s.state(); {
	case st == tcpstate.SynSent, st == tcpstate.Listen && bits&tcpstate.ShutRead != 0:
		s.ss = disconnected(s.prot.disconnect(h, s))
	case st == tcpstate.Listen: // nothing to send
	default:
		if st == tcpstate.Closed {
			err = ENOTCONN // and yet the direction is shut, so that poll tells
		}
		s.prot.shutdown(h, s, bits)
	}
	h.wakeAll(s)
	return err
}
