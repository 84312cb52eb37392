package sock

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// pingProt is the table of ping sockets (ping_prot, pingv6_prot): datagrams of
// ICMP that send echo requests and receive the replies. The identifier is their
// port.
var pingProt = protoOps{
	name: "PING", init: pingInit, bind: pingBind, connect: pingConnect, disconnect: datagramDisconnect,
	shutdown: datagramShutdown, close: pingClose, getPort: pingGetPort, unhash: pingUnhash,
	sendmsg: pingSendmsg, recvmsg: dgramRecvmsg, recvAgain: dgramRecvAgain, dgram: &dgramOps{refusesOOB: true, hidesLength: true, noSpecDst: true},
}

// pingInit lets those in whose group is in net.ipv4.ping_group_range: nobody, at
// first (CR-12; ping_init_sock).
func pingInit(h *Host, s *sock) Errno {
	s.dg = newDatagrams()
	if s.family == AF_INET6 {
		s.opt.v6only = true
	}
	low, high := h.sysctl.get(ctlPingGroupRange), h.sysctl.get2(ctlPingGroupRange)
	in := func(gid uint32) bool { return low <= int64(gid) && int64(gid) <= high }
	c := &h.proc.cred
	if in(c.EGID) {
		return 0
	}
	for _, g := range c.Groups {
		if in(g) {
			return 0
		}
	}
	return EACCES
}

// pingClose is ping_close.
func pingClose(h *Host, s *sock, t *thread) outcome {
	pingUnhash(h, s)
	return datagramClose(h, s, t)
}

// pingUnhash gives the number back.
func pingUnhash(h *Host, s *sock) {
	if s.num != 0 {
		h.pings = drop(h.pings, s.id)
		s.num, s.sport = 0, 0
	}
}

// pingGetPort takes an identifier, the next free one for 0 (ping_get_port).
// Several may share one if all have SO_REUSEADDR, as they have from the start.
func pingGetPort(h *Host, s *sock, port uint16) bool {
	if port == 0 {
		if port = h.freePing(); port == 0 {
			return false
		}
	} else {
		for _, id := range h.pings {
			if o := h.socks[id]; o != s && o.num == port && (!o.opt.reuseAddr || !s.opt.reuseAddr) {
				return false
			}
		}
	}
	if s.num == 0 {
		h.pings = putFirst(h.pings, s.id)
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
		if h.pingRover != 0 && !h.pingTaken(h.pingRover) {
			return h.pingRover
		}
	}
	return 0
}

func (h *Host) pingTaken(port uint16) bool {
	for _, id := range h.pings {
		if h.socks[id].num == port {
			return true
		}
	}
	return false
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
	has := h.isLocal(a) && (dev == 0 || h.deviceWith(a) == dev || !scoped)
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

// pingConnect is that of RAW in either family.
func pingConnect(h *Host, s *sock, a Addr, n int32) Errno {
	if s.family == AF_INET {
		return datagramConnect(h, s, a, n)
	}
	return raw6Connect(h, s, a, n)
}

// pingLookup finds the socket of an identifier to which a packet to the address
// goes, nil for none (ping_lookup).
func (h *Host) pingLookup(ident uint16, to netip.Addr) *sock {
	for _, id := range h.pings {
		s := h.socks[id]
		switch {
		case s.num != ident, (s.family == AF_INET6) != to.Is6(), !s.local.IsUnspecified() && s.local != to:
		case s.opt.boundDev != 0 && s.opt.boundDev != h.dev:
		default:
			return s
		}
	}
	return nil
}

// pingDeliver takes an echo reply to the socket that asked, ICMP header and all
// (ping_rcv).
func (h *Host) pingDeliver(p *Packet) {
	s := h.pingLookup(uint16(p.ICMP.MTU>>16), p.Dst)
	switch {
	case s == nil:
		h.emit(Dropped, rule.PingNoSocket, noSock)
		return
	case s.dg.rmem >= s.opt.rcvbuf:
		s.dg.drops++
		h.emit(Dropped, rule.RawRcvbuf, s.id)
		return
	}
	size := p.truesize
	if size == 0 {
		size = truesize(skbPad + len(h.wire(p)))
	}
	body := h.body(p)
	h.emit(Noted, rule.PingQueued, s.id)
	h.queueDatagram(s, dgram{
		src: netip.AddrPortFrom(p.Src, 0), dst: netip.AddrPortFrom(p.Dst, binary.BigEndian.Uint16(body[2:])),
		ttl: p.TTL, tos: p.TOS | uint8(p.Seg.ECN)&3, dev: h.dev, at: h.now, truesize: size, data: body,
		info: pktInfo{h.dev, netip.Addr{}},
	})
}

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
	p := sendPlan{dev: s.opt.boundDev, ttl: -1, tos: -1}
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
	if err := h.ipCmsg(s, t, p); err != 0 {
		return err
	}
	if a := p.dst.Addr(); a.Is6() && a.IsUnspecified() {
		return ENETUNREACH // it does not mean this host here
	}
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
	if c.AddrLen == 0 {
		if !s.dg.connected {
			return EDESTADDRREQ
		}
		if s.dg.peer6.Is4() {
			return EINVAL // connected to an IPv4-mapped address
		}
		p.dst = netip.AddrPortFrom(s.dg.peer6, 0)
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
	p.dst = netip.AddrPortFrom(a, 0)
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
	if p.tos < 0 {
		tos = s.tosFor(r.dst)
	}
	m := Packet{
		Src: r.src, Dst: r.dst, Proto: ProtoICMP, TTL: h.dgramTTL(s, r, p.ttl), TOS: tos &^ 3, truesize: size,
		ICMP: ICMP{Type: data[0], MTU: uint32(s.sport)<<16 | uint32(binary.BigEndian.Uint16(data[6:]))},
	}
	m.Seg.ECN = tcpstate.ECN(tos & 3)
	m.Payload = h.grab(len(data) - icmpHdrLen)
	copy(m.Payload, data[icmpHdrLen:])
	if hdr == ip6HdrLen {
		m.Proto = ProtoICMPv6
	} else if m.NoDF = !s.dontFragment(r, hdr+len(data) > int(h.pathMTU(r.dst, r.mtu))); m.NoDF {
		m.ID = h.nextID()
	}
	h.sendDatagram(s, &m, r, rule.PingSent)
	return 0
}

// pingICMPError takes an error to the socket whose echo request it quotes
// (icmp_err, icmpv6_err, ping_err).
func (h *Host) pingICMPError(p *Packet, mean icmpMeaning) {
	q := &p.ICMP.Quote
	b := q.body(p.Payload)
	echo, ext := ICMPEcho, uint8(icmpExtEcho)
	if p.IPv6() {
		echo, ext = icmp6Echo, icmp6ExtEcho
	}
	if len(b) < icmpHdrLen || b[1] != 0 || b[0] != echo && (b[0] != ext || p.IPv6()) {
		h.emit(Dropped, rule.ICMPIgnored, noSock)
		return
	}
	s := h.pingLookup(binary.BigEndian.Uint16(b[4:]), p.Dst)
	if s == nil {
		h.emit(Dropped, rule.ICMPNoSocket, noSock)
		return
	}
	err, hard := mean.err, hardError(p)
	switch mode := s.pmtudiscFor(q.Dst); {
	case mean.big && p.IPv6():
		err = EMSGSIZE
	case mean.big && mode == IP_PMTUDISC_DONT:
		h.learnMTU(q.Dst, p.ICMP.MTU)
		return
	case mean.big:
		h.learnMTU(q.Dst, p.ICMP.MTU)
		err, hard = EMSGSIZE, true
	case !mean.known:
		err = EREMOTEIO // source quench and redirects are no real errors, but ping wants to see them
	}
	if s.recvErrOf(q.Dst) {
		h.queueICMP(s, p, err, b, 0)
	} else if !hard || !s.dg.connected {
		h.emit(Dropped, rule.ICMPIgnored, s.id)
		return
	}
	h.emit(Noted, rule.RawError, s.id)
	h.reportError(s, err)
}
