package main

// ackBugs are in what an ACK does, and in congestion control.
var ackBugs = []file{
	{"tcpstate/ack.go", []bug{
		{"ACK of unsent data accepted", "RFC 9293 3.10.7.4", "", `s.Ack.Greater(c.snd.nxt)`, `false`},
		{"ACK of all that was sent refused", "edge", "", `s.Ack.Greater(c.snd.nxt)`, `s.Ack.GreaterEq(c.snd.nxt)`},
		{"repeated ACK taken for an old one", "edge", "", `s.Ack.Less(c.snd.una)`, `s.Ack.LessEq(c.snd.una)`},
		{"very old ACK not challenged", "RFC 5961 5.2", "", `s.Ack.Less(c.snd.una.Sub(reach))`, `false`},
		{"window taken from an old segment", "RFC 9293 3.10.7.4", "", `seq.Greater(c.snd.wl1)`, `true`},
		{"window shrinks by a repeated ACK", "check left out", "", `(seq == c.snd.wl1 && (wnd > c.snd.wnd || wnd == 0))`, `seq == c.snd.wl1`},
		{"peer's window not scaled", "RFC 7323 2.2", "", `wnd <<= c.opt.sndWScale`, ``},
		{"window update counted as a duplicate ACK", "RFC 5681 2", "", `flag&(flagUnaAdvanced|flagNotDup|flagDSACKing) != 0`, `flag&flagUnaAdvanced != 0`},
		{"unanswered probes never forgotten", "state left over", "", `c.ca.probes = 0`, ``},
		{"time-outs in a row never forgotten", "state left over", "", `c.ca.retransmits = 0`, ``},
		{"window probe deadlock", "RFC 2525 2.12", "", `c.armXmit(xmitProbe, c.probeClamp(c.probeWhen()))`, `c.clearXmit()`},
	}},
	{"tcpstate/clean.go", []bug{
		{"round trip of a retransmission measured", "RFC 6298 3", "", `d.first != never && r.flag&flagRetransAcked == 0`, `d.first != never`},
		{"FIN given back as an octet", "off by one", "", `c.stat.finSent && c.snd.una == c.snd.write`, `false`},
		{"partly acknowledged buffer let go", "edge", "", `b.end.LessEq(c.snd.una)`, `true`},
	}},
	{"tcpstate/cong.go", []bug{
		{"another algorithm may still undo", "state left over", "", `algo != c.ca.algo`, `false`},
		{"extra additive constant in congestion avoidance", "RFC 2525 2.6", "", `a.cwnd += d`, `a.cwnd += d + 1`},
		{"failure of window deflation after loss recovery", "RFC 2525 2.8", "", `c.ca.cwnd = c.ca.ssthresh`, `c.ca.cwnd = c.ca.priorCwnd`},
		{"window not brought to ssthresh after recovery", "RFC 6937", "", `c.ca.cwnd = c.ca.ssthresh`, ``},
		{"slow start at ssthresh", "edge", "", `a.cwnd < a.ssthresh`, `a.cwnd <= a.ssthresh`},
		{"window not halved", "RFC 5681 3.1", "", `max(c.ca.cwnd>>1, 2)`, `c.ca.cwnd`},
		{"window not restarted after idle", "RFC 5681 4.1", "", `idle <= c.rtt.rto`, `true`},
		{"recovery sends as much as arrives, and more", "RFC 6937", "", `send = min(delta, send)`, ``},
		{"slow start beyond ssthresh", "edge", "", `min(a.cwnd+acked, a.ssthresh)`, `a.cwnd+acked`},
	}},
	{"tcpstate/undo.go", []bug{
		{"every reduction undone", "RFC 3522", "", `c.ca.undoRetrans == 0 || c.packetDelayed()`, `true`},
	}},
	{"tcpstate/loss.go", []bug{
		{"tcp_reordering has more than eight bits", "overflow", "", `uint32(uint8(c.cfg.Reordering))`, `c.cfg.Reordering`},
		{"no slow start after retransmission time-out", "RFC 2525 2.2", "", `a.cwnd = c.q.inFlight() + 1`, ``},
		{"second time-out halves again", "RFC 5681 3.1", "", `(a.state == caLoss && a.retransmits == 0)`, `a.state == caLoss`},
	}},
	{"tcpstate/rack.go", []bug{
		{"RACK's round trip over loopback of no time", "edge", "", `rtt = max(rtt, 1)`, ``},
		{"what is missing over loopback waits for a round trip", "edge", "", `took = max(took, 1)`, ``},
		{"all that was sent at one microsecond late at once", "edge", "", `late == 0 && wnd == 0 && b.turn > c.q.turns.measured`, `false`},
	}},
	{"tcpstate/left.go", []bug{
		{"children begin without the marks of an earlier connection", "state left over", "", `c.ecn, c.rcv.scaling = l.ecn, l.share()`, `c.rcv.scaling = l.share()`},
		{"least round trip lost by a disconnect", "state left over", "", `c.rtt.minima = l.minima`, ``},
		{"degree of reordering lost by a disconnect", "state left over", "", `c.ca.reordering = l.Reordering`, ``},
		{"last window lost by a disconnect", "state left over", "", `c.rack.rttUs, c.rcv.wnd, c.rcv.space = l.rackRTT, l.rcvWnd, l.rcvSpace`, `c.rack.rttUs, c.rcv.space = l.rackRTT, l.rcvSpace`},
	}},
	{"tcpstate/recovery.go", []bug{
		{"congestion window restored by an ACK within recovery", "check left out", "", `c.snd.una.GreaterEq(a.highSeq) && c.episodeOver()`, `c.episodeOver()`},
		{"fast retransmit without reduction", "RFC 5681 3.2", "", `c.beginReduction()`, ``},
	}},
	{"tcpstate/sack.go", []bug{
		{"stale SACK mark without SACK", "stale value", "func (c *Conn) highestSACK", `c.opt.sack`, `true`},
		{"SACK block beyond what was sent accepted", "edge", "", `b.End.Greater(c.snd.nxt) || !b.Start.Less(b.End) || !b.Start.Less(c.snd.nxt)`, `!b.Start.Less(b.End)`},
		{"buffer SACKed that the block covers in part", "edge", "", `b.Start.LessEq(f.seq) && b.End.GreaterEq(f.end)`, `b.End.GreaterEq(f.end)`},
		{"FIN SACKed with its data", "off by one", "", `n >= f.len() && !in`, `n >= f.len()`},
	}},
	{"tcpstate/sackwalk.go", []bug{
		{"D-SACK below the first buffer finds it", "check left out", "", `c.q.head > 0 && seq.Less(c.q.at(0).seq)`, `false`},
	}},
	{"tcpstate/sendq.go", []bug{
		{"what was sent is cut however much is queued", "check left out", "", `int64(c.snd.queued)>>1 <= int64(c.snd.sndbuf)+spare || i <= 0 || i >= c.q.head-1`, `true`},
	}},
}
