package tcpstate

// setDSACK notes a duplicate to report (tcp_dsack_set; RFC 2883).
func (c *Conn) setDSACK(start, end Seq) {
	if c.opt.sack && c.cfg.DSACK {
		c.rcv.dsack = true
		c.rcv.dup = Range{start, end}
	}
}

func (c *Conn) extendDSACK(start, end Seq) {
	if !c.rcv.dsack {
		c.setDSACK(start, end)
		return
	}
	c.rcv.dup.extend(start, end)
}

// extend widens r by [start, end) if they touch, and reports whether they do
// (tcp_sack_extend).
func (r *Range) extend(start, end Seq) bool {
	if start.Greater(r.End) || r.Start.Greater(end) {
		return false
	}
	r.Start, r.End = minSeq(r.Start, start), maxSeq(r.End, end)
	return true
}

// newSACK puts the newest block first (tcp_sack_new_ofo_skb; RFC 2018 section 4).
func (c *Conn) newSACK(start, end Seq) {
	if !c.opt.sack {
		return
	}
	r := &c.rcv
	for i := uint8(0); i < r.nsacks; i++ {
		if !r.sacks[i].extend(start, end) {
			continue
		}
		if i >= sacksExpected {
			c.flushCompressed()
		}
		first := r.sacks[i]
		copy(r.sacks[1:i+1], r.sacks[:i])
		r.sacks[0] = first
		c.coalesceSACKs()
		return
	}
	if r.nsacks >= sacksExpected {
		c.flushCompressed()
	}
	n := min(r.nsacks, MaxSACK-1)
	copy(r.sacks[1:n+1], r.sacks[:n])
	r.sacks[0] = Range{start, end}
	r.nsacks = n + 1
}

// sacksExpected is how many blocks an ACK that gets lost should not cost
// (TCP_SACK_BLOCKS_EXPECTED).
const sacksExpected = 2

// coalesceSACKs swallows blocks that the first one has come to touch
// (tcp_sack_maybe_coalesce).
func (c *Conn) coalesceSACKs() {
	r := &c.rcv
	for i := uint8(1); i < r.nsacks; {
		if r.sacks[0].extend(r.sacks[i].Start, r.sacks[i].End) {
			copy(r.sacks[i:r.nsacks-1], r.sacks[i+1:r.nsacks])
			r.nsacks--
			continue
		}
		i++
	}
}

// trimSACKs forgets blocks that RCV.NXT has passed (tcp_sack_remove).
func (c *Conn) trimSACKs() {
	r := &c.rcv
	if c.rq.ooo.Len() == 0 {
		r.nsacks = 0
		return
	}
	for i := uint8(0); i < r.nsacks; {
		if r.nxt.GreaterEq(r.sacks[i].Start) {
			copy(r.sacks[i:r.nsacks-1], r.sacks[i+1:r.nsacks])
			r.nsacks--
			continue
		}
		i++
	}
}
