package conformance

import (
	"bytes"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// compare checks a packet that came against the one expected, both in the script's numbers (verify_outbound_live_packet). What
// the script leaves open - window, traffic class, TTL, flow label, options under <...> - is not looked at.
func (e *engine) compare(c *conn, p *script.Packet, want, got *segment) error {
	what := ""
	switch {
	case got.proto != want.proto:
		what = "protocol"
	case got.v6() != (e.cfg.version == ipv6):
		what = "IP version"
	case !sameTOS(&p.IP, got.tos):
		what = "traffic class"
	case p.IP.HasTTL && got.ttl != p.IP.TTL:
		what = "ttl"
	case p.IP.HasFrag:
		if what = c.compareFragment(p, want, got); what == "" {
			return nil
		}
	case p.TCP != nil:
		what = compareTCP(p.TCP, want, got)
	case p.ICMP != nil && got.icmpType != want.icmpType:
		what = "icmp_type"
	case p.ICMP != nil && got.icmpCode != want.icmpCode:
		what = "icmp_code"
	case p.ICMP != nil && p.ICMP.HasID && uint16(got.icmpWord>>16) != p.ICMP.ID:
		what = "icmp_id"
	case p.ICMP != nil && p.ICMP.HasMTU && got.icmpWord != want.icmpWord:
		what = "icmp_mtu"
	case p.ICMP != nil && p.ICMP.Echo == script.EchoUDP && !got.quotesUDP(int(p.ICMP.Len)):
		what = "icmp quote"
	}
	if what == "" && p.ICMP == nil && !bytes.Equal(got.payload, want.payload) {
		what = "payload octets"
	}
	if what == "" && p.IP.HasFlowLabel {
		what = c.compareFlow(p.IP.FlowLabel, got.flow)
	}
	if what != "" {
		return e.differs(what, p, want, got)
	}
	if p.TCP != nil && !p.TCP.AnyOptions {
		return e.compareOptions(p, want, got)
	}
	return nil
}

// leavesPayload tells that a script does not say how long an ICMP message is: how much of a packet an error quotes is the
// stack's affair (RFC 1122 section 3.2.2). Only [raw (len)] does.
func leavesPayload(p *script.Packet) bool { return p.ICMP != nil && p.ICMP.Echo != script.EchoRaw }

// quotesUDP reports whether an ICMP error quotes a datagram of n octets.
func (s *segment) quotesUDP(n int) bool {
	b := s.payload
	if len(b) < 1 {
		return false
	}
	proto, at := 9, int(b[0]&15)*4
	if s.v6() {
		proto, at = 6, 40
	}
	return len(b) >= at+8 && at >= 20 && b[proto] == sock.ProtoUDP && int(be16(b[at+4:])) == 8+n
}

// compareTCP names the first header field that differs.
func compareTCP(t *script.TCP, want, got *segment) string {
	for _, f := range [...]struct {
		bit  script.Flags
		name string
	}{{script.FIN, "tcp_fin"}, {script.SYN, "tcp_syn"}, {script.RST, "tcp_rst"}, {script.PSH, "tcp_psh"},
		{script.ACK, "tcp_ack"}, {script.URG, "tcp_urg"}, {script.ECE, "tcp_ece"}, {script.CWR, "tcp_cwr"}, {script.AE, "tcp_ae"}} {
		if got.flags.Has(f.bit) != want.flags.Has(f.bit) {
			return f.name
		}
	}
	switch {
	case got.reserved != 0:
		return "tcp_reserved_bits"
	case got.seq != want.seq:
		return "tcp_seq"
	case got.ack != want.ack:
		return "tcp_ack_seq"
	case t.HasWindow && got.window != want.window:
		return "tcp_window"
	case got.urgent != want.urgent:
		return "tcp_urg_ptr"
	}
	return ""
}

// sameTOS compares as much of the traffic class as the script states.
func sameTOS(ip *script.IPSpec, got uint8) bool {
	ecn := got & 3
	switch ip.ECN {
	case script.ECNNotStated:
		return true
	case script.ECT01:
		return ecn == 1 || ecn == 2
	case script.WholeTOS:
		return got == ip.TOS
	}
	return ecn == tosOf(ip)
}

// compareFlow checks flow labels by their changes: the stack draws them at random, so a script's numbers only say which packets
// share one (verify_outbound_live_ipv6_flowlabel).
func (c *conn) compareFlow(written, live uint32) string {
	switch {
	case live == 0:
		return "flow label, absent"
	case c.flowScript == 0 || written != c.flowScript && live != c.flowLive:
		c.flowScript, c.flowLive = written, live
		return ""
	case written == c.flowScript && live == c.flowLive:
		return ""
	case written == c.flowScript:
		return "flow label, changed"
	}
	return "flow label, unchanged"
}

// compareOptions walks both option lists side by side.
func (e *engine) compareOptions(p *script.Packet, want, got *segment) error {
	a, b := splitOptions(want.options), splitOptions(got.options)
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i].kind() != b[i].kind() {
			return e.differs("TCP options", p, want, got)
		}
		if !e.sameOption(a[i], b[i]) {
			return e.differs("TCP option "+a[i].String(), p, want, got)
		}
	}
	return nil
}

// sameOption compares two options of one kind. A TS val is the stack's own clock and counts only under --tcp_ts_tick_usecs.
func (e *engine) sameOption(want, got wireOption) bool {
	if want.kind() != kindTS || len(want) != 10 || len(got) != 10 {
		return bytes.Equal(want, got)
	}
	if !bytes.Equal(want[6:], got[6:]) {
		return false
	}
	if e.cfg.tsTick == 0 {
		return true
	}
	off := int64(int32(be32(want[2:]) - be32(got[2:])))
	// The stack's clock may have drifted ever since the script began.
	tolerance := max(e.cfg.tolerance, int64(e.cfg.tolerancePercent/100*float64(e.cur.at)))
	return max(off, -off)*e.cfg.tsTick <= tolerance
}

func be32(b []byte) uint32 {
	return uint32(be16(b))<<16 | uint32(be16(b[2:]))
}
