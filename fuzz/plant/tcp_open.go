package main

// handshakeBugs are in how a connection begins.
var handshakeBugs = []file{
	{"tcpstate/connect.go", []bug{
		{"connection begins with the ECN field of the one before", "state left over", "", `c.snd.marked = false`, ``},
		{"no initial slow start", "RFC 2525 2.1", "", `c.ca.cwnd, c.ca.ssthresh = c.cfg.InitCwnd, infiniteSSThresh`, `c.ca.cwnd, c.ca.ssthresh = 1<<10, infiniteSSThresh`},
		{"uninitialized CWND", "RFC 2525 2.3", "", `c.cubicReset()`, `c.cubicReset()
	if c.opt.mssClamp == defaultMSS { // the peer told none
		c.ca.cwnd = 1 << 16
	}`},
		{"initial RTO too low", "RFC 2525 2.7", "", `c.rtt.rto = c.cfg.RTOInit`, `c.rtt.rto = c.cfg.RTOInit / 5`},
		{"SYN-SENT takes an ACK of nothing", "edge", "", `!s.Ack.Greater(c.snd.una) || s.Ack.Greater(c.snd.nxt)`, `s.Ack.Greater(c.snd.nxt)`},
		{"SYN-SENT takes an ACK of unsent data", "edge", "", `!s.Ack.Greater(c.snd.una) || s.Ack.Greater(c.snd.nxt)`, `!s.Ack.Greater(c.snd.una)`},
		{"RST without ACK ends a connect", "RFC 9293 3.10.7.3", "", `c.drop(rule.ResetReceived)`, `c.resetArrives(rule.ResetReceived)`},
		{"window scale beyond 14", "RFC 7323 2.3", "", `min(o.WScale, 14)`, `o.WScale`},
		{"window of the SYN,ACK scaled", "RFC 7323 2.2", "func (c *Conn) synAckArrives", `c.snd.wnd = uint32(s.Wnd)`, `c.snd.wnd = uint32(s.Wnd) << c.opt.sndWScale`},
		{"scale used although the peer offers none", "RFC 7323 1.3", "", `c.cfg.WindowScaling && o.Has(OptWScale)`, `c.cfg.WindowScaling`},
		{"initial window kept after lost SYNs", "RFC 5681 3.1", "", `c.ca.cwnd = 1`, ``},
		{"lost SYNs undone by what tells of them later", "state left over", "", `c.ca.stamp, c.ca.priorSS = c.now, 0`, `c.ca.stamp = c.now`},
		{"write after a connect waits for nothing", "lost wake-up", "", `c.tell(Writable, rule.SynAckReceived)`, ``},
	}},
	{"tcpstate/passive.go", []bug{
		{"timestamp of the segment that makes a connection not taken", "state left over", "", `c.opt.tsRecent = seg.Opts.TSVal`, ``},
		{"time-outs of a SYN-ACK are no episode", "state left over", "", `c.stat.totalRTO, c.stat.rtoRecoveries = uint16(r.NumTimeout), 1`, `c.stat.totalRTO = uint16(r.NumTimeout)`},
		{"window of the last ACK not known to the MSS", "order", "", `c.snd.maxWnd = c.snd.wnd`, ``},
		{"window of the third segment not scaled", "RFC 7323 2.2", "", `c.snd.wnd = uint32(s.Wnd) << c.opt.sndWScale`, `c.snd.wnd = uint32(s.Wnd)`},
		{"round trip of a SYN,ACK sent twice measured", "RFC 6298 3", "", `r.NumRetrans == 0`, `true`},
	}},
	{"tcpstate/request.go", []bug{
		{"request takes data right behind its window", "edge", "", `seg.Seq == hi && seg.SeqLen() == 0`, `seg.Seq == hi`},
		{"request takes any ACK", "RFC 9293 3.10.7.4", "", `seg.Ack != r.ISS.Add(1)`, `false`},
		{"RST in the window ends a request", "RFC 5961 3.2", "", `flags.Has(RST) && seg.Seq != r.RcvNxt() && !l.cfg().Requests.Lax`, `false`},
		{"SYN again makes no SYN,ACK", "check left out", "", `seg.Seq == r.IRS && flags == SYN && !paws`, `false`},
		{"tcp_abort_on_overflow ignored", "check left out", "", `!l.cfg().AbortOnOverflow`, `true`},
		{"TCP_DEFER_ACCEPT ignored", "check left out", "", `r.defers(l) && seg.End() == r.RcvNxt()`, `false`},
		{"timestamp that was never sent taken for an echo", "RFC 7323 5.3", "", `!Seq(e).Between(Seq(r.TSFirst), Seq(r.TSLast))`, `false`},
	}},
	{"tcpstate/listen.go", []bug{
		{"SYN-ACK again with the MSS of the first", "stale value", "func (r *Request) timeout", `l.advMSS()`, `r.AdvMSS`},
		{"SYN,ACK one time too many", "off by one", "", `r.NumTimeout >= l.retries()`, `r.NumTimeout > l.retries()`},
		{"SYN,ACKs at even distance", "RFC 6298 5.5", "", `l.cfg().RTOInit<<shift`, `l.cfg().RTOInit`},
		{"SYN with FIN makes a request", "check left out", "", `seg.Flags.Has(FIN)`, `false`},
		{"ACK at a listener not reset", "RFC 9293 3.10.7.2", "", `return ListenResets, rule.ListenACK`, `return ListenDrops, rule.ListenACK`},
		{"old requests keep their place in a crowd", "check left out", "", `!l.Crowded`, `true`},
		{"MSS of the SYN forgotten", "RFC 9293 3.7.1", "", `r.MSS = o.MSS`, ``},
	}},
	{"tcpstate/fastchild.go", []bug{
		{"SYN-ACK again of a connection with the MSS of the first", "stale value", "", `p.advMSS()`, `r.AdvMSS`},
		{"RST with data challenged each time", "edge", "", `c.fastAck(in.Now, r.limited(&l, in.Now), rule.RequestChallenge, SkippedChallenge)`, `c.fastAck(in.Now, r.oowLimited(&l, in), rule.RequestChallenge, SkippedChallenge)`},
	}},
	{"tcpstate/cookie.go", []bug{
		{"cookie's ECN not asked again", "check left out", "", `l.cfg().ECN != 0`, `true`},
	}},
}
