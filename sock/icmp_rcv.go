package sock

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// ICMP types and codes beyond those that sockets are told of
// (include/uapi/linux/icmp.h, icmpv6.h).
const (
	icmpTimestamp            = 13
	icmpTimestampReply       = 14
	icmpMaxType              = 18 // NR_ICMP_TYPES
	icmpExtEcho              = 42
	icmpExtEchoReply         = 43
	icmpProtoUnreach         = 2 // code of ICMPDestUnreach
	icmp6UnknownHeader       = 1 // code of ICMPv6ParamProb
	icmp6Echo          uint8 = 128
	icmp6EchoReply           = 129
	icmp6ExtEcho       uint8 = 160
	icmp6ExtEchoReply        = 161
)

// icmpDeliver takes an ICMP message to whom it is for (icmp_rcv).
func icmpDeliver(h *Host, p *Packet) {
	t := p.ICMP.Type
	if k := h.kindOf(p.Dst); (k == addrMulticast || k == addrBroadcast) && t != icmpExtEcho {
		asks := t == ICMPEcho || t == icmpTimestamp
		if !asks || h.sysctl.on(ctlICMPEchoIgnoreBroadcasts) {
			h.emit(Dropped, rule.ICMPToMany, noSock)
			return
		}
	}
	switch {
	case t == ICMPEchoReply, t == icmpExtEchoReply:
		h.pingDeliver(p)
	case t == ICMPEcho:
		h.echoReply(p)
	case t == icmpTimestamp:
		h.timestampReply(p)
	case ICMPError4(t):
		h.deliverICMP(p)
	default:
		h.emit(Dropped, rule.ICMPDiscarded, noSock)
	}
}

// icmp6Deliver is icmpv6_rcv. Neighbour discovery and group membership are the
// link's affair, and this host's link needs neither.
func icmp6Deliver(h *Host, p *Packet) {
	switch t := p.ICMP.Type; {
	case t == icmp6EchoReply, t == icmp6ExtEchoReply:
		h.pingDeliver(p)
	case t == icmp6Echo:
		h.echoReply6(p)
	case ICMPError6(t):
		h.deliverICMP(p)
	default:
		h.emit(Dropped, rule.ICMPDiscarded, noSock)
	}
}

// echoReply answers an echo request with what it carries (icmp_echo, icmp_reply).
func (h *Host) echoReply(p *Packet) {
	if h.sysctl.on(ctlICMPEchoIgnoreAll) {
		h.emit(Dropped, rule.ICMPEchoIgnored, noSock)
		return
	}
	m := *p
	m.ICMP = ICMP{Type: ICMPEchoReply, Code: p.ICMP.Code, MTU: p.ICMP.MTU}
	h.icmpReply(p, &m)
}

// timestampReply answers with the time of day, twice: when the request came and
// when the answer left (icmp_timestamp; milliseconds since midnight UT).
func (h *Host) timestampReply(p *Packet) {
	if len(p.Payload) < 4 {
		h.emit(Dropped, rule.ICMPDiscarded, noSock)
		return
	}
	b := h.grab(12)
	copy(b, p.Payload[:4])
	now := uint32(int64(h.now) / tcpstate.Millisecond % (24 * 3600 * 1000))
	binary.BigEndian.PutUint32(b[4:], now)
	binary.BigEndian.PutUint32(b[8:], now)
	m := *p
	m.ICMP, m.Payload = ICMP{Type: icmpTimestampReply, MTU: p.ICMP.MTU}, b
	h.icmpReply(p, &m)
}

// icmpReply sends an answer to whom p came from, from the address that p was for
// or, if that is not one host's, from the one to answer from (icmp_reply).
func (h *Host) icmpReply(p, m *Packet) {
	if !h.allowICMP(p, p.Src, m.ICMP.Type, m.ICMP.Code) {
		h.emit(Dropped, rule.ICMPLimited, noSock)
		return
	}
	m.Src, m.Dst = p.Dst, p.Src
	switch {
	case h.isLocal(p.Dst):
	case p.looped && !p.toMany: // loopback brings back what is for anybody; nobody answers from an address that is not ours
		h.emit(Dropped, rule.ICMPNoRoute, noSock)
		return
	default:
		r, ok := h.icmpRoute(p.Src, netip.IPv4Unspecified())
		if !ok {
			return
		}
		m.Src = r.src
	}
	m.plain(uint8(h.sysctl.get(ctlDefaultTTL)))
	m.NoDF = true
	h.sendICMP(m, rule.ICMPReply)
}

// plain drops what only says how a packet arrived; the answer keeps TOS and ECN.
func (p *Packet) plain(ttl uint8) {
	p.TTL, p.ID, p.NoDF, p.Flow, p.Dev, p.Wire, p.Ext = ttl, 0, false, 0, 0, nil, 0
	p.tag, p.truesize, p.room = tag{}, 0, 0
}

// echoReply6 is icmpv6_echo_reply.
func (h *Host) echoReply6(p *Packet) {
	many := p.Dst.IsMulticast()
	switch {
	case h.sysctl.on(ctlICMP6EchoIgnoreAll), many && h.sysctl.on(ctlICMP6EchoIgnoreMulticast):
		h.emit(Dropped, rule.ICMPEchoIgnored, noSock)
		return
	case !h.allowICMP(p, p.Src, icmp6EchoReply, 0):
		h.emit(Dropped, rule.ICMPLimited, noSock)
		return
	}
	m := *p
	m.Src, m.Dst = p.Dst, p.Src
	if many || h.isAnycast(p.Dst) {
		r, err := h.routeTo(p.Src, netip.IPv6Unspecified(), via{})
		if err != 0 {
			h.emit(Dropped, rule.ICMPNoRoute, noSock)
			return
		}
		m.Src = r.src
	}
	m.ICMP = ICMP{Type: icmp6EchoReply, Code: p.ICMP.Code, MTU: p.ICMP.MTU}
	m.plain(hopLimit6)
	m.Flow = h.reflected(p, reflectEcho)
	h.sendICMP(&m, rule.ICMPReply)
}
