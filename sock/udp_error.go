package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// mayFragment reports whether a datagram above the path's MTU is cut into
// fragments (ip_sk_ignore_df, ip6_sk_ignore_df).
func (s *sock) mayFragment(dst netip.Addr) bool {
	m := s.pmtudiscFor(dst)
	return m < IP_PMTUDISC_DO || m == IP_PMTUDISC_OMIT
}

// pmtudiscFor is IP_MTU_DISCOVER or IPV6_MTU_DISCOVER.
func (s *sock) pmtudiscFor(a netip.Addr) int32 {
	if a.Is6() {
		return s.opt.pmtudisc6
	}
	return s.opt.pmtudisc
}

// fragSize is the largest packet that goes out whole: the device's MTU for who
// probes, else the path's (ip_setup_cork, ip6_setup_cork). What is learned of the
// path while a datagram is corked does not count for it.
func (h *Host) fragSize(s *sock, r *outRoute) uint32 {
	mtu, most := r.mtu, uint32(0xffff)
	if r.dst.Is6() {
		most += ip6HdrLen // IPv6 counts its own header apart
	}
	r.path, r.pathGen = h.pathMTU(r.dst, mtu), h.pathGenOf(r.dst)
	if s.pmtudiscFor(r.dst) < IP_PMTUDISC_PROBE {
		mtu = r.path
	}
	mtu = min(mtu, most)
	if own := uint32(s.opt.fragSize); own != 0 && r.dst.Is6() {
		mtu = min(mtu, own) // IPV6_MTU
	}
	return mtu
}

// errorDest is where a datagram that was too long is said to have been sent:
// IPv4 names the peer's port, which is 0 unless the socket is connected.
func (p *sendPlan) errorDest(s *sock) netip.AddrPort {
	if p.route.dst.Is6() {
		return netip.AddrPortFrom(p.route.dst, p.dst.Port())
	}
	return netip.AddrPortFrom(p.route.dst, s.remote.Port())
}

// udpICMPError takes an error to the socket that sent the datagram
// (__udp4_lib_err, __udp6_lib_err). Who asked for errors hears of all; else only
// hard ones count, and only on a connected socket.
func udpICMPError(h *Host, p *Packet, mean icmpMeaning) {
	q := &p.ICMP.Quote
	src, dst := netip.AddrPortFrom(q.Src, q.SrcPort), netip.AddrPortFrom(q.Dst, q.DstPort)
	s := h.udpLookup(dst, src, h.dev, nil)
	if s == nil {
		h.emit(Dropped, rule.ICMPNoSocket, noSock)
		return
	}
	err, hard := mean.err, hardError(p)
	if mean.big {
		m := s.pmtudiscFor(q.Dst)
		if q.Dst.Is6() && (m == IP_PMTUDISC_INTERFACE || m == IP_PMTUDISC_OMIT) {
			h.emit(Dropped, rule.ICMPIgnored, s.id)
			return
		}
		if m != IP_PMTUDISC_INTERFACE && m != IP_PMTUDISC_OMIT {
			s.learnMTU(h, q.Dst, p.ICMP.MTU)
		}
		err, hard = EMSGSIZE, m != IP_PMTUDISC_DONT
		if !hard && q.Dst.Is4() {
			h.emit(Dropped, rule.ICMPIgnored, s.id)
			return
		}
	}
	if s.recvErrOf(q.Dst) {
		h.queueICMP(s, p, err, beyond(q.body(p.Payload), udpHdrLen), q.DstPort)
	} else if !hard || !s.dg.connected {
		h.emit(Dropped, rule.ICMPIgnored, s.id)
		return
	}
	h.emit(Noted, rule.UDPError, s.id)
	h.reportError(s, err)
}

// hardICMP are the codes of "destination unreachable" that end hope
// (icmp_err_convert); hardICMP6 those of ICMPv6 (tab_unreach).
var (
	hardICMP  = [16]bool{2: true, 3: true, 6: true, 7: true, 8: true, 9: true, 10: true, 13: true, 14: true, 15: true}
	hardICMP6 = [7]bool{1: true, 4: true, 5: true, 6: true}
)

// hardError reports whether a connected socket is told of an ICMP error that it
// did not ask for.
func hardError(p *Packet) bool {
	m := &p.ICMP
	switch {
	case p.IPv6() && m.Type == ICMPv6DestUnreach:
		return int(m.Code) >= len(hardICMP6) || hardICMP6[m.Code]
	case p.IPv6():
		return m.Type == ICMPv6ParamProb
	case m.Type == ICMPDestUnreach:
		return int(m.Code) < len(hardICMP) && hardICMP[m.Code]
	}
	return m.Type == ICMPParameterProb
}

// queueICMP notes an ICMP error with all that it says (ip_icmp_error,
// ipv6_icmp_error): data is what the program sees of the packet that it quotes,
// port where that was sent.
func (h *Host) queueICMP(s *sock, p *Packet, err Errno, data []byte, port uint16) {
	q, e := &p.ICMP.Quote, extErr{err: err, origin: SO_EE_ORIGIN_ICMP, kind: p.ICMP.Type, code: p.ICMP.Code, to: p.Dst}
	if p.IPv6() {
		e.origin = SO_EE_ORIGIN_ICMP6
	}
	switch {
	case p.IPv6(), p.ICMP.Type == ICMPDestUnreach && p.ICMP.Code == ICMPFragNeeded:
		e.info = p.ICMP.MTU
	case p.ICMP.Type == ICMPParameterProb:
		e.info = p.ICMP.MTU >> 24 // which octet
	}
	size, _ := p.cost()
	ports := false
	e.toPort, ports = secondPort(data) // what is quoted stands where a transport's header would (ip_icmp_error)
	h.queueError(s, dgram{
		src: netip.AddrPortFrom(p.Src, 0), dst: netip.AddrPortFrom(q.Dst, port),
		ttl: p.TTL, tos: p.TOS | uint8(p.Seg.ECN)&3, dev: h.dev, truesize: size, noPorts: !ports, data: data, ee: e,
		info: pktInfo{dev: h.trueDevice(p)}, // ipv4_pktinfo_prepare never sees it
	})
}

// beyond is what b has after n octets.
func beyond(b []byte, n int) []byte { return b[min(n, len(b)):] }
