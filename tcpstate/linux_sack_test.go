package tcpstate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The scoreboard's arithmetic, written once more as the kernel's C has it: see
// linux_window_test.go. Sequence numbers are drawn close to each other, so that
// edges often touch.

// near draws a sequence number up to n octets before or behind s.
func near(r *rand.Rand, s Seq, n int64) Seq { return s.Add(uint32(r.Int64N(2*n + 1))).Sub(uint32(n)) }

// at is how far s lies from SND.UNA, as a plain number.
func at(c *Conn, s Seq) int64 { return int64(int32(s - c.snd.una)) }

// drawSent puts up to n sent buffers of up to segs segments of mss octets on
// the queue, with every mix of tags that there can be, and counts them.
func drawSent(r *rand.Rand, c *Conn, n int, mss uint32, segs int) {
	tags := []uint8{0, 0, tagSacked | tagUnwatched, tagLost, tagRetrans | tagEverRetrans, tagLost | tagRetrans | tagEverRetrans, tagEverRetrans,
		tagSacked | tagUnwatched | tagEverRetrans, tagSacked | tagUnwatched | tagRetrans | tagEverRetrans, tagLost | tagUnwatched, tagLost | tagEverRetrans}
	c.snd.mssCache = mss
	seq := c.snd.una
	for range r.IntN(n) + 1 {
		b := buffer{seq: seq, pcount: uint16(1 + r.IntN(segs)), tags: tags[r.IntN(len(tags))]}
		b.end = seq.Add((uint32(b.pcount)-1)*mss + uint32(1+r.IntN(int(mss))))
		if b.pcount > 1 {
			b.mss = uint16(mss)
		}
		b.sent = c.now - Time(upTo(r, 40))
		seq = b.end
		c.q.list.PushBack(b)
		c.q.head++
		c.count(&b, 1)
		if b.tags&tagSacked != 0 {
			c.q.sackHigh = b.end
		}
	}
	c.snd.nxt, c.snd.write = seq, seq
}

// count puts b on the queue's counters, or with -1 takes it off.
func (c *Conn) count(b *buffer, sign int) {
	n := uint32(sign * int(b.pcount))
	c.q.packetsOut += n
	for tag, counter := range map[uint8]*uint32{tagSacked: &c.q.sackedOut, tagLost: &c.q.lostOut, tagRetrans: &c.q.retransOut} {
		if b.tags&tag != 0 {
			*counter += n
		}
	}
}

// drawUndo draws whether a reduction may be undone, and what that waits for.
func drawUndo(r *rand.Rand, c *Conn) {
	c.ca.undoOn, c.ca.undoRetrans = toss(r), int32(r.IntN(6))-1
	c.ca.undoMarker = near(r, c.snd.una, 12)
}

// validBlock is tcp_is_sackblock_valid.
func validBlock(c *Conn, b Range, dup bool) bool {
	start, end, nxt, marker := at(c, b.Start), at(c, b.End), at(c, c.snd.nxt), at(c, c.ca.undoMarker)
	switch {
	case end > nxt, start >= end, start >= nxt:
		return false
	case start > 0:
		return true
	case !dup || !c.ca.undoOn, end > 0:
		return false
	case start >= marker:
		return true
	}
	return end > marker && start >= end-int64(c.snd.maxWnd)
}

func TestSACKBlocksThatCount(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.snd.nxt = c.snd.una.Add(uint32(r.IntN(12)))
		c.snd.maxWnd = uint32(r.IntN(15))
		drawUndo(r, c)
		s := Segment{}
		s.Opts.NSACK = uint8(r.IntN(MaxSACK + 1))
		for i := range s.Opts.SACK {
			s.Opts.SACK[i] = Range{near(r, c.snd.una.Add(3), 12), near(r, c.snd.una.Add(5), 12)}
			for _, dup := range []bool{false, true} {
				b := s.Opts.SACK[i]
				require.Equal(t, validBlock(c, b, dup), c.blockValid(b, dup), "%v of %v to %v, %v", b, c.snd.una, c.snd.nxt, c.ca.undoMarker)
			}
		}
		// tcp_sacktag_write_queue: the valid ones beyond the former SND.UNA, lowest first.
		prior, dup := near(r, c.snd.una, 5), toss(r)
		type block struct {
			Range
			dup bool
		}
		var want []block
		for i, b := range s.Opts.SACK[:s.Opts.NSACK] {
			if first := dup && i == 0; validBlock(c, b, first) && b.End.Greater(prior) {
				want = append(want, block{b, first})
			}
		}
		slices.SortStableFunc(want, func(a, b block) int { return int(int32(a.Start - b.Start)) })
		var got [MaxSACK]Range
		n, dupAt := c.usableBlocks(&s, dup, prior, &got)
		require.Len(t, want, n)
		for i, b := range want {
			require.Equal(t, b, block{got[i], i == dupAt}, "%+v", s.Opts)
		}
	})
}

func TestDSACKIsRecognisedAndCounted(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.snd.mssCache, c.snd.maxWnd = uint32(1+r.IntN(4)), uint32(r.IntN(14))
		drawUndo(r, c)
		c.ca.tlpOn, c.ca.tlpHigh = toss(r), near(r, c.snd.una, 6)
		c.stat.dsackDups, c.stat.totalRetrans, c.stat.reordSeen = uint32(r.IntN(5)), uint32(r.IntN(9)), uint32(r.IntN(2))
		s := Segment{Ack: near(r, c.snd.una, 3)}
		s.Opts.NSACK = uint8(1 + r.IntN(3))
		for i := range s.Opts.SACK {
			s.Opts.SACK[i] = Range{near(r, c.snd.una, 6), near(r, c.snd.una.Add(3), 6)}
		}
		prior := near(r, c.snd.una, 5)
		b, o := s.Opts.SACK[0], s.Opts.SACK[1]

		// tcp_check_dsack, tcp_dsack_seen
		want := *c
		var k, wantRun sackRun
		n, found := int64(at(c, b.End)-at(c, b.Start)), false
		within := s.Opts.NSACK > 1 && at(c, b.End) <= at(c, o.End) && at(c, b.Start) >= at(c, o.Start)
		if (at(c, b.Start) < at(c, s.Ack) || within) && n > 0 && n <= int64(c.snd.maxWnd) {
			dups := uint32(1)
			if mss := int64(c.snd.mssCache); n > mss {
				dups = uint32(up(n, mss) / mss)
			} else if c.ca.tlpOn && c.ca.tlpHigh == b.End {
				wantRun.flag |= flagDSACKTLP
			}
			want.stat.dsackDups += dups
			if found = want.stat.dsackDups <= c.stat.totalRetrans; found {
				want.opt.dsackSeen = true
				want.rack.dsackSeen = c.stat.reordSeen > 0 && wantRun.flag == 0
				wantRun.flag |= flagDSACKing
				wantRun.delivered = dups
				if c.ca.undoOn && c.ca.undoRetrans > 0 && at(c, b.End) <= at(c, prior) && at(c, b.End) > at(c, c.ca.undoMarker) {
					want.ca.undoRetrans = max(0, c.ca.undoRetrans-int32(dups))
				}
			}
		}
		require.Equal(t, found, c.checkDSACK(&s, prior, &k), "%+v", s)
		require.True(t, want.Equal(c), "%+v", s)
		require.Equal(t, wantRun, k)
	})
}

// matches is tcp_match_skb_to_sack: whether the buffer from start to end lies
// within the block, after how many octets it is cut first (0: not), and whether
// there was an error.
func matches(b *buffer, start, end int64) (in bool, cut int64, failed bool) {
	from, size, mss := int64(0), int64(b.len()), int64(b.mss)
	to := size // TCP_SKB_CB(skb)->end_seq counts the FIN, skb->len does not
	if b.flags.Has(FIN) {
		to++
	}
	in = start <= from && end >= to
	if b.pcount <= 1 || in || to <= start {
		return in, 0, false
	}
	if in = start <= from; in {
		if cut = end; cut < mss {
			return false, 0, true
		}
	} else {
		cut = max(start, mss)
	}
	if cut > mss {
		if in {
			cut = down(cut, mss)
		} else {
			cut = up(cut, mss)
		}
	}
	if cut >= size && !in {
		return false, 0, false
	}
	return in, cut, false
}

func TestABufferIsCutWhereABlockEnds(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawSent(r, c, 1, uint32(1+r.IntN(5)), 3)
		c.opt.sack = true
		if toss(r) {
			drawFIN(c)
		}
		b := *c.q.at(0)
		block := Range{near(r, b.seq, 6), near(r, b.end, 9)}
		if !block.Start.Less(block.End) || b.seq.GreaterEq(block.End) { // tagRange does not get there
			return
		}
		in, cut, failed := matches(&b, at(c, block.Start), at(c, block.End))
		gotIn, ok := c.matchSACK(0, block)
		require.Equal(t, failed, !ok, "%+v, %v", b, block)
		require.Equal(t, in, gotIn, "%+v, %v", b, block)
		if cut == 0 {
			require.Equal(t, 1, c.q.list.Len())
			require.Equal(t, b, *c.q.at(0))
			return
		}
		require.Equal(t, []int{2, 2}, []int{c.q.list.Len(), c.q.head})
		require.Equal(t, []Seq{b.seq, b.seq.Add(uint32(cut)), b.seq.Add(uint32(cut)), b.end},
			[]Seq{c.q.at(0).seq, c.q.at(0).end, c.q.at(1).seq, c.q.at(1).end})
	})
}

func TestASACKedBufferMovesTheCountersAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.now = Time(1000)
		drawSent(r, c, 4, 3, 3)
		drawUndo(r, c)
		c.ca.highSeq = near(r, c.snd.una.Add(6), 8)
		c.snd.una = c.snd.una.Add(uint32(r.IntN(2)) * c.q.at(0).len()) // the first is acknowledged but still there
		i, dup := r.IntN(c.q.head), toss(r)
		k := sackRun{reord: near(r, c.snd.una.Add(4), 8), delivered: 5, last: 3, flag: flagDSACKing}
		if toss(r) {
			k.first = 3
		}
		b := *c.q.at(i)

		// tcp_sacktag_one
		q, want, run, n, tags := c.q, b.tags, k, uint32(b.pcount), b.tags
		high := at(c, c.highestSACK())
		undo := c.ca.undoRetrans
		if dup && tags&(tagRetrans|tagEverRetrans) != 0 {
			if c.ca.undoOn && undo > 0 && at(c, b.end) > at(c, c.ca.undoMarker) {
				undo = max(0, undo-int32(n))
			}
			if tags&tagSacked != 0 && at(c, b.seq) < at(c, run.reord) {
				run.reord = b.seq
			}
		}
		advance := false
		if at(c, b.end) > 0 {
			if tags&tagSacked == 0 {
				advance = true
				if tags&tagRetrans == 0 && tags&tagEverRetrans == 0 {
					if at(c, b.seq) < high && at(c, b.seq) < at(c, run.reord) {
						run.reord = b.seq
					}
					if at(c, b.end) <= at(c, c.ca.highSeq) {
						run.flag |= flagOrigSackAcked
					}
					if run.first == never {
						run.first = b.sent
					}
					run.last = b.sent
				}
				if tags&tagLost != 0 {
					want &^= tagLost
					q.lostOut -= n
					if tags&tagRetrans != 0 {
						want &^= tagRetrans
						q.retransOut -= n
					}
				}
				want |= tagSacked | tagUnwatched
				run.flag |= flagDataSacked
				run.delivered += n
				q.sackedOut += n
			}
			if dup && want&tagRetrans != 0 {
				want &^= tagRetrans
				q.retransOut -= n
			}
		}
		c.rtt.minima[0].us = 0 // nothing is too soon: tcp_rack_advance has a test of its own
		c.tagOne(c.q.at(i), dup, &k)
		require.Equal(t, want, c.q.at(i).tags, "%+v", b)
		require.Equal(t, run, k, "%+v", b)
		require.Equal(t, undo, c.ca.undoRetrans)
		require.Equal(t, advance, c.rack.advanced)
		require.Equal(t, []uint32{q.packetsOut, q.sackedOut, q.lostOut, q.retransOut}, []uint32{c.q.packetsOut, c.q.sackedOut, c.q.lostOut, c.q.retransOut})
	})
}

func TestReorderingIsLearnedAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.MaxReordering = uint32(1 + r.IntN(6))
		c.snd.mssCache, c.q.sackedOut, c.q.sackHigh = uint32(1+r.IntN(4)), uint32(r.IntN(2)), c.snd.una.Add(uint32(r.IntN(20)))
		c.ca.reordering, c.opt.sack = uint32(1+r.IntN(5)), r.IntN(4) > 0
		low := near(r, c.snd.una.Add(6), 8)

		// tcp_check_sack_reordering
		high, reordering, mss := int64(0), int64(c.ca.reordering), int64(c.snd.mssCache)
		switch {
		case c.q.sackedOut == 0:
		case c.opt.sack:
			high = at(c, c.q.sackHigh)
		case c.q.oldest() != nil: // tcp_event_new_data_sent, tcp_clean_rtx_queue
			high = at(c, c.q.oldest().seq)
		default:
			high = at(c, c.snd.nxt)
		}
		seen := at(c, low) < high
		if dist := high - at(c, low); seen && dist > reordering*mss {
			reordering = min(up(dist, mss)/mss, int64(cfg.MaxReordering))
		}
		c.checkReordering(low)
		require.EqualValues(t, reordering, c.ca.reordering)
		require.Equal(t, seen, c.stat.reordSeen == 1)
	})
}

func TestDuplicateACKsAreCountedAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := *c.cfg
		c.cfg = &cfg
		cfg.MaxReordering = uint32(1 + r.IntN(8))
		c.q.packetsOut = uint32(r.IntN(8))
		c.q.lostOut, c.q.sackedOut = uint32(r.IntN(int(c.q.packetsOut)+1)), uint32(r.IntN(10))
		c.ca.reordering = 3
		sacked, out := int64(c.q.sackedOut), int64(c.q.packetsOut)
		delivered, reordering, seen := int64(0), int64(3), false
		limit := func(add int64) { // tcp_check_reno_reordering
			if holes := min(max(int64(c.q.lostOut), 1), out); sacked+holes > out {
				sacked, seen = out-holes, true
				reordering = min(out+add, int64(cfg.MaxReordering))
			}
		}
		n := uint32(r.IntN(4))
		if toss(r) { // tcp_add_reno_sack
			if n > 0 {
				prior := sacked
				sacked += int64(n)
				limit(0)
				delivered = max(sacked-prior, 0)
			}
			c.addRenoSACK(n, true)
		} else { // tcp_remove_reno_sacks
			if acked := int64(n); acked > 0 {
				delivered = max(acked-sacked, 1) // one filled the hole, the rest eat duplicate ACKs
				sacked = max(sacked-(acked-1), 0)
			}
			limit(int64(n))
			c.removeRenoSACKs(n, true)
		}
		require.EqualValues(t, []int64{sacked, delivered, delivered, reordering},
			[]int64{int64(c.q.sackedOut), int64(c.stat.delivered), int64(c.stat.deliveredCE), int64(c.ca.reordering)})
		require.Equal(t, seen, c.stat.reordSeen == 1)
	})
}

// TestReorderingInLossCountsWhileItMayBeUndone: what arrives late after a time-out
// may be the originals; once nothing is left to undo that says nothing
// (tcp_sacktag_write_queue, before its end).
func TestReorderingInLossCountsWhileItMayBeUndone(t *testing.T) {
	for _, state := range []caState{caOpen, caDisorder, caCWR, caRecovery, caLoss} {
		for _, undo := range []bool{false, true} {
			w := established(t, plainOpts)
			w.call(Send, 4000)
			w.pass(100 * Millisecond)
			w.arrive(sacking(ackOf(0), 3000, 4000))
			w.c.ca.state, w.c.ca.undoOn = state, undo
			var r ackRun
			r.priorUna = w.c.snd.una
			s := sacking(ackOf(0), 1000, 2000)
			w.c.tagSACKs(&s, &r)
			require.Equal(t, state != caLoss || undo, w.c.stat.reordSeen == 1, "state %d, undo %v", state, undo)
		}
	}
}
