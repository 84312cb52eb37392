package tcpstate

import "fmt"

// checkInOrder: the receive queue has no hole, ends at RCV.NXT and begins at
// what the user reads next. Buffers may overlap: Linux's out-of-order tree does
// not cut what it keeps.
func (c *Conn) checkInOrder() error {
	if !c.live() || c.state == SynSent {
		if c.mini && c.rq.ooo.Len() > 0 {
			return fmt.Errorf("timewait bucket with data out of order")
		}
		return nil
	}
	in := &c.rq.in
	for i := 1; i < in.Len(); i++ {
		a, b := in.At(i-1), in.At(i)
		if a.end.Less(b.seq) || b.end.LessEq(a.end) {
			return fmt.Errorf("receive queue: [%d,%d) follows [%d,%d)", b.seq, b.end, a.seq, a.end)
		}
	}
	if in.Len() == 0 {
		if c.rcv.copied != c.rcv.nxt {
			return fmt.Errorf("receive queue: empty, with octets from %d to %d to read", c.rcv.copied, c.rcv.nxt)
		}
		return c.checkPeerFin()
	}
	switch first, last := in.At(0), in.At(in.Len()-1); {
	case last.end != c.rcv.nxt:
		return fmt.Errorf("receive queue: ends at %d, RCV.NXT is %d", last.end, c.rcv.nxt)
	case first.seq.Greater(c.rcv.copied): // one that is read whole, but for an urgent octet, may be left
		return fmt.Errorf("receive queue: begins with [%d,%d), the user reads %d", first.seq, first.end, c.rcv.copied)
	case c.orphan && c.Readable() > 0: // what is behind it, a segment with the FIN may repeat
		return fmt.Errorf("octets that nobody will read")
	}
	return c.checkPeerFin()
}

// checkPeerFin: the states tell whether the peer's FIN was taken, after which
// nothing more is received.
func (c *Conn) checkPeerFin() error {
	switch {
	case c.finRcvd != c.state.in(bitCloseWait|bitLastAck|bitClosing):
		return fmt.Errorf("FIN of the peer taken: %v", c.finRcvd)
	case c.finRcvd && c.rq.ooo.Len() > 0:
		return fmt.Errorf("data out of order behind the FIN")
	case c.finRcvd && c.shut&ShutRead == 0:
		return fmt.Errorf("FIN of the peer taken, and the user is to wait for more")
	case c.rcv.wup.Greater(c.rcv.nxt):
		return fmt.Errorf("window shown for %d, RCV.NXT is %d", c.rcv.wup, c.rcv.nxt)
	}
	return nil
}

// checkBlocks: the SACK blocks that go with the next ACK tell of data above
// RCV.NXT, and of none twice.
func (c *Conn) checkBlocks() error {
	r := &c.rcv
	if r.nsacks > MaxSACK || r.nsacks > 0 && !c.opt.sack {
		return fmt.Errorf("%d SACK blocks", r.nsacks)
	}
	for i, a := range r.sacks[:r.nsacks] {
		if !a.Start.Less(a.End) || a.Start.LessEq(r.nxt) {
			return fmt.Errorf("SACK block [%d,%d), RCV.NXT is %d", a.Start, a.End, r.nxt)
		}
		for _, b := range r.sacks[:i] {
			if a.Start.LessEq(b.End) && b.Start.LessEq(a.End) {
				return fmt.Errorf("SACK blocks [%d,%d) and [%d,%d) are one", b.Start, b.End, a.Start, a.End)
			}
		}
	}
	return nil
}
