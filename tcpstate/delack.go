package tcpstate

import (
	"cmp"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// ackState decides when to acknowledge (icsk_ack): quickly at the start and
// when something is amiss, late otherwise, with the reply if there is one.
type ackState struct {
	pending     uint8     // ack* bits
	quick       uint8     // ACKs still to be sent at once
	pingpongs   uint8     // replies soon after data: from Config.PingpongThresh on, interactive
	compressed  uint8     // SACKs held back since the last ACK
	dupAcks     uint8     // duplicate ACKs sent before compression sets in
	label       flowLabel // of the latest data (lrcv_flowlabel)
	lastSegSize uint32
	rcvMSS      uint32 // guess at the size of the peer's segments
	ato         Duration
	lastRcv     Time // of data (lrcvtime)
	compressAt  Seq  // RCV.NXT that dupAcks counts for
	pred        prediction
	lastOOW     Time // when an out-of-window segment was last answered
}

// Bits of ackState.pending, as Linux's ICSK_ACK_*.
const (
	ackSched     uint8 = 1 << iota
	ackTimer           // the delayed-ACK timer runs
	ackPushed          // a small or pushed segment came
	ackPushed2         // and another one
	ackNow             // one ACK must go at once
	ackNoMem           // data was refused for want of buffer
	ackOnRelease       // one goes once the user's call lets go of the socket (TCP_ACK_DEFERRED)
)

// Delays of include/net/tcp.h.
const (
	atoMin       = 40 * Millisecond  // TCP_ATO_MIN, TCP_DELACK_MIN
	delackMax    = 200 * Millisecond // TCP_DELACK_MAX
	leastRTO     = 200 * Millisecond // TCP_RTO_MIN
	timeoutMin   = 2 * Millisecond   // TCP_TIMEOUT_MIN_US
	maxQuickAcks = 16                // TCP_MAX_QUICKACKS
	// dupThresh is TCP_FASTRETRANS_THRESH.
	dupThresh = 3
)

func (c *Conn) pingpong() bool { return c.ack.pingpongs >= c.cfg.PingpongThresh }
func (c *Conn) enterPingpong() { c.ack.pingpongs = c.cfg.PingpongThresh }

// incrQuickAck allows some ACKs at once, about half a window's worth
// (tcp_incr_quickack).
func (c *Conn) incrQuickAck(most uint32) {
	n := c.rcv.wnd / (2 * c.ack.rcvMSS)
	if n == 0 {
		n = 2
	}
	c.ack.quick = max(c.ack.quick, uint8(min(n, most)))
}

// enterQuickAck leaves interactive mode for quick ACKs (tcp_enter_quickack_mode).
func (c *Conn) enterQuickAck(most uint32) {
	c.incrQuickAck(most)
	c.ack.pingpongs = 0
	c.ack.ato = atoMin
}

func (c *Conn) inQuickAck() bool { return c.ack.quick > 0 && !c.pingpong() }

// ackCheck acknowledges what came, now or later (tcp_ack_snd_check).
func (c *Conn) ackCheck() {
	if c.ack.pending&ackSched != 0 {
		c.ackDecide(true)
	}
}

// ackDecide is __tcp_ack_snd_check: RFC 9293 section 3.8.6.3 asks for an ACK
// at least every second full segment and within 0.5 s.
func (c *Conn) ackDecide(oooPossible bool) {
	why := c.ackAtOnce()
	switch {
	case why != 0 && c.backlog() > 0 && c.cfg.BacklogAckDefer:
		c.ack.pending |= ackOnRelease
	case why != 0:
		c.sendAck(why)
	case !oooPossible || c.rq.ooo.Len() == 0:
		c.delayAck()
	default:
		c.ackOutOfOrder()
	}
}

// ackAtOnce is why an ACK is to be sent at once, 0 if it may wait.
func (c *Conn) ackAtOnce() rule.ID {
	full := c.rcv.nxt.Since(c.rcv.wup) > c.ack.rcvMSS &&
		(c.rcv.nxt.Since(c.rcv.copied) < c.user.rcvLowat || c.nextWindow() >= c.rcv.wnd)
	switch {
	case full:
		return rule.AckSecondSegment
	case c.inQuickAck():
		return rule.QuickAck
	case c.ack.pending&ackNow != 0:
		return rule.AckNow
	}
	return 0
}

// release sends the ACK that was put off while packets waited, one for all of
// them, if nothing has brought it yet (tcp_release_cb).
func (c *Conn) release() {
	owed := c.ack.pending&(ackOnRelease|ackSched) == ackOnRelease|ackSched
	c.ack.pending &^= ackOnRelease
	if owed {
		c.sendAck(cmp.Or(c.ackAtOnce(), rule.DelayedAck))
	}
}

// ackOutOfOrder sends the duplicate ACK that fast retransmit needs, and
// compresses further ones (sysctl tcp_comp_sack_*).
func (c *Conn) ackOutOfOrder() {
	if !c.opt.sack || c.ack.compressed >= c.cfg.CompSACKNr {
		c.sendAck(rule.DupAck)
		return
	}
	if c.ack.compressAt != c.rcv.nxt {
		c.ack.compressAt, c.ack.dupAcks = c.rcv.nxt, 0
	}
	if c.ack.dupAcks < dupThresh {
		c.ack.dupAcks++
		c.sendAck(rule.DupAck)
		return
	}
	c.ack.compressed++
	if c.timers.compress != never {
		return
	}
	rtt := c.rcv.rttUs
	if c.rtt.srtt > 0 && c.rtt.srtt < rtt {
		rtt = c.rtt.srtt
	}
	delay := Duration(rtt>>3) / 20 // 5 % of a round trip
	c.timers.compress = c.now.Add(min(delay, c.cfg.CompSACKDelay))
}

// compressTimer sends the ACK for SACKs held back (tcp_compressed_ack_kick). Unlike
// Linux's, the timer is off when there are none.
func (c *Conn) compressTimer() { c.sendAck(rule.CompressedAck) }

// flushCompressed sends it before its time (tcp_sack_compress_send_ack).
func (c *Conn) flushCompressed() {
	if c.ack.compressed > 0 {
		c.ack.compressed = 0
		c.timers.compress = never
		c.sendAck(rule.CompressedAck)
	}
}

// delayAck puts the ACK off by the time the user may need to reply
// (tcp_send_delayed_ack): 40 ms, or what the pace of the data suggests.
func (c *Conn) delayAck() {
	ato := c.ack.ato
	if ato > atoMin {
		most := 500 * Millisecond
		if c.pingpong() || c.ack.pending&ackPushed != 0 {
			most = delackMax
		}
		if c.rtt.srtt > 0 {
			most = min(most, max(c.tick(Duration(c.rtt.srtt>>3)), atoMin))
		}
		ato = min(ato, most)
	}
	ato = min(ato, c.delackLimit())
	at := c.now.Add(c.aTick(ato)) // without data so far, as before a FIN, ato is 0
	if c.ack.pending&ackTimer != 0 {
		if ato == 0 || c.cfg.between(c.now, c.timers.delack) <= c.whole(ato>>2) {
			c.sendAck(rule.DelayedAck) // about to fire anyway
			return
		}
		at = min(at, c.timers.delack)
	}
	c.ack.pending |= ackSched | ackTimer
	c.timers.delack = at
}

// delackLimit is tcp_delack_max: a delay stays below the peer's least RTO.
func (c *Conn) delackLimit() Duration {
	most := Duration(delackMax)
	if u := c.user.delackMax; u != 0 {
		most = Duration(u) * c.cfg.Tick
	}
	return min(most, max(c.rtoMin(), 2*c.cfg.Tick)-c.cfg.Tick)
}

// atoBits is what is left of a delay in the eight bits of jiffies that Linux keeps
// (icsk_ack.ato, ATO_BITS): it goes round.
func (c *Conn) atoBits(d Duration) Duration { return d % (256 * max(c.cfg.Tick, Millisecond)) }

// delackTimer fires a delayed ACK (tcp_delack_timer_handler). Unlike Linux's, the
// timer is off when none is owed.
func (c *Conn) delackTimer() {
	if c.ack.compressed > 0 {
		c.flushCompressed()
		return
	}
	if c.pingpong() {
		// The user did not reply in time: this is no conversation.
		c.ack.pingpongs, c.ack.ato = 0, atoMin
	} else {
		c.ack.ato = c.atoBits(min(c.ack.ato<<1, c.rtt.rto))
	}
	c.sendAck(rule.DelayedAck)
}

// oowLimited reports that out-of-window segments were answered too recently
// (__tcp_oow_rate_limited); otherwise it starts a new interval.
func (c *Conn) oowLimited() bool {
	if c.ack.lastOOW != never && c.since(c.ack.lastOOW) < c.cfg.InvalidRatelimit {
		return true
	}
	c.ack.lastOOW = c.now
	return false
}

// segLimited is oowLimited for a segment: data without SYN is no part of an
// ACK loop and is always answered (tcp_oow_rate_limited).
func (c *Conn) segLimited(s *Segment) bool {
	if s.SeqLen() > 0 && !s.Flags.Has(SYN) {
		return false
	}
	return c.oowLimited()
}

// challengeAck asks the peer to confirm (RFC 5961; tcp_send_challenge_ack).
func (c *Conn) challengeAck(why rule.ID) {
	if c.oowLimited() {
		c.tell(Drop, rule.AckSkipped).N = SkippedChallenge
		return
	}
	if c.snd.bars&BarChallenge != 0 {
		c.drop(rule.ChallengeLimit)
		return
	}
	c.sendAck(why)
}

// dupAck answers a segment outside the window (tcp_send_dupack).
func (c *Conn) dupAck(s *Segment, why rule.ID) {
	if s.SeqLen() > 0 && s.Seq.Less(c.rcv.nxt) {
		c.enterQuickAck(maxQuickAcks)
		if c.opt.sack && c.cfg.DSACK {
			c.spuriousData()
			c.setDSACK(s.Seq, minSeq(s.End(), c.rcv.nxt))
		}
	}
	c.sendAck(why)
}

// spuriousData looks at data that had come before. If the peer sends it by
// another path, our ACKs seem to be lost on theirs, unless it is we whose
// time-out has just chosen a new one (tcp_rcv_spurious_retrans).
func (c *Conn) spuriousData() {
	if c.ca.state != caLoss && c.ack.label != c.arrived.label {
		c.tell(Rehash, rule.RehashDuplicate)
	}
	c.ack.label = c.arrived.label
}
