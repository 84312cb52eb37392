package sock

import "github.com/sockspec/sockspec/tcpstate"

// Profile is a kernel to be: its sysctls where they differ from a current one's,
// and the few behaviours that changed.
type Profile struct {
	Name string
	// Sysctls that differ from a current kernel's.
	Sysctls []ProfileSysctl
	// InitCwnd is the initial congestion window in segments, RTOInit the initial
	// time-out; 0 for a current kernel's.
	InitCwnd uint32
	// Tick is the length of a jiffy, 1/HZ; 0 is 1 ms.
	Tick    tcpstate.Duration
	RTOInit tcpstate.Duration
	// Queues are the rules of a listener's queues, Requests those of pending
	// requests; their zero values are a current kernel's.
	Queues   QueueRules
	Requests tcpstate.RequestRules
	// Calls are the rules of system calls.
	Calls CallRules
}

// ProfileSysctl is one sysctl of a profile.
type ProfileSysctl struct {
	Name   string
	Values [3]int64
}

// Linux is the kernel of LinuxRelease.
var Linux = Profile{Name: "linux"}

// Linux24 is a kernel of the 2.4 series: three seconds to the first
// retransmission, two segments to begin with, somaxconn 128
// (include/net/tcp.h and net/ipv4/tcp_ipv4.c of 2.4).
var Linux24 = Profile{
	Name: "linux24", InitCwnd: 2, RTOInit: 3 * tcpstate.Second, Queues: queueRules24, Calls: callRules24,
	Requests: tcpstate.RequestRules{Unlimited: true, Lax: true, DeferResends: true, PlainCookies: true},
	Sysctls: []ProfileSysctl{
		{"net.core.somaxconn", [3]int64{128}},
		{"net.ipv4.tcp_max_syn_backlog", [3]int64{1024}},
		{"net.ipv4.tcp_syncookies", [3]int64{0}},
		{"net.ipv4.tcp_syn_retries", [3]int64{5}},
		{"net.ipv4.tcp_syn_linear_timeouts", [3]int64{0}},
		{"net.ipv4.tcp_ecn", [3]int64{0}},
		{"net.ipv4.tcp_fastopen", [3]int64{0}},
		{"net.ipv4.tcp_recovery", [3]int64{0}},
		{"net.ipv4.tcp_early_retrans", [3]int64{0}},
		{"net.ipv4.tcp_frto", [3]int64{0}},
		{"net.ipv4.tcp_tw_reuse", [3]int64{0}},
		{"net.ipv4.tcp_rmem", [3]int64{4096, 87380, 174760}},
		{"net.ipv4.tcp_wmem", [3]int64{4096, 16384, 131072}},
		{"net.core.rmem_max", [3]int64{65535}},
		{"net.core.wmem_max", [3]int64{65535}},
		{"net.core.rmem_default", [3]int64{65535}},
		{"net.core.wmem_default", [3]int64{65535}},
		{"net.ipv4.ip_local_port_range", [3]int64{1024, 4999}},
		{"net.ipv6.auto_flowlabels", [3]int64{0}},
		{"net.core.txrehash", [3]int64{0}},
	},
}

// config is what connections read of the sysctls.
func (c *sysctls) config(p *Profile) *tcpstate.Config {
	if p == nil {
		p = c.profile
	}
	c.profile = p
	cfg := tcpstate.Linux()
	if p.Tick > 0 {
		cfg.Tick = p.Tick
	}
	cfg.Congestion = c.congestion
	c.configOptions(&cfg)
	c.configTimes(&cfg)
	c.configBuffers(&cfg)
	c.configRecovery(&cfg)
	c.configAnswers(&cfg)
	cfg.Requests = p.Requests
	if p.InitCwnd != 0 {
		cfg.InitCwnd = p.InitCwnd
	}
	if p.RTOInit != 0 {
		cfg.RTOInit = p.RTOInit
	}
	return cfg.Bounded()
}

func (c *sysctls) configOptions(cfg *tcpstate.Config) {
	cfg.Timestamps = uint8(c.get(ctlTCPTimestamps))
	cfg.WindowScaling = c.on(ctlTCPWindowScaling)
	cfg.SACK, cfg.DSACK = c.on(ctlTCPSack), c.on(ctlTCPDsack)
	cfg.ECN, cfg.ECNFallback = uint8(c.get(ctlTCPEcn)), c.on(ctlTCPEcnFallback)
}

func (c *sysctls) configTimes(cfg *tcpstate.Config) {
	cfg.SynRetries, cfg.SynLinearTimeouts = uint8(c.get(ctlTCPSynRetries)), uint8(c.get(ctlTCPSynLinear))
	cfg.SynAckRetries = uint8(c.get(ctlTCPSynackRetries))
	cfg.Retries1, cfg.Retries2 = uint8(c.get(ctlTCPRetries1)), uint8(c.get(ctlTCPRetries2))
	cfg.OrphanRetries = uint8(c.get(ctlTCPOrphanRetries))
	cfg.RTOMin = roundUp(c.get(ctlTCPRtoMinUs)*tcpstate.Microsecond, cfg.Tick)
	cfg.RTOMax = roundUp(c.get(ctlTCPRtoMaxMs)*tcpstate.Millisecond, cfg.Tick)
	cfg.FinTimeout = c.get(ctlTCPFinTimeout) * tcpstate.Second
	cfg.KeepaliveTime = c.get(ctlTCPKeepaliveTime) * tcpstate.Second
	cfg.KeepaliveIntvl = c.get(ctlTCPKeepaliveIntvl) * tcpstate.Second
	cfg.KeepaliveProbes = uint8(c.get(ctlTCPKeepaliveProbes))
	cfg.ThinLinear = c.on(ctlTCPThinLinear)
}

// roundUp makes a span one of whole ticks (usecs_to_jiffies, msecs_to_jiffies).
func roundUp(d, tick tcpstate.Duration) tcpstate.Duration { return (d + tick - 1) / tick * tick }

func (c *sysctls) configBuffers(cfg *tcpstate.Config) {
	for i := range cfg.Rmem {
		cfg.Rmem[i], cfg.Wmem[i] = int32(c.val[ctlTCPRmem][i]), int32(c.val[ctlTCPWmem][i])
	}
	cfg.RmemMax = int32(c.get(ctlRmemMax))
	cfg.ModerateRcvbuf = c.on(ctlTCPModerateRcvbuf)
	cfg.AdvWinScale = int8(c.get(ctlTCPAdvWinScale))
	cfg.AppWin = uint8(c.get(ctlTCPAppWin))
	cfg.NotSentLowat = uint32(c.get(ctlTCPNotsentLowat))
	cfg.ShrinkWindow, cfg.BacklogAckDefer = c.on(ctlTCPShrinkWindow), c.on(ctlTCPBacklogAckDefer)
	cfg.WorkaroundSign = c.on(ctlTCPWorkaroundSigned)
}

func (c *sysctls) configRecovery(cfg *tcpstate.Config) {
	cfg.Recovery = uint8(c.get(ctlTCPRecovery))
	cfg.EarlyRetrans = uint8(c.get(ctlTCPEarlyRetrans))
	cfg.Reordering = uint32(c.get(ctlTCPReordering))
	cfg.MaxReordering = uint32(c.get(ctlTCPMaxReordering))
	cfg.FRTO = c.on(ctlTCPFrto)
	cfg.SlowStartAfterIdle = c.on(ctlTCPSlowStartAfterIdle)
	cfg.NoSSThreshMetrics = c.on(ctlTCPNoSsthreshMetricsSave)
	cfg.TSOWinDivisor = uint8(c.get(ctlTCPTsoWinDivisor))
	cfg.MinTSOSegs = uint8(c.get(ctlTCPMinTsoSegs))
	cfg.TSORTTLog = uint8(c.get(ctlTCPTsoRttLog))
	cfg.CompSACKDelay = c.get(ctlTCPCompSackDelay) / 1000
	cfg.CompSACKSlack = c.get(ctlTCPCompSackSlack) / 1000
	cfg.CompSACKNr = uint8(c.get(ctlTCPCompSackNr))
	cfg.PingpongThresh = uint8(c.get(ctlTCPPingpongThresh))
	cfg.MinRTTWindow = c.get(ctlTCPMinRttWlen) * tcpstate.Second
}

func (c *sysctls) configAnswers(cfg *tcpstate.Config) {
	cfg.InvalidRatelimit = c.get(ctlTCPInvalidRatelimit) * tcpstate.Millisecond
	cfg.RFC1337, cfg.StdURG = c.on(ctlTCPRFC1337), c.on(ctlTCPStdurg)
	cfg.AbortOnOverflow = c.on(ctlTCPAbortOnOverflow)
	cfg.RetransCollapse = c.on(ctlTCPRetransCollapse)
	cfg.MTUProbing = uint8(c.get(ctlTCPMtuProbing))
	cfg.BaseMSS, cfg.MinSndMSS = uint16(c.get(ctlTCPBaseMss)), uint16(c.get(ctlTCPMinSndMss))
}
