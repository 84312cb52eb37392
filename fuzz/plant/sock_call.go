package main

// callBugs are in what the calls come to.
var callBugs = []file{
	{"sock/connect.go", []bug{
		{"port of a failed connect kept", "leak", "func (h *Host) unnamed(", `s.locks&lockPort == 0`, `false`},
		{"connect beside a Fast Open waits for no data", "state lost", "", `h.writePending(s, t, true)`, ``},
		{"connect that gave up still waits for data", "state left over", "", `h.writePending(s, t, false)`, ``},
		{"second connect starts anew", "CO-02", "", `EALREADY`, `EINPROGRESS`},
		{"connect of a connected socket succeeds", "CO-02", "case ssConnected:", `fail(EISCONN)`, `done(0)`},
		{"connect of a listener", "CO-03", "case ssUnconnected:", `s.state() != tcpstate.Closed`, `false`},
		{"failed connect leaves its error", "CO-08", "", `err = ECONNABORTED`, `err = ECONNREFUSED`},
		{"IPv4 operations kept when there is no way", "state left over", "", `s.af, s.ops4 = &ipv6Specific, false`, ``},
		{"IPv4 operations lost after a connect", "state lost", "", `s.ops4 = true`, ``},
		{"short address taken", "CO-10", "func (h *Host) connectAddr(", `n < s.leastAddr()`, `false`},
		{"connect to a multicast address", "CO-10", "", `(dst.IsMulticast() || dst == limitedBroadcast) && err != ENODEV`, `false`},
		{"signal during a handshake ignored", "CO-07", "waiting && !h.waits(t):", `t.signal`, `false`},
	}},
	{"sock/close.go", []bug{
		{"SO_LINGER of no time closes gracefully", "SO_LINGER", "", `linger && s.opt.lingerTime == 0 && s.conn.Unread() == 0 && s.state() != tcpstate.Closed`, `false`},
		{"SO_LINGER waits for nothing", "SO_LINGER", "", `h.patience(t, false, s.opt.lingerTime)`, `h.patience(t, true, s.opt.lingerTime)`},
		{"SO_LINGER waits on when all is acknowledged", "SO_LINGER", "", `s.closing() && h.waits(t) && !t.signal`, `h.waits(t) && !t.signal`},
		{"closed file stays on interest lists", "close under a waiter", "", `h.epollForget(&s.watch)`, ``},
		{"descriptor stays after close", "leak", "", `h.proc.point(fd, descriptor{file: noFile})`, ``},
		{"lingering in CLOSING does not wait", "SO_LINGER", "", `s.in(tcpstate.FinWait1, tcpstate.Closing, tcpstate.LastAck)`, `s.in(tcpstate.FinWait1, tcpstate.LastAck)`},
	}},
	{"sock/dup.go", []bug{
		{"dup2 takes the descriptor of a waiting accept", "check left out", "", `was == reserved`, `false`},
		{"dup3 onto itself", "errno", "func sysDup3(", `int64(c.FD) == c.Arg`, `false`},
	}},
	{"sock/dgram_memory.go", []bug{
		{"memory for datagrams lent and not used", "count", "", `g.forward -= size`, ``},
		{"page of memory for datagrams given back", "order", "", `(g.forward - 1) &^ (lentPage - 1)`, `g.forward &^ (lentPage - 1)`},
	}},
	{"sock/recv.go", []bug{
		{"peek that waits goes on where it was", "check left out", "", `t.peekFrom.Add(-t.peekAt) != unread`, `false`},
		{"error found before the end of the stream", "order", "", `end || t.done >= s.recvTarget(t)`, `end && s.pending() == 0 || t.done >= s.recvTarget(t)`},
		{"reading nothing of what waits measures no reader", "check left out", "", `skipped, found = 0, tcpstate.SendFound`, `skipped = 0`},
		{"MSG_WAITALL ignored", "SR-02", "", `t.call.Flags&MSG_WAITALL == 0`, `true`},
		{"receive on a listener waits", "errno", "", `s.state() == tcpstate.Listen`, `false`},
		{"disconnect by another thread not noticed", "check left out", "", `t.parked && t.disconnects != s.disconnects`, `false`},
		{"SO_RCVLOWAT ignored", "SR-02", "", `min(n, int64(s.opt.rcvLowat))`, `1`},
	}},
	{"sock/tcpinfo.go", []bug{
		{"clamp of a former connection's window ignored", "state left over", "", `max(p.RcvSSThresh, min(p.RcvWnd, n))`, `p.RcvSSThresh`},
	}},
	{"sock/profile.go", []bug{
		{"jiffy of a millisecond once a sysctl is written", "state left over", "", `p.Tick > 0`, `p.Tick > 0 && cfg.Congestion == tcpstate.Reno`},
	}},
	{"sock/send.go", []bug{
		{"send goes on after a disconnect", "check left out", "func tcpSendAgain(", `t.disconnects != s.disconnects`, `false`},
		{"write that gives up ends the wait of all", "count", "", `id != t.id && h.findThread(id).writes`, `false`},
		{"write that is cut short pushed once", "state left over", "", `h.step(s, tcpstate.Input{Kind: tcpstate.Send, Flags: sendFlags(t) | tcpstate.SendEnd})`, ``},
		{"control messages take no memory", "check left out", "", `n <= onStack || h.optionRoom(s, n)`, `true`},
		{"address of a write used", "check left out", "", `c.Flags, c.AddrLen, c.Addr, c.Control = 0, 0, Addr{}, nil`, `c.Flags, c.Control = 0, nil`},
	}},
	{"sock/icmp_error.go", []bug{
		{"ICMP error longer than the path takes", "check left out", "", `min(icmpErrorMost4, int(r.mtu))`, `icmpErrorMost4`},
		{"echo reply of zeros summed", "RFC 1071", "", `h.unsummed(m)`, ``},
	}},
	{"sock/dgram_output.go", []bug{
		{"what must not be cut is cut", "check left out", "", `p.wireLen() > whole && s.refusesCut(p)`, `false`},
		{"TTL of 0 keeps what goes to a group that the host is not in", "check too strict", "", `r.dst.IsMulticast() && p.TTL == 0 && r.local`, `r.dst.IsMulticast() && p.TTL == 0`},
		{"hop limit of 0 keeps what no copy came back of", "check too strict", "", `p.TTL == 0 && looped`, `p.TTL == 0`},
	}},
	{"sock/inet.go", []bug{
		{"address of another device refused", "check too strict", "", `near && dev != 0`, `dev != 0`},
	}},
	{"sock/ping_send.go", []bug{
		{"echo request over IPv6 from whatever address a message names", "check left out", "", `p.src = netip.Addr{}`, ``},
	}},
	{"sock/ping_bind.go", []bug{
		{"loopback's address bound by another device", "check left out", "", `scoped || a.IsLoopback()`, `scoped`},
	}},
	{"sock/filter.go", []bug{
		{"cut segment costs what is left of it", "check left out", "", `c.Wire, c.truesize, c.room = v.wire[:n:n], size, room`, `c.Wire = v.wire[:n:n]; _, _ = size, room`},
		{"sum of a short segment looked at twice", "off by one", "", `v.length() > checksumBreak`, `v.length() >= checksumBreak`},
		{"zeros that are cut off make a sum wrong", "ones' complement", "", `tcpstate.Fold(tcpstate.Sum(0, v.wire[n:]))%0xffff != 0`, `n < len(v.wire)`},
	}},
	{"sock/frag_rcv.go", []bug{
		{"every fragment costs its memory", "leak", "", `n <= room`, `false`},
		{"fragments behind the first cost none", "check left out", "", `size, room = size+p.size, 0`, `room = 0`},
	}},
	{"sock/option_socket_get.go", []bug{
		{"errors of a stream hide its data", "check left out", "", `rmem+uint32(g.rmem)`, `uint32(g.rmem)`},
	}},
	{"sock/option_table.go", []bug{
		{"options of multicast routing unknown", "check left out", "", `l.router != 0 && inRange(num, first, last)`, `false`},
	}},
	{"sock/packet.go", []bug{
		{"segment costs what its length does", "check left out", "", `s.Charge, s.Room, s.Size = p.truesize, p.room, uint32(p.gso)`, `s.Size = uint32(p.gso)`},
	}},
	{"sock/sysctl_write.go", []bug{
		{"connections do not follow a sysctl", "state left over", "", `s.conn.SetConfig(h.tcp)`, ``},
		{"socket follows the least time-out that others are made with", "state left over", "", `o.own(tcpstate.RTOMinUs, uint32(old.RTOMin), false)`, ``},
		{"socket follows the largest time-out that others are made with", "state left over", "", `o.own(tcpstate.RTOMaxMs, uint32(old.RTOMax/tcpstate.Millisecond), false)`, ``},
	}},
	{"sock/options.go", []bug{
		{"child has the algorithm of when its listener was made", "state left over", "", `o.congestion = h.tcp.Congestion`, ``},
	}},
	{"sock/option_tcp.go", []bug{
		{"another congestion control keeps the ECN field", "state left over", "", `s.opt.showECN(tcpstate.NotECT)`, ``},
	}},
	{"sock/tcp.go", []bug{
		{"SYN without the ECN field of the connection before", "state lost", "", `o.latestECN() == tcpstate.ECT0`, `false`},
		{"connection has the algorithm of now", "state left over", "", `o.congestion`, `h.tcp.Congestion`},
	}},
	{"sock/icmp.go", []bug{
		{"ICMP error not asked for its TTL", "check left out", "", `h.errorFromAfar(s, p)`, `false`},
		{"ICMPv6 error of unknown type dropped", "check too strict", "", `icmpMeaning{err: EPROTO, known: true}`, `icmpMeaning{}`},
		{"ICMP error heard for a connection in TIME-WAIT", "check left out", "", `s.conn.Waits()`, `false`},
	}},
	{"sock/tcp_disconnect.go", []bug{
		{"name of a TIME-WAIT lost", "TIME-WAIT", "", `h.flows[tw.flow()] = id`, ``},
		{"port of a TIME-WAIT's socket kept", "leak", "func (h *Host) splitTimeWait", `s.locks&lockPort == 0`, `false`},
	}},
	{"sock/icmp_rcv.go", []bug{
		{"echo answered from an address of another", "check left out", "", `p.looped && !p.toMany`, `false`},
		{"reply has the mark of the request", "state left over", "", `p.tag, p.truesize, p.room = tag{}, 0, 0`, ``},
	}},
	{"sock/frag.go", []bug{
		{"host told of fragments that it sent", "check left out", "", `!h.martian(&first)`, `true`},
	}},
	{"sock/ping_rcv.go", []bug{
		{"ping socket of the device's MTU learns the path's", "check left out", "", `mode != IP_PMTUDISC_INTERFACE && mode != IP_PMTUDISC_OMIT`, `true`},
	}},
	{"sock/udp_error.go", []bug{
		{"original destination of an error has no port", "check left out", "", `e.toPort, ports = secondPort(data)`, `_, ports = secondPort(data)`},
		{"error without its ECN bits", "check left out", "", `p.TOS | uint8(p.Seg.ECN)&3`, `p.TOS`},
	}},
	{"sock/frag_send.go", []bug{
		{"corked datagram of IPv6 keeps to the way of its beginning", "state left over", "", `(r.pathGen == 0 || r.pathGen != h.pathGenOf(r.dst))`, `true`},
	}},
	{"sock/dgram_cmsg.go", []bug{
		{"original destination told without any", "check left out", "o.recvOrigDst", `!d.noPorts`, `true`},
	}},
}
