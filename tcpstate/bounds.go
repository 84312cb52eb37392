package tcpstate

// minSndMSS is TCP_MIN_SND_MSS: the least that tcp_min_snd_mss can be.
const minSndMSS = 48

// linuxConfig stands in where no configuration was given.
var linuxConfig = Linux()

// Bounded returns a configuration whose fields are all such as a kernel can
// have, and which New takes as it is: worth while for one that many endpoints
// share. A later change of it would go unseen: change a copy, which counts as
// new.
func (cfg *Config) Bounded() *Config {
	c := *cfg
	c.bound()
	c.self = &c
	return &c
}

// bounded is the configuration itself when every field is one that a kernel
// can have, else a copy with the nearest such values; nil stands for Linux().
// Linux bounds them where sysctls are written (net/ipv4/sysctl_net_ipv4.c).
func (cfg *Config) bounded() *Config {
	if cfg == nil {
		return &linuxConfig
	}
	if cfg.self == cfg {
		return cfg
	}
	b := *cfg
	b.bound()
	if b == *cfg {
		return cfg
	}
	mended := new(Config) // here, so that only an odd configuration costs an allocation
	*mended = b
	return mended
}

func (cfg *Config) bound() {
	const longest = 1 << 40 * Microsecond // 12 days, far from overflow
	cfg.Timestamps, cfg.ECN, cfg.AppWin = min(cfg.Timestamps, 2), min(cfg.ECN, 2), min(cfg.AppWin, 31)
	cfg.SynRetries, cfg.SynLinearTimeouts = min(cfg.SynRetries, 127), min(cfg.SynLinearTimeouts, 127)
	for _, d := range [...]struct {
		at    *Duration
		least Duration
		most  Duration
	}{
		{&cfg.RTOMin, 1, 120 * Second}, {&cfg.RTOMax, Second, 120 * Second}, {&cfg.RTOInit, Millisecond, 120 * Second},
		{&cfg.FinTimeout, 0, longest}, {&cfg.TimeWaitLen, Millisecond, longest},
		{&cfg.KeepaliveTime, -longest, longest}, {&cfg.KeepaliveIntvl, 0, longest},
		{&cfg.CompSACKDelay, 0, Second}, {&cfg.CompSACKSlack, 0, Second}, {&cfg.MinRTTWindow, 0, 86400 * Second},
		{&cfg.InvalidRatelimit, 0, longest}, {&cfg.Tick, 1, 10 * Millisecond},
	} {
		*d.at = min(max(*d.at, d.least), d.most)
	}
	for i := range cfg.Rmem {
		cfg.Rmem[i], cfg.Wmem[i] = max(cfg.Rmem[i], 1), max(cfg.Wmem[i], 1)
	}
	cfg.RmemMax = max(cfg.RmemMax, 1)
	cfg.Reordering, cfg.MaxReordering = max(cfg.Reordering, 1), max(cfg.MaxReordering, 1)
	if !cfg.Congestion.known() {
		cfg.Congestion = Cubic
	}
	cfg.InitCwnd = min(max(cfg.InitCwnd, 1), 1<<16-1)
	cfg.PingpongThresh = max(cfg.PingpongThresh, 1)
	cfg.MinTSOSegs = max(cfg.MinTSOSegs, 1)
	cfg.MinSndMSS = max(cfg.MinSndMSS, minSndMSS)
	cfg.BaseMSS = max(cfg.BaseMSS, cfg.MinSndMSS)
}
