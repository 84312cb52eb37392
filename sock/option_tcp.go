package sock

import "github.com/sockspec/sockspec/tcpstate"

// Bounds of TCP's options (include/net/tcp.h).
const (
	maxKeepIdle  = 32767
	maxKeepIntvl = 32767
	maxKeepCnt   = 127
	maxSynCnt    = 127
	minMSS       = 88    // TCP_MIN_MSS
	maxWindow    = 32767 // MAX_TCP_WINDOW
	maxFinSecs   = 120   // TCP_FIN_TIMEOUT_MAX
	caNameMax    = 16    // TCP_CA_NAME_MAX, TCP_ULP_NAME_MAX
	maxTxDelay   = 1<<28 - 1
)

// tcpOptions is IPPROTO_TCP (do_tcp_setsockopt, do_tcp_getsockopt).
var tcpOptions = optionLevel{
	level: IPPROTO_TCP, name: "IPPROTO_TCP", read: readWhole, give: (*thread).giveInt,
	rows: []option{
		{num: TCP_NODELAY, name: "TCP_NODELAY", tells: tcpstate.NoDelay, truth: true},
		{num: TCP_MAXSEG, name: "TCP_MAXSEG", set: setMaxseg, get: getMaxseg, note: "88 to 32767, or 0 for the path's"},
		{num: TCP_CORK, name: "TCP_CORK", tells: tcpstate.Cork, truth: true},
		{num: TCP_KEEPIDLE, name: "TCP_KEEPIDLE", lo: 1, hi: maxKeepIdle, tells: tcpstate.KeepIdle, get: getKeepIdle, note: "seconds"},
		{num: TCP_KEEPINTVL, name: "TCP_KEEPINTVL", lo: 1, hi: maxKeepIntvl, tells: tcpstate.KeepIntvl, get: getKeepIntvl, note: "seconds"},
		{num: TCP_KEEPCNT, name: "TCP_KEEPCNT", lo: 1, hi: maxKeepCnt, tells: tcpstate.KeepCnt, get: getKeepCnt},
		{num: TCP_SYNCNT, name: "TCP_SYNCNT", lo: 1, hi: maxSynCnt, tells: tcpstate.SynCnt, get: getSynCnt},
		{num: TCP_LINGER2, name: "TCP_LINGER2", set: setLinger2, tells: tcpstate.Linger2, get: getLinger2, note: "seconds, at most 120; negative: none; 0: net.ipv4.tcp_fin_timeout"},
		{num: TCP_DEFER_ACCEPT, name: "TCP_DEFER_ACCEPT", set: setDeferAccept, get: getDeferAccept, note: "seconds, kept as a count of retransmissions"},
		{num: TCP_WINDOW_CLAMP, name: "TCP_WINDOW_CLAMP", set: setClamp, get: getClamp, note: "at least 1152; 0 takes it away, but not from a connection"},
		{num: TCP_INFO, name: "TCP_INFO", readOnly: true, data: getTCPInfo, note: "struct tcp_info of 280 octets"},
		{num: TCP_QUICKACK, name: "TCP_QUICKACK", set: setQuickAck, tells: tcpstate.QuickAck, get: getQuickAck},
		{num: TCP_CONGESTION, name: "TCP_CONGESTION", anyLength: true, set: setCongestion, data: getCongestion, note: "cubic and reno; others: ENOENT"},
		{num: TCP_MD5SIG, name: "TCP_MD5SIG", does: refused, writeOnly: true, set: refuse, note: "as without CONFIG_TCP_MD5SIG; `sockspec run` skips a script that sets it"},
		{num: TCP_THIN_LINEAR_TIMEOUTS, name: "TCP_THIN_LINEAR_TIMEOUTS", lo: 0, hi: 1, tells: tcpstate.ThinLTO, truth: true},
		{num: TCP_THIN_DUPACK, name: "TCP_THIN_DUPACK", lo: 0, hi: 1, note: "without effect in Linux; reads 0"},
		{num: TCP_USER_TIMEOUT, name: "TCP_USER_TIMEOUT", lo: 0, hi: maxInt32, tells: tcpstate.UserTimeout, note: "milliseconds"},
		{num: TCP_REPAIR, name: "TCP_REPAIR", does: refused, set: refusePerm, get: zero, note: "EPERM, as without CAP_NET_ADMIN"},
		{num: TCP_REPAIR_QUEUE, name: "TCP_REPAIR_QUEUE", does: refused, set: refusePerm, get: notRepairing, note: "a socket is never under repair"},
		{num: TCP_QUEUE_SEQ, name: "TCP_QUEUE_SEQ", does: refused, set: setQueueSeq, get: notRepairing, note: "a socket is never under repair"},
		{num: TCP_REPAIR_OPTIONS, name: "TCP_REPAIR_OPTIONS", does: refused, writeOnly: true, set: refuseInval},
		{num: TCP_FASTOPEN, name: "TCP_FASTOPEN", set: setFastOpen, get: getFastOpen, note: "connections whose SYN-ACK is unacknowledged; at most net.core.somaxconn"},
		{num: TCP_TIMESTAMP, name: "TCP_TIMESTAMP", does: kept, set: refusePerm, get: getTimestampClock, note: "can be set under repair only"},
		{num: TCP_NOTSENT_LOWAT, name: "TCP_NOTSENT_LOWAT", tells: tcpstate.NotSentLowat, then: tcpWriteSpace},
		{num: TCP_CC_INFO, name: "TCP_CC_INFO", readOnly: true, data: getNothing, note: "cubic and reno tell nothing"},
		{num: TCP_SAVE_SYN, name: "TCP_SAVE_SYN", lo: 0, hi: 2, cell: func(o *options) *int32 { return &o.saveSyn }},
		{num: TCP_SAVED_SYN, name: "TCP_SAVED_SYN", readOnly: true, data: getSavedSyn, note: "IP and TCP headers, once; room for less: EINVAL"},
		{num: TCP_REPAIR_WINDOW, name: "TCP_REPAIR_WINDOW", does: refused, set: refusePerm, data: getRepairWindow, note: "a socket is never under repair"},
		{num: TCP_FASTOPEN_CONNECT, name: "TCP_FASTOPEN_CONNECT", lo: 0, hi: 1, set: setFastOpenConnect, flag: func(o *options) *bool { return &o.fastConnect }},
		{num: TCP_ULP, name: "TCP_ULP", does: refused, anyLength: true, set: setULP, data: getNothing, note: "none is known: ENOENT"},
		{num: TCP_MD5SIG_EXT, name: "TCP_MD5SIG_EXT", does: refused, writeOnly: true, set: refuse, note: "as without CONFIG_TCP_MD5SIG; `sockspec run` skips a script that sets it"},
		{num: TCP_FASTOPEN_KEY, name: "TCP_FASTOPEN_KEY", anyLength: true, set: setFastOpenKey, data: getFastOpenKey, note: "16 octets, or 32 for two keys, of which the first makes cookies"},
		{num: TCP_FASTOPEN_NO_COOKIE, name: "TCP_FASTOPEN_NO_COOKIE", lo: 0, hi: 1, set: setFastOpenNoCookie, flag: func(o *options) *bool { return &o.fastNoCookie }},
		{num: TCP_ZEROCOPY_RECEIVE, name: "TCP_ZEROCOPY_RECEIVE", readOnly: true, data: getZerocopyReceive, note: "for a caller that has mapped nothing: what is there, and EINVAL for a page of it"},
		{num: TCP_INQ, name: "TCP_INQ", lo: 0, hi: 1, flag: func(o *options) *bool { return &o.inq }},
		{num: TCP_TX_DELAY, name: "TCP_TX_DELAY", does: kept, lo: 0, hi: maxTxDelay, cell: func(o *options) *int32 { return &o.txDelay }, note: "microseconds; sch_fq's affair"},
		{num: TCP_IS_MPTCP, name: "TCP_IS_MPTCP", readOnly: true, get: zero},
		{num: TCP_RTO_MAX_MS, name: "TCP_RTO_MAX_MS", lo: 1000, hi: 120000, set: setRTOMax, tells: tcpstate.RTOMaxMs, get: getRTOMax, note: "milliseconds, rounded up to a tick"},
		{num: TCP_RTO_MIN_US, name: "TCP_RTO_MIN_US", set: setRTOMin, tells: tcpstate.RTOMinUs, get: getRTOMin, note: "microseconds, a tick to 200 ms, rounded up to a tick"},
		{num: TCP_DELACK_MAX_US, name: "TCP_DELACK_MAX_US", set: setDelackMax, tells: tcpstate.DelackMaxUs, get: getDelackMax, note: "microseconds, a tick to 200 ms, rounded up to a tick"},
	},
}

func refusePerm(*Host, *sock, *value) Errno  { return EPERM }
func refuseInval(*Host, *sock, *value) Errno { return EINVAL }

func notRepairing(*Host, *sock, *thread) (int64, Errno) { return 0, EINVAL }

// setQueueSeq: without repair no queue is chosen.
func setQueueSeq(_ *Host, s *sock, _ *value) Errno {
	if s.state() != tcpstate.Closed {
		return EPERM
	}
	return EINVAL
}

func getRepairWindow(_ *Host, _ *sock, t *thread) outcome {
	if t.call.Len != 20 {
		return fail(EINVAL)
	}
	return fail(EPERM)
}

// setULP: there are no upper layer protocols to be found by a name.
func setULP(_ *Host, _ *sock, v *value) Errno {
	if err := v.has(1); err != 0 {
		return err
	}
	return ENOENT
}

// setMaxseg is TCP_MAXSEG (tcp_sock_set_maxseg).
func setMaxseg(h *Host, s *sock, v *value) Errno {
	if v.int != 0 && !inRange(v.int, minMSS, maxWindow) {
		return EINVAL
	}
	s.opt.userMSS = uint16(v.int)
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.UserMSS, N: uint32(v.int)})
	return 0
}

// getMaxseg is the MSS in use, or what was asked for while there is no connection.
func getMaxseg(_ *Host, s *sock, _ *thread) (int64, Errno) {
	switch {
	case s.opt.userMSS != 0 && s.in(tcpstate.Closed, tcpstate.Listen):
		return int64(s.opt.userMSS), 0
	case s.conn != nil:
		return int64(s.conn.MSS()), 0
	case s.mss != 0:
		return int64(s.mss), 0
	}
	return 536, 0 // TCP_MSS_DEFAULT
}

// setQuickAck: only a socket that has yet to connect keeps it for later.
func setQuickAck(h *Host, s *sock, v *value) Errno {
	if s.conn == nil {
		h.tell(s, tcpstate.QuickAck, uint32(v.int))
	} else {
		h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.QuickAck, N: uint32(v.int)})
	}
	return 0
}

// getQuickAck: off once the connection is interactive, or set so before there
// was one.
func getQuickAck(_ *Host, s *sock, _ *thread) (int64, Errno) {
	if s.conn != nil {
		return int64(flag(s.conn.QuickAck())), 0
	}
	return int64(flag(s.opt.set>>tcpstate.QuickAck&1 == 0 || s.opt.flag(tcpstate.QuickAck))), 0
}

func setLinger2(h *Host, s *sock, v *value) Errno {
	h.tell(s, tcpstate.Linger2, uint32(max(min(v.int, maxFinSecs), -1)))
	return 0
}

func getLinger2(h *Host, s *sock, _ *thread) (int64, Errno) {
	if v := int32(s.opt.get(tcpstate.Linger2)); v != 0 {
		return int64(v), 0
	}
	return h.tcp.FinTimeout / tcpstate.Second, 0
}

// setClamp is TCP_WINDOW_CLAMP (tcp_set_window_clamp).
func setClamp(h *Host, s *sock, v *value) Errno {
	n := v.int
	if n == 0 && s.state() != tcpstate.Closed {
		return EINVAL
	}
	if n != 0 {
		n = max(n, h.callRules().minRcvbuf()/2)
	}
	s.pastClamp(s.opt.windowClamp, uint32(n))
	s.opt.windowClamp = uint32(n)
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.WindowClamp, N: uint32(n)})
	return 0
}

func getClamp(_ *Host, s *sock, _ *thread) (int64, Errno) {
	if s.conn != nil {
		return int64(s.conn.WindowClamp()), 0
	}
	return int64(s.opt.windowClamp), 0
}

// setCongestion is TCP_CONGESTION: a name, perhaps cut short.
func setCongestion(h *Host, s *sock, v *value) Errno {
	if err := v.has(1); err != 0 {
		return err
	}
	c, ok := findCongestion(cName(v.data, caNameMax-1))
	if !ok {
		return ENOENT
	}
	if c != s.opt.congestion {
		s.opt.showECN(tcpstate.NotECT) // tcp_reinit_congestion_control
	}
	s.opt.congestion = c
	h.tell(s, tcpstate.CongestionCtl, uint32(c))
	return 0
}

func getCongestion(_ *Host, s *sock, t *thread) outcome {
	t.in = append(t.in[:0], congestionNames[s.opt.congestion]...)
	for len(t.in) < caNameMax {
		t.in = append(t.in, 0)
	}
	return t.giveBytes()
}

// tcpWriteSpace tells of room to write by a new size of the buffer or a new mark,
// whether or not anybody ran out of it (sk_stream_write_space).
func tcpWriteSpace(h *Host, s *sock) {
	if s.conn == nil && h.writable(s) || s.conn != nil && s.conn.TakeSpace() {
		h.wake(s, wakeOut)
	}
}
