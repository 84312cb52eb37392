package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// rawSendmsg is a send on RAW of AF_INET (raw_sendmsg): in this order the
// length, MSG_OOB, the address, control messages, the first octets of ICMP, the
// way, broadcasting.
func rawSendmsg(h *Host, s *sock, t *thread) outcome {
	c := &t.call
	switch {
	case callLen(c) > maxPacket:
		return fail(EMSGSIZE)
	case c.Flags&MSG_OOB != 0:
		return fail(EOPNOTSUPP)
	}
	p := s.plan(false)
	p.proto = uint8(s.num)
	var err Errno
	if p.dst, err = s.rawDest(c); err != 0 {
		return fail(err)
	}
	if err := h.ipCmsg(s, t, &p); err != 0 {
		return fail(err)
	}
	if s.num == IPPROTO_ICMP && !s.opt.hdrIncl && (callLen(c) < 2 || c.Fault&FaultData != 0) {
		return fail(EFAULT) // raw_probe_proto_opt
	}
	if err := h.rawRoute(s, t, &p); err != 0 {
		return fail(err)
	}
	if p.route.broadcast && !s.opt.broadcast {
		return fail(EACCES)
	}
	return h.rawSend(s, t, &p)
}

// rawDest is the address that the call names, or the peer. A family of 0 passes,
// for old programs.
func (s *sock) rawDest(c *Call) (netip.AddrPort, Errno) {
	switch {
	case c.AddrLen == 0 && !s.dg.connected:
		return netip.AddrPort{}, EDESTADDRREQ
	case c.AddrLen == 0:
		return s.remote, 0
	case c.AddrLen < sizeofSockaddrIn:
		return netip.AddrPort{}, EINVAL
	case c.Addr.Family != AF_INET && c.Addr.Family != AF_UNSPEC:
		return netip.AddrPort{}, EAFNOSUPPORT
	}
	a := netip.IPv4Unspecified()
	if c.Addr.AP.Addr().Is4() {
		a = c.Addr.AP.Addr()
	}
	return netip.AddrPortFrom(a, 0), 0
}

// rawRoute finds the way, from the address that the control messages name, that
// of groups, or the socket's.
func (h *Host) rawRoute(s *sock, t *thread, p *sendPlan) (err Errno) {
	dst := p.dst.Addr()
	src := s.source
	if p.src.IsValid() {
		src = p.src
	}
	if dst.Is4() && dst.IsMulticast() && src.IsUnspecified() {
		src = s.opt.groupSource()
	}
	if p.dev == 0 {
		p.dev = s.opt.deviceFor(dst)
	}
	v := s.viaOf(p.dev, t)
	v.literal = p.literal
	p.route, err = h.output(dst, src, v)
	return err
}

// rawSend sends what the call has: with a header of its own, or behind one that
// is made for it.
func (h *Host) rawSend(s *sock, t *thread, p *sendPlan) outcome {
	err := Errno(0)
	switch flags := t.call.Flags; {
	case flags&MSG_CONFIRM != 0 && flags&MSG_PROBE != 0 && callLen(&t.call) == 0:
	case s.opt.hdrIncl:
		err = h.rawSendHeader(s, t, p)
	default:
		if flags&MSG_PROBE == 0 {
			err = h.rawAppend(s, t, p)
		}
		if err == 0 && flags&MSG_MORE == 0 && s.dg.cork.pending != 0 {
			err = h.rawPush(s, &s.dg.cork, p)
			s.rawFlush()
		}
	}
	if err != 0 {
		return fail(err)
	}
	return done(int64(callLen(&t.call)))
}

// sendReady asks what an allocation asks first: for a pending error, then for
// shutdown (sock_alloc_send_pskb).
func (s *sock) sendReady() Errno {
	if err := s.takeErr(); err != 0 {
		return err
	}
	if s.shut&tcpstate.ShutWrite != 0 {
		return EPIPE
	}
	return 0
}

// rawSendHeader sends a packet whose header the program made. Linux fills in
// only what it must: length, checksum, and source and identification where they
// are zero; in IPv6 nothing at all (raw_send_hdrinc, rawv6_send_hdrinc).
func (h *Host) rawSendHeader(s *sock, t *thread, p *sendPlan) Errno {
	c, r := &t.call, &p.route
	n, ipv6 := callLen(c), r.dst.Is6()
	least := ip4HdrLen
	if ipv6 {
		least = ip6HdrLen
	}
	switch {
	case n > int(r.mtu):
		h.localError(s, EMSGSIZE, p.errorDest(s), r.mtu)
		return EMSGSIZE
	case n < least:
		return EINVAL
	case c.Flags&MSG_PROBE != 0:
		return 0
	}
	if err := s.sendReady(); err != 0 {
		return err
	}
	if c.Fault&FaultData != 0 {
		return EFAULT
	}
	b := h.grab(n)
	copy(b, c.Data)
	if !ipv6 {
		if ihl := int(b[0]&15) * 4; ihl > n || ihl < ip4HdrLen {
			return EINVAL
		}
		h.fillHeader(b, r.src)
	}
	return h.rawTransmit(s, b, r, truesize(lladdr4+n), p.tag) // LL_RESERVED_SPACE and 15 more
}

// fillHeader fills in what the kernel must of an IPv4 header.
func (h *Host) fillHeader(b []byte, src netip.Addr) {
	if b[12]|b[13]|b[14]|b[15] == 0 {
		a := src.As4()
		copy(b[12:], a[:])
	}
	if b[4]|b[5] == 0 && b[6]&flagDF == 0 {
		id := h.nextID()
		b[4], b[5] = uint8(id>>8), uint8(id)
	}
	b[2], b[3] = uint8(len(b)>>8), uint8(len(b))
	sumIP4(b)
}

// rawAppend adds the call's octets to what is corked. The header is that of the
// first call (ip_append_data, ip_push_pending_frames).
func (h *Host) rawAppend(s *sock, t *thread, p *sendPlan) Errno {
	c, hdr := &s.dg.cork, ip4HdrLen
	if p.route.dst.Is6() {
		hdr = ip6HdrLen
	}
	if c.pending == 0 {
		c.mtu = h.fragSize(s, &p.route)
		c.plan, c.data = *p, c.data[:0]
		if p.ttl < 0 && hdr == ip6HdrLen { // IPv4 asks when the packet leaves
			c.plan.ttl = int16(h.dgramTTL(s, &p.route, -1))
		}
	}
	n := callLen(&t.call)
	limit := int(c.mtu)
	if s.mayFragment(c.plan.route.dst) {
		limit = maxPacket
		if hdr == ip6HdrLen {
			limit += hdr // the length in IPv6's header leaves the header out
		}
	}
	whole := hdr + len(c.data) + n
	// IPV6_DONTFRAG is for these protocols alone (__ip6_append_data).
	whole6 := hdr == ip6HdrLen && (p.dontFrag || s.opt.dontFrag) && (s.proto == IPPROTO_UDP || s.proto == IPPROTO_ICMPV6 || s.proto == IPPROTO_RAW)
	if whole > limit || whole6 && whole > int(c.mtu) {
		h.localError(s, EMSGSIZE, c.plan.errorDest(s), c.mtu)
		s.rawFlush()
		return EMSGSIZE
	}
	err := s.rawGrow(&t.call, hdr, n)
	if err != 0 {
		s.rawFlush()
	}
	return err
}

// rawGrow takes the call's octets. Without a transport's header nobody asks for a
// pending error or for shutdown.
func (s *sock) rawGrow(call *Call, hdr, n int) Errno {
	c := &s.dg.cork
	switch {
	case call.Fault&FaultData != 0 && n > 0:
		return EFAULT
	case !s.charge(c, hdr, 0, n, c.pending == 0):
		return ENOBUFS
	}
	if c.pending == 0 {
		c.skew = 0
	}
	if hdr == ip6HdrLen {
		c.skew += c.raw6Skew(call.Data, raw6Ahead(c.plan.proto))
	}
	c.pending, c.data = s.family, append(c.data, call.Data...)
	return 0
}

// rawFlush throws away what is corked (ip_flush_pending_frames).
func (s *sock) rawFlush() {
	s.dg.cork.pending, s.dg.cork.data, s.dg.wmem = 0, s.dg.cork.data[:0], 0
}

// rawPush sends what is corked behind a header: the first call's, but that IPv4
// takes the addresses of the last, and IPv6 sums those up (ip_push_pending_frames,
// rawv6_push_pending_frames).
func (h *Host) rawPush(s *sock, c *cork, last *sendPlan) Errno {
	r := &c.plan.route
	tos := uint8(c.plan.tos)
	p := Packet{Src: r.src, Dst: r.dst, Proto: c.plan.proto, TTL: h.dgramTTL(s, r, c.plan.ttl), TOS: tos &^ 3}
	p.Seg.ECN = tcpstate.ECN(tos & 3)
	if r.dst.Is4() {
		p.Src, p.Dst = last.route.src, last.route.dst
		p.NoDF = !h.dontFragment(s, r, len(c.data)+ip4HdrLen > int(h.wayMTU(r)))
		if p.NoDF {
			p.ID = h.nextID()
		}
	}
	at := len(h.arena)
	h.arena = append(appendIP(h.arena, &p), c.data...)
	b := h.arena[at:len(h.arena):len(h.arena)]
	finishIP(b)
	if s.family == AF_INET6 {
		if err := s.putChecksum(b, last, c.skew); err != 0 {
			return err
		}
	}
	return h.rawTransmit(s, b, r, s.dg.wmem, c.plan.tag)
}

// dontFragment reports whether DF is set on a packet, which may be longer than
// the way is wide (__ip_make_skb, ip_dont_fragment).
func (h *Host) dontFragment(s *sock, r *outRoute, long bool) bool {
	return s.pmtudiscFor(r.dst) == IP_PMTUDISC_PROBE || h.setsDF(s, r.dst) && (!long || s.pmtudiscFor(r.dst) == IP_PMTUDISC_DO)
}

// setsDF reports whether a stream sets DF on what it sends to dst (ip_dont_fragment).
func (h *Host) setsDF(s *sock, dst netip.Addr) bool {
	how := s.pmtudiscFor(dst)
	return how == IP_PMTUDISC_DO || how == IP_PMTUDISC_WANT && !h.mtuLocked(dst)
}

// rawTransmit lets a packet leave as it stands. What goes over loopback, or
// comes back from a group that we are in, is read as if it came from outside.
func (h *Host) rawTransmit(s *sock, b []byte, r *outRoute, size int32, tag tag) Errno {
	p := Packet{Src: r.src, Dst: r.dst, Proto: b[9], TTL: b[8], Opaque: true, Wire: b, truesize: size, tag: tag,
		toMany: r.broadcast || r.dst.IsMulticast()}
	if r.dst.Is6() {
		p.Proto, p.TTL = b[6], b[7]
	}
	return h.sendDatagram(s, &p, r, rule.RawSent)
}
