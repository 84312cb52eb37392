package sock

import "fmt"

// bucket reports that the socket is a timewait bucket, and no copy of one.
func (s *sock) bucket() bool { return s.conn != nil && !s.frozen && s.conn.Waits() }

// overflows counts the timewait buckets that a step made or ended, and reports
// that the one it made is above sysctl tcp_max_tw_buckets: the connection ends
// without (inet_twsk_alloc, tcp_time_wait). A negative limit is none.
func (h *Host) overflows(s *sock, waited bool) bool {
	h.twCount += flag(s.conn.Waits()) - flag(waited)
	if waited || !s.conn.Waits() || uint32(h.twCount-1) < uint32(h.sysctl.get(ctlTCPMaxTwBuckets)) {
		return false
	}
	h.count[MibTCPTimeWaitOverflow]++
	return true
}

// checkBuckets: what is counted is there.
func checkBuckets(h *Host) error {
	n := int32(0)
	for _, s := range h.socks {
		n += flag(s != nil && s.bucket())
	}
	if n != h.twCount {
		return fmt.Errorf("host: %d timewait buckets are counted, %d exist", h.twCount, n)
	}
	return nil
}
