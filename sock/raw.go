package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// rawProt is RAW's table for AF_INET (raw_prot), raw6Prot for AF_INET6
// (rawv6_prot). A RAW socket's port is the number of its protocol.
var (
	rawProt = protoOps{
		name: "RAW", init: rawInit, bind: rawBind, connect: datagramConnect, disconnect: datagramDisconnect,
		shutdown: datagramShutdown, close: rawClose, unhash: rawUnhash, ioctl: rawIoctl, levels: rawLevels,
		sendmsg: rawSendmsg, recvmsg: dgramRecvmsg, recvAgain: dgramRecvAgain, writeSpace: (*Host).sent, dgram: &dgramOps{refusesOOB: true}, seen: rawSeen,
	}
	raw6Prot = protoOps{
		name: "RAWv6", init: rawInit, bind: raw6Bind, connect: raw6Connect, disconnect: datagramDisconnect,
		shutdown: datagramShutdown, close: rawClose, unhash: rawUnhash, ioctl: rawIoctl, levels: raw6Levels,
		sendmsg: raw6Sendmsg, recvmsg: dgramRecvmsg, recvAgain: dgramRecvAgain, writeSpace: (*Host).sent, dgram: &dgramOps{refusesOOB: true},
	}
)

// rawSeen: IPv4's get the network header back first (raw_rcv).
func rawSeen(v *filterView) int {
	v.at = 0
	return 1
}

// rawState is what a RAW socket has beside its queues (struct raw_sock, raw6_sock).
type rawState struct {
	// filter has a bit for each ICMP type that is blocked: 32 of IPv4's, 256 of
	// IPv6's (CR-23: none at first).
	filter [8]uint32
	// checksumAt is where IPv6 puts and checks a checksum, -1 for nowhere.
	checksumAt int32
}

func (r *rawState) fingerprint(f *queue.Hash) {
	for _, w := range r.filter {
		f.U32(w)
	}
	f.U32(uint32(r.checksumAt))
}

const protoMobility = 135 // IPPROTO_MH

// rawInit makes the socket findable at once: it receives from its creation on
// (CR-17; raw_hash_sk, raw_sk_init, rawv6_init_sk).
func rawInit(h *Host, s *sock) Errno {
	s.dg = newDatagrams()
	s.raw = &rawState{checksumAt: -1}
	if s.family == AF_INET6 {
		switch s.num {
		case IPPROTO_ICMPV6:
			s.raw.checksumAt = 2
		case protoMobility:
			s.raw.checksumAt = 4
		}
	}
	h.raws.putFirst(h, s.num, s)
	return 0
}

// rawUnhash takes the socket off the table: it receives nothing any more. A
// disconnect does so too, and no call brings it back.
func rawUnhash(h *Host, s *sock) { h.raws.drop(h, s.num, s) }

// rawClose is raw_close and rawv6_close.
func rawClose(h *Host, s *sock, t *thread) outcome {
	rawUnhash(h, s)
	return datagramClose(h, s, t)
}

// rawBind is bind(2) on RAW: an address and no port, nor is the family looked at
// (BI-10; raw_bind).
func rawBind(h *Host, s *sock, t *thread) outcome {
	a := netip.IPv4Unspecified()
	if x := t.call.Addr.AP.Addr(); x.Is4() {
		a = x
	}
	if s.dg.connected || t.call.AddrLen < sizeofSockaddrIn {
		return fail(EINVAL)
	}
	k := h.kindOf(a)
	if k == addrUnicast && (h.callRules().RawStaysHome || !h.nonlocal(s, ctlNonlocalBind)) {
		return fail(EADDRNOTAVAIL)
	}
	s.local, s.source = a, a
	if k == addrMulticast || k == addrBroadcast {
		s.source = s.any() // the way out decides
	}
	return done(0)
}

// raw6Bind is rawv6_bind. IPv4-mapped addresses are none of IPv6's here.
func raw6Bind(h *Host, s *sock, t *thread) outcome {
	c := &t.call
	if c.AddrLen < sizeofIn6RFC2133 || c.Addr.Family != AF_INET6 {
		return fail(EINVAL)
	}
	a, mapped := wire(s.addrOf(c.Addr))
	switch {
	case mapped:
		return fail(EADDRNOTAVAIL)
	case s.dg.connected:
		return fail(EINVAL)
	}
	if !a.IsUnspecified() {
		if err := h.bind6Local(s, a, c.Addr, c.AddrLen); err != 0 {
			return fail(err)
		}
	}
	s.local = a
	if !a.IsMulticast() {
		s.source = a
	}
	return done(0)
}

// raw6Connect is ip6_datagram_connect_v6_only.
func raw6Connect(h *Host, s *sock, a Addr, n int32) Errno {
	if a.Family != AF_INET6 {
		return EAFNOSUPPORT
	}
	return datagramConnect(h, s, a, n)
}

// rawIoctl are the requests (raw_ioctl): SIOCINQ is the length of the first packet.
func rawIoctl(_ *Host, s *sock, request int64) outcome {
	switch request {
	case SIOCOUTQ:
		return done(int64(s.dg.wmem))
	case SIOCINQ:
		if d := s.dg.recv.At(0); d != nil {
			return done(int64(len(d.data)))
		}
		return done(0)
	}
	return fail(ENOTTY)
}

// rawMatch reports whether packets of the protocol between the two addresses are
// the socket's (raw_v4_match, raw_v6_match).
func (h *Host) rawMatch(s *sock, proto uint8, remote, local netip.Addr) bool {
	switch {
	case s.num != uint16(proto), (s.family == AF_INET6) != local.Is6(), s.opt.boundDev != 0 && s.opt.boundDev != h.dev:
		return false
	case local.Is4():
		peer := s.remote.Addr()
		return (!peer.IsValid() || peer == remote) && (s.local.IsUnspecified() || s.local == local)
	}
	if peer := s.dg.peer6; peer.IsValid() && peer != remote {
		return false
	}
	return s.local.Is6() && (s.local.IsUnspecified() || s.local == local || local.IsMulticast() && s.takesGroup(local, remote, h.dev))
}

// rawDeliver gives a copy of the packet to each RAW socket that it is for,
// before its protocol sees it; it reports whether there was one
// (raw_local_deliver, raw6_local_deliver).
func (h *Host) rawDeliver(p *Packet) (delivered bool) {
	for s := h.raws.first(h, uint16(p.Proto)); s != nil; s = h.raws.after(h, s) {
		if !h.rawMatch(s, p.Proto, p.Src, p.Dst) {
			continue
		}
		if s.dg.rmem >= s.opt.rcvbuf {
			s.dg.drops++
			h.emit(Dropped, rule.RawRcvbuf, s.id)
			continue
		}
		delivered = true
		if !h.rawWants(s, p) {
			continue
		}
		if q := h.filtered(s, p); q != nil {
			h.rawQueue(s, q)
		}
	}
	return delivered
}

// rawWants asks the socket's ICMP filter, its source filter, and in IPv6 the
// checksum that it wants checked (icmp_filter, icmpv6_filter, ip_mc_sf_allow,
// rawv6_rcv).
func (h *Host) rawWants(s *sock, p *Packet) bool {
	body := h.body(p)
	switch {
	case p.Proto == ProtoICMP && !p.IPv6():
		if len(body) < icmpHdrLen || body[0] < 32 && s.raw.filter[0]>>body[0]&1 != 0 {
			return false
		}
	case p.Proto == ProtoICMPv6 && p.IPv6():
		if len(body) < 4 || s.raw.filter[body[0]>>5]>>(body[0]&31)&1 != 0 {
			return false
		}
	}
	if !p.IPv6() {
		return !p.Dst.IsMulticast() || s.takesGroup(p.Dst, p.Src, h.dev)
	}
	if s.raw.checksumAt >= 0 && !h.rawSound(p, body) {
		s.dg.drops++
		h.emit(Dropped, rule.RawChecksum, s.id)
		return false
	}
	return true
}

// rawQueue puts the packet into the socket's queue: IPv4's with its header, as
// it came; IPv6's without (raw_rcv, rawv6_rcv).
func (h *Host) rawQueue(s *sock, p *Packet) {
	data, body := h.wire(p), h.body(p)
	if p.IPv6() {
		data = body
	}
	size, _ := p.cost()
	h.emit(Noted, rule.RawQueued, s.id)
	port, ports := secondPort(body)
	h.queueDatagram(s, dgram{
		src: netip.AddrPortFrom(p.Src, 0), dst: netip.AddrPortFrom(p.Dst, port), noPorts: !ports,
		ttl: p.TTL, tos: p.TOS | uint8(p.Seg.ECN)&3, dev: h.dev, at: h.now, tag: p.tag, truesize: size, data: data,
	})
}

// secondPort is what stands where a transport has the destination's port; false when
// nothing does (ip_cmsg_recv_dstaddr, ip6_datagram_recv_specific_ctl).
func secondPort(body []byte) (uint16, bool) {
	if len(body) < 4 {
		return 0, false
	}
	return uint16(body[2])<<8 | uint16(body[3]), true
}
