package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// What may be sent, and how much of it (net/ipv4/tcp_output.c), written once
// more: see linux_window_test.go.

// drawUnsent puts up to n unsent buffers behind what was sent.
func drawUnsent(r *rand.Rand, c *Conn, n int) {
	seq := c.snd.nxt
	for range r.IntN(n) + 1 {
		b := buffer{seq: seq, end: seq.Add(uint32(1 + r.IntN(9))), true: 900 + int32(r.IntN(9)), eor: r.IntN(4) == 0, flags: Flags(r.IntN(2)) * PSH}
		seq = b.end
		c.snd.queued += b.true
		c.q.list.PushBack(b)
	}
	if r.IntN(4) == 0 {
		b := c.q.at(c.q.list.Len() - 1)
		b.flags |= FIN
		b.end = b.end.Add(1)
		if toss(r) && b.len() > 0 { // a FIN alone
			b.seq = b.seq.Add(b.len())
			if i := c.q.list.Len() - 2; i >= c.q.head {
				c.q.at(i).end = b.seq
			} else {
				b.seq = seq.Sub(b.len())
			}
		}
		seq = b.end
	}
	c.snd.write = seq
}

func drawNagle(r *rand.Rand, c *Conn) (nonagle uint8) {
	c.snd.sml = near(r, c.snd.una.Add(3), 8)
	c.snd.up = c.snd.una.Add(uint32(r.IntN(2) * r.IntN(2)))
	return uint8(r.IntN(8))
}

// nagles is tcp_nagle_check with tcp_minshall_check.
func nagles(c *Conn, partial bool, nonagle uint8) bool {
	small := at(c, c.snd.sml) > 0 && at(c, c.snd.sml) <= at(c, c.snd.nxt)
	return partial && (nonagle&nagleCork != 0 || nonagle == 0 && c.q.packetsOut > 0 && small)
}

func TestWhatMayBeSentIsWhatTheKernelSends(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		mss := uint32(1 + r.IntN(5))
		if toss(r) {
			drawSent(r, c, 3, mss, 3)
		}
		drawUnsent(r, c, 3)
		nonagle := drawNagle(r, c)
		c.snd.wnd = uint32(r.IntN(25))
		c.ca.cwnd = uint32(1 + r.IntN(10))
		b, last := *c.q.unsent(), c.q.head == c.q.list.Len()-1

		// tcp_cwnd_test
		quota := max(int64(c.ca.cwnd)-int64(c.q.inFlight()), 0)
		require.EqualValues(t, min(quota, max(int64(c.ca.cwnd)/2, 1)), c.cwndQuota())
		// tcp_nagle_test
		partial := toss(r)
		require.Equal(t, nagles(c, partial, nonagle), c.nagleHolds(partial, nonagle))
		require.Equal(t, nonagle&naglePush != 0 || c.snd.up != c.snd.una || b.flags.Has(FIN) || !nagles(c, b.len() < mss, nonagle),
			c.nagleOK(&b, mss, nonagle))
		// tcp_snd_wnd_test
		window := int64(c.snd.wnd) - at(c, b.seq)
		end := min(b.len(), mss)
		if b.len() <= mss {
			end = b.end.Since(b.seq) // a FIN counts
		}
		require.Equal(t, int64(end) <= window, c.fitsWindow(&b, mss))
		// tcp_mss_split_point
		if segs := uint32(1 + r.IntN(4)); window >= 0 {
			most, need := int64(mss*segs), min(int64(b.len()), window)
			want := need
			if most <= need || most <= window && !last {
				want = most
			} else if part := need % int64(mss); nagles(c, part != 0, nonagle) {
				want -= part
			}
			require.EqualValues(t, want, c.splitPoint(&b, last, mss, segs, nonagle))
		}
	})
}

func TestAPacketWaitsForMoreAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.TSOWinDivisor = uint8(r.IntN(4))
		c.now = Time(10 * Second)
		mss := uint32(1 + r.IntN(3))
		drawSent(r, c, 2, mss, 3)
		if r.IntN(8) == 0 {
			c.q = sendQueue{}
			c.snd.nxt = c.snd.una
		}
		drawUnsent(r, c, 2)
		if r.IntN(4) == 0 {
			c.ca.state = caState(r.IntN(int(caLoss) + 1))
		}
		c.stat.lastXmit = c.now - Time(upTo(r, 500, 1000))
		c.rtt.srtt = 8 * uint32(upTo(r, 3000))
		srtt := int64(c.rtt.srtt / 8)
		if o := c.q.oldest(); o != nil {
			o.sent = c.now - Time(upTo(r, 3000, srtt, srtt/2, srtt-1000))
		}
		c.ca.cwnd = c.q.inFlight() + 1 + uint32(r.IntN(8))
		b, last := c.q.unsent(), c.q.head == c.q.list.Len()-1
		window := upTo(r, 16, int64(b.len()))
		c.snd.wnd = uint32(window + at(c, b.seq))
		segs := uint32(1 + r.IntN(6))
		cwndLimited, rwndLimited := false, false

		// tcp_tso_should_defer
		m := int64(mss)
		defers, byCwnd, byRwnd := func() (bool, bool, bool) {
			if c.ca.state >= caRecovery || c.now-c.stat.lastXmit >= 1000 {
				return false, false, false
			}
			cong := int64(c.ca.cwnd-c.q.inFlight()) * m
			limit := min(window, cong)
			if limit >= int64(segs)*m || !last && limit >= int64(b.len()) {
				return false, false, false
			}
			if d := int64(cfg.TSOWinDivisor); d > 0 && limit >= min(int64(c.snd.wnd), int64(c.ca.cwnd)*m)/d || d == 0 && limit > 3*m {
				return false, false, false
			}
			o := c.q.oldest()
			if o == nil || int64(o.sent)+srtt-int64(c.now) > min(srtt/2, 1000) {
				return false, false, false
			}
			if cong < window && cong <= int64(b.len()) {
				return true, true, false
			}
			if cong >= window && window <= int64(b.len()) {
				return true, false, true
			}
			return !b.flags.Has(FIN) && !b.eor, false, false
		}()
		require.Equal(t, defers, c.deferTSO(b, last, segs, &cwndLimited, &rwndLimited))
		require.Equal(t, []bool{byCwnd, byRwnd}, []bool{cwndLimited, rwndLimited})
	})
}

// TestABufferIsFilledFromTheNext is tcp_grow_skb: octets move, and the next buffer goes when it is empty.
func TestABufferIsFilledFromTheNext(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawUnsent(r, c, 3)
		b, queued, n := *c.q.unsent(), c.snd.queued, c.q.list.Len()
		want := uint32(r.IntN(14))
		if n == 1 || b.len() >= want || b.eor {
			c.growBuffer(want)
			require.Equal(t, b, *c.q.unsent())
			require.Equal(t, n, c.q.list.Len())
			return
		}
		next := *c.q.at(1)
		moved := min(want-b.len(), next.len())
		c.growBuffer(want)
		got := *c.q.unsent()
		if moved == 0 {
			require.Equal(t, b, got)
			return
		}
		require.Equal(t, b.true+int32(moved), got.true)
		if moved < next.len() {
			rest := *c.q.at(1)
			require.Equal(t, []Seq{b.seq, next.seq.Add(moved), next.seq.Add(moved), next.end}, []Seq{got.seq, got.end, rest.seq, rest.end})
			require.Equal(t, []any{b.flags, next.flags, b.eor, next.eor, queued}, []any{got.flags, rest.flags, got.eor, rest.eor, c.snd.queued})
			require.Equal(t, next.true-int32(moved), rest.true)
			return
		}
		require.Equal(t, n-1, c.q.list.Len())
		require.Equal(t, []any{b.seq, next.end, b.flags | next.flags, next.eor}, []any{got.seq, got.end, got.flags, got.eor})
		require.Equal(t, queued-(next.true-int32(moved)), c.snd.queued)
	})
}

// again is a retransmission by the kernel's rules: how many octets from the
// start of buffer i go, over how many buffers (__tcp_retransmit_skb,
// tcp_retrans_try_collapse); 0 when none can.
func again(c *Conn, i int, segs uint32) (octets uint32, merged int) {
	b, mss := c.q.at(i), int64(c.snd.mssCache)
	avail := int64(c.snd.wnd) - at(c, b.seq)
	if avail <= 0 {
		if b.seq != c.snd.una {
			return 0, 0
		}
		avail = mss // a zero-window probe
	}
	length := mss * int64(segs)
	if length > avail {
		if length = down(avail, mss); length == 0 {
			length = avail
		}
	}
	if int64(b.len()) > length {
		return uint32(length), 1
	}
	octets, merged = b.len(), 1
	space := min(avail, mss)
	if !c.cfg.RetransCollapse || int64(octets) >= space || b.pcount > 1 || b.tags&tagSacked != 0 {
		return octets, merged
	}
	eor := b.eor
	for j := i + 1; j < c.q.head && !eor; j++ {
		next := c.q.at(j)
		if next.pcount > 1 || next.tags&tagSacked != 0 || int64(octets+next.len()) > space || at(c, next.end) > int64(c.snd.wnd) {
			break
		}
		octets, eor = octets+next.len(), next.eor
		merged++
	}
	return octets, merged
}

func TestRetransmissionsAreCutAndMergedAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.RetransCollapse = r.IntN(4) > 0
		c.state, c.opt.sack, c.now, c.opt.hdrLen = Established, true, Time(Second), 20
		drawSent(r, c, 6, 6, 3)
		for i := range c.q.head {
			if b := c.q.at(i); b.pcount == 1 && r.IntN(3) > 0 {
				b.tags = [...]uint8{0, tagLost, tagLost | tagEverRetrans}[r.IntN(3)]
			}
			c.q.at(i).true, c.q.at(i).eor = 900, r.IntN(5) == 0
		}
		total := c.snd.nxt.Since(c.snd.una)
		c.snd.wnd = uint32(upTo(r, int64(total)+4))
		c.q.packetsOut, c.q.sackedOut, c.q.lostOut, c.q.retransOut = 0, 0, 0, 0
		for i := range c.q.head {
			c.count(c.q.at(i), 1)
		}
		c.snd.queued = 900 * int32(c.q.head)
		i, segs := r.IntN(c.q.head), uint32(1+r.IntN(3))
		octets, merged := again(c, i, segs)
		start, n := c.q.at(i).seq, c.q.list.Len()
		tags, ever := c.q.at(i).tags, uint8(0)
		for j := range merged {
			ever |= c.q.at(i+j).tags & tagEverRetrans
		}
		cut := merged == 1 && octets < c.q.at(i).len()
		c.stat.bytesRetrans = 5
		ok := c.retransmitOne(i, segs, rule.FastRetransmit)
		require.Equal(t, octets > 0, ok)
		if !ok {
			require.Empty(t, c.out)
			return
		}
		s := c.out[len(c.out)-1].Seg
		require.Equal(t, []any{start, octets}, []any{s.Seq, s.Len})
		if cut {
			merged = 0
		}
		require.Equal(t, []int{n + 1 - merged, n + 1 - merged}, []int{c.q.list.Len(), c.q.head})
		b := c.q.at(i)
		require.Equal(t, octets, b.len())
		require.Equal(t, []uint64{5 + uint64(octets), uint64(b.pcount)}, []uint64{c.stat.bytesRetrans, uint64(c.stat.totalRetrans)})
		require.Equal(t, (tags|ever|tagEverRetrans)&^tagUnwatched, b.tags&^tagUnwatched)
		// The counters are those of the queue as it is now, and so is its memory.
		q, truesize := sendQueue{}, int32(0)
		d := &Conn{q: q}
		for j := range c.q.list.Len() {
			d.count(c.q.at(j), 1)
			truesize += c.q.at(j).true
		}
		require.Equal(t, []uint32{d.q.packetsOut, d.q.sackedOut, d.q.lostOut, d.q.retransOut}, []uint32{c.q.packetsOut, c.q.sackedOut, c.q.lostOut, c.q.retransOut})
		require.Equal(t, truesize, c.snd.queued)
	})
}

func TestLostBuffersGoAgainInTheKernelsOrder(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.RetransCollapse = false
		c.state, c.opt.sack, c.now, c.opt.hdrLen = Established, true, Time(Second), 20
		drawSent(r, c, 7, 9, 1)
		c.snd.queued = 0
		c.snd.wnd = uint32(at(c, c.snd.nxt))
		if r.IntN(4) == 0 { // the peer shrank it to the end of a buffer
			c.snd.wnd = uint32(at(c, c.q.at(r.IntN(c.q.head)).seq))
		}
		c.ca.state = caState(r.IntN(int(caLoss) + 1))
		c.ca.cwnd = 1 + c.q.inFlight() + uint32(r.IntN(6)) - min(uint32(r.IntN(3)), c.q.inFlight())
		c.timers.kind, c.rtt.rto = xmitKind(r.IntN(5)), 300*Millisecond
		if toss(r) {
			c.q.hasHint, c.q.hint = true, c.q.at(r.IntN(c.q.head)).seq
		}

		// tcp_xmit_retransmit_queue
		var want, got []Seq
		timer, hint, hasHint := c.timers, c.q.hint, c.q.hasHint
		retrans, flight, hole := c.q.retransOut, c.q.inFlight(), false
		for i := range c.q.head {
			b := c.q.at(i)
			if c.q.hasHint && at(c, b.seq) < at(c, c.q.hint) {
				continue
			}
			if !hole {
				hint, hasHint = b.seq, true
			}
			if flight >= c.ca.cwnd || retrans >= c.q.lostOut {
				break
			}
			if b.tags&tagLost == 0 {
				hole = hole || b.tags&(tagRetrans|tagSacked) == 0
				continue
			}
			if b.tags&(tagSacked|tagRetrans) != 0 {
				continue
			}
			if octets, _ := again(c, i, 1); octets == 0 {
				break
			}
			want = append(want, b.seq)
			retrans, flight = retrans+1, flight+1
			if i == 0 && timer.kind != xmitReo {
				timer = timers{kind: xmitRTO, xmit: c.now.Add(300 * Millisecond)}
			}
		}
		c.retransmitQueue(rule.FastRetransmit)
		for _, o := range c.out {
			got = append(got, o.Seg.Seq)
		}
		require.Equal(t, want, got)
		require.Equal(t, []any{hint, hasHint, retrans}, []any{c.q.hint, c.q.hasHint, c.q.retransOut})
		prr := uint32(0)
		if c.ca.state == caCWR || c.ca.state == caRecovery {
			prr = uint32(len(want))
		}
		require.Equal(t, prr, c.ca.prrOut)
		require.Equal(t, timer, c.timers)
	})
}

// TestWhatIsTooLargeForThePathCountsAsLost is tcp_simple_retransmit: what a
// packet carries decides, not how many octets the buffer has.
func TestWhatIsTooLargeForThePathCountsAsLost(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.state, c.opt.sack, c.opt.hdrLen = Established, true, 20
		drawRACK(r, c)
		c.ca.cwnd = 0 // none goes again yet
		c.snd.mssCache = uint32(2 + r.IntN(3))
		want := marks(c)
		for i := range c.q.head {
			b := c.q.at(i)
			if size := b.len(); b.pcount > 1 && uint32(b.mss) > c.snd.mssCache || b.pcount == 1 && size > c.snd.mssCache {
				want.lose(c, i)
			}
		}
		require.Equal(t, want.lost > 0, c.markTooLong())
		require.Equal(t, []any{want.tags, want.lost, want.retrans}, []any{marks(c).tags, c.q.lostOut, c.q.retransOut})
	})
}
