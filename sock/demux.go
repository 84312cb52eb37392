package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// deliver gives a packet that is for this host to whom it is for: to RAW sockets
// first, then to its protocol (ip_local_deliver). IPv4's RAW sockets see datagrams
// whole, IPv6's of protocol 44 each fragment.
func (h *Host) deliver(p *Packet) {
	if p.isFragment4() {
		if p = h.defrag4(p); p == nil {
			return
		}
	}
	raw := h.rawDeliver(p)
	if p.Proto == extFragment && p.IPv6() {
		h.fragment6(p)
		return
	}
	take := receiver(p)
	switch {
	case take == nil && raw:
	case take == nil:
		h.emit(Dropped, rule.NotTCP, noSock)
		h.protoUnreachable(p)
	case p.Opaque:
		h.dropBroken(p)
	default:
		take(h, p)
	}
}

// Protocols that Linux has and this host needs none of: group management, which
// speaks of groups that routers forward, multicast routing, and UDP-Lite.
const (
	protoIGMP    uint8 = 2
	protoPIM     uint8 = 103
	protoUDPLite uint8 = 136
)

// receiver is who takes packets of the protocol, nil when the host has no such
// (inet_protos, inet6_protos). ICMP and ICMPv6 are no sockets' protocols, and
// belong to one family each.
func receiver(p *Packet) func(*Host, *Packet) {
	switch {
	case p.Proto == ProtoICMP && !p.IPv6():
		return icmpDeliver
	case p.Proto == ProtoICMPv6 && p.IPv6():
		return icmp6Deliver
	case p.Proto == protoIGMP && !p.IPv6(), p.Proto == extNone && p.IPv6(), p.Proto == protoPIM, p.Proto == protoUDPLite:
		return discardPacket
	}
	if prot := protocol(p.Proto); prot != nil {
		return prot.deliver
	}
	return nil
}

// discardPacket takes what is nobody's and needs no answer (nodata_protocol).
func discardPacket(h *Host, _ *Packet) { h.emit(Dropped, rule.NotTCP, noSock) }

// dropBroken is the end of a packet that its protocol can't read.
func (h *Host) dropBroken(p *Packet) {
	if prot := protocol(p.Proto); p.BadSum && prot != nil && prot.badSum != nil {
		prot.badSum(h, p)
		return
	}
	h.emit(Dropped, rule.BadTransport, noSock)
}

// protocols are those whose sockets packets are delivered to; one row each.
var protocols = [...]*protoOps{&tcpProt, &udpProt}

// protocol finds the table of a protocol number, nil when no socket has it.
func protocol(number uint8) *protoOps {
	for _, p := range protocols {
		if p.number == number {
			return p
		}
	}
	return nil
}

// tcpDeliver looks for the connection, then for a request, then for a listener;
// a segment for none of them is reset (tcp_v4_rcv).
func tcpDeliver(h *Host, p *Packet) {
	h.count[MibInSegs]++
	f := p.name()
	id, named := h.flows[f]
	if named && h.socks[id].hears(h.dev) {
		h.connSegment(h.socks[id], p)
		return
	}
	if r := h.requests.byFlow.Get(f); r != nil {
		s := h.listenerOf(r)
		if s == nil {
			s = h.heirOf(f, r) // its listener has stopped
		}
		if s != nil {
			h.requestSegment(s, f, r, p)
			return
		}
		h.dropRequest(f)
	}
	// Linux could have a second connection of that name, by another device.
	if s := h.findListener(f, p); s != nil && !named {
		h.listenSegment(s, p)
		return
	}
	h.emit(Dropped, rule.NoSocket, noSock)
	h.resetFor(nil, p, rule.NoSocket)
}

// arrives is what a connection is told of a segment.
func (h *Host) arrives(p *Packet) tcpstate.Input {
	in := tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: p.charged(), Label: p.Flow, Local: p.looped}
	if p.looped {
		in.Seg.Heard = h.heardOf(p)
	}
	return in
}

// connSegment gives a segment to its connection. A TIME-WAIT that gives way to
// a new SYN hands it to the listener.
func (h *Host) connSegment(s *sock, p *Packet) {
	if !s.conn.Waits() {
		if h.fromAfar(s, p) {
			return
		}
		if p = h.filtered(s, p); p == nil || h.joinsNext(s, p) {
			return
		}
	}
	in := h.arrives(p)
	in.BadSum = p.BadSum
	if p.Seg.Flags.Has(tcpstate.SYN) && s.conn.State() == tcpstate.TimeWait {
		in.Listening = h.findListener(p.name(), p) != nil
	}
	s.opt.incomingCPU = theCPU // sk_incoming_cpu_update
	h.dscp = p.TOS
	h.stepWith(s, in, p.Payload)
	if p.IPv6() && s.conn != nil && s.state() != tcpstate.Closed && s.conn.RcvNxt() == p.Seg.End() {
		s.opt.latch6(p, h.dev)
		if s.repFlow && (s.opt.recv6.any() || s.opt.old6.any()) { // rxopt.all
			s.flowLabel = p.Flow
		}
	}
	for i := range h.conn {
		if o := &h.conn[i]; o.Kind == tcpstate.Reopen {
			h.reopen(s, p, o.N, o.Why)
			return
		}
	}
}

// reopen answers the SYN that ends a TIME-WAIT, with the number that TIME-WAIT
// chose so that the old connection's segments can't be taken for the new one's.
func (h *Host) reopen(old *sock, p *Packet, isn uint32, why rule.ID) {
	l := h.findListener(p.name(), p)
	if l == nil {
		h.emit(Dropped, why, old.id)
		return
	}
	h.unhash(old)
	if h.fromAfar(l, p) {
		return
	}
	if p = h.filtered(l, p); p == nil {
		return
	}
	if answer, drop := tcpstate.Listens(&p.Seg); answer != tcpstate.ListenSyn {
		h.emit(Dropped, drop, l.id) // a FIN came with the SYN
		return
	}
	af := afOf(p.Dst)
	af.connRequest(h, af, l, p, isnChoice{true, tcpstate.Seq(isn)})
}

// listenSegment is what LISTEN does with a segment (tcp_rcv_state_process).
func (h *Host) listenSegment(s *sock, p *Packet) {
	if h.fromAfar(s, p) {
		return
	}
	if p = h.filtered(s, p); p == nil {
		return
	}
	if p.BadSum { // tcp_v4_do_rcv
		h.emit(Dropped, rule.BadTransport, s.id)
		return
	}
	if h.acceptCookie(s, p) {
		return
	}
	answer, why := tcpstate.Listens(&p.Seg)
	switch answer {
	case tcpstate.ListenSyn:
		h.emit(Noted, why, s.id)
		// By the packet's family: a listener of AF_INET6 answers IPv4 as well.
		af := afOf(p.Dst)
		af.connRequest(h, af, s, p, isnChoice{})
	case tcpstate.ListenResets:
		h.emit(Dropped, why, s.id)
		h.resetFor(s, p, why)
	default:
		h.emit(Dropped, why, s.id)
	}
}

// resetFor answers a segment that nobody accounts for, or that the listener s
// refuses.
func (h *Host) resetFor(s *sock, p *Packet, why rule.ID) {
	rst, ok := tcpstate.ResetFor(&p.Seg)
	if !ok || !h.isLocal(p.Dst) {
		return
	}
	dev := int32(0)
	if linkScope(p.Src) {
		// What comes from a link-local address is answered where it came in, even
		// if that is no way back (rt6_need_strict in tcp_v6_send_response).
		dev = h.dev
	}
	if _, err := h.routeTo(p.Src, p.Dst, via{dev: dev}); err != 0 {
		return
	}
	label, hash := h.reflected(p, reflectReset), uint32(0)
	if s != nil {
		label, hash = s.replies(p), s.txHash
	}
	h.countSent(1, rst.Flags)
	q := Packet{
		Src: p.Dst, Dst: p.Src, SrcPort: p.DstPort, DstPort: p.SrcPort,
		Proto: ProtoTCP, TTL: h.ownTTL(p.IPv6()), TOS: p.TOS, Seg: rst,
	}
	h.putLabel(nil, &q, label, hash)
	h.transmitBy(dev, &q, why, noSock)
}
