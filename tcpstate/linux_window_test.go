package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The receive window's arithmetic, written once more as the kernel's C has it
// and run beside the machine's on states of small numbers, where every
// comparison often meets its edge, and on states of usual size.

// tries is how many states each function is run on.
const tries = 5_000

// arithmetic runs step on states that a fixed seed draws.
func arithmetic(t *testing.T, step func(r *rand.Rand, c *Conn)) {
	r := rand.New(rand.NewPCG(1, 2))
	cfg := Linux()
	for range tries {
		c := New(Params{Cfg: &cfg, ISS: ourISS, MTU: 1500})
		c.startReceive(peerISS)
		step(r, c)
		if t.Failed() {
			return
		}
	}
}

// upTo draws from [0, n], and one time in four from near one of the marks.
func upTo(r *rand.Rand, n int64, marks ...int64) int64 {
	if len(marks) > 0 && r.IntN(4) == 0 {
		return max(marks[r.IntN(len(marks))]+r.Int64N(3)-1, 0)
	}
	return r.Int64N(n + 1)
}

func toss(r *rand.Rand) bool { return r.IntN(2) == 0 }

// drawWindow draws the fields that decide a receive window, of up to n octets.
func drawWindow(r *rand.Rand, c *Conn, n int64) {
	v := &c.rcv
	v.scaling = [...]uint8{1, 64, 128, 128, 200, 255}[r.IntN(6)]
	v.rcvbuf = int32(upTo(r, n))
	v.rmem = int32(upTo(r, n+n/4, int64(v.rcvbuf)))
	full := int64(v.fullSpace())
	v.clamp = uint32(upTo(r, n, full))
	v.ssthresh = uint32(upTo(r, n, int64(max(v.freeSpace(0), 0))))
	v.wnd = uint32(upTo(r, n, int64(max(v.freeSpace(0), 0))))
	v.nxt = v.wup.Add(uint32(upTo(r, n, int64(v.wnd))))
	c.ack.rcvMSS = uint32(1 + upTo(r, n/4+1, full))
	c.opt.advMSS = uint32(1 + upTo(r, n/4+1))
	c.opt.rcvWScale = uint8(r.IntN(5))
	if toss(r) {
		c.opt.rcvWScale = 0
	}
	c.ack.quick, c.ack.pred.on = uint8(r.IntN(4)), true
}

// sizes of windows to draw.
func drawSize(r *rand.Rand) int64 { return [...]int64{40, 40, 400, 6000, 200_000}[r.IntN(5)] }

// down and up round to a multiple of m.
func down(v, m int64) int64 { return v - ((v%m)+m)%m }
func up(v, m int64) int64   { return down(v+m-1, m) }

// kernelWindow is __tcp_select_window; quick tells whether quick ACKs may go on.
func kernelWindow(c *Conn) (window int64, quick bool) {
	v := &c.rcv
	ratio := int64(v.scaling)
	free := int64(v.rcvbuf-v.rmem) * ratio >> 8
	allowed := int64(v.rcvbuf) * ratio >> 8
	full := min(int64(v.clamp), allowed)
	mss := int64(c.ack.rcvMSS)
	step := int64(1) << c.opt.rcvWScale
	if mss > full {
		mss = full
		if mss <= 0 {
			return 0, true
		}
	}
	quick = true
	shrink := c.cfg.ShrinkWindow && step > 1
	if shrink {
		free = down(free, step)
	}
	if free < full/2 {
		quick = false
		free = down(free, step)
		if free < allowed/16 || free < mss || shrink && free < step {
			return 0, quick
		}
	}
	over := free > int64(v.ssthresh)
	if over {
		free = int64(v.ssthresh)
	}
	switch {
	case shrink && !over:
		return free, quick
	case step > 1:
		return up(free, step), quick
	}
	window = int64(v.wnd)
	if window <= free-mss || window > free {
		return free / mss * mss, quick
	}
	if mss == full && free > window+full/2 {
		return free, quick
	}
	return window, quick
}

func TestSelectedWindowIsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.ShrinkWindow, cfg.WorkaroundSign = toss(r), toss(r)
		drawWindow(r, c, drawSize(r))
		if r.IntN(20) == 0 {
			c.ack.pending |= ackNoMem
		}
		v := c.rcv
		left := max(int64(v.wnd)-int64(v.nxt.Since(v.wup)), 0)
		require.EqualValues(t, left, c.receiveWindow())
		window, quick := kernelWindow(c)
		step := int64(1) << c.opt.rcvWScale
		if window < left && !(cfg.ShrinkWindow && step > 1) {
			window = up(left, step)
		}
		most := 65535 * step
		if step == 1 && cfg.WorkaroundSign {
			most = 32767 // MAX_TCP_WINDOW
		}
		wire := min(window, most) / step
		if c.ack.pending&ackNoMem != 0 {
			window, wire, quick = 0, 0, true
		}
		was := c.ack.quick
		require.EqualValues(t, wire, c.selectWindow(), "%+v", v)
		require.EqualValues(t, window, c.rcv.wnd, "%+v", v)
		require.Equal(t, v.nxt, c.rcv.wup)
		require.Equal(t, wire != 0, c.ack.pred.on)
		if !quick {
			was = 0
		}
		require.Equal(t, was, c.ack.quick, "quick ACKs while less than half of the buffer is free")
	})
}

// clampTo is tcp_set_window_clamp.
func clampTo(v recvState, val int64) (clamp, ssthresh int64) {
	old := int64(v.clamp)
	clamp, ssthresh = max(val, 1152), int64(v.ssthresh) // SOCK_MIN_RCVBUF / 2
	switch {
	case clamp < old:
		ssthresh = min(ssthresh, clamp)
	case clamp > old:
		ssthresh = max(ssthresh, min(int64(v.wnd), clamp))
	}
	return clamp, ssthresh
}

func TestWindowClampPullsTheThresholdAlong(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawWindow(r, c, 3000)
		was := c.rcv
		val := upTo(r, 3000, 1152, int64(was.clamp), int64(was.ssthresh))
		clamp, ssthresh := clampTo(was, val)
		c.setWindowClamp(uint32(val))
		require.Equal(t, []int64{clamp, ssthresh}, []int64{int64(c.rcv.clamp), int64(c.rcv.ssthresh)}, "%+v, %d", was, val)
	})
}

func TestMeasuredMSSIsTheKernels(t *testing.T) {
	flags := []Flags{ACK, ACK, ACK | PSH, ACK | FIN, ACK | URG, ACK | SYN, ACK | PSH | FIN, ACK | ECE | CWR}
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawWindow(r, c, 6000)
		a := &c.ack
		c.opt.hdrLen = [...]uint8{20, 32}[r.IntN(2)]
		a.rcvMSS = uint32(upTo(r, 1500, 536, 88, int64(c.opt.advMSS)))
		s := Segment{Flags: flags[r.IntN(len(flags))], HdrLen: [...]uint8{20, 32, 44}[r.IntN(3)]}
		hdr := int64(s.HdrLen)
		s.Len = uint32(upTo(r, 3000, int64(a.rcvMSS), 536+20-hdr, 88+20-hdr))
		a.lastSegSize = uint32(upTo(r, 1500, int64(s.Len)+hdr-int64(c.opt.hdrLen)))
		a.pending = uint8(r.IntN(64))
		c.rcv.space = uint32(upTo(r, 8000, 1152))
		truesize := uint32(upTo(r, 4000, 2*int64(s.Len)) + 1)

		// tcp_measure_rcv_mss
		was, n, pending, mss, last := c.rcv, int64(s.Len), a.pending, int64(a.rcvMSS), int64(0)
		want := was
		if n >= mss {
			if n != mss {
				want.scaling = uint8(max(n*256/int64(truesize), 1))
				if want.scaling != was.scaling {
					clamp, ssthresh := clampTo(was, int64(was.rcvbuf)*int64(want.scaling)>>8)
					want.clamp, want.ssthresh = uint32(clamp), uint32(ssthresh)
					want.space = min(was.space, want.clamp)
				}
			}
			mss = min(n, int64(c.opt.advMSS))
			if s.Flags.Has(PSH) {
				pending |= ackPushed
			}
		} else {
			full := n + hdr
			push := true
			if full >= 536+20 || full >= 88+20 && !s.Flags.Has(FIN|URG|SYN|PSH) {
				last = full - int64(c.opt.hdrLen)
				if last == int64(a.lastSegSize) {
					mss, push = last, false
				}
			}
			if push && pending&ackPushed != 0 {
				pending |= ackPushed2
			}
			if push {
				pending |= ackPushed
			}
		}
		c.measureMSS(&s, truesize)
		require.Equal(t, want, c.rcv, "%+v", s)
		require.Equal(t, []int64{mss, last, int64(pending)}, []int64{int64(a.rcvMSS), int64(a.lastSegSize), int64(a.pending)}, "%+v, %+v", s, was)
	})
}

func TestWindowGrowsAsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		n := drawSize(r)
		cfg.Rmem[2] = int32(upTo(r, 4*n))
		drawWindow(r, c, n)
		free := int64(c.rcv.freeSpace(0))
		length := uint32(upTo(r, n/8))
		truesize := uint32(upTo(r, n, 2*int64(length), 4*int64(length)))
		ratio := int64(c.rcv.scaling)

		// tcp_grow_window
		want, quick := int64(c.rcv.ssthresh), c.ack.quick
		if room := min(int64(c.rcv.clamp), free) - want; room > 0 {
			cost, incr := int64(truesize)*ratio>>8, int64(0)
			if cost <= int64(length) {
				incr = 2 * int64(c.opt.advMSS)
			} else { // __tcp_grow_window
				cost /= 2
				for window := int64(cfg.Rmem[2]) * ratio >> 8 / 2; want <= window; window /= 2 {
					if cost <= int64(length) {
						incr = 2 * int64(c.ack.rcvMSS)
						break
					}
					cost /= 2
					if window == 0 {
						break // both would stay as they are
					}
				}
			}
			if incr > 0 {
				want += min(room, max(incr, 2*int64(length)))
				quick |= 1
			}
		}
		was := c.rcv
		c.growWindow(length, truesize)
		require.EqualValues(t, want, c.rcv.ssthresh, "%+v, %d octets cost %d", was, length, truesize)
		require.Equal(t, quick, c.ack.quick)
	})
}

func TestFirstWindowIsTheKernels(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.AppWin = [...]uint8{0, 1, 2, 31}[r.IntN(4)]
		drawWindow(r, c, drawSize(r))
		c.locks, c.now = uint8(r.IntN(4)), Time(77)
		adv, most := int64(c.opt.advMSS), int64(c.rcv.fullSpace())
		if toss(r) {
			c.rcv.clamp = uint32(upTo(r, 10, most, 2*adv, most-adv))
		}
		sndbuf := c.snd.sndbuf

		// tcp_init_buffer_space
		clamp := int64(c.rcv.clamp)
		if clamp >= most {
			clamp = most
			if cfg.AppWin != 0 && most > 4*adv {
				clamp = max(most-most>>cfg.AppWin, 4*adv)
			}
		}
		if cfg.AppWin != 0 && clamp > 2*adv && clamp+adv > most {
			clamp = max(2*adv, most-adv)
		}
		ssthresh := min(int64(c.rcv.ssthresh), clamp)
		space := min(ssthresh, int64(c.rcv.wnd), 10*adv)
		was := c.rcv
		c.initBuffers()
		require.Equal(t, []int64{clamp, ssthresh, space}, []int64{int64(c.rcv.clamp), int64(c.rcv.ssthresh), int64(c.rcv.space)}, "%+v, %d", was, adv)
		require.Equal(t, c.locks&LockSndBuf != 0, c.snd.sndbuf == sndbuf)
		require.Equal(t, []Time{77, 77}, []Time{c.rcv.spaceTime, c.ca.stamp})
		require.Equal(t, c.rcv.copied, c.rcv.spaceSeq)
	})
}

func TestAnOverrunReceiveBufferGrowsOrNarrowsTheWindow(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		drawWindow(r, c, 400)
		c.locks = uint8(r.IntN(4))
		cfg.Rmem[2] = int32(upTo(r, 400, int64(c.rcv.rcvbuf), int64(c.rcv.rmem)))

		// tcp_clamp_window
		buf, ssthresh := c.rcv.rcvbuf, c.rcv.ssthresh
		if buf < cfg.Rmem[2] && c.locks&LockRcvBuf == 0 {
			buf = min(c.rcv.rmem, cfg.Rmem[2])
		}
		if c.rcv.rmem > buf {
			ssthresh = min(c.rcv.clamp, 2*c.opt.advMSS)
		}
		was := c.rcv
		c.clampWindow()
		require.Equal(t, []uint32{uint32(buf), ssthresh}, []uint32{uint32(c.rcv.rcvbuf), c.rcv.ssthresh}, "%+v", was)
		require.Zero(t, c.ack.quick)
	})
}

func TestFirstGuessAtThePeersMSS(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.opt.advMSS, c.snd.mssCache = uint32(upTo(r, 1500, 88, 536)), uint32(upTo(r, 1500, 88, 536))
		c.rcv.wnd = uint32(upTo(r, 3000, 176, 1072))
		want := min(c.opt.advMSS, c.snd.mssCache) // tcp_initialize_rcv_mss
		want = min(want, c.rcv.wnd/2)
		want = min(want, 536)
		c.initRcvMSS()
		require.Equal(t, max(want, 88), c.ack.rcvMSS)
	})
}

// TestAReadIsAnsweredAsTheKernelAnswers: an ACK that waits, or a window at least twice as large (__tcp_cleanup_rbuf).
func TestAReadIsAnsweredAsTheKernelAnswers(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.state = Established
		n := drawSize(r)
		drawWindow(r, c, n)
		if toss(r) {
			c.rcv.rmem = 0
		}
		a := &c.ack
		c.rcv.nxt = c.rcv.wup.Add(uint32(upTo(r, n, int64(a.rcvMSS), int64(c.rcv.wnd))))
		a.pending = uint8(r.IntN(16))
		a.pingpongs = uint8(r.IntN(2))
		if toss(r) {
			c.shut = uint8(r.IntN(4))
		}
		copied := uint32(r.IntN(3))
		now := int64(c.receiveWindow())
		if toss(r) {
			c.rcv.clamp = uint32(upTo(r, n, 2*now))
		}

		due := false
		if a.pending&ackSched != 0 {
			drained := copied > 0 && c.rcv.rmem == 0
			due = c.rcv.nxt.Since(c.rcv.wup) > a.rcvMSS ||
				drained && (a.pending&ackPushed2 != 0 || a.pending&ackPushed != 0 && a.pingpongs == 0)
		}
		update := false
		if copied > 0 && !due && c.shut&ShutRead == 0 && 2*now <= int64(c.rcv.clamp) {
			window, _ := kernelWindow(c)
			update = window != 0 && window >= 2*now
		}
		was := *c
		c.windowUpdate(copied)
		require.Equal(t, due || update, len(c.out) > 0, "%+v, %+v", was.rcv, was.ack)
	})
}

// jiffies is the clock of a kernel with HZ=1000.
func jiffies(t Time) Time { return t / Time(Millisecond) }
