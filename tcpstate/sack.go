package tcpstate

// sackRun is what one ACK's SACK blocks showed (tcp_sacktag_state).
type sackRun struct {
	first, last Time // transmissions of the first and last newly SACKed buffer
	reord       Seq  // lowest SACKed below the highest: reordering
	delivered   uint32
	flag        ackFlag
}

// highestSACK is the end of the highest SACKed octet, SND.UNA when there is
// none. Without SACK, where duplicate ACKs count as such, it is where the oldest
// buffer begins (tcp_highest_sack_seq).
func (c *Conn) highestSACK() Seq {
	switch {
	case c.q.sackedOut == 0:
		return c.snd.una
	case c.opt.sack:
		return c.q.sackHigh
	}
	if b := c.q.oldest(); b != nil {
		return b.seq
	}
	return c.snd.nxt
}

// tagSACKs marks what the peer has out of order (tcp_sacktag_write_queue,
// RFC 2018 section 5). D-SACKs come first (RFC 2883).
func (c *Conn) tagSACKs(s *Segment, r *ackRun) ackFlag {
	k := &r.sack
	k.flag, k.reord = 0, c.snd.nxt
	if c.q.sackedOut == 0 {
		c.q.sackHigh = c.snd.una
	}
	dup := c.checkDSACK(s, r.priorUna, k)
	if s.Ack.Less(r.priorUna.Sub(c.snd.maxWnd)) {
		return 0
	}
	if c.q.packetsOut == 0 {
		return k.flag
	}
	var blocks [MaxSACK]Range
	n, dupAt := c.usableBlocks(s, dup, r.priorUna, &blocks)
	c.tagBlocks(blocks[:n], dupAt, r)
	if c.ca.state != caLoss || c.ca.undoOn {
		c.checkReordering(k.reord)
	}
	return k.flag
}

// usableBlocks picks the valid blocks, lowest first, and says which one is
// the D-SACK (-1: none).
func (c *Conn) usableBlocks(s *Segment, dup bool, priorUna Seq, out *[MaxSACK]Range) (n, dupAt int) {
	dupAt = -1
	for i := range int(min(s.Opts.NSACK, MaxSACK)) {
		b := s.Opts.SACK[i]
		isDup := dup && i == 0
		if !c.blockValid(b, isDup) || b.End.LessEq(priorUna) {
			continue
		}
		j := n
		for j > 0 && out[j-1].Start.Greater(b.Start) {
			out[j] = out[j-1]
			if dupAt == j-1 {
				dupAt = j
			}
			j--
		}
		out[j] = b
		if isDup {
			dupAt = j
		}
		n++
	}
	return n, dupAt
}

// blockValid is tcp_is_sackblock_valid: within what is in flight, or for a
// D-SACK down to where undoing still cares.
func (c *Conn) blockValid(b Range, dup bool) bool {
	if b.End.Greater(c.snd.nxt) || !b.Start.Less(b.End) || !b.Start.Less(c.snd.nxt) {
		return false
	}
	if b.Start.Greater(c.snd.una) {
		return true
	}
	if !dup || !c.ca.undoOn || b.End.Greater(c.snd.una) {
		return false
	}
	if b.Start.GreaterEq(c.ca.undoMarker) {
		return true
	}
	return b.End.Greater(c.ca.undoMarker) && b.Start.GreaterEq(b.End.Sub(c.snd.maxWnd))
}

// checkDSACK recognises a D-SACK: the first block lies below the ACK, or
// within the second (tcp_check_dsack).
func (c *Conn) checkDSACK(s *Segment, priorUna Seq, k *sackRun) bool {
	b := s.Opts.SACK[0]
	if !b.Start.Less(s.Ack) {
		if s.Opts.NSACK < 2 {
			return false
		}
		if o := s.Opts.SACK[1]; b.End.Greater(o.End) || b.Start.Less(o.Start) {
			return false
		}
	}
	dups := c.dsackSeen(b, k)
	if dups == 0 {
		return false
	}
	if c.ca.undoOn && c.ca.undoRetrans > 0 && b.End.LessEq(priorUna) && b.End.Greater(c.ca.undoMarker) {
		c.ca.undoRetrans = max(0, c.ca.undoRetrans-int32(dups))
	}
	return true
}

// dsackSeen counts the retransmissions that were needless (tcp_dsack_seen).
func (c *Conn) dsackSeen(b Range, k *sackRun) uint32 {
	if !b.Start.Less(b.End) || b.Len() > c.snd.maxWnd {
		return 0
	}
	dups := uint32(1)
	if b.Len() > c.snd.mssCache {
		dups = (b.Len() + c.snd.mssCache - 1) / c.snd.mssCache
	} else if c.ca.tlpOn && c.ca.tlpHigh == b.End {
		k.flag |= flagDSACKTLP
	}
	c.stat.dsackDups += dups
	if c.stat.dsackDups > c.stat.totalRetrans {
		return 0 // we never retransmitted that much: not our doing
	}
	c.opt.dsackSeen = true
	if c.stat.reordSeen > 0 && k.flag&flagDSACKTLP == 0 {
		c.rack.dsackSeen = true
	}
	k.flag |= flagDSACKing
	k.delivered += dups
	return dups
}

// matchSACK reports whether buffer i lies within b, cutting it so that it does
// where its segments allow (tcp_match_skb_to_sack). A block that ends just before
// the FIN cuts behind all data: the FIN alone stays out. Not ok: b ends within
// its first segment, or the buffer is not to be cut.
func (c *Conn) matchSACK(i int, b Range) (in, ok bool) {
	f := c.q.at(i)
	in = b.Start.LessEq(f.seq) && b.End.GreaterEq(f.end)
	if in || f.pcount <= 1 || !f.end.Greater(b.Start) {
		return in, true
	}
	mss := uint32(f.mss)
	in = b.Start.LessEq(f.seq)
	var n uint32
	if !in {
		n = max(b.Start.Since(f.seq), mss)
	} else if n = b.End.Since(f.seq); n < mss {
		return false, false
	}
	if n > mss {
		cut := n / mss * mss
		if !in && cut < n {
			cut += mss
		}
		n = cut
	}
	if n >= f.len() && !in {
		return false, true
	}
	if !c.mayCutSent(i) {
		return false, false
	}
	c.split(i, n, mss)
	return in, true
}

// tagOne marks one buffer as SACKed and mends the counters (tcp_sacktag_one).
func (c *Conn) tagOne(f *buffer, dup bool, k *sackRun) {
	n := uint32(f.pcount)
	if dup && f.tags&(tagRetrans|tagEverRetrans) != 0 {
		if c.ca.undoOn && c.ca.undoRetrans > 0 && f.end.Greater(c.ca.undoMarker) {
			c.ca.undoRetrans = max(0, c.ca.undoRetrans-int32(n))
		}
		if f.tags&tagSacked != 0 {
			k.reord = minSeq(k.reord, f.seq)
		}
	}
	if f.end.LessEq(c.snd.una) {
		return
	}
	if f.tags&tagSacked == 0 {
		c.tagFresh(f, n, k)
	}
	if dup && f.tags&tagRetrans != 0 {
		f.tags &^= tagRetrans
		c.q.retransOut -= n
	}
}

// tagFresh marks a buffer that was not SACKed before.
func (c *Conn) tagFresh(f *buffer, n uint32, k *sackRun) {
	c.rackAdvance(f)
	if f.tags&tagRetrans != 0 {
		if f.tags&tagLost != 0 {
			f.tags &^= tagLost | tagRetrans
			c.q.lostOut -= n
			c.q.retransOut -= n
		}
	} else {
		if f.tags&tagEverRetrans == 0 {
			if f.seq.Less(c.highestSACK()) {
				k.reord = minSeq(k.reord, f.seq)
			}
			if f.end.LessEq(c.ca.highSeq) {
				k.flag |= flagOrigSackAcked
			}
			if k.first == never {
				k.first = f.sent
			}
			k.last = f.sent
		}
		if f.tags&tagLost != 0 {
			f.tags &^= tagLost
			c.q.lostOut -= n
		}
	}
	f.tags |= tagSacked | tagUnwatched
	k.flag |= flagDataSacked
	c.q.sackedOut += n
	k.delivered += n
}

// checkReordering notes that data was delivered below the highest SACKed
// without ever being retransmitted (tcp_check_sack_reordering).
func (c *Conn) checkReordering(low Seq) {
	high, mss := c.highestSACK(), c.snd.mssCache
	if !low.Less(high) {
		return
	}
	if dist := high.Since(low); dist > c.ca.reordering*mss {
		c.ca.reordering = min((dist+mss-1)/mss, c.cfg.MaxReordering)
	}
	c.stat.reordSeen++
}

// limitRenoSACKed keeps the duplicate-ACK count plausible (tcp_limit_reno_sacked).
func (c *Conn) limitRenoSACKed() bool {
	holes := min(max(c.q.lostOut, 1), c.q.packetsOut)
	if c.q.sackedOut+holes > c.q.packetsOut {
		c.q.sackedOut = c.q.packetsOut - holes
		return true
	}
	return false
}

func (c *Conn) checkRenoReordering(add uint32) {
	if c.limitRenoSACKed() {
		c.ca.reordering = min(c.q.packetsOut+add, c.cfg.MaxReordering)
		c.stat.reordSeen++
	}
}

// addRenoSACK counts a duplicate ACK as if it SACKed one packet (tcp_add_reno_sack).
func (c *Conn) addRenoSACK(n uint32, ece bool) {
	if n == 0 {
		return
	}
	prior := c.q.sackedOut
	c.q.sackedOut += n
	c.checkRenoReordering(0)
	if d := int32(c.q.sackedOut - prior); d > 0 {
		c.deliveredMore(uint32(d), ece)
	}
}

// removeRenoSACKs takes acknowledged packets off that count (tcp_remove_reno_sacks).
func (c *Conn) removeRenoSACKs(acked uint32, ece bool) {
	if acked > 0 {
		c.deliveredMore(uint32(max(int64(acked)-int64(c.q.sackedOut), 1)), ece)
		if acked-1 >= c.q.sackedOut {
			c.q.sackedOut = 0
		} else {
			c.q.sackedOut -= acked - 1
		}
	}
	c.checkRenoReordering(acked)
}
