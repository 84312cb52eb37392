package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// stray reports that what the socket sends over IPv6 leaves by IPv4's operations,
// and gets nowhere.
func (s *sock) stray() bool { return s.ops4 && s.af.ipv6 }

// transmitConn sends a segment of the connection, with its octets. One that is
// sent for no socket finds its way by itself, and is not to be fragmented
// (ip_send_unicast_reply).
func (h *Host) transmitConn(s *sock, o *tcpstate.Output) {
	seg, why := &o.Seg, o.Why
	if o.N == tcpstate.AsSocket {
		if s.routed = !s.stray() && !h.strands(s, s.remote.Addr()); !s.routed {
			h.emit(Dropped, rule.NoRoute, s.id)
			return
		}
		h.lookedUp(s)
	}
	p := h.connPacket(s, seg, o.Cost)
	p.gso = int32(o.Off)
	if o.N != tcpstate.AsSocket {
		p.TTL = h.ownTTL(s.af.ipv6)
	}
	if o.N == tcpstate.AsAnswer {
		p.TOS = h.dscp
	}
	if s.af.ipv6 {
		h.labelConn(s, &p, o)
	}
	switch {
	case !p.Src.Is4() || o.N != tcpstate.AsSocket:
	case s.conn.PassiveFastOpen() && seg.Flags.Has(tcpstate.SYN):
		p.NoDF = h.cutsSynAck(s, &p)
	default:
		p.NoDF = !h.setsDF(s, p.Dst)
	}
	if p.NoDF {
		if mtu, long := h.cutsConn(s, &p, o.Off); long {
			h.transmitCut(s, &p, o.Off, mtu, why)
			return
		}
	}
	if p.wireLen() > maxPacket {
		h.transmitParts(s, &p, o.Off, why)
		return
	}
	h.transmit(&p, why, s.id)
}

// cutsSynAck reports that routers may cut the SYN,ACK of a request, which is long and whose sender
// allows it. A short one never needs an identification (ip_build_and_send_pkt).
func (h *Host) cutsSynAck(s *sock, p *Packet) bool {
	const short = 68 // IPV4_MIN_MTU
	return p.wireLen() > short && !h.setsDF(s, p.Dst)
}

// transmitParts sends each segment of an offloaded packet that is longer than a
// packet can be (gso_features_check: dev->gso_max_size).
func (h *Host) transmitParts(s *sock, p *Packet, size uint32, why rule.ID) {
	for i := range partsOf(p.Seg.Len, size) {
		q := *p
		q.part(i, size)
		h.transmit(&q, why, s.id)
	}
}

// connPacket is a segment of the connection's own, with its octets, as a packet that costs so much on its way to this host itself.
func (h *Host) connPacket(s *sock, seg *tcpstate.Segment, cost int32) Packet {
	p := Packet{
		Src: s.local, Dst: s.remote.Addr(), SrcPort: s.sport, DstPort: s.remote.Port(),
		Proto: ProtoTCP, TTL: h.ttl(s, s.af.ipv6), TOS: s.tos(s.af.ipv6), Seg: *seg,
	}
	if p.truesize = cost; seg.Len > 0 {
		p.room = tcpstate.InPages
		at := seg.Seq
		if seg.Flags.Has(tcpstate.SYN) {
			at = at.Add(1)
		}
		p.Payload = h.grab(int(seg.Len))
		s.tx.ReadAt(at.Since(s.txHead), p.Payload)
	}
	return p
}

// transmit sends a packet of a socket's, or of nobody's, by the device that the
// socket is bound to.
func (h *Host) transmit(p *Packet, why rule.ID, s sockID) {
	dev := int32(0)
	if o := h.sockAt(s); o != nil {
		dev = o.opt.boundDev
	}
	h.transmitBy(dev, p, why, s)
}

// transmitBy sends a packet by a device, or by any with 0: to ourselves if it is
// for one of our addresses there. What loopback gets for anybody else is lost.
func (h *Host) transmitBy(dev int32, p *Packet, why rule.ID, s sockID) {
	k := Transmit
	switch {
	case h.stays(p.Dst) && (dev == 0 || dev == deviceOf(p.Dst)):
		k = Loop
		h.loop = append(h.loop, *p)
		if o := h.sockAt(s); o != nil {
			h.loop[len(h.loop)-1].tag.mark = o.opt.mark
		}
		h.waitsFor(p, s)
	case dev == loopbackIndex:
		h.emit(Dropped, rule.NotForUs, s)
		return
	}
	e := h.emit(k, why, s)
	e.Packet = *p
	if k == Transmit { // what it costs there is another host's affair
		e.Packet.truesize, e.Packet.room, e.Packet.gso = 0, 0, 0
	}
}

// ttl is the hop limit of what the socket sends in that family: a listener of
// AF_INET6 answers in both.
func (h *Host) ttl(s *sock, ipv6 bool) uint8 {
	if ipv6 {
		if s.opt.hops >= 0 {
			return uint8(s.opt.hops)
		}
	} else if s.opt.ttl > 0 {
		return uint8(s.opt.ttl)
	}
	return h.ownTTL(ipv6)
}

// ownTTL is the hop limit where no socket's option says another.
func (h *Host) ownTTL(ipv6 bool) uint8 {
	if ipv6 {
		return 64 // net.ipv6.conf.*.hop_limit
	}
	return uint8(h.sysctl.get(ctlDefaultTTL))
}

// showECN keeps in IP_TOS and IPV6_TCLASS how the latest segment was marked
// (INET_ECN_xmit, INET_ECN_dontxmit).
func (o *options) showECN(mark tcpstate.ECN) {
	o.tos, o.tclass = o.tos&^ecnMask|int32(mark), o.tclass&^ecnMask|int32(mark)
}

// latestECN is what showECN has kept.
func (o *options) latestECN() tcpstate.ECN { return tcpstate.ECN(o.tos & ecnMask) }

// ecnMask is the ECN field of IP_TOS and IPV6_TCLASS (INET_ECN_MASK).
const ecnMask = 3

// tos is the DSCP of what the socket sends in that family.
func (s *sock) tos(ipv6 bool) uint8 {
	if ipv6 {
		return uint8(s.opt.tclass) &^ 3
	}
	return uint8(s.opt.tos) &^ 3
}
