package tcpstate

// The cells of the states of the close.

// FIN-WAIT-1: as ESTABLISHED, and the ACK of our FIN moves on.
var cellsFinWait1 = cells{
	"SYN":               "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK":           "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK":               "acked 500 [data-acked]; FIN-WAIT-1 → FIN-WAIT-2 [fin-acked]; writable [fin-acked]",
	"old ACK":           "",
	"ACK of unsent":     "> . 1502 ack 2001 win 62240 [challenge-ack-bad-ack]; drop [TCP_ACK_UNSENT_DATA]",
	"RST exact":         "FIN-WAIT-1" + resets("ECONNRESET"),
	"RST,ACK exact":     "FIN-WAIT-1" + resets("ECONNRESET"),
	"RST in window":     "> . 1502 ack 2001 win 62240 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	"FIN": "> . 1502 ack 2002 win 62239 [fin-received]; FIN-WAIT-1 → CLOSING [fin-received]; " +
		"readable [fin-received]; readable [in-order]",
	// the RFC goes to TIME-WAIT at once; Linux passes through FIN-WAIT-2
	"FIN, ACK of all": "acked 500 [data-acked]; FIN-WAIT-1 → FIN-WAIT-2 [fin-acked]; writable [fin-acked]; > . 1502 ack 2002 win 62239 [fin-received]; " +
		"FIN-WAIT-2 → TIME-WAIT [fin-received]; readable [fin-received]; writable [fin-received]; readable [fin-received]; readable [in-order]",
	"data in order":          "store 2001(500) from 0 [in-order]; readable [in-order]",
	"data partly old":        "store 2001(300) from 200 [in-order]; readable [in-order]",
	"data old":               "> . 1502 ack 2001 win 62240 <sack 1501:1701> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole":     "store 2501(500) from 0 [out-of-order]; > . 1502 ack 2001 win 62240 <sack 2501:3001> [dup-ack]",
	"data beyond the window": "> . 1502 ack 2001 win 62240 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"URG":                    "readable [urgent-data]; store 2001(500) from 0 [in-order]; readable [in-order]",
}

// FIN-WAIT-2 still takes text: our user has not closed reading.
var cellsFinWait2 = cells{
	"SYN":               "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK":           "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK":               "",
	"old ACK":           "",
	"ACK of unsent":     "> . 1502 ack 2001 win 62240 [challenge-ack-bad-ack]; drop [TCP_ACK_UNSENT_DATA]",
	"RST exact":         "FIN-WAIT-2" + resets("ECONNRESET"),
	"RST,ACK exact":     "FIN-WAIT-2" + resets("ECONNRESET"),
	"RST in window":     "> . 1502 ack 2001 win 62240 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	"FIN": "> . 1502 ack 2002 win 62239 [fin-received]; FIN-WAIT-2 → TIME-WAIT [fin-received]; readable [fin-received]; " +
		"writable [fin-received]; readable [fin-received]; readable [in-order]",
	"FIN, ACK of all": "> . 1502 ack 2002 win 62239 [fin-received]; FIN-WAIT-2 → TIME-WAIT [fin-received]; readable [fin-received]; " +
		"writable [fin-received]; readable [fin-received]; readable [in-order]",
	"data in order":          "store 2001(500) from 0 [in-order]; readable [in-order]",
	"data partly old":        "store 2001(300) from 200 [in-order]; readable [in-order]",
	"data old":               "> . 1502 ack 2001 win 62240 <sack 1501:1701> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole":     "store 2501(500) from 0 [out-of-order]; > . 1502 ack 2001 win 62240 <sack 2501:3001> [dup-ack]",
	"data beyond the window": "> . 1502 ack 2001 win 62240 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"URG":                    "readable [urgent-data]; store 2001(500) from 0 [in-order]; readable [in-order]",
}

// CLOSE-WAIT: the peer has said that nothing follows, so text and FIN are ignored.
var cellsCloseWait = cells{
	"SYN":           "> . 1501 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK":       "> . 1501 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK":           "acked 500 [data-acked]",
	"old ACK":       "",
	"ACK of unsent": "> . 1501 ack 2002 win 62239 [challenge-ack-bad-ack]; drop [TCP_ACK_UNSENT_DATA]",
	// the user hears EPIPE here, not ECONNRESET (tcp_reset)
	"RST exact":         "CLOSE-WAIT" + resets("EPIPE"),
	"RST,ACK exact":     "CLOSE-WAIT" + resets("EPIPE"),
	"RST in window":     "> . 1501 ack 2002 win 62239 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	"FIN":               "drop [after-fin]",
	"FIN, ACK of all":   "acked 500 [data-acked]; drop [after-fin]",
	"data in order":     "drop [after-fin]",
	// text that overlaps the FIN from below: Linux resets, as nobody will read it
	// (tcp_rcv_state_process: TCPAbortOnData), but only when it begins before RCV.NXT
	"data partly old": "drop [TCP_ABORT_ON_DATA]; CLOSE-WAIT" + dies("TCP_ABORT_ON_DATA", "EPIPE") +
		"; > R 1001 [TCP_ABORT_ON_DATA]",
	"data old":               "> . 1501 ack 2002 win 62239 <sack 1502:1702> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole":     "drop [after-fin]",
	"data beyond the window": "> . 1501 ack 2002 win 62239 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1501 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	// Linux looks at URG in every state, so even here the user is told
	"URG": "readable [urgent-data]; drop [after-fin]",
}

// CLOSING: the ACK of our FIN ends in TIME-WAIT.
var cellsClosing = cells{
	"SYN":               "> . 1502 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK":           "> . 1502 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK":               "acked 500 [data-acked]; CLOSING → TIME-WAIT [fin-acked]; readable [fin-acked]; writable [fin-acked]",
	"old ACK":           "",
	"ACK of unsent":     "> . 1502 ack 2002 win 62239 [challenge-ack-bad-ack]; drop [TCP_ACK_UNSENT_DATA]",
	"RST exact":         "CLOSING" + resets("ECONNRESET"),
	"RST,ACK exact":     "CLOSING" + resets("ECONNRESET"),
	"RST in window":     "> . 1502 ack 2002 win 62239 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	"FIN":               "drop [after-fin]",
	"FIN, ACK of all":   "acked 500 [data-acked]; CLOSING → TIME-WAIT [fin-acked]; readable [fin-acked]; writable [fin-acked]",
	"data in order":     "drop [after-fin]",
	"data partly old": "drop [TCP_ABORT_ON_DATA]; CLOSING" + dies("TCP_ABORT_ON_DATA", "ECONNRESET") +
		"; > R 1001 [TCP_ABORT_ON_DATA]",
	"data old":               "> . 1502 ack 2002 win 62239 <sack 1502:1702> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole":     "drop [after-fin]",
	"data beyond the window": "> . 1502 ack 2002 win 62239 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1502 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"URG":                    "readable [urgent-data]; drop [after-fin]",
}

// LAST-ACK: the ACK of our FIN ends it all.
var cellsLastAck = cells{
	"SYN":     "> . 1502 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK": "> . 1502 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK": "acked 500 [data-acked]; LAST-ACK → CLOSED [fin-acked]; " +
		"gone [fin-acked]; readable [fin-acked]; writable [fin-acked]",
	"old ACK":           "",
	"ACK of unsent":     "> . 1502 ack 2002 win 62239 [challenge-ack-bad-ack]; drop [TCP_ACK_UNSENT_DATA]",
	"RST exact":         "LAST-ACK" + resets("ECONNRESET"),
	"RST,ACK exact":     "LAST-ACK" + resets("ECONNRESET"),
	"RST in window":     "> . 1502 ack 2002 win 62239 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	"FIN":               "drop [after-fin]",
	"FIN, ACK of all": "acked 500 [data-acked]; LAST-ACK → CLOSED [fin-acked]; " +
		"gone [fin-acked]; readable [fin-acked]; writable [fin-acked]",
	"data in order": "drop [after-fin]",
	"data partly old": "drop [TCP_ABORT_ON_DATA]; LAST-ACK" + dies("TCP_ABORT_ON_DATA", "ECONNRESET") +
		"; > R 1001 [TCP_ABORT_ON_DATA]",
	"data old":               "> . 1502 ack 2002 win 62239 <sack 1502:1702> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole":     "drop [after-fin]",
	"data beyond the window": "> . 1502 ack 2002 win 62239 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1502 ack 2002 win 62239 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"URG":                    "readable [urgent-data]; drop [after-fin]",
}

// TIME-WAIT is there for the peer's FIN, should our ACK of it be lost: all that
// is not bare is acknowledged, and what has an ACK restarts the 2 MSL. Without a
// listener a SYN is such a segment too.
var cellsTimeWait = cells{
	"SYN":     "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"SYN,ACK": "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	// Linux answers no bare segment at RCV.NXT, whatever it acknowledges
	"ACK":           "drop [time-wait-bare]",
	"old ACK":       "drop [time-wait-bare]",
	"ACK of unsent": "drop [time-wait-bare]",
	// RFC 1337 asks to ignore it; Linux does so only with tcp_rfc1337
	"RST exact":              "drop [time-wait-reset]; TIME-WAIT → CLOSED [time-wait-reset]; gone [time-wait-reset]",
	"RST,ACK exact":          "drop [time-wait-reset]; TIME-WAIT → CLOSED [time-wait-reset]; gone [time-wait-reset]",
	"RST in window":          "drop [time-wait-old-segment]",
	"RST out of window":      "drop [time-wait-old-segment]",
	"FIN":                    "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"FIN, ACK of all":        "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"data in order":          "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"data partly old":        "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"data old":               "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"data beyond a hole":     "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"data beyond the window": "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"no flags":               "drop [time-wait-bare]",
	"SYN,FIN":                "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
	"URG":                    "> . 1502 ack 2002 win 62239 [time-wait-old-segment]; drop [time-wait-old-segment]",
}

// FIN-WAIT-1 of a socket that was closed: text that nobody can read resets
// (RFC 9293 section 3.6.1).
var cellsOrphanFinWait1 = cells{
	"SYN":               "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"SYN,ACK":           "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"ACK":               "acked 500 [data-acked]; FIN-WAIT-1 → FIN-WAIT-2 [fin-acked]",
	"old ACK":           "",
	"ACK of unsent":     "> . 1502 ack 2001 win 62240 [challenge-ack-bad-ack]; drop [TCP_ACK_UNSENT_DATA]",
	"RST exact":         "FIN-WAIT-1 → CLOSED [TCP_RESET]; gone [TCP_RESET]",
	"RST,ACK exact":     "FIN-WAIT-1 → CLOSED [TCP_RESET]; gone [TCP_RESET]",
	"RST in window":     "> . 1502 ack 2001 win 62240 [challenge-ack-reset]; drop [TCP_RESET]",
	"RST out of window": "drop [TCP_INVALID_SEQUENCE]",
	"FIN":               "> . 1502 ack 2002 win 62239 [fin-received]; FIN-WAIT-1 → CLOSING [fin-received]",
	"FIN, ACK of all": "acked 500 [data-acked]; FIN-WAIT-1 → FIN-WAIT-2 [fin-acked]; " +
		"> . 1502 ack 2002 win 62239 [fin-received]; FIN-WAIT-2 → TIME-WAIT [fin-received]",
	"data in order": "drop [TCP_ABORT_ON_DATA]; FIN-WAIT-1 → CLOSED [TCP_ABORT_ON_DATA]; " +
		"gone [TCP_ABORT_ON_DATA]; > R 1001 [TCP_ABORT_ON_DATA]",
	"data partly old": "drop [TCP_ABORT_ON_DATA]; FIN-WAIT-1 → CLOSED [TCP_ABORT_ON_DATA]; " +
		"gone [TCP_ABORT_ON_DATA]; > R 1001 [TCP_ABORT_ON_DATA]",
	"data old": "> . 1502 ack 2001 win 62240 <sack 1501:1701> [ack-out-of-window]; drop [TCP_OLD_SEQUENCE]",
	"data beyond a hole": "drop [TCP_ABORT_ON_DATA]; FIN-WAIT-1 → CLOSED [TCP_ABORT_ON_DATA]; " +
		"gone [TCP_ABORT_ON_DATA]; > R 1001 [TCP_ABORT_ON_DATA]",
	"data beyond the window": "> . 1502 ack 2001 win 62240 [ack-out-of-window]; drop [TCP_INVALID_SEQUENCE]",
	"no flags":               "drop [TCP_FLAGS]",
	"SYN,FIN":                "> . 1502 ack 2001 win 62240 [challenge-ack-syn]; drop [TCP_INVALID_SYN]",
	"URG": "drop [TCP_ABORT_ON_DATA]; FIN-WAIT-1 → CLOSED [TCP_ABORT_ON_DATA]; " +
		"gone [TCP_ABORT_ON_DATA]; > R 1001 [TCP_ABORT_ON_DATA]",
}

// FIN-WAIT-2 of a socket that was closed is a timewait bucket: it waits for
// the FIN alone (tcp_timewait_state_process).
var cellsOrphanFinWait2 = cells{
	// a SYN in the window ends it, and is reset
	"SYN": "drop [TCP_ABORT_ON_DATA]; > R. zero ack 2002 [TCP_ABORT_ON_DATA]; " +
		"FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]; gone [TCP_ABORT_ON_DATA]",
	"SYN,ACK": "drop [TCP_ABORT_ON_DATA]; > R 1502 [TCP_ABORT_ON_DATA]; " +
		"FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]; gone [TCP_ABORT_ON_DATA]",
	"ACK":           "drop [TCP_OLD_ACK]",
	"old ACK":       "drop [TCP_OLD_ACK]",
	"ACK of unsent": "drop [TCP_OLD_ACK]",
	"RST exact":     "drop [TCP_RESET]; FIN-WAIT-2 → CLOSED [TCP_RESET]; gone [TCP_RESET]",
	"RST,ACK exact": "drop [TCP_RESET]; FIN-WAIT-2 → CLOSED [TCP_RESET]; gone [TCP_RESET]",
	// no RFC 5961 here: any RST in the window ends the bucket
	"RST in window":     "drop [TCP_RESET]; FIN-WAIT-2 → CLOSED [TCP_RESET]; gone [TCP_RESET]",
	"RST out of window": "> . 1502 ack 2001 win 62240 [ack-out-of-window]; drop [ack-out-of-window]",
	"FIN":               "FIN-WAIT-2 → TIME-WAIT [fin-received]; > . 1502 ack 2002 win 62240 [fin-received]",
	"FIN, ACK of all":   "FIN-WAIT-2 → TIME-WAIT [fin-received]; > . 1502 ack 2002 win 62240 [fin-received]",
	"data in order": "drop [TCP_ABORT_ON_DATA]; > R 1502 [TCP_ABORT_ON_DATA]; " +
		"FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]; gone [TCP_ABORT_ON_DATA]",
	"data partly old": "drop [TCP_ABORT_ON_DATA]; > R 1502 [TCP_ABORT_ON_DATA]; " +
		"FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]; gone [TCP_ABORT_ON_DATA]",
	"data old": "> . 1502 ack 2001 win 62240 [ack-out-of-window]; drop [ack-out-of-window]",
	"data beyond a hole": "drop [TCP_ABORT_ON_DATA]; > R 1502 [TCP_ABORT_ON_DATA]; " +
		"FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]; gone [TCP_ABORT_ON_DATA]",
	"data beyond the window": "> . 1502 ack 2001 win 62240 [ack-out-of-window]; drop [ack-out-of-window]",
	"no flags":               "drop [TCP_OLD_ACK]",
	"SYN,FIN": "drop [TCP_ABORT_ON_DATA]; > R. zero ack 2003 [TCP_ABORT_ON_DATA]; " +
		"FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]; gone [TCP_ABORT_ON_DATA]",
	"URG": "drop [TCP_ABORT_ON_DATA]; > R 1502 [TCP_ABORT_ON_DATA]; " +
		"FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]; gone [TCP_ABORT_ON_DATA]",
}
