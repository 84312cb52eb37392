package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The queues' own rules: see linux_window_test.go.

// naiveSegs is tcp_set_skb_tso_segs: segments of mss octets, and their size where there is more than one.
func naiveSegs(n, mss uint32) (count, size uint16) {
	if n <= mss {
		return 1, 0
	}
	return uint16(up(int64(n), int64(mss)) / int64(mss)), uint16(mss)
}

func TestASplitKeepsWhatTheBufferWas(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		mss := uint32(1 + r.IntN(5))
		drawSent(r, c, 4, mss, 3)
		c.opt.sack = true
		i := r.IntN(c.q.head)
		f := c.q.at(i)
		f.flags, f.eor, f.true = [...]Flags{0, PSH, FIN, PSH | FIN, SYN, SYN | PSH}[r.IntN(6)], toss(r), 900
		if f.flags.Has(SYN) || f.len() < 2 || f.len() > 1<<20 {
			return
		}
		b, q, queued := *f, c.q, c.snd.queued
		n := 1 + uint32(r.IntN(int(b.len())-1))
		c.split(i, n, mss)
		x, y := c.q.at(i), c.q.at(i+1)
		require.Equal(t, []Seq{b.seq, b.seq.Add(n), b.seq.Add(n), b.end}, []Seq{x.seq, x.end, y.seq, y.end})
		require.Equal(t, []any{b.flags &^ (FIN | PSH), b.flags, false, b.eor, b.tags, b.tags}, []any{x.flags, y.flags, x.eor, y.eor, x.tags, y.tags})
		xc, xs := naiveSegs(n, mss)
		yc, ys := naiveSegs(y.len(), mss)
		require.Equal(t, []uint16{xc, xs, yc, ys}, []uint16{x.pcount, x.mss, y.pcount, y.mss})
		require.Equal(t, []int32{900 - int32(y.len()), 832 + int32(y.len()), queued + 832}, []int32{x.true, y.true, c.snd.queued})
		require.Equal(t, []int{q.list.Len() + 1, q.head + 1}, []int{c.q.list.Len(), c.q.head})
		// tcp_adjust_pcount: where the count fell without SACK, so do the duplicates
		more := uint32(xc) + uint32(yc) - uint32(b.pcount)
		q.packetsOut += more
		for tag, v := range map[uint8]*uint32{tagSacked: &q.sackedOut, tagRetrans: &q.retransOut, tagLost: &q.lostOut} {
			if b.tags&tag != 0 {
				*v += more
			}
		}
		require.Equal(t, []uint32{q.packetsOut, q.sackedOut, q.retransOut, q.lostOut}, []uint32{c.q.packetsOut, c.q.sackedOut, c.q.retransOut, c.q.lostOut})
	})
}

// TestWithoutSACKFewerPacketsAreFewerDuplicates is the end of tcp_adjust_pcount.
func TestWithoutSACKFewerPacketsAreFewerDuplicates(t *testing.T) {
	for _, c := range []struct {
		sack        bool
		decr        int32
		dups, after uint32
	}{{false, 1, 3, 2}, {false, 2, 1, 0}, {false, 3, 3, 0}, {false, -1, 3, 3}, {false, 0, 3, 3}, {true, 1, 3, 3}} {
		w := established(t, plainOpts)
		w.c.opt.sack = c.sack
		w.c.q.packetsOut, w.c.q.sackedOut = 5, c.dups
		w.c.adjustCount(0, c.decr)
		require.Equal(t, []uint32{uint32(5 - c.decr), c.after}, []uint32{w.c.q.packetsOut, w.c.q.sackedOut}, "%+v", c)
	}
}

// TestASynGivesItsNumberUpFirst: what is cut off or split off behind a SYN begins after it (tcp_fragment, __tcp_retransmit_skb).
func TestASynGivesItsNumberUpFirst(t *testing.T) {
	for _, n := range []uint32{1, 2, 5} {
		w := newWorld(t)
		b := w.c.appendBuffer(ourISS, SYN)
		b.end, b.true, b.pcount = ourISS.Add(11), 900, 1
		w.c.snd.queued = 900
		require.EqualValues(t, 10, b.len())
		w.c.trimHead(b, n)
		require.Equal(t, []any{ourISS.Add(n), ourISS.Add(11), Flags(0)}, []any{b.seq, b.end, b.flags})
		require.Equal(t, []int32{900 - int32(n-1), 900 - int32(n-1)}, []int32{b.true, w.c.snd.queued})
	}
	w := newWorld(t)
	b := w.c.appendBuffer(ourISS, SYN)
	b.end = ourISS.Add(11)
	w.c.split(0, 4, 100)
	x, y := w.c.q.at(0), w.c.q.at(1)
	require.Equal(t, []any{ourISS, ourISS.Add(5), SYN}, []any{x.seq, x.end, x.flags})
	require.Equal(t, []any{ourISS.Add(5), ourISS.Add(11), Flags(0)}, []any{y.seq, y.end, y.flags})
}

func TestABufferIsFoundByTheNumbersItHolds(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawSent(r, c, 7, 3, 1)
		c.q.head -= r.IntN(2)
		seq := near(r, c.snd.una.Add(8), 12)
		want := 0
		for want < c.q.head && at(c, c.q.at(want).end) <= at(c, seq) {
			want++
		}
		require.Equal(t, want, c.q.find(seq))
	})
}

// TestReceivedDataCostsASizeClass: sk_buff, pad and shared info around it. From a page on, whole pages hold what does not fit into one with
// them, and nothing is appended to that (tun_build_skb, tun_alloc_skb, skb_tailroom).
func TestReceivedDataCostsASizeClass(t *testing.T) {
	for n := range uint32(70_000) {
		head := int64(576)
		for head < 8192 && int64(n)+64+320 > head {
			head = max(1024, head/1024*2048)
		}
		want, room := 256+head, head-320-64-int64(n)
		if n+64 >= 4096 {
			want, room = 256+4096+up(int64(n)+64+320-4096, 4096), 0
		}
		cost, left := RxCost(n)
		if cost != int32(want) || left != int32(room) {
			require.Equal(t, []int64{want, room}, []int64{int64(cost), int64(left)}, "%d octets", n)
		}
	}
}

func TestReceivedBuffersJoinWhereThereIsRoom(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		a := rxBuffer{seq: peerISS, end: peerISS.Add(5), true: 832, room: int32(r.IntN(6)), at: 3, fin: r.IntN(8) == 0}
		n := uint32(r.IntN(6))
		b := rxBuffer{seq: near(r, a.end, 1), true: 832, at: 9, fin: toss(r)}
		b.end = b.seq.Add(n)
		if b.fin {
			b.end = b.end.Add(1)
		}
		require.Equal(t, n, b.data())
		want := a
		joins := b.seq == a.end && int64(n) <= int64(a.room) // tcp_try_coalesce
		if joins {
			want = rxBuffer{seq: a.seq, end: b.end, true: 832, room: a.room - int32(n), at: 9, fin: a.fin || b.fin}
		}
		require.Equal(t, joins, c.coalesce(&a, &b))
		require.Equal(t, want, a)
	})
	c := New(Params{})
	for _, used := range []int32{0, 1, 4095, 4096, 4097, 9000} {
		c.rcv.rmem, c.snd.queued = used/3, used-used/3
		require.EqualValues(t, up(int64(used), 4096)-int64(used), c.forwardAlloc())
	}
}

// TestReceivedPagesAreHandedOver: to a buffer that is the receiver's alone, up to MAX_SKB_FRAGS pieces, for what the octets cost
// (skb_try_coalesce).
func TestReceivedPagesAreHandedOver(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		a := rxBuffer{seq: peerISS, end: peerISS.Add(20), true: 852, own: peerISS.Add(9), frags: uint8(r.IntN(18))}
		b := rxBuffer{seq: near(r, a.end, 1), true: 839, frags: uint8(1 + r.IntN(3))}
		b.end, b.own, b.heard = b.seq.Add(7), b.seq.Add(7), near(r, a.own, 1)
		cloned := a.frags > 0 && a.own.Greater(b.heard)
		joins := b.seq == a.end && !cloned && a.frags+b.frags <= 17
		rmem := c.rcv.rmem
		require.Equal(t, joins, c.coalesce(&a, &b))
		if joins {
			require.Equal(t, [3]int32{859, 7, 27}, [3]int32{a.true, c.rcv.rmem - rmem, int32(a.end.Since(a.seq))})
		} else {
			require.Equal(t, [2]int32{852, rmem}, [2]int32{a.true, c.rcv.rmem})
		}
	})
	c := New(Params{})
	for n, frags := range map[uint32]uint8{0: 1, 1: 1, 32767: 1, 32768: 2, 65483: 2, 1 << 20: 17} {
		c.rtt.local = true
		b := c.rxBufferOf(&Segment{Len: n, Seq: peerISS, Charge: 832 + int32(n), Room: InPages, Heard: peerISS.Add(3)})
		require.Equal(t, rxBuffer{seq: peerISS, end: peerISS.Add(n), own: peerISS.Add(n), heard: peerISS.Add(3), true: 832 + int32(n), at: c.now, frags: frags}, b)
	}
}

func TestOutOfOrderDataIsPrunedInEighths(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.opt.sack, c.rcv.nsacks, c.rcv.dsack = toss(r), 2, true
		seq, held := c.rcv.nxt.Add(10), int32(0)
		for range 1 + r.IntN(6) {
			b := rxBuffer{seq: seq, end: seq.Add(5), true: int32(1 + r.IntN(9))}
			seq, held = seq.Add(10), held+b.true
			c.holdOOO(b)
		}
		c.rcv.rmem = held + int32(r.IntN(9))
		c.rcv.rcvbuf = int32(r.IntN(60))
		in := rxBuffer{seq: c.rcv.nxt.Add(uint32(r.IntN(14)) * 5)}
		// tcp_prune_ofo_queue
		n, rmem, goal := c.rq.ooo.Len(), c.rcv.rmem, c.rcv.rcvbuf/8
		left := n
		for left > 0 {
			b := c.oooAt(left - 1)
			if int32(in.seq-b.seq) > 0 {
				break
			}
			left, rmem, goal = left-1, rmem-b.true, goal-b.true
			if goal <= 0 {
				if rmem <= c.rcv.rcvbuf {
					break
				}
				goal = c.rcv.rcvbuf / 8
			}
		}
		c.pruneOOO(&in)
		require.Equal(t, []any{left, rmem, n - left}, []any{c.rq.ooo.Len(), c.rcv.rmem, len(c.out)})
		require.Equal(t, left == n || !c.opt.sack, c.rcv.nsacks == 2)
		require.Equal(t, left == n || !c.opt.sack, c.rcv.dsack)
	})
}

// TestRoomIsMadeStepByStep: a buffer that is just full takes one more packet;
// one that is over grows, is repacked, and gives up what came out of order, and
// no step is taken once there is room (tcp_try_rmem_schedule, tcp_prune_queue).
func TestRoomIsMadeStepByStep(t *testing.T) {
	full := func(rcvbuf int32, locks uint8) *Conn {
		w := smallBuffer(t, plainOpts)
		c := w.c
		for range 2 {
			c.rq.in.PushBack(rxBuffer{seq: c.rcv.nxt, end: c.rcv.nxt.Add(10), true: 832})
			c.rcv.nxt = c.rcv.nxt.Add(10)
		}
		c.holdOOO(rxBuffer{seq: c.rcv.nxt.Add(80), end: c.rcv.nxt.Add(90), true: 832})
		c.rcv.rmem, c.rcv.rcvbuf, c.locks, c.ack.quick = 3*832, rcvbuf, locks, 5
		return c
	}
	c := full(0, LockRcvBuf)
	c.collapseIn()
	packed := c.rcv.rmem
	require.Equal(t, 1, c.rq.in.Len())
	for _, v := range []struct {
		rcvbuf        int32
		locks         uint8
		room          bool
		in, ooo       int
		quick, buffer int32
	}{
		{3 * 832, LockRcvBuf, true, 2, 1, 5, 3 * 832}, // just full
		{3*832 - 1, 0, true, 2, 1, 0, 3 * 832},        // grows
		{packed, LockRcvBuf, true, 1, 1, 0, packed},   // is repacked
		{packed - 1, LockRcvBuf, true, 1, 0, 0, packed - 1},
		{packed - 832, LockRcvBuf, true, 1, 0, 0, packed - 832}, // gives up what came out of order
		{packed - 833, LockRcvBuf, false, 1, 0, 0, packed - 833},
	} {
		c := full(v.rcvbuf, v.locks)
		b := rxBuffer{seq: c.rcv.nxt, end: c.rcv.nxt.Add(10), true: 832}
		require.Equal(t, v.room, c.rmemRoom(&b), "%+v", v)
		require.Equal(t, []int{v.in, v.ooo}, []int{c.rq.in.Len(), c.rq.ooo.Len()}, "%+v", v)
		require.Equal(t, []int32{v.quick, v.buffer}, []int32{int32(c.ack.quick), c.rcv.rcvbuf}, "%+v", v)
	}
}
