package sock

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

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
	s.opt.forget(h)
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
	tw.waiters, tw.watch, tw.dg, tw.tx, tw.rx = queue.Waiters[Thread]{}, nil, nil, queue.Bytes{}, queue.Bytes{}
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
