package tcpstate

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// curveRef is RFC 9438's curve in the figures of tcp_cubic.c, by big integers: time
// in 1/1024 s, C = 410/1024 for a round trip of 100 ms.
type curveRef struct {
	cubicState
	cwnd, now, hz, delay uint32
}

// target is W(t + delay).
func (r *curveRef) target() *big.Int {
	t := new(big.Int).SetUint64((uint64(r.now-r.epoch) + uint64(r.delay)) * 1024 / uint64(r.hz))
	d := t.Sub(t, big.NewInt(int64(r.k)))
	below := d.Sign() < 0
	d.Exp(d.Abs(d), big.NewInt(3), nil).Mul(d, big.NewInt(410)).Rsh(d, 40)
	if below {
		d.Neg(d)
	}
	return d.Add(d, big.NewInt(int64(r.origin)))
}

// cnt is after how many ACKs the window grows.
func (r *curveRef) want() (cnt, ackCnt, tcpCwnd uint32) {
	cwnd := int64(r.cwnd)
	n := 100 * cwnd
	if gap := r.target().Int64() - cwnd; gap > 0 {
		n = cwnd / gap
	}
	if r.lastMax == 0 {
		n = min(n, 20)
	}
	// The window that Reno would have: one more for each delta acknowledged.
	delta := r.cwnd * 15 / 8 // beta_scale: 8 * (1024 + 717) / 3 / (1024 - 717) = 15
	ackCnt, tcpCwnd = r.ackCnt, r.tcpCwnd
	for ackCnt > delta {
		ackCnt -= delta
		tcpCwnd++
	}
	if tcpCwnd > r.cwnd {
		n = min(n, cwnd/int64(tcpCwnd-r.cwnd))
	}
	return uint32(max(n, 2)), ackCnt, tcpCwnd
}

// TestCubicGrowsAsItsFormulaSays: exactly, from any point of an epoch.
func TestCubicGrowsAsItsFormulaSays(t *testing.T) {
	w := established(t, plainOpts)
	rapid.Check(t, func(t *rapid.T) {
		c := w.c.Clone()
		u := &c.ca.cubic
		cwnd := rapid.Uint32Range(2, 2000).Draw(t, "cwnd")
		c.ca.cwnd = cwnd
		c.now = Time(rapid.Int64Range(100, 300).Draw(t, "s")) * Time(Second)
		now := c.jiffies()
		u.epoch = now - rapid.Uint32Range(0, 30_000).Draw(t, "ms since the epoch began")
		u.lastMax = rapid.SampledFrom([]uint32{0, cwnd - 1, cwnd, cwnd + 1, 2 * cwnd}).Draw(t, "lastMax")
		u.origin = rapid.Uint32Range(cwnd, 2*cwnd).Draw(t, "origin")
		u.k = rapid.Uint32Range(0, 20_000).Draw(t, "k")
		u.tcpCwnd = cwnd + rapid.Uint32Range(0, 3).Draw(t, "Reno's lead")
		u.ackCnt = rapid.SampledFrom([]uint32{0, 1, cwnd * 15 / 8, cwnd*15/8 - 1, 5 * cwnd}).Draw(t, "ackCnt")
		u.delayMin = rapid.Uint32Range(0, 200_000).Draw(t, "delay")
		u.lastCwnd, u.lastTime = cwnd-1, now-1
		acked := rapid.Uint32Range(1, 3).Draw(t, "acked")
		ref := curveRef{cubicState: *u, cwnd: cwnd, now: now, hz: 1000, delay: (u.delayMin + 999) / 1000}
		ref.ackCnt += acked
		if ref.target().Sign() < 0 {
			t.Skip("the window is never that far below its origin")
		}
		c.cubicUpdate(acked)
		cnt, ackCnt, tcpCwnd := ref.want()
		require.Equal(t, [3]uint32{cnt, ackCnt, tcpCwnd}, [3]uint32{u.cnt, u.ackCnt, u.tcpCwnd})
		require.Equal(t, [2]uint32{cwnd, now}, [2]uint32{u.lastCwnd, u.lastTime})
	})
}

// TestCubicLooksAtItsCurveOnceAJiffy: and at an unchanged window 32 times a second
// (bictcp_update).
func TestCubicLooksAtItsCurveOnceAJiffy(t *testing.T) {
	for _, c := range []struct {
		name                  string
		epoch, lastTime, cwnd uint32 // before now, and of last time
		look, friendly        bool
	}{
		{"another window", 5000, 10, 99, true, true},
		{"the same", 5000, 31, 100, false, false},
		{"the same after 1/32 s", 5000, 32, 100, true, true},
		{"another, in the same jiffy", 5000, 0, 99, false, true},
		{"the same, in the same jiffy", 5000, 0, 100, false, false},
		{"an epoch that begins", 0, 0, 99, true, true},
	} {
		w := established(t, plainOpts)
		w.c.now = Time(100 * Second)
		w.c.ca.cwnd = 100
		u, now := &w.c.ca.cubic, w.c.jiffies()
		*u = cubicState{origin: 100, lastMax: 150, lastCwnd: c.cwnd, lastTime: now - c.lastTime, tcpCwnd: 100, cnt: 7, k: 1}
		if c.epoch > 0 {
			u.epoch = now - c.epoch
		}
		u.ackCnt = 1000
		w.c.cubicUpdate(1)
		require.Equal(t, c.look, u.lastCwnd == 100 && u.lastTime == now && u.cnt != 7, c.name)
		if c.epoch > 0 {
			require.Equal(t, c.friendly, u.ackCnt < 1000, c.name)
			continue
		}
		// The origin is the window of before, which is 50 segments, or
		// cbrt(50 / 0.4) = 5 s, away. The kernel's figures: 1.07e9 a segment.
		require.Equal(t, [3]uint32{now, 1, 150}, [3]uint32{u.epoch, u.ackCnt, u.origin})
		require.InDelta(t, 5*1024, u.k, 10)
	}
}

// TestAnEpochBeginsAtTheWindowIfThatIsTheHighest: K is 0 then.
func TestAnEpochBeginsAtTheWindowIfThatIsTheHighest(t *testing.T) {
	for lastMax, beyond := range map[uint32]bool{0: false, 99: false, 100: false, 101: true} {
		u := cubicState{lastMax: lastMax, k: 77, origin: 77}
		u.begin(100, 3, 5000)
		require.Equal(t, beyond, u.k > 0, lastMax)
		require.Equal(t, max(100, lastMax), u.origin)
		require.Equal(t, [3]uint32{5000, 3, 100}, [3]uint32{u.epoch, u.ackCnt, u.tcpCwnd})
	}
}

// TestWMaxFallsFurtherWhenThePeakFell: RFC 9438 section 4.7, with 717/1024 for beta.
func TestWMaxFallsFurtherWhenThePeakFell(t *testing.T) {
	for _, c := range []struct{ cwnd, lastMax, wantMax, ssthresh uint32 }{
		{100, 0, 100, 70}, {100, 99, 100, 70}, {100, 100, 100, 70}, {100, 101, 85, 70}, {2, 0, 2, 2}, {1, 0, 1, 2},
	} {
		w := established(t, plainOpts)
		w.c.ca.cwnd, w.c.ca.cubic.lastMax, w.c.ca.cubic.epoch = c.cwnd, c.lastMax, 5
		require.Equal(t, c.ssthresh, w.c.cubicSSThresh(), "%+v", c)
		require.Equal(t, [2]uint32{c.wantMax, 0}, [2]uint32{w.c.ca.cubic.lastMax, w.c.ca.cubic.epoch}, "%+v", c)
	}
}

// TestAnIdleTimeMovesTheEpoch: by as much, not beyond now, and not the epoch of
// another algorithm (cubictcp_cwnd_event).
func TestAnIdleTimeMovesTheEpoch(t *testing.T) {
	for _, c := range []struct {
		algo             Congestion
		epoch, idle, end uint32 // jiffies ago, before and after; 0 none
	}{
		{Cubic, 5000, 1000, 4000}, {Cubic, 5000, 1, 4999}, {Cubic, 5000, 0, 5000}, {Cubic, 5000, 7000, 0}, {Reno, 5000, 1000, 5000},
	} {
		w := established(t, plainOpts)
		w.c.now, w.c.ca.algo = Time(100*Second), c.algo
		now := w.c.jiffies()
		require.EqualValues(t, 100_001, now, "jiffy 0 would mean that there is no epoch")
		w.c.ca.cubic.epoch = now - c.epoch
		w.c.snd.lastSent = w.c.now.Add(-Duration(c.idle) * Millisecond)
		w.c.cubicTxStart()
		require.Equal(t, now-c.end, w.c.ca.cubic.epoch, "%+v", c)
		w.c.ca.cubic.epoch = 0
		w.c.cubicTxStart()
		require.Zero(t, w.c.ca.cubic.epoch, "none begins thereby")
	}
}

// TestWhichRoundTripsHyStartTakes: cubictcp_acked.
func TestWhichRoundTripsHyStartTakes(t *testing.T) {
	for _, c := range []struct {
		name  string
		algo  Congestion
		us    int64
		epoch uint32 // jiffies ago, 0 none
		was   uint32
		want  uint32 // the least delay
	}{
		{"the first", Cubic, 500, 0, 0, 500}, {"a lesser", Cubic, 400, 0, 500, 400}, {"a greater", Cubic, 600, 0, 500, 500},
		{"none", Cubic, -1, 0, 500, 500}, {"none at all", Cubic, -1, 0, 0, 0}, {"less than a microsecond", Cubic, 0, 0, 500, 1},
		{"within a second of a reduction", Cubic, 400, 999, 500, 500}, {"a second after", Cubic, 400, 1000, 500, 400},
		{"another algorithm's", Reno, 400, 0, 500, 500},
	} {
		w := established(t, plainOpts)
		w.c.now, w.c.ca.algo = Time(100*Second), c.algo
		u := &w.c.ca.cubic
		u.delayMin = c.was
		if c.epoch > 0 {
			u.epoch = w.c.jiffies() - c.epoch
		}
		w.c.packetsAcked(c.us)
		require.Equal(t, c.want, u.delayMin, c.name)
	}
}

// TestHyStartFindsTheEndOfSlowStart: by a train of ACKs no more than 2 ms apart that
// lasts half the least delay and the allowance for offload, or by a delay an eighth
// above the least, 4 to 16 ms, from the ninth sample on (hystart_update).
func TestHyStartFindsTheEndOfSlowStart(t *testing.T) {
	type facts struct {
		cwnd, gap, train uint32 // since the latest ACK and the round's start, µs
		samples          uint8
		least, delay     uint32
		pacing           uint64
	}
	const fast = 1 << 60 // no allowance
	calm := facts{cwnd: 16, gap: 3000, train: 1, least: 100_000, delay: 100_000, pacing: fast}
	for name, c := range map[string]struct {
		change func(*facts)
		found  bool
	}{
		"calm":                         {func(*facts) {}, false},
		"a train":                      {func(f *facts) { f.gap, f.train = 2000, 50_001 }, true},
		"one of half the delay":        {func(f *facts) { f.gap, f.train = 2000, 50_000 }, false},
		"with a gap":                   {func(f *facts) { f.gap, f.train = 2001, 50_001 }, false},
		"too small a window":           {func(f *facts) { f.cwnd, f.gap, f.train = 15, 1000, 60_000 }, false},
		"an allowance of 1 ms":         {func(f *facts) { f.gap, f.train, f.pacing = 2000, 50_500, 1000 }, false},
		"more than that":               {func(f *facts) { f.gap, f.train, f.pacing = 2000, 50_501, 1000 }, true},
		"an allowance of 26 µs":        {func(f *facts) { f.gap, f.train, f.pacing = 2000, 50_013, 10_000_000_000 }, false},
		"more than 26 µs":              {func(f *facts) { f.gap, f.train, f.pacing = 2000, 50_014, 10_000_000_000 }, true},
		"no rate, no allowance":        {func(f *facts) { f.gap, f.train, f.pacing = 2000, 50_001, 0 }, true},
		"delay, the ninth sample":      {func(f *facts) { f.samples, f.delay = 8, 112_501 }, true},
		"delay, the eighth":            {func(f *facts) { f.samples, f.delay = 7, 112_501 }, false},
		"an eighth more":               {func(f *facts) { f.samples, f.delay = 8, 112_500 }, false},
		"4 ms more on a short path":    {func(f *facts) { f.samples, f.least, f.delay = 8, 10_000, 14_000 }, false},
		"more than 4 ms":               {func(f *facts) { f.samples, f.least, f.delay = 8, 10_000, 14_001 }, true},
		"16 ms more on a long path":    {func(f *facts) { f.samples, f.least, f.delay = 8, 400_000, 416_000 }, false},
		"more than 16 ms":              {func(f *facts) { f.samples, f.least, f.delay = 8, 400_000, 416_001 }, true},
		"a window of 15 with more yet": {func(f *facts) { f.cwnd, f.samples, f.delay = 15, 8, 200_000 }, false},
	} {
		f := calm
		c.change(&f)
		w := established(t, plainOpts)
		w.c.now = Time(100 * Second)
		a, u := &w.c.ca, &w.c.ca.cubic
		now := uint32(w.c.now)
		a.cwnd, a.pacing = f.cwnd, f.pacing
		*u = cubicState{delayMin: f.least, currRTT: ^uint32(0), samples: f.samples, lastAck: now - f.gap, roundStart: now - f.train, endSeq: w.c.snd.una}
		w.c.packetsAcked(int64(f.delay))
		require.Equal(t, c.found, u.found, name)
		require.Equal(t, c.found, a.ssthresh == f.cwnd, name)
		if f.cwnd >= 16 {
			require.Equal(t, min(f.samples+1, 8), u.samples, name)
			require.Equal(t, f.gap <= 2000, u.lastAck == now, name)
		}
	}
}

// TestHyStartLooksInSlowStartUntilItFinds.
func TestHyStartLooksInSlowStartUntilItFinds(t *testing.T) {
	for _, found := range []bool{false, true} {
		for _, slow := range []bool{false, true} {
			w := established(t, plainOpts)
			a := &w.c.ca
			a.cwnd, a.ssthresh = 20, 20
			if slow {
				a.ssthresh = 21
			}
			a.cubic = cubicState{found: found, endSeq: w.c.snd.una}
			w.c.packetsAcked(1000)
			require.Equal(t, slow && !found, a.cubic.samples == 1)
		}
	}
}
