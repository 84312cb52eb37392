package main

// closeBugs are in how a connection ends.
var closeBugs = []file{
	{"tcpstate/arrive.go", []bug{
		{"options of a segment without flags read", "check left out", "", `c.state.in(bitSynSent) || s.Flags.Has(ACK|RST|SYN)`, `true`},
		{"time stamp read that the request of a Fast Open refuses", "order", "", `!c.fastPending()`, `true`},
		{"sum of a predicted header looked at", "check too strict", "", `s.Len == 0 || !in.BadSum`, `!in.BadSum`},
		{"data taken whose sum is wrong", "check left out", "", `s.Len == 0 || !in.BadSum`, `true`},
		{"failure to send a RST after half duplex close", "RFC 2525 2.16", "", `c.resetArrives(rule.AbortOnData)
			c.refuse(s, rule.AbortOnData)`, `c.resetArrives(rule.AbortOnData)`},
		{"data behind the FIN accepted", "RFC 9293 3.10.7.4", "", `s.Seq.GreaterEq(c.rcv.nxt)`, `false`},
		{"LAST-ACK ended by any ACK", "RFC 9293 3.10.7.4", "case LastAck:", `c.snd.una == c.snd.write`, `true`},
		{"CLOSING ended by any ACK", "RFC 9293 3.10.7.4", "case Closing:\n", `c.snd.una == c.snd.write`, `true`},
		{"FIN-WAIT-1 left by any ACK", "RFC 9293 3.10.7.4", "", `c.snd.una != c.snd.write || c.finAcked(s)`, `c.finAcked(s)`},
		{"bad ACK in SYN-RECEIVED not reset", "RFC 9293 3.10.7.4", "", `c.refuse(s, rule.SynReceivedBadAck)`, ``},
		{"header prediction takes a segment out of order", "check left out", "", `s.Seq == c.rcv.nxt`, `true`},
		{"header prediction takes an ACK of unsent data", "check left out", "", `s.Ack.LessEq(c.snd.nxt)`, `true`},
		{"header prediction takes old timestamps", "RFC 7323 5.3", "", `!c.arrived.ts || int32(c.arrived.val-c.opt.tsRecent) < 0`, `!c.arrived.ts`},
		{"segment without flags taken", "check left out", "", `!s.Flags.Has(ACK | RST | SYN)`, `false`},
	}},
	{"tcpstate/close.go", []bug{
		{"failure to RST on close with data pending", "RFC 2525 2.17", "", `c.Unread() > 0`, `false`},
		{"abort without a RST", "RFC 9293 3.10.5", "", `c.sendReset(rule.UserAbort)`, ``},
		{"window of a close's RST is short of what nobody read", "state left over", "func (c *Conn) abort", `how&ShutClose != 0`, `false`},
		{"window of a lingering FIN is short of what nobody read", "state left over", "func (c *Conn) shutdown(", `how&ShutClose != 0`, `false`},
		{"negative TCP_LINGER2 ignored", "check left out", "", `c.user.linger2 < 0`, `false`},
		{"FIN takes no sequence number", "off by one", "", `c.snd.write = c.snd.write.Add(1)`, ``},
		{"shutdown in CLOSE-WAIT sends no FIN", "check left out", "", `!c.state.in(bitEstablished|bitSynSent|bitCloseWait)`, `!c.state.in(bitEstablished|bitSynSent)`},
		{"orphan's FIN-WAIT-2 forgets its time", "check left out", "", `c.orphanFinWait2()`, ``},
	}},
	{"tcpstate/state.go", []bug{
		{"membership of states one bit off", "off by one", "", `set>>s&1 != 0`, `set>>(s+1)&1 != 0`},
	}},
}
