package tcpstate

// shiftResult is what became of a buffer that a SACK block may cover.
type shiftResult uint8

const (
	notShifted  shiftResult = iota // matchSACK decides (fallback)
	notCovered                     // nothing of it that counts lies within the block (noop)
	shiftedPart                    // its front is the neighbour's now
	shiftedAll                     // the neighbour is all that there is
)

// skbMost is how long a buffer may get, and how many segments it may have
// (tcp_skb_shift: GSO counts segments in 16 bits, each of 8 octets at least).
const skbSegsMost, skbMost = 65535, 65535 * 8

// shift moves what b covers of buffer i into its SACKed neighbour, to keep the
// queue short (tcp_shift_skb_data). It shows: where one buffer is,
// later blocks cut anew, and what was ever retransmitted spreads over all of it.
func (c *Conn) shift(i int, b Range, dup bool, r *ackRun) shiftResult {
	f := c.q.at(i)
	if !dup && f.tags&(tagLost|tagRetrans) == tagRetrans || // its retransmission is believed to be on its way
		f.end.LessEq(c.snd.una) || i == 0 {
		return notShifted // a FIN alone, too, has no segment size to share: see below
	}
	p := c.q.at(i - 1)
	if !p.plainSACKed() || p.eor {
		return notShifted
	}
	n, segs, mss := f.len(), uint32(f.pcount), f.segLen()
	if b.Start.Greater(f.seq) || b.End.Less(f.end) {
		switch {
		case f.end.LessEq(b.Start) || segs <= 1:
			return notCovered
		case b.Start.Greater(f.seq) || mss != p.segLen():
			return notShifted
		case b.End.Since(f.seq) < mss:
			return notCovered
		}
		segs = b.End.Since(f.seq) / mss
		n = segs * mss
	}
	if mss != p.segLen() || f.seq.Add(n).LessEq(c.snd.una) || !p.hasRoom(n, segs) {
		return notShifted
	}
	if !c.shiftInto(i, n, segs, mss, dup, r) {
		return shiftedPart
	}
	if i >= c.q.head {
		return shiftedAll
	}
	// The hole is filled: what was SACKed behind it joins, too.
	p, f = c.q.at(i-1), c.q.at(i)
	if f.plainSACKed() && mss == f.segLen() && !p.eor && p.hasRoom(f.len(), uint32(f.pcount)) {
		c.shiftInto(i, f.len(), uint32(f.pcount), mss, false, r)
	}
	return shiftedAll
}

// plainSACKed says that the peer has it and that nothing of it is lost or on its
// way again (TCPCB_TAGBITS).
func (b *buffer) plainSACKed() bool {
	return b.tags&(tagSacked|tagLost|tagRetrans) == tagSacked
}

// hasRoom is the condition of tcp_skb_shift.
func (b *buffer) hasRoom(n, segs uint32) bool {
	return b.len()+n < skbMost && uint32(b.pcount)+segs <= skbSegsMost
}

// shiftInto marks the first n octets of buffer i as SACKed and moves them to the
// one before. It reports whether nothing was left: then the FIN goes along, though
// no block names it (tcp_shifted_skb).
func (c *Conn) shiftInto(i int, n, segs, mss uint32, dup bool, r *ackRun) bool {
	p, f := c.q.at(i-1), c.q.at(i)
	part := *f
	part.end, part.pcount = f.seq.Add(n), uint16(segs)
	c.tagOne(&part, dup, &r.sack)
	c.rateDelivered(f, &r.rate)
	was := f.seq
	p.end, f.seq = p.end.Add(n), f.seq.Add(n)
	p.true, f.true = p.true+int32(n), f.true-int32(n)
	p.pcount, f.pcount = p.pcount+uint16(segs), f.pcount-uint16(segs)
	if p.mss == 0 {
		p.mss = uint16(mss)
	}
	if f.pcount <= 1 {
		f.mss = 0
	}
	p.tags |= f.tags & tagEverRetrans
	hinted := c.q.hasHint && c.q.hint == was
	if f.len() > 0 {
		if hinted {
			c.q.hint = f.seq
		}
		c.q.sackHigh = maxSeq(c.q.sackHigh, p.end)
		return false
	}
	if hinted {
		c.q.hint = p.seq
	}
	p.flags |= f.flags
	p.eor, p.end = f.eor, f.end
	p.delivAt = never
	c.q.sackHigh = maxSeq(c.q.sackHigh, p.end)
	c.uncharge(&c.snd.queued, f.true)
	c.q.list.Remove(i)
	c.q.head--
	return true
}
