package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// deed is an input that does not say where the streams or the clock begin.
type deed struct {
	kind    InputKind
	wait    Duration
	seq     int32 // from RCV.NXT
	ack     int32 // from SND.UNA
	n       uint32
	flags   Flags
	send    SendFlags
	opt     Option
	wnd     uint16
	sack    [2]int32 // from SND.UNA
	toTimer bool     // time passes up to the next deadline instead
}

var (
	deedFlags = []Flags{ACK, ACK, ACK, PSH | ACK, PSH | ACK, FIN | ACK, SYN, SYN | ACK, RST, RST | ACK, 0, URG | ACK}
	deedKinds = []InputKind{SegmentArrives, SegmentArrives, SegmentArrives, SegmentArrives, Timeout, Timeout,
		Send, Send, Receive, Receive, Shutdown, Close, Set, Unreachable, TooBig}
	deedOptions = []Option{NoDelay, Cork, QuickAck, KeepAlive, KeepIdle, UserTimeout, RcvLowat, NotSentLowat, OOBInline, ThinLTO, BufLocks, RTOMaxMs, RTOMinUs, DelackMaxUs}
)

func drawDeed(r *rapid.T) deed {
	d := deed{kind: rapid.SampledFrom(deedKinds).Draw(r, "kind"), n: rapid.Uint32Range(0, 4000).Draw(r, "n")}
	d.wait = rapid.SampledFrom([]Duration{0, 10, 3 * Millisecond, 50 * Millisecond, 700 * Millisecond, 70 * Second}).Draw(r, "wait")
	switch d.kind {
	case SegmentArrives:
		d.flags = rapid.SampledFrom(deedFlags).Draw(r, "flags")
		d.seq = rapid.SampledFrom([]int32{0, 0, 0, 0, -1, 1, 700, 701, 702, -700, 70_000}).Draw(r, "seq")
		d.ack = rapid.SampledFrom([]int32{0, 0, 1, 500, 1000, 2000, -1, 80_000}).Draw(r, "ack")
		d.n = rapid.SampledFrom([]uint32{0, 0, 1, 700, 1000, 3000}).Draw(r, "length")
		d.wnd = rapid.SampledFrom([]uint16{65535, 65535, 3000, 200, 0}).Draw(r, "window")
		d.sack[0] = rapid.Int32Range(0, 5).Draw(r, "sack") * 500
		d.sack[1] = d.sack[0] + rapid.Int32Range(0, 3).Draw(r, "sack length")*500
	case Timeout:
		d.toTimer = rapid.Bool().Draw(r, "at the deadline")
	case Send:
		d.send = rapid.SampledFrom([]SendFlags{0, 0, SendMore, SendOOB, SendEOR}).Draw(r, "flags")
	case Set:
		d.opt = rapid.SampledFrom(deedOptions).Draw(r, "option")
		d.n %= 3
	}
	return d
}

// input is the deed for an endpoint as it stands.
func (d deed) input(c *Conn, now Time) Input {
	in := Input{Kind: d.kind, N: d.n, Now: now.Add(d.wait), Flags: d.send, Opt: d.opt, How: uint8(d.n % 4), Err: EHOSTUNREACH}
	if at, ok := c.Deadline(); ok && d.toTimer {
		in.Now = max(at, now)
	}
	una := c.SndUna()
	switch d.kind {
	case SegmentArrives:
		in.Seg = Segment{Seq: c.RcvNxt() + Seq(d.seq), Ack: una + Seq(d.ack), Len: d.n, Flags: d.flags, Wnd: d.wnd, Urg: uint16(d.n)}
		if d.sack[1] > d.sack[0] {
			in.Seg.Opts = Options{Set: OptSACK, NSACK: 1}
			in.Seg.Opts.SACK[0] = Range{una + Seq(d.sack[0]), una + Seq(d.sack[1])}
		}
	case Unreachable, TooBig:
		in.Seg.Seq = una
	}
	return in
}

// drawHow draws how an endpoint begins.
func drawHow(r *rapid.T) string {
	return rapid.SampledFrom([]string{"opened", "opened with data", "made by a SYN with data"}).Draw(r, "how")
}

// twin is an endpoint that began somewhere else.
type twin struct {
	c        *Conn
	now      Time
	iss, irs Seq
}

func newTwin(how string, cfg *Config, iss, irs Seq, start Time) *twin {
	w := &twin{c: New(Params{Cfg: cfg, ISS: iss, MTU: 1500}), now: start, iss: iss, irs: irs}
	switch how {
	case "made by a SYN with data":
		l := Listener{Params: Params{Cfg: cfg, ISS: iss, MTU: 1500}}
		w.c, _ = l.FastAccept(Input{Now: start, Seg: Segment{Seq: irs, Len: 300, Flags: SYN, Wnd: 65535, Opts: plainOpts}}, nil)
		return w
	case "opened with data":
		w.step(Input{Kind: Open, Now: start, Fast: FastSend, N: 300})
	default:
		w.step(Input{Kind: Open, Now: start})
	}
	w.step(Input{Kind: SegmentArrives, Now: start.Add(100 * Millisecond),
		Seg: Segment{Seq: irs, Ack: iss.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts}})
	return w
}

func (w *twin) step(in Input) []Output {
	w.now = max(in.Now, w.now)
	return w.c.Step(in, nil)
}

func TestCloneIsIndependent(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newTwin(drawHow(r), testConfig(), ourISS, peerISS, Time(Second))
		deeds := rapid.SliceOfN(rapid.Custom(drawDeed), 1, 25).Draw(r, "deeds")
		split := rapid.IntRange(0, len(deeds)-1).Draw(r, "clone before")
		for _, d := range deeds[:split] {
			w.step(d.input(w.c, w.now))
		}
		left, snapshot, now := w.c.Clone(), w.c.Clone(), w.now
		was := left.Fingerprint(now)
		require.True(r, left.Equal(snapshot))
		var out [][]Output
		for _, d := range deeds[split:] {
			out = append(out, w.step(d.input(w.c, w.now)))
			require.NoError(r, w.c.Check())
		}
		require.True(r, left.Equal(snapshot), "the original's steps showed in the clone")
		require.Equal(r, was, left.Fingerprint(now))
		// The clone is the same machine: same inputs, same outputs, same end.
		c := &twin{c: left, now: now}
		for i, d := range deeds[split:] {
			require.Equal(r, out[i], c.step(d.input(c.c, c.now)))
		}
		require.True(r, w.c.Equal(c.c))
	})
}

func TestCloneSharesNoQueue(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 3000)
	w.arrive(data(0, 10, 0))
	w.arrive(data(100, 10, 0))
	left := w.c.Clone()
	was := left.Fingerprint(w.now)
	w.arrive(data(110, 10, 0)) // grows the held buffer in its place
	w.arrive(data(10, 10, 0))  // and the one in order
	w.arrive(sacking(ackOf(0), 1000, 2000))
	require.Equal(t, was, left.Fingerprint(w.now))
}

func TestFingerprintDoesNotKnowWhereStreamsAndClockBegan(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cfg := testConfig()
		how := drawHow(r)
		a := newTwin(how, cfg, ourISS, peerISS, Time(Second))
		b := newTwin(how, cfg, Seq(rapid.Uint32().Draw(r, "ISS")), Seq(rapid.Uint32().Draw(r, "IRS")),
			Time(rapid.Int64Range(1, 1000).Draw(r, "start, s")*Second))
		for _, d := range rapid.SliceOfN(rapid.Custom(drawDeed), 1, 25).Draw(r, "deeds") {
			va, vb := shower{a.iss, a.irs}, shower{b.iss, b.irs}
			require.Equal(r, va.shows(a.step(d.input(a.c, a.now))), vb.shows(b.step(d.input(b.c, b.now))))
			require.Equal(r, a.c.Fingerprint(a.now), b.c.Fingerprint(b.now), "after %+v in %v", d, a.c.State())
			if a.c.State() == Closed {
				return
			}
		}
	})
}

func TestFingerprintDiffersWhenTheStateDoes(t *testing.T) {
	for name, in := range map[string]Input{
		"data received":     {Kind: SegmentArrives, Seg: data(0, 100, 0)},
		"a hole":            {Kind: SegmentArrives, Seg: data(1000, 100, 0)},
		"the peer's window": {Kind: SegmentArrives, Seg: Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1), Flags: ACK, Wnd: 100}},
		"data sent":         {Kind: Send, N: 1},
		"shut":              {Kind: Shutdown, How: ShutRead},
		"closed":            {Kind: Close},
		"aborted":           {Kind: Abort},
		"an option":         {Kind: Set, Opt: NoDelay, N: 1},
		"another option":    {Kind: Set, Opt: KeepAlive, N: 1},
		"a soft error":      {Kind: Unreachable, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS.Add(1)}},
		"a narrower path":   {Kind: TooBig, N: 600, Seg: Segment{Seq: ourISS.Add(1)}},
	} {
		w := established(t, plainOpts)
		old := w.c.Clone()
		w.do(in)
		require.NotEqual(t, old.Fingerprint(w.now), w.c.Fingerprint(w.now), name)
		require.False(t, old.Equal(w.c), name)
	}
}

// earliest is Deadline by brute force.
func earliest(c *Conn) (at Time, ok bool) {
	for _, d := range []Time{c.timers.xmit, c.timers.delack, c.timers.keep, c.timers.compress, c.timers.wait} {
		if d != never && (!ok || d < at) {
			at, ok = d, true
		}
	}
	return at, ok
}

func TestATimeoutAtTheDeadlineMovesTheDeadline(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newTwin(drawHow(r), testConfig(), ourISS, peerISS, Time(Second))
		for _, d := range rapid.SliceOfN(rapid.Custom(drawDeed), 1, 40).Draw(r, "deeds") {
			w.step(d.input(w.c, w.now))
			require.NoError(r, w.c.Check())
			at, ok := w.c.Deadline()
			wantAt, want := earliest(w.c)
			require.Equal(r, want, ok)
			if !ok {
				continue
			}
			require.Equal(r, wantAt, at)
			if !d.toTimer {
				continue
			}
			w.step(Input{Kind: Timeout, Now: at})
			require.NoError(r, w.c.Check())
			if next, ok := w.c.Deadline(); ok {
				require.Greater(r, next, w.now, "the timer would fire for ever")
			}
		}
	})
}

func TestEveryConnectionComesToAnEndByItself(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newTwin(drawHow(r), testConfig(), ourISS, peerISS, Time(Second))
		for _, d := range rapid.SliceOfN(rapid.Custom(drawDeed), 0, 20).Draw(r, "deeds") {
			w.step(d.input(w.c, w.now))
		}
		w.step(Input{Kind: Close, Now: w.now})
		for range 200 {
			at, ok := w.c.Deadline()
			if !ok {
				// Law 9: a closed socket whose peer is silent holds nothing for ever.
				require.Equal(r, Closed, w.c.State())
				return
			}
			w.step(Input{Kind: Timeout, Now: max(at, w.now)})
			require.NoError(r, w.c.Check())
		}
		r.Fatalf("still in %v", w.c.State())
	})
}
