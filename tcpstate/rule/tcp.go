package rule

// TCP's rules.
const (
	_ ID = iota

	// Connection set-up.
	ActiveOpen
	SynRetransmit
	SynAckSent
	SynAckReceived
	SimultaneousSyn
	HandshakeDone
	SynSentBadAck
	SynReceivedBadAck

	// Segments that are dropped, by Linux's drop reasons.
	TCPFlags
	ClosedDrop
	InvalidAckSequence
	OldSequence
	InvalidSequence
	InvalidEndSequence
	InvalidSyn
	ResetReceived
	TooOldAck
	OldAck
	AckUnsentData
	PAWS
	PAWSAck
	OldData
	OverWindow
	ZeroWindow
	ProtoMem
	OFOMerge
	OFODrop
	OFOQueuePrune
	AbortOnData
	AfterFin
	ICMPOutOfWindow

	// Answers to segments out of place.
	AckOutOfWindow
	AckSkipped
	PAWSRejected
	ChallengeAckSyn
	ChallengeAckReset
	ChallengeAckUnsent
	ChallengeAckTooOld
	ChallengeAckBadAck
	ChallengeLimit

	// Data received.
	InOrder
	OutOfOrder
	FinReceived
	UrgentData

	// Acknowledgements.
	QuickAck
	AckSecondSegment
	AckNow
	DupAck
	CompressedAck
	DelayedAck
	AckOnRead
	WindowUpdate

	// Data sent.
	UserSend
	DataSent
	DataAcked
	SendSpace
	FinSent
	ZeroWindowProbe
	UrgentProbe
	KeepaliveProbe

	// Retransmission.
	RTORetransmit
	ShrunkWindowProbe
	FastRetransmit
	LossRetransmit
	RackTimeout
	TailLossProbe
	PathMTURetransmit
	TooLong
	RetriesExhausted
	KeepaliveTimeout

	// ICMP.
	ICMPFatal
	ICMPSoft

	// The user's calls and the end.
	UserShutdown
	UserClose
	UserAbort
	UserOption
	FinAcked
	ResetUnread
	ResetLinger2
	FinWait2Timeout

	// TCP Fast Open.
	SynData
	SynDataAcked
	SynDataLost
	SynDataTaken
	CookieLearned
	FastBlackhole
	FastAccepted

	// TIME-WAIT.
	TimeWaitOver
	TimeWaitReset
	TimeWaitBare
	TimeWaitOldSegment
	TimeWaitPAWS
	TimeWaitOverflow
	TimeWaitReopen

	// Paths.
	RehashTimeout
	RehashDuplicate
)

var tcpRules = [...]Rule{
	{},

	// Connection set-up.
	{"active-open", "RFC 9293 3.10.1", "tcp_connect", "connect sends a SYN with the initial sequence number"},
	{"syn-retransmit", "RFC 6298 5.7", "tcp_retransmit_timer: tcp_syn_linear_timeouts", "a SYN that is not answered is sent again, at even distance first, then at doubling distance"},
	{"syn-ack-sent", "RFC 9293 3.10.7.2", "tcp_conn_request", "a SYN to a listener is answered with SYN,ACK"},
	{"syn-ack-received", "RFC 9293 3.10.7.3", "tcp_rcv_synsent_state_process", "an acceptable SYN,ACK completes the active open, and is acknowledged"},
	{"simultaneous-syn", "RFC 9293 3.5 figure 8", "tcp_send_synack", "a SYN that crosses ours is answered with SYN,ACK"},
	{"handshake-done", "RFC 9293 3.10.7.4", "tcp_rcv_state_process: TCP_SYN_RECV", "the ACK of our SYN makes the connection"},
	{"syn-sent-bad-ack", "RFC 9293 3.10.7.3", "tcp_rcv_synsent_state_process: reset_and_undo", "an ACK in SYN-SENT of anything but our SYN draws RST"},
	{"syn-received-bad-ack", "RFC 9293 3.10.7.4", "tcp_rcv_state_process: TCP_SYN_RECV", "an unacceptable ACK in SYN-RECEIVED draws RST"},

	// Segments that are dropped, by Linux's drop reasons.
	{"TCP_FLAGS", "RFC 9293 3.10.7.4", "TCP_FLAGS", "a segment without ACK, RST and SYN, or without SYN where one is due, is dropped"},
	{"TCP_CLOSE", "RFC 9293 3.10.7.1", "TCP_CLOSE", "a segment to a closed connection is dropped"},
	{"TCP_INVALID_ACK_SEQUENCE", "RFC 9293 3.10.7.3", "TCP_INVALID_ACK_SEQUENCE", "an ACK outside ISS+1..SND.NXT in SYN-SENT is not acceptable"},
	{"TCP_OLD_SEQUENCE", "RFC 9293 3.4", "TCP_OLD_SEQUENCE", "a segment that ends before the last ACK sent is not acceptable"},
	{"TCP_INVALID_SEQUENCE", "RFC 9293 3.4", "TCP_INVALID_SEQUENCE", "a segment that begins beyond the window is not acceptable"},
	{"TCP_INVALID_END_SEQUENCE", "", "TCP_INVALID_END_SEQUENCE", "a segment that ends beyond the window is not acceptable while data waits to be read"},
	{"TCP_INVALID_SYN", "RFC 5961 4.2", "TCP_INVALID_SYN", "a SYN on a synchronised connection is dropped"},
	{"TCP_RESET", "RFC 5961 3.2", "TCP_RESET", "a RST ends the connection if its number is exact, and is dropped otherwise"},
	{"TCP_TOO_OLD_ACK", "RFC 5961 5.2", "TCP_TOO_OLD_ACK", "an ACK more than a window below SND.UNA drops its segment"},
	{"TCP_OLD_ACK", "RFC 9293 3.10.7.4", "TCP_OLD_ACK", "an ACK below SND.UNA changes nothing"},
	{"TCP_ACK_UNSENT_DATA", "RFC 9293 3.10.7.4", "TCP_ACK_UNSENT_DATA", "an ACK of data never sent drops its segment"},
	{"TCP_RFC7323_PAWS", "RFC 7323 5.3", "TCP_RFC7323_PAWS", "a segment with an old timestamp is dropped"},
	{"TCP_RFC7323_PAWS_ACK", "RFC 7323 5.3", "TCP_RFC7323_PAWS_ACK", "an old pure ACK with an old timestamp is dropped without an answer"},
	{"TCP_OLD_DATA", "RFC 9293 3.10.7.4", "TCP_OLD_DATA", "data that was all received before is dropped, and acknowledged again"},
	{"TCP_OVERWINDOW", "RFC 9293 3.10.7.4", "TCP_OVERWINDOW", "data that begins at or beyond the window's right edge is dropped"},
	{"TCP_ZEROWINDOW", "RFC 9293 3.8.6.1", "TCP_ZEROWINDOW", "data into a closed window is dropped, and acknowledged"},
	{"PROTO_MEM", "", "PROTO_MEM: TCPRcvQDrop", "data that the receive buffer has no room for is dropped"},
	{"TCP_OFOMERGE", "RFC 2883 4", "TCP_OFOMERGE", "out-of-order data that is there already is dropped"},
	{"TCP_OFO_DROP", "", "TCP_OFO_DROP", "out-of-order data that in-order data has overtaken is dropped"},
	{"TCP_OFO_QUEUE_PRUNE", "RFC 2018 8", "TCP_OFO_QUEUE_PRUNE", "out-of-order data gives way when the receive buffer overflows"},
	{"TCP_ABORT_ON_DATA", "RFC 9293 3.6.1", "TCP_ABORT_ON_DATA", "data for a user who is gone resets the connection"},
	{"after-fin", "RFC 9293 3.10.7.4", "tcp_rcv_state_process: NOT_SPECIFIED", "text after the peer's FIN is dropped"},
	{"icmp-out-of-window", "RFC 5927 4.1", "tcp_v4_err: OutOfWindowIcmps", "an ICMP error about a sequence number that is not in flight is ignored"},

	// Answers to segments out of place.
	{"ack-out-of-window", "RFC 9293 3.10.7.4", "tcp_send_dupack", "a segment that is not acceptable is answered with an ACK"},
	{"ack-skipped", "RFC 5961 7", "tcp_oow_rate_limited: TCPACKSkipped*", "answers to such segments keep tcp_invalid_ratelimit apart"},
	{"paws-rejected", "RFC 7323 5.3", "tcp_validate_incoming: PAWSEstab", "a segment with an old timestamp is answered with an ACK"},
	{"challenge-ack-syn", "RFC 5961 4.2", "tcp_send_challenge_ack: TCPSYNChallenge", "a SYN on a synchronised connection is answered with a challenge ACK"},
	{"challenge-ack-reset", "RFC 5961 3.2", "tcp_send_challenge_ack", "a RST in the window but not at RCV.NXT is answered with a challenge ACK"},
	{"challenge-ack-unsent", "RFC 5961 5.2", "tcp_ack", "an ACK of data never sent is answered with a challenge ACK"},
	{"challenge-ack-too-old", "RFC 5961 5.2", "tcp_ack", "an ACK far below SND.UNA is answered with a challenge ACK"},
	{"challenge-ack-bad-ack", "RFC 5961 5.2", "tcp_rcv_state_process", "an unacceptable ACK while closing is answered with a challenge ACK"},
	{"challenge-limit", "RFC 5961 7", "tcp_send_challenge_ack: tcp_challenge_ack_limit", "the host sends so many challenge ACKs a second and no more"},

	// Data received.
	{"in-order", "RFC 9293 3.10.7.4", "tcp_queue_rcv", "data at RCV.NXT goes to the user"},
	{"out-of-order", "RFC 9293 3.10.7.4", "tcp_data_queue_ofo", "data beyond a hole is kept until the hole is filled"},
	{"fin-received", "RFC 9293 3.10.7.4", "tcp_fin", "the peer's FIN ends the stream"},
	{"urgent-data", "RFC 9293 3.8.5", "tcp_urg", "the urgent octet can be read out of band"},

	// Acknowledgements.
	{"quick-ack", "RFC 5681 4.2", "tcp_in_quickack_mode", "the first data of a connection and data after trouble are acknowledged at once"},
	{"ack-second-segment", "RFC 9293 3.8.6.3", "__tcp_ack_snd_check", "more than a full segment unacknowledged is acknowledged at once"},
	{"ack-now", "RFC 5681 4.2", "ICSK_ACK_NOW", "the filling of a hole is acknowledged at once"},
	{"dup-ack", "RFC 5681 4.2", "__tcp_ack_snd_check", "data beyond a hole is acknowledged at once, with SACK where agreed"},
	{"compressed-ack", "", "tcp_compressed_ack_kick", "from the fourth on, ACKs for data beyond a hole are held back a little"},
	{"delayed-ack", "RFC 9293 3.8.6.3", "tcp_delack_timer_handler", "an ACK that found no data to go with is sent when its delay is over"},
	{"ack-on-read", "", "__tcp_cleanup_rbuf", "a read that empties the buffer sends the ACK that waits"},
	{"window-update", "RFC 9293 3.8.6.2.2", "__tcp_cleanup_rbuf", "a read that at least doubles the window tells the peer"},

	// Data sent.
	{"user-send", "RFC 9293 3.10.2", "tcp_sendmsg_locked", "a write puts octets into the send stream"},
	{"data-sent", "RFC 9293 3.7.4", "tcp_write_xmit", "data goes out as windows and Nagle's rule allow"},
	{"data-acked", "RFC 9293 3.10.7.4", "tcp_clean_rtx_queue", "acknowledged data is forgotten"},
	{"send-space", "", "tcp_check_space", "room in the send buffer wakes the writer"},
	{"fin-sent", "RFC 9293 3.10.4", "tcp_send_fin", "the FIN follows the last octet"},
	{"zero-window-probe", "RFC 9293 3.8.6.1", "tcp_send_probe0", "a closed window is probed at doubling distance"},
	{"urgent-probe", "", "tcp_xmit_probe_skb", "a probe in urgent mode repeats the urgent pointer"},
	{"keepalive-probe", "RFC 9293 3.8.4", "tcp_keepalive_timer", "an idle connection with keepalive is probed"},

	// Retransmission.
	{"rto-retransmit", "RFC 6298 5.4", "tcp_retransmit_timer", "what is not acknowledged in time is sent again"},
	{"shrunk-window-probe", "RFC 9293 3.8.6.1", "tcp_retransmit_timer", "a retransmission into a window that was pulled back serves as its probe"},
	{"fast-retransmit", "RFC 8985 6.2", "tcp_xmit_retransmit_queue", "what duplicate ACKs or SACKs show to be lost is sent again at once"},
	{"loss-retransmit", "RFC 5681 3.1", "tcp_xmit_retransmit_queue", "after a time-out the rest of the queue follows in slow start"},
	{"rack-timeout", "RFC 8985 6.3", "tcp_rack_reo_timeout", "what is overdue by more than the reordering window is sent again"},
	{"tail-loss-probe", "RFC 8985 7.3", "tcp_send_loss_probe", "the last segment goes again when two round trips bring no ACK"},
	{"path-mtu-retransmit", "RFC 1191 6.4", "tcp_simple_retransmit", "what became too large for the path goes again in smaller segments"},
	{"too-long", "RFC 1191 6.5", "ip_fragment: FRAGFAILS", "a segment that was cut for a wider way than there is by now does not leave"},
	{"retries-exhausted", "RFC 9293 3.8.3", "tcp_write_err", "too many tries end the connection"},
	{"keepalive-timeout", "RFC 9293 3.8.4", "tcp_keepalive_timer", "keepalive probes that stay unanswered end the connection"},

	// ICMP.
	{"icmp-fatal", "RFC 5461 2.2", "tcp_v4_err", "an ICMP error ends a connection that is not yet made"},
	{"icmp-soft", "RFC 5461 2.1", "tcp_v4_err", "an ICMP error on an established connection is only remembered"},

	// The user's calls and the end.
	{"user-shutdown", "RFC 9293 3.10.4", "tcp_shutdown", "shutdown closes a direction"},
	{"user-close", "RFC 9293 3.10.4", "__tcp_close", "close starts the orderly release"},
	{"user-abort", "RFC 9293 3.10.5", "tcp_disconnect", "an abort resets the connection"},
	{"user-option", "", "do_tcp_setsockopt", "an option takes effect"},
	{"fin-acked", "RFC 9293 3.10.7.4", "tcp_rcv_state_process", "the ACK of our FIN moves the close on"},
	{"reset-unread", "RFC 2525 2.17", "__tcp_close: TCPAbortOnClose", "close with unread data resets"},
	{"reset-linger2", "", "__tcp_close: TCPAbortOnLinger", "close with a negative TCP_LINGER2 in FIN-WAIT-2 resets"},
	{"fin-wait-2-timeout", "", "tcp_keepalive_timer: tcp_fin_timeout", "an orphan whose peer never sends FIN is reset"},

	// TCP Fast Open.
	{"syn-data", "RFC 7413 4.2.1", "tcp_send_syn_data", "with a cookie, or where none is needed, the SYN carries data"},
	{"syn-data-acked", "RFC 7413 4.2.1", "tcp_rcv_fastopen_synack: TCPFastOpenActive", "the SYN-ACK acknowledges the data in the SYN"},
	{"syn-data-lost", "RFC 7413 4.2.1", "tcp_rcv_fastopen_synack: TCPFastOpenActiveFail", "data that the SYN-ACK leaves out goes again at once"},
	{"syn-data-taken", "RFC 7413 4.2.2", "tcp_fastopen_add_skb", "data behind a SYN goes to the user"},
	{"cookie-learned", "RFC 7413 4.1.3", "tcp_fastopen_cache_set", "a SYN-ACK's cookie and MSS are remembered for the peer's address"},
	{"fast-open-blackhole", "RFC 7413 4.1.3.1", "tcp_fastopen_active_disable", "signs of a path that swallows what follows a Fast Open end its use for a while"},
	{"fast-open-accepted", "RFC 7413 4.2.2", "tcp_fastopen_create_child: TCPFastOpenPassive", "a SYN with a valid cookie makes the connection before the handshake is over"},

	// TIME-WAIT.
	{"time-wait-over", "RFC 9293 3.10.8", "inet_twsk_kill", "TIME-WAIT ends after its time"},
	{"time-wait-reset", "RFC 1337", "tcp_timewait_state_process", "a RST ends TIME-WAIT unless tcp_rfc1337 is set"},
	{"time-wait-bare", "", "tcp_timewait_state_process", "a bare ACK at RCV.NXT restarts TIME-WAIT"},
	{"time-wait-old-segment", "RFC 9293 3.10.7.4", "tcp_timewait_state_process", "any other segment in TIME-WAIT is acknowledged"},
	{"TCP_RFC7323_TW_PAWS", "RFC 7323 5.3", "TCP_RFC7323_TW_PAWS", "a segment with an old timestamp in TIME-WAIT is acknowledged and dropped"},
	{"time-wait-overflow", "", "tcp_time_wait: TCPTimeWaitOverflow", "where the host keeps no more of them, a connection ends without TIME-WAIT"},
	{"time-wait-reopen", "RFC 6191", "tcp_timewait_state_process: TCP_TW_SYN", "a newer SYN takes the place of TIME-WAIT"},

	// Paths.
	{"rehash-timeout", "RFC 6438", "tcp_write_timeout: TCPTimeoutRehash", "after a time-out packets carry another flow label, to go by another path"},
	{"rehash-duplicate", "RFC 6438", "tcp_rcv_spurious_retrans: TCPDuplicateDataRehash", "after data that had come before, under another flow label, our packets carry another one too"},
}
