package tcpstate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestConfigThatAKernelCanHaveIsTakenAsItIs: by reference, so that a change of
// sysctls can be told by the pointer.
func TestConfigThatAKernelCanHaveIsTakenAsItIs(t *testing.T) {
	cfg := Linux()
	require.Same(t, &cfg, cfg.bounded())
	require.Equal(t, Linux(), *(*Config)(nil).bounded())
	cfg.InitCwnd = 0
	require.NotSame(t, &cfg, cfg.bounded())
	require.EqualValues(t, 1, cfg.bounded().InitCwnd)
	require.Zero(t, cfg.InitCwnd, "the caller's is left alone")
}

// TestBoundedConfigIsTakenAsItIs: looked at once, while a changed copy of it is
// looked at again.
func TestBoundedConfigIsTakenAsItIs(t *testing.T) {
	cfg := Linux()
	cfg.InitCwnd = 0
	b := cfg.Bounded()
	require.EqualValues(t, 1, b.InitCwnd)
	require.Same(t, b, b.bounded())
	odd := *b
	odd.InitCwnd = 0
	require.EqualValues(t, 1, odd.bounded().InitCwnd)
	require.Zero(t, testing.AllocsPerRun(10, func() { b.bounded() }))
}

// TestZeroParamsAreLinux: a connection, a listener and a request of zeros work.
func TestZeroParamsAreLinux(t *testing.T) {
	syn := Segment{Seq: peerISS, Flags: SYN, Wnd: 65535, Opts: plainOpts}
	r, out := new(Listener).AnswerSYN(Input{Kind: SegmentArrives, Now: 1, Seg: syn}, nil)
	require.Len(t, out, 1)
	new(Request).Step(new(Listener), Input{Kind: Timeout, Now: Time(Minute)}, nil)
	for _, c := range []*Conn{New(Params{}), Accept(Params{}, new(Request), &Segment{}), Accept(Params{}, &r, &Segment{Wnd: 65535})} {
		c.Step(Input{Kind: Open, Now: 1}, nil)
		c.Step(Input{Kind: SegmentArrives, Now: 2, Seg: Segment{Seq: peerISS.Add(1), Ack: r.ISS.Add(1), Flags: ACK, Wnd: 1}}, nil)
		c.Step(Input{Kind: Send, Now: 3, N: 5000}, nil)
		c.Step(Input{Kind: Close, Now: 4}, nil)
		require.NoError(t, c.Check())
	}
}

// TestOddConfigsAndParamsDoNotPanic: a whole life under any configuration, with
// the invariants after each step.
func TestOddConfigsAndParamsDoNotPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := oddParams(t)
		at := Time(Second)
		var c *Conn
		var out []Output
		seq := peerISS.Add(1)
		step := func(in Input) {
			at = max(at, in.Now)
			in.Now, in.Bars = at, rapid.SampledFrom([]Bars{0, 0, 0, BarRoute, BarRoute | BarChallenge}).Draw(t, "bars")
			out = c.Step(in, out[:0])
			require.NoError(t, c.Check())
		}
		if rapid.Bool().Draw(t, "passive") {
			l := &Listener{Params: p, Crowded: true, Queued: 1}
			syn := Segment{Seq: peerISS, Flags: SYN, Wnd: 65535, Opts: plainOpts}
			r, _ := l.AnswerSYN(Input{Kind: SegmentArrives, Now: at, Seg: syn}, nil)
			r.Step(l, Input{Kind: Timeout, Now: r.Deadline}, nil)
			at = max(at, r.Deadline)
			c = Accept(p, &r, &Segment{Wnd: 65535})
		} else {
			c = New(p)
			step(Input{Kind: Open})
			step(Input{Kind: SegmentArrives, Seg: Segment{Seq: peerISS, Ack: c.snd.nxt, Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts}})
		}
		for range 30 {
			seg := Segment{Seq: seq, Ack: c.snd.nxt, Flags: ACK, Wnd: rapid.Uint16().Draw(t, "wnd"), Len: rapid.Uint32Range(0, 3000).Draw(t, "len")}
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				step(Input{Kind: Send, N: rapid.Uint32Range(0, 1<<20).Draw(t, "n")})
			case 1:
				if next, ok := c.Deadline(); ok {
					step(Input{Kind: Timeout, Now: next})
				}
			case 2:
				step(Input{Kind: Receive, N: c.Readable()})
			default:
				before := c.rcv.nxt
				step(Input{Kind: SegmentArrives, Seg: seg})
				seq = seq.Add(c.rcv.nxt.Since(before))
			}
		}
	})
}

func oddParams(t *rapid.T) Params {
	cfg := Linux()
	spans := []Duration{math.MinInt64, -1, 0, 1, Millisecond, Second, math.MaxInt64}
	for _, d := range []*Duration{&cfg.RTOMin, &cfg.RTOMax, &cfg.RTOInit, &cfg.FinTimeout, &cfg.TimeWaitLen, &cfg.KeepaliveTime,
		&cfg.KeepaliveIntvl, &cfg.CompSACKDelay, &cfg.InvalidRatelimit, &cfg.MinRTTWindow, &cfg.Tick} {
		if rapid.Bool().Draw(t, "odd span") {
			*d = rapid.SampledFrom(spans).Draw(t, "span")
		}
	}
	counts := []uint32{0, 1, 2, 65535, math.MaxUint32}
	for _, n := range []*uint32{&cfg.Reordering, &cfg.MaxReordering, &cfg.InitCwnd, &cfg.NotSentLowat} {
		*n = rapid.SampledFrom(counts).Draw(t, "count")
	}
	for _, n := range []*uint8{&cfg.Timestamps, &cfg.ECN, &cfg.SynRetries, &cfg.Retries1, &cfg.Retries2, &cfg.MinTSOSegs, &cfg.TSORTTLog,
		&cfg.TSOWinDivisor, &cfg.EarlyRetrans, &cfg.Recovery, &cfg.CompSACKNr, &cfg.PingpongThresh, &cfg.KeepaliveProbes} {
		*n = rapid.Uint8().Draw(t, "small")
	}
	sizes := []int32{math.MinInt32, -1, 0, 1, 4096, math.MaxInt32}
	for i := range cfg.Rmem {
		cfg.Rmem[i] = rapid.SampledFrom(sizes).Draw(t, "rmem")
		cfg.Wmem[i] = rapid.SampledFrom(sizes).Draw(t, "wmem")
	}
	cfg.RmemMax = rapid.SampledFrom(sizes).Draw(t, "rmem_max")
	cfg.MinSndMSS = rapid.Uint16().Draw(t, "min_snd_mss")
	cfg.Congestion = Congestion(rapid.Uint8().Draw(t, "congestion"))
	return Params{Cfg: &cfg, ISS: ourISS, MTU: rapid.SampledFrom([]uint32{0, 68, 1500, 65535, math.MaxUint32}).Draw(t, "mtu"),
		IPv6: rapid.Bool().Draw(t, "v6"), UserMSS: rapid.Uint16().Draw(t, "maxseg"), RcvBuf: rapid.SampledFrom(sizes).Draw(t, "rcvbuf"),
		SndBuf: rapid.SampledFrom(sizes).Draw(t, "sndbuf"), Clamp: rapid.Uint32().Draw(t, "clamp")}
}
