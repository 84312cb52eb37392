package rule

// The socket layer's rules, and those of LISTEN and of requests.
const (
	// NoSocket: a segment for which no socket is found is answered with RST.
	NoSocket ID = sockBase + iota
	// What LISTEN does with a segment that no request accounts for.
	ListenRST
	ListenACK
	ListenOther
	ListenSynFin
	// Requests.
	RequestMade
	RequestComplete
	RequestBadAck
	RequestOverWindow
	RequestPAWS
	RequestTSECR
	RequestReset
	RequestChallenge
	RequestNoAck
	RequestLimited
	SynAgain
	SynAckAgain
	RequestExpired
	DeferAccept
	RequestUnreachable
	RequestICMPIgnored
	// Queues of a listener.
	SynCookie
	CookieAccepted
	SynQueueFull
	SynOverflow
	ListenOverflow
	AbortOnOverflow
	ListenStop
	Migrated
	MinTTL
	TimeWaitReused
	// Segments and messages that reach nobody.
	Martian
	NotForUs
	NoRoute
	NotTCP
	BadTransport
	ICMPNoSocket
	ICMPIgnored
	// Calls.
	CallReturns
	CallFails
	CallParks
	ThreadBusy
	SecurityRefuses
	CgroupRefuses
	NoMemory
	SocketFilter
	SecurityHook
	ThreadGone
	ThreadEnds
	Woken
)

var sockRules = [...]Rule{
	{"NO_SOCKET", "RFC 9293 3.10.7.1", "tcp_v4_rcv: no_tcp_socket", "a segment for no socket is dropped, and answered with RST unless it is one"},
	{"listen-rst", "RFC 9293 3.10.7.2", "tcp_rcv_state_process: TCP_LISTEN", "LISTEN drops a RST"},
	{"listen-ack", "RFC 9293 3.10.7.2", "tcp_rcv_state_process: TCP_LISTEN", "LISTEN answers an ACK with RST"},
	{"listen-other", "RFC 9293 3.10.7.2", "tcp_rcv_state_process: TCP_LISTEN", "LISTEN drops what is neither RST, ACK nor SYN"},
	{"listen-syn-fin", "", "tcp_rcv_state_process: TCP_LISTEN", "LISTEN drops a SYN that carries FIN"},
	{"request-made", "RFC 9293 3.10.7.2", "tcp_conn_request", "a SYN to a listener with room becomes a request in the SYN queue"},
	{"request-complete", "RFC 9293 3.10.7.4", "tcp_check_req: syn_recv_sock", "the ACK of the SYN-ACK makes the request a connection"},
	{"request-bad-ack", "RFC 9293 3.10.7.4", "tcp_check_req", "an ACK of anything but the SYN-ACK is reset and the request stays"},
	{"request-over-window", "RFC 9293 3.10.7.4", "tcp_check_req: TCP_OVERWINDOW", "a segment outside the window is answered with an ACK and dropped"},
	{"request-paws", "RFC 7323 5.3", "tcp_check_req: TCP_RFC7323_PAWS", "a segment older than the SYN is answered with an ACK and dropped"},
	{"request-tsecr", "", "tcp_check_req: TCP_RFC7323_TSECR", "a segment that echoes a timestamp no SYN-ACK carried is answered with an ACK and dropped"},
	{"request-reset", "RFC 9293 3.10.7.4", "tcp_check_req: embryonic_reset", "a RST at RCV.NXT or a new SYN in the window ends the request"},
	{"request-challenge", "RFC 5961 3.2", "tcp_check_req", "a RST in the window but not at RCV.NXT is answered with a challenge ACK, and the request stays"},
	{"request-no-ack", "RFC 9293 3.10.7.4", "tcp_check_req", "a segment without ACK is dropped while the handshake lasts"},
	{"request-limited", "", "tcp_oow_rate_limited: TCPACKSkippedSynRecv", "answers to repeated SYNs and bad segments keep tcp_invalid_ratelimit apart"},
	{"syn-again", "RFC 9293 3.10.7.4", "tcp_check_req: tcp_rtx_synack", "a repeated SYN is answered with the SYN-ACK again"},
	{"syn-ack-again", "RFC 6298 2.1", "reqsk_timer_handler", "a SYN-ACK that is not acknowledged is sent again after a doubling time-out"},
	{"request-expired", "", "reqsk_timer_handler: tcp_synack_retries", "a request whose SYN-ACKs are used up is forgotten"},
	{"defer-accept", "", "tcp_check_req: TCPDeferAcceptDrop", "under TCP_DEFER_ACCEPT a bare ACK does not make the connection"},
	{"request-unreachable", "RFC 5461 2", "tcp_req_err", "a hard ICMP error about the SYN-ACK ends the request"},
	{"request-icmp-ignored", "", "tcp_req_err: OutOfWindowIcmps", "an ICMP error about anything but the SYN-ACK, or a soft one, is ignored"},
	{"syn-cookie", "RFC 4987 3.6", "tcp_conn_request: want_cookie", "with the SYN queue full, or always when tcp_syncookies is 2, the SYN-ACK's number is a cookie and nothing is kept"},
	{"cookie-accepted", "RFC 4987 3.6", "cookie_v4_check", "an ACK of a valid cookie makes the connection"},
	{"syn-queue-full", "RFC 4987 3.1", "tcp_conn_request: inet_csk_reqsk_queue_is_full", "a SYN is dropped while the SYN queue is full and no cookie may be sent"},
	{"syn-overflow", "", "tcp_conn_request: ListenOverflows", "a SYN is dropped while the accept queue is full"},
	{"listen-overflow", "", "tcp_check_req: TCP_LISTEN_OVERFLOW", "the completing ACK is ignored while the accept queue is full, and SYN-ACKs go on"},
	{"abort-on-overflow", "", "tcp_check_req: tcp_abort_on_overflow", "with the sysctl set, the completing ACK is reset while the accept queue is full"},
	{"listen-stop", "", "inet_csk_listen_stop", "a listener that closes resets what waits to be accepted and forgets what waits for an ACK"},
	{"migrated", "", "reuseport_migrate_sock: tcp_migrate_req", "what waits at a listener that stops goes to another one of its SO_REUSEPORT group, if the sysctl allows it"},
	{"TCP_MINTTL", "RFC 5082 3", "tcp_v4_rcv: min_ttl", "a packet that comes from farther away than IP_MINTTL or IPV6_MINHOPCOUNT allows is dropped"},
	{"timewait-reused", "RFC 6191", "tcp_twsk_unique", "a connection that this host opens takes the name of a TIME-WAIT that has waited a second, if timestamps tell the two apart"},
	{"martian", "RFC 1122 3.2.1.3", "ip_route_input_slow", "a packet from or to an address that no link can carry is dropped"},
	{"not-for-us", "", "ip_rcv: OTHERHOST", "a packet for an address that is not local is dropped"},
	{"no-route", "", "__ip_queue_xmit: IP_OUTNOROUTES", "a segment that has no way to go any more is not sent"},
	{"not-supported-protocol", "", "ip_local_deliver: IP_NOPROTO", "a packet of a protocol that the host does not have is dropped"},
	{"bad-transport", "RFC 9293 3.1", "tcp_v4_rcv: TCP_CSUM, PKT_TOO_SMALL", "a packet whose transport header or checksum is broken reaches no protocol"},
	{"icmp-no-socket", "", "tcp_v4_err: ICMP_MIB_INERRORS", "an ICMP error about no connection of ours is ignored"},
	{"icmp-ignored", "RFC 5927", "tcp_v4_err", "an ICMP message that means nothing to the connection is ignored"},
	{"call-returns", "", "do_syscall_64", "a system call returns"},
	{"call-fails", "", "do_syscall_64", "a system call is refused"},
	{"call-parks", "", "schedule_timeout", "a system call waits"},
	{"thread-busy", "", "", "a thread that waits in one call can't make another"},
	{"security-refuses", "", "security_socket_create and its like", "a security module refuses, and nothing happens"},
	{"cgroup-refuses", "", "BPF_CGROUP_RUN_PROG_INET_SOCK and its like", "a program of the caller's cgroup refuses"},
	{"no-memory", "", "sock_alloc, sk_alloc, inet_reqsk_alloc", "there is no memory for what is wanted"},
	{"SOCKET_FILTER", "", "sk_filter_trim_cap", "a packet of which the socket's BPF program keeps nothing is dropped"},
	{"SECURITY_HOOK", "", "security_sock_rcv_skb", "a packet that a security module keeps from the socket is dropped"},
	{"thread-gone", "", "do_exit", "a thread that has ended makes no calls"},
	{"thread-ends", "", "do_exit, de_thread", "a thread ends with its process, or when another one of it calls execve, and its call never returns"},
	{"woken", "", "__wake_up_common", "a waiting thread looks again"},
}
