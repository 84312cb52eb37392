package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// connMTU is the MTU of the way to a connection's peer as the host knows it now,
// 0 if there is nothing to know but the link's.
func (h *Host) connMTU(s *sock) uint32 {
	if len(h.paths) == 0 {
		return 0
	}
	r, err := h.routeTo(s.remote.Addr(), s.local, s.via(s.opt.boundDev))
	if err != 0 {
		return 0
	}
	return r.mtu
}

// lookedUp notes which memory of a narrow way, if any, the connection found.
func (h *Host) lookedUp(s *sock) {
	if len(h.paths) > 0 || s.pathGen != 0 {
		s.pathGen = h.pathGenOf(s.remote.Addr())
	}
}

// keepsWay reports whether what the host knows of the way to the peer is what the
// connection looked up last, were it changed since (fill_route_from_fnhe).
func (h *Host) keepsWay(s *sock) bool {
	return s.pathGen != 0 && s.pathGen == h.pathGenOf(s.remote.Addr())
}

// barsLong says what may not leave that is longer than the way's MTU: nobody may
// cut it, and its socket looks at that MTU (ip_sk_use_pmtu, ip_dont_fragment). IPv6
// looks at it for a single segment whatever the socket wants (ip6_xmit).
func (h *Host) barsLong(s *sock) (b tcpstate.Bars) {
	if len(h.paths) == 0 {
		return 0
	}
	to := s.remote.Addr()
	if to.Is6() {
		b = tcpstate.BarLong
	}
	if s.pmtudiscFor(to) < IP_PMTUDISC_PROBE && (to.Is6() || h.setsDF(s, to)) {
		b |= tcpstate.BarLong | tcpstate.BarLongParts
	}
	return b
}

// cutsConn reports whether a stream's segments, which the way may cut, are too
// long for its MTU by now, which it tells: the host itself cuts them
// (ip_fragment: no IP_DF). size is that of offloaded ones.
func (h *Host) cutsConn(s *sock, p *Packet, size uint32) (mtu int, long bool) {
	if len(h.paths) == 0 || s.pmtudiscFor(p.Dst) >= IP_PMTUDISC_PROBE {
		return 0, false
	}
	n := p.wireLen()
	if size != 0 {
		n -= int(p.Seg.Len - size)
	}
	mtu = int(h.connMTU(s))
	return mtu, n > mtu
}

// transmitCut sends each segment of an offloaded packet in fragments; one that
// fits counts as cut, too (ip_do_fragment).
func (h *Host) transmitCut(s *sock, p *Packet, size uint32, mtu int, why rule.ID) {
	for i := range partsOf(p.Seg.Len, size) {
		q := *p
		q.part(i, size)
		cuts := h.cut(&q, mtu, mtu)
		if len(cuts) == 1 {
			h.count[MibIPFragCreates]++
			h.count[MibIPFragOKs]++
		}
		for k := range cuts {
			h.transmit(&cuts[k], cutRule(cuts, why), s.id)
		}
	}
}

// parts is how many segments an output makes.
func parts(o *tcpstate.Output) uint32 { return partsOf(o.Seg.Len, o.Off) }

// partsOf is how many n octets are, of a size that is 0 where there is one.
func partsOf(n, size uint32) uint32 {
	if size == 0 {
		return 1
	}
	return (n + size - 1) / size
}

// part makes the packet its i'th segment of size octets (tcp_gso_segment).
func (p *Packet) part(i, size uint32) {
	if size == 0 {
		return
	}
	at := i * size
	n := min(size, p.Seg.Len-at)
	if at+n < p.Seg.Len {
		p.Seg.Flags &^= tcpstate.PSH | tcpstate.FIN
	}
	if i > 0 {
		p.Seg.Flags &^= tcpstate.CWR
	}
	p.truesize, p.room, p.gso = 0, 0, 0 // what the parts cost is not known
	p.Seg.Seq, p.Seg.Len, p.Payload = p.Seg.Seq.Add(at), n, p.Payload[at:at+n]
}

// tooLong tells this host itself, as the sender, that segments were too long for
// their way: a message for each (ip_fragment, ip6_fragment: fail_toobig). One
// alone over IPv6 is refused before it comes so far (ip6_xmit).
func (h *Host) tooLong(s *sock, o *tcpstate.Output) {
	s.routed = true
	h.lookedUp(s)
	h.emit(Dropped, o.Why, s.id)
	n, fails := parts(o), MibIPFragFails
	if s.af.ipv6 {
		fails = MibIP6FragFails
	}
	h.count[fails] += uint64(n)
	if s.af.ipv6 && o.Off == 0 {
		h.refusedHere(s, o.N)
		return
	}
	p := h.connPacket(s, &o.Seg, o.Cost)
	if s.af.ipv6 {
		h.putLabel(s, &p, s.flowLabel, s.txHash)
	}
	for i := range n {
		q := p
		q.part(i, o.Off)
		h.tellTooLong(&q, o.N)
	}
}

// refusedHere tells a program that wants to know (ipv6_local_error).
func (h *Host) refusedHere(s *sock, mtu uint32) {
	if s.opt.recvErr6 && s.dg == nil {
		s.dg = newDatagrams()
	}
	h.localError(s, EMSGSIZE, netip.AddrPortFrom(s.remote.Addr(), s.remote.Port()), mtu)
}

// tellTooLong sends the message to where the packet comes from: here.
func (h *Host) tellTooLong(p *Packet, mtu uint32) {
	if p.IPv6() {
		h.sendICMPError(&Packet{Proto: ProtoICMPv6, TTL: hopLimit6, ICMP: ICMP{Type: ICMPv6PacketTooBig, MTU: mtu}}, p, rule.TooLong)
		return
	}
	m := h.icmpMessage(p, ICMP{Type: ICMPDestUnreach, Code: ICMPFragNeeded, MTU: mtu})
	h.sendICMPError(&m, p, rule.TooLong)
}
