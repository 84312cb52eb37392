package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// udpProt is UDP's table (udp_prot, udpv6_prot).
var udpProt = protoOps{
	name: "UDP", number: ProtoUDP,
	init: udpInit, preConnect: inetPreConnect, connect: udpConnect, disconnect: datagramDisconnect, shutdown: datagramShutdown,
	close: udpClose, getPort: udpGetPort, rehash: udpRehash, unhash: udpUnhash, ioctl: udpIoctl,
	options: &udpOptions,
	sendmsg: udpSendmsg, recvmsg: dgramRecvmsg, recvAgain: dgramRecvAgain, writeSpace: (*Host).sent,
	deliver: udpDeliver, badSum: (*Host).udpBadSum, icmpError: udpICMPError,
	dgram: &dgramOps{lazyRmem: true, taken: udpTaken}, seen: udpSeen,
}

// udpSeen: what follows the datagram in its packet is gone by then
// (__udp4_lib_rcv, udp_queue_rcv_one_skb).
func udpSeen(v *filterView) int {
	v.wire = v.wire[:v.head+udpHdrLen+len(v.p.Payload)]
	return udpHdrLen
}

// init goes where protocols that have none leave it out (CR-24).
func udpInit(_ *Host, s *sock) Errno {
	s.dg = newDatagrams()
	return 0
}

// newDatagrams is empty queues.
func newDatagrams() *datagrams { return &datagrams{} }

// datagramShutdown shuts directions; there is no peer to tell.
func datagramShutdown(_ *Host, s *sock, bits uint8) { s.shut |= bits }

// udpClose throws away what is corked and what is queued (udp_destroy_sock).
func udpClose(h *Host, s *sock, t *thread) outcome {
	udpUnhash(h, s)
	return datagramClose(h, s, t)
}

// udpIoctl are UDP's requests (udp_ioctl): SIOCINQ is the length of the first
// datagram, not of all.
func udpIoctl(_ *Host, s *sock, request int64) outcome {
	switch request {
	case SIOCOUTQ:
		return done(int64(s.dg.wmem))
	case SIOCINQ:
		d := s.dg.recv.At(0)
		s.dg.splice(0)
		if d == nil {
			return done(0)
		}
		return done(int64(len(d.data)))
	}
	return fail(ENOTTY)
}

// udpTaken counts what programs read.
func udpTaken(h *Host, ipv6, lost bool) {
	if lost {
		h.countUDP(ipv6, MibUdpInErrors)
		return
	}
	h.countUDP(ipv6, MibUdpInDatagrams)
}

// udpDeliver takes a datagram to its socket (__udp4_lib_rcv, __udp6_lib_rcv).
func udpDeliver(h *Host, p *Packet) {
	src, dst := netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)
	dev := h.dev
	if p.Dst.IsMulticast() || h.kindOf(p.Dst) == addrBroadcast {
		h.udpDeliverGroup(p, src, dst, dev)
		return
	}
	s := h.udpLookup(src, dst, dev, p)
	switch {
	case s != nil && h.takesNoCheck(s, p):
		h.udpQueue(s, p, dev)
	case p.NoCheck && p.IPv6():
		h.udpBadSum(p)
	default:
		h.countUDP(p.IPv6(), MibUdpNoPorts)
		h.emit(Dropped, rule.UDPNoPort, noSock)
		h.portUnreachable(p)
	}
}

// takesNoCheck reports whether the socket takes a datagram that may have no
// checksum: over IPv6 only if it said so (RFC 6935).
func (h *Host) takesNoCheck(s *sock, p *Packet) bool {
	return !p.NoCheck || !p.IPv6() || s.opt.noCheck6Rx
}

// udpBadSum drops a datagram with a wrong checksum, or over IPv6 without one.
func (h *Host) udpBadSum(p *Packet) {
	h.countUDP(p.IPv6(), MibUdpInCsumErrors)
	h.countUDP(p.IPv6(), MibUdpInErrors)
	h.emit(Dropped, rule.UDPChecksum, noSock)
}

// udpDeliverGroup gives a copy to each socket that wants it, and the last one
// to the first that was found (__udp4_lib_mcast_deliver). Nobody answers.
func (h *Host) udpDeliverGroup(p *Packet, src, dst netip.AddrPort, dev int32) {
	if p.Dst.IsMulticast() && !h.member(p.Dst, p.Src, dev) {
		h.emit(Dropped, rule.NotForUs, noSock)
		return
	}
	var first *sock
	for s := h.udp.byPort.first(h, dst.Port()); s != nil; s = h.udp.byPort.after(h, s) {
		switch {
		case !s.wantsGroup(src, dst, dev), !h.takesNoCheck(s, p):
		case first == nil:
			first = s
		default:
			h.udpQueue(s, p, dev)
		}
	}
	if first == nil {
		h.countUDP(p.IPv6(), MibUdpIgnoredMulti)
		h.emit(Dropped, rule.UDPIgnoredMulti, noSock)
		return
	}
	h.udpQueue(first, p, dev)
}

// wantsGroup is __udp_is_mcast_sock and __udp_v6_is_mcast_sock.
func (s *sock) wantsGroup(src, dst netip.AddrPort, dev int32) bool {
	to := dst.Addr()
	switch {
	case !s.fromPeer(src), s.opt.boundDev != 0 && s.opt.boundDev != dev,
		!s.has(to) && !s.has(anyOf(to)):
		return false
	}
	return !to.IsMulticast() || s.takesGroup(to, src.Addr(), dev)
}

// udpQueue puts a datagram into the socket's queue, if there is room: what is
// queued may fill the buffer, and one datagram always fits
// (__udp_enqueue_schedule_skb).
//
// What is yet to be cut is cut here, unless the socket takes it as it is
// (udp_queue_rcv_skb, udp_unexpected_gso).
func (h *Host) udpQueue(s *sock, p *Packet, dev int32) {
	if p.gso != 0 && !s.opt.gro {
		for i := range p.segments() {
			q := h.segment(p, i)
			h.udpQueue(s, &q, dev)
		}
		return
	}
	ipv6 := p.IPv6()
	if p = h.filtered(s, p); p == nil {
		s.dg.drops++
		h.countUDP(ipv6, MibUdpInErrors)
		return
	}
	if s.dg.connected {
		s.opt.incomingCPU = theCPU // sk_incoming_cpu_update
	}
	size, _ := p.cost()
	if s.dg.rmem != 0 && int64(s.dg.rmem)+int64(size) > int64(s.opt.rcvbuf) {
		s.dg.drops++
		h.countUDP(ipv6, MibUdpRcvbufErrors)
		h.countUDP(ipv6, MibUdpInErrors)
		h.emit(Dropped, rule.UDPRcvbuf, s.id)
		return
	}
	h.emit(Noted, rule.UDPQueued, s.id)
	h.queueDatagram(s, dgram{
		src: netip.AddrPortFrom(p.Src, p.SrcPort), dst: netip.AddrPortFrom(p.Dst, p.DstPort),
		ttl: p.TTL, tos: p.TOS | uint8(p.Seg.ECN)&3, dev: dev, at: h.now, tag: p.tag, truesize: size, gso: p.gso, data: p.Payload,
	})
}

// headerLen is the length of a datagram's headers, octets: IP's and that of UDP or ICMP, which are as long.
func (h *Host) headerLen(p *Packet) int {
	if p.IPv6() {
		return 48
	}
	return 28
}
