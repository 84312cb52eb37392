package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

var netipZero netip.AddrPort

// promote makes a connection out of the request r whose ACK came, puts it at the
// tail of the accept queue and hands it the ACK (tcp_v4_syn_recv_sock,
// inet_csk_complete_hashdance, tcp_child_process).
func (h *Host) promote(s *sock, f flow, r request, lp *tcpstate.Listener, p *Packet) {
	c := h.newChild(afOf(f.local.Addr()), s, f, p, r.tos)
	c.txHash = r.txHash
	lp.ISS, lp.TSOffset, lp.Congestion = r.ISS, r.TSOffset, c.opt.congestion
	h.attach(c, tcpstate.Accept(lp.Params, &r.Request, &p.Seg), r.ISS)
	s.lst.accept.Push(c.id)
	id := c.id
	h.dscp = p.TOS
	h.stepWith(c, h.arrives(p), p.Payload)
	if h.socks[id] != c || c.state() != tcpstate.SynReceived {
		h.wake(s, wakeIn)
	}
}

// newChild makes the socket of a connection to a listener, with its name and
// port (inet_csk_clone_lock, inet_ehash_insert).
func (h *Host) newChild(af *afOps, s *sock, f flow, p *Packet, tos uint8) *sock {
	h.count[MibPassiveOpens]++
	c := h.newSock()
	id := c.id
	*c = *s // the listener's options and buffers are inherited
	c.id, c.parent, c.ss = id, s.id, ssUnconnected
	c.lst, c.err, c.num, c.syn, c.cookie, c.links = nil, 0, 0, synCount{}, 0, [chains]link{}
	c.groups, c.anycast, c.dg = nil, nil, nil
	c.fq, c.fastOwner, c.sockFast = nil, noSock, sockFast{}
	c.opt.ofChild(h, p)
	h.reflectTOS(c, af, tos)
	c.routed, c.savedSyn, c.past = true, "", nil
	c.waiters, c.watch = queue.Waiters[Thread]{}, nil
	c.locks &^= lockPort
	c.sport = f.local.Port()
	c.txHash, c.flowLabel = h.nextTxHash(f, 0), s.replies(p)
	c.reqHash = c.txHash
	c.local, c.source, c.remote = f.local.Addr(), f.local.Addr(), f.remote
	c.af, c.ops4 = af, s.ops4 || !af.ipv6
	if c.opt.boundDev == 0 && linkScope(c.remote.Addr()) && !c.remote.Addr().IsLoopback() {
		c.opt.boundDev = h.dev // a link-local peer is on one link (tcp_v6_init_req)
	}
	h.tcpCount++
	h.inheritPort(c, f.local.Port())
	h.flows[f] = id
	h.inform(InetCskClone, c)
	return c
}

// reserved marks a descriptor that a call holds for what it will return.
const reserved fileID = -2

// reserve keeps an accept's descriptor, and the file that goes with it, from
// being given out while it waits.
func (h *Host) reserve(t *thread, o outcome) outcome {
	if o.park && t.fd >= 0 {
		h.proc.grow(t.fd)
		h.proc.point(t.fd, descriptor{file: reserved})
		h.fileCount++
	}
	return o
}

// unreserve undoes reserve.
func (h *Host) unreserve(t *thread) {
	if t.fd >= 0 {
		h.proc.point(t.fd, descriptor{file: noFile})
		h.fileCount--
	}
}

// tcpAccept is accept4(2) (inet_csk_accept).
func tcpAccept(h *Host, s *sock, t *thread) outcome {
	if s.state() != tcpstate.Listen {
		return fail(EINVAL)
	}
	h.patience(t, h.nonblock(t), s.opt.rcvTimeo)
	if s.lst.accept.Len() > 0 {
		return h.acceptOne(s, t)
	}
	if !h.waits(t) {
		return fail(EAGAIN)
	}
	return h.parkOn(t, s, true)
}

// tcpAcceptAgain looks at an accept that waits: queue, state, signal, patience,
// in that order (inet_csk_wait_for_connect).
func tcpAcceptAgain(h *Host, s *sock, t *thread) outcome {
	switch {
	case s.state() == tcpstate.Listen && s.lst.accept.Len() > 0:
		return h.acceptOne(s, t)
	case s.state() != tcpstate.Listen:
		return fail(EINVAL)
	case t.signal:
		return fail(t.intrErrno())
	case !h.waits(t):
		return fail(EAGAIN)
	}
	return h.parkOn(t, s, true)
}

// acceptOne takes the connection that waited longest.
func (h *Host) acceptOne(s *sock, t *thread) outcome {
	id, _ := s.lst.accept.Pop()
	c := h.socks[id]
	c.parent, c.ss, c.uid = noSock, ssConnected, h.proc.cred.EUID // sock_graft
	h.step(c, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.Accepted, N: 1})
	peer, n, _ := c.asSeen(c.remote)
	if err := t.giveAddr(peer, n); err != 0 {
		c.ops.release(h, c, nil) // the peer's address can't be told: the connection is lost
		return fail(err)
	}
	if t.fd < 0 {
		var err Errno
		if t.fd, err = h.proc.lowest(0); err == 0 {
			err = h.mayOpen()
		}
		if err != 0 {
			c.ops.release(h, c, nil)
			return fail(err)
		}
	}
	h.openSock(t.fd, c, t.call.Flags)
	return done(int64(t.fd))
}
