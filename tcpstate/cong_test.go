package tcpstate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func algo(a Congestion) func(*Config) { return func(c *Config) { c.Congestion = a } }

func TestInitialWindowIsTen(t *testing.T) {
	b := newBulk(t, 100*Millisecond, bulkOpts, nil)
	b.fill()
	require.Len(t, b.flight, 10) // RFC 6928 section 2
	require.EqualValues(t, infiniteSSThresh, b.c.Info(b.now).SndSSThresh)
}

func TestSlowStartAddsEachSegmentAcknowledged(t *testing.T) {
	b := newBulk(t, 100*Millisecond, bulkOpts, algo(Reno))
	b.fill()
	for want := uint32(20); want <= 640; want *= 2 {
		b.round(nil)
		// RFC 5681 section 3.1 with L=1 counted in segments: cwnd doubles a round trip.
		require.Equal(t, want, b.cwnd())
		require.Len(t, b.flight, int(want), "and is used")
	}
}

func TestRenoAvoidanceAddsOneSegmentARoundTrip(t *testing.T) {
	for name, o := range map[string]Options{"SACK": bulkOpts, "NewReno": {Set: OptMSS | OptWScale, MSS: bulkMSS, WScale: 7}} {
		t.Run(name, func(t *testing.T) {
			b := newBulk(t, 100*Millisecond, o, algo(Reno))
			b.fill()
			b.rounds(2)
			require.EqualValues(t, 40, b.cwnd())
			b.loseOne()
			// RFC 5681 section 3.1: ssthresh = max(FlightSize / 2, 2).
			require.EqualValues(t, 20, b.c.Info(b.now).SndSSThresh)
			start := b.cwnd()
			for i := range uint32(40) {
				require.InDelta(t, start+i, b.cwnd(), 1)
				b.round(nil)
			}
		})
	}
}

// cubicModel is RFC 9438 in floating point, seconds and segments, from the end
// of a reduction on.
type cubicModel struct{ wMax, k, est, start float64 }

const (
	cubicC = 0.4
	beta   = 717.0 / 1024 // of the kernel; the RFC says 0.7
)

// newCubicModel: K = cbrt(W_max (1 - beta) / C), here with the window as it is.
func newCubicModel(wMax, cwnd float64) *cubicModel {
	return &cubicModel{wMax: wMax, k: math.Cbrt((wMax - cwnd) / cubicC), est: cwnd, start: cwnd}
}

// at is the larger of W_cubic(t + RTT) and W_est, which gains
// alpha = 3 (1 - beta) / (1 + beta) segments in each of n round trips (section 4.3).
func (m *cubicModel) at(t, rtt float64, n int) float64 {
	w := cubicC*math.Pow(t+rtt-m.k, 3) + m.wMax
	est := m.start + 3*(1-beta)/(1+beta)*float64(n)
	return math.Max(w, est)
}

func TestCubicReductionIsToSeventyPercent(t *testing.T) {
	b := newBulk(t, 100*Millisecond, bulkOpts, nil)
	b.fill()
	b.rounds(4)
	require.EqualValues(t, 160, b.cwnd())
	b.loseOne()
	// RFC 9438 section 4.6; beta_cubic is 717/1024 in Linux.
	require.EqualValues(t, 112, b.c.Info(b.now).SndSSThresh)
}

func TestCubicGrowthFollowsRFC9438(t *testing.T) {
	for _, c := range []struct {
		name   string
		rtt    Duration
		start  int // rounds of slow start before the loss
		rounds int
	}{
		{"100 ms, concave then convex", 100 * Millisecond, 5, 110},
		{"40 ms", 40 * Millisecond, 5, 200},
		{"20 ms, Reno-friendly at first", 20 * Millisecond, 4, 160},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBulk(t, c.rtt, bulkOpts, nil)
			b.fill()
			b.rounds(c.start)
			high := float64(b.cwnd())
			b.loseOne()
			m, epoch := newCubicModel(high, float64(b.cwnd())), b.now
			rtt := float64(c.rtt) / float64(Second)
			for n := range c.rounds {
				b.round(nil)
				now := float64(b.now.Sub(epoch)) / float64(Second)
				// The kernel looks at the curve once an ACK and jiffy, and grows by whole
				// segments: within a round trip's growth and 3 segments of the curve.
				lo, hi := m.at(now-2*rtt, rtt, n-1)-3, m.at(now+rtt, rtt, n+1)+3
				got := float64(b.cwnd())
				require.True(t, lo <= got && got <= hi, "at %.2f s: %v, want %.1f to %.1f", now, got, lo, hi)
			}
			require.Greater(t, float64(b.cwnd()), high, "past the old maximum")
		})
	}
}

func TestCubicFastConvergenceGivesRoomToOthers(t *testing.T) {
	b := newBulk(t, 100*Millisecond, bulkOpts, nil)
	b.fill()
	b.rounds(4)
	b.loseOne()
	require.EqualValues(t, 160, b.c.ca.cubic.lastMax)
	before := b.cwnd()
	b.loseOne()
	// RFC 9438 section 4.7: W_max <- cwnd * (1 + beta) / 2 when the peak fell.
	require.Less(t, before, uint32(160))
	require.InDelta(t, float64(before)*(1+beta)/2, b.c.ca.cubic.lastMax, 2)
}

func TestCubicBeforeAnyLossGrowsFivePercentARoundTripAtMost(t *testing.T) {
	b := newBulk(t, 100*Millisecond, bulkOpts, nil)
	b.fill()
	b.rounds(3)
	b.c.ca.ssthresh = b.c.ca.cwnd // as HyStart would
	for range 30 {
		was := float64(b.cwnd())
		b.round(nil)
		// bictcp_update: with nothing known, one more segment for 20 acknowledged.
		require.LessOrEqual(t, float64(b.cwnd()), was*1.05+1)
	}
}

// TestCubeRootIsLinuxsGuess: cubic_root is 0.2 % beside the root at most, but for numbers of a few bits.
func TestCubeRootIsLinuxsGuess(t *testing.T) {
	for _, c := range []struct {
		v    uint64
		root uint32
	}{{0, 0}, {1, 1}, {7, 2}, {8, 2}, {26, 3}, {27, 3}, {63, 4}, {64, 4}, {1 << 20, 101}, {1 << 33, 2048}, {1 << 40, 10323}} {
		require.Equal(t, c.root, cubeRoot(c.v), "%d", c.v)
	}
}

// hystartWorld is slow start at 32 segments, with HyStart awake.
func hystartWorld(t *testing.T) *bulk {
	b := newBulk(t, 100*Millisecond, bulkOpts, nil)
	b.fill()
	b.rounds(2)
	require.EqualValues(t, 40, b.cwnd())
	return b
}

func TestHystartLeavesSlowStartWhenTheDelayGrows(t *testing.T) {
	for _, c := range []struct {
		more Duration
		exit bool
	}{
		{12 * Millisecond, false}, // within an eighth of the least
		{14 * Millisecond, true},  // RFC 9406 section 4.2's RttThresh: an eighth, 4 to 16 ms
	} {
		b := hystartWorld(t)
		b.rtt += c.more
		b.round(nil)
		require.Equal(t, c.exit, b.c.Info(b.now).SndSSThresh < infiniteSSThresh, "%d µs more", c.more)
	}
}

func TestHystartLeavesSlowStartWhenAcksTrailOff(t *testing.T) {
	b := hystartWorld(t)
	flight := b.flight
	b.flight = nil
	b.pass(b.rtt)
	for n, i := range flight {
		b.arrives(i)
		b.pass(1500 * Microsecond)
		// tcp_cubic's ACK train: ACKs no more than 2 ms apart, for more than half
		// the least delay; 50 ms and the allowance are past after 34 or 35 of them.
		found := b.c.Info(b.now).SndSSThresh < infiniteSSThresh
		if n <= 33 {
			require.False(t, found, "after %d", n+1)
		}
	}
	require.Less(t, b.c.Info(b.now).SndSSThresh, uint32(infiniteSSThresh))
}

func TestHystartIsAsleepBelowSixteenSegments(t *testing.T) {
	b := newBulk(t, 20*Millisecond, bulkOpts, nil)
	b.call(Send, 4000)
	b.note()
	b.round(func(uint32) bool { return false })
	require.EqualValues(t, infiniteSSThresh, b.c.Info(b.now).SndSSThresh)
}

func TestIdleRestartHalvesForEachTimeOutDownToTen(t *testing.T) {
	for _, c := range []struct {
		idle Duration
		want uint32
	}{
		{299, 80}, {301, 40}, {601, 20}, {901, 10}, {100_000, 10},
	} {
		b := newBulk(t, 100*Millisecond, bulkOpts, algo(Reno))
		b.call(Send, 150*bulkMSS) // 10, 20, 40 and 80 segments
		b.note()
		for range 4 {
			flight := b.flight
			b.flight = nil
			b.pass(b.rtt)
			for _, i := range flight {
				b.arrives(i)
			}
		}
		require.Zero(t, b.c.OutQueue())
		was := b.cwnd()
		rto := Duration(b.c.Info(b.now).RTO)
		require.EqualValues(t, 300*Millisecond, rto)
		require.GreaterOrEqual(t, was, uint32(80))
		b.now = b.c.snd.lastSent.Add(c.idle * Millisecond)
		b.call(Send, bulkMSS)
		// RFC 2861 (tcp_cwnd_restart): one halving for each time-out without sending.
		want := was
		for left := c.idle*Millisecond - rto; left > 0 && want > 10; left -= rto {
			want = max(want/2, 10)
		}
		require.Equal(t, want, b.cwnd(), "%d ms", c.idle)
	}
}

func TestIdleRestartIsASysctl(t *testing.T) {
	b := newBulk(t, 100*Millisecond, bulkOpts, func(c *Config) { c.Congestion, c.SlowStartAfterIdle = Reno, false })
	b.fill()
	b.rounds(2)
	was := b.cwnd()
	b.c.purgeSendQueue()
	b.pass(Minute)
	b.call(Send, bulkMSS)
	require.Equal(t, was, b.cwnd()) // tcp_slow_start_after_idle = 0
}

func TestAWindowThatIsNotUsedDecays(t *testing.T) {
	b := newBulk(t, 100*Millisecond, bulkOpts, func(c *Config) { c.Congestion = Reno })
	b.call(Send, 150*bulkMSS)
	b.note()
	for len(b.flight) > 0 {
		flight := b.flight
		b.flight = nil
		b.pass(b.rtt)
		for _, i := range flight {
			b.arrives(i)
		}
	}
	b.c.ca.ssthresh = b.cwnd() // out of slow start, where twice the flight counts as used
	was := b.cwnd()
	require.Greater(t, was, uint32(80))
	for range 20 { // five segments a round trip: never idle, never limited by cwnd
		b.call(Send, 5*bulkMSS)
		b.note()
		flight := b.flight
		b.flight = nil
		b.pass(b.rtt)
		for _, i := range flight {
			b.arrives(i)
		}
	}
	// Each ACK counts as a look at the window (tcp_cong_avoid), so nothing decays
	// while ACKs come, whatever RFC 2861 section 3.2 says.
	require.Equal(t, was, b.cwnd())
	b.pass(200 * Millisecond)
	b.call(Send, 5*bulkMSS)
	b.pass(150 * Millisecond)
	b.call(Send, 5*bulkMSS)
	// After an RTO without one, halfway to what was used, the initial window at
	// least; ssthresh remembers (tcp_cwnd_application_limited).
	require.Equal(t, (was+10)/2, b.cwnd())
	require.Equal(t, was, b.c.Info(b.now).SndSSThresh)
}
