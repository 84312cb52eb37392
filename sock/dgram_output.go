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
// groups that we are in and for broadcasts (ip_output, ip_mc_output). The error is
// EMSGSIZE for one that has become too long for its way and may not be cut.
func (h *Host) sendDatagram(s *sock, p *Packet, r *outRoute, why rule.ID) Errno {
	mine := r.dev == DevLoopback
	if mine && r.dst.IsMulticast() && !r.local {
		h.emit(Dropped, rule.NotForUs, s.id) // the device brings it back, and nobody is in the group
		h.sent(s)
		return 0
	}
	looped := false
	switch from, to := p.headerEnds(); {
	case mine:
	case to.Is6():
		looped = s.opt.mcLoop6 && to.IsMulticast() && (to == r.dst && r.local || to != r.dst && h.member(to, from, r.dev))
		mine = looped && r.dst.IsMulticast() // or the way is none that comes back
	case r.local:
		mine = r.broadcast || s.opt.mcLoop
	}
	if !p.Opaque {
		h.putLabel(s, p, 0, s.txHash)
	}
	whole, piece := h.cutSize(s, r)
	if p.wireLen() > whole && s.refusesCut(p) {
		h.sent(s)
		h.tellTooLong(p, uint32(whole))
		h.countFrag(p.Src, MibIPFragFails)
		return EMSGSIZE
	}
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
	if r.dev != DevLoopback && !p.staysOnHost(r, looped) {
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
	return 0
}

// refusesCut reports whether a datagram is not to be cut: one of IPv4 has DF set, and
// the socket either wants no fragments or wrote the header itself (ip_fragment,
// ip6_fragment: ignore_df). Those of UDP_SEGMENT are shorter than they look.
func (s *sock) refusesCut(p *Packet) bool {
	if p.gso != 0 || s.mayFragment(p.Dst) && !s.opt.hdrIncl {
		return false
	}
	if p.Opaque && p.Src.Is4() {
		return p.Wire[6]&flagDF != 0
	}
	return p.IPv6() || !p.NoDF
}

// staysOnHost reports whether a packet must not go beyond the host: to a group of IPv4 with a TTL of 0 if the host is in it, to one of IPv6
// with a hop limit of 0 if a copy has been looped, or of a scope that ends here (ip_mc_output, ip6_finish_output2). IPv4 goes by the
// way's group, IPv6 by the header's.
func (p *Packet) staysOnHost(r *outRoute, looped bool) bool {
	if r.dst.Is4() {
		return r.dst.IsMulticast() && p.TTL == 0 && r.local
	}
	const scope, nodeLocal = 0xf, 1
	_, to := p.headerEnds()
	return to.IsMulticast() && (p.TTL == 0 && looped || to.As16()[1]&scope <= nodeLocal)
}

// headerEnds are the addresses that the header has, which may be of the program's own making.
func (p *Packet) headerEnds() (src, dst netip.Addr) {
	const srcAt, dstAt = 8, 24
	if p.Opaque && p.Dst.Is6() {
		return netip.AddrFrom16([16]byte(p.Wire[srcAt:])), netip.AddrFrom16([16]byte(p.Wire[dstAt:]))
	}
	return p.Src, p.Dst
}

// sendLoop puts a datagram to ourselves, or a fragment of one, on its way.
func (h *Host) sendLoop(s *sock, p *Packet, r *outRoute, why rule.ID) {
	q := *p
	q.Dev = h.arrivalOf(r)
	h.loop = append(h.loop, q)
	h.emit(Loop, why, s.id).Packet = q
}

// arrivalOf is the interface that a datagram to ourselves counts as come by: the
// one that has the address, unless loopback was asked for, by which IPv4 has no
// way to it (orig_oif of ip_route_output_key_hash_rcu).
func (h *Host) arrivalOf(r *outRoute) int32 {
	if dev := h.deviceWith(r.dst); dev != 0 && (r.local || r.dst.Is6()) {
		return dev
	}
	return r.dev
}
