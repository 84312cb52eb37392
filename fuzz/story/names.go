package story

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/sock"
)

// levels are the names that scripts use.
var levels = map[string]string{"IPPROTO_IP": "SOL_IP", "IPPROTO_IPV6": "SOL_IPV6", "IPPROTO_TCP": "SOL_TCP", "IPPROTO_UDP": "SOL_UDP"}

// options are the names of all options, by level and number.
var options = func() map[[2]int32]string {
	numbers := map[string]int32{"SOL_SOCKET": sock.SOL_SOCKET, "IPPROTO_IP": sock.SOL_IP, "IPPROTO_IPV6": sock.SOL_IPV6, "IPPROTO_TCP": sock.SOL_TCP,
		"IPPROTO_UDP": sock.SOL_UDP, "SOL_RAW": sock.SOL_RAW, "SOL_ICMPV6": sock.SOL_ICMPV6}
	names := map[[2]int32]string{}
	for _, o := range sock.Options() {
		level := o.Level
		if short, ok := levels[level]; ok {
			level = short
		}
		if strings.HasSuffix(o.Name, "_POLICY") { // IPsec's, which scripts know by number
			continue
		}
		names[[2]int32{numbers[o.Level], o.Number}] = level + ", " + strings.TrimSuffix(o.Name, "_OLD")
	}
	return names
}()

// optionNames are an option's level and its own name, as far as scripts know it.
func optionNames(level, name int32) string {
	if n, ok := options[[2]int32{level, name}]; ok {
		return n
	}
	return fmt.Sprintf("%d, %d", level, name)
}

// What scripts write for their own addresses, and for the family that they are of.
var (
	shorter4 = [][2]string{
		{"socket(2, ", "socket(..., "},
		{`{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("192.168.0.1")}, 16`, "..., ..."},
		{`{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("192.0.2.1")}, 16`, "..., ..."},
		{"fcntl(3, 4, 2048)", "fcntl(3, F_SETFL, O_NONBLOCK)"},
	}
	shorter6 = [][2]string{
		{`{sa_family=AF_INET6, sin6_port=htons(8080), sin6_addr=inet_addr("fd00::1")}, 28`, "..., ..."},
		{`{sa_family=AF_INET6, sin6_port=htons(8080), sin6_addr=inet_addr("fd00::2")}, 28`, "..., ..."},
		{"fcntl(3, 4, 2048)", "fcntl(3, F_SETFL, O_NONBLOCK)"},
	}
)

// icmpNames are those of errors and of echoes, by type and code.
var icmpNames = map[[2]uint8]string{
	{3, 0}: "unreachable net_unreachable", {3, 1}: "unreachable host_unreachable", {3, 2}: "unreachable protocol_unreachable", {3, 3}: "unreachable port_unreachable",
	{3, 4}: "unreachable frag_needed", {3, 5}: "unreachable source_route_failed", {3, 6}: "unreachable net_unknown", {3, 7}: "unreachable host_unknown",
	{3, 8}: "unreachable source_host_isolated", {3, 9}: "unreachable net_prohibited", {3, 10}: "unreachable host_prohibited",
	{3, 11}: "unreachable net_unreachable_for_tos", {3, 12}: "unreachable host_unreachable_for_tos", {3, 13}: "unreachable packet_filtered",
	{3, 14}: "unreachable precedence_violation", {3, 15}: "unreachable precedence_cutoff",
	{4, 0}: "source_quench", {5, 0}: "redirect", {11, 0}: "time_exceeded exceeded_ttl", {11, 1}: "time_exceeded exceeded_frag_time", {12, 0}: "parameter_problem",
	{8, 0}: "echo_request", {0, 0}: "echo_reply", {13, 0}: "timestamp_request", {14, 0}: "timestamp_reply", {15, 0}: "information_request",
	{16, 0}: "information_reply", {17, 0}: "address_mask_request", {18, 0}: "address_mask_reply",
}

// icmp6Names are those of IPv6.
var icmp6Names = map[[2]uint8]string{
	{1, 0}: "unreachable no_route", {1, 1}: "unreachable admin_prohibited", {1, 2}: "unreachable not_neighbour", {1, 3}: "unreachable address_unreachable", {1, 4}: "unreachable port_unreachable",
	{2, 0}: "packet_too_big", {3, 0}: "time_exceeded exceeded_hop_limit", {128, 0}: "echo_request", {129, 0}: "echo_reply",
	{3, 1}: "time_exceeded exceeded_frag_time", {4, 0}: "parameter_problem header_field", {4, 1}: "parameter_problem unknown_next_header", {4, 2}: "parameter_problem unknown_option", {4, 3}: "parameter_problem header_incomplete",
}
