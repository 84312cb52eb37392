package sock

import "github.com/sockspec/sockspec/tcpstate"

// socketOptions is SOL_SOCKET (sk_setsockopt, sk_getsockopt).
var socketOptions = optionLevel{
	level: SOL_SOCKET, name: "SOL_SOCKET", read: readWhole, give: (*thread).giveInt,
	rows: []option{
		{num: SO_DEBUG, name: "SO_DEBUG", does: kept, caps: CapNetAdmin, capErr: EACCES, needed: turnsOn, when: "to turn it on", flag: func(o *options) *bool { return &o.debug }},
		{num: SO_REUSEADDR, name: "SO_REUSEADDR", flag: func(o *options) *bool { return &o.reuseAddr }},
		{num: SO_TYPE, name: "SO_TYPE", readOnly: true, get: func(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(s.typ), 0 }},
		{num: SO_ERROR, name: "SO_ERROR", readOnly: true, get: func(h *Host, s *sock, _ *thread) (int64, Errno) { return int64(h.socketError(s)), 0 }},
		{num: SO_DONTROUTE, name: "SO_DONTROUTE", flag: func(o *options) *bool { return &o.dontRoute }, then: forgetRoute},
		{num: SO_BROADCAST, name: "SO_BROADCAST", flag: func(o *options) *bool { return &o.broadcast }},
		{num: SO_SNDBUF, name: "SO_SNDBUF", set: setSndbuf, get: getSndbuf, note: "doubled; at most net.core.wmem_max, at least 4608 octets"},
		{num: SO_RCVBUF, name: "SO_RCVBUF", set: setRcvbuf, get: getRcvbuf, note: "doubled; at most net.core.rmem_max, at least 2304 octets"},
		{num: SO_KEEPALIVE, name: "SO_KEEPALIVE", tells: tcpstate.KeepAlive, truth: true},
		{num: SO_OOBINLINE, name: "SO_OOBINLINE", tells: tcpstate.OOBInline, truth: true},
		{num: SO_NO_CHECK, name: "SO_NO_CHECK", flag: func(o *options) *bool { return &o.noCheck }},
		{num: SO_PRIORITY, name: "SO_PRIORITY", caps: CapNetRaw | CapNetAdmin, needed: prioNeeds, when: "beyond 0 to 6", cell: func(o *options) *int32 { return &o.priority }},
		{num: SO_LINGER, name: "SO_LINGER", set: setLinger, data: getLinger, note: "struct linger of 8 octets"},
		{num: SO_BSDCOMPAT, name: "SO_BSDCOMPAT", does: kept, note: "without effect in Linux; reads 0"},
		{num: SO_REUSEPORT, name: "SO_REUSEPORT", flag: func(o *options) *bool { return &o.reusePort }},
		{num: SO_PASSCRED, name: "SO_PASSCRED", only: none, other: EOPNOTSUPP, strict: true, note: "for AF_UNIX"},
		{num: SO_PEERCRED, name: "SO_PEERCRED", readOnly: true, data: getPeercred, note: "nobody: pid 0, uid and gid -1"},
		{num: SO_RCVLOWAT, name: "SO_RCVLOWAT", set: setRcvlowat, cell: func(o *options) *int32 { return &o.rcvLowat }, note: "0 means 1, negative the most; a stream's at most half of the buffer"},
		{num: SO_SNDLOWAT, name: "SO_SNDLOWAT", readOnly: true, get: func(*Host, *sock, *thread) (int64, Errno) { return 1, 0 }},
		{num: SO_RCVTIMEO, name: "SO_RCVTIMEO_OLD", set: setRcvtimeo, data: getRcvtimeo, note: timevalNote},
		{num: SO_SNDTIMEO, name: "SO_SNDTIMEO_OLD", set: setSndtimeo, data: getSndtimeo, note: timevalNote},
		{num: SO_RCVTIMEO_NEW, name: "SO_RCVTIMEO_NEW", set: setRcvtimeo, data: getRcvtimeo, note: timevalNote},
		{num: SO_SNDTIMEO_NEW, name: "SO_SNDTIMEO_NEW", set: setSndtimeo, data: getSndtimeo, note: timevalNote},
		{num: SO_BINDTODEVICE, name: "SO_BINDTODEVICE", anyLength: true, set: setDevice, data: (*Host).getDevice, note: "a name of at most 15 octets; none: ENODEV; whoever is bound needs CAP_NET_RAW"},
		{num: SO_ATTACH_FILTER, name: "SO_ATTACH_FILTER", set: attachFilter, data: getFilter, note: "struct sock_fprog of 16 octets: a classic BPF program of at most 4096 instructions, within net.core.optmem_max; SO_GET_FILTER reads it, its length counted in instructions"},
		{num: SO_DETACH_FILTER, name: "SO_DETACH_FILTER", writeOnly: true, set: detachFilter, note: "no filter: ENOENT"},
		{num: SO_PEERNAME, name: "SO_PEERNAME", readOnly: true, data: getPeerName, note: "the room must not exceed the address: EINVAL"},
		{num: SO_TIMESTAMP, name: "SO_TIMESTAMP_OLD", set: setTimestamp(false, false), get: getTimestamp(false, false), note: "of a stream: when the last packet came that a read took from"},
		{num: SO_TIMESTAMPNS, name: "SO_TIMESTAMPNS_OLD", set: setTimestamp(false, true), get: getTimestamp(false, true), note: "of a stream: when the last packet came that a read took from"},
		{num: SO_TIMESTAMP_NEW, name: "SO_TIMESTAMP_NEW", set: setTimestamp(true, false), get: getTimestamp(true, false), note: "of a stream: when the last packet came that a read took from"},
		{num: SO_TIMESTAMPNS_NEW, name: "SO_TIMESTAMPNS_NEW", set: setTimestamp(true, true), get: getTimestamp(true, true), note: "of a stream: when the last packet came that a read took from"},
		{num: SO_TIMESTAMPING, name: "SO_TIMESTAMPING_OLD", does: kept, set: setTimestamping(false), data: getTimestamping(false), note: stampingNote},
		{num: SO_TIMESTAMPING_NEW, name: "SO_TIMESTAMPING_NEW", does: kept, set: setTimestamping(true), data: getTimestamping(true), note: stampingNote},
		{num: SO_ACCEPTCONN, name: "SO_ACCEPTCONN", readOnly: true, get: func(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(flag(s.state() == tcpstate.Listen)), 0 }},
		{num: SO_PEERSEC, name: "SO_PEERSEC", does: refused, readOnly: true, writeOnly: true, note: "no security module is there to answer"},
		{num: SO_SNDBUFFORCE, name: "SO_SNDBUFFORCE", writeOnly: true, caps: CapNetAdmin, set: forceSndbuf, note: "as SO_SNDBUF, without net.core.wmem_max"},
		{num: SO_RCVBUFFORCE, name: "SO_RCVBUFFORCE", writeOnly: true, caps: CapNetAdmin, set: forceRcvbuf, note: "as SO_RCVBUF, without net.core.rmem_max"},
		{num: SO_PASSSEC, name: "SO_PASSSEC", only: none, other: EOPNOTSUPP, strict: true, note: "for AF_UNIX"},
		{num: SO_MARK, name: "SO_MARK", caps: CapNetRaw | CapNetAdmin, set: setMark, cell: func(o *options) *int32 { return &o.mark }},
		{num: SO_PROTOCOL, name: "SO_PROTOCOL", readOnly: true, get: func(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(s.proto), 0 }},
		{num: SO_DOMAIN, name: "SO_DOMAIN", readOnly: true, get: func(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(s.family), 0 }},
		{num: SO_RXQ_OVFL, name: "SO_RXQ_OVFL", flag: func(o *options) *bool { return &o.rxqOvfl }},
		{num: SO_WIFI_STATUS, name: "SO_WIFI_STATUS", does: kept, flag: func(o *options) *bool { return &o.wifiStatus }},
		{num: SO_PEEK_OFF, name: "SO_PEEK_OFF", only: onStream | onDgram, other: EOPNOTSUPP, strict: true, cell: func(o *options) *int32 { return &o.peekOff }, note: "negative is off"},
		{num: SO_NOFCS, name: "SO_NOFCS", does: kept, flag: func(o *options) *bool { return &o.noFCS }},
		{num: SO_LOCK_FILTER, name: "SO_LOCK_FILTER", set: lockFilter, flag: func(o *options) *bool { return &o.lockFilter }, note: "once on, turning it off is EPERM, and so is attaching and detaching"},
		{num: SO_SELECT_ERR_QUEUE, name: "SO_SELECT_ERR_QUEUE", flag: func(o *options) *bool { return &o.selectErrQueue }},
		{num: SO_BUSY_POLL, name: "SO_BUSY_POLL", does: kept, lo: 0, hi: maxInt32, cell: func(o *options) *int32 { return &o.busyPoll }},
		{num: SO_MAX_PACING_RATE, name: "SO_MAX_PACING_RATE", does: kept, set: setMaxPacing, data: getMaxPacing, note: "octets a second, as an int or a long"},
		{num: SO_BPF_EXTENSIONS, name: "SO_BPF_EXTENSIONS", readOnly: true, get: func(*Host, *sock, *thread) (int64, Errno) { return bpfExtensions, 0 }},
		{num: SO_INCOMING_CPU, name: "SO_INCOMING_CPU", cell: func(o *options) *int32 { return &o.incomingCPU }, note: "-1 until a packet came; the host has one processor, 0"},
		{num: SO_ATTACH_BPF, name: "SO_ATTACH_BPF", does: refused, writeOnly: true, set: noProgram, note: noProgramNote},
		{num: SO_ATTACH_REUSEPORT_CBPF, name: "SO_ATTACH_REUSEPORT_CBPF", writeOnly: true, set: attachReuseport, note: "as SO_ATTACH_FILTER; the program's result is the number of a member of the group; a socket bound without SO_REUSEPORT: EINVAL"},
		{num: SO_ATTACH_REUSEPORT_EBPF, name: "SO_ATTACH_REUSEPORT_EBPF", does: refused, writeOnly: true, set: noProgram, note: noProgramNote},
		{num: SO_CNX_ADVICE, name: "SO_CNX_ADVICE", does: kept, writeOnly: true, set: adviseRoute, note: "1 lets go of an IPv6 route"},
		{num: SO_MEMINFO, name: "SO_MEMINFO", does: kept, readOnly: true, data: getMeminfo, note: "the backlog reads 0, and of streams what is on its way out and what was dropped"},
		{num: SO_INCOMING_NAPI_ID, name: "SO_INCOMING_NAPI_ID", readOnly: true, get: zero, note: "0: the link has no NAPI instance"},
		{num: SO_COOKIE, name: "SO_COOKIE", readOnly: true, data: getCookie},
		{num: SO_PEERGROUPS, name: "SO_PEERGROUPS", readOnly: true, data: noData},
		{num: SO_ZEROCOPY, name: "SO_ZEROCOPY", does: kept, only: onStream | onDgram, other: EOPNOTSUPP, lo: 0, hi: 1, flag: func(o *options) *bool { return &o.zeroCopy }, note: "nothing is told of copies saved: `sockspec run` skips a script that sets it"},
		{num: SO_TXTIME, name: "SO_TXTIME", does: kept, set: setTxtime, data: getTxtime, note: "struct sock_txtime of 8 octets"},
		{num: SO_BINDTOIFINDEX, name: "SO_BINDTOIFINDEX", set: setIfindex, cell: func(o *options) *int32 { return &o.boundDev }},
		{num: SO_DETACH_REUSEPORT_BPF, name: "SO_DETACH_REUSEPORT_BPF", writeOnly: true, set: detachReuseport, note: "no program: ENOENT"},
		{num: SO_PREFER_BUSY_POLL, name: "SO_PREFER_BUSY_POLL", does: kept, caps: CapNetAdmin, needed: turnsOn, when: "to turn it on", flag: func(o *options) *bool { return &o.preferBusyPoll }},
		{num: SO_BUSY_POLL_BUDGET, name: "SO_BUSY_POLL_BUDGET", does: kept, writeOnly: true, lo: 0, hi: 65535, caps: CapNetAdmin, needed: budgetNeeds, when: "to raise it", cell: func(o *options) *int32 { return &o.busyBudget }},
		{num: SO_NETNS_COOKIE, name: "SO_NETNS_COOKIE", readOnly: true, data: getNetnsCookie},
		{num: SO_BUF_LOCK, name: "SO_BUF_LOCK", lo: 0, hi: 3, set: setBufLock, get: getBufLock},
		{num: SO_RESERVE_MEM, name: "SO_RESERVE_MEM", does: refused, lo: 0, hi: maxInt32, set: refuseOp, note: "EOPNOTSUPP, as without memory accounting of the socket's group"},
		{num: SO_TXREHASH, name: "SO_TXREHASH", only: onStream, other: EOPNOTSUPP, strict: true, lo: -1, hi: 1, set: setTxrehash, cell: func(o *options) *int32 { return &o.txRehash }},
		{num: SO_RCVMARK, name: "SO_RCVMARK", flag: func(o *options) *bool { return &o.rcvMark }},
		{num: SO_PASSPIDFD, name: "SO_PASSPIDFD", only: none, other: EOPNOTSUPP, strict: true, note: "for AF_UNIX"},
		{num: SO_PEERPIDFD, name: "SO_PEERPIDFD", readOnly: true, data: noData},
		{num: SO_RCVPRIORITY, name: "SO_RCVPRIORITY", flag: func(o *options) *bool { return &o.rcvPriority }},
		{num: SO_PASSRIGHTS, name: "SO_PASSRIGHTS", only: none, other: EOPNOTSUPP, strict: true, note: "for AF_UNIX"},
	},
}

const noProgramNote = "no descriptor is an eBPF program: EBADF for one that is not open, else EINVAL"

const timevalNote = "struct timeval of 16 octets; microseconds out of range: EDOM; rounded up to a tick; negative: no wait"

// none is the kind that no socket here is of.
const none kinds = 1 << 7

// forgetRoute is sk_dst_reset: the next segment asks anew.
func forgetRoute(_ *Host, s *sock) { s.routed = false }

// turnsOn: the capability is asked for by whoever sets something else than 0.
func turnsOn(_ *options, v int32) bool { return v != 0 }

// prioNeeds: the priorities that anybody may have are 0 to 6
// (sk_set_prio_allowed).
func prioNeeds(_ *options, v int32) bool { return !inRange(v, 0, 6) }

// budgetNeeds: anybody may lower the budget.
func budgetNeeds(o *options, v int32) bool { return v > o.busyBudget }

func zero(*Host, *sock, *thread) (int64, Errno) { return 0, 0 }

// refuse is what a kernel without the feature says.
func refuse(*Host, *sock, *value) Errno { return ENOPROTOOPT }

// refuseOp is refuse for what kernels say otherwise.
func refuseOp(*Host, *sock, *value) Errno { return EOPNOTSUPP }

// noData is for what only AF_UNIX knows of its peer.
func noData(*Host, *sock, *thread) outcome { return fail(ENODATA) }
