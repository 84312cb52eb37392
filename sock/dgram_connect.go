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

// inetRawOps are those of RAW and ping sockets (inet_sockraw_ops,
// inet6_sockraw_ops): the same, by another name.
var inetRawOps = func() sockOps {
	o := inetDgramOps
	o.name = "inet_sockraw_ops"
	return o
}()

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
		return h.dgramConnect4(s, netip.AddrPortFrom(dst, a.AP.Port()))
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
	to := netip.AddrPortFrom(dst, a.AP.Port())
	switch {
	case !mapped:
		return h.dgramConnect6(s, to, a.Scope, n)
	case s.v6only():
		return ENETUNREACH
	}
	return h.dgramConnect4(s, to)
}

// dgramConnect4 connects by IPv4. On a socket of AF_INET6 both halves of its
// addresses follow.
func (h *Host) dgramConnect4(s *sock, to netip.AddrPort) Errno {
	s.routed = false // forgotten, whatever comes of it
	dev := s.opt.boundDev
	if dev == 0 {
		dev = s.opt.deviceFor(to.Addr())
	}
	rcv, src, _ := s.half4()
	if to.Addr().IsMulticast() && src.IsUnspecified() {
		src = s.opt.groupSource()
	}
	r, err := h.output(to.Addr(), src, s.via(dev))
	if err != 0 {
		s.redirect(src, to)
		return err
	}
	s.redirect(r.src, netip.AddrPortFrom(r.dst, to.Port()))
	if r.broadcast && !s.opt.broadcast {
		return EACCES
	}
	if _, src, _ = s.half4(); src.IsUnspecified() {
		src = r.src
	}
	moved := rcv.IsUnspecified()
	if moved {
		rcv = r.src
	}
	s.dg.rcv4, s.dg.src4, s.dg.dst4, s.dg.peer6 = rcv, src, r.dst, r.dst
	s.remote = netip.AddrPortFrom(r.dst, to.Port())
	if s.source.IsUnspecified() {
		s.source = src
	}
	if s.local.IsUnspecified() {
		s.local, moved = rcv, true
	}
	h.dgramConnected(s, moved)
	return 0
}

// dgramConnect6 connects by IPv6. An address that means nothing without an
// interface binds the socket to one, even when there is no way to go.
func (h *Host) dgramConnect6(s *sock, to netip.AddrPort, scope uint32, n int32) Errno {
	dev := s.opt.boundDev
	if needsScope(to.Addr()) {
		if n >= sizeofIn6 && scope != 0 {
			if dev != 0 && dev != int32(scope) {
				return EINVAL
			}
			dev = int32(scope)
		}
		if dev == 0 && to.Addr().IsMulticast() {
			dev = s.opt.mcIndex6
		}
		s.opt.boundDev = dev
		if dev == 0 {
			return EINVAL
		}
	}
	if dev == 0 {
		dev = s.opt.sticky6.dev
	}
	if dev == 0 {
		dev = s.opt.deviceFor(to.Addr())
	}
	r, err := h.output(to.Addr(), s.source, s.via(dev))
	if err != 0 {
		return err
	}
	rcv, src, _ := s.half4()
	moved := s.local.IsUnspecified()
	if moved {
		s.local, rcv = r.src, loopback4IPv6
	}
	if s.source.IsUnspecified() {
		s.source = r.src
	}
	s.dg.rcv4, s.dg.src4, s.dg.peer6 = rcv, src, r.dst
	s.remote = netip.AddrPortFrom(r.dst, to.Port())
	h.dgramConnected(s, moved)
	return 0
}

// dgramConnected is the end of a connect that came off.
func (h *Host) dgramConnected(s *sock, moved bool) {
	if moved {
		h.rehash(s)
	}
	if g := h.groupOf(s); g != nil {
		g.conns = true
	}
	s.dg.connected, s.routed = true, true
	h.setTxHash(s)
	s.af = afOf(s.remote.Addr())
}

// half4 is what IPv4 sees of the socket: the address that it receives at, the
// one it sends from, and its peer, which is invalid for none (inet_rcv_saddr,
// inet_saddr, inet_daddr). A socket of AF_INET6 has both halves, and a connect
// by one family leaves the other's be.
func (s *sock) half4() (rcv, src, dst netip.Addr) {
	g := s.dg
	if s.family == AF_INET {
		return s.local, s.source, g.dst4
	}
	rcv, src = g.rcv4, g.src4
	if !rcv.IsValid() {
		rcv = s.rcv().v4()
		src = rcv
	}
	return rcv, src, g.dst4
}

// datagramDisconnect forgets the peer, the device, and whatever bind was not
// asked for by number (__udp_disconnect).
func datagramDisconnect(h *Host, s *sock) Errno {
	s.dg.connected, s.routed = false, false
	s.remote, s.dg.dst4 = netipZero, netip.Addr{}
	s.opt.boundDev = 0
	if s.locks&lockAddr == 0 {
		s.local, s.source = s.any(), s.any()
		s.dg.rcv4, s.dg.src4 = netip.Addr{}, netip.Addr{}
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
		h.wakeShared(s, wakeOut)
	}
}

// datagramClose lets go of a socket of datagrams (udp_lib_close, raw_close).
func datagramClose(h *Host, s *sock, _ *thread) outcome {
	h.purge(s)
	h.free(s)
	return done(0)
}
