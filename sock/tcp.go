package sock

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// tcpProt is TCP's table (tcp_prot, tcpv6_prot: the family is in afOps).
var tcpProt = protoOps{
	name: "TCP", number: ProtoTCP, noAutobind: true,
	init: tcpInit, preConnect: inetPreConnect, connect: tcpConnect, disconnect: tcpDisconnect, accept: tcpAccept, acceptAgain: tcpAcceptAgain,
	shutdown: tcpShutdown, close: tcpClose, closeAgain: tcpCloseAgain, destroy: tcpDestroy,
	getPort: tcpGetPort, ioctl: tcpIoctl, options: &tcpOptions,
	sendmsg: tcpSendmsg, sendAgain: tcpSendAgain, recvmsg: tcpRecvmsg, recvAgain: tcpRecvWoken,
	deliver: tcpDeliver, icmpError: tcpICMPError,
}

// tcpInit readies a socket that is not connected (tcp_init_sock).
func tcpInit(h *Host, s *sock) Errno {
	h.tcpCount++
	s.opt.rcvbuf, s.opt.sndbuf = h.tcp.Rmem[1], h.tcp.Wmem[1]
	s.opt.congestion = h.tcp.Congestion
	return 0
}

// tcpDestroy undoes tcpInit (tcp_v4_destroy_sock).
func tcpDestroy(h *Host, s *sock) { h.tcpCount-- }

// tcpShutdown shuts directions (tcp_shutdown); a socket that never had a
// connection only remembers.
func tcpShutdown(h *Host, s *sock, bits uint8) {
	if s.state() == tcpstate.Closed {
		s.shut |= bits
	}
	h.step(s, tcpstate.Input{Kind: tcpstate.Shutdown, How: bits})
}

// params are what a connection of this socket starts from.
func (h *Host) params(s *sock, mtu uint32, ipv6 bool) tcpstate.Params {
	o := &s.opt
	return tcpstate.Params{
		Cfg: h.tcp, MTU: mtu, IPv6: ipv6, UserMSS: o.userMSS, RcvBuf: o.rcvbuf, SndBuf: o.sndbuf,
		Locks: o.bufLocks, Clamp: o.windowClamp, Shut: s.shut,
	}
}

// startConn makes the control block of a connection that this socket opens.
func (h *Host) startConn(s *sock, mtu uint32) {
	p := h.params(s, mtu, s.af.ipv6)
	if w := &h.heir; w.TSRecentAt != 0 {
		p.ISS, p.TSOffset, p.TSRecent, p.TSRecentAt = w.ISS, w.TSOffset, w.TSRecent, w.TSRecentAt
		*w = tcpstate.Heir{}
	} else {
		p.ISS, p.TSOffset = h.drawISS(), h.drawTSOffset()
	}
	p.Scaling = s.left.scaling
	s.err = 0 // shutdown stays, though: only disconnect clears it
	h.attach(s, tcpstate.New(p), p.ISS)
}

// attach gives the socket its connection, empty buffers and the options that
// were set before there was one.
func (h *Host) attach(s *sock, c *tcpstate.Conn, iss tcpstate.Seq) {
	s.conn, s.txHead = c, iss.Add(1)
	s.tx, s.rx = queue.NewBytes(queue.MaxBytes), queue.NewBytes(queue.MaxBytes)
	if s.opt.deferAccept > 0 {
		h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.DeferAck, N: 1})
	}
	for o := range s.opt.tcp {
		if v, set := s.opt.tcp[o], s.opt.set>>o&1 != 0; set {
			h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.Option(o), N: v})
		}
	}
}

// step lets the connection take an input that carries no payload.
func (h *Host) step(s *sock, in tcpstate.Input) { h.stepWith(s, in, nil) }

// stepWith lets the connection take an input and does what it wants done.
// payload belongs to in.Seg, or is what the user sends.
func (h *Host) stepWith(s *sock, in tcpstate.Input, payload []byte) (sent uint32) {
	if s.conn == nil {
		return 0
	}
	in.Now = h.now
	resent := s.conn.Resent()
	h.conn = s.conn.Step(in, h.conn[:0])
	h.countAgain(s.conn.Resent() - resent)
	for i := range h.conn {
		// What was taken is stored before any segment that carries it leaves.
		if o := &h.conn[i]; o.Kind == tcpstate.Sent {
			sent = o.N
			s.tx.Append(payload[:o.N])
		}
	}
	gone := false
	for i := range h.conn {
		if o := &h.conn[i]; o.Kind == tcpstate.Readable && o.Why == rule.UrgentData {
			s.keepUrgent(&in.Seg, payload)
		}
		h.countConn(s.conn, &h.conn[i])
		gone = h.follow(s, &h.conn[i], payload) || gone
	}
	s.syncRx()
	if s.frozen {
		return sent // its timers run in the timewait bucket
	}
	h.armConn(s)
	if s.dead && s.state() == tcpstate.Closed {
		h.fastJudge(s)
	}
	if !s.dead && s.state() == tcpstate.Closed && s.conn.State() != tcpstate.Closed {
		h.splitTimeWait(s)
	}
	if gone {
		h.gone(s)
	}
	return sent
}

// armConn sets the host's timer to the connection's next deadline.
func (h *Host) armConn(s *sock) {
	at, on := s.conn.Deadline()
	h.arm(timerConn|timer(uint32(s.id)), at, on)
}

// Events that wake a waiter, as the key of the wake-up says them.
const (
	wakeIn  = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND // sock_def_readable
	wakeOut = POLLOUT | POLLWRNORM | POLLWRBAND          // sk_stream_write_space
	wakeAny = 1<<32 - 1                                  // sock_def_wakeup
)

// follow does what one output asks for; it reports whether it was Gone. What
// shows in no effect of its own is noted, for its rule.
func (h *Host) follow(s *sock, o *tcpstate.Output, payload []byte) bool {
	switch o.Kind {
	case tcpstate.Store, tcpstate.Acked, tcpstate.Sent, tcpstate.Writable, tcpstate.SoftFailed, tcpstate.Readable:
		h.emit(Noted, o.Why, s.id)
	case tcpstate.CookieLearned, tcpstate.SynDataAcked, tcpstate.SynDataLost, tcpstate.Blackholed, tcpstate.RequestOver:
		h.emit(Noted, o.Why, s.id)
		h.fastNews(s, o)
	}
	switch o.Kind {
	case tcpstate.Emit:
		h.transmitConn(s, &o.Seg, o.Why)
	case tcpstate.Store:
		end := min(uint64(o.Off)+uint64(o.N), uint64(len(payload)))
		if uint64(o.Off) < end {
			s.syncRx()
			s.rx.WriteAt(o.Seg.Seq.Since(s.rxHead), payload[o.Off:end])
		}
	case tcpstate.Acked:
		s.tx.Discard(o.N)
		s.txHead = s.txHead.Add(o.N)
	case tcpstate.Drop:
		h.emit(Dropped, o.Why, s.id)
	case tcpstate.Became:
		e := h.emit(Changed, o.Why, s.id)
		e.From, e.To = o.From, o.To
		if o.From == tcpstate.SynSent && o.To == tcpstate.Established {
			h.inform(InetConnEstablished, s)
		}
		if o.To != tcpstate.SynSent && o.To != tcpstate.SynReceived { // there Linux calls no sk_state_change
			h.wake(s, wakeAny)
		}
	case tcpstate.Readable:
		h.wake(s, wakeIn)
	case tcpstate.Writable:
		h.wake(s, wakeOut)
	case tcpstate.Failed:
		h.wake(s, POLLERR)
	case tcpstate.Gone:
		return true
	}
	return false
}

// syncRx lets go of the octets that the connection has given to the user, or
// passed over. Nothing that is kept lies before the first unread octet.
func (s *sock) syncRx() {
	at := s.conn.CopiedSeq()
	if n := at.Since(s.rxHead); s.rx.Len() > 0 {
		s.rx.Discard(n)
	}
	s.rxHead = at
}

// gone is called when the control block holds nothing any more: the name and,
// unless bind asked for it, the port are free again (tcp_set_state, TCP_CLOSE).
func (h *Host) gone(s *sock) {
	h.unhash(s)
	if s.locks&lockPort == 0 {
		h.putPort(s)
	}
	if s.dead && s.parent == noSock {
		h.free(s)
	}
}

// transmitConn sends a segment of the connection, with its octets.
func (h *Host) transmitConn(s *sock, seg *tcpstate.Segment, why rule.ID) {
	if s.routed = !h.strands(s, s.remote.Addr()); !s.routed {
		h.emit(Dropped, rule.NoRoute, s.id)
		return
	}
	p := Packet{
		Src: s.local, Dst: s.remote.Addr(), SrcPort: s.sport, DstPort: s.remote.Port(),
		Proto: ProtoTCP, TTL: h.ttl(s, s.af.ipv6), TOS: s.tos(s.af.ipv6), Seg: *seg,
	}
	if seg.Len > 0 {
		at := seg.Seq
		if seg.Flags.Has(tcpstate.SYN) {
			at = at.Add(1)
		}
		p.Payload = h.grab(int(seg.Len))
		s.tx.ReadAt(at.Since(s.txHead), p.Payload)
	}
	h.transmit(&p, why, s.id)
}

// transmit sends a packet of a socket's, or of nobody's, by the device that the
// socket is bound to.
func (h *Host) transmit(p *Packet, why rule.ID, s sockID) {
	dev := int32(0)
	if o := h.sockAt(s); o != nil {
		dev = o.opt.boundDev
	}
	h.transmitBy(dev, p, why, s)
}

// transmitBy sends a packet by a device, or by any with 0: to ourselves if it is
// for one of our addresses there. What loopback gets for anybody else is lost.
func (h *Host) transmitBy(dev int32, p *Packet, why rule.ID, s sockID) {
	k := Transmit
	switch {
	case h.isLocal(p.Dst) && (dev == 0 || dev == deviceOf(p.Dst)):
		k = Loop
		h.loop = append(h.loop, *p)
	case dev == loopbackIndex:
		h.emit(Dropped, rule.NotForUs, s)
		return
	}
	h.emit(k, why, s).Packet = *p
}

// ttl is the hop limit of what the socket sends in that family: a listener of
// AF_INET6 answers in both.
func (h *Host) ttl(s *sock, ipv6 bool) uint8 {
	if ipv6 {
		if s.opt.hops >= 0 {
			return uint8(s.opt.hops)
		}
		return 64 // net.ipv6.conf.*.hop_limit
	}
	if s.opt.ttl > 0 {
		return uint8(s.opt.ttl)
	}
	return uint8(h.sysctl.get(ctlDefaultTTL))
}

// tos is the DSCP of what the socket sends in that family.
func (s *sock) tos(ipv6 bool) uint8 {
	if ipv6 {
		return uint8(s.opt.tclass) &^ 3
	}
	return uint8(s.opt.tos) &^ 3
}

// tcpDisconnect takes a connection or a listener down at once and leaves a
// socket as good as new, but for what bind gave it (tcp_disconnect).
func tcpDisconnect(h *Host, s *sock) Errno {
	old := s.state()
	switch {
	case s.lst != nil:
		h.listenStop(s)
	case s.conn != nil:
		h.fastJudge(s)
		h.step(s, tcpstate.Input{Kind: tcpstate.Abort})
	}
	s.fastReset()
	if h.socks[s.id] != s {
		return 0
	}
	s.err = s.pending() // what nobody asked for yet stays
	if needReset(old) || old == tcpstate.SynSent {
		s.err = ECONNRESET
	}
	s.left.disconnect(s.conn)
	h.remember(s)
	h.detach(s)
	s.remote, s.shut = netipZero, 0
	if old != tcpstate.Closed && s.locks&lockPort == 0 {
		h.putPort(s)
	}
	h.resetAddr(s)
	s.opt.forget()
	s.savedSyn = ""
	h.wake(s, POLLERR) // sk_error_report, error or not
	return 0
}

// needReset is tcp_need_reset: states in which a peer has to be told.
func needReset(st tcpstate.State) bool {
	switch st {
	case tcpstate.Established, tcpstate.CloseWait, tcpstate.FinWait1, tcpstate.FinWait2, tcpstate.SynReceived:
		return true
	}
	return false
}

// splitTimeWait parts a connection that has shrunk to a timewait bucket from a
// socket that its user still holds (tcp_time_wait): the bucket has the name and
// the port from now on, the socket is CLOSED and keeps what was received.
func (h *Host) splitTimeWait(s *sock) {
	tw := h.newSock()
	id := tw.id
	*tw = *s
	tw.id, tw.dead, tw.parent, tw.num, tw.syn, tw.fq = id, true, noSock, 0, synCount{}, nil
	tw.waiters, tw.watch, tw.tx, tw.rx = queue.Waiters[Thread]{}, nil, queue.Bytes{}, queue.Bytes{}
	h.tcpCount++
	h.shareBucket(tw, s)
	h.flows[tw.flow()] = id
	if s.locks&lockPort == 0 {
		h.putPort(s)
	}
	h.arm(timerConn|timer(uint32(s.id)), 0, false)
	s.conn, s.frozen = s.conn.Clone(), true
	h.step(tw, tcpstate.Input{Kind: tcpstate.Close})
}

// detach parts the socket from its connection, which is CLOSED by now.
func (h *Host) detach(s *sock) {
	h.unhash(s)
	if c := s.conn; c != nil { // sizes stay as they have become
		s.opt.rcvbuf, s.opt.sndbuf, s.mss = c.RcvBuf(), c.SndBuf(), c.MSS()
	}
	s.routed = false
	s.conn, s.frozen, s.tx, s.rx = nil, false, queue.Bytes{}, queue.Bytes{}
}
