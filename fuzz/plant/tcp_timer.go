package main

// timerBugs are in what time does to a connection.
var timerBugs = []file{
	{"tcpstate/timer.go", []bug{
		{"failure to back off retransmission time-out", "RFC 2525 2.10", "", `c.rtt.rto = min(c.rtt.rto<<1, c.rtoMax())`, ``},
		{"retransmission sends multiple packets", "RFC 2525 2.14", "why = rule.SynRetransmit", `c.retransmit(0, 1, why)`,
			`c.retransmit(0, 1, why)
	c.ca.cwnd += 3
	c.retransmitQueue(why)`},
		{"TCP_USER_TIMEOUT does not shorten a time-out", "check left out", "", `c.user.userTimeout == 0`, `true`},
	}},
	{"tcpstate/timers.go", []bug{
		{"time-out beyond its bound", "RFC 6298 2.5", "", `in = min(c.aTick(in), c.rtoMax())`, `in = c.aTick(in)`},
		{"latest deadline told for the earliest", "edge", "", `d < best`, `d > best`},
		{"timer fires early", "off by one", "", `t > c.now`, `t > c.now.Add(Millisecond)`},
	}},
	{"tcpstate/giveup.go", []bug{
		{"one SYN too many", "off by one", "", `uint16(c.ca.retransmits) >= most`, `uint16(c.ca.retransmits) > most`},
		{"orphan tries as long as a socket", "check left out", "", `retries = c.orphanRetries(c.rtt.rto < c.rtoMax())`, ``},
		{"gives up one time-out late", "off by one", "", `(2<<doublings-1)*base + Duration(tries-doublings)*most`, `(2<<doublings-1)*base + Duration(tries-doublings+1)*most`},
	}},
	{"tcpstate/rtt.go", []bug{
		{"time-out without the variance", "RFC 6298 2.3", "", `Duration(c.rtt.srtt>>3) + Duration(c.rtt.rttvar)`, `Duration(c.rtt.srtt >> 3)`},
		{"round trip over loopback of no time", "edge", "", `max(seqUs, 1)`, `seqUs`},
		{"least round trip over loopback of a tick", "edge", "", `caUs == 0`, `false`},
		{"first variance too small", "RFC 6298 2.2", "", `uint32(m << 1)`, `uint32(m)`},
		{"back-off not ended by a sample", "RFC 6298 5.7", "", `c.rtt.backoff = 0`, ``},
		{"falling round trip inflates the variance", "check left out", "", `m >>= 3`, ``},
		{"time-out left running with nothing in flight", "RFC 6298 5.2", "", `c.clearXmit()`, ``},
		{"timestamp's round trip without the wrap", "wrap", "", `delta >= 1<<31/1000`, `tsClock(c.now) < c.arrived.ecr`},
	}},
	{"tcpstate/keepalive.go", []bug{
		{"excessively short keepalive connection time-out", "RFC 2525 2.9", "", `c.ca.probes >= c.keepCount()`, `c.ca.probes >= 1`},
		{"insufficient interval between keepalives", "RFC 2525 2.11", "", `c.armKeep(c.keepInterval())`, `c.armKeep(c.keepInterval() / 75)`},
		{"keepalive probes a peer that speaks", "RFC 9293 3.8.4", "", `quiet < idle`, `false`},
	}},
	{"tcpstate/persist.go", []bug{
		{"window probes do not back off", "RFC 9293 3.8.6.1", "", `min(c.rtt.backoff, doublings)`, `0`},
		{"window probe that needs no answer", "RFC 9293 3.8.6.1", "", `c.emit(c.snd.una.Sub(1), 0, ACK, 1, why)`, `c.emit(c.snd.una, 0, ACK, 1, why)`},
		{"one window probe only", "RFC 2525 2.12", "", `c.armXmit(xmitProbe, c.probeClamp(c.probeWhen()))`, ``},
		{"window probes for ever", "check left out", "", `c.ca.probes >= most`, `false`},
	}},
	{"tcpstate/tlp.go", []bug{
		{"tail loss probe after tail loss probe", "RFC 8985 7.3", "", `!c.ca.tlpOn && c.probeTail()`, `c.probeTail()`},
		{"tail loss probe before a delayed ACK", "RFC 8985 7.2", "", `in += c.rtoMin()`, ``},
	}},
	{"tcpstate/timewait.go", []bug{
		{"bucket of a connection without timestamps echoes none", "check too strict", "", `c.opt.tsRecent != 0`, `c.opt.ts && c.opt.tsRecent != 0`},
		{"TIME-WAIT cut short", "RFC 9293 3.6.1", "", `wait = c.cfg.TimeWaitLen`, `wait = c.cfg.TimeWaitLen / 2`},
		{"TIME-WAIT not restarted by the peer's FIN", "RFC 9293 3.10.7.4", "", `paws || s.Flags.Has(ACK)`, `false`},
		{"TIME-WAIT after an orphan's FIN-WAIT-2 cut short", "RFC 9293 3.6.1", "c.timers.since = tsClock(c.now)\n\t\t}", `c.timers.wait = c.now.Add(c.cfg.TimeWaitLen)`, ``},
		{"tcp_rfc1337 ignored", "RFC 1337", "", `!c.cfg.RFC1337`, `true`},
		{"TIME-WAIT gives way to its own last SYN", "RFC 6191", "", `s.Seq.Greater(c.rcv.nxt)`, `s.Seq.GreaterEq(c.rcv.nxt)`},
		{"TIME-WAIT gives way to any SYN", "RFC 9293 3.6.1", "", `s.Seq.Greater(c.rcv.nxt)`, `true`},
		{"FIN-WAIT-2 of an orphan takes data", "RFC 2525 2.16", "end != c.rcv.nxt.Add(1):", `c.miniReset(s)`, `c.drop(rule.OldAck)`},
	}},
}
