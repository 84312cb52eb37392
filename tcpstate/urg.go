package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// urgState is the receive side of urgent data (RFC 9293 section 3.8.5, RFC 6093).
type urgState struct {
	state urgPhase
	seq   Seq // of the urgent octet
}

type urgPhase uint8

const (
	urgNone   urgPhase = iota
	urgNotYet          // announced, the octet has not come (TCP_URG_NOTYET)
	urgValid           // it has come and was not read (TCP_URG_VALID)
	urgRead            // it was read
)

// Urgent is where the urgent octet lies, counted from the first octet not yet
// taken, and whether it is there to be read. ok is false when there is none.
func (c *Conn) Urgent() (off uint32, valid, ok bool) {
	if c.urg.state == urgNone || c.urg.seq.Less(c.rcv.copied) {
		return 0, false, false
	}
	return c.urg.seq.Since(c.rcv.copied), c.urg.state == urgValid, true
}

// UrgentTaken notes that the user read the urgent octet (tcp_recv_urg).
func (c *Conn) UrgentTaken() {
	if c.urg.state == urgValid {
		c.urg.state = urgRead
	}
}

// UrgentRead reports that the urgent octet was read as such (TCP_URG_READ).
func (c *Conn) UrgentRead() bool { return c.urg.state == urgRead }

// urgentPassed forgets the mark once reading has passed it.
func (c *Conn) urgentPassed() {
	if c.urg.state != urgNone && c.urg.seq.Less(c.rcv.copied) {
		c.urg = urgState{}
		c.predictOn()
	}
}

// urgentMode: there is urgent data that the peer has not acknowledged (tcp_urg_mode).
func (c *Conn) urgentMode() bool { return c.snd.una != c.snd.up }

// markUrgent sets URG and the pointer while urgent data is outstanding. Linux
// points behind the urgent octet, as RFC 6093 found all stacks do.
func (c *Conn) markUrgent(s *Segment) {
	if !c.urgentMode() || !s.Seq.Less(c.snd.up) {
		return
	}
	switch {
	case c.snd.up.Less(s.Seq.Add(0x10000)):
		s.Urg = uint16(c.snd.up.Since(s.Seq))
		s.Flags |= URG
	case s.Seq.Add(0xFFFF).Greater(c.snd.nxt):
		s.Urg = 0xFFFF
		s.Flags |= URG
	}
}

// urgentArrives is the sixth step, "check the URG bit" (tcp_urg, tcp_check_urg).
func (c *Conn) urgentArrives(s *Segment) {
	if s.Flags.Has(URG) {
		c.urgentPointer(s)
	}
	if c.urg.state != urgNotYet {
		return
	}
	first := s.Seq
	if s.Flags.Has(SYN) {
		first = first.Add(1)
	}
	// Linux counts from the header's first octet: a segment that begins shortly behind the place has one there, in its header.
	if hdr := s.HeaderLen(); c.urg.seq.Since(first)+hdr < hdr+s.Len {
		c.urg.state = urgValid
		if !c.orphan {
			c.tell(Readable, rule.UrgentData)
		}
	}
}

func (c *Conn) urgentPointer(s *Segment) {
	ptr := uint32(s.Urg)
	if ptr > 0 && !c.cfg.StdURG {
		ptr--
	}
	seq := s.Seq.Add(ptr)
	if c.rcv.copied.Greater(seq) || seq.Less(c.rcv.nxt) ||
		(c.urg.state != urgNone && !seq.Greater(c.urg.seq)) {
		return // seen already
	}
	if c.urg.state != urgNone && c.urg.seq == c.rcv.copied && !c.user.oobInline &&
		c.rcv.copied != c.rcv.nxt {
		c.rcv.copied = c.rcv.copied.Add(1) // the old urgent octet never joins the stream
		c.dropRead(1)
	}
	c.urg = urgState{state: urgNotYet, seq: seq}
	c.ack.pred.on = false
}
