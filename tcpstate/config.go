package tcpstate

// Config is what an endpoint reads of net.ipv4.tcp_* and of the few behaviours
// that changed between kernels. It is shared by reference and never written
// once in use: change a copy. A field that no kernel can have counts as the
// nearest that one can.
type Config struct {
	self *Config // its own address, once Bounded has looked at it: a copy has another

	// Option negotiation.
	Timestamps    uint8 // tcp_timestamps: 0 off, 1 with offsets, 2 without
	WindowScaling bool  // tcp_window_scaling
	SACK          bool  // tcp_sack
	DSACK         bool  // tcp_dsack
	ECN           uint8 // tcp_ecn: 0 off, 1 ask and accept, 2 accept
	ECNFallback   bool  // tcp_ecn_fallback: a SYN that is sent again does not ask

	// Retransmission counts and bounds.
	SynRetries        uint8    // tcp_syn_retries
	SynLinearTimeouts uint8    // tcp_syn_linear_timeouts: SYNs sent 1 s apart before doubling
	SynAckRetries     uint8    // tcp_synack_retries
	Retries1          uint8    // tcp_retries1
	Retries2          uint8    // tcp_retries2
	OrphanRetries     uint8    // tcp_orphan_retries: 0 means 8
	RTOMin            Duration // tcp_rto_min_us
	RTOMax            Duration // tcp_rto_max_ms
	RTOInit           Duration // TCP_TIMEOUT_INIT
	FinTimeout        Duration // tcp_fin_timeout
	TimeWaitLen       Duration // TCP_TIMEWAIT_LEN, 60 s

	// Keepalive.
	KeepaliveTime   Duration // tcp_keepalive_time; negative = never
	KeepaliveIntvl  Duration // tcp_keepalive_intvl
	KeepaliveProbes uint8    // tcp_keepalive_probes

	// Buffers: least, default and most, in octets of truesize.
	Rmem           [3]int32
	Wmem           [3]int32
	RmemMax        int32 // net.core.rmem_max
	ModerateRcvbuf bool  // tcp_moderate_rcvbuf
	AdvWinScale    int8  // tcp_adv_win_scale, no effect since 6.6
	AppWin         uint8 // tcp_app_win: the window leaves a 2^AppWin-th of the buffer, 31 nothing; 0 does not reserve a segment either
	NotSentLowat   uint32
	ShrinkWindow   bool // tcp_shrink_window
	// BacklogAckDefer: ACKs of what waited for a call go once, as it ends (tcp_backlog_ack_defer).
	BacklogAckDefer bool
	WorkaroundSign  bool // tcp_workaround_signed_windows

	// Recovery and congestion control.
	Congestion         Congestion // tcp_congestion_control
	Recovery           uint8      // tcp_recovery: 1 RACK, 2 static reordering window, 4 no duplicate threshold
	EarlyRetrans       uint8      // tcp_early_retrans: 3 and 4 allow tail loss probes
	Reordering         uint32     // tcp_reordering
	MaxReordering      uint32     // tcp_max_reordering
	FRTO               bool       // tcp_frto
	SlowStartAfterIdle bool       // tcp_slow_start_after_idle
	NoSSThreshMetrics  bool       // tcp_no_ssthresh_metrics_save
	InitCwnd           uint32     // TCP_INIT_CWND: 10
	TSOWinDivisor      uint8      // tcp_tso_win_divisor
	MinTSOSegs         uint8      // tcp_min_tso_segs
	TSORTTLog          uint8      // tcp_tso_rtt_log
	ThinLinear         bool       // tcp_thin_linear_timeouts
	CompSACKDelay      Duration   // tcp_comp_sack_delay_ns
	CompSACKSlack      Duration   // tcp_comp_sack_slack_ns
	CompSACKNr         uint8      // tcp_comp_sack_nr
	PingpongThresh     uint8      // tcp_pingpong_thresh: replies soon after data that make a conversation
	MinRTTWindow       Duration   // tcp_min_rtt_wlen: how long a least round trip counts

	// Answers to odd segments.
	InvalidRatelimit Duration // tcp_invalid_ratelimit
	RFC1337          bool     // tcp_rfc1337
	StdURG           bool     // tcp_stdurg
	AbortOnOverflow  bool     // tcp_abort_on_overflow
	RetransCollapse  bool     // tcp_retrans_collapse
	MTUProbing       uint8    // tcp_mtu_probing
	BaseMSS          uint16   // tcp_base_mss
	MinSndMSS        uint16   // tcp_min_snd_mss

	// Requests is how pending requests are treated.
	Requests RequestRules

	// Tick is the length of a jiffy: spans computed from round trips are
	// rounded up to it. 1 ms is HZ=1000.
	Tick Duration
}

// SetConfig has the connection follow cfg from now on, as connections do what is
// written to sysctls; nil is Linux's. What a socket is given when it is made
// stays: RTOMin and RTOMax, and besides those what New alone reads (tcp_init_sock).
func (c *Conn) SetConfig(cfg *Config) {
	old := c.cfg
	if c.cfg = cfg.bounded(); c.cfg == old {
		return
	}
	if c.user.rtoMin == 0 && c.cfg.RTOMin != old.RTOMin {
		c.user.rtoMin = c.ticks(uint32(old.RTOMin))
	}
	if c.rtoMs == 0 && c.cfg.RTOMax != old.RTOMax {
		c.rtoMs = uint32(old.RTOMax / Millisecond)
	}
}

// RequestRules are how a kernel treats pending requests and SYN cookies, where
// kernels differ. The zero value is a current kernel's.
type RequestRules struct {
	// Unlimited: repeated SYNs and bad segments are always answered, and leave
	// the SYN-ACK's timer alone (tcp_check_req of 2.4).
	Unlimited bool
	// Lax: a RST anywhere in the window ends a request, and echoes of timestamps
	// are not looked at (before 6.18).
	Lax bool
	// DeferResends: under TCP_DEFER_ACCEPT a bare ACK never does, and SYN-ACKs
	// go on meanwhile (before 2.6.32).
	DeferResends bool
	// PlainCookies: a cookie keeps one of eight MSS for four minutes, and no
	// other option (before 2.6.26).
	PlainCookies bool
}

// Linux is the configuration of a current kernel (6.18) as a new network
// namespace has it, with cubic.
func Linux() Config {
	return Config{
		Timestamps: 1, WindowScaling: true, SACK: true, DSACK: true, ECN: 2, ECNFallback: true,
		SynRetries: 6, SynLinearTimeouts: 4, SynAckRetries: 5, Retries1: 3, Retries2: 15,
		RTOMin: 200 * Millisecond, RTOMax: 120 * Second, RTOInit: 1 * Second,
		FinTimeout: 60 * Second, TimeWaitLen: 60 * Second,
		KeepaliveTime: 7200 * Second, KeepaliveIntvl: 75 * Second, KeepaliveProbes: 9,
		Rmem: [3]int32{4096, 131072, 32 << 20}, Wmem: [3]int32{4096, 16384, 4 << 20}, RmemMax: 4 << 20,
		ModerateRcvbuf: true, AdvWinScale: 1, AppWin: 31, NotSentLowat: 1<<32 - 1,
		Congestion: Cubic, Recovery: 1, EarlyRetrans: 3, Reordering: 3, MaxReordering: 300,
		FRTO: true, SlowStartAfterIdle: true, InitCwnd: 10,
		TSOWinDivisor: 3, MinTSOSegs: 2, TSORTTLog: 9,
		CompSACKDelay: 1 * Millisecond, CompSACKSlack: 100 * Microsecond, CompSACKNr: 44,
		PingpongThresh: 1, MinRTTWindow: 300 * Second,
		InvalidRatelimit: 500 * Millisecond, BacklogAckDefer: true,
		RetransCollapse: true, BaseMSS: 1024, MinSndMSS: 48,
		Tick: Millisecond,
	}
}
