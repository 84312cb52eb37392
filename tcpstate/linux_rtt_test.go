package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The round trip's arithmetic, written once more as the kernel's C has it: see
// linux_window_test.go.

// estimate is tcp_rtt_estimator; past tells that SND.UNA is beyond rtt_seq.
func estimate(e [4]int64, m, floor int64, past bool) (srtt, mdev, mdevMax, rttvar int64, next bool) {
	srtt, mdev, mdevMax, rttvar = e[0], e[1], e[2], e[3]
	if srtt == 0 {
		mdev = 2 * m
		rttvar = max(mdev, floor)
		return max(8*m, 1), mdev, rttvar, rttvar, true
	}
	m -= srtt / 8
	srtt += m
	switch {
	case m >= 0:
		m -= mdev / 4
	default:
		if m = -m - mdev/4; m > 0 {
			m /= 8
		}
	}
	mdev += m
	if mdev > mdevMax {
		mdevMax = mdev
		rttvar = max(rttvar, mdevMax)
	}
	if past {
		if mdevMax < rttvar {
			rttvar -= (rttvar - mdevMax) / 4
		}
		mdevMax = floor
	}
	return max(srtt, 1), mdev, mdevMax, rttvar, past
}

func TestRoundTripEstimateIsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		n := drawSize(r)
		cfg := *c.cfg
		cfg.RTOMin = Duration(1 + upTo(r, n))
		cfg.Tick = [...]Duration{1, 1000}[r.IntN(2)]
		c.cfg = &cfg
		e := [4]int64{upTo(r, 8*n, 0), upTo(r, 4*n), upTo(r, 4*n), upTo(r, 4*n)}
		m := upTo(r, n, e[0]/8, e[0]/8+e[1]/4, e[0]/8-e[1]/4)
		v := &c.rtt
		v.srtt, v.mdev, v.mdevMax, v.rttvar = uint32(e[0]), uint32(e[1]), uint32(e[2]), uint32(e[3])
		v.seq = c.snd.una.Add(1).Sub(uint32(r.IntN(3)))
		v.backoff = 3
		c.snd.nxt = c.snd.una.Add(100)
		seq, past := v.seq, c.snd.una.Greater(v.seq)
		srtt, mdev, most, rttvar, next := estimate(e, m, int64(cfg.RTOMin), past)
		if next {
			seq = c.snd.nxt
		}
		c.sampleRTT(m)
		require.Equal(t, []int64{srtt, mdev, most, rttvar}, []int64{int64(v.srtt), int64(v.mdev), int64(v.mdevMax), int64(v.rttvar)}, "%v, %d", e, m)
		require.Equal(t, seq, v.seq)
		// __tcp_set_rto: in whole jiffies, and TCP_RTO_MAX at most.
		c.setRTO()
		require.Equal(t, min(up(srtt/8+rttvar, cfg.Tick), 120*Second), v.rto)
	})
}

// minmax is lib/win_minmax.c.
type minmax [3]rttMin

func (m *minmax) runningMin(win, t, meas uint32) {
	val := rttMin{t, meas}
	if val.us <= m[0].us || t-m[2].at > win {
		*m = minmax{val, val, val}
		return
	}
	if val.us <= m[1].us {
		m[1], m[2] = val, val
	} else if val.us <= m[2].us {
		m[2] = val
	}
	dt := t - m[0].at
	if dt > win {
		*m = minmax{m[1], m[2], val}
		if t-m[0].at > win {
			*m = minmax{m[1], m[2], val}
		}
	} else if m[1].at == m[0].at && dt > win/4 {
		m[1], m[2] = val, val
	} else if m[2].at == m[1].at && dt > win/2 {
		m[2] = val
	}
}

func TestLeastRoundTripIsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		win, at := uint32(upTo(r, 20)), uint32(1000)
		var want minmax
		want.runningMin(0, at-1, 1<<32-1)
		c.rtt.minima = want
		for range 12 {
			at += uint32(upTo(r, 12, int64(win), int64(win/2), int64(win/4)))
			us := uint32(r.IntN(5))
			want.runningMin(win, at, us)
			c.rtt.noteMin(Time(at)*Time(Millisecond), us, Duration(win)*Millisecond)
			require.EqualValues(t, want, c.rtt.minima, "at %d, window %d", at, win)
			require.Equal(t, want[0].us, c.rtt.min())
		}
	})
}

// roundTripOf is tcp_rtt_tsopt_us: milliseconds, as long as they fit an int of microseconds.
func roundTripOf(now, ecr, least uint32) int64 {
	delta := now - ecr
	switch {
	case delta >= 2147483647/1000:
		return -1
	case delta == 0:
		delta = least
	}
	return int64(delta) * 1000
}

func TestAckSamplesTheRoundTripAsTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		c.now = Time(5000 * Second).Add(upTo(r, 999))
		sample := func() int64 { return [...]int64{-1, -1, 0, 1, 500, 900_000}[r.IntN(6)] }
		seq, sack := sample(), sample()
		ca := max(seq, sack)
		flag := [...]ackFlag{0, flagDataAcked, flagSynAcked, flagDataAcked | flagAckMaybeDelayed, flagAckMaybeDelayed}[r.IntN(5)]
		c.arrived.ts = r.IntN(4) > 0
		ms := uint32(c.now / Time(Millisecond))
		c.arrived.ecr = ms - uint32(upTo(r, 3, 2147483, 5000_000))
		var least minmax
		least.runningMin(0, ms-1, uint32(upTo(r, 1_000_000, ca)))
		least[2].us++ // the best so far, and a newer one
		c.rtt.minima = least
		c.rtt.backoff, c.rtt.rto = 3, 77

		// tcp_ack_update_rtt, tcp_update_rtt_min
		got := seq
		if got < 0 {
			got = sack
		}
		if got < 0 && c.arrived.ts && c.arrived.ecr != 0 && flag&(flagDataAcked|flagSynAcked) != 0 {
			got = roundTripOf(ms, c.arrived.ecr, 1)
			ca = got
		}
		if got >= 0 && !(flag&flagAckMaybeDelayed != 0 && ca > int64(least[0].us)) {
			us := ca
			if us == 0 {
				us = 1000 // jiffies_to_usecs(1)
			}
			least.runningMin(300_000, ms, uint32(us))
		}
		forCA := c.ackRTT(flag, seq, sack, ca)
		if got < 0 {
			require.EqualValues(t, 3, c.rtt.backoff)
			require.EqualValues(t, 77, c.rtt.rto)
			return
		}
		require.Equal(t, ca, forCA)
		require.EqualValues(t, least, c.rtt.minima)
		srtt := max(uint32(8*got), 1)
		require.Equal(t, srtt, c.rtt.srtt)
		require.Zero(t, c.rtt.backoff)
		require.Equal(t, min(up(int64(srtt/8)+max(2*got, 200_000), 1000), 120*Second), c.rtt.rto)
	})
}

func TestTimeoutIsRearmedForWhatIsOldest(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.now = Time(10 * Second).Add(upTo(r, 2000))
		c.rtt.rto = Duration(200+upTo(r, 800)) * Millisecond
		c.timers.kind = xmitKind(r.IntN(5))
		sent := c.now - Time(upTo(r, 1_000_000, c.rtt.rto, c.rtt.rto-1000))
		if toss(r) {
			c.appendBuffer(ourISS, 0).sent = sent
			c.q.head, c.q.packetsOut = 1, 1
		}
		// tcp_rto_delta_us
		left := c.rtt.rto
		if c.q.packetsOut > 0 {
			left = int64(sent) + c.rtt.rto - int64(c.now)
		}
		require.Equal(t, left, c.rtoDelta())
		// tcp_rearm_rto: the time since another timer took the place counts.
		in := c.rtt.rto
		if c.timers.kind == xmitReo || c.timers.kind == xmitTLP {
			in = up(max(left, 1), 1000)
		}
		c.rearmRTO()
		if c.q.packetsOut == 0 {
			require.Equal(t, timers{}, c.timers)
			return
		}
		require.Equal(t, timers{kind: xmitRTO, xmit: c.now.Add(in)}, c.timers)
	})
}

func TestReceiversRoundTripIsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		v, n := &c.rcv, drawSize(r)
		c.now = Time(100 * Second).Add(upTo(r, 10))
		v.wnd, v.rttUs = uint32(upTo(r, n)), uint32(upTo(r, 8*n, 0))
		v.rttSeq = v.nxt.Add(1).Sub(uint32(r.IntN(3)))
		if r.IntN(4) > 0 {
			v.rttTime = c.now - Time(upTo(r, n, int64(v.rttUs/8)))
		}
		v.copied = v.nxt.Sub(uint32(r.IntN(2)))
		// tcp_rcv_rtt_update
		update := func(old, sample int64, winDep bool) int64 {
			switch {
			case old == 0 || 8*sample < old:
				return 8 * sample
			case winDep || v.copied != v.nxt:
				return old
			}
			return old - old/8 + sample
		}
		// tcp_rcv_rtt_measure: once a window
		was := *v
		want := was
		if was.rttTime == never || v.nxt.GreaterEq(was.rttSeq) {
			want.rttSeq, want.rttTime = v.nxt.Add(v.wnd), c.now
			if was.rttTime != never {
				want.rttUs = uint32(update(int64(was.rttUs), max(int64(c.now-was.rttTime), 1), true))
			}
		}
		c.measureRcvRTT()
		require.Equal(t, want, *v, "%+v", was)

		// tcp_rcv_rtt_measure_ts: once for each echoed timestamp
		*v = was
		ms := uint32(c.now / Time(Millisecond))
		c.arrived.ecr = ms - uint32(upTo(r, 2*n, int64(v.rttUs)/8000))
		v.lastEcr = c.arrived.ecr - uint32(r.IntN(2))
		c.ack.rcvMSS = uint32(1 + upTo(r, 10))
		s := Segment{Len: uint32(upTo(r, 12, int64(c.ack.rcvMSS))), Flags: ACK}
		want = *v
		if c.arrived.ecr != v.lastEcr {
			want.lastEcr = c.arrived.ecr
			if us := roundTripOf(ms, c.arrived.ecr, 0); s.Len >= c.ack.rcvMSS && us > 0 {
				want.rttUs = uint32(update(int64(v.rttUs), us, false))
			}
		}
		was = *v
		c.measureRcvRTTByTS(&s)
		require.Equal(t, want, *v, "%+v", was)
	})
}

func TestReceiveBufferGrowsAsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		v, n := &c.rcv, drawSize(r)
		cfg.Rmem[2], cfg.ModerateRcvbuf = int32(1+upTo(r, 8*n)), r.IntN(4) > 0
		if r.IntN(4) == 0 {
			c.locks = uint8(r.IntN(4))
		}
		v.scaling = [...]uint8{1, 64, 128, 255}[r.IntN(4)]
		v.rcvbuf, v.space, v.clamp = int32(upTo(r, 4*n)), uint32(upTo(r, n, 0)), 5
		v.rttUs = uint32(upTo(r, 8*n, 0))
		c.now = Time(100 * Second)
		v.spaceTime = c.now - Time(upTo(r, n, int64(v.rttUs/8)))
		v.copied = v.spaceSeq.Add(uint32(upTo(r, n)))
		v.nxt = v.copied.Add(uint32(upTo(r, n/4)))
		if r.IntN(3) == 0 {
			c.holdOOO(rxBuffer{seq: v.nxt.Add(5), end: v.nxt.Add(6)})
			c.holdOOO(rxBuffer{seq: v.nxt.Add(8), end: v.nxt.Add(9 + uint32(upTo(r, n)))})
		}

		// tcp_rcv_space_adjust, tcp_rcvbuf_grow
		was, want := *v, *v
		copied := int64(v.copied.Since(v.spaceSeq)) - int64(v.nxt.Since(v.copied))
		if v.rttUs != 0 && int64(c.now-v.spaceTime) >= int64(v.rttUs)/8 {
			want.spaceSeq, want.spaceTime = v.copied, c.now
			if old := int64(v.space); copied > old {
				want.space = uint32(copied)
				if cfg.ModerateRcvbuf && c.locks&LockRcvBuf == 0 && old != 0 {
					window := 2 * copied
					window += window * (copied - old) / old * 2 // as 6.18 rounds it
					if c.rq.ooo.Len() > 0 {
						window += int64(c.oooAt(1).end.Since(v.nxt))
					}
					buf := min(window*256/int64(v.scaling), 1<<31-1, int64(cfg.Rmem[2]))
					if buf > int64(v.rcvbuf) {
						want.rcvbuf = int32(buf)
						want.clamp = uint32(buf * int64(v.scaling) >> 8)
					}
				}
			}
		}
		c.spaceAdjust()
		require.Equal(t, want, *v, "%+v, copied %d", was, copied)
	})
}
