package sock

import (
	"bytes"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// How long an ICMP error may be, octets: no longer than the way's MTU either in
// IPv4, and the least MTU in IPv6 (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4).
const (
	icmpErrorMost4 = 576
	icmpErrorMost6 = 1280
)

// internetControl is the precedence of ICMP errors (IPTOS_PREC_INTERNETCONTROL).
const internetControl = 0xc0

// portUnreachable answers a datagram that no socket wants. What follows it in its
// packet has been cut off (__udp4_lib_rcv: pskb_trim_rcsum).
func (h *Host) portUnreachable(p *Packet) {
	b := h.wire(p)
	p.Wire = b[:len(b)-len(h.body(p))+udpHdrLen+len(p.Payload)]
	if p.IPv6() {
		h.icmp6Send(p, ICMPv6DestUnreach, ICMPv6PortUnreach, 0, rule.PortUnreachable)
		return
	}
	h.icmpSend(p, ICMPDestUnreach, ICMPPortUnreach, 0, rule.PortUnreachable)
}

// protoUnreachable answers a packet of a protocol that the host does not have
// and that no RAW socket wants (ip_protocol_deliver_rcu, ip6_protocol_deliver_rcu).
func (h *Host) protoUnreachable(p *Packet) {
	if p.IPv6() {
		h.icmp6Send(p, ICMPv6ParamProb, icmp6UnknownHeader, h.nextHeaderAt(p), rule.ProtoUnreachable)
		return
	}
	h.icmpSend(p, ICMPDestUnreach, icmpProtoUnreach, 0, rule.ProtoUnreachable)
}

// nextHeaderAt is where in the packet the header stands that names its protocol:
// the last extension header, or IPv6's own.
func (h *Host) nextHeaderAt(p *Packet) uint32 {
	b := h.wire(p)
	return uint32(nextHeaderIn(b[:min(len(b), ip6HdrLen+int(p.Ext))]))
}

// nextHeaderIn is where b, which ends with extension headers, names what follows.
func nextHeaderIn(b []byte) int {
	at, off, kind := 6, ip6HdrLen, b[6]
	for off+1 < len(b) { // each takes at least eight octets
		n := 8
		if kind != extFragment {
			n = (int(b[off+1]) + 1) * 8
		}
		at, kind = off, b[off]
		off += n
	}
	return at
}

// icmpSend says that something is wrong with a packet, to whom it came from
// (__icmp_send). RFC 1122 section 3.2.2 names those that nobody may answer so:
// packets to many, ICMP errors. Fragments of IPv4 but the first never come here.
func (h *Host) icmpSend(p *Packet, typ, code uint8, info uint32, why rule.ID) {
	if !h.isLocal(p.Dst) || p.toMany || p.Proto == ProtoICMP && !h.answerable(p) {
		return
	}
	m := h.icmpMessage(p, ICMP{Type: typ, Code: code, MTU: info})
	h.sendICMPError(&m, p, why)
}

// icmpMessage is an ICMP error about p, without addresses. RT_TOS leaves a bit of
// ECN's in.
func (h *Host) icmpMessage(p *Packet, is ICMP) Packet {
	tos := (p.TOS|uint8(p.Seg.ECN))&0x1e | internetControl
	m := Packet{Proto: ProtoICMP, TTL: uint8(h.sysctl.get(ctlDefaultTTL)), TOS: tos &^ 3, NoDF: true, ICMP: is}
	m.Seg.ECN = tcpstate.ECN(tos & 3)
	return m
}

// answerable reports whether an ICMP message may draw an error: one that is none
// itself, of a type that is known (icmp_pointers).
func (h *Host) answerable(p *Packet) bool {
	b := h.body(p)
	return len(b) > 0 && b[0] <= icmpMaxType && !ICMPError4(b[0])
}

// icmp6Send is icmpSend for IPv6 (icmp6_send). Nobody answers what came from no
// single host either, nor any ICMPv6 error.
func (h *Host) icmp6Send(p *Packet, typ, code uint8, info uint32, why rule.ID) {
	if !h.stays(p.Dst) || p.Src.IsUnspecified() || p.Src.IsMulticast() || h.ineligible(p) {
		return
	}
	m := Packet{Proto: ProtoICMPv6, TTL: hopLimit6, ICMP: ICMP{Type: typ, Code: code, MTU: info}}
	h.sendICMPError(&m, p, why)
}

// ineligible is is_ineligible: an ICMPv6 error, or one whose type was cut off and
// that is no fragment.
func (h *Host) ineligible(p *Packet) bool {
	b := h.wire(p)
	proto, off, ok := skipQuotedExtensions(b)
	if !ok || proto != ProtoICMPv6 {
		return false
	}
	if len(b) <= off {
		return p.Proto != extFragment
	}
	return ICMPError6(b[off])
}

// sendICMPError sends the ICMP error m about p to whom p came from, with as much of
// p as may be quoted, unless there were too many of late.
func (h *Host) sendICMPError(m, p *Packet, why rule.ID) {
	if !h.allowICMP(p, p.Src, m.ICMP.Type, m.ICMP.Code) {
		h.emit(Dropped, rule.ICMPLimited, noSock)
		return
	}
	m.Src, m.Dst = p.Dst, p.Src
	if !h.stays(m.Src) { // of a packet of our own
		m.Src = p.Src
	}
	r, ok := h.icmpRoute(m.Dst, m.Src)
	if !ok {
		return
	}
	most, read := icmpErrorMost6, m.ICMP.Quote.Read6
	if !p.IPv6() {
		most, read = min(icmpErrorMost4, int(r.mtu)), m.ICMP.Quote.Read4
	}
	quote := h.wire(p)
	m.Payload = quote[:min(len(quote), most-h.headerLen(m))]
	read(m.Payload)
	h.sendICMPBy(&r, m, why)
}

// hopLimit6 is net.ipv6.conf.*.hop_limit.
const hopLimit6 = 64

// sendICMP lets a message of the host's own leave, if there is a way.
func (h *Host) sendICMP(m *Packet, why rule.ID) {
	r, ok := h.icmpRoute(m.Dst, m.Src)
	if !ok {
		return
	}
	h.sendICMPBy(&r, m, why)
}

// icmpRoute is the way for a message of the host's own; false if there is none.
func (h *Host) icmpRoute(dst, src netip.Addr) (route, bool) {
	r, err := h.routeTo(dst, src, via{})
	if err != 0 {
		h.emit(Dropped, rule.ICMPNoRoute, noSock)
	}
	return r, err == 0
}

// sendICMPBy lets a message leave by a way, in parts if it is longer than that takes.
func (h *Host) sendICMPBy(r *route, m *Packet, why rule.ID) {
	if m.NoDF {
		m.ID = h.nextID()
	}
	m.truesize = sentTruesize(h.headerLen(m), len(m.Payload))
	h.putLabel(nil, m, m.Flow, 0)
	if m.Proto == ProtoICMP && m.ICMP == (ICMP{}) && len(bytes.Trim(m.Payload, "\x00")) == 0 {
		h.unsummed(m)
	}
	cuts := h.cut(m, int(r.mtu), int(r.mtu))
	for i := range cuts {
		h.transmit(&cuts[i], cutRule(cuts, why), noSock)
	}
}

// unsummed makes m, an echo reply of nothing but zeros, what Linux sends: with a checksum of 0, which is wrong, since its sum begins with
// all ones (icmp_push_reply, csum_partial_copy_nocheck).
func (h *Host) unsummed(m *Packet) {
	m.Wire = nil
	b := h.wire(m)
	clear(b[ip4HdrLen+2 : ip4HdrLen+4])
	m.Opaque = true
}

// nextID is the identification of a packet that may be fragmented
// (__ip_select_ident, which starts from a hash and counts).
func (h *Host) nextID() uint16 {
	h.ipID++
	return h.ipID
}
