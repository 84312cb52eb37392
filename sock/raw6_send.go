package sock

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// raw6Sendmsg is a send on RAW of AF_INET6 (rawv6_sendmsg).
func raw6Sendmsg(h *Host, s *sock, t *thread) outcome {
	c := &t.call
	if c.Flags&MSG_OOB != 0 {
		return fail(EOPNOTSUPP)
	}
	p := s.plan(true)
	if err := s.raw6Dest(c, &p); err != 0 {
		return fail(err)
	}
	if err := h.ipCmsg(s, t, &p); err != 0 {
		return fail(err)
	}
	least := raw6Ahead(p.proto)
	if least > 0 && !s.opt.hdrIncl && (callLen(c) < least || c.Fault&FaultData != 0) {
		return fail(EFAULT)
	}
	if !s.opt.hdrIncl {
		p.dst = netip.AddrPortFrom(p.dst.Addr(), messagePort(p.proto, c.Data))
	}
	if a := p.dst.Addr(); a.Is4() || a.Is4In6() {
		return fail(ENETUNREACH) // IPv6's routes alone are asked
	}
	if err := h.rawRoute(s, t, &p); err != 0 {
		return fail(err)
	}
	return h.rawSend(s, t, &p)
}

// messagePort is the port that a message of IPv6 which is too long is said to have been sent to: of ICMPv6 type and code stand there,
// of mobility headers the type (flowi_uli; rawv6_probe_proto_opt).
func messagePort(proto uint8, data []byte) uint16 {
	switch proto {
	case IPPROTO_ICMPV6:
		return binary.BigEndian.Uint16(data)
	case protoMobility:
		return uint16(data[2]) << 8
	}
	return 0
}

// raw6Dest is the address that the call names, or the peer. What stands for its
// port is a protocol: the socket's own, or with IPPROTO_RAW any.
func (s *sock) raw6Dest(c *Call, p *sendPlan) Errno {
	p.proto = uint8(s.num)
	switch {
	case c.AddrLen == 0 && !s.dg.connected:
		return EDESTADDRREQ
	case c.AddrLen == 0:
		p.dst = netip.AddrPortFrom(s.dg.peer6, 0)
		return 0
	case c.AddrLen < sizeofIn6RFC2133:
		return EINVAL
	case c.Addr.Family != AF_INET6 && c.Addr.Family != AF_UNSPEC:
		return EAFNOSUPPORT
	}
	proto := c.Addr.AP.Port()
	if proto == 0 {
		proto = s.num
	}
	if proto != s.num && s.num != IPPROTO_RAW || proto > 255 {
		return EINVAL
	}
	dst := netip.IPv6Unspecified()
	if x := c.Addr.AP.Addr(); x.Is6() {
		dst = x.WithZone("")
	}
	p.proto, p.dst = uint8(proto), netip.AddrPortFrom(dst, 0)
	if c.AddrLen >= sizeofIn6 && c.Addr.Scope != 0 && needsScope(dst) {
		p.dev = int32(c.Addr.Scope)
	}
	return 0
}

// putChecksum fills in the checksum where the socket wants one: EINVAL when the
// packet ends before (rawv6_push_pending_frames). skew is what it is wrong by.
func (s *sock) putChecksum(b []byte, p *sendPlan, skew uint64) Errno {
	at, body := int(s.raw.checksumAt), b[ip6HdrLen:]
	switch {
	case at < 0:
		return 0
	case at >= len(body)-1:
		return EINVAL
	}
	body[at], body[at+1] = 0, 0
	src, dst := p.route.src.As16(), p.route.dst.As16()
	acc := tcpstate.Sum(tcpstate.Pseudo(src[:], p.proto, len(body)), dst[:])
	c := ^tcpstate.Fold(tcpstate.Sum(acc, body) + skew)
	if c == 0 && p.proto == ProtoUDP {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(body[at:], c)
	return 0
}

// rawSound reports whether the packet's checksum is right, which a RAW socket of
// IPv6 may want to know.
func (h *Host) rawSound(p *Packet, body []byte) bool {
	b := h.wire(p)
	return p.partial || tcpstate.Fold(tcpstate.Sum(tcpstate.Pseudo(b[8:40], p.Proto, len(body)), body)) == 0xffff
}

// rawICMPError takes an error to all RAW sockets of the protocol that it is
// about (raw_icmp_error, raw6_icmp_error).
func (h *Host) rawICMPError(p *Packet, mean icmpMeaning) {
	q := &p.ICMP.Quote
	if q.Proto == IPPROTO_RAW || !p.IPv6() && p.ICMP.Type == ICMPDestUnreach && int(p.ICMP.Code) >= len(icmpErrno) {
		return
	}
	for s := h.raws.first(h, uint16(q.Proto)); s != nil; s = h.raws.after(h, s) {
		if h.rawMatch(s, q.Proto, q.Dst, q.Src) {
			h.rawError(s, p, mean)
		}
	}
}

// rawError is raw_err and rawv6_err: who asked for errors hears of all, a
// connected socket of hard ones.
func (h *Host) rawError(s *sock, p *Packet, mean icmpMeaning) {
	q, ipv6 := &p.ICMP.Quote, p.IPv6()
	mode := s.pmtudiscFor(q.Dst)
	if mean.big && !ipv6 && mode != IP_PMTUDISC_INTERFACE && mode != IP_PMTUDISC_OMIT {
		s.learnMTU(h, q.Dst, p.ICMP.MTU)
	}
	asked := s.recvErrOf(q.Dst)
	if !asked && !s.dg.connected || !mean.known {
		return
	}
	err, hard := mean.err, hardError(p)
	if mean.big {
		err, hard = EMSGSIZE, mode != IP_PMTUDISC_DONT
		if ipv6 {
			s.learnMTU(h, q.Dst, p.ICMP.MTU)
			hard = mode == IP_PMTUDISC_DO
		}
	}
	if asked {
		data := p.Payload
		if !s.opt.hdrIncl {
			data = q.body(data)
		}
		h.queueICMP(s, p, err, data, 0)
	}
	if asked || hard {
		h.emit(Noted, rule.RawError, s.id)
		h.reportError(s, err)
	}
}
