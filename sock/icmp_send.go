package sock

import "github.com/sockspec/sockspec/tcpstate/rule"

// How much of a packet an ICMP error quotes, octets: what fits 576 in IPv4, and
// the least MTU in IPv6 (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4).
const (
	quoteMost  = 576 - ip4HdrLen - icmpHdrLen
	quoteMost6 = 1280 - ip6HdrLen - icmpHdrLen
)

// portUnreachable answers a datagram that nobody wants, unless it was for many
// or from nobody in particular (icmp_send, icmp6_send; RFC 1122 section 3.2.2).
func (h *Host) portUnreachable(p *Packet) {
	if !h.isLocal(p.Dst) || p.Src.IsUnspecified() || p.Src.IsMulticast() {
		return
	}
	quote, most := h.wire(p), quoteMost
	m := Packet{
		Src: p.Dst, Dst: p.Src, Proto: ProtoICMP, TTL: 64,
		ICMP: ICMP{Type: ICMPDestUnreach, Code: ICMPPortUnreach, Quote: Quote{
			Src: p.Src, Dst: p.Dst, SrcPort: p.SrcPort, DstPort: p.DstPort, Proto: p.Proto,
		}},
	}
	if p.IPv6() {
		most = quoteMost6
		m.Proto, m.ICMP.Type, m.ICMP.Code = ProtoICMPv6, ICMPv6DestUnreach, ICMPv6PortUnreach
	}
	m.Payload = quote[:min(len(quote), most)]
	h.transmit(&m, rule.PortUnreachable, noSock)
}
