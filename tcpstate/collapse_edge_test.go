package tcpstate

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/queue"
)

// TestWhatARepackedBufferCosts: 256 of sk_buff and a head of 576, 1024, 2048 or
// 4096 octets, of which 320 are shared info; the data is rounded up to 64 (alloc_skb).
func TestWhatARepackedBufferCosts(t *testing.T) {
	for _, c := range [][3]int32{
		{1, 832, 256}, {256, 832, 256}, {257, 1280, 704}, {704, 1280, 704}, {705, 2304, 1728}, {1728, 2304, 1728}, {1729, 4352, 3776}, {3776, 4352, 3776},
	} {
		cost, room := headCost(c[0])
		require.Equal(t, [2]int32{c[1], c[2]}, [2]int32{cost, room}, "%d octets", c[0])
	}
}

// repacked is tcp_collapse in plain words: what is wholly before start goes; from
// the first buffer on that wastes space, begins before what is wanted, or does not
// join the next, all octets up to the end or a FIN go into new buffers of a page.
func repacked(c *Conn, l []rxBuffer, start, end Seq) (out []rxBuffer) {
	first := -1
	for i := 0; i < len(l) && first < 0; i++ {
		b := l[i]
		switch {
		case !start.Less(b.end):
			continue // nothing new in it
		case !b.fin && (c.rcv.winFromSpace(b.true) > int32(b.data()) || b.seq.Less(start)), i+1 < len(l) && l[i+1].seq != b.end:
			first = i
			continue
		}
		out = append(out, b)
		start = b.end
	}
	if first < 0 {
		return out
	}
	l = l[first:]
	for len(l) > 0 && !l[0].fin && start.Less(end) {
		want := min(3776, end.Since(start)) // a head is made for so much, whatever goes in
		cost, room := headCost(int32(want))
		b := rxBuffer{seq: start, end: start, true: cost}
		for want > 0 && len(l) > 0 && !l[0].fin {
			if start.Less(l[0].end) {
				n := min(want, l[0].end.Since(start))
				start, want = start.Add(n), want-n
			}
			if !start.Less(l[0].end) {
				l = l[1:]
			}
		}
		b.end = start
		b.room = room - int32(b.end.Since(b.seq))
		out = append(out, b)
	}
	return append(out, l...)
}

// TestBuffersAreRepackedAsTheKernelDoes: any run of buffers that touch or overlap,
// some of them full, some wasteful, the last perhaps with a FIN.
func TestBuffersAreRepackedAsTheKernelDoes(t *testing.T) {
	w := established(t, plainOpts)
	rapid.Check(t, func(t *rapid.T) {
		c := w.c.Clone()
		var l []rxBuffer
		var q queue.Deque[rxBuffer]
		first := peerISS.Add(1)
		at := first
		for i := range rapid.IntRange(1, 8).Draw(t, "buffers") {
			n := rapid.SampledFrom([]uint32{1, 50, 256, 400, 1000, 3000, 3776, 4000}).Draw(t, "octets")
			b := rxBuffer{seq: at, end: at.Add(n), true: int32(2 * n)} // at a scaling of one half: full
			if back := rapid.SampledFrom([]uint32{0, 0, 0, 1, 30}).Draw(t, "overlap"); i > 0 && l[i-1].seq.Add(back).Less(at) {
				b.seq = at.Sub(back)
			}
			b.true += rapid.SampledFrom([]int32{0, 0, 1, 2, 500}).Draw(t, "waste")
			l, at = append(l, b), b.end
		}
		if rapid.Bool().Draw(t, "FIN") {
			last := &l[len(l)-1]
			last.fin, last.end = true, last.end.Add(1)
			at = last.end
		}
		for _, b := range l {
			q.PushBack(b)
			c.rcv.rmem += b.true
		}
		from := rapid.SampledFrom([]uint32{0, 0, 1, 40, 300, 2000}).Draw(t, "read already")
		start := first.Add(min(from, at.Since(first)))
		want := repacked(c, l, start, at)
		c.collapse(&rxRun{list: &q, tail: q.Len()}, 0, start, at)
		var got []rxBuffer
		sum := int32(0)
		for i := range q.Len() {
			got = append(got, *q.At(i))
			sum += q.At(i).true
		}
		require.Equal(t, want, got, "%+v from %d on", l, from)
		require.Equal(t, sum, c.rcv.rmem)
		repackedInTheTree(t, w.c.Clone(), l, want, start, at)
	})
}

// repackedInTheTree: the same buffers come of it beyond a hole, but that they are put
// into the tree when all are made, behind a FIN that was left with as low a number.
func repackedInTheTree(t *rapid.T, c *Conn, l, want []rxBuffer, start, end Seq) {
	for _, b := range l {
		c.holdOOO(b)
		c.rcv.rmem += b.true
	}
	c.collapse(&rxRun{tree: &c.rq.ooo}, int(c.rq.ooo.First()), start, end)
	slices.SortStableFunc(want, func(a, b rxBuffer) int {
		if a.seq == b.seq && a.fin != b.fin {
			return map[bool]int{true: -1, false: 1}[a.fin]
		}
		return int(int32(a.seq - b.seq))
	})
	var got []rxBuffer
	for i := range c.rq.ooo.Len() {
		b := *c.oooAt(i)
		b.under = false // but behind a FIN, which the list keeps last
		got = append(got, b)
	}
	require.Equal(t, want, got, "%+v from %d on", l, start)
	require.NoError(t, c.rq.ooo.Check())
}

// TestWhichRunsBeyondHolesAreRepacked: of more than one buffer, or of one that fills
// a page; small ones alone are passed over until an eighth of the buffer is spent on
// them (tcp_collapse_ofo_queue).
func TestWhichRunsBeyondHolesAreRepacked(t *testing.T) {
	type run struct{ n, octets uint32 } // buffers that touch, octets of each
	for name, c := range map[string]struct {
		runs   []run
		rcvbuf int32
		want   []int // buffers after it
	}{
		"two":                           {[]run{{2, 100}}, 100_000, []int{1}},
		"one":                           {[]run{{1, 100}}, 100_000, []int{1}},
		"a page":                        {[]run{{1, 3776}}, 100_000, []int{1}},
		"several runs":                  {[]run{{3, 100}, {1, 100}, {2, 100}}, 100_000, []int{1, 1, 1}},
		"after an eighth in small ones": {[]run{{1, 100}, {1, 100}, {2, 100}}, 8*3*832*2 - 8, []int{1, 1, 2}},
		"an eighth to the octet":        {[]run{{1, 100}, {1, 100}, {2, 100}}, 8 * 2 * 2496, []int{1, 1, 1}},
		"a run before them":             {[]run{{2, 100}, {1, 100}, {1, 100}, {2, 100}}, 8*2*2496 - 8, []int{1, 1, 1, 2}},
	} {
		w := established(t, plainOpts)
		conn := w.c
		conn.rcv.rcvbuf = c.rcvbuf
		at := conn.rcv.nxt
		var starts []Seq
		for _, r := range c.runs {
			at = at.Add(10)
			starts = append(starts, at)
			for range r.n {
				conn.holdOOO(rxBuffer{seq: at, end: at.Add(r.octets), true: 2496 + 2*int32(r.octets/3776)*3776})
				conn.rcv.rmem += 2496 + 2*int32(r.octets/3776)*3776
				at = at.Add(r.octets)
			}
		}
		before := conn.rcv.rmem
		conn.collapseOOO()
		got := make([]int, len(starts))
		for i := range conn.rq.ooo.Len() {
			for j := len(starts) - 1; j >= 0; j-- {
				if conn.oooAt(i).seq.GreaterEq(starts[j]) {
					got[j]++
					break
				}
			}
		}
		require.Equal(t, c.want, got, name)
		require.Equal(t, name != "one" && name != "after an eighth in small ones", conn.rcv.rmem < before, name)
	}
}
