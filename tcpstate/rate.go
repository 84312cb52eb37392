package tcpstate

// counters are what getsockopt(TCP_INFO) tells and nothing but recovery's
// bookkeeping looks at.
type counters struct {
	badEdge, finSent                                   bool
	rateAppLimited                                     bool // the rate below is the user's doing
	chrono                                             chronoKind
	totalRTO, rtoRecoveries                            uint16
	segsIn, segsOut, dataSegsIn, dataSegsOut           uint32
	delivered, deliveredCE, lost                       uint32
	totalRetrans, dsackDups, reordSeen, rcvOOOPack     uint32
	rateDelivered                                      uint32
	rateInterval                                       uint32    // microseconds
	appLimited                                         uint32    // delivered by when the user had too little to send; 0 = not
	rtoStamp, rtoTime                                  uint32    // milliseconds of the clock; 0 = no time-out under way
	chronoStart                                        uint32    // milliseconds of the clock
	chronos                                            [3]uint32 // milliseconds, by chronoKind
	lastAck, lastXmit, synAckAt                        Time
	firstTx, deliveredAt                               Time
	bytesAcked, bytesReceived, bytesSent, bytesRetrans uint64
}

// countRTO notes a time-out (tcp_update_rto_stats).
func (s *counters) countRTO(first bool, now Time) {
	if first {
		s.rtoRecoveries++
		s.rtoStamp = retransClock(now)
	}
	s.totalRTO++
}

// endRTO notes that a time-out was repaired (tcp_update_rto_time).
func (s *counters) endRTO(now Time) {
	if s.rtoStamp != 0 {
		s.rtoTime += retransClock(now) - s.rtoStamp
		s.rtoStamp = 0
	}
}

// rateSample is one ACK's view of the delivery rate (draft-cheng-iccrg-delivery-rate).
type rateSample struct {
	priorDelivered uint32
	losses         uint32
	lastEnd        Seq
	priorAt        Time
	interval       Duration
	appLimited     bool
}

// rateSent stamps a buffer (tcp_rate_skb_sent).
func (c *Conn) rateSent(b *buffer) {
	if c.q.packetsOut == 0 {
		c.stat.firstTx, c.stat.deliveredAt = b.sent, b.sent
	}
	b.firstSent, b.delivAt, b.delivered = c.stat.firstTx, c.stat.deliveredAt, c.stat.delivered
	b.appLimited = c.stat.appLimited != 0
}

// checkAppLimited notes at the start of a write that there was a gap: less than
// a segment waited although more could go (tcp_rate_check_app_limited).
func (c *Conn) checkAppLimited() {
	q := &c.q
	if c.NotSent() < c.snd.mssCache && q.inFlight() < c.ca.cwnd && q.lostOut <= q.retransOut {
		c.stat.appLimited = max(c.stat.delivered+q.inFlight(), 1)
	}
}

// rateDelivered samples a delivered buffer (tcp_rate_skb_delivered).
func (c *Conn) rateDelivered(b *buffer, rs *rateSample) {
	if b.delivAt == never {
		return
	}
	if rs.priorDelivered == 0 || sentAfter(b.sent, c.stat.firstTx, b.end, rs.lastEnd) {
		rs.priorDelivered, rs.priorAt, rs.lastEnd = b.delivered, b.delivAt, b.end
		rs.appLimited = b.appLimited
		c.stat.firstTx = b.sent
		rs.interval = b.sent.Sub(b.firstSent)
	}
	if b.tags&tagSacked != 0 {
		b.delivAt = never
	}
}

// rateGen closes the sample (tcp_rate_gen). A rate that the user limited
// counts only if it is the highest.
func (c *Conn) rateGen(newly uint32, reneg bool, rs *rateSample) {
	s := &c.stat
	if s.appLimited != 0 && int32(s.delivered-s.appLimited) > 0 {
		s.appLimited = 0
	}
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
	n := s.delivered - rs.priorDelivered
	if rs.appLimited && uint64(n)*uint64(s.rateInterval) < uint64(s.rateDelivered)*uint64(rs.interval) {
		return
	}
	s.rateDelivered, s.rateInterval, s.rateAppLimited = n, uint32(rs.interval), rs.appLimited
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
		c.stat.chronos[old-1] += tsClock(c.now) - c.stat.chronoStart
	}
	c.stat.chronoStart, c.stat.chrono = tsClock(c.now), k
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
