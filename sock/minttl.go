package sock

import "github.com/sockspec/sockspec/tcpstate/rule"

// fromAfar drops a packet whose TTL is below the socket's IP_MINTTL, or below
// IPV6_MINHOPCOUNT: it can't come from as near as the peer is (RFC 5082;
// tcp_v4_rcv, tcp_v6_rcv). The packet that completes a handshake is not asked.
func (h *Host) fromAfar(s *sock, p *Packet) bool {
	least := s.opt.minTTL
	if p.IPv6() {
		least = s.opt.minHops
	}
	if int32(p.TTL) >= least {
		return false
	}
	h.count[MibTCPMinTTLDrop]++
	h.emit(Dropped, rule.MinTTL, s.id)
	return true
}
