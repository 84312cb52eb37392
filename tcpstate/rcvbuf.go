package tcpstate

// measureRcvRTT times how long the peer takes to fill a window
// (tcp_rcv_rtt_measure), for connections without timestamps.
func (c *Conn) measureRcvRTT() {
	if c.rcv.rttTime != never {
		if c.rcv.nxt.Less(c.rcv.rttSeq) {
			return
		}
		c.updateRcvRTT(uint32(max(c.now.Sub(c.rcv.rttTime), 1)), true)
	}
	c.rcv.rttSeq = c.rcv.nxt.Add(c.rcv.wnd)
	c.rcv.rttTime = c.now
}

// updateRcvRTT takes a sample; one that depends on the window counts only
// when it is smaller (tcp_rcv_rtt_update).
func (c *Conn) updateRcvRTT(sample uint32, winDep bool) {
	old, m := c.rcv.rttUs, sample<<3
	if old == 0 || m < old {
		c.rcv.rttUs = m
		return
	}
	if winDep || c.rcv.nxt != c.rcv.copied {
		return
	}
	c.rcv.rttUs = old - old>>3 + sample
}

// measureRcvRTTByTS samples it from timestamps (tcp_rcv_rtt_measure_ts).
func (c *Conn) measureRcvRTTByTS(s *Segment) {
	if c.arrived.ecr == c.rcv.lastEcr {
		return
	}
	c.rcv.lastEcr = c.arrived.ecr
	if s.SeqLen() >= c.ack.rcvMSS {
		if us := c.tsRTT(0); us > 0 {
			c.updateRcvRTT(uint32(us), false)
		}
	}
}

// spaceAdjust enlarges the receive buffer when the user keeps up with more
// than it allows for, once a round trip (tcp_rcv_space_adjust).
func (c *Conn) spaceAdjust() {
	if c.rcv.rttUs == 0 || c.now.Sub(c.rcv.spaceTime) < Duration(c.rcv.rttUs>>3) {
		return
	}
	copied := int64(c.rcv.copied.Since(c.rcv.spaceSeq)) - int64(c.rcv.nxt.Since(c.rcv.copied))
	if copied > int64(c.rcv.space) {
		c.growRcvbuf(uint32(copied))
	}
	c.rcv.spaceSeq, c.rcv.spaceTime = c.rcv.copied, c.now
}

// growRcvbuf sizes the receive buffer for the space the user needs a round
// trip (tcp_rcvbuf_grow).
func (c *Conn) growRcvbuf(space uint32) {
	old := c.rcv.space
	c.rcv.space = space
	if !c.cfg.ModerateRcvbuf || c.locks&LockRcvBuf != 0 || old == 0 {
		return
	}
	win := uint64(space) << 1 // the measure is one round trip late
	// Allow for a sender in slow start, which doubles its rate.
	win += win * uint64(space-old) / uint64(old) << 1
	if last := c.rq.ooo.At(c.rq.ooo.Last()); last != nil {
		win += uint64(last.end.Since(c.rcv.nxt))
	}
	buf := min(int32(c.rcv.spaceFromWin(uint32(min(win, 1<<31-1)))), c.cfg.Rmem[2])
	if buf > c.rcv.rcvbuf {
		c.rcv.rcvbuf = buf
		c.rcv.clamp = uint32(c.rcv.fullSpace())
	}
}
