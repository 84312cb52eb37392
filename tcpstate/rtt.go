package tcpstate

// rttState estimates the round trip and the retransmission time-out
// (RFC 6298, with Linux's changes; tcp_rtt_estimator).
type rttState struct {
	srtt    uint32 // smoothed, microseconds scaled by 8
	mdev    uint32 // mean deviation, scaled by 4
	mdevMax uint32 // largest in this round trip
	rttvar  uint32 // smoothed mdevMax, scaled by 4
	seq     Seq    // SND.NXT when this round trip began
	backoff uint8
	local   bool // Input.Local of the segment under way: beside rxOptions it would need eight octets more
	rto     Duration
	minima  [3]rttMin // windowed minimum (lib/minmax.c)
}

type rttMin struct{ at, us uint32 } // milliseconds of the clock, microseconds

func (r *rttState) init(cfg *Config) {
	r.mdev = uint32(cfg.RTOInit)
	r.rto = cfg.RTOInit
	r.reset(never)
}

func (r *rttState) reset(now Time) {
	for i := range r.minima {
		r.minima[i] = rttMin{tsClock(now), ^uint32(0)}
	}
}

// min is the least round trip within tcp_min_rtt_wlen in microseconds, all
// ones if there was none.
func (r *rttState) min() uint32 { return r.minima[0].us }

// noteMin feeds the windowed minimum (minmax_running_min): three samples, each
// the best of what came after the one before. The window is sysctl tcp_min_rtt_wlen's.
func (r *rttState) noteMin(now Time, us uint32, window Duration) {
	at, wlen := tsClock(now), uint32(window/Millisecond)
	m, v := &r.minima, rttMin{at, us}
	if us <= m[0].us || at-m[2].at > wlen {
		m[0], m[1], m[2] = v, v, v
		return
	}
	if us <= m[1].us {
		m[1], m[2] = v, v
	} else if us <= m[2].us {
		m[2] = v
	}
	switch age := at - m[0].at; {
	case age > wlen:
		m[0], m[1], m[2] = m[1], m[2], v
		if at-m[0].at > wlen {
			m[0], m[1], m[2] = m[1], m[2], v
		}
	case m[1].at == m[0].at && age > wlen/4:
		m[1], m[2] = v, v
	case m[2].at == m[1].at && age > wlen/2:
		m[2] = v
	}
}

// sampleRTT feeds one round trip in microseconds (tcp_rtt_estimator).
func (c *Conn) sampleRTT(us int64) {
	r, floor := &c.rtt, uint32(c.rtoMin())
	m, srtt := us, int64(r.srtt)
	if srtt == 0 {
		r.srtt = uint32(max(m<<3, 1))
		r.mdev = uint32(m << 1)
		r.rttvar = max(r.mdev, floor)
		r.mdevMax, r.seq = r.rttvar, c.snd.nxt
		return
	}
	m -= srtt >> 3
	srtt += m
	if m < 0 {
		m = -m - int64(r.mdev>>2)
		if m > 0 {
			m >>= 3 // a falling RTT must not inflate the deviation
		}
	} else {
		m -= int64(r.mdev >> 2)
	}
	r.mdev = uint32(int64(r.mdev) + m)
	if r.mdev > r.mdevMax {
		r.mdevMax = r.mdev
		r.rttvar = max(r.rttvar, r.mdevMax)
	}
	if c.snd.una.Greater(r.seq) { // once a round trip
		if r.mdevMax < r.rttvar {
			r.rttvar -= (r.rttvar - r.mdevMax) >> 2
		}
		r.seq, r.mdevMax = c.snd.nxt, floor
	}
	r.srtt = uint32(max(srtt, 1))
}

// baseRTO is the time-out without back-off (__tcp_set_rto).
func (c *Conn) baseRTO() Duration {
	return c.tick(Duration(c.rtt.srtt>>3) + Duration(c.rtt.rttvar))
}

func (c *Conn) setRTO() { c.rtt.rto = min(c.baseRTO(), c.rtoMax()) }

// tsRTT is the round trip that the echoed timestamp shows, in microseconds; -1
// when it makes no sense (tcp_rtt_tsopt_us).
func (c *Conn) tsRTT(least uint32) int64 {
	delta := tsClock(c.now) - c.arrived.ecr
	if delta >= 1<<31/1000 {
		return -1
	}
	return int64(max(delta, least)) * 1000
}

// ackRTT takes what samples an ACK gave (tcp_ack_update_rtt): of data never
// retransmitted (Karn), else of SACKs, else by timestamp. It reports whether
// there was one, and the sample for congestion control (-1: none).
func (c *Conn) ackRTT(flag ackFlag, seqUs, sackUs, caUs int64) int64 {
	if seqUs < 0 {
		seqUs = sackUs
	}
	if seqUs < 0 && c.arrived.ts && c.arrived.ecr != 0 && flag&flagAcked != 0 {
		seqUs = c.tsRTT(1)
		caUs = seqUs
	}
	if seqUs < 0 {
		return caUs
	}
	if c.rtt.local {
		seqUs = max(seqUs, 1) // loopback takes some time, too, and with it the time-out a jiffy more
		if caUs == 0 {
			caUs = 1
		}
	}
	if flag&flagAckMaybeDelayed == 0 || uint32(caUs) <= c.rtt.min() {
		us := uint32(caUs)
		if us == 0 {
			us = uint32(c.cfg.Tick)
		}
		c.rtt.noteMin(c.now, us, c.cfg.MinRTTWindow)
	}
	c.sampleRTT(seqUs)
	c.setRTO()
	c.rtt.backoff = 0 // RFC 6298 section 5: only a valid sample ends the back-off
	return caUs
}

// rtoDelta is how far ahead the oldest buffer's time-out lies (tcp_rto_delta_us).
func (c *Conn) rtoDelta() Duration {
	if b := c.q.oldest(); b != nil {
		return b.sent.Add(c.rtt.rto).Sub(c.now)
	}
	return c.rtt.rto
}

// rearmRTO restarts the retransmission timer (tcp_rearm_rto; RFC 6298 section 5).
func (c *Conn) rearmRTO() {
	if c.fastPending() {
		return // the timer is the SYN-ACK's
	}
	if c.q.packetsOut == 0 {
		c.clearXmit()
		return
	}
	rto := c.rtt.rto
	if c.timers.kind == xmitReo || c.timers.kind == xmitTLP {
		rto = c.tick(max(c.rtoDelta(), 1))
	}
	c.armXmit(xmitRTO, rto)
}

// setXmitTimer arms the tail loss probe, or else the time-out.
func (c *Conn) setXmitTimer() {
	if !c.scheduleTLP(true) {
		c.rearmRTO()
	}
}
