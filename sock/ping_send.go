package sock

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// pingSendmsg sends an echo request: the identifier is the socket's, the
// checksum the kernel's, the rest is the program's (ping_v4_sendmsg,
// ping_v6_sendmsg).
func pingSendmsg(h *Host, s *sock, t *thread) outcome {
	c := &t.call
	echo := ICMPEcho
	ext := uint8(icmpExtEcho)
	if s.family == AF_INET6 {
		echo, ext = icmp6Echo, icmp6ExtEcho
	}
	switch {
	case callLen(c) > maxPacket:
		return fail(EMSGSIZE)
	case callLen(c) < icmpHdrLen:
		return fail(EINVAL)
	case c.Flags&MSG_OOB != 0:
		return fail(EOPNOTSUPP)
	case c.Fault&FaultData != 0:
		return fail(EFAULT)
	case c.Data[0] != echo && c.Data[0] != ext, c.Data[1] != 0:
		return fail(EINVAL)
	}
	p := s.plan(s.family == AF_INET6)
	err := h.pingPlan(s, t, &p)
	switch {
	case err != 0:
		return fail(err)
	case c.Flags&MSG_PROBE != 0 && s.family == AF_INET: // IPv6 takes no notice
		return done(int64(len(c.Data)))
	}
	if err := h.pingSend(s, c.Data, &p); err != 0 {
		return fail(err)
	}
	return done(int64(len(c.Data)))
}

// pingPlan finds the destination and the way.
func (h *Host) pingPlan(s *sock, t *thread, p *sendPlan) (err Errno) {
	if s.family == AF_INET {
		if p.dst, err = s.pingDest(&t.call); err != 0 {
			return err
		}
	} else if err := s.pingDest6(&t.call, p); err != 0 {
		return err
	}
	if p.dev == 0 && s.family == AF_INET6 {
		p.dev = s.opt.sticky6.dev
	}
	if err := h.ipCmsg(s, t, p); err != 0 {
		return err
	}
	if s.family == AF_INET6 {
		p.src = netip.Addr{} // the socket's own overwrites what a message named
	}
	p.literal = true // the any-address of IPv6 does not mean this host here
	if err := h.rawRoute(s, t, p); err != 0 {
		return err
	}
	if p.route.broadcast && !s.opt.broadcast {
		return EACCES
	}
	return 0
}

// pingDest is the address that the call names, or the peer.
func (s *sock) pingDest(c *Call) (netip.AddrPort, Errno) {
	if c.AddrLen != 0 && c.AddrLen >= sizeofSockaddrIn && c.Addr.Family == AF_UNSPEC {
		return netip.AddrPort{}, EAFNOSUPPORT
	}
	return s.rawDest(c)
}

// pingDest6 is the same in IPv6, where a scope must agree with the device.
func (s *sock) pingDest6(c *Call, p *sendPlan) Errno {
	named := messagePort(IPPROTO_ICMPV6, c.Data)
	if c.AddrLen == 0 {
		if !s.dg.connected {
			return EDESTADDRREQ
		}
		if s.dg.peer6.Is4() {
			return EINVAL // connected to an IPv4-mapped address
		}
		p.dst = netip.AddrPortFrom(s.dg.peer6, named)
		return 0
	}
	switch {
	case c.AddrLen < sizeofIn6:
		return EINVAL
	case c.Addr.Family != AF_INET6:
		return EAFNOSUPPORT
	}
	a := s.any()
	if x := c.Addr.AP.Addr(); x.Is6() {
		a = x.WithZone("")
	}
	scope := int32(0)
	if needsScope(a) {
		scope = int32(c.Addr.Scope)
	}
	if scope != 0 {
		if p.dev != 0 && p.dev != scope {
			return EINVAL
		}
		p.dev = scope
	}
	if a.Is4In6() || needsScope(a) && p.dev == 0 && (!a.IsMulticast() || s.opt.mcIndex6 == 0) {
		return EINVAL
	}
	p.dst = netip.AddrPortFrom(a, named)
	return 0
}

// pingSend makes the packet.
func (h *Host) pingSend(s *sock, data []byte, p *sendPlan) Errno {
	r, hdr := &p.route, ip4HdrLen
	if r.dst.Is6() {
		hdr = ip6HdrLen
	}
	mtu := h.fragSize(s, r)
	limit := maxPacket
	if !s.mayFragment(r.dst) || hdr == ip6HdrLen && (p.dontFrag || s.opt.dontFrag) {
		limit = int(mtu)
	} else if hdr == ip6HdrLen {
		limit += hdr
	}
	if hdr+len(data) > limit {
		h.localError(s, EMSGSIZE, p.errorDest(s), mtu)
		return EMSGSIZE
	}
	if err := s.sendReady(); err != 0 {
		return err
	}
	if !s.charge(&cork{mtu: mtu}, hdr, icmpHdrLen, len(data)-icmpHdrLen, true) {
		s.dg.wmem = 0
		return ENOBUFS
	}
	size := s.dg.wmem
	s.dg.wmem = 0
	tos := uint8(p.tos)
	m := Packet{
		Src: r.src, Dst: r.dst, Proto: ProtoICMP, TTL: h.dgramTTL(s, r, p.ttl), TOS: tos &^ 3, truesize: size, tag: p.tag,
		ICMP: ICMP{Type: data[0], MTU: uint32(s.sport)<<16 | uint32(binary.BigEndian.Uint16(data[6:]))},
	}
	m.Seg.ECN = tcpstate.ECN(tos & 3)
	m.Payload = h.grab(len(data) - icmpHdrLen)
	copy(m.Payload, data[icmpHdrLen:])
	if hdr == ip6HdrLen {
		m.Proto = ProtoICMPv6
	} else if m.NoDF = !h.dontFragment(s, r, hdr+len(data) > int(h.wayMTU(r))); m.NoDF {
		m.ID = h.nextID()
	}
	return h.sendDatagram(s, &m, r, rule.PingSent)
}
