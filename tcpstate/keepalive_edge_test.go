package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// keepFires is what the keepalive timer does now, in a state that change makes.
func keepFires(t *testing.T, change func(*Conn)) (*Conn, []Output) {
	w := established(t, plainOpts)
	w.set(KeepIdle, 10)
	w.set(KeepIntvl, 2)
	w.set(KeepAlive, 1)
	w.pass(10 * Second)
	c := w.c
	c.now = w.now
	c.timers.keep = never
	change(c)
	c.out = nil
	c.keepTimer()
	return c, c.out
}

// TestWhatTheKeepaliveTimerDoes: over the states and settings that it looks at
// (tcp_keepalive_timer).
func TestWhatTheKeepaliveTimerDoes(t *testing.T) {
	orphan2 := func(c *Conn) { c.state, c.orphan, c.user.keepAlive = FinWait2, true, false }
	for name, c := range map[string]struct {
		change func(*Conn)
		first  string   // of what it emits
		again  Duration // milliseconds, 0 none
	}{
		"probes":                         {func(*Conn) {}, "> . 0 ack 1 win 64240 [keepalive-probe]", 2000},
		"a user's FIN-WAIT-2":            {func(c *Conn) { c.state = FinWait2 }, "> . 0 ack 1 win 64240 [keepalive-probe]", 2000},
		"an orphan's CLOSE-WAIT":         {func(c *Conn) { c.orphan = true }, "> . 0 ack 1 win 64240 [keepalive-probe]", 2000},
		"off":                            {func(c *Conn) { c.user.keepAlive = false }, "", 0},
		"SYN-SENT":                       {func(c *Conn) { c.state = SynSent }, "", 0},
		"CLOSED":                         {func(c *Conn) { c.state = Closed }, "", 0},
		"heard of a tick ago":            {func(c *Conn) { c.stat.lastAck = c.now.Add(-Millisecond) }, "", 9999},
		"quiet for all but a tick":       {func(c *Conn) { c.ack.lastRcv = c.now.Add(Millisecond - 10*Second) }, "", 1},
		"the last probe but one":         {func(c *Conn) { c.ca.probes = 8 }, "> . 0 ack 1 win 64240 [keepalive-probe]", 2000},
		"all probes unanswered":          {func(c *Conn) { c.ca.probes = 9 }, "> R. 1 ack 1 [keepalive-timeout]", 0},
		"the user's time, no probe yet":  {func(c *Conn) { c.user.userTimeout = 10_000 }, "> . 0 ack 1 win 64240 [keepalive-probe]", 2000},
		"the user's time, to the tick":   {func(c *Conn) { c.user.userTimeout, c.ca.probes = 10_000, 1 }, "> R. 1 ack 1 [keepalive-timeout]", 0},
		"a tick more":                    {func(c *Conn) { c.user.userTimeout, c.ca.probes = 10_001, 1 }, "> . 0 ack 1 win 64240 [keepalive-probe]", 2000},
		"the user's time is not over":    {func(c *Conn) { c.user.userTimeout, c.ca.probes = 60_000, 200 }, "> . 0 ack 1 win 64240 [keepalive-probe]", 2000},
		"an orphan's FIN-WAIT-2 is over": {orphan2, "> R. 1 ack 1 [fin-wait-2-timeout]", 0},
		"with more to wait":              {func(c *Conn) { orphan2(c); c.rtt.rto = 20 * Second }, "", 0}, // as a bucket, for 3.5 time-outs less 60 s
		"but not without FIN-WAIT-2":     {func(c *Conn) { orphan2(c); c.rtt.rto, c.user.linger2 = 20*Second, -1 }, "> R. 1 ack 1 [fin-wait-2-timeout]", 0},
	} {
		conn, out := keepFires(t, c.change)
		first := ""
		if len(out) > 0 && out[0].Kind == Emit {
			first = ourShow.output(out[0])
		}
		require.Equal(t, c.first, first, name)
		if c.again == 0 {
			require.Equal(t, never, conn.timers.keep, name)
		} else {
			require.Equal(t, c.again*Millisecond, conn.timers.keep.Sub(conn.now), name)
		}
		require.Equal(t, name == "with more to wait", conn.mini, name)
	}
}

// TestTheMSSThatAPathAnnounces: within what the option and the protocol can say
// (ipv4_default_advmss, ip6_default_advmss, tcp_mss_clamp).
func TestTheMSSThatAPathAnnounces(t *testing.T) {
	for _, c := range []struct {
		ipv6 bool
		mtu  uint32
		user uint16
		want uint16
	}{
		{false, 1500, 0, 1460}, {false, 297, 0, 257}, {false, 296, 0, 256}, {false, 295, 0, 256}, {false, 68, 0, 256}, {false, 65535, 0, 65495},
		{false, 70_000, 0, 65495}, {false, 1500, 1459, 1459}, {false, 1500, 1460, 1460}, {false, 1500, 1461, 1460}, {false, 1500, 88, 88},
		{true, 1500, 0, 1440}, {true, 1281, 0, 1221}, {true, 1280, 0, 1220}, {true, 1279, 0, 1220}, {true, 68, 0, 1220},
		{true, 65_574, 0, 65514}, {true, 65_575, 0, 65515}, {true, 65_576, 0, 65535}, {true, 100_000, 0, 65535}, {true, 100_000, 9000, 9000},
	} {
		p := Params{Cfg: testConfig(), IPv6: c.ipv6, MTU: c.mtu, UserMSS: c.user}
		require.Equal(t, c.want, p.advMSS(), "%+v", c)
	}
}

// TestTheFirstWindow: whole segments of the buffer's worth, and a scale that
// reaches what tuning may grow to (tcp_select_initial_window).
func TestTheFirstWindow(t *testing.T) {
	small := Linux()
	small.Rmem[2], small.RmemMax = 65535, 65535
	wide := small
	wide.RmemMax = 65536
	signed := small
	signed.WorkaroundSign = true
	for name, c := range map[string]struct {
		cfg          *Config
		space        int32
		mss, clamp   uint32
		scales       bool
		wnd, newMost uint32
		scale        uint8
	}{
		"whole segments":             {&small, 65535, 1460, 0, false, 64240, 65535, 0},
		"one exactly":                {&small, 1460, 1460, 0, false, 1460, 65535, 0},
		"one and an octet":           {&small, 1461, 1460, 0, false, 1460, 65535, 0},
		"less than one":              {&small, 1459, 1460, 0, false, 1459, 65535, 0},
		"no segments":                {&small, 1459, 0, 0, false, 1459, 65535, 0},
		"no buffer":                  {&small, -1, 1460, 0, true, 0, 65535, 0},
		"a clamp":                    {&small, 65535, 1000, 5500, false, 5000, 5500, 0},
		"16 bits are enough":         {&small, 65535, 1000, 0, true, 65000, 65535, 0},
		"17 bits":                    {&wide, 65535, 1000, 0, true, 65000, 131070, 1},
		"17 bits, not agreed":        {&wide, 65535, 1000, 0, false, 65000, 65535, 0},
		"17 bits of its own":         {&small, 66000, 1000, 0, true, 66000, 131070, 1},
		"of which segments leave 16": {&small, 65536, 1000, 0, true, 65000, 65535, 0},
		"the largest scale":          {&small, 1<<31 - 1, 1000, 0, true, 65535 << 14 / 1000 * 1000, 65535 << 14, 14},
		"a clamp bounds it":          {&wide, 65535, 1000, 65535, true, 65000, 65535, 0},
		"signed windows":             {&signed, 65535, 1000, 0, false, 32767, 65535, 0},
		"signed, less than 15 bits":  {&signed, 20_000, 1000, 0, false, 20000, 65535, 0},
	} {
		wnd, most, scale := selectInitialWindow(c.cfg, c.space, c.mss, c.clamp, c.scales)
		require.Equal(t, [3]uint32{c.wnd, c.newMost, uint32(c.scale)}, [3]uint32{wnd, most, uint32(scale)}, name)
	}
}

// TestARequestTakesTheSizeThatItIsGiven: MSS 0 is none; TCP_MAXSEG bounds it.
func TestARequestTakesTheSizeThatItIsGiven(t *testing.T) {
	for _, c := range []struct {
		set       bool
		mss, user uint16
		want      uint16
	}{
		{false, 0, 0, 536}, {true, 0, 0, 536}, {true, 1, 0, 1}, {true, 1460, 0, 1460}, {true, 1460, 1000, 1000}, {true, 999, 1000, 999}, {false, 0, 400, 536},
		{false, 9000, 0, 536},
	} {
		l := testListener()
		l.UserMSS = c.user
		syn := Segment{Seq: peerISS, Flags: SYN, Opts: Options{MSS: c.mss}}
		if c.set {
			syn.Opts.Set = OptMSS
		}
		r, _ := l.AnswerSYN(Input{Now: 1, Seg: syn}, nil)
		require.Equal(t, c.want, r.MSS, "%+v", c)
	}
}

// TestARequestsWindowIsNoLargerThanTheUsersBuffer: SO_RCVBUF of the listener
// (tcp_openreq_init_rwin). 20000 are worth 10000.
func TestARequestsWindowIsNoLargerThanTheUsersBuffer(t *testing.T) {
	for _, c := range []struct {
		locks       uint8
		clamp, want uint32
	}{
		{0, 0, 65535}, {LockSndBuf, 0, 65535}, {LockRcvBuf, 0, 10000}, {LockRcvBuf, 9999, 9999}, {LockRcvBuf, 10000, 10000}, {LockRcvBuf, 10001, 10000},
		{0, 10001, 10001},
	} {
		l := testListener()
		l.RcvBuf, l.Locks, l.Clamp = 20000, c.locks, c.clamp
		r, _ := l.AnswerSYN(Input{Now: 1, Seg: Segment{Seq: peerISS, Flags: SYN}}, nil)
		require.Equal(t, c.want, r.Clamp, "%+v", c)
	}
}

// TestWhenARequestIsGivenUp: syn_ack_recalc, and tcp_synack_timer of 2.4, where
// TCP_DEFER_ACCEPT resends all the while.
func TestWhenARequestIsGivenUp(t *testing.T) {
	for _, resends := range []bool{false, true} {
		for _, deferred := range []uint8{0, 3, 7} {
			for _, acked := range []bool{false, true} {
				for n := range uint8(10) {
					l := testListener()
					cfg := *l.Cfg
					cfg.Requests.DeferResends = resends
					l.Cfg, l.DeferAccept = &cfg, deferred
					r := Request{Acked: acked, NumTimeout: n}
					expire, resend := r.recalc(l)
					over := n >= 5 // tcp_synack_retries
					patience := deferred
					if patience == 0 && resends {
						patience = 5
					}
					want := over && (!acked || n >= patience || deferred == 0 && !resends)
					require.Equal(t, want, expire, "2.4 %v, deferred %d, acked %v, %d time-outs", resends, deferred, acked, n)
					again := resends || deferred == 0 || !acked || n >= deferred-1
					require.Equal(t, again, resend, "2.4 %v, deferred %d, acked %v, %d time-outs", resends, deferred, acked, n)
				}
			}
		}
	}
}

// TestACountOfTimeOutsNeverGoesRound: the largest limits are reached at 255.
func TestACountOfTimeOutsNeverGoesRound(t *testing.T) {
	for n, out := range map[uint8]bool{253: false, 254: false, 255: true} {
		for _, resends := range []bool{false, true} {
			l := testListener()
			cfg := *l.Cfg
			cfg.Requests.DeferResends = resends
			l.Cfg, l.SynRetries, l.DeferAccept = &cfg, 255, 255
			r := Request{NumTimeout: n, Acked: true}
			gone := r.timeout(l, 1, nil)
			require.Equal(t, out, len(gone) == 1 && gone[0].Kind == Gone, n)
			require.Equal(t, max(n, min(n, 254)+1), r.NumTimeout)
		}
	}
}
