package script

import (
	"strconv"
	"strings"
)

// icmpType is a type that scripts can name, with the codes that have names (Google's icmp_packet.c). The tables keep the order of
// their numbers, for messages.
type icmpType struct {
	name   string
	number uint8
	codes  []icmpCode
}

type icmpCode struct {
	name   string
	number uint8
}

// icmpV4 are the types of RFC 792 and the codes of RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1.
var icmpV4 = []icmpType{
	{"echo_reply", 0, nil},
	{"unreachable", 3, []icmpCode{
		{"net_unreachable", 0}, {"host_unreachable", 1}, {"protocol_unreachable", 2}, {"port_unreachable", 3},
		{"frag_needed", 4}, {"source_route_failed", 5}, {"net_unknown", 6}, {"host_unknown", 7}, {"source_host_isolated", 8},
		{"net_prohibited", 9}, {"host_prohibited", 10}, {"net_unreachable_for_tos", 11}, {"host_unreachable_for_tos", 12},
		{"packet_filtered", 13}, {"precedence_violation", 14}, {"precedence_cutoff", 15},
	}},
	{"source_quench", 4, nil},
	{"redirect", 5, nil},
	{"echo_request", 8, nil},
	{"time_exceeded", 11, []icmpCode{{"exceeded_ttl", 0}, {"exceeded_frag_time", 1}}},
	{"parameter_problem", 12, nil},
	{"timestamp_request", 13, nil},
	{"timestamp_reply", 14, nil},
	{"information_request", 15, nil},
	{"information_reply", 16, nil},
	{"address_mask_request", 17, nil},
	{"address_mask_reply", 18, nil},
}

// icmpV6 are the types and codes of RFC 4443.
var icmpV6 = []icmpType{
	{"unreachable", 1, []icmpCode{
		{"net_unreachable", 0}, {"no_route", 0}, {"admin_prohibited", 1}, {"not_neighbour", 2}, {"address_unreachable", 3},
		{"port_unreachable", 4},
	}},
	{"packet_too_big", 2, nil},
	{"time_exceeded", 3, []icmpCode{{"exceeded_hop_limit", 0}, {"exceeded_frag_time", 1}}},
	{"parameter_problem", 4, []icmpCode{{"header_field", 0}, {"unknown_next_header", 1}, {"unknown_option", 2}, {"header_incomplete", 3}}},
	{"echo_request", 128, nil},
	{"echo_reply", 129, nil},
}

// Numbers is the message's type and code on the wire, for ICMPv6 if v6 is set and for ICMPv4 otherwise. It is not ok if that version has no such
// name. Without a code name the code is 0.
func (m *ICMP) Numbers(v6 bool) (typ, code uint8, ok bool) {
	if v6 {
		return lookUpICMP(icmpV6, m.Type, m.Code)
	}
	return lookUpICMP(icmpV4, m.Type, m.Code)
}

func lookUpICMP(table []icmpType, name, codeName string) (typ, code uint8, ok bool) {
	if n, ok := numbered(name, "type_"); ok {
		table = []icmpType{{name: name, number: n}}
	}
	for _, t := range table {
		if t.name != name {
			continue
		}
		if codeName == "" {
			return t.number, 0, true
		}
		if n, ok := numbered(codeName, "code_"); ok {
			return t.number, n, true
		}
		for _, c := range t.codes {
			if c.name == codeName {
				return t.number, c.number, true
			}
		}
	}
	return 0, 0, false
}

// numbered is the number of what has no name: type_9, code_15.
func numbered(name, prefix string) (uint8, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	n, err := strconv.ParseUint(digits, 10, 8)
	return uint8(n), ok && err == nil
}

// icmpNumbers looks in both versions: the parser does not know which one a script is for.
func icmpNumbers(name, codeName string) (typ, code uint8, ok bool) {
	if typ, code, ok = lookUpICMP(icmpV4, name, codeName); ok {
		return typ, code, ok
	}
	return lookUpICMP(icmpV6, name, codeName)
}

func icmpKnown(name string) bool {
	_, _, ok := icmpNumbers(name, "")
	return ok
}

// icmpTypeNames lists the types of both versions for a message.
func icmpTypeNames() string {
	var names []string
	for _, t := range icmpV4 {
		names = append(names, t.name)
	}
	return strings.Join(append(names, "packet_too_big"), ", ")
}
