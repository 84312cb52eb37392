package sock

import "github.com/sockspec/sockspec/tcpstate"

// dscp is what a request was asked with: by its SYN (syn_tos), and by the
// segment that is answered.
type dscp struct{ syn, segment uint8 }

// answerTOS is the DSCP of what a request answers: a SYN-ACK has its listener's,
// or the SYN's if sysctl tcp_reflect_tos says so (tcp_v4_send_synack), anything
// else that of the segment (tcp_v4_reqsk_send_ack, tcp_v4_send_reset); in IPv6 too.
func (h *Host) answerTOS(s *sock, seg *tcpstate.Segment, d dscp, ipv6 bool) uint8 {
	switch {
	case !seg.Flags.Has(tcpstate.SYN):
		return d.segment
	case h.sysctl.on(ctlTCPReflectTos):
		return d.syn
	}
	return s.tos(ipv6)
}

// answerTTL is its hop limit: only a SYN-ACK is the listener's own, the rest is
// sent for nobody (ip_send_unicast_reply).
func (h *Host) answerTTL(s *sock, seg *tcpstate.Segment, ipv6 bool) uint8 {
	if seg.Flags.Has(tcpstate.SYN) {
		return h.ttl(s, ipv6)
	}
	return h.ownTTL(ipv6)
}

// reflectTOS gives a listener's new connection the DSCP of the SYN that made it,
// as its option says from then on (tcp_v4_syn_recv_sock, tcp_v6_syn_recv_sock).
func (h *Host) reflectTOS(c *sock, af *afOps, syn uint8) {
	switch {
	case !h.sysctl.on(ctlTCPReflectTos):
	case af.ipv6:
		c.opt.tclass = int32(syn)
	default:
		c.opt.tos = int32(syn)
	}
}
