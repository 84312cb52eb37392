package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// inetDgramOps are the calls of a socket of datagrams (inet_dgram_ops,
// inet6_dgram_ops). It neither listens nor accepts (LI-01, AC-02).
var inetDgramOps = sockOps{
	name: "inet_dgram_ops",
	bind: inetBind, connect: inetDgramConnect, listen: noListen, accept: noAccept,
	getname: inetGetname, poll: datagramPoll, ioctl: inetIoctl, shutdown: inetShutdown,
	sendmsg: inetSendmsg, sendAgain: inetSendAgain, recvmsg: inetRecvmsg, recvAgain: inetRecvAgain,
	release: inetRelease,
}

// noListen and noAccept are sock_no_listen and sock_no_accept.
func noListen(*Host, *sock, int32) Errno     { return EOPNOTSUPP }
func noAccept(*Host, *sock, *thread) outcome { return fail(EOPNOTSUPP) }

// inetDgramConnect is connect(2) on a socket of datagrams: it never waits, may
// be repeated, and AF_UNSPEC undoes it (inet_dgram_connect).
func inetDgramConnect(h *Host, s *sock, t *thread) outcome {
	a, n := t.call.Addr, t.call.AddrLen
	if n < sizeofFamily {
		return fail(EINVAL)
	}
	if a.Family == AF_UNSPEC {
		return result(s.prot.disconnect(h, s))
	}
	if s.prot.preConnect != nil {
		if err := s.prot.preConnect(h, s, n); err != 0 {
			return fail(err)
		}
	}
	if s.num == 0 && !h.autobind(s) {
		return fail(EAGAIN)
	}
	return result(s.prot.connect(h, s, a, n))
}

// datagramConnect sets the peer and keeps what comes from anyone else out
// (CO-11; __ip4_datagram_connect, __ip6_datagram_connect).
func datagramConnect(h *Host, s *sock, a Addr, n int32) Errno {
	if s.family == AF_INET || a.Family == AF_INET {
		return h.dgramConnect4(s, a, n)
	}
	switch {
	case n < sizeofIn6RFC2133:
		return EINVAL
	case a.Family != AF_INET6:
		return EAFNOSUPPORT
	}
	dst, mapped := wire(s.addrOf(a))
	if dst.IsUnspecified() && !mapped {
		dst = netip.IPv6Loopback()
		if s.local.Is4() {
			dst, mapped = loopback4, true
		}
	}
	if mapped {
		if s.v6only() {
			return ENETUNREACH
		}
		return h.dgramConnectTo(s, netip.AddrPortFrom(dst, a.AP.Port()), s.opt.boundDev)
	}
	dev := s.opt.boundDev
	if needsScope(dst) {
		if n >= sizeofIn6 && a.Scope != 0 {
			if dev != 0 && dev != int32(a.Scope) {
				return EINVAL
			}
			dev = int32(a.Scope)
		}
		if dev == 0 && dst.IsMulticast() {
			dev = s.opt.mcIndex6
		}
		if dev == 0 {
			return EINVAL
		}
		s.opt.boundDev = dev // it stays, even when there is no way to go
	}
	return h.dgramConnectTo(s, netip.AddrPortFrom(dst, a.AP.Port()), dev)
}

// dgramConnect4 takes a struct sockaddr_in, on a socket of either family.
func (h *Host) dgramConnect4(s *sock, a Addr, n int32) Errno {
	switch {
	case s.v6only():
		return EAFNOSUPPORT
	case n < sizeofSockaddrIn:
		return EINVAL
	case a.Family != AF_INET:
		return EAFNOSUPPORT
	}
	dst := netip.IPv4Unspecified()
	if a.AP.Addr().Is4() {
		dst = a.AP.Addr()
	}
	return h.dgramConnectTo(s, netip.AddrPortFrom(dst, a.AP.Port()), s.opt.boundDev)
}

// dgramConnectTo finds the way and, when there is one, takes peer and source
// address from it.
func (h *Host) dgramConnectTo(s *sock, to netip.AddrPort, dev int32) Errno {
	if to.Addr().Is4() {
		s.routed = false // forgotten, whatever comes of it
	}
	if dev == 0 {
		dev = s.opt.deviceFor(to.Addr())
	}
	source := s.source
	if to.Addr().Is4() && to.Addr().IsMulticast() && source.IsUnspecified() {
		source = s.opt.groupSource()
	}
	r, err := h.output(to.Addr(), source, dev)
	if err != 0 {
		return err
	}
	if r.broadcast && !s.opt.broadcast {
		return EACCES
	}
	s.remote = netip.AddrPortFrom(r.dst, to.Port())
	s.dg.peer6 = r.dst
	if s.source.IsUnspecified() {
		s.source = r.src
	}
	if s.local.IsUnspecified() {
		s.local = r.src
		h.rehash(s)
	}
	s.dg.connected, s.routed = true, true
	s.af = afOf(r.dst)
	return 0
}

// datagramDisconnect forgets the peer, the device, and whatever bind was not
// asked for by number (__udp_disconnect).
func datagramDisconnect(h *Host, s *sock) Errno {
	s.dg.connected, s.routed = false, false
	s.remote = netipZero
	s.opt.boundDev = 0
	if s.locks&lockAddr == 0 {
		s.local, s.source = s.any(), s.any()
		if s.locks&lockPort != 0 {
			h.rehash(s)
		}
	}
	if s.locks&lockPort == 0 {
		if s.prot.unhash != nil {
			s.prot.unhash(h, s)
		}
		s.sport = 0
	}
	return 0
}

// rehash tells the protocol's table that the address has changed.
func (h *Host) rehash(s *sock) {
	if s.prot.rehash != nil {
		s.prot.rehash(h, s)
	}
}

// scopeOf is sin6_scope_id of an address that came by dev (ipv6_iface_scope_id).
func (h *Host) scopeOf(a netip.Addr, dev int32) uint32 {
	if needsScope(a) {
		return uint32(dev)
	}
	return 0
}

// datagramPoll is what can be done without waiting (datagram_poll). That the
// socket has room to send lets the next event come only when it has not.
func datagramPoll(_ *Host, s *sock) (mask uint32) {
	if s.err != 0 || s.dg.errs.Len() > 0 {
		mask |= POLLERR
		if s.opt.selectErrQueue {
			mask |= POLLPRI
		}
	}
	if s.shut&tcpstate.ShutRead != 0 {
		mask |= POLLRDHUP | POLLIN | POLLRDNORM
	}
	if s.shut == tcpstate.ShutRead|tcpstate.ShutWrite {
		mask |= POLLHUP
	}
	if s.dg.recv.Len() > 0 {
		mask |= POLLIN | POLLRDNORM
	}
	if s.writable() {
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND
	}
	return mask
}

// writable is sock_writeable.
func (s *sock) writable() bool { return s.dg.wmem < s.opt.sndbuf>>1 }

// sent tells who polls or watches for room that the device has let go of a
// datagram; who waits to receive sleeps on (sock_wfree,
// sock_def_write_space_wfree).
func (h *Host) sent(s *sock) {
	if s.writable() {
		h.run = s.waiters.WakeShared(h.run)
		h.epollNotify(s, wakeOut)
	}
}

// datagramClose lets go of a socket of datagrams (udp_lib_close, raw_close).
func datagramClose(h *Host, s *sock, _ *thread) outcome {
	h.purge(s)
	h.free(s)
	return done(0)
}
