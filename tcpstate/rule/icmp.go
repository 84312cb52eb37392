package rule

// The rules of the ICMP messages that a host answers and sends.
const (
	ICMPReply ID = icmpBase + iota
	ICMPEchoIgnored
	ICMPToMany
	ICMPDiscarded
	ICMPLimited
	ICMPNoRoute
	ProtoUnreachable
	PingNoSocket
)

var icmpRules = [...]Rule{
	{"icmp-reply", "RFC 1122 3.2.2.6", "icmp_reply, icmpv6_echo_reply", "a request for an echo or the time of day is answered"},
	{"icmp-echo-ignored", "", "icmp_echo: icmp_echo_ignore_all", "with the sysctl set no request for an echo is answered"},
	{"icmp-to-many", "RFC 1122 3.2.2.6", "icmp_rcv: icmp_echo_ignore_broadcasts", "an ICMP message to a group or a broadcast address is dropped, unless it asks and the sysctl lets it"},
	{"icmp-discarded", "RFC 1122 3.2.2", "icmp_discard", "an ICMP message that no part of the host wants is dropped"},
	{"icmp-limited", "RFC 1812 4.3.2.8", "icmpv4_xrlim_allow, icmp_global_allow", "the host sends no more ICMP messages than its limits allow"},
	{"icmp-no-route", "", "icmp_route_lookup", "an ICMP message that has no way to go is not sent"},
	{"protocol-unreachable", "RFC 1122 3.2.2.1", "ip_protocol_deliver_rcu: ICMP_PROT_UNREACH", "a packet of a protocol that nobody here has draws an ICMP error"},
	{"ping-no-socket", "", "ping_rcv: NO_SOCKET", "an echo reply that no socket asked for is dropped"},
}
