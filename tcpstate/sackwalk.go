package tcpstate

// tagBlocks marks what the blocks cover, lowest first (tcp_sacktag_write_queue,
// its second half). Linux saves work in two ways that show when blocks overlap or
// end within a segment: it never turns back, and it skips what the ACK before
// covered (recv_sack_cache).
func (c *Conn) tagBlocks(blocks []Range, dupAt int, r *ackRun) {
	known := c.q.sackSeen[:c.q.sackSeenN]
	if c.q.sackedOut == 0 {
		known = nil
	}
	at := -1
	for i := 0; i < len(blocks); {
		b, dup := blocks[i], i == dupAt
		var next *Range // the D-SACK, where it comes next
		if i+1 == dupAt {
			next = &blocks[dupAt]
		}
		for len(known) > 0 && b.Start.GreaterEq(known[0].End) {
			known = known[1:]
		}
		if len(known) > 0 && !dup && b.End.Greater(known[0].Start) {
			k := known[0]
			if b.Start.Less(k.Start) {
				at = c.tagRange(c.sackFrom(at, b.Start), Range{b.Start, k.Start}, next, false, r)
			}
			if b.End.LessEq(k.End) {
				i++
				continue
			}
			var last bool
			if at, last = c.passKnown(at, k.End, next, r); at < 0 {
				break
			}
			known = known[1:]
			if last { // beyond all that is known: to the block's end at once
				at = c.tagRange(at, b, next, dup, r)
				i++
			}
			continue
		}
		if b.Start.GreaterEq(c.highestSACK()) {
			if at = c.q.find(c.q.sackHigh); at == c.q.head {
				break
			}
		}
		at = c.tagRange(c.sackFrom(at, b.Start), b, next, dup, r)
		i++
	}
	c.q.sackSeen = [MaxSACK]Range{}
	c.q.sackSeenN = uint8(copy(c.q.sackSeen[:], blocks))
}

// passKnown goes on behind what is known up to end; -1 where nothing is left. It
// reports whether nothing behind that is SACKed. A D-SACK on the way gets its due
// (tcp_maybe_skipping_dsack).
func (c *Conn) passKnown(at int, end Seq, next *Range, r *ackRun) (int, bool) {
	if next != nil && next.Start.Less(end) {
		at = c.tagRange(c.sackFrom(at, next.Start), *next, nil, true, r)
	}
	if c.highestSACK() != end {
		return c.sackFrom(at, end), false
	}
	if at = c.q.find(end); at == c.q.head {
		return -1, true
	}
	return at, true
}

// sackFrom is where a walk that stands at a buffer goes on for seq: forward only, and
// nowhere for what lies below all that is there (tcp_sacktag_skip, tcp_sacktag_bsearch).
func (c *Conn) sackFrom(at int, seq Seq) int {
	switch {
	case at >= 0 && at < c.q.head && c.q.at(at).seq.Greater(seq):
		return at
	case c.q.head > 0 && seq.Less(c.q.at(0).seq):
		return c.q.head
	}
	return c.q.find(seq)
}

// tagRange marks the buffers from at on that lie within b, cutting offloaded ones
// at MSS boundaries, and returns where it stopped (tcp_sacktag_walk). What lies
// within next as well is a D-SACK.
func (c *Conn) tagRange(at int, b Range, next *Range, dup bool, r *ackRun) int {
	for ; at < c.q.head && c.q.at(at).seq.Less(b.End); at++ {
		in, isDup := false, dup
		if next != nil && c.q.at(at).seq.Less(next.End) {
			in, _ = c.matchSACK(at, *next)
			isDup = isDup || in
		}
		if !in {
			switch c.shift(at, b, isDup, r) {
			case notCovered:
				continue
			case shiftedPart, shiftedAll:
				at-- // the neighbour is done: on with what follows it
				continue
			}
			var ok bool
			if in, ok = c.matchSACK(at, b); !ok {
				return at
			}
		}
		if !in {
			continue
		}
		f := c.q.at(at)
		c.tagOne(f, isDup, &r.sack)
		c.rateDelivered(f, &r.rate)
		if f.tags&tagSacked != 0 {
			c.q.sackHigh = maxSeq(c.q.sackHigh, f.end)
		}
	}
	return at
}
