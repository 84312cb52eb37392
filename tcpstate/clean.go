package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// cleanQueue forgets what SND.UNA has passed and takes the round trip
// (tcp_clean_rtx_queue).
func (c *Conn) cleanQueue(r *ackRun) {
	priorSacked, reord := c.q.sackedOut, c.snd.nxt
	var first, last Time
	var acked uint32
	full := true
	for full && c.q.head > 0 {
		b := c.q.at(0)
		if b.end.Greater(c.snd.una) && (b.pcount == 1 || c.snd.una.LessEq(b.seq)) {
			break
		}
		start := b.seq
		n, whole := c.ackedOf(b)
		if n == 0 {
			break
		}
		full = whole
		c.countAcked(b, n, start, r, &first, &last, &reord)
		acked += n
		if full {
			c.releaseOldest()
		}
	}
	c.afterClean(r, cleaned{first, last, acked, full, priorSacked, reord})
}

// ackedOf is how many packets of the oldest buffer are acknowledged, and
// whether all are; the acknowledged front of an offloaded buffer is cut off.
func (c *Conn) ackedOf(b *buffer) (n uint32, whole bool) {
	if b.end.LessEq(c.snd.una) {
		return uint32(b.pcount), true
	}
	was := uint32(b.pcount)
	c.trimHead(b, c.snd.una.Since(b.seq))
	return was - uint32(b.pcount), false
}

// countAcked moves n packets of b off the counters.
func (c *Conn) countAcked(b *buffer, n uint32, start Seq, r *ackRun, first, last *Time, reord *Seq) {
	switch {
	case b.tags&(tagRetrans|tagEverRetrans) != 0:
		if b.tags&tagRetrans != 0 {
			c.q.retransOut -= n
		}
		r.flag |= flagRetransAcked
	case b.tags&tagSacked == 0:
		*last = b.sent
		if *first == never {
			*first = *last
		}
		*reord = minSeq(*reord, start)
		if b.end.LessEq(c.ca.highSeq) {
			r.flag |= flagOrigSackAcked
		}
	}
	if b.tags&tagSacked != 0 {
		c.q.sackedOut -= n
	} else if c.opt.sack {
		c.deliveredMore(n, r.flag&flagECE != 0)
		if !c.spuriousRetrans(b) {
			c.rackAdvance(b)
		}
	}
	if b.tags&tagLost != 0 {
		c.q.lostOut -= n
	}
	c.q.packetsOut -= n
	c.rateDelivered(b, &r.rate)
	if b.flags.Has(SYN) {
		r.flag |= flagSynAcked
		c.ca.retransStamp = 0
	} else {
		r.flag |= flagDataAcked
	}
}

// spuriousRetrans reports that the echoed timestamp is older than b's
// retransmission: the original arrived (tcp_skb_spurious_retrans).
func (c *Conn) spuriousRetrans(b *buffer) bool {
	return b.tags&(tagRetrans|tagEverRetrans) != 0 && c.ecrBefore(tsClock(b.sent))
}

func (c *Conn) ecrBefore(when uint32) bool {
	return c.arrived.ts && c.arrived.ecr != 0 && int32(c.arrived.ecr-when) < 0
}

// cleaned sums up one cleanQueue.
type cleaned struct {
	first, last Time // transmissions of the first and last never-retransmitted buffer
	acked       uint32
	full        bool
	priorSacked uint32
	reord       Seq
}

// afterClean samples the round trip and settles timer and reordering.
func (c *Conn) afterClean(r *ackRun, d cleaned) {
	if c.q.head == 0 {
		c.stopChrono(chronoBusy)
	}
	if c.snd.up.Between(r.priorUna, c.snd.una) {
		c.snd.up = c.snd.una
	}
	oldest := c.q.oldest()
	if oldest != nil && oldest.tags&tagSacked != 0 {
		r.flag |= flagReneging
	}
	seqUs, sackUs, caUs := int64(-1), int64(-1), int64(-1)
	if d.first != never && r.flag&flagRetransAcked == 0 {
		seqUs, caUs = c.now.Sub(d.first), c.now.Sub(d.last)
		if d.acked == 1 && d.full && d.priorSacked == 0 &&
			c.snd.una.Since(r.priorUna) < c.snd.mssCache &&
			r.rate.priorDelivered+1 == c.stat.delivered &&
			r.flag&flagSynAcked == 0 { // Linux names FLAG_CA_ALERT too, which its flag there never has
			r.flag |= flagAckMaybeDelayed
		}
	}
	if r.sack.first != never {
		sackUs, caUs = c.now.Sub(r.sack.first), c.now.Sub(r.sack.last)
	}
	caUs = c.ackRTT(r.flag, seqUs, sackUs, caUs)
	c.tellAcked(r)
	switch {
	case r.flag&flagAcked != 0:
		r.flag |= flagSetTimer
		if !c.opt.sack {
			c.removeRenoSACKs(d.acked, r.flag&flagECE != 0)
			if r.flag&flagRetransAcked != 0 {
				r.flag &^= flagOrigSackAcked
			}
		} else if d.reord.Less(r.priorHigh) {
			c.checkReordering(d.reord)
		}
	case oldest != nil && sackUs > c.now.Sub(oldest.sent): // -1, no sample, never is
		r.flag |= flagSetTimer
	}
	c.packetsAcked(caUs)
	if c.q.packetsOut == 0 && c.opt.sack {
		// What F-RTO's undo leaves in flight is counted again by the next
		// time-out; Linux mends the leak here (FASTRETRANS_DEBUG).
		c.q.retransOut = 0
	}
}

// tellAcked releases the user's octets, those of a packet acknowledged in part,
// too: SYN and FIN are none of them.
func (c *Conn) tellAcked(r *ackRun) {
	n := c.snd.una.Since(r.priorUna)
	if r.flag&flagSynAcked != 0 {
		n--
	}
	if c.stat.finSent && c.snd.una == c.snd.write {
		n--
	}
	if n > 0 {
		o := c.tell(Acked, rule.DataAcked)
		o.N = n
	}
}
