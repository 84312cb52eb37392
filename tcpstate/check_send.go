package tcpstate

import "fmt"

// live: a control block that may still send, neither CLOSED nor a timewait bucket.
func (c *Conn) live() bool { return c.state != Closed && !c.mini }

// checkStream: the send queue holds exactly what lies between SND.UNA and the
// last octet written, and what is sent of it ends at SND.NXT.
func (c *Conn) checkStream() error {
	s, q := &c.snd, &c.q
	n := q.list.Len()
	if !c.live() {
		if n > 0 {
			return fmt.Errorf("%d buffers to send and nobody to send them", n)
		}
		return nil
	}
	first, sent, last := s.una, s.una, s.una // of an empty queue
	if n > 0 {
		first, sent, last = q.at(0).seq, q.at(0).seq, q.at(n-1).end
	}
	if q.head > 0 {
		sent = q.at(q.head - 1).end
	}
	switch {
	case first.Greater(s.una):
		return fmt.Errorf("send queue begins at %d, beyond SND.UNA %d", first, s.una)
	case q.head > 0 && q.at(0).end.LessEq(s.una):
		return fmt.Errorf("buffer %d is acknowledged and kept", first)
	case sent != s.nxt:
		return fmt.Errorf("what is sent ends at %d, SND.NXT is %d", sent, s.nxt)
	case last != s.write:
		return fmt.Errorf("send queue ends at %d, the last octet written is %d", last, s.write)
	case s.pushed.Greater(s.write) || s.up.Greater(s.write):
		return fmt.Errorf("pushed to %d, urgent to %d, and written to %d", s.pushed, s.up, s.write)
	case s.sml.Greater(s.nxt):
		return fmt.Errorf("small segment sent to %d, SND.NXT is %d", s.sml, s.nxt)
	case q.sackedOut > 0 && c.opt.sack && !q.sackHigh.Between(s.una.Add(1), s.nxt):
		return fmt.Errorf("SACKed up to %d outside of SND.UNA %d and SND.NXT %d", q.sackHigh, s.una, s.nxt)
	}
	return c.checkControl()
}

// checkControl: SYN and FIN are the only octets that nobody wrote. The SYN comes
// first and the FIN last, and the FIN is there exactly in the states that have
// sent one and wait for its ACK.
func (c *Conn) checkControl() error {
	q := &c.q
	n := q.list.Len()
	for i := range n {
		b := q.at(i)
		switch {
		case b.flags.Has(SYN) && i > 0:
			return fmt.Errorf("SYN in the middle of the stream at %d", b.seq)
		case b.flags.Has(FIN) && i < n-1:
			return fmt.Errorf("FIN in the middle of the stream at %d", b.seq)
		case b.end == b.seq && c.fo == nil: // Linux's SYN may go with no octets of data (tcp_send_syn_data)
			return fmt.Errorf("empty buffer at %d", b.seq)
		case uint32(b.true) < b.len():
			return fmt.Errorf("buffer %d of %d octets costs %d", b.seq, b.len(), b.true)
		case i >= q.head && b.tags != 0:
			return fmt.Errorf("buffer %d is marked %b and was never sent", b.seq, b.tags)
		case i < q.head && (b.pcount == 0 || b.sent == never || b.sent > c.now):
			return fmt.Errorf("buffer %d of %d packets sent at %d", b.seq, b.pcount, b.sent)
		}
	}
	fin := n > 0 && q.at(n-1).flags.Has(FIN)
	switch {
	case fin != c.state.in(bitFinWait1|bitClosing|bitLastAck):
		return fmt.Errorf("FIN unacknowledged: %v", fin)
	case c.stat.finSent != c.state.in(bitFinWait1|bitFinWait2|bitClosing|bitLastAck):
		return fmt.Errorf("FIN sent: %v", c.stat.finSent)
	case c.state == FinWait2 && c.snd.una != c.snd.write:
		return fmt.Errorf("octets unacknowledged behind the FIN")
	case c.state == SynSent && n == 0 && !c.FastDeferred():
		return fmt.Errorf("no SYN")
	}
	return nil
}

// longestRTO is the largest that TCP_RTO_MAX_MS can be (TCP_RTO_MAX).
const longestRTO = 120 * Second

// checkRates: neither window can be closed for ever by congestion, and the
// time-out stays within bounds. They are those of any option and sysctl: one
// that was reckoned before they changed stays. No window exceeds the largest ever but
// one that ended a handshake without being held for it: a crossed SYN,ACK's, which is
// scaled, and that of an ACK older than the SYN of a crossed or Fast Open.
func (c *Conn) checkRates() error {
	if !c.live() {
		return nil
	}
	most := max(longestRTO, c.rtoMax(), c.cfg.RTOInit)
	switch {
	case c.ca.ssthresh < 2:
		return fmt.Errorf("slow start threshold %d", c.ca.ssthresh)
	case c.opt.wndUnheld && c.snd.wnd <= c.snd.maxWnd:
		return fmt.Errorf("window %d counts for none, the largest there was is %d", c.snd.wnd, c.snd.maxWnd)
	case c.snd.wnd > c.snd.maxWnd && !c.opt.wndUnheld:
		return fmt.Errorf("window %d, the largest ever is %d", c.snd.wnd, c.snd.maxWnd)
	case c.rtt.rto <= 0 || c.rtt.rto > most:
		return fmt.Errorf("time-out %d outside of 0 and %d", c.rtt.rto, most)
	case c.opt.rcvWScale > maxWScale || c.opt.sndWScale > maxWScale:
		return fmt.Errorf("windows scaled by %d and %d", c.opt.sndWScale, c.opt.rcvWScale)
	case c.ca.state == caOpen && c.q.leftOut() > 0:
		return fmt.Errorf("%d packets lost or SACKed, and congestion control sees none", c.q.leftOut())
	}
	return nil
}
