package sock

import "github.com/sockspec/sockspec/tcpstate/rule"

// fromAfar drops a packet whose TTL is below the socket's IP_MINTTL, or below
// IPV6_MINHOPCOUNT: it can't come from as near as the peer is (RFC 5082;
// tcp_v4_rcv, tcp_v6_rcv). The packet that completes a handshake is not asked.
func (h *Host) fromAfar(s *sock, p *Packet) bool { return h.tooFar(s, p, p.TTL) }

// errorFromAfar drops an ICMP error for a connection: over IPv4 the header that it
// quotes is asked (tcp_v4_err), over IPv6 its own (tcp_v6_err).
func (h *Host) errorFromAfar(s *sock, p *Packet) bool {
	const at = icmpHdrLen + 8 // where IPv4's header has it
	ttl := p.TTL
	if b := h.body(p); !p.IPv6() && len(b) > at {
		ttl = b[at]
	}
	return h.tooFar(s, p, ttl)
}

func (h *Host) tooFar(s *sock, p *Packet, ttl uint8) bool {
	least := s.opt.minTTL
	if p.IPv6() {
		least = s.opt.minHops
	}
	if int32(ttl) >= least {
		return false
	}
	h.count[MibTCPMinTTLDrop]++
	h.emit(Dropped, rule.MinTTL, s.id)
	return true
}
