package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// listener is what a socket in LISTEN has (struct request_sock_queue).
type listener struct {
	backlog uint32 // as clamped (sk_max_ack_backlog)
	// accept holds connections until accept takes them.
	accept queue.FIFO[sockID]
	// cookieSent is when a SYN cookie went out lately, 0 for never
	// (tcp_synq_overflow): see Host.cookieTime.
	cookieSent Time
	// synLog and hand are of kernels whose SYN queue is a table (see QueueRules):
	// the logarithm of its size, and the slot where the next sweep begins.
	synLog uint8
	hand   uint32
}

// acceptFull: the queue is full when its length exceeds the backlog, so that a
// backlog of 0 admits one (sk_acceptq_is_full).
func (l *listener) acceptFull() bool { return uint32(l.accept.Len()) > l.backlog }

// setBacklog adjusts the limits; what is queued stays.
func (l *listener) setBacklog(n int32) {
	l.backlog = uint32(n)
	l.accept.SetLimit(int(min(l.backlog, 1<<30)) + 1)
}

// inetListen is listen(2) (inet_listen).
func inetListen(h *Host, s *sock, backlog int32) Errno {
	if s.ss != ssUnconnected || s.typ != SOCK_STREAM {
		return EINVAL
	}
	if !s.in(tcpstate.Closed, tcpstate.Listen) {
		return EINVAL
	}
	if s.lst != nil {
		s.lst.setBacklog(backlog)
		return 0
	}
	if h.queueRules().SynTableLog != 0 && !h.allocates(AllocListen) {
		return ENOMEM
	}
	h.detach(s)
	h.fastListen(s, backlog)
	s.opt.forgetAcks()
	s.lst = &listener{synLog: h.synTableLog()}
	s.lst.setBacklog(backlog)
	// The port is checked once more, now that the state is LISTEN: two that
	// share it by SO_REUSEADDR may not both listen.
	if !s.prot.getPort(h, s, s.num) {
		s.lst = nil
		s.forgetRcvMSS()
		return EADDRINUSE
	}
	s.sport = s.num
	h.hashListener(s) // found from here on
	e := h.emit(Changed, rule.CallReturns, s.id)
	e.From, e.To = tcpstate.Closed, tcpstate.Listen
	return 0
}

// listenStop ends listening: what waits to be accepted is reset, what waits for
// an ACK is forgotten (inet_csk_listen_stop).
func (h *Host) listenStop(s *sock) {
	h.endRequests(s)
	l := s.lst
	s.lst = nil
	h.unhashListener(s)
	e := h.emit(Changed, rule.ListenStop, s.id)
	e.From, e.To = tcpstate.Listen, tcpstate.Closed
	name := h.nameOf(s) // where connections may migrate it is still in its group
	for id, ok := l.accept.Pop(); ok; id, ok = l.accept.Pop() {
		if c := h.socks[id]; !h.migrateChild(name, c) {
			h.forgetChild(c)
		}
	}
	if s.fq != nil {
		s.fq.resets = nil
	}
}

// forgetChild resets a connection that nobody will accept (inet_child_forget).
func (h *Host) forgetChild(c *sock) {
	c.parent, c.dead = noSock, true
	h.step(c, tcpstate.Input{Kind: tcpstate.Abort})
	if h.socks[c.id] == c && c.conn.State() == tcpstate.Closed {
		h.free(c)
	}
}

// isnChoice is an initial sequence number that TIME-WAIT chose for its successor.
type isnChoice struct {
	set bool
	seq tcpstate.Seq
}

// ipv4Specific and ipv6Specific are the tables of the families of addresses.
var ipv4Specific = afOps{name: "ipv4_specific", connRequest: tcpV4ConnRequest}
var ipv6Specific = afOps{name: "ipv6_specific", ipv6: true, connRequest: tcpV6ConnRequest}

// tcpV4ConnRequest handles a SYN over IPv4 (tcp_v4_conn_request).
func tcpV4ConnRequest(h *Host, af *afOps, s *sock, p *Packet, isn isnChoice) {
	if k := h.kindOf(p.Dst); k == addrBroadcast || k == addrMulticast {
		h.dropSyn(s, rule.NotForUs)
		return
	}
	h.connRequest(af, s, p, isn)
}

// tcpV6ConnRequest handles a SYN over IPv6 (tcp_v6_conn_request).
func tcpV6ConnRequest(h *Host, af *afOps, s *sock, p *Packet, isn isnChoice) {
	if k := h.kindOf(p.Dst); k == addrMulticast || k == addrAnycast || p.Src.Is4In6() {
		h.dropSyn(s, rule.NotForUs)
		return
	}
	h.connRequest(af, s, p, isn)
}

// dropSyn drops a SYN and counts it (tcp_listendrop).
func (h *Host) dropSyn(s *sock, why rule.ID) {
	h.countDroppedSyn(why)
	h.emit(Dropped, why, s.id)
}

// connRequest makes a request out of a SYN, if the queues have room
// (tcp_conn_request). A SYN that replaces a TIME-WAIT has the right of way in
// the SYN queue.
func (h *Host) connRequest(af *afOps, s *sock, p *Packet, isn isnChoice) {
	l := s.lst
	always := h.sysctl.get(ctlSyncookies) == 2 && !h.queueRules().CookiesSimple
	cookie := !isn.set && (always || s.requestsFull())
	if cookie && !h.floodAction(p) {
		h.dropSyn(s, rule.SynQueueFull)
		return
	}
	if l.acceptFull() && s.syn.young >= h.queueRules().YoungRoom {
		h.dropSyn(s, rule.SynOverflow)
		return
	}
	if h.lastQuarter(s) && !isn.set {
		h.dropSyn(s, rule.SynQueueFull)
		return
	}
	if !h.allocates(AllocRequest) {
		h.dropSyn(s, rule.NoMemory)
		return
	}
	if h.requestRefused(s, p) {
		h.dropSyn(s, rule.SecurityRefuses)
		return
	}
	if _, err := h.routeTo(p.Src, p.Dst, s.via(s.opt.boundDev)); err != 0 {
		h.dropSyn(s, rule.NoRoute)
		return
	}
	f := flow{netip.AddrPortFrom(p.Dst, p.DstPort), netip.AddrPortFrom(p.Src, p.SrcPort)}
	lp := h.listenParams(s, f)
	lp.ISS, lp.TSOffset = isn.seq, 0
	if !isn.set {
		lp.ISS = h.drawISS()
	}
	if p.Seg.Opts.Has(tcpstate.OptTS) {
		lp.TSOffset = h.drawTSOffset()
	}
	in := tcpstate.Input{Kind: tcpstate.SegmentArrives, Now: h.now, Seg: p.charged()}
	if cookie {
		h.sendCookie(s, f, &lp, in, p.TOS)
		return
	}
	accept, reply := h.tryFast(s, p)
	lp.Reply = reply
	if accept {
		h.fastAccept(af, s, f, &lp, in, p)
		return
	}
	r, out := lp.AnswerSYN(in, h.req[:0])
	h.req = out
	h.putRequest(s, f, r, p)
	h.saveSyn(s, f, p)
	h.followRequest(s, f, dscp{p.TOS, p.TOS}, out)
}

// floodAction tells whether a SYN that finds no room gets a cookie
// (tcp_syn_flood_action).
func (h *Host) floodAction(p *Packet) bool {
	q := h.queueRules()
	sends := h.sysctl.get(ctlSyncookies) != 0 && !(q.CookiesSimple && p.IPv6())
	switch {
	case q.OldCounters:
	case sends:
		h.count[MibTCPReqQFullDoCookies]++
	default:
		h.count[MibTCPReqQFullDrop]++
	}
	return sends
}

// lastQuarter: without cookies the last quarter of tcp_max_syn_backlog is kept
// for peers that are known to be alive; this host remembers none.
func (h *Host) lastQuarter(s *sock) bool {
	limit := h.sysctl.get(ctlMaxSynBacklog)
	return h.sysctl.get(ctlSyncookies) == 0 && limit-int64(s.syn.len) < limit>>2
}

// listenParams is what the machine must know of the listener and of the way to
// the peer.
func (h *Host) listenParams(s *sock, f flow) tcpstate.Listener {
	r, _ := h.routeTo(f.remote.Addr(), f.local.Addr(), s.via(s.opt.boundDev))
	return tcpstate.Listener{
		Params:     h.params(s, r.mtu, f.local.Addr().Is6()),
		SynRetries: uint8(s.opt.get(tcpstate.SynCnt)), DeferAccept: s.opt.deferAccept,
		Queued: s.syn.len, Young: s.syn.young, Crowded: s.crowded(),
	}
}

// followRequest does what the machine says of a request, which came with the
// DSCP of d; it reports Promote and Gone.
func (h *Host) followRequest(s *sock, f flow, d dscp, out []tcpstate.Output) (promote, gone bool) {
	v6 := f.remote.Addr().Is6()
	for i := range out {
		o := &out[i]
		if o.Kind == tcpstate.Emit && o.Seg.Flags.Has(tcpstate.SYN) && h.strands(s, f.remote.Addr()) {
			h.emit(Dropped, rule.NoRoute, s.id)
			continue
		}
		h.countRequest(o)
		switch o.Kind {
		case tcpstate.Emit:
			p := Packet{
				Src: f.local.Addr(), Dst: f.remote.Addr(), SrcPort: f.local.Port(), DstPort: f.remote.Port(),
				Proto: ProtoTCP, TTL: h.answerTTL(s, &o.Seg, v6), TOS: h.answerTOS(s, &o.Seg, d, v6), Seg: o.Seg,
			}
			if o.Seg.Flags.Has(tcpstate.SYN) {
				p.Seg.ECN = s.opt.latestECN() // as its DSCP (tcp_v4_send_synack)
			}
			if v6 {
				h.labelAnswer(s, f, &p, o.Why)
			} else if o.Seg.Flags.Has(tcpstate.SYN) {
				p.NoDF = h.cutsSynAck(s, &p)
			}
			h.transmit(&p, o.Why, s.id)
		case tcpstate.Drop:
			h.emit(Dropped, o.Why, s.id)
		case tcpstate.Promote:
			h.emit(Noted, o.Why, s.id)
			promote = true
		case tcpstate.Gone:
			h.emit(Noted, o.Why, s.id)
			gone = true
		}
	}
	return promote, gone
}

// requestSegment gives a segment to the request that it belongs to.
func (h *Host) requestSegment(s *sock, f flow, r *request, p *Packet) {
	if p = h.filtered(s, p); p == nil {
		return
	}
	if r.Disowns(h.tcp, &p.Seg) { // the listener looks at it as if there were no request
		if h.fromAfar(s, p) {
			return
		}
		if p = h.filtered(s, p); p == nil || h.acceptCookie(s, p) {
			return
		}
	}
	lp, d := h.listenParams(s, f), dscp{r.tos, p.TOS}
	in := tcpstate.Input{Kind: tcpstate.SegmentArrives, Now: h.now, Seg: p.charged()}
	h.stepRequest(s, f, r, &lp, in)
	promote, gone := h.followRequest(s, f, d, h.req)
	if promote {
		full := s.lst.acceptFull()
		if !full && h.allocates(AllocChild) {
			if s.id != r.owner {
				h.count[MibTCPMigrateReqSuccess]++
			}
			done, _ := h.dropRequest(f)
			h.promote(s, f, done, &lp, p)
			if id, ok := h.flows[f]; ok {
				h.socks[id].savedSyn = done.saved
			}
			return
		}
		if s.id != r.owner {
			h.count[MibTCPMigrateReqFailure]++
		}
		why := rule.NoMemory
		if full {
			why = rule.ListenOverflow
		}
		h.countDroppedSyn(why)
		h.req = r.Overflow(&lp, in, h.req[:0])
		_, gone = h.followRequest(s, f, d, h.req)
	}
	if gone {
		h.dropRequest(f)
	}
}
