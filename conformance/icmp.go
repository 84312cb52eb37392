package conformance

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// icmpType is one ICMP type by Google's name: its number in each family and the names of its codes. A number below 0 means that
// the family has no such type.
type icmpType struct {
	name    string
	v4, v6  int
	codesV4 map[string]uint8
	codesV6 map[string]uint8
}

// icmpTypes are the messages of RFC 792, RFC 1812 section 5.2.7.1 and RFC 4443 under the names of icmp_packet.c.
var icmpTypes = []icmpType{
	{name: "unreachable", v4: 3, v6: 1,
		codesV4: map[string]uint8{
			"net_unreachable": 0, "host_unreachable": 1, "protocol_unreachable": 2, "port_unreachable": 3, "frag_needed": 4,
			"source_route_failed": 5, "net_unknown": 6, "host_unknown": 7, "source_host_isolated": 8, "net_prohibited": 9,
			"host_prohibited": 10, "net_unreachable_for_tos": 11, "host_unreachable_for_tos": 12, "packet_filtered": 13,
			"precedence_violation": 14, "precedence_cutoff": 15},
		codesV6: map[string]uint8{
			"net_unreachable": 0, "no_route": 0, "admin_prohibited": 1, "not_neighbour": 2, "address_unreachable": 3,
			"port_unreachable": 4}},
	{name: "packet_too_big", v4: -1, v6: 2},
	{name: "time_exceeded", v4: 11, v6: 3, codesV4: map[string]uint8{"exceeded_ttl": 0, "exceeded_frag_time": 1},
		codesV6: map[string]uint8{"exceeded_hop_limit": 0, "exceeded_frag_time": 1}},
	{name: "parameter_problem", v4: 12, v6: 4,
		codesV6: map[string]uint8{"header_field": 0, "unknown_next_header": 1, "unknown_option": 2, "header_incomplete": 3}},
	{name: "echo_reply", v4: 0, v6: 129},
	{name: "echo_request", v4: 8, v6: 128},
	{name: "source_quench", v4: 4, v6: -1},
	{name: "redirect", v4: 5, v6: -1},
	{name: "timestamp_request", v4: 13, v6: -1},
	{name: "timestamp_reply", v4: 14, v6: -1},
	{name: "information_request", v4: 15, v6: -1},
	{name: "information_reply", v4: 16, v6: -1},
	{name: "address_mask_request", v4: 17, v6: -1},
	{name: "address_mask_reply", v4: 18, v6: -1},
}

// icmpNumbers resolves a script's type and code; type_N and code_N give numbers directly.
func icmpNumbers(m *script.ICMP, v6 bool) (typ, code uint8, err error) {
	var codes map[string]uint8
	if _, e := fmt.Sscanf(m.Type, "type_%d", &typ); e != nil {
		found := false
		for _, t := range icmpTypes {
			n := t.v4
			codes = t.codesV4
			if v6 {
				n, codes = t.v6, t.codesV6
			}
			if t.name == m.Type && n >= 0 {
				typ, found = uint8(n), true
				break
			}
		}
		if !found {
			return 0, 0, fmt.Errorf("ICMP type %q, which this IP version does not have", m.Type)
		}
	}
	if m.Code == "" {
		return typ, 0, nil
	}
	if _, e := fmt.Sscanf(m.Code, "code_%d", &code); e == nil {
		return typ, code, nil
	}
	code, ok := codes[m.Code]
	if !ok {
		return 0, 0, fmt.Errorf("ICMP code %q, which type %s does not have", m.Code, m.Type)
	}
	return typ, code, nil
}

// buildICMP fills in the ICMP header.
func (e *engine) buildICMP(m *script.ICMP, s *segment) (err error) {
	v6 := e.cfg.version == ipv6
	s.proto = sock.ProtoICMP
	if v6 {
		s.proto = sock.ProtoICMPv6
	}
	if s.icmpType, s.icmpCode, err = icmpNumbers(m, v6); err != nil {
		return e.failf("icmp", "a message that exists", err.Error())
	}
	if m.HasMTU {
		s.icmpWord |= uint32(m.MTU) // the next hop's: the low half in RFC 1191's form, the whole word in RFC 4443's
	}
	if m.HasID {
		s.icmpWord |= uint32(m.ID) << 16
	}
	if m.Echo == script.EchoRaw && m.Len > 8 {
		s.payload = make([]byte, m.Len-8)
	}
	return nil
}

// quote appends the headers of the packet that an ICMP message is about: one that the stack sent on this connection, its IP header
// and eight octets more (RFC 792). A script that names none means a TCP segment at the initial sequence number.
func (e *engine) quote(c *conn, m *script.ICMP, s *segment) error {
	if m.Echo == script.EchoRaw {
		return nil
	}
	q := &segment{proto: sock.ProtoTCP, ttl: defaultTTL, src: s.dst, dst: s.src}
	q.sport, q.dport = portOr(c.live.local, e.cfg.bindPort), portOr(c.live.remote, e.cfg.connectPort)
	octets := put16(nil, q.sport, q.dport)
	transport := 20
	if m.Echo == script.EchoUDP {
		q.proto, transport = sock.ProtoUDP, 8
		octets = put16(octets, 8+m.Len, 0)
	} else {
		octets = binary.BigEndian.AppendUint32(octets, m.Seq+c.localOffset(false))
	}
	s.payload = append(q.ipBytes(transport+int(m.Len)), octets...)
	return nil
}

func portOr(ap netip.AddrPort, port uint16) uint16 {
	if ap.IsValid() {
		return ap.Port()
	}
	return port
}
