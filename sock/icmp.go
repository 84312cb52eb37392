package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// icmpMeaning is what an ICMP error says to TCP.
type icmpMeaning struct {
	err   Errno
	fatal bool // ends a request (tcp_req_err)
	lost  bool // a router dropped the packet: not a sign of congestion (RFC 6069)
	big   bool // path MTU
	known bool
}

// icmpErrno is icmp_err_convert: the error of each code of ICMPDestUnreach.
var icmpErrno = [...]Errno{
	ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED, EMSGSIZE, EOPNOTSUPP, ENETUNREACH, EHOSTDOWN,
	ENONET, ENETUNREACH, EHOSTUNREACH, ENETUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
}

// ENONET is only ever the meaning of an ICMP code.
const ENONET Errno = 64

// meaning4 follows tcp_v4_err.
func meaning4(m *ICMP) icmpMeaning {
	switch m.Type {
	case ICMPParameterProb:
		return icmpMeaning{err: EPROTO, fatal: true, known: true}
	case ICMPTimeExceeded:
		return icmpMeaning{err: EHOSTUNREACH, fatal: true, known: true}
	case ICMPDestUnreach:
		if m.Code == ICMPFragNeeded {
			return icmpMeaning{big: true, known: true}
		}
		if int(m.Code) < len(icmpErrno) {
			return icmpMeaning{err: icmpErrno[m.Code], fatal: m.Code <= 1, lost: m.Code <= 1, known: true}
		}
	}
	return icmpMeaning{}
}

// icmp6Errno is tab_unreach of icmpv6_err_convert.
var icmp6Errno = [...]Errno{ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED, EACCES, EACCES}

// meaning6 follows tcp_v6_err.
func meaning6(m *ICMP) icmpMeaning {
	switch m.Type {
	case ICMPv6PacketTooBig:
		return icmpMeaning{big: true, known: true}
	case ICMPv6TimeExceeded:
		return icmpMeaning{err: EHOSTUNREACH, known: true}
	case ICMPv6ParamProb:
		return icmpMeaning{err: EPROTO, fatal: true, known: true}
	case ICMPv6DestUnreach:
		mean := icmpMeaning{err: EPROTO, fatal: true, known: true} // as for a code that nobody knows
		if int(m.Code) < len(icmp6Errno) {
			mean.err = icmp6Errno[m.Code]
			mean.fatal = m.Code == 1 || m.Code >= ICMPv6PortUnreach
			mean.lost = m.Code == 0
		}
		return mean
	}
	return icmpMeaning{err: EPROTO, known: true} // of a type that nobody knows (icmpv6_rcv, icmpv6_err_convert)
}

// deliverICMP takes an error to the protocol of the packet that it quotes
// (icmp_socket_deliver).
func (h *Host) deliverICMP(p *Packet) {
	q := &p.ICMP.Quote
	mean := meaning4(&p.ICMP)
	if p.Proto == ProtoICMPv6 {
		mean = meaning6(&p.ICMP)
	}
	reassembly := !p.IPv6() && p.ICMP.Type == ICMPTimeExceeded && p.ICMP.Code == fragTimeExceeded
	if !q.Src.IsValid() || reassembly { // which took too long: not the path's fault (icmp_unreach)
		h.emit(Dropped, rule.ICMPIgnored, noSock)
		return
	}
	if !p.IPv6() {
		h.rawICMPError(p, mean)
	}
	switch prot := protocol(q.Proto); {
	case q.Proto == ProtoICMP && !p.IPv6(), q.Proto == ProtoICMPv6 && p.IPv6():
		h.pingICMPError(p, mean)
	case !mean.known || prot == nil:
		h.emit(Dropped, rule.ICMPIgnored, noSock)
	default:
		prot.icmpError(h, p, mean)
	}
	if p.IPv6() {
		h.rawICMPError(p, mean) // the other way round, as icmpv6_notify has it
	}
}

// tcpICMPError takes an error to the connection or request that it is about
// (tcp_v4_err, tcp_v6_err).
func tcpICMPError(h *Host, p *Packet, mean icmpMeaning) {
	m, q := &p.ICMP, &p.ICMP.Quote
	f := flow{netip.AddrPortFrom(q.Src, q.SrcPort), netip.AddrPortFrom(q.Dst, q.DstPort)}
	in := tcpstate.Input{Kind: tcpstate.Unreachable, Now: h.now, Err: mean.err, Hard: !mean.lost, Seg: tcpstate.Segment{Seq: q.Seq}}
	if mean.big {
		in.Kind, in.N, in.Hard = tcpstate.TooBig, m.MTU, false
	}
	if id, ok := h.flows[f]; ok {
		h.connICMP(h.socks[id], p, in)
		return
	}
	if r := h.requests.byFlow.Get(f); r != nil && !mean.big {
		in.Hard = mean.fatal
		h.requestICMP(f, r, in)
		return
	}
	h.emit(Dropped, rule.ICMPNoSocket, noSock)
}

// requestICMP tells a request, and its listener of its end (tcp_req_err).
func (h *Host) requestICMP(f flow, r *request, in tcpstate.Input) {
	if in.Seg.Seq != r.ISS {
		h.count[MibOutOfWindowIcmps]++
	}
	h.req = r.Step(&tcpstate.Listener{}, in, h.req[:0])
	for i := range h.req {
		h.countRequest(&h.req[i])
		if h.req[i].Kind == tcpstate.Drop {
			h.emit(Dropped, h.req[i].Why, r.owner)
			continue
		}
		h.emit(Noted, h.req[i].Why, r.owner)
		h.dropRequest(f)
		return
	}
}

// connICMP tells a connection. With IP_RECVERR an error that the connection
// outlives is pending at once, instead of being kept for a time-out. A bucket of
// TIME-WAIT has no use for any.
func (h *Host) connICMP(s *sock, p *Packet, in tcpstate.Input) {
	if s.conn.Waits() {
		h.emit(Dropped, rule.ICMPIgnored, s.id)
		return
	}
	if h.errorFromAfar(s, p) {
		return
	}
	connecting := s.handshaking() && (!s.conn.PassiveFastOpen() || s.parent != noSock)
	if connecting && in.Kind == tcpstate.Unreachable && !p.IPv6() && in.Err != 0 && s.conn.Quotable(in.Seg.Seq) {
		h.queueSynError(s, p, in.Err)
	}
	if in.Kind == tcpstate.Unreachable && !connecting && s.recvErr() && s.conn.Quotable(in.Seg.Seq) {
		err := in.Err
		in.Err = 0 // told below
		h.step(s, in)
		s.err = err
		h.wake(s, POLLERR)
		return
	}
	if in.Kind == tcpstate.TooBig && s.conn.Quotable(in.Seg.Seq) {
		if !h.connTooBig(s, &in) {
			return
		}
		defer h.lookedUp(s)
	}
	h.step(s, in)
}

// connTooBig takes in that the way to a connection's peer is narrower, and reports
// whether the connection is to hear of it (tcp_v4_mtu_reduced, tcp_v6_mtu_reduced).
func (h *Host) connTooBig(s *sock, in *tcpstate.Input) bool {
	if s.af.ipv6 && in.N >= minMTU6 && !s.conn.Narrows(in.N) {
		h.emit(Dropped, rule.ICMPIgnored, s.id)
		return false
	}
	to, mtu := s.remote.Addr(), in.N
	if !s.takesMTU(h, mtu) {
		h.emit(Dropped, rule.ICMPIgnored, s.id)
		in.Hard = true
	}
	if !s.af.ipv6 && mtu < h.pathMTU(to, h.mtu) && h.setsDF(s, to) {
		in.Err = EMSGSIZE // nothing short enough may get there
	}
	return !in.Hard || !s.af.ipv6
}

// queueSynError puts an ICMP error about a SYN into the error queue, as Linux
// does over IPv4 even if nobody asked for such (tcp_v4_err).
func (h *Host) queueSynError(s *sock, p *Packet, err Errno) {
	if s.dg == nil {
		s.dg = newDatagrams()
	}
	q := &p.ICMP.Quote
	h.queueICMP(s, p, err, q.body(p.Payload), q.DstPort)
}

// takesMTU remembers a narrower path and tells whether the connection follows.
// With IP_PMTUDISC_INTERFACE and OMIT none does, and over IPv6 the host does
// not either (ip_sk_accept_pmtu, ip6_sk_accept_pmtu).
func (s *sock) takesMTU(h *Host, mtu uint32) bool {
	mode := s.opt.pmtudisc
	if s.af.ipv6 {
		mode = s.opt.pmtudisc6
	}
	accepts := mode != IP_PMTUDISC_INTERFACE && mode != IP_PMTUDISC_OMIT
	if accepts || !s.af.ipv6 {
		s.learnMTU(h, s.remote.Addr(), mtu)
	}
	return accepts && (s.af.ipv6 || mode != IP_PMTUDISC_DONT)
}

// recvErr is IP_RECVERR or IPV6_RECVERR, by the addresses in use.
func (s *sock) recvErr() bool {
	if s.af.ipv6 {
		return s.opt.recvErr6
	}
	return s.opt.recvErr
}
