package main

// listenBugs are in a listener's queues, in who gets a segment, and in ports.
var listenBugs = []file{
	{"sock/listen.go", []bug{
		{"SYN-ACK without its listener's ECN field", "state lost", "", `s.opt.latestECN()`, `tcpstate.NotECT`},
		{"bad ACK of a request not asked for its TTL", "check left out", "r.Disowns", `h.fromAfar(s, p)`, `false`},
		{"SYN to a broadcast address answered", "check left out", "", `k == addrBroadcast || k == addrMulticast`, `false`},
		{"accept queue off by one, short", "HQ", "", `uint32(l.accept.Len()) > l.backlog`, `uint32(l.accept.Len()) >= l.backlog`},
		{"accept queue off by one, long", "HQ", "", `uint32(l.accept.Len()) > l.backlog`, `uint32(l.accept.Len()) > l.backlog+1`},
		{"SYN taken although the accept queue is full", "HQ", "", `l.acceptFull() && s.syn.young >= h.queueRules().YoungRoom`, `false`},
		{"connection made although the accept queue is full", "HQ", "", `s.lst.acceptFull()`, `false`},
		{"last quarter of the SYN queue off by one", "off by one", "", `limit-int64(s.syn.len) < limit>>2`, `limit-int64(s.syn.len) <= limit>>2`},
		{"two listeners on one port", "bind conflict", "", `!s.prot.getPort(h, s, s.num)`, `false`},
		{"listener's close forgets connections without a RST", "HQ", "", `h.forgetChild(c)`, ``},
		{"second listen leaves the backlog", "check left out", "if s.lst != nil {", `s.lst.setBacklog(backlog)`, ``},
		{"finished request kept", "leak", "if gone {", `h.dropRequest(f)`, ``},
	}},
	{"sock/queuerules.go", []bug{
		{"SYN queue off by one", "off by one", "", `s.syn.len > s.lst.backlog`, `s.syn.len >= s.lst.backlog`},
		{"half full SYN queue not crowded", "edge", "", `uint64(s.syn.len)*2 > uint64(max(8, s.lst.backlog))`, `uint64(s.syn.len) > uint64(max(8, s.lst.backlog))`},
	}},
	{"sock/requests.go", []bug{
		{"young requests never grow old", "count", "func (h *Host) stepRequest", `s.syn.young--`, ``},
		{"SYN queue's length never falls", "count", "", `s.syn.len--`, ``},
	}},
	{"sock/demux.go", []bug{
		{"timewait bucket of FIN-WAIT-2 asked for its filter", "check too strict", "", `!s.conn.Waits()`, `s.conn.State() != tcpstate.TimeWait`},
		{"SYN in TIME-WAIT not asked for its TTL", "check left out", "", `h.fromAfar(l, p)`, `false`},
		{"segment for a listener answered whose sum is wrong", "check left out", "func (h *Host) listenSegment(", `p.BadSum`, `false`},
		{"segment for nobody not reset", "RFC 9293 3.10.7.1", "", `h.resetFor(nil, p, rule.NoSocket)`, ``},
		{"ACK at a listener not answered", "RFC 9293 3.10.7.2", "", `h.resetFor(s, p, why)`, ``},
		{"TIME-WAIT's successor numbered like any", "RFC 9293 3.6.1", "", `isnChoice{true, tcpstate.Seq(isn)}`, `isnChoice{}`},
	}},
	{"sock/listeners.go", []bug{
		{"later listener of equal score preferred", "edge", "", `n <= score`, `n < score || n == 0`},
		{"listener of the any-address preferred", "order", "", `[...]netip.Addr{to, any}`, `[...]netip.Addr{any, to}`},
	}},
	{"sock/bind.go", []bug{
		{"device of one socket keeps all others apart", "bind conflict", "", `d != 0 && e != 0 && d != e`, `d != e`},
		{"SO_REUSEPORT shares with another user", "bind conflict", "", `s.uid == o.uid`, `true`},
		{"any-address not in the way of one address", "bind conflict", "", `a.addr == key || a.meansAny(rcv)`, `a.addr == key`},
		{"SO_REUSEADDR shares with a listener", "bind conflict", "", `s.opt.reuseAddr && o.opt.reuseAddr && o.state() != tcpstate.Listen`, `s.opt.reuseAddr && o.opt.reuseAddr`},
	}},
	{"sock/bucket.go", []bug{
		{"IPv6's any-address not over IPv4's", "bind conflict", "", `a.any6() && wildA && !(a.only && mappedB)`, `false`},
		{"owner that moves up keeps its slot", "index", "", `h.socks[last].slot = s.slot`, ``},
	}},
	{"sock/bind_udp.go", []bug{
		{"UDP sockets share a port without asking", "bind conflict", "", `!s.opt.reusePort || !o.opt.reusePort || s.group != 0 || s.uid != o.uid`, `false`},
	}},
	{"sock/tcp_step.go", []bug{
		{"error of IP_RECVERR outlives the connection's", "state left over", "", `s.err = 0`, ``},
		{"reader not woken", "lost wake-up", "", `h.wake(s, wakeIn)`, ``},
		{"writer not woken", "lost wake-up", "", `h.wake(s, wakeOut)`, ``},
		{"change of state wakes nobody", "lost wake-up", "", `h.wake(s, wakeAny)`, ``},
		{"port of a closed connection kept", "leak", "func (h *Host) gone", `h.putPort(s)`, ``},
		{"connection's timer not set", "lost wake-up", "", `h.armConn(s)`, ``},
		{"octets stored one off", "off by one", "", `o.Seg.Seq.Since(s.rxHead)`, `o.Seg.Seq.Since(s.rxHead)+1`},
	}},
	{"sock/fastlisten.go", []bug{
		{"Fast Open child has its listener's algorithm, told or not", "state left over", "", `lp.Congestion = c.opt.congestion`, ``},
		{"SYN of a Fast Open child not saved", "check left out", "", `s.opt.saveSyn != 0`, `false`},
	}},
}
