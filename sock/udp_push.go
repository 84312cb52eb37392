package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// udpMake makes the datagram: at once, or the first part of one that is corked
// (ip_make_skb, ip_append_data, udp_send_skb).
func (h *Host) udpMake(s *sock, t *thread, p *sendPlan, family uint16) outcome {
	flags := t.call.Flags
	if flags&MSG_PROBE != 0 {
		return done(int64(callLen(&t.call))) // it only asked whether there is a way
	}
	c := cork{pending: family, plan: *p, flow: s.flowOf(p), mtu: h.fragSize(s, &p.route), data: s.dg.cork.data[:0]}
	s.routed = s.routed || p.connected  // sk_dst_set
	if p.ttl < 0 && p.route.dst.Is6() { // IPv4 asks when the packet leaves
		c.plan.ttl = int16(h.dgramTTL(s, &p.route, -1))
	}
	if s.dg.cork.on || flags&MSG_MORE != 0 {
		c.on, c.flow.dst = s.dg.cork.on, netip.AddrPortFrom(p.route.dst, p.dst.Port())
		s.dg.cork = c
		if err := h.udpGrow(s, t, &s.dg.cork); err != 0 {
			h.udpFlush(s)
			return h.udpFailed(family == AF_INET6, err)
		}
		return done(int64(len(t.call.Data)))
	}
	err := h.udpGrow(s, t, &c)
	if err == 0 {
		err = h.udpPush(s, &c)
	}
	s.dg.wmem, s.dg.cork.data = 0, c.data[:0] // for the next one
	if err != 0 {
		return h.udpFailed(family == AF_INET6, err)
	}
	return done(int64(len(t.call.Data)))
}

// udpFailed counts a datagram that found no memory.
func (h *Host) udpFailed(ipv6 bool, err Errno) outcome {
	if err == ENOBUFS {
		h.countUDP(ipv6, MibUdpSndbufErrors)
	}
	return fail(err)
}

// udpPush sends what is corked as one datagram, or as several of UDP_SEGMENT's
// size (udp_send_skb, udp_v6_send_skb).
func (h *Host) udpPush(s *sock, c *cork) Errno {
	r := &c.plan.route
	gso, n := int(c.plan.gso), len(c.data)
	hdr := 28
	if r.dst.Is6() {
		hdr = 48
	}
	if gso != 0 {
		switch {
		case hdr+min(n, gso) > int(c.mtu):
			return EMSGSIZE
		case n > gso*udpMaxSegments, s.noCheckTx(r.dst):
			return EINVAL
		}
	}
	pkt := h.udpPacket(s, c)
	pkt.summed = c == &s.dg.cork || hdr+n > int(c.mtu) // what is in pieces is summed up piece by piece
	data := h.grab(n)
	copy(data, c.data)
	pkt.Payload, pkt.truesize = data, s.dg.wmem
	if gso != 0 && n > gso {
		pkt.gso = int32(gso)
	}
	err := h.sendDatagram(s, &pkt, r, rule.UDPSent)
	if err == 0 {
		h.countUDP(r.dst.Is6(), MibUdpOutDatagrams)
	}
	return err
}

// segments is how many datagrams p stands for: several, if it is yet to be cut to
// the size of UDP_SEGMENT (gso_segs).
func (p *Packet) segments() int {
	if p.gso == 0 {
		return 1
	}
	return (len(p.Payload) + int(p.gso) - 1) / int(p.gso)
}

// segment is datagram i of p (__udp_gso_segment).
func (h *Host) segment(p *Packet, i int) Packet {
	q := *p
	if n := int(p.gso); n != 0 {
		q.gso, q.Payload = 0, p.Payload[i*n:min(i*n+n, len(p.Payload))]
		q.truesize = sentTruesize(h.headerLen(p), 0) + int32(len(q.Payload)) // a head of its own, and the octets where they are (skb_segment)
	}
	return q
}

// udpMaxSegments bounds what UDP_SEGMENT may cut a send into (UDP_MAX_SEGMENTS).
const udpMaxSegments = 1 << 7

// udpPacket fills in the headers.
func (h *Host) udpPacket(s *sock, c *cork) Packet {
	r, port := &c.plan.route, s.sport
	if r.dst.Is6() {
		port = c.flow.src.Port() // IPv4 asks when the packet leaves (udp_send_skb, udp_v6_send_skb)
	}
	p := Packet{
		Src: c.flow.src.Addr(), Dst: c.flow.dst.Addr(), SrcPort: port, DstPort: c.flow.dst.Port(), Proto: ProtoUDP,
		NoCheck: s.noCheckTx(r.dst), TTL: h.dgramTTL(s, r, c.plan.ttl), tag: c.plan.tag,
	}
	tos := uint8(c.plan.tos)
	p.TOS, p.Seg.ECN = tos&^3, tcpstate.ECN(tos&3)
	if r.dst.Is4() {
		p.NoDF = !h.dontFragment(s, r, 28+len(c.data) > int(h.wayMTU(r)))
	}
	return p
}
