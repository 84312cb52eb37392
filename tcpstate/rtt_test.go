package tcpstate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// estimator is RFC 6298 section 2 with Linux's three changes, in plain numbers
// of microseconds: a falling round trip moves the deviation by 1/32 only, the
// deviation that counts is the largest of a round trip and decays by a quarter
// a round trip, and four times it is never under 200 ms (tcp_rtt_estimator).
type estimator struct {
	srtt, mdev, most, dev4 float64
	measured               bool
}

const devFloor = 200_000

func (e *estimator) sample(r float64, roundOver bool) {
	if !e.measured {
		// SRTT <- R, RTTVAR <- R/2.
		e.measured, e.srtt, e.mdev = true, r, r/2
		e.dev4 = math.Max(4*e.mdev, devFloor)
		e.most = e.dev4
		return
	}
	// RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R'|, SRTT <- 7/8 SRTT + 1/8 R'.
	err := r - e.srtt
	gain := 1.0 / 4
	if err < 0 && -err > e.mdev {
		gain = 1.0 / 32
	}
	e.srtt += err / 8
	e.mdev += (math.Abs(err) - e.mdev) * gain
	if e.most < 4*e.mdev {
		e.most = 4 * e.mdev
		e.dev4 = math.Max(e.dev4, e.most)
	}
	if roundOver {
		e.dev4 -= math.Max(e.dev4-e.most, 0) / 4
		e.most = devFloor
	}
}

// sampled sends one segment and has it acknowledged after d.
func (w *world) sampled(d Duration) {
	w.call(Send, 1000)
	w.pass(d)
	w.arrive(ackOf(w.c.SndNxt().Since(ourISS.Add(1))))
}

func (e *estimator) compare(t require.TestingT, w *world) {
	i := w.c.Info(w.now)
	require.InDelta(t, e.srtt, i.RTT, 12, "SRTT, µs")
	require.InDelta(t, e.mdev, i.RTTVar, 30, "mean deviation, µs")
	// RTO <- SRTT + max(G, K*RTTVAR), in whole jiffies, bounded by 120 s.
	require.InDelta(t, math.Min(e.srtt+e.dev4, 120e6), i.RTO, 1300, "RTO, µs")
	require.Zero(t, i.RTO%1000, "whole milliseconds")
}

func TestRTOFollowsRFC6298WithLinuxChanges(t *testing.T) {
	for name, samples := range map[string][]Duration{
		"steady":           {50, 50, 50, 50, 50, 50},
		"rising":           {10, 20, 40, 80, 160, 320, 640},
		"falling":          {640, 320, 160, 80, 40, 20, 10},
		"one spike decays": {50, 50, 900, 50, 50, 50, 50, 50, 50, 50, 50},
		"sub-millisecond":  {0, 0, 0, 1, 0, 0},
		"minutes":          {100_000, 110_000, 120_000},
	} {
		t.Run(name, func(t *testing.T) {
			w := established(t, plainOpts)
			e := estimator{}
			e.sample(100_000, false) // the SYN
			for _, ms := range samples {
				d := ms*Millisecond + 137
				w.sampled(d)
				e.sample(float64(d), true)
				e.compare(t, w)
			}
		})
	}
}

func TestDeviationCountsTheWorstOfARoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := established(t, plainOpts)
		e := estimator{}
		e.sample(100_000, false)
		end := uint32(0) // octets sent when the round trip began
		for range rapid.IntRange(1, 12).Draw(r, "bursts") {
			n := rapid.Uint32Range(1, 4).Draw(r, "segments")
			from, start := w.c.SndNxt().Since(ourISS.Add(1)), w.now
			for range n {
				w.call(Send, 1000)
			}
			for i := range n {
				w.pass(rapid.Int64Range(500, 900_000).Draw(r, "µs"))
				una := from + (i+1)*1000
				w.arrive(ackOf(una))
				// All were sent at once; the sample is that of the segment acknowledged.
				e.sample(float64(w.now.Sub(start)), una > end)
				if una > end {
					end = from + n*1000
				}
				e.compare(r, w)
			}
		}
	})
}

func TestRTOBeforeAnySampleIsOneSecond(t *testing.T) {
	w := newWorld(t)
	w.call(Open, 0)
	// RFC 6298 section 2.1.
	require.EqualValues(t, Second, w.c.Info(w.now).RTO)
	w.fires(Second, "> S 0 win 64240 <mss 1460,sackOK,TS 2000:0,wscale 10> [syn-retransmit]")
	w.pass(100 * Millisecond)
	w.arrive(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts})
	// Karn: an ACK of what was sent twice tells nothing; section 5.7 then asks for 3 s.
	i := w.c.Info(w.now)
	require.Zero(t, i.RTT)
	require.EqualValues(t, 3*Second, i.RTO)
}

func TestKarnNoSampleFromARetransmissionAndTheBackOffStays(t *testing.T) {
	w := established(t, Options{Set: OptMSS, MSS: 1000}) // no SACK: no tail loss probe
	w.user(Send, 1000, "sent 1000 [user-send]", "> P. 1(1000) ack 1 win 64240 [data-sent]")
	again := "> P. 1(1000) ack 1 win 64240 [rto-retransmit]"
	// RFC 6298 section 5.5: RTO <- RTO * 2.
	w.fires(300*Millisecond, again)
	w.fires(600*Millisecond, again)
	w.fires(1200*Millisecond, again)
	w.pass(50 * Millisecond)
	w.rcv(ackOf(1000), "acked 1000 [data-acked]")
	i := w.c.Info(w.now)
	require.EqualValues(t, 100*Millisecond, i.RTT, "unchanged")
	require.EqualValues(t, 3, i.Backoff)
	require.EqualValues(t, 2400*Millisecond, i.RTO, "section 5: until a segment sent once is acknowledged")
	w.noTimer()
	w.sampled(100 * Millisecond)
	i = w.c.Info(w.now)
	require.Zero(t, i.Backoff)
	require.EqualValues(t, 300*Millisecond, i.RTO, "SRTT and the least deviation")
}

func TestTimestampsMeasureRetransmissionsToo(t *testing.T) {
	o := Options{Set: OptMSS | OptTS, MSS: 1012, TSVal: 1, TSEcr: 1000}
	w := established(t, o)
	w.user(Send, 1000, "sent 1000 [user-send]", "> P. 1(1000) ack 1 win 64240 <TS 1100:1> [data-sent]")
	w.fires(300*Millisecond, "> P. 1(1000) ack 1 win 64240 <TS 1400:1> [rto-retransmit]")
	w.pass(120 * Millisecond)
	s := ackOf(1000)
	s.Opts = Options{Set: OptTS, TSVal: 2, TSEcr: 1400}
	w.rcv(s, "acked 1000 [data-acked]")
	// RFC 7323 section 4: the echo tells which of the two it answers.
	i := w.c.Info(w.now)
	require.EqualValues(t, 102_500, i.RTT) // 7/8 of 100 ms and 1/8 of 120 ms
	require.Zero(t, i.Backoff)
}

func TestLeastRoundTripIsAWindowedMinimum(t *testing.T) {
	type sample struct{ at, us uint32 }
	rapid.Check(t, func(r *rapid.T) {
		var m rttState
		m.reset(never)
		wlen := rapid.SampledFrom([]uint32{0, 1000, 300_000}).Draw(r, "window, ms")
		now := Time(Second)
		var all []sample
		gap := rapid.SampledFrom([]int64{1000, 30_000, 120_000}).Draw(r, "gap, ms")
		for range rapid.IntRange(1, 60).Draw(r, "samples") {
			now = now.Add(rapid.Int64Range(0, gap).Draw(r, "ms") * Millisecond)
			us := rapid.Uint32Range(1, 50).Draw(r, "µs")
			m.noteMin(now, us, Duration(wlen)*Millisecond)
			all = append(all, sample{tsClock(now), us})
			exact, forever := ^uint32(0), ^uint32(0)
			for _, s := range all {
				forever = min(forever, s.us)
				if tsClock(now)-s.at <= wlen {
					exact = min(exact, s.us)
				}
			}
			// lib/minmax.c keeps three candidates, so it may be too high, never too low,
			// and is exact as long as nothing has left the window.
			require.GreaterOrEqual(r, m.min(), exact)
			require.LessOrEqual(r, m.min(), us)
			if tsClock(now)-all[0].at <= wlen {
				require.Equal(r, forever, m.min())
			}
		}
	})
}

// TestLoopbackTakesAMicrosecond: an ACK of this host's own that comes at once is a round trip of some length, with which the time-out
// is a jiffy longer than its floor; one from the link is what it is.
func TestLoopbackTakesAMicrosecond(t *testing.T) {
	for local, want := range map[bool]struct {
		rto Duration
		min uint32
	}{false: {200, 1000}, true: {201, 1}} {
		w := newWorld(t)
		w.call(Open, 0)
		w.do(Input{Kind: SegmentArrives, Local: local, Seg: Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts}})
		w.call(Send, 100)
		w.do(Input{Kind: SegmentArrives, Local: local, Seg: data(0, 0, 100)})
		require.Equal(t, want.rto*Millisecond, w.c.rtt.rto, "local %v", local)
		require.Equal(t, want.min, w.c.rtt.min(), "local %v", local)
	}
}
