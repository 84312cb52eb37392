package tcpstate

import (
	"fmt"

	"github.com/sockspec/sockspec/queue"
)

// Check reports the first invariant that the endpoint breaks, nil if none:
// what must hold after every step, whatever peer and user do.
func (c *Conn) Check() error {
	for _, f := range [...]func() error{
		c.checkSequence, c.checkQueue, c.checkReceive, c.checkTimers, // in this file
		c.checkStream, c.checkRates, // check_send.go
		c.checkDeadlines, c.checkExclusive, // check_wait.go
		c.checkInOrder, c.checkBlocks, // check_receive.go
	} {
		if err := f(); err != nil {
			return fmt.Errorf("%v in %v", err, c.state)
		}
	}
	return nil
}

func (c *Conn) checkSequence() error {
	s := &c.snd
	switch {
	case c.stat.badEdge:
		return fmt.Errorf("a change of state was refused")
	case !s.una.LessEq(s.nxt) && !c.mini:
		return fmt.Errorf("SND.UNA %d beyond SND.NXT %d", s.una, s.nxt)
	case !s.nxt.LessEq(s.write):
		return fmt.Errorf("SND.NXT %d beyond the last octet written %d", s.nxt, s.write)
	case !c.mini && !c.ca.algo.known():
		return fmt.Errorf("congestion control algorithm %d", c.ca.algo)
	case c.ca.cwnd == 0:
		return fmt.Errorf("congestion window 0")
	case c.state != Closed && c.rcv.copied.Greater(c.rcv.nxt):
		return fmt.Errorf("more read than received")
	}
	return nil
}

func (c *Conn) checkQueue() error {
	var out, sacked, lost, retrans uint32
	var bytes int32
	q := &c.q
	for i := range q.list.Len() {
		b := q.at(i)
		if i > 0 && q.at(i-1).end != b.seq {
			return fmt.Errorf("send queue torn at %d", b.seq)
		}
		bytes += b.true
		if i >= q.head {
			continue
		}
		n := uint32(b.pcount)
		out += n
		if b.tags&tagSacked != 0 {
			sacked += n
		}
		if b.tags&tagLost != 0 {
			lost += n
		}
		if b.tags&tagRetrans != 0 {
			retrans += n
		}
		if b.tags&tagSacked != 0 && b.tags&tagLost != 0 {
			return fmt.Errorf("buffer %d both SACKed and lost", b.seq)
		}
	}
	switch {
	case out != q.packetsOut:
		return fmt.Errorf("packets out: counted %d, kept %d", out, q.packetsOut)
	case bytes != c.snd.queued:
		return fmt.Errorf("send buffer: counted %d, kept %d", bytes, c.snd.queued)
	case c.state == Closed: // the other counts outlive what they counted: see purgeSendQueue
	case c.opt.sack && sacked != q.sackedOut:
		return fmt.Errorf("packets SACKed: counted %d, kept %d", sacked, q.sackedOut)
	case lost != q.lostOut:
		return fmt.Errorf("packets lost: counted %d, kept %d", lost, q.lostOut)
	case retrans > q.retransOut: // Linux counts some twice: see afterClean
		return fmt.Errorf("packets retransmitted: counted %d, kept %d", retrans, q.retransOut)
	case q.leftOut() > q.packetsOut:
		return fmt.Errorf("more packets left the network (%d) than were sent (%d)", q.leftOut(), q.packetsOut)
	}
	return nil
}

func (c *Conn) checkReceive() error {
	var bytes int32
	for i := range c.rq.in.Len() {
		bytes += c.rq.in.At(i).true
	}
	ooo := &c.rq.ooo
	if err := ooo.Check(); err != nil {
		return fmt.Errorf("out-of-order %v", err)
	}
	for n := ooo.First(); n != queue.None; n = ooo.Next(n) {
		b, prev := ooo.At(n), ooo.At(ooo.Prev(n))
		bytes += b.true
		if b.seq.LessEq(c.rcv.nxt) {
			return fmt.Errorf("out-of-order data at %d, RCV.NXT is %d", b.seq, c.rcv.nxt)
		}
		if prev != nil && b.seq.Less(prev.seq) { // the same where it was repacked up to a FIN: see collapse
			return fmt.Errorf("out-of-order queue not sorted at %d", b.seq)
		}
		if readBefore(ooo, n).Greater(b.end) != b.under {
			return fmt.Errorf("an earlier out-of-order buffer reaches beyond [%d,%d): %v", b.seq, b.end, !b.under)
		}
	}
	if bytes != c.rcv.rmem {
		return fmt.Errorf("receive buffer: counted %d, kept %d", bytes, c.rcv.rmem)
	}
	if c.rcv.nsacks > 0 && c.rq.ooo.Len() == 0 {
		return fmt.Errorf("%d SACK blocks for no data", c.rcv.nsacks)
	}
	return nil
}

// checkTimers: whatever waits for the peer has a timer that ends the wait.
func (c *Conn) checkTimers() error {
	t := &c.timers
	switch {
	case c.mini:
		if t.wait == never {
			return fmt.Errorf("timewait bucket without a timer")
		}
	case c.state == Closed:
		if _, ok := t.next(); ok {
			return fmt.Errorf("timer armed")
		}
	case (t.kind == xmitNone) != (t.xmit == never):
		return fmt.Errorf("retransmission timer of kind %d at %d", t.kind, t.xmit)
	case c.q.packetsOut > 0 && t.xmit == never:
		return fmt.Errorf("%d packets in flight and no retransmission timer", c.q.packetsOut)
	case c.fastPending() && (!c.state.in(bitSynReceived|bitFinWait1) || t.kind != xmitRTO):
		return fmt.Errorf("SYN-ACK of a Fast Open unacknowledged, timer of kind %d", t.kind)
	case c.ack.pending&ackTimer != 0 && t.delack == never:
		return fmt.Errorf("delayed ACK without a timer")
	}
	return nil
}
