package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// sendPlan is what a send comes to before it is carried out: the way, and what
// control messages and options say of the datagram.
type sendPlan struct {
	dst       netip.AddrPort // as the call gave it
	dev       int32
	src       netip.Addr // invalid for the socket's own
	ttl, tos  int16      // -1 for the socket's own
	gso       int32      // UDP_SEGMENT
	priority  int32
	proto     uint8 // RAW's
	dontFrag  bool
	connected bool
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
	p := sendPlan{dev: s.opt.boundDev, ttl: -1, tos: -1, gso: s.opt.gsoSize}
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
	dst := p.dst.Addr()
	if p.dev == 0 {
		p.dev = s.opt.deviceFor(dst)
	}
	_, src, _ := s.half4()
	switch {
	case p.src.IsValid():
		src = p.src
	case dst.IsMulticast() && src.IsUnspecified():
		src = s.opt.groupSource()
	}
	if p.route, err = h.output(dst, src, s.viaOf(p.dev, t)); err != 0 {
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
	p := sendPlan{dev: s.opt.boundDev, ttl: -1, tos: -1, gso: s.opt.gsoSize, dontFrag: s.opt.dontFrag, dst: s.remote, connected: true}
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

// udpMake makes the datagram: at once, or the first part of one that is corked
// (ip_make_skb, ip_append_data, udp_send_skb).
func (h *Host) udpMake(s *sock, t *thread, p *sendPlan, family uint16) outcome {
	flags := t.call.Flags
	if flags&MSG_PROBE != 0 {
		return done(int64(callLen(&t.call))) // it only asked whether there is a way
	}
	s.routed = s.routed || p.connected // sk_dst_set
	c := cork{pending: family, plan: *p, mtu: h.fragSize(s, &p.route), data: s.dg.cork.data[:0]}
	if s.dg.cork.on || flags&MSG_MORE != 0 {
		c.on = s.dg.cork.on
		s.dg.cork = c
		if err := h.udpGrow(s, t, &s.dg.cork); err != 0 {
			h.udpFlush(s)
			return h.udpFailed(family == AF_INET6, err)
		}
		return done(int64(len(t.call.Data)))
	}
	err := h.udpGrow(s, t, &c)
	if err == 0 {
		err = h.udpPush(s, &c)
	}
	s.dg.wmem, s.dg.cork.data = 0, c.data[:0] // for the next one
	if err != 0 {
		return h.udpFailed(family == AF_INET6, err)
	}
	return done(int64(len(t.call.Data)))
}

// udpFailed counts a datagram that found no memory.
func (h *Host) udpFailed(ipv6 bool, err Errno) outcome {
	if err == ENOBUFS {
		h.countUDP(ipv6, MibUdpSndbufErrors)
	}
	return fail(err)
}

// udpPush sends what is corked as one datagram, or as several of UDP_SEGMENT's
// size (udp_send_skb, udp_v6_send_skb).
func (h *Host) udpPush(s *sock, c *cork) Errno {
	r := &c.plan.route
	gso, n := int(c.plan.gso), len(c.data)
	hdr := 28
	if r.dst.Is6() {
		hdr = 48
	}
	if gso != 0 {
		switch {
		case hdr+min(n, gso) > int(c.mtu):
			return EMSGSIZE
		case n > gso*udpMaxSegments, s.noCheckTx(r.dst):
			return EINVAL
		}
	}
	h.countUDP(r.dst.Is6(), MibUdpOutDatagrams)
	pkt := h.udpPacket(s, c)
	pkt.summed = c == &s.dg.cork || hdr+n > int(c.mtu) // what is in pieces is summed up piece by piece
	data := h.grab(n)
	copy(data, c.data)
	if gso == 0 || n <= gso {
		pkt.Payload, pkt.truesize = data, s.dg.wmem
		h.sendDatagram(s, &pkt, r, rule.UDPSent)
		return 0
	}
	for at := 0; at < n; at += gso {
		pkt.Payload = data[at:min(at+gso, n)]
		pkt.truesize = sentTruesize(hdr, len(pkt.Payload))
		h.sendDatagram(s, &pkt, r, rule.UDPSent)
	}
	return 0
}

// udpMaxSegments bounds what UDP_SEGMENT may cut a send into (UDP_MAX_SEGMENTS).
const udpMaxSegments = 1 << 7

// udpPacket fills in the headers.
func (h *Host) udpPacket(s *sock, c *cork) Packet {
	r := &c.plan.route
	p := Packet{
		Src: r.src, Dst: r.dst, SrcPort: s.sport, DstPort: c.plan.dst.Port(), Proto: ProtoUDP,
		NoCheck: s.noCheckTx(r.dst), TTL: h.dgramTTL(s, r, c.plan.ttl),
	}
	tos := uint8(c.plan.tos)
	if c.plan.tos < 0 {
		tos = s.tosFor(r.dst)
	}
	p.TOS, p.Seg.ECN = tos&^3, tcpstate.ECN(tos&3)
	if r.dst.Is4() {
		p.NoDF = !s.dontFragment(r, 28+len(c.data) > int(h.pathMTU(r.dst, r.mtu)))
	}
	return p
}

// noCheckTx is SO_NO_CHECK over IPv4, UDP_NO_CHECK6_TX over IPv6.
func (s *sock) noCheckTx(dst netip.Addr) bool {
	if dst.Is6() {
		return s.opt.noCheck6Tx
	}
	return s.opt.noCheck
}

// tosFor is IP_TOS or IPV6_TCLASS, ECN bits included: a datagram's are the
// program's own.
func (s *sock) tosFor(dst netip.Addr) uint8 {
	if dst.Is6() {
		return uint8(s.opt.tclass)
	}
	return uint8(s.opt.tos)
}

// dgramTTL is the hop limit: the control message's, that of groups, or the
// socket's (ip_select_ttl, ip6_sk_dst_hoplimit).
func (h *Host) dgramTTL(s *sock, r *outRoute, own int16) uint8 {
	switch {
	case own >= 0:
		return uint8(own)
	case r.dst.IsMulticast() && r.dst.Is6():
		return uint8(s.opt.mcHops)
	case r.dst.IsMulticast():
		return uint8(s.opt.mcTTL)
	case r.dst.Is6() && s.opt.hops >= 0:
		return uint8(s.opt.hops)
	case r.dst.Is6():
		return 64 // net.ipv6.conf.*.hop_limit
	case s.opt.ttl >= 0:
		return uint8(s.opt.ttl)
	}
	return uint8(h.sysctl.get(ctlDefaultTTL))
}

// sendDatagram lets a datagram leave: to ourselves, over the link, or both for
// groups that we are in and for broadcasts (ip_output, ip_mc_output).
func (h *Host) sendDatagram(s *sock, p *Packet, r *outRoute, why rule.ID) {
	mine := r.dev == DevLoopback
	if mine && r.dst.IsMulticast() && !r.local {
		h.emit(Dropped, rule.NotForUs, s.id) // the device brings it back, and nobody is in the group
		h.sent(s)
		return
	}
	if r.local && !mine {
		mine = r.broadcast || r.dst.Is4() && s.opt.mcLoop || r.dst.Is6() && s.opt.mcLoop6
	}
	if mine {
		q := *p
		q.Dev = h.arrivalOf(r)
		h.loop = append(h.loop, q)
		h.emit(Loop, why, s.id).Packet = q
	}
	out := r.dev != DevLoopback && !(r.dst.IsMulticast() && (p.TTL == 0 || r.dst.IsInterfaceLocalMulticast()))
	if out {
		q := *p
		q.truesize = 0
		h.emit(Transmit, why, s.id).Packet = q
	}
	h.sent(s)
}

// arrivalOf is the interface that a datagram to ourselves counts as come by: the
// one that has the address (orig_oif of ip_route_output_key_hash_rcu).
func (h *Host) arrivalOf(r *outRoute) int32 {
	if dev := h.deviceWith(r.dst); dev != 0 {
		return dev
	}
	return r.dev
}
