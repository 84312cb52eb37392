package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// noCheckTx is SO_NO_CHECK over IPv4, UDP_NO_CHECK6_TX over IPv6.
func (s *sock) noCheckTx(dst netip.Addr) bool {
	if dst.Is6() {
		return s.opt.noCheck6Tx
	}
	return s.opt.noCheck
}

// plan is how the socket's next datagram is to go, unless control messages say
// otherwise (ipcm_init_sk, ipcm6_init_sk). What IP_TOS becomes while it is corked
// is too late for it.
func (s *sock) plan(ipv6 bool) sendPlan {
	p := sendPlan{dev: s.opt.boundDev, ttl: -1, tos: int16(uint8(s.opt.tos))}
	if ipv6 {
		p.tos = int16(uint8(s.opt.tclass))
	}
	return p
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
	if !p.Opaque {
		h.putLabel(s, p, 0, s.txHash)
	}
	whole, piece := h.cutSize(s, r)
	if mine {
		// What a group of IPv4 sends itself is copied before it is cut (ip_mc_output).
		if r.dst.Is4() && r.dev != DevLoopback {
			h.sendLoop(s, p, r, why)
		} else {
			cuts := h.cut(p, whole, piece)
			for i := range cuts {
				h.sendLoop(s, &cuts[i], r, cutRule(cuts, why))
			}
		}
	}
	if r.dev != DevLoopback && !(r.dst.IsMulticast() && p.staysOnHost(r, mine)) {
		for i := range p.segments() {
			q := h.segment(p, i)
			cuts := h.cut(&q, whole, piece)
			for i := range cuts {
				e := h.emit(Transmit, cutRule(cuts, why), s.id)
				e.Packet = cuts[i]
				e.Packet.truesize = 0
			}
		}
	}
	h.sent(s)
}

// staysOnHost reports whether a packet to a group must not go beyond the host: of IPv4 with a TTL of 0 if the host is in the group, of IPv6
// with a hop limit of 0 if a copy has been looped (ip_mc_output, ip6_finish_output2).
func (p *Packet) staysOnHost(r *outRoute, looped bool) bool {
	hops := p.TTL
	if p.Opaque && r.dst.Is4() {
		hops = p.Wire[8]
	} else if p.Opaque {
		hops = p.Wire[7]
	}
	if r.dst.Is4() {
		return hops == 0 && r.local
	}
	return hops == 0 && looped || r.dst.IsInterfaceLocalMulticast()
}

// sendLoop puts a datagram to ourselves, or a fragment of one, on its way.
func (h *Host) sendLoop(s *sock, p *Packet, r *outRoute, why rule.ID) {
	q := *p
	q.Dev = h.arrivalOf(r)
	h.loop = append(h.loop, q)
	h.emit(Loop, why, s.id).Packet = q
}

// arrivalOf is the interface that a datagram to ourselves counts as come by: the
// one that has the address (orig_oif of ip_route_output_key_hash_rcu).
func (h *Host) arrivalOf(r *outRoute) int32 {
	if dev := h.deviceWith(r.dst); dev != 0 {
		return dev
	}
	return r.dev
}
