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
	PingQueued
	PingSent
	RawSent
	RawQueued
	RawRcvbuf
	RawChecksum
	RawBadHeader
	RawError
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
	{"ping-queued", "", "ping_rcv", "an echo reply waits in the queue of the socket that asked"},
	{"ping-sent", "", "ping_v4_sendmsg", "an echo request leaves with the socket's number as its identifier"},
	{"raw-sent", "", "raw_sendmsg", "a packet that a RAW socket made leaves as it is"},
	{"raw-queued", "", "raw_rcv", "a packet waits in the queue of each RAW socket of its protocol, whoever else takes it"},
	{"raw-rcvbuf", "", "raw_v4_input: sk_drops", "a packet that finds a RAW socket's receive buffer full is lost to it"},
	{"raw-checksum", "RFC 3542 3.1", "rawv6_rcv_skb: SKB_CSUM", "a RAW socket of IPv6 that wants checksums checked does not get a packet with a wrong one"},
	{"raw-bad-header", "", "ip_rcv_core: IP_INHDR", "a packet to ourselves whose header the program made wrong is dropped"},
	{"raw-error", "", "raw_err", "an ICMP error becomes the pending error of each RAW socket that it concerns"},
}
