package sock

import "github.com/sockspec/sockspec/tcpstate"

// sysSend is send(2), sendto(2), sendmsg(2) and write(2): one way for all, as
// in Linux (__sys_sendto, sock_write_iter).
func sysSend(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	if c := &t.call; c.Op == OpWrite { // what it has no argument for
		c.Flags, c.AddrLen, c.Addr, c.Control = 0, 0, Addr{}, nil
	}
	if t.call.Data == nil && t.call.Len > 0 {
		t.call.Fault |= FaultData // a length and nothing behind it
	}
	if err := checkAddr(&t.call); err != 0 {
		return fail(err)
	}
	if !h.controlFits(s, t.call.Control) {
		return fail(ENOBUFS)
	}
	if err := h.ask(SocketSendmsg, s); err != 0 {
		return fail(err)
	}
	return s.ops.sendmsg(h, s, t)
}

// controlFits reports whether there is room for what a message says of itself. A few octets need none of the socket's
// (____sys_sendmsg).
func (h *Host) controlFits(s *sock, list []Control) bool {
	const onStack = sizeofCmsghdr + 20
	n := int64(0)
	for i := range list {
		n += int64(sizeofCmsghdr + (len(list[i].Data)+7)&^7)
	}
	return n <= onStack || h.optionRoom(s, n)
}

func sendResume(h *Host, t *thread) outcome {
	s := h.socks[t.sock]
	return s.ops.sendAgain(h, s, t)
}

// tcpSendmsg begins a send (tcp_sendmsg_locked). A stream takes no notice of an
// address.
func tcpSendmsg(h *Host, s *sock, t *thread) outcome {
	h.patience(t, h.nonblock(t) || t.call.Flags&MSG_DONTWAIT != 0, s.opt.sndTimeo)
	t.connected, t.fast = false, false
	bad, now := h.streamCmsg(s, t)
	if now != 0 {
		return fail(now)
	}
	t.badControl = bad // a Fast Open may still succeed
	if t.call.Flags&MSG_FASTOPEN != 0 || s.deferred {
		return h.sendFast(s, t)
	}
	return tcpSendAgain(h, s, t)
}

// tcpSendAgain goes on as far as the send buffer lets it.
func tcpSendAgain(h *Host, s *sock, t *thread) outcome {
	if t.fast {
		return h.sendFastEnd(s, t, streamConnectAgain(h, s, t))
	}
	if t.parked && t.disconnects != s.disconnects {
		return h.sendStop(s, t, EPIPE) // connect took the connection down in the meantime (sk_wait_event)
	}
	t.disconnects = s.disconnects
	t.writes = false
	again := t.parked && t.connected // it has waited for room, and not for the handshake
	if !t.connected {
		if o, ok := h.waitConnect(s, t); !ok {
			return o
		}
		t.connected = true
		if t.badControl != 0 {
			return fail(t.badControl)
		}
	}
	for {
		in, rest := nextSend(t)
		if !t.parked && (in.N == 0 || s.pending() != 0) {
			h.step(s, tcpstate.Input{Kind: tcpstate.Send}) // for what it looks at before: the path above all (tcp_send_mss)
		}
		switch {
		case s.pending() != 0 || s.shutdown()&tcpstate.ShutWrite != 0:
			return h.sendStop(s, t, EPIPE)
		case in.N == 0:
			return done(t.done)
		}
		n, err := h.stepWith(s, in, rest)
		t.done += int64(n)
		switch {
		case n == in.N:
			return done(t.done)
		case s.pending() != 0 || s.shutdown()&tcpstate.ShutWrite != 0:
			return h.sendStop(s, t, EPIPE)
		case err != 0:
			return h.sendStop(s, t, err)
		}
		// Sending may have merged buffers and so made room, but only who waits
		// looks again (sk_stream_wait_memory).
		switch {
		case !h.waits(t):
			s.conn.WantSpace()
			return h.sendStop(s, t, EAGAIN)
		case t.signal:
			s.conn.WantSpace()
			return h.sendStop(s, t, t.intrErrno())
		case n > 0:
			again = false
			continue
		}
		s.conn.WantSpace()
		if again {
			return h.parkAgain(t, s)
		}
		return h.parkOn(t, s, false)
	}
}

// nextSend is what the call has yet to send, and its octets, if they can be read.
func nextSend(t *thread) (in tcpstate.Input, rest []byte) {
	in = tcpstate.Input{Kind: tcpstate.Send, Flags: sendFlags(t)}
	if t.call.Fault&FaultData != 0 && t.call.Len > 0 {
		in.N, in.Flags = uint32(t.call.Len), in.Flags|tcpstate.SendFault
		return in, nil
	}
	rest = t.call.Data[t.done:]
	in.N = uint32(len(rest))
	return in, rest
}

// sendFlags are the machine's words for the call's flags.
func sendFlags(t *thread) (f tcpstate.SendFlags) {
	flags := t.call.Flags
	if flags&MSG_MORE != 0 {
		f |= tcpstate.SendMore
	}
	if flags&MSG_OOB != 0 {
		f |= tcpstate.SendOOB
	}
	if flags&MSG_EOR != 0 {
		f |= tcpstate.SendEOR
	}
	if t.done > 0 {
		f |= tcpstate.SendAgain
	}
	return f
}

// sendStop ends a send that can't go on and may have put something on the queue, which is pushed once more
// (tcp_sendmsg_locked: do_error, out).
func (h *Host) sendStop(s *sock, t *thread, err Errno) outcome {
	if t.done > 0 {
		h.step(s, tcpstate.Input{Kind: tcpstate.Send, Flags: sendFlags(t) | tcpstate.SendEnd})
	}
	return h.sendError(s, t, err)
}

// waitConnect lets a send wait for the handshake (sk_stream_wait_connect).
func (h *Host) waitConnect(s *sock, t *thread) (outcome, bool) {
	switch {
	case s.in(tcpstate.Established, tcpstate.CloseWait), s.conn != nil && s.conn.PassiveFastOpen():
		return outcome{}, true
	case s.pending() != 0:
		return h.sendError(s, t, s.takeErr()), false
	case !s.handshaking():
		return h.sendError(s, t, EPIPE), false
	case !h.waits(t):
		h.writePending(s, t, false)
		return h.sendError(s, t, EAGAIN), false
	case t.signal:
		h.writePending(s, t, false)
		return h.sendError(s, t, t.intrErrno()), false
	}
	h.writePending(s, t, true)
	return h.parkOn(t, s, false), false
}

// sendError ends a send that can't go on: with what was taken, if anything was,
// else with the error; a broken pipe also raises SIGPIPE (sk_stream_error).
func (h *Host) sendError(s *sock, t *thread, err Errno) outcome {
	if t.done > 0 {
		return done(t.done)
	}
	if err == EPIPE {
		if e := s.takeErr(); e != 0 {
			return fail(e)
		}
		t.ret.SIGPIPE = t.call.Flags&MSG_NOSIGNAL == 0
	}
	return fail(err)
}

// writePending tells the connection whether writes wait for the handshake, this
// thread's or others', so that the ACK of the SYN-ACK can go with the data
// (sk_write_pending).
func (h *Host) writePending(s *sock, t *thread, waits bool) {
	t.writes = waits
	n := uint32(flag(waits))
	for i := range s.waiters.Len() {
		if id, _, _ := s.waiters.At(i); id != t.id && h.findThread(id).writes {
			n++
		}
	}
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.WritePending, N: n})
}
