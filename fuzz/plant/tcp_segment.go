package main

// segmentBugs are in what arrives first meets: sequence numbers, RST, SYN, PAWS.
var segmentBugs = []file{
	{"tcpstate/seq.go", []bug{
		{"sequence numbers compared without the wrap, before", "wrap", "", `int32(s-t) < 0`, `s < t`},
		{"sequence numbers compared without the wrap, after", "wrap", "", `int32(s-t) > 0`, `s > t`},
		{"sequence numbers compared without the wrap, between", "wrap", "", `hi.Since(lo) >= s.Since(lo)`, `s >= lo && s <= hi`},
	}},
	{"tcpstate/validate.go", []bug{
		{"segment that ends at the last ACK refused", "edge", "", `end.Less(c.rcv.wup)`, `end.LessEq(c.rcv.wup)`},
		{"segment that ends with the window taken for longer", "edge", "", `!end.Greater(limit)`, `end.Less(limit)`},
		{"segment one beyond the window accepted", "edge", "", `s.Seq.Greater(limit)`, `s.Seq.Greater(limit.Add(1))`},
		{"FIN right behind the window refused", "edge", "", `s.Flags.Has(FIN) && !end.Sub(1).Greater(limit)`, `false`},
		{"RST anywhere in the window honoured", "RFC 5961 3.2", "", `s.Seq == c.rcv.nxt || c.resetAfterFin(s) || c.resetAtSACK(s)`, `true`},
		{"RST out of the window honoured", "RFC 9293 3.10.7.4", "",
			`if why := c.sequenceOK(s); why != 0 {
		c.unacceptable(s, why)
		return false
	}`, `if why := c.sequenceOK(s); why != 0 {
		if s.Flags.Has(RST) {
			c.resetArrives(rule.ResetReceived)
		} else {
			c.unacceptable(s, why)
		}
		return false
	}`},
		{"RST at the edge of what SACK told ignored", "RFC 5961 3.2", "", `s.Seq == edge`, `false`},
		{"only the first SACK block looked at for a RST", "edge", "", `edge = maxSeq(edge, r.End)`, `edge = r.End`},
		{"SYN in the window resets", "RFC 5961 4.2", "", `c.challengeAck(rule.ChallengeAckSyn)`, `c.resetArrives(rule.ResetReceived)`},
		{"no PAWS", "RFC 7323 5.3", "", `c.arrived.ts && !c.pawsOK(1)`, `false`},
		{"timestamps compared without the wrap", "wrap", "", `int32(c.opt.tsRecent-c.arrived.val) <= win`, `c.opt.tsRecent <= c.arrived.val+uint32(win)`},
		{"TS.Recent taken from any segment", "RFC 7323 4.3", "", `seq.LessEq(c.rcv.wup)`, `true`},
		{"crossed SYN,ACK not recognised", "check left out", "if c.crossedSynAck(s) {", `c.crossedSynAck(s)`, `false`},
		{"CLOSE-WAIT reset as ECONNRESET", "errno", "", `err = EPIPE`, `err = ECONNRESET`},
	}},
	{"tcpstate/reset.go", []bug{
		{"RST answered by a RST", "RFC 9293 3.10.7.1", "", `if seg.Flags.Has(RST) {
		return Segment{}, false
	}`, ``},
		{"RST for a SYN acknowledges too little", "off by one", "", `seg.Seq.Add(seg.SeqLen())`, `seg.Seq.Add(seg.Len)`},
	}},
	{"tcpstate/delack.go", []bug{
		{"answers to bad segments at no bounded rate", "RFC 5961 7", "", `c.since(c.ack.lastOOW) < c.cfg.InvalidRatelimit`, `false`},
		{"stretch ACK violation", "RFC 2525 2.13", "", `c.rcv.nxt.Since(c.rcv.wup) > c.ack.rcvMSS`, `c.rcv.nxt.Since(c.rcv.wup) > 3*c.ack.rcvMSS`},
		{"ACK delayed beyond 500 ms", "RFC 9293 3.8.6.3", "", `c.timers.delack = at`, `c.timers.delack = c.now.Add(600 * Millisecond)`},
		{"ACK of what waited for a call put off no further", "check left out", "", `why != 0 && c.backlog() > 0 && c.cfg.BacklogAckDefer`, `false`},
		{"ACK put off whatever tcp_backlog_ack_defer says", "check left out", "", `why != 0 && c.backlog() > 0 && c.cfg.BacklogAckDefer`, `why != 0 && c.backlog() > 0`},
		{"duplicate ACK put off", "RFC 5681 4.2", "", `!oooPossible || c.rq.ooo.Len() == 0`, `true`},
		{"interactive mode never left", "check left out", "", `c.ack.pingpongs, c.ack.ato = 0, atoMin`, ``},
	}},
	{"tcpstate/ecn.go", []bug{
		{"mark of a peer without ECN not seen", "check left out", "func (c *Conn) ecnReceived", `s.ECN != NotECT && !c.ecn.on`, `false`},
		{"ECN flags of a SYN kept in its SYN-ACK", "check left out", "func (c *Conn) ecnSendSynAck", `!c.ecn.on`, `false`},
	}},
}
