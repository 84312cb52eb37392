package sock

import "github.com/sockspec/sockspec/tcpstate"

// sysClose is close(2): the descriptor is free at once; what it stood for lives
// on while other descriptors, a waiting call, or TCP's orderly end need it.
func sysClose(h *Host, t *thread) outcome {
	fd := t.call.FD
	f := h.fileAt(fd)
	if f < 0 {
		return fail(EBADF)
	}
	h.proc.point(fd, descriptor{file: noFile})
	return h.drop(t, f, done(0))
}

// release lets go of a file that nobody refers to any more. t is the thread
// that closes it, and may wait for SO_LINGER; nil when none may.
func (h *Host) release(t *thread, was file) outcome {
	switch was.kind {
	case fileEpoll:
		h.freeEpoll(was.epoll)
	case fileSocket:
		s := h.socks[was.sock]
		h.epollForget(&s.watch)
		if t != nil {
			t.sock = s.id
		}
		return s.ops.release(h, s, t)
	}
	return done(0)
}

// tcpClose lets go of a stream (__tcp_close).
func tcpClose(h *Host, s *sock, t *thread) outcome {
	s.shut = tcpstate.ShutRead | tcpstate.ShutWrite
	switch {
	case s.lst != nil:
		h.listenStop(s)
		h.free(s)
		return done(0)
	case s.conn == nil, s.frozen:
		h.free(s)
		return done(0)
	}
	linger := s.opt.linger
	if linger && s.opt.lingerTime == 0 && s.conn.Unread() == 0 && s.state() != tcpstate.Closed {
		h.step(s, tcpstate.Input{Kind: tcpstate.Abort, How: tcpstate.ShutClose}) // no FIN: the peer gets a RST
	}
	if linger && s.opt.lingerTime != 0 && t != nil && s.conn.Unread() == 0 {
		h.step(s, tcpstate.Input{Kind: tcpstate.Shutdown, How: tcpstate.ShutRead | tcpstate.ShutWrite | tcpstate.ShutClose})
		if s.closing() {
			h.patience(t, false, s.opt.lingerTime)
			t.file = noFile
			return h.parkOn(t, s, false)
		}
	}
	h.orphan(s)
	return done(0)
}

// closing reports whether our FIN is still to be acknowledged (sk_stream_closing).
func (s *sock) closing() bool {
	return s.in(tcpstate.FinWait1, tcpstate.Closing, tcpstate.LastAck)
}

// closeResume looks at a last close that lingers, and goes back to what the call
// had come to.
func closeResume(h *Host, t *thread) outcome {
	s := h.socks[t.sock]
	if o := s.ops.releaseAgain(h, s, t); o.park {
		return o
	}
	t.lingers = false
	return t.after
}

// tcpCloseAgain looks at a close that lingers (sk_stream_wait_close).
func tcpCloseAgain(h *Host, s *sock, t *thread) outcome {
	if s.closing() && h.waits(t) && !t.signal {
		return h.parkAgain(t, s)
	}
	h.orphan(s)
	return done(0)
}

// orphan leaves the connection to TCP: FIN, retransmissions and TIME-WAIT go on
// behind a descriptor that is gone (sock_orphan).
func (h *Host) orphan(s *sock) {
	s.dead = true
	h.step(s, tcpstate.Input{Kind: tcpstate.Close})
	if h.socks[s.id] == s && s.conn.State() == tcpstate.Closed {
		h.free(s)
	}
}
