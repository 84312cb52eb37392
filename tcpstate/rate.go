package tcpstate

// counters are what getsockopt(TCP_INFO) tells and nothing but recovery's
// bookkeeping looks at.
type counters struct {
	badEdge, finSent                                   bool
	rateLimited                                        bool
	chrono                                             chronoKind
	totalRTO, rtoRecoveries                            uint16
	segsIn, segsOut, dataSegsIn, dataSegsOut           uint32
	delivered, deliveredCE, lost                       uint32
	totalRetrans, dsackDups, reordSeen, rcvOOOPack     uint32
	rateDelivered                                      uint32
	rateInterval                                       Duration
	rtoStamp, lastAck, lastXmit, synAckAt              Time
	firstTx, deliveredAt                               Time
	chronoStart                                        Time
	chronos                                            [3]Duration
	rtoTime                                            Duration
	bytesAcked, bytesReceived, bytesSent, bytesRetrans uint64
}

// countRTO notes a time-out (tcp_update_rto_stats).
func (s *counters) countRTO(first bool, now Time) {
	if first {
		s.rtoRecoveries++
		s.rtoStamp = now
	}
	s.totalRTO++
}

// endRTO notes that a time-out was repaired (tcp_update_rto_time).
func (s *counters) endRTO(now Time) {
	if s.rtoStamp != never {
		s.rtoTime += now.Sub(s.rtoStamp)
		s.rtoStamp = never
	}
}

// rateSample is one ACK's view of the delivery rate (draft-cheng-iccrg-delivery-rate).
type rateSample struct {
	priorDelivered uint32
	losses         uint32
	lastEnd        Seq
	priorAt        Time
	interval       Duration
	retrans        bool
}

// rateSent stamps a buffer (tcp_rate_skb_sent).
func (c *Conn) rateSent(b *buffer) {
	if c.q.packetsOut == 0 {
		c.stat.firstTx, c.stat.deliveredAt = b.sent, b.sent
	}
	b.firstSent, b.delivAt, b.delivered = c.stat.firstTx, c.stat.deliveredAt, c.stat.delivered
}

// rateDelivered samples a delivered buffer (tcp_rate_skb_delivered).
func (c *Conn) rateDelivered(b *buffer, rs *rateSample) {
	if b.delivAt == never {
		return
	}
	if rs.priorDelivered == 0 || sentAfter(b.sent, c.stat.firstTx, b.end, rs.lastEnd) {
		rs.priorDelivered, rs.priorAt, rs.lastEnd = b.delivered, b.delivAt, b.end
		rs.retrans = b.tags&(tagRetrans|tagEverRetrans) != 0
		c.stat.firstTx = b.sent
		rs.interval = b.sent.Sub(b.firstSent)
	}
	if b.tags&tagSacked != 0 {
		b.delivAt = never
	}
}

// rateGen closes the sample (tcp_rate_gen).
func (c *Conn) rateGen(newly uint32, reneg bool, rs *rateSample) {
	if newly > 0 {
		c.stat.deliveredAt = c.now
	}
	if rs.priorAt == never || reneg {
		return
	}
	rs.interval = max(rs.interval, c.now.Sub(rs.priorAt))
	if rs.interval < Duration(c.rtt.min()) {
		return
	}
	n := c.stat.delivered - rs.priorDelivered
	if uint64(n)*uint64(c.stat.rateInterval) >= uint64(c.stat.rateDelivered)*uint64(rs.interval) || !c.stat.rateLimited {
		c.stat.rateDelivered, c.stat.rateInterval = n, rs.interval
	}
}

// chronoKind is what holds the sender up (tcp_chrono).
type chronoKind uint8

const (
	chronoNone chronoKind = iota
	chronoBusy
	chronoRwnd
	chronoSndbuf
)

func (c *Conn) setChrono(k chronoKind) {
	if old := c.stat.chrono; old != chronoNone {
		c.stat.chronos[old-1] += c.now.Sub(c.stat.chronoStart)
	}
	c.stat.chronoStart, c.stat.chrono = c.now, k
}

// startChrono notes a limit; the highest counts (tcp_chrono_start).
func (c *Conn) startChrono(k chronoKind) {
	if k > c.stat.chrono {
		c.setChrono(k)
	}
}

// stopChrono is tcp_chrono_stop.
func (c *Conn) stopChrono(k chronoKind) {
	if c.q.list.Len() == 0 {
		c.setChrono(chronoNone)
	} else if k == c.stat.chrono {
		c.setChrono(chronoBusy)
	}
}

func (c *Conn) stopBusy() { c.setChrono(chronoNone) }
