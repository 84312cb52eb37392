package rule

// TCP's rules.
const (
	_ ID = iota
	// Connection set-up.
	ActiveOpen
	SynAckSent
	SynAckReceived
	SimultaneousSyn
	HandshakeDone
	SynSentBadAck
	SynSentReset
)

var tcpRules = [...]Rule{
	{},
	{"active-open", "RFC 9293 3.10.1", "tcp_connect", "connect sends a SYN with the initial sequence number"},
	{"syn-ack-sent", "RFC 9293 3.10.7.2", "tcp_conn_request", "a SYN to a listener is answered with SYN,ACK"},
	{"syn-ack-received", "RFC 9293 3.10.7.3", "tcp_rcv_synsent_state_process", "an acceptable SYN,ACK completes the active open, and is acknowledged"},
	{"simultaneous-syn", "RFC 9293 3.5 figure 8", "tcp_rcv_synsent_state_process", "a SYN that crosses ours is answered with SYN,ACK"},
	{"handshake-done", "RFC 9293 3.10.7.4", "tcp_rcv_state_process", "the ACK of our SYN makes the connection"},
	{"syn-sent-bad-ack", "RFC 9293 3.10.7.3", "tcp_rcv_synsent_state_process", "an ACK in SYN-SENT of anything but our SYN draws RST"},
	{"TCP_RESET", "RFC 9293 3.10.7.3", "tcp_reset", "an acceptable RST ends the connection"},
}
