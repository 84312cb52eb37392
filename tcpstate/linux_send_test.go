package tcpstate

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// The send buffer, window probes and what a round of sending leaves behind,
// written once more: see linux_window_test.go.

func TestSendBufferHasRoomAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		c.state = Established
		c.locks, c.orphan, c.user.noSpace, c.now = uint8(r.IntN(4)), r.IntN(5) == 0, toss(r), Time(9)
		c.snd.queued, c.snd.sndbuf = int32(upTo(r, 30)), int32(upTo(r, 40))
		if r.IntN(3) == 0 {
			c.snd.sndbuf = c.snd.queued + int32(upTo(r, 2, int64(c.snd.queued/2)))
		}
		buf := int64(c.snd.sndbuf)
		cfg.NotSentLowat = uint32(1 + r.IntN(12))
		c.user.notSentLowat = uint32(r.IntN(9))
		c.snd.write = c.snd.nxt.Add(uint32(r.IntN(12)))
		c.q.packetsOut, c.ca.cwnd = uint32(r.IntN(4)), uint32(1+r.IntN(4))
		low := int64(c.user.notSentLowat)
		if low == 0 {
			low = int64(cfg.NotSentLowat)
		}
		unsent, queued := at(c, c.snd.write), int64(c.snd.queued)
		// sk_stream_memory_free, tcp_stream_memory_free
		for wake := range uint(2) {
			require.Equal(t, queued < buf && unsent<<wake < low, c.memoryFree(wake))
		}
		// __sk_stream_is_writeable: half as much free as is queued
		require.Equal(t, buf-queued >= queued/2 && queued < buf && 2*unsent < low, c.SendSpace())

		// tcp_check_space, tcp_new_space
		waits := c.user.noSpace && !c.orphan
		grows := waits && c.locks&LockSndBuf == 0 && c.q.packetsOut < c.ca.cwnd
		if grows {
			buf = max(buf, 10*2*(2048+256)) // ten segments of 536, 192 of headers and 320 of shared info each in 2048, and an sk_buff
			buf = min(buf, int64(cfg.Wmem[2]))
		}
		c.snd.mssCache, c.opt.mssClamp, c.ca.reordering = 1100, 536, 3
		told := waits && buf-queued >= queued/2 && queued < buf && 2*unsent < low
		c.checkSpace()
		require.EqualValues(t, buf, c.snd.sndbuf)
		require.Equal(t, told, len(c.out) == 1)
		require.Equal(t, grows, c.ca.stamp == 9)
		require.Equal(t, waits && !told || c.orphan && c.user.noSpace, c.user.noSpace)
	})
}

func TestSendBufferIsSizedAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		c.opt.mssClamp, c.snd.mssCache = uint16(upTo(r, 9000, 512, 1536, 3584)), uint32(upTo(r, 1500, 512))
		c.ca.cwnd, c.ca.reordering = uint32(1+upTo(r, 60, 10)), uint32(1+upTo(r, 60, 10))
		if r.IntN(20) == 0 {
			c.ca.cwnd = 1 << 20
		}
		// tcp_sndbuf_expand: MAX_TCP_HEADER 192 and skb_shared_info 320, a power of two, sk_buff 256
		per := int64(max(uint32(c.opt.mssClamp), c.snd.mssCache) + 192 + 320)
		if bits.OnesCount64(uint64(per)) > 1 {
			per = 1 << bits.Len64(uint64(per))
		}
		want := int64(int32(2 * max(10, int64(c.ca.cwnd), int64(c.ca.reordering)+1) * (per + 256))) // an int, which goes round
		most := max(want, 1)
		c.snd.sndbuf = int32(upTo(r, 2*most, most) & (1<<31 - 1))
		cfg.Wmem[2] = int32(upTo(r, 2*most, most) & (1<<31 - 1))
		if buf := int64(c.snd.sndbuf); buf < want {
			want = min(want, int64(cfg.Wmem[2]))
		} else {
			want = buf
		}
		c.expandSndbuf()
		require.EqualValues(t, want, c.snd.sndbuf)
		// forced_push: more than half of the largest window unpushed
		c.snd.maxWnd, c.snd.pushed = uint32(r.IntN(9)), c.snd.una
		c.snd.write = near(r, c.snd.una, 6)
		require.Equal(t, at(c, c.snd.write) > int64(c.snd.maxWnd)/2, c.forcedPush())
	})
}

func TestWindowProbesEndAndBackOffAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.Retries2, cfg.OrphanRetries = uint8(r.IntN(14)), uint8(r.IntN(4))
		cfg.RTOMax = Duration(1+r.IntN(3)) * Second
		c.state, c.now, c.opt.hdrLen = Established, Time(50*Second), 20
		c.rtt.rto = [...]Duration{125, 250, 300}[r.IntN(3)] * Millisecond
		c.orphan, c.soft = toss(r), Errno(r.IntN(2))*EHOSTUNREACH
		c.ca.probes, c.rtt.backoff = uint8(r.IntN(12)), uint8(r.IntN(7))
		c.user.userTimeout = uint32(r.IntN(2) * 500)
		if r.IntN(4) > 0 {
			c.ca.probesSince = c.now - Time(upTo(r, 600_000, 500_000, 499_000))
		}
		drawUnsent(r, c, 1)
		c.q.at(0).flags &^= FIN

		// tcp_probe_timer
		since, most := c.ca.probesSince, cfg.Retries2
		ends := since != never && c.user.userTimeout > 0 && jiffies(c.now)-jiffies(since) >= 500
		if c.orphan {
			alive := c.rtt.rto*(1<<c.rtt.backoff) < cfg.RTOMax
			if most = cfg.OrphanRetries; c.soft != 0 && !alive { // tcp_orphan_retries
				most = 0
			}
			if most == 0 && alive {
				most = 8
			}
			ends = ends || !alive && c.rtt.backoff >= most
		}
		ends = ends || c.ca.probes >= most
		probes, backoff := c.ca.probes+1, c.rtt.backoff
		if backoff < cfg.Retries2 {
			backoff++
		}
		c.probeTimer()
		require.Equal(t, ends, c.state == Closed)
		if ends {
			return
		}
		if since == never {
			since = c.now
		}
		require.Equal(t, []any{probes, backoff, since}, []any{c.ca.probes, c.rtt.backoff, c.ca.probesSince})
		// tcp_probe0_when, tcp_clamp_probe0_to_user_timeout
		in := min(max(c.rtt.rto, 200*Millisecond)*(1<<backoff), cfg.RTOMax)
		if c.user.userTimeout > 0 {
			in = min(in, max(500_000-1000*int64(jiffies(c.now)-jiffies(since)), 2000))
		}
		require.Equal(t, timers{kind: xmitProbe, xmit: c.now.Add(in)}, c.timers)
	})
}

// TestOnlyAFullWindowGrows: cwnd grows in congestion avoidance only where it was the limit (tcp_is_cwnd_limited).
func TestOnlyAFullWindowGrows(t *testing.T) {
	for _, full := range []bool{false, true} {
		w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.Congestion = Reno })
		w.c.ca.ssthresh = 10
		for range 4 {
			n := w.c.ca.cwnd
			if !full {
				n--
			}
			for range n {
				w.call(Send, 1000)
			}
			w.pass(100 * Millisecond)
			w.arrive(ackOf(w.c.SndNxt().Since(ourISS.Add(1))))
		}
		require.Equal(t, full, w.c.ca.cwnd > 10)
	}
}

// TestWhatRecoverySendsCounts: all packets of a round count for PRR (tp->prr_out).
func TestWhatRecoverySendsCounts(t *testing.T) {
	w := established(t, plainOpts)
	w.c.ca.state, w.c.ca.highSeq = caCWR, w.c.snd.nxt
	for i := range uint32(3) {
		b := w.c.appendBuffer(ourISS.Add(1+5*i), 0)
		b.end, b.eor = b.end.Add(5), true
		w.c.snd.write = b.end
	}
	w.c.out = nil
	w.c.writeXmit(1000, naglePush, pushAll, rule.DataSent)
	require.EqualValues(t, 3, w.c.ca.prrOut)
}
