package sock

import (
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

// obeysMTU reports whether a packet of the stream that is longer than the path's
// MTU stays here: its socket looks at that MTU, and nobody may cut the packet
// (ip_sk_use_pmtu, ip_dont_fragment).
func (h *Host) obeysMTU(s *sock) bool {
	to := s.remote.Addr()
	return len(h.paths) > 0 && s.pmtudiscFor(to) < IP_PMTUDISC_PROBE && (to.Is6() || h.setsDF(s, to))
}

// cutsConn reports whether a stream's segments, which the way may cut, are too
// long for it by now: the host itself cuts them (ip_fragment: no IP_DF).
func (h *Host) cutsConn(s *sock, p *Packet) bool {
	if len(h.paths) == 0 || s.pmtudiscFor(p.Dst) >= IP_PMTUDISC_PROBE {
		return false
	}
	extra := p.Seg.Len - min(p.Seg.Len, s.conn.SndMSS())
	return p.wireLen()-int(extra) > int(s.conn.PathMTU())
}

// transmitCut sends each segment of an offloaded packet in fragments.
func (h *Host) transmitCut(s *sock, p *Packet, why rule.ID) {
	mtu, size := int(s.conn.PathMTU()), s.conn.SndMSS()
	for i := range max(parts(p.Seg.Len, size), 1) {
		q := *p
		q.part(i, size)
		cuts := h.cut(&q, mtu, mtu)
		for k := range cuts {
			h.transmit(&cuts[k], cutRule(cuts, why), s.id)
		}
	}
}

// part makes the packet its i'th segment of size octets (tcp_gso_segment).
func (p *Packet) part(i, size uint32) {
	at := i * size
	n := min(size, p.Seg.Len-at)
	if at+n < p.Seg.Len {
		p.Seg.Flags &^= tcpstate.PSH | tcpstate.FIN
	}
	if i > 0 {
		p.Seg.Flags &^= tcpstate.CWR
	}
	p.Seg.Seq, p.Seg.Len, p.Payload = p.Seg.Seq.Add(at), n, p.Payload[at:at+n]
}

// parts is how many segments n octets make.
func parts(n, size uint32) uint32 { return (n + size - 1) / size }

// tooLong tells this host itself, as the sender, that segments were too long for
// their way: a message for each (ip_fragment, ip6_fragment: fail_toobig). One
// alone over IPv6 is refused before it comes so far (ip6_xmit).
func (h *Host) tooLong(s *sock, o *tcpstate.Output) {
	h.emit(Dropped, o.Why, s.id)
	n := parts(o.Seg.Len, o.N)
	if s.af.ipv6 {
		h.count[MibIP6FragFails] += uint64(n)
		if n == 1 {
			return
		}
	} else {
		h.count[MibIPFragFails] += uint64(n)
	}
	p := Packet{
		Src: s.local, Dst: s.remote.Addr(), SrcPort: s.sport, DstPort: s.remote.Port(),
		Proto: ProtoTCP, TTL: h.ttl(s, s.af.ipv6), TOS: s.tos(s.af.ipv6), Seg: o.Seg,
	}
	p.Payload = h.grab(int(o.Seg.Len))
	s.tx.ReadAt(o.Seg.Seq.Since(s.txHead), p.Payload)
	for i := range n {
		q := p
		q.part(i, o.N)
		h.tellTooLong(&q, o.Off)
	}
}

// tellTooLong sends the message to where the packet comes from: here.
func (h *Host) tellTooLong(p *Packet, mtu uint32) {
	m := Packet{Proto: ProtoICMP, TTL: uint8(h.sysctl.get(ctlDefaultTTL)), NoDF: true, ICMP: ICMP{Type: ICMPDestUnreach, Code: ICMPFragNeeded, MTU: mtu}}
	m.TOS = p.TOS&0x1c | internetControl
	if p.IPv6() {
		m = Packet{Proto: ProtoICMPv6, TTL: hopLimit6, ICMP: ICMP{Type: ICMPv6PacketTooBig, MTU: mtu}}
	}
	h.sendICMPError(&m, p, rule.TooLong)
}
