package sock

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// pingLookup finds the socket of an identifier to which a packet to the address
// goes, nil for none (ping_lookup).
func (h *Host) pingLookup(ident uint16, to netip.Addr) *sock {
	for s := h.pings.first(h, ident); s != nil; s = h.pings.after(h, s) {
		switch {
		case (s.family == AF_INET6) != to.Is6(), !s.local.IsUnspecified() && s.local != to:
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
	if s == nil {
		h.emit(Dropped, rule.PingNoSocket, noSock)
		return
	}
	if p = h.filtered(s, p); p == nil {
		return
	}
	if s.dg.rmem >= s.opt.rcvbuf {
		s.dg.drops++
		h.emit(Dropped, rule.RawRcvbuf, s.id)
		return
	}
	size, _ := p.cost()
	body := h.body(p)
	h.emit(Noted, rule.PingQueued, s.id)
	port, ports := secondPort(body)
	h.queueDatagram(s, dgram{
		src: netip.AddrPortFrom(p.Src, 0), dst: netip.AddrPortFrom(p.Dst, port), noPorts: !ports,
		ttl: p.TTL, tos: p.TOS | uint8(p.Seg.ECN)&3, dev: h.dev, at: h.now, tag: p.tag, truesize: size, data: body,
		info: pktInfo{h.dev, netip.Addr{}},
	})
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
	// An echo reply of the host's own has no socket to remember its path for; over IPv6 the path is remembered for any message.
	if mean.big && len(b) >= icmpHdrLen && (p.IPv6() || b[0] == ICMPEchoReply) {
		h.learnMTU(q.Dst, p.ICMP.MTU)
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
		s.learnMTU(h, q.Dst, p.ICMP.MTU)
		return
	case mean.big:
		if mode != IP_PMTUDISC_INTERFACE && mode != IP_PMTUDISC_OMIT {
			s.learnMTU(h, q.Dst, p.ICMP.MTU)
		}
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
