package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// inetStreamConnect is connect(2) on a stream socket (__inet_stream_connect).
func inetStreamConnect(h *Host, s *sock, t *thread) outcome {
	h.patience(t, h.nonblock(t), s.opt.sndTimeo)
	o := h.streamConnect(s, t, false)
	if o.park && s.fastReq && s.fastWaits {
		h.writePending(s, t, true) // another thread's data waits, too (writebias)
	}
	return o
}

// streamConnect is what connect and a send that opens the connection share
// (__inet_stream_connect). Such a send needs no address after a connect that
// was put off.
func (h *Host) streamConnect(s *sock, t *thread, send bool) outcome {
	a, n := t.call.Addr, t.call.AddrLen
	none := send && n == 0 && a == Addr{}
	if n < sizeofFamily && !none {
		return fail(EINVAL)
	}
	if a.Family == AF_UNSPEC && !none {
		s.disconnects++
		err := s.prot.disconnect(h, s)
		s.ss = disconnected(err)
		return result(err)
	}
	err := EALREADY
	switch s.ss {
	case ssConnected:
		return fail(EISCONN)
	case ssConnecting:
		if s.deferred {
			err = EISCONN
			if send {
				err = EINPROGRESS
			}
		}
	case ssUnconnected:
		if s.state() != tcpstate.Closed {
			return fail(EISCONN)
		}
		if err := s.prot.preConnect(h, s, n); err != 0 {
			return fail(err)
		}
		if h.callRules().ConnectBinds && s.num == 0 && !h.autobind(s) {
			return fail(EAGAIN)
		}
		if err := s.prot.connect(h, s, a, n); err != 0 {
			return fail(err)
		}
		s.ss = ssConnecting
		if s.deferred {
			return done(0)
		}
		err = EINPROGRESS
	default:
		return fail(EINVAL)
	}
	if s.handshaking() {
		if !h.waits(t) {
			return fail(err)
		}
		t.disconnects, t.late = s.disconnects, err
		return h.parkOn(t, s, false)
	}
	return h.connectEnd(s)
}

// inetConnectAgain is streamConnectAgain of connect itself.
func inetConnectAgain(h *Host, s *sock, t *thread) outcome {
	o := streamConnectAgain(h, s, t)
	if !o.park && t.writes {
		h.writePending(s, t, false)
	}
	return o
}

// handshaking reports whether connect has to wait.
func (s *sock) handshaking() bool { return s.in(tcpstate.SynSent, tcpstate.SynReceived) }

// streamConnectAgain looks at a connect that waits: state, patience, signal, in
// that order (inet_wait_for_connect and what follows it).
func streamConnectAgain(h *Host, s *sock, t *thread) outcome {
	waiting := s.handshaking()
	switch {
	case waiting && !h.waits(t):
		return fail(t.late)
	case t.signal:
		return fail(t.intrErrno())
	case waiting:
		return h.parkAgain(t, s)
	case t.disconnects != s.disconnects:
		return fail(EPIPE) // another thread took the connection down by connect
	}
	return h.connectEnd(s)
}

// connectEnd tells how the handshake came out.
func (h *Host) connectEnd(s *sock) outcome {
	if s.state() != tcpstate.Closed {
		s.ss = ssConnected
		return done(0)
	}
	err := s.takeErr()
	if err == 0 {
		err = ECONNABORTED
	}
	s.disconnects++
	s.ss = disconnected(s.prot.disconnect(h, s))
	return fail(err)
}

// disconnected is the socket's state after the protocol took the connection
// down, or refused to.
func disconnected(err Errno) ssState {
	if err != 0 {
		return ssDisconnecting
	}
	return ssUnconnected
}

// tcpConnect sends the SYN (tcp_v4_connect, tcp_v6_connect). An IPv6 socket that
// went over IPv4 keeps IPv4's operations, until it finds no way there.
func tcpConnect(h *Host, s *sock, a Addr, n int32) Errno {
	dst, err := h.connectAddr(s, a, n)
	if err != 0 {
		return err
	}
	if err := s.takeScope(dst, a, n); err != 0 {
		return err
	}
	err = h.connectTo(s, netip.AddrPortFrom(dst, a.AP.Port()))
	switch {
	case s.family != AF_INET6 || dst.Is6():
	case err != 0:
		s.af, s.ops4 = &ipv6Specific, false
	default:
		s.ops4 = true
	}
	return err
}

// connectTo finds a way and a port, and sends the SYN.
func (h *Host) connectTo(s *sock, to netip.AddrPort) Errno {
	dst := to.Addr()
	r, err := h.routeTo(dst, s.source, s.via(s.opt.boundDev))
	switch {
	case dst.Is4() && s.source.Is4() && (s.source.IsMulticast() || s.source == limitedBroadcast):
		return EINVAL // bound to a mapped one: it can't be sent from
	case (dst.IsMulticast() || dst == limitedBroadcast) && err != ENODEV:
		return ENETUNREACH
	case err != 0:
		return err
	case h.broadcastOn(dst, s.opt.boundDev):
		return ENETUNREACH // a way there is, but not for TCP
	}
	if dst.Is6() && s.source.Is4() {
		return EAFNOSUPPORT // bound to an IPv4-mapped address (ip6_dst_lookup_tail)
	}
	if s.source.IsUnspecified() {
		h.moveAddr(s, r.src, r.src)
	}
	s.remote = to
	if !h.hashConnect(s) {
		h.unnamed(s)
		return EADDRNOTAVAIL
	}
	s.af = afOf(dst)
	h.startConn(s, r.mtu)
	h.fastOpenConn(s)
	return 0
}

// afOf is the table of the address's family.
func afOf(a netip.Addr) *afOps {
	if a.Is4() {
		return &ipv4Specific
	}
	return &ipv6Specific
}

// leastAddr is the length of an address that connect takes, octets.
func (s *sock) leastAddr() int32 {
	if s.family == AF_INET6 {
		return sizeofIn6RFC2133
	}
	return sizeofSockaddrIn
}

// preConnect asks the cgroup, about an address that is long enough
// (tcp_v4_pre_connect).
func inetPreConnect(h *Host, s *sock, n int32) Errno {
	if n < s.leastAddr() {
		return 0
	}
	return h.askCgroup(CgroupConnect, s)
}

// broadcastOn reports whether an address is a broadcast one; that of a device's
// network means nothing to other devices.
func (h *Host) broadcastOn(a netip.Addr, dev int32) bool {
	return h.kindOf(a) == addrBroadcast && (dev == 0 || a == limitedBroadcast || dev == deviceOf(a))
}

// takeScope binds the socket to the interface that a link-local address comes
// with; without one it leads nowhere (tcp_v6_connect).
func (s *sock) takeScope(dst netip.Addr, a Addr, n int32) Errno {
	if !dst.Is6() || !dst.IsLinkLocalUnicast() {
		return 0
	}
	if n >= sizeofIn6 && a.Scope != 0 {
		if s.opt.boundDev != 0 && s.opt.boundDev != int32(a.Scope) {
			return EINVAL
		}
		s.opt.boundDev = int32(a.Scope)
	}
	if s.opt.boundDev == 0 {
		return EINVAL
	}
	return 0
}

// nowhere is where an any-address leads. IPv4's own means the source
// (ip_route_output_key_hash_rcu), IPv6's this host.
func (s *sock) nowhere(h *Host, dst netip.Addr) netip.Addr {
	switch {
	case dst.Is6() && !s.local.Is4():
		return netip.IPv6Loopback()
	case dst.Is4() && s.source.Is4() && !s.source.IsUnspecified():
		return s.source
	case dst.Is4() && s.opt.boundDev == DevLink:
		return h.sourceFor(dst)
	}
	return loopback4
}

// connectAddr checks the destination; the any-address means this host.
func (h *Host) connectAddr(s *sock, a Addr, n int32) (netip.Addr, Errno) {
	if n < s.leastAddr() {
		return netip.Addr{}, EINVAL
	}
	if a.Family != s.family {
		return netip.Addr{}, EAFNOSUPPORT
	}
	dst, mapped := wire(s.addrOf(a))
	if dst.Is4() != (s.family == AF_INET || mapped) {
		return netip.Addr{}, EAFNOSUPPORT
	}
	if dst.IsUnspecified() {
		dst = s.nowhere(h, dst)
	}
	if dst.Is4() && s.v6only() {
		return netip.Addr{}, ENETUNREACH
	}
	return dst, 0
}

// unnamed is a connect that found no port: what bind did not ask for by name is
// given back (the failure of tcp_v4_connect).
func (h *Host) unnamed(s *sock) {
	s.remote = netip.AddrPort{}
	if s.locks&lockPort == 0 {
		h.putPort(s)
	}
	h.resetAddr(s)
}

// resetAddr takes the local address away, unless bind gave it
// (inet_bhash2_reset_saddr).
func (h *Host) resetAddr(s *sock) {
	if s.locks&lockAddr == 0 {
		h.moveAddr(s, s.any(), s.any())
	}
}
