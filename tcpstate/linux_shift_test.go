package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// How SACKed buffers join, written once more as the kernel's C has it
// (tcp_shift_skb_data, tcp_shifted_skb).

// drawFIN lets the last of the sent buffers carry the FIN.
func drawFIN(c *Conn) {
	b := c.q.at(c.q.head - 1)
	b.flags |= FIN
	b.end = b.end.Add(1)
	c.snd.nxt, c.snd.write = b.end, b.end
}

// shiftOf is tcp_shift_skb_data up to tcp_skb_shift: what becomes of buffer b
// behind prev, and how many octets move.
func shiftOf(c *Conn, prev, b *buffer, start, end int64, dup bool) (shiftResult, int64) {
	from, to, mss := at(c, b.seq), at(c, b.end), int64(b.mss)
	if !dup && b.tags&(tagLost|tagRetrans) == tagRetrans || b.len() == 0 || to <= 0 ||
		prev == nil || prev.tags&(tagSacked|tagRetrans|tagLost) != tagSacked || prev.eor {
		return notShifted, 0
	}
	seglen := int64(prev.mss) // tcp_skb_seglen
	if prev.pcount == 1 {
		seglen = int64(prev.len())
	}
	length := int64(b.len())
	if start <= from && end >= to {
		if b.pcount == 1 {
			mss = length
		}
	} else {
		if to <= start || b.pcount <= 1 {
			return notCovered, 0
		}
		if start > from || mss != seglen {
			return notShifted, 0
		}
		if length = down(end-from, mss); length == 0 {
			return notCovered, 0
		}
	}
	if mss != seglen || from+length <= 0 {
		return notShifted, 0
	}
	if length == int64(b.len()) {
		return shiftedAll, length
	}
	return shiftedPart, length
}

// recount holds the queue's counters to its buffers.
func recount(t *testing.T, c *Conn) {
	var q Conn
	for i := range c.q.head {
		q.count(c.q.at(i), 1)
	}
	require.Equal(t, []uint32{q.q.packetsOut, q.q.sackedOut, q.q.lostOut, q.q.retransOut}, []uint32{c.q.packetsOut, c.q.sackedOut, c.q.lostOut, c.q.retransOut})
}

func TestNewlySACKedDataJoinTheirNeighbourAsInTheKernel(t *testing.T) {
	seen, fins, joined := map[shiftResult]int{}, 0, 0
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawSent(r, c, 4, uint32(1+r.IntN(3)), 3)
		if r.IntN(4) > 0 {
			drawFIN(c)
		}
		for i := range c.q.head {
			b := c.q.at(i)
			b.true, b.eor = 900, r.IntN(8) == 0
			c.snd.queued += b.true
		}
		i := r.IntN(c.q.head)
		c.q.at(i).delivAt = Time(r.IntN(2))
		f := *c.q.at(i)
		var prev *buffer
		if i > 0 {
			prev = c.q.at(i - 1)
			prev.delivAt = Time(r.IntN(2))
		}
		c.snd.una = near(r, f.seq, 4)
		block, dup := Range{near(r, f.seq, 2), near(r, f.end, 2)}, toss(r)
		if !block.Start.Less(block.End) || f.seq.GreaterEq(block.End) { // tagRange does not get there
			return
		}
		if c.q.hasHint = toss(r); c.q.hasHint {
			c.q.hint = f.seq
		}
		want, n := shiftOf(c, prev, &f, at(c, block.Start), at(c, block.End), dup)
		before, run := c.Clone(), ackRun{}
		require.Equal(t, want, c.shift(i, block, dup, &run), "%+v, %+v, %v", prev, f, block)
		seen[want]++
		if n == 0 {
			require.True(t, before.Equal(c))
			return
		}
		old := *before.q.at(i - 1)
		p := c.q.at(i - 1)
		recount(t, c)
		tags := old.tags | f.tags&tagEverRetrans
		require.Equal(t, f.delivAt, run.rate.priorAt)
		require.Equal(t, maxSeq(before.q.sackHigh, p.end), c.q.sackHigh)
		if want == shiftedPart {
			rest := c.q.at(i)
			require.Equal(t, []Seq{old.end.Add(uint32(n)), f.seq.Add(uint32(n)), f.end}, []Seq{p.end, rest.seq, rest.end})
			require.Equal(t, []int32{900 + int32(n), 900 - int32(n), before.snd.queued}, []int32{p.true, rest.true, c.snd.queued})
			require.Equal(t, f.pcount+old.pcount, p.pcount+rest.pcount)
			require.Equal(t, rest.pcount > 1, rest.mss != 0)
			require.Equal(t, tags, p.tags)
			require.True(t, !c.q.hasHint || c.q.hint == rest.seq)
			return
		}
		require.True(t, !c.q.hasHint || c.q.hint == p.seq)
		require.Equal(t, never, p.delivAt)
		gone, end, segs := 1, f.end, old.pcount+f.pcount
		if f.flags.Has(FIN) && block.End.Less(f.end) {
			fins++ // though no block names it
		}
		if i+1 < before.q.head && !f.eor {
			if next := before.q.at(i + 1); next.tags&(tagSacked|tagRetrans|tagLost) == tagSacked && next.segLen() == f.segLen() {
				gone, end, segs, tags = 2, next.end, segs+next.pcount, tags|next.tags&tagEverRetrans
				joined++
			}
		}
		require.Equal(t, before.q.head-gone, c.q.head)
		require.Equal(t, before.q.list.Len()-gone, c.q.list.Len())
		require.Equal(t, end, p.end)
		require.Equal(t, segs, p.pcount)
		require.Equal(t, tags, p.tags)
		require.Equal(t, before.snd.queued-900*int32(gone)+int32(p.len()-old.len()), c.snd.queued)
	})
	require.Positive(t, min(seen[notShifted], seen[notCovered], seen[shiftedPart], seen[shiftedAll], fins, joined))
}

// TestABufferGrowsAsFarAsOffloadCanSend is tcp_skb_shift.
func TestABufferGrowsAsFarAsOffloadCanSend(t *testing.T) {
	b := buffer{end: 1000, pcount: 2}
	require.True(t, b.hasRoom(65535*8-1001, 65533))
	require.False(t, b.hasRoom(65535*8-1000, 65533))
	require.False(t, b.hasRoom(1000, 65534))
}
