package rule

// The rules of sockets of datagrams.
const (
	UDPSent ID = dgramBase + iota
	UDPQueued
	UDPNoPort
	UDPChecksum
	UDPRcvbuf
	UDPIgnoredMulti
	UDPError
	PortUnreachable
)

var dgramRules = [...]Rule{
	{"udp-sent", "RFC 768", "udp_send_skb: UDP_MIB_OUTDATAGRAMS", "a datagram leaves as it was sent"},
	{"udp-queued", "RFC 768", "__udp_enqueue_schedule_skb", "a datagram waits in its socket's queue"},
	{"udp-no-port", "RFC 1122 4.1.3.1", "__udp4_lib_rcv: UDP_MIB_NOPORTS", "a datagram for no socket is dropped"},
	{"UDP_CSUM", "RFC 1122 4.1.3.4", "__udp4_lib_rcv: UDP_MIB_CSUMERRORS", "a datagram with a wrong checksum is dropped, over IPv6 also one without"},
	{"SOCKET_RCVBUFF", "", "__udp_enqueue_schedule_skb: UDP_MIB_RCVBUFERRORS", "a datagram that finds the receive buffer full is dropped"},
	{"udp-ignored-multi", "RFC 1122 4.1.3.1", "__udp4_lib_mcast_deliver: UDP_MIB_IGNOREDMULTI", "a datagram to many that nobody wants is dropped, and not answered"},
	{"udp-error", "RFC 1122 4.1.3.3", "__udp4_lib_err", "an ICMP error becomes the pending error of the socket that sent"},
	{"port-unreachable", "RFC 1122 3.2.2.1", "icmp_send", "a datagram to a port that nobody has is answered with ICMP port unreachable"},
}
