package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// rackState is RACK (RFC 8985): loss by time, not by counting.
type rackState struct {
	xmit          Time   // latest transmission known delivered (RACK.xmit_ts)
	end           Seq    // and its end (RACK.end_seq)
	rttUs         uint32 // its round trip
	advanced      bool   // news since the last detection
	dsackSeen     bool
	steps         uint8 // reordering window in quarters of the least RTT
	persist       uint8 // recoveries for which steps is kept
	lastDelivered uint32
}

const rackPersist = 16 // TCP_RACK_RECOVERY_THRESH

// sentAfter orders transmissions: by time, then by sequence number.
func sentAfter(t1, t2 Time, s1, s2 Seq) bool { return t1 > t2 || t1 == t2 && s1.Greater(s2) }

// turnAfter is sentAfter by the turn in which something was sent, too.
func turnAfter(t1, t2 Time, n1, n2 uint16, s1, s2 Seq) bool {
	if t1 == t2 && n1 != n2 {
		return n1 > n2
	}
	return sentAfter(t1, t2, s1, s2)
}

// rackSince reports whether RACK's latest delivered transmission is a later one
// than b's.
func (c *Conn) rackSince(b *buffer) bool {
	return turnAfter(c.rack.xmit, b.sent, c.q.turns.newest, b.turn, c.rack.end, b.end)
}

// rackAdvance notes that a buffer with these tags was delivered (tcp_rack_advance).
func (c *Conn) rackAdvance(b *buffer) {
	rtt := uint32(c.now.Sub(b.sent))
	if c.rtt.local {
		rtt = max(rtt, 1)
	}
	if rtt < c.rtt.min() && b.tags&(tagRetrans|tagEverRetrans) != 0 {
		return // too soon for the retransmission: the original arrived
	}
	c.rack.advanced, c.rack.rttUs, c.q.turns.measured = true, rtt, b.turn
	if turnAfter(b.sent, c.rack.xmit, b.turn, c.q.turns.newest, b.end, c.rack.end) {
		c.rack.xmit, c.rack.end, c.q.turns.newest = b.sent, b.end, b.turn
	}
}

// rackWindow is how long to wait for reordered packets (tcp_rack_reo_wnd).
func (c *Conn) rackWindow() uint32 {
	if c.stat.reordSeen == 0 {
		if c.ca.state >= caRecovery {
			return 0
		}
		if c.q.sackedOut >= c.ca.reordering && c.cfg.Recovery&4 == 0 {
			return 0
		}
	}
	return min(c.rtt.min()>>2*uint32(c.rack.steps), c.rtt.srtt>>3)
}

// rackLate is how long buffer b still has until it counts as lost, in
// microseconds; not above 0 when it does (tcp_rack_skb_timeout).
func (c *Conn) rackLate(b *buffer, wnd uint32) int64 {
	took := c.now.Sub(b.sent)
	if c.rtt.local {
		took = max(took, 1) // as long as what was measured at the same moment
	}
	late := int64(c.rack.rttUs) + int64(wnd) - took
	if late == 0 && wnd == 0 && b.turn > c.q.turns.measured {
		return 1 // by the part of a microsecond that it was sent later
	}
	return late
}

// rackDetect marks as lost what was sent well before something that arrived,
// and returns how long until the rest must have come (tcp_rack_detect_loss).
func (c *Conn) rackDetect() (wait int64) {
	wnd := c.rackWindow()
	for i := range c.q.head {
		b := c.q.at(i)
		if b.tags&(tagSacked|tagUnwatched) != 0 || b.tags&(tagLost|tagRetrans) == tagLost || !c.rackSince(b) {
			continue
		}
		if left := c.rackLate(b, wnd); left <= 0 {
			c.markLost(b)
			b.tags |= tagUnwatched // until it is sent again, even if the loss is undone
		} else {
			wait = max(wait, left)
		}
	}
	return wait
}

// rackMarkLost runs detection when there is news and arms the reordering
// timer; true when it did (tcp_rack_mark_lost).
func (c *Conn) rackMarkLost() bool {
	if !c.rack.advanced {
		return false
	}
	c.rack.advanced = false
	wait := c.rackDetect()
	if wait > 0 {
		in := c.tick(wait + timeoutMin)
		c.timers.kind, c.timers.xmit = xmitReo, c.now.Add(min(in, c.rtt.rto))
	}
	return wait > 0
}

// reoTimer: waited long enough for reordered packets (tcp_rack_reo_timeout).
func (c *Conn) reoTimer() {
	lost, flight := c.stat.lost, c.q.inFlight()
	c.rackDetect()
	if flight != c.q.inFlight() {
		if c.ca.state != caRecovery {
			c.enterRecovery(false)
			c.reduceCwnd(1, c.stat.lost-lost, 0)
		}
		c.retransmitQueue(rule.RackTimeout)
	}
	if c.timers.kind != xmitRTO {
		c.rearmRTO()
	}
}

// rackUpdateWindow widens the reordering window after needless
// retransmissions (tcp_rack_update_reo_wnd).
func (c *Conn) rackUpdateWindow(rs *rateSample) {
	k := &c.rack
	if c.cfg.Recovery&2 != 0 || rs.priorDelivered == 0 {
		return
	}
	if int32(rs.priorDelivered-k.lastDelivered) < 0 {
		k.dsackSeen = false // at most once a round trip
	}
	if k.dsackSeen {
		k.steps = uint8(min(uint16(k.steps)+1, 255))
		k.dsackSeen = false
		k.lastDelivered = c.stat.delivered
		k.persist = rackPersist
	} else if k.persist == 0 {
		k.steps = 1
	}
}

// markLost takes a buffer for lost; a lost retransmission is to go again
// (tcp_mark_skb_lost).
func (c *Conn) markLost(b *buffer) {
	n := uint32(b.pcount)
	if b.tags&tagSacked != 0 {
		return
	}
	c.verifyHint(b)
	switch {
	case b.tags&tagLost == 0:
		c.q.lostOut += n
		b.tags |= tagLost
	case b.tags&tagRetrans != 0:
		b.tags &^= tagRetrans
		c.q.retransOut -= n
	default:
		return
	}
	c.stat.lost += n
}

// verifyHint keeps the hint at the first buffer to retransmit
// (tcp_verify_retransmit_hint).
func (c *Conn) verifyHint(b *buffer) {
	if (!c.q.hasHint && c.q.retransOut >= c.q.lostOut) || (c.q.hasHint && b.seq.Less(c.q.hint)) {
		c.q.hint, c.q.hasHint = b.seq, true
	}
}

// newRenoMarkLost is loss detection without SACK: three duplicate ACKs, then
// one hole for each partial ACK (RFC 6582; tcp_newreno_mark_lost).
func (c *Conn) newRenoMarkLost(advanced bool) {
	a := &c.ca
	if !(a.state < caRecovery && c.q.sackedOut >= a.reordering) && !(a.state == caRecovery && advanced) {
		return
	}
	b := c.q.oldest()
	if b == nil || b.tags&tagLost != 0 {
		return
	}
	if b.pcount > 1 {
		c.split(0, uint32(b.mss), uint32(b.mss))
		b = c.q.oldest()
	}
	c.markLost(b)
}
