package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// retransmitOne sends sent buffer i again, at most segs segments of it, cut or
// merged to fit the MSS (__tcp_retransmit_skb). False: it cannot go now.
func (c *Conn) retransmitOne(i int, segs uint32, why rule.ID) bool {
	b := c.q.at(i)
	if b.seq.Less(c.snd.una) {
		c.trimHead(b, c.snd.una.Since(b.seq))
	}
	if c.snd.bars&BarRoute != 0 {
		c.soft = ENETUNREACH // inet_sk_rebuild_header
		c.tell(SoftFailed, rule.NoRoute).Err = c.soft
		return false
	}
	c.lookUp()
	mss := c.currentMSS()
	avail := int32(c.snd.wndEnd() - b.seq)
	if avail <= 0 {
		if b.seq != c.snd.una {
			return false
		}
		avail = int32(mss) // a retransmission doubles as a window probe
	}
	n := mss * segs
	if n > uint32(avail) {
		if n = uint32(avail) / mss * mss; n == 0 {
			n = uint32(avail)
		}
	}
	if b.len() > n {
		if !c.mayCutSent(i) {
			return false
		}
		c.split(i, n, mss)
		b = c.q.at(i)
	} else {
		was := b.pcount
		b.setSegs(mss)
		c.adjustCount(b.tags, int32(was)-int32(b.pcount))
		if room := min(uint32(avail), mss); b.len() < room {
			c.collapseRetrans(i, room)
			b = c.q.at(i)
		}
	}
	if c.cfg.ECNFallback && b.flags&(SYN|ECE|CWR) == SYN|ECE|CWR {
		b.flags &^= ECE | CWR // ECN fallback: RFC 3168 section 6.1.1.1
	}
	c.stat.totalRetrans += uint32(b.pcount)
	c.stat.bytesRetrans += uint64(b.len())
	c.emitBuffer(b, why)
	b.tags |= tagEverRetrans
	return true
}

// collapseRetrans merges small neighbours into buffer i, to send fewer packets
// (tcp_retrans_try_collapse).
func (c *Conn) collapseRetrans(i int, room uint32) {
	b := c.q.at(i)
	if !c.cfg.RetransCollapse || b.flags.Has(SYN) || !c.collapsible(b) {
		return
	}
	space := int64(room) - int64(b.len())
	for i+1 < c.q.head {
		b, next := c.q.at(i), c.q.at(i+1) // anew: Remove moves buffers
		if !c.collapsible(next) || b.eor {
			return
		}
		if space -= int64(next.len()); space < 0 || next.end.Greater(c.snd.wndEnd()) {
			return
		}
		b.end, b.eor = next.end, next.eor
		b.flags |= next.flags
		b.tags |= next.tags & tagEverRetrans
		grown := int32(next.len())
		b.true += grown
		c.adjustCount(next.tags, int32(next.pcount))
		c.uncharge(&c.snd.queued, next.true-grown)
		c.q.list.Remove(i + 1)
		c.q.head--
	}
}

func (c *Conn) collapsible(b *buffer) bool { return b.pcount <= 1 && b.tags&tagSacked == 0 }

// retransmit is retransmitOne with the bookkeeping for recovery
// (tcp_retransmit_skb).
func (c *Conn) retransmit(i int, segs uint32, why rule.ID) bool {
	ok := c.retransmitOne(i, segs, why)
	b := c.q.at(i)
	if ok {
		b.tags |= tagRetrans | tagEverRetrans
		c.q.retransOut += uint32(b.pcount)
	}
	if c.ca.retransStamp == 0 {
		c.ca.retransStamp = retransClock(b.sent)
	}
	c.ca.undoRetrans = max(c.ca.undoRetrans, 0) + int32(b.pcount)
	return ok
}

// retransmitQueue sends lost buffers again as far as cwnd allows
// (tcp_xmit_retransmit_queue).
func (c *Conn) retransmitQueue(why rule.ID) {
	if c.q.packetsOut == 0 {
		return
	}
	i := 0
	if c.q.hasHint {
		i = c.q.find(c.q.hint)
	}
	maxSegs := c.tsoSegs(c.currentMSS())
	hole, rearm := false, false
	for ; i < c.q.head; i++ {
		b := c.q.at(i)
		if !hole {
			c.q.hint, c.q.hasHint = b.seq, true
		}
		segs := int64(c.ca.cwnd) - int64(c.q.inFlight())
		if segs <= 0 || c.q.retransOut >= c.q.lostOut {
			break
		}
		if b.tags&tagLost == 0 {
			hole = hole || b.tags&(tagRetrans|tagSacked) == 0
			continue
		}
		if b.tags&(tagSacked|tagRetrans) != 0 {
			continue
		}
		if !c.retransmit(i, min(uint32(segs), maxSegs), why) {
			break
		}
		if c.ca.inReduction() {
			c.ca.prrOut += uint32(c.q.at(i).pcount)
		}
		rearm = rearm || i == 0 && c.timers.kind != xmitReo
	}
	if rearm {
		c.armXmit(xmitRTO, c.rtt.rto)
	}
}

// markTooLong marks as lost what has become too large for the path
// (tcp_simple_retransmit), and reports whether anything is lost.
func (c *Conn) markTooLong() bool {
	mss := c.currentMSS()
	// A SYN with data was one packet, and lies here as two.
	all := c.state == SynSent && c.fast(fastData)
	for i := range c.q.head {
		if b := c.q.at(i); all || b.segLen() > mss {
			c.markLost(b)
		}
	}
	if c.q.lostOut > 0 && !c.opt.sack {
		c.limitRenoSACKed()
	}
	return c.q.lostOut > 0
}

// retransmitUncongested sends again what is marked lost, for a reason that says
// nothing about congestion (tcp_non_congestion_loss_retransmit).
func (c *Conn) retransmitUncongested(why rule.ID) {
	a := &c.ca
	if a.state != caLoss {
		a.highSeq = c.snd.nxt
		a.ssthresh = a.currentSSThresh()
		a.priorSS, a.undoOn = 0, false
		c.setCAState(caLoss)
	}
	c.retransmitQueue(why)
}
