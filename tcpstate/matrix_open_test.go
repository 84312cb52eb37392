package tcpstate

// The cells of the states up to ESTABLISHED. All 266 were asked of Linux 6.18 too,
// as scripts: same segments, same state, same SO_ERROR, same count of segments sent.

// CLOSED answers everything but a RST with a RST that the sender must believe
// (RFC 9293 section 3.10.7.1; tcp_v4_send_reset): at SEG.ACK if there is one,
// else at zero with an ACK of the segment.
var cellsClosed = cells{
	"SYN":                    "drop [TCP_CLOSE]; > R. zero ack 2002 [TCP_CLOSE]",
	"SYN,ACK":                "drop [TCP_CLOSE]; > R 1501 [TCP_CLOSE]",
	"ACK":                    "drop [TCP_CLOSE]; > R 1501 [TCP_CLOSE]",
	"old ACK":                "drop [TCP_CLOSE]; > R 501 [TCP_CLOSE]",
	"ACK of unsent":          "drop [TCP_CLOSE]; > R 1502 [TCP_CLOSE]",
	"RST exact":              "drop [TCP_CLOSE]",
	"RST,ACK exact":          "drop [TCP_CLOSE]",
	"RST in window":          "drop [TCP_CLOSE]",
	"RST out of window":      "drop [TCP_CLOSE]",
	"FIN":                    "drop [TCP_CLOSE]; > R 1001 [TCP_CLOSE]",
	"FIN, ACK of all":        "drop [TCP_CLOSE]; > R 1501 [TCP_CLOSE]",
	"data in order":          "drop [TCP_CLOSE]; > R 1001 [TCP_CLOSE]",
	"data partly old":        "drop [TCP_CLOSE]; > R 1001 [TCP_CLOSE]",
	"data old":               "drop [TCP_CLOSE]; > R 1001 [TCP_CLOSE]",
	"data beyond a hole":     "drop [TCP_CLOSE]; > R 1001 [TCP_CLOSE]",
	"data beyond the window": "drop [TCP_CLOSE]; > R 1001 [TCP_CLOSE]",
	"no flags":               "drop [TCP_CLOSE]; > R. zero ack 2001 [TCP_CLOSE]",
	"SYN,FIN":                "drop [TCP_CLOSE]; > R. zero ack 2003 [TCP_CLOSE]",
	"URG":                    "drop [TCP_CLOSE]; > R 1001 [TCP_CLOSE]",
}

// LISTEN looks at RST, then ACK, then SYN (RFC 9293 section 3.10.7.2). A SYN
// with FIN is dropped, which the RFC does not ask for (tcp_rcv_state_process).
var cellsListen = cells{
	"SYN":                    "> S. 0 ack 1 win 64240 <mss 1460,sackOK> [syn-ack-sent]",
	"SYN,ACK":                "> R 0 [listen-ack]; drop [listen-ack]",
	"ACK":                    "> R 0 [listen-ack]; drop [listen-ack]",
	"old ACK":                "> R 4294966796 [listen-ack]; drop [listen-ack]",
	"ACK of unsent":          "> R 1 [listen-ack]; drop [listen-ack]",
	"RST exact":              "drop [listen-rst]",
	"RST,ACK exact":          "drop [listen-rst]",
	"RST in window":          "drop [listen-rst]",
	"RST out of window":      "drop [listen-rst]",
	"FIN":                    "> R 0 [listen-ack]; drop [listen-ack]",
	"FIN, ACK of all":        "> R 0 [listen-ack]; drop [listen-ack]",
	"data in order":          "> R 0 [listen-ack]; drop [listen-ack]",
	"data partly old":        "> R 0 [listen-ack]; drop [listen-ack]",
	"data old":               "> R 0 [listen-ack]; drop [listen-ack]",
	"data beyond a hole":     "> R 0 [listen-ack]; drop [listen-ack]",
	"data beyond the window": "> R 0 [listen-ack]; drop [listen-ack]",
	"no flags":               "drop [listen-other]",
	"SYN,FIN":                "drop [listen-syn-fin]",
	"URG":                    "> R 0 [listen-ack]; drop [listen-ack]",
}

// SYN-SENT first looks at ACK, then RST, then SYN (RFC 9293 section 3.10.7.3).
var cellsSynSent = cells{
	// crossed SYNs: the SYN,ACK repeats our SYN with every option, agreed or not
	"SYN": "SYN-SENT → SYN-RECEIVED [simultaneous-syn]; " +
		"> S. 0 ack 1 win 64240 <mss 1460,sackOK,TS 1010:0,wscale 10> [simultaneous-syn]",
	"SYN,ACK": "SYN-SENT → ESTABLISHED [syn-ack-received]; " +
		"writable [syn-ack-received]; > . 1 ack 1 win 64240 [syn-ack-received]",
	// an acceptable ACK without SYN or RST means nothing: fifth step
	"ACK":           "drop [TCP_FLAGS]",
	"old ACK":       "drop [TCP_INVALID_ACK_SEQUENCE]; > R 4294966796 [syn-sent-bad-ack]",
	"ACK of unsent": "drop [TCP_INVALID_ACK_SEQUENCE]; > R 2 [syn-sent-bad-ack]",
	// a RST without an acceptable ACK may be anyone's: dropped
	"RST exact": "drop [TCP_RESET]",
	// second: the RST of an acceptable ACK refuses the connection
	"RST,ACK exact":     "SYN-SENT" + resets("ECONNREFUSED"),
	"RST in window":     "drop [TCP_RESET]",
	"RST out of window": "drop [TCP_RESET]",
	// SEG.ACK =< ISS is not acceptable
	"FIN":                    "drop [TCP_INVALID_ACK_SEQUENCE]; > R 0 [syn-sent-bad-ack]",
	"FIN, ACK of all":        "drop [TCP_FLAGS]",
	"data in order":          "drop [TCP_INVALID_ACK_SEQUENCE]; > R 0 [syn-sent-bad-ack]",
	"data partly old":        "drop [TCP_INVALID_ACK_SEQUENCE]; > R 0 [syn-sent-bad-ack]",
	"data old":               "drop [TCP_INVALID_ACK_SEQUENCE]; > R 0 [syn-sent-bad-ack]",
	"data beyond a hole":     "drop [TCP_INVALID_ACK_SEQUENCE]; > R 0 [syn-sent-bad-ack]",
	"data beyond the window": "drop [TCP_INVALID_ACK_SEQUENCE]; > R 0 [syn-sent-bad-ack]",
	"no flags":               "drop [TCP_FLAGS]",
	// Linux looks at neither FIN nor text of the crossed SYN
	"SYN,FIN": "SYN-SENT → SYN-RECEIVED [simultaneous-syn]; " +
		"> S. 0 ack 1 win 64240 <mss 1460,sackOK,TS 1010:0,wscale 10> [simultaneous-syn]",
	"URG": "drop [TCP_INVALID_ACK_SEQUENCE]; > R 0 [syn-sent-bad-ack]",
}

// SYN-RECEIVED of a passive open is a request in Linux; the RFC's order is
// kept by tcp_check_req. The ACK makes the connection, which then takes text
// and FIN of the same segment as ESTABLISHED does.
var cellsRequest = cells{
	// RFC 9293 section 3.10.7.4, fourth: a SYN in the window of a passive open ends it
	"SYN":           "> R. zero ack 2 [request-reset]; gone [request-reset]",
	"SYN,ACK":       "> R 1 [request-reset]; gone [request-reset]",
	"ACK":           "promote [request-complete]; SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]",
	"old ACK":       "> R 4294966797 [request-bad-ack]; drop [request-bad-ack]",
	"ACK of unsent": "> R 2 [request-bad-ack]; drop [request-bad-ack]",
	"RST exact":     "gone [request-reset]",
	"RST,ACK exact": "gone [request-reset]",
	// RFC 5961 section 3.2 holds for requests too
	"RST in window":     "> . 1 ack 1 win 64240 [request-challenge]; drop [request-challenge]",
	"RST out of window": "drop [request-over-window]",
	"FIN": "promote [request-complete]; SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"ESTABLISHED → CLOSE-WAIT [fin-received]; readable [fin-received]; readable [in-order]",
	"FIN, ACK of all": "promote [request-complete]; SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"ESTABLISHED → CLOSE-WAIT [fin-received]; readable [fin-received]; readable [in-order]",
	"data in order": "promote [request-complete]; SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"store 1(500) from 0 [in-order]; readable [in-order]; > . 1 ack 501 win 63784 [quick-ack]",
	"data partly old": "promote [request-complete]; SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"store 1(300) from 200 [in-order]; readable [in-order]; > . 1 ack 301 win 63940 <sack 4294967097:1> [quick-ack]",
	"data old": "> . 1 ack 1 win 64240 [request-over-window]; drop [request-over-window]",
	"data beyond a hole": "promote [request-complete]; SYN-RECEIVED → ESTABLISHED [handshake-done]; " +
		"writable [handshake-done]; store 501(500) from 0 [out-of-order]; > . 1 ack 1 win 64240 <sack 501:1001> [dup-ack]",
	"data beyond the window": "> . 1 ack 1 win 64240 [request-over-window]; drop [request-over-window]",
	"no flags":               "drop [request-no-ack]",
	"SYN,FIN":                "> R. zero ack 3 [request-reset]; gone [request-reset]",
	"URG": "promote [request-complete]; SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"readable [urgent-data]; store 1(500) from 0 [in-order]; readable [in-order]; > . 1 ack 501 win 63784 [quick-ack]",
}

// SYN-RECEIVED of a simultaneous open has a control block. Our window scale
// shows although the peer never agreed to one: Linux resets rcv_wscale only
// in the SYN,ACK path (tcp_rcv_synsent_state_process).
var cellsSynReceived = cells{
	"SYN":     "> . 1 ack 1 win 63 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK": "> . 1 ack 1 win 63 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK":     "SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]",
	// fifth: an unacceptable ACK is answered with <SEQ=SEG.ACK><CTL=RST>
	"old ACK":           "drop [TCP_TOO_OLD_ACK]; > R 4294966796 [syn-received-bad-ack]",
	"ACK of unsent":     "drop [TCP_ACK_UNSENT_DATA]; > R 2 [syn-received-bad-ack]",
	"RST exact":         "SYN-RECEIVED" + resets("ECONNRESET"),
	"RST,ACK exact":     "SYN-RECEIVED" + resets("ECONNRESET"),
	"RST in window":     "> . 1 ack 1 win 63 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	// Linux takes even an ACK of ISS itself as the handshake's end: tcp_ack only
	// asks for SND.UNA =< SEG.ACK =< SND.NXT
	"FIN": "SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"ESTABLISHED → CLOSE-WAIT [fin-received]; readable [fin-received]; readable [in-order]",
	"FIN, ACK of all": "SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"ESTABLISHED → CLOSE-WAIT [fin-received]; readable [fin-received]; readable [in-order]",
	"data in order": "SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"store 1(500) from 0 [in-order]; readable [in-order]; > . 1 ack 501 win 63 [quick-ack]",
	"data partly old": "SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"store 1(300) from 200 [in-order]; readable [in-order]; > . 1 ack 301 win 63 <sack 4294967097:1> [quick-ack]",
	"data old": "> . 1 ack 1 win 63 <sack 4294966797:4294966997> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole": "SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; " +
		"store 501(500) from 0 [out-of-order]; > . 1 ack 1 win 63 <sack 501:1001> [dup-ack]",
	"data beyond the window": "> . 1 ack 1 win 63 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1 ack 1 win 63 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"URG": "SYN-RECEIVED → ESTABLISHED [handshake-done]; writable [handshake-done]; readable [urgent-data]; " +
		"store 1(500) from 0 [in-order]; readable [in-order]; > . 1 ack 501 win 63 [quick-ack]",
}

// ESTABLISHED, with our octets 1001 to 1500 in flight. What is emitted later
// (the delayed ACK of text) belongs to the timers' tests.
var cellsEstablished = cells{
	// RFC 5961 section 4.2: a SYN draws a challenge ACK, in the window or not
	"SYN":     "> . 1501 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK": "> . 1501 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK":     "acked 500 [data-acked]",
	// fifth: a duplicate ACK is ignored, but text that came with it would be taken
	"old ACK": "",
	// fifth: an ACK of what was not yet sent is answered with an ACK and dropped
	"ACK of unsent": "> . 1501 ack 2001 win 62240 [challenge-ack-unsent]; drop [TCP_ACK_UNSENT_DATA]",
	"RST exact":     "ESTABLISHED" + resets("ECONNRESET"),
	"RST,ACK exact": "ESTABLISHED" + resets("ECONNRESET"),
	// RFC 5961 section 3.2
	"RST in window":     "> . 1501 ack 2001 win 62240 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	"FIN":               "ESTABLISHED → CLOSE-WAIT [fin-received]; readable [fin-received]; readable [in-order]",
	"FIN, ACK of all":   "acked 500 [data-acked]; ESTABLISHED → CLOSE-WAIT [fin-received]; readable [fin-received]; readable [in-order]",
	"data in order":     "store 2001(500) from 0 [in-order]; readable [in-order]",
	"data partly old":   "store 2001(300) from 200 [in-order]; readable [in-order]",
	// first: not acceptable, so acknowledge; the copy is reported by D-SACK (RFC 2883)
	"data old":               "> . 1501 ack 2001 win 62240 <sack 1501:1701> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole":     "store 2501(500) from 0 [out-of-order]; > . 1501 ack 2001 win 62240 <sack 2501:3001> [dup-ack]",
	"data beyond the window": "> . 1501 ack 2001 win 62240 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1501 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"URG":                    "readable [urgent-data]; store 2001(500) from 0 [in-order]; readable [in-order]",
}
