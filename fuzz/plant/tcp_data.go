package main

// dataBugs are in what octets go through, in and out.
var dataBugs = []file{
	{"tcpstate/data.go", []bug{
		{"failure to retain above-sequence data", "RFC 2525 2.5", "", `c.queueOOO(s)`, `c.outOfWindow(rule.OverWindow)`},
		{"FIN lost behind a zero window", "check left out", "", `wnd == 0 && !(s.Len == 0 && s.Flags.Has(FIN))`, `wnd == 0`},
		{"segment that ends at RCV.NXT taken for new", "edge", "", `end.LessEq(c.rcv.nxt)`, `end.Less(c.rcv.nxt)`},
		{"segment right behind the window queued", "edge", "", `s.Seq.GreaterEq(c.rcv.nxt.Add(wnd))`, `s.Seq.Greater(c.rcv.nxt.Add(wnd))`},
		{"filled hole acknowledged late", "RFC 5681 4.2", "", `c.ack.pending |= ackNow`, ``},
		{"reader woken by no data", "lost wake-up", "", `c.finRcvd || c.InReady(c.user.rcvLowat)`, `c.finRcvd`},
		{"FIN does not wake the reader", "lost wake-up", "", `c.tell(Readable, rule.FinReceived)`, ``},
		{"FIN in FIN-WAIT-2 not acknowledged", "RFC 9293 3.10.7.4", "", `c.sendAck(rule.FinReceived)
		c.timeWait(TimeWait, 0, rule.FinReceived)`, `c.timeWait(TimeWait, 0, rule.FinReceived)`},
	}},
	{"tcpstate/ooo.go", []bug{
		{"FIN appended beyond a hole opens no window", "edge", "", `fresh && cost == 0 && s.Len == 0`, `false`},
		{"hole of one octet passed over", "off by one", "", `b.seq.Greater(c.rcv.nxt)`, `b.seq.Greater(c.rcv.nxt.Add(1))`},
		{"FIN out of order forgotten", "check left out", "", `if b.fin {
			c.finReceived()
			return
		}`, ``},
		{"out-of-order buffer nearer the root does not take what touches it", "check left out", "", `if c.coalesce(x, b) {
				return n, oooJoined
			}`, ``},
		{"later copy of out-of-order octets read", "order", "", `end = maxSeq(end, b.end)`, ``},
	}},
	{"tcpstate/rxsack.go", []bug{
		{"newest SACK block not first", "RFC 2018 4", "", `copy(r.sacks[1:i+1], r.sacks[:i])
		r.sacks[0] = first`, `r.sacks[i] = first`},
		{"SACK blocks told that RCV.NXT has passed", "RFC 2018 4", "", `r.nxt.GreaterEq(r.sacks[i].Start)`, `false`},
		{"SACK blocks that touch not joined", "edge", "", `start.Greater(r.End) || r.Start.Greater(end)`, `start.GreaterEq(r.End) || r.Start.GreaterEq(end)`},
	}},
	{"tcpstate/emit.go", []bug{
		{"D-SACK told again and again", "RFC 2883 4", "", `c.rcv.dsack = false`, ``},
		{"window of a SYN scaled", "RFC 7323 2.2", "", `s.Wnd = uint16(min(c.rcv.wnd, 65535))`, `s.Wnd = uint16(min(c.rcv.wnd, 65535) >> c.opt.rcvWScale)`},
		{"delayed ACK sent although one went along", "state left over", "", `c.timers.delack = never`, ``},
	}},
	{"tcpstate/window.go", []bug{
		{"backlog takes no room of the window", "state left over", "", `r.rcvbuf - r.rmem - backlog`, `r.rcvbuf - r.rmem`},
		{"head of a looped segment counted against its worth", "check left out", "", `s.Room == InPages && truesize >= bufOverhead+s.Len`, `false`},
		{"size of an offloaded packet's segments not seen", "check left out", "", `cmp.Or(s.Size, s.Len)`, `cmp.Or(s.Len, s.Size)`},
		{"right edge of the window moves left", "RFC 9293 3.8.6", "", `win < cur && !c.mayShrink()`, `false`},
		{"silly window offered", "RFC 9293 3.8.6.2.2", "func (c *Conn) nextWindow()", `free < allowed>>4 || int64(free) < mss`, `false`},
		{"reader's news of a window kept back", "lost wake-up", "", `2*now <= c.rcv.clamp`, `false`},
	}},
	{"tcpstate/recvq.go", []bug{
		{"FIN over loopback takes memory", "state lost", "", `s.Heard`, `0`},
		{"reader measured call by call", "edge", "", `used = min(n, end.Since(c.rcv.copied))`, `_ = end`},
		{"receive buffer has no bound", "check left out", "func (c *Conn) rmemRoom", `c.rcv.rmem > c.rcv.rcvbuf`, `false`},
		{"FIN counted as an octet to read", "off by one", "", `(fin || n == 0) && c.EOF() && c.rcv.copied.Less(c.rcv.nxt)`, `false`},
		{"FIN taken before it is asked for", "edge", "", `b.fin && used == end.Since(c.rcv.copied)`, `true`},
		{"octets appended to a buffer that its sender still has", "check left out", "", `to.frags > 0 && to.own.Greater(b.heard)`, `false`},
	}},
	{"tcpstate/conn.go", []bug{
		{"spans in jiffies told to the microsecond", "edge", "", `(int64(now)/t - int64(then)/t) * t`, `now.Sub(then)`},
	}},
	{"tcpstate/memory.go", []bug{
		{"page given back that was lent for nothing", "state left over", "", `c.rcv.spare = int8(left >> pageShift)`, `c.rcv.spare = 0`},
		{"page kept when something is freed", "state left over", "", `c.rcv.spare = min(c.rcv.spare, 0)`, ``},
	}},
	{"tcpstate/query.go", []bug{
		{"writer woken as soon as a buffer may begin", "edge", "", `c.memoryFree(1)`, `c.memoryFree(0)`},
		{"octet read where a FIN was", "off by one", "", `i >= 0 && c.rq.in.At(i).fin`, `i == c.rq.in.Len()-1 && i >= 0 && c.rq.in.At(i).fin`},
	}},
	{"tcpstate/way.go", []bug{
		{"way wider again where it is remembered alone", "state left over", "", `max(c.snd.way.known.octets(), now)`, `c.snd.way.known.octets()`},
		{"segment sent that is too long for its way", "RFC 1191 6.5", "", `c.snd.bars&bar == 0 || n == 0`, `true || n == 0`},
		{"news of a way that was found narrow waits for the next segment", "state left over", "", `if kept {
		return now
	}`, ``},
		{"short last segment kept with those that are too long", "check left out", "", `c.ipv6 && last > 0`, `false && last > 0`},
	}},
	{"tcpstate/xmit.go", []bug{
		{"failure to send FIN notification promptly", "RFC 2525 2.15", "", `nonagle&naglePush != 0 || c.urgentMode() || b.flags.Has(FIN)`, `nonagle&naglePush != 0 || c.urgentMode()`},
		{"no Nagle", "RFC 9293 3.7.4", "", `(nonagle == 0 && c.q.packetsOut > 0 && small)`, `false`},
		{"no probe of a window that never opened", "RFC 2525 2.12", "", `c.armXmit(xmitProbe, c.probeBase())`, ``},
		{"segment sent that ends beyond the window", "edge", "", `end.LessEq(c.snd.wndEnd())`, `b.seq.Less(c.snd.wndEnd())`},
		{"one packet beyond the congestion window", "off by one", "", `c.ca.cwnd-flight`, `c.ca.cwnd-flight+1`},
	}},
	{"tcpstate/send.go", []bug{
		{"send buffer holds one more", "edge", "", `c.snd.queued >= c.snd.sndbuf`, `c.snd.queued > c.snd.sndbuf+4096`},
		{"writer not told of room", "lost wake-up", "", `c.SendSpace()`, `false`},
		{"no PSH at the end of a write", "RFC 9293 3.9.1.2", "func (c *Conn) pushSent", `f&SendMore == 0 || c.forcedPush()`, `c.forcedPush()`},
		{"memory not lent for octets that can't be read", "state left over", "", `c.schedule(k)`, ``},
		{"write that goes on takes its PSH back", "state left over", "", `taken == 0 && f&SendAgain == 0`, `taken == 0`},
	}},
	{"tcpstate/retrans.go", []bug{
		{"lost data sent again and again", "check left out", "", `b.tags&(tagSacked|tagRetrans) != 0`, `b.tags&tagSacked != 0`},
		{"acknowledged octets sent again", "check left out", "", `b.seq.Less(c.snd.una)`, `false`},
	}},
	{"tcpstate/mss.go", []bug{
		{"shift of the round trip has more than five bits", "overflow", "", `c.cfg.TSORTTLog & 31`, `c.cfg.TSORTTLog`},
		{"narrower way never noticed", "RFC 1191 6.3", "", `c.snd.way.known != c.snd.mtu`, `false`},
		{"options missing from TCP MSS calculation", "RFC 2525 2.18", "", `max(mss, uint32(c.cfg.MinSndMSS)) - uint32(c.opt.hdrLen-tcpHdrLen)`, `max(mss, uint32(c.cfg.MinSndMSS))`},
		{"SACK blocks missing from the MSS", "RFC 2525 2.18", "", `mss -= lenSACK + 8*min(blocks, (room-lenSACK)/8)`, `_, _ = room, blocks`},
	}},
	{"tcpstate/urg.go", []bug{
		{"buffer of a passed urgent octet kept", "leak", "", `c.dropRead(1)`, ``},
		{"urgent pointer at the octet, not behind it", "RFC 6093", "", `uint16(c.snd.up.Since(s.Seq))`, `uint16(c.snd.up.Since(s.Seq) - 1)`},
		{"old urgent pointer taken again", "edge", "", `c.rcv.copied.Greater(seq) || seq.Less(c.rcv.nxt)`, `c.rcv.copied.Greater(seq)`},
	}},
	{"sock/backlog.go", []bug{
		{"ACKs that wait stay several", "check left out", "", `q.Seg.BareAck() && q.Seg.Seq == p.Seg.Seq && q.Seg.Opts == p.Seg.Opts && q.TOS == p.TOS && q.TTL == p.TTL && q.Seg.ECN == p.Seg.ECN &&
			(q.Seg.Flags^p.Seg.Flags)&(tcpstate.ECE|tcpstate.CWR) == 0`, `false`},
		{"call never lets go of what waited for it", "lost wake-up", "", `h.step(s, tcpstate.Input{Kind: tcpstate.Release})`, ``},
		{"ACK joined to one that waits counts no more", "leak", "", `q.Seg.Joined += p.Seg.Joined + 1`, ``},
	}},
	{"sock/tcp_xmit.go", []bug{
		{"offloaded packet that stays counts once", "check left out", "", `p.gso = int32(o.Off)`, ``},
		{"routers may cut a short SYN,ACK", "edge", "", `p.wireLen() > short && !h.setsDF(s, p.Dst)`, `p.wireLen() >= short && !h.setsDF(s, p.Dst)`},
		{"nobody may cut a long SYN,ACK", "check left out", "", `p.wireLen() > short && !h.setsDF(s, p.Dst)`, `false`},
		{"offloaded packet longer than a packet can be", "check left out", "", `p.wireLen() > maxPacket`, `false`},
		{"inconsistent retransmission", "RFC 2525 2.4", "func (h *Host) transmitConn", `h.transmit(&p, why, s.id)`, `if why == rule.RTORetransmit {
		s.tx.ReadAt(seg.Seq.Since(s.txHead)+1, p.Payload)
	}
	h.transmit(&p, why, s.id)`},
	}},
	{"tcpstate/look.go", []bug{
		{"option that finds nothing to push looks at the clock", "check left out", "", `!pushes || !c.q.hasUnsent()`, `!pushes`},
		{"write that takes nothing looks at the clock", "check left out", "", `o.Kind == Sent && o.N > 0`, `o.Kind == Sent`},
		{"reading nothing looks at the clock", "check left out", "", `in.N > 0 || in.Flags&SendFound != 0`, `true`},
		{"skipping the urgent octet looks at the clock", "check left out", "", `!found || in.Flags&SendOOB != 0`, `!found`},
		{"half that is shut twice looks at the clock", "check left out", "", `in.How&ShutWrite != 0 && c.state.in(bitEstablished|bitCloseWait)`, `in.How&ShutWrite != 0`},
	}},
	{"tcpstate/icmp.go", []bug{
		{"resend after an ICMP error is a reply", "state left over", "", `c.snd.lastSent, c.ack.pingpongs, c.ca.cubic.epoch = sent, pingpongs, epoch`, `c.snd.lastSent, c.ca.cubic.epoch, _ = sent, epoch, pingpongs`},
		{"resend after an ICMP error has the time-out of before", "state left over", "", `mark++`, ``},
		{"what ICMP makes go again has the time of now", "check left out", "", `c.now, c.q.turns.now, c.timers.xmit = last.at, last.turn, mark`, `c.timers.xmit = mark`},
		{"no doubling taken back while connecting", "check left out", "", `!(c.ipv6 && c.connecting())`, `!c.connecting()`},
		{"ICMP error looks at the clock", "check left out", "", `return clockUnread`, `return clockRead`},
		{"no MTU told taken for no news", "edge", "", `in.Hard || c.snd.way.known >= c.snd.mtu`, `in.Hard || in.N == 0 || c.snd.way.known >= c.snd.mtu`},
	}},
}
