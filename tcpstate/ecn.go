package tcpstate

// ecnState is explicit congestion notification as RFC 3168 has it.
type ecnState struct {
	on        bool // our SYN asked, and later: both ends agreed
	seen      bool // the peer marks its packets
	queueCWR  bool // the next new data tells that the window was reduced
	demandCWR bool // echo congestion until the peer says CWR
}

// ecnOpen asks for ECN on a SYN (tcp_ecn_send_syn).
func (c *Conn) ecnOpen(b *buffer) {
	c.ecn = ecnState{}
	if c.cfg.ECN == 1 {
		b.flags |= ECE | CWR
		c.ecn.on = true
	}
}

// ecnSynAck takes the peer's answer (tcp_ecn_rcv_synack).
func (c *Conn) ecnSynAck(s *Segment) {
	c.ecn.on = c.ecn.on && s.Flags&(ECE|CWR) == ECE
}

// ecnSyn takes a crossed SYN (tcp_ecn_rcv_syn).
func (c *Conn) ecnSyn(s *Segment) { c.ecn.on = c.ecn.on && s.Flags&(ECE|CWR) == ECE|CWR }

// ecnSendSynAck makes of the flags of a SYN those of a SYN-ACK (tcp_ecn_send_synack).
func (c *Conn) ecnSendSynAck(b *buffer) {
	b.flags &^= CWR
	if !c.ecn.on {
		b.flags &^= ECE
	}
}

// ecnSend marks an outgoing segment but a SYN (tcp_ecn_send): new data is
// ECN-capable. Without ECN the field stays what it was.
func (c *Conn) ecnSend(s *Segment) {
	if !c.ecn.on {
		return
	}
	c.snd.marked = s.Len > 0 && s.Seq.GreaterEq(c.snd.nxt)
	if c.snd.marked && c.ecn.queueCWR {
		c.ecn.queueCWR = false
		s.Flags |= CWR
	}
	if c.ecn.demandCWR {
		s.Flags |= ECE
	}
}

// LatestECN is the ECN field of the latest segment, and of the next one if nothing
// says otherwise: also of the SYN of a socket that had a connection before. A
// timewait bucket goes on like that where it answers in time (tcp_v4_timewait_ack).
func (c *Conn) LatestECN() ECN {
	if c.snd.marked {
		return ECT0
	}
	return NotECT
}

// ecnQueueCWR: the window was reduced; say so (tcp_ecn_queue_cwr).
func (c *Conn) ecnQueueCWR() { c.ecn.queueCWR = c.ecn.on }

// ecnAcceptCWR ends the echo (tcp_ecn_accept_cwr).
func (c *Conn) ecnAcceptCWR(s *Segment) {
	if !s.Flags.Has(CWR) || !c.ecn.on {
		return
	}
	c.ecn.demandCWR = false
	if s.SeqLen() > 0 {
		c.ack.pending |= ackNow // if it was lost, the sender must hear soon
	}
}

// ecnReceived notes a mark of a peer's with whom ECN was not agreed on (tcp_ecn_received_counters).
func (c *Conn) ecnReceived(s *Segment) { c.ecn.seen = c.ecn.seen || s.ECN != NotECT && !c.ecn.on }

// ecnData looks at the mark of arriving data (tcp_data_ecn_check).
func (c *Conn) ecnData(s *Segment) {
	if !c.ecn.on {
		return
	}
	switch s.ECN {
	case NotECT:
		if c.ecn.seen {
			c.enterQuickAck(2) // probably a retransmission
		}
	case CE:
		if !c.ecn.demandCWR {
			c.enterQuickAck(2)
			c.ecn.demandCWR = true
		}
		c.ecn.seen = true
	default:
		c.ecn.seen = true
	}
}
