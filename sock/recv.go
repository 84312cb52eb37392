package sock

import (
	"slices"

	"github.com/sockspec/sockspec/tcpstate"
)

// tcpCmInq is the type of TCP_INQ's control message (TCP_CM_INQ).
const tcpCmInq = TCP_INQ

// sysRecv is recv(2), recvfrom(2), recvmsg(2) and read(2).
func sysRecv(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	if t.call.Len < 0 || t.call.HasRoom && t.call.AddrLen < 0 {
		return fail(EINVAL) // copy_msghdr
	}
	t.in = t.in[:0]
	if t.call.Op == OpRead {
		t.call.Flags, t.call.HasControlRoom, t.call.ControlLen = 0, true, 0
		if t.call.Len == 0 {
			return done(0) // sock_read_iter: as System V has it
		}
	}
	if err := h.ask(SocketRecvmsg, s); err != 0 {
		return fail(err)
	}
	return t.giveHeader(s.ops.recvmsg(h, s, t))
}

func recvResume(h *Host, t *thread) outcome {
	s := h.socks[t.sock]
	return t.giveHeader(s.ops.recvAgain(h, s, t))
}

// giveHeader copies what the message header tells out last: a datagram's source,
// and where that fails the datagram is lost; MSG_CMSG_CLOEXEC stays in msg_flags
// as the call has it (____sys_recvmsg).
func (t *thread) giveHeader(o outcome) outcome {
	if o.park || o.err != 0 {
		return o
	}
	t.ret.MsgFlags |= t.call.Flags & MSG_CMSG_CLOEXEC
	if t.ret.AddrLen == 0 {
		return o
	}
	if err := t.giveAddr(t.ret.Addr, t.ret.AddrLen); err != 0 {
		t.ret = Return{Thread: t.id}
		return fail(err)
	}
	return o
}

// tcpRecvmsg begins a receive (tcp_recvmsg_locked).
func tcpRecvmsg(h *Host, s *sock, t *thread) outcome {
	flags := t.call.Flags
	switch {
	case flags&MSG_ERRQUEUE != 0:
		if s.dg == nil {
			return fail(EAGAIN) // there never was an error to queue
		}
		return h.recvError(s, t)
	case s.state() == tcpstate.Listen:
		return fail(ENOTCONN)
	case flags&MSG_OOB != 0:
		o := h.recvUrgent(s, t)
		if o.err == 0 {
			h.tellStream(s, t)
		}
		return o
	}
	h.patience(t, h.nonblock(t) || flags&MSG_DONTWAIT != 0, s.opt.rcvTimeo)
	t.hole, t.peekAt, t.came, t.peekFrom = 0, 0, 0, 0
	if flags&MSG_PEEK != 0 {
		t.peekAt = uint32(max(s.opt.peekOff, 0))
		if s.conn != nil {
			t.peekFrom = s.conn.CopiedSeq().Add(t.peekAt)
		}
	}
	return tcpRecvAgain(h, s, t)
}

// tcpRecvWoken goes on after a wait. One for nothing ends with any wake-up, and
// with success: tcp_recvmsg_locked loops only while something is left to get.
func tcpRecvWoken(h *Host, s *sock, t *thread) outcome {
	if t.call.Len == 0 && t.disconnects == s.disconnects {
		return h.received(s, t)
	}
	return tcpRecvAgain(h, s, t)
}

// recvTarget is the number of octets to wait for (sock_rcvlowat).
func (s *sock) recvTarget(t *thread) int64 {
	n := int64(t.call.Len)
	if t.call.Flags&MSG_WAITALL == 0 {
		n = min(n, int64(s.opt.rcvLowat))
	}
	return max(n, 1)
}

// tcpRecvAgain takes what is there and decides, in Linux's order, whether to
// wait for more.
func tcpRecvAgain(h *Host, s *sock, t *thread) outcome {
	if t.parked && t.disconnects != s.disconnects {
		if t.done > 0 {
			return h.received(s, t)
		}
		return fail(EPIPE) // connect took the connection down in the meantime (sk_wait_event)
	}
	t.disconnects = s.disconnects
	if t.parked && s.conn != nil && t.call.Flags&MSG_PEEK != 0 {
		t.peekAnew(s.conn.CopiedSeq())
	}
	end, found := h.takeData(s, t)
	if s.conn != nil && (t.call.Flags&MSG_PEEK != 0 || t.done == 0) { // tcp_cleanup_rbuf is for who takes nothing as well
		h.step(s, tcpstate.Input{Kind: tcpstate.Peek, N: uint32(t.done), Flags: found})
	}
	if end || t.done >= s.recvTarget(t) {
		return h.received(s, t)
	}
	patient := h.waits(t)
	if t.done > 0 {
		if !patient || s.pending() != 0 || s.state() == tcpstate.Closed || s.shutdown()&tcpstate.ShutRead != 0 || t.signal {
			return h.received(s, t)
		}
		return h.parkOn(t, s, false)
	}
	switch {
	case s.pending() != 0:
		return fail(s.takeErr())
	case s.shutdown()&tcpstate.ShutRead != 0:
		return h.received(s, t)
	case s.state() == tcpstate.Closed:
		return fail(ENOTCONN) // never connected
	case !patient:
		return fail(EAGAIN)
	case t.signal:
		return fail(t.intrErrno())
	}
	return h.parkOn(t, s, false)
}

// peekAnew has a peek that has waited begin anew at what is unread if somebody else has
// read meanwhile, beside what it has seen (tcp_recvmsg_locked: peek_seq). Once it has
// done so it always does: what it had seen is not forgotten in the comparison.
func (t *thread) peekAnew(unread tcpstate.Seq) {
	if t.peekFrom.Add(-t.peekAt) != unread {
		t.peekFrom = unread.Add(t.peekAt - uint32(t.done) - t.hole)
	}
}

// takeData moves in-order octets to the caller, or looks at them (MSG_PEEK). It
// reports the end: of the stream, of what was asked for, or the place of urgent
// data, where one read must stop; and whether it found data at all.
func (h *Host) takeData(s *sock, t *thread) (end bool, found tcpstate.SendFlags) {
	if s.conn == nil {
		return false, 0
	}
	peek := t.call.Flags&MSG_PEEK != 0
	var skipped tcpstate.SendFlags
	for first := true; first || t.done < int64(t.call.Len); first = false {
		pos := uint32(0)
		if peek {
			pos = t.peekFrom.Since(s.conn.CopiedSeq()) + uint32(t.done) + t.hole
		}
		at, _, urgent := s.conn.Urgent()
		if urgent && at == pos && t.done > 0 {
			return true, found
		}
		have := s.conn.Readable()
		if have <= pos {
			return h.takeFin(s, peek), found
		}
		n := min(have-pos, uint32(int64(t.call.Len)-t.done))
		if urgent && at >= pos && at-pos < n {
			if at > pos {
				n = at - pos
			} else if !s.opt.flag(tcpstate.OOBInline) {
				t.came = s.conn.CameAt(pos)
				h.skipUrgent(s, t, peek)
				skipped = tcpstate.SendAgain
				continue
			}
		}
		if n > 0 && t.faults() {
			return true, found // nothing is taken that can't be handed over
		}
		t.came = s.conn.CameAt(pos + max(n, 1) - 1) // a read of nothing sees the first
		if int64(n) < int64(t.call.Len)-t.done {
			skipped = 0
		}
		h.moveData(s, t, pos, n, peek, skipped)
		skipped, found = 0, tcpstate.SendFound
	}
	return true, found // as much as was asked for, be it nothing
}

// takeFin reports whether the stream ends here. A read takes the FIN then (label
// found_fin_ok of tcp_recvmsg_locked).
func (h *Host) takeFin(s *sock, peek bool) bool {
	end := s.finCame()
	if end && !peek {
		h.step(s, tcpstate.Input{Kind: tcpstate.Receive})
	}
	return end
}

// skipUrgent steps over the octet that was urgent: it is not part of the stream.
func (h *Host) skipUrgent(s *sock, t *thread, peek bool) {
	if peek {
		t.hole++
		return
	}
	h.step(s, tcpstate.Input{Kind: tcpstate.Receive, N: 1, Flags: tcpstate.SendOOB})
}

// moveData copies n octets from offset pos on, and lets go of them unless they
// are only looked at. MSG_TRUNC lets go without copying. f is what the machine is to know of the read.
func (h *Host) moveData(s *sock, t *thread, pos, n uint32, peek bool, f tcpstate.SendFlags) {
	if t.call.Flags&MSG_TRUNC == 0 && n > 0 {
		old := len(t.in)
		t.in = slices.Grow(t.in, int(n))[:old+int(n)]
		s.rx.ReadAt(pos, t.in[old:])
	}
	t.done += int64(n)
	s.movePeekOff(int32(n), peek)
	if !peek && n > 0 {
		h.step(s, tcpstate.Input{Kind: tcpstate.Receive, N: n, Flags: f})
	}
}

// faults reports that octets would have to go where there is no memory.
func (t *thread) faults() bool {
	return t.call.Fault&FaultData != 0 && t.call.Flags&MSG_TRUNC == 0
}

// received returns what was moved.
func (h *Host) received(s *sock, t *thread) outcome {
	if t.faults() && t.call.Len > 0 && s.conn != nil && s.conn.Readable() > 0 {
		return fail(EFAULT)
	}
	t.ret.Data = t.in
	h.tellStream(s, t)
	return done(t.done)
}

// tellStream adds the control messages of a stream: when what was read came, and
// what is left; the latter goes with urgent data too (tcp_recvmsg).
func (h *Host) tellStream(s *sock, t *thread) {
	t.noControl()
	if t.came != 0 {
		h.stampControl(s, t, t.came)
	}
	if s.opt.inq {
		le32(h.cmsg(t, SOL_TCP, tcpCmInq, 4), s.inq())
	}
}

// inq is tcp_inq_hint: what is left to read, of which the peer's FIN counts for
// one, be it read past or not.
func (s *sock) inq() uint32 {
	if s.conn == nil {
		return 0
	}
	if n := s.conn.RcvNxt().Since(s.conn.CopiedSeq()); int32(n) > 0 {
		return n
	}
	return uint32(flag(s.finCame()))
}

// finCame reports that the peer's FIN is in the stream (SOCK_DONE): the number
// expected next is beyond the last octet.
func (s *sock) finCame() bool {
	return s.conn.EOF() || s.conn.RcvNxt().Since(s.conn.CopiedSeq()) > s.conn.Readable()
}

// urgent tells about urgent data that was not read past: where its octet lies
// from the first unread one, and whether it is there to be read as such
// (TCP_URG_VALID).
func (s *sock) urgent() (at uint32, known, valid bool) {
	if s.conn == nil {
		return 0, false, false
	}
	at, valid, known = s.conn.Urgent()
	return at, known, valid
}

// keepUrgent keeps the urgent octet, which the segment has just brought: beside
// the stream, since it may lie where nothing joins that, beyond a FIN (tcp_urg). Where
// the segment begins behind it, Linux takes an octet of the segment's header for it.
func (h *Host) keepUrgent(s *sock, seg *tcpstate.Segment, payload []byte) {
	first := seg.Seq
	if seg.Flags.Has(tcpstate.SYN) {
		first = first.Add(1)
	}
	at, _, _ := s.conn.Urgent()
	off := s.conn.CopiedSeq().Add(at).Since(first)
	if uint64(off) < uint64(len(payload)) {
		s.urg = payload[off]
		return
	}
	p := Packet{Src: s.remote.Addr(), Dst: s.local, Proto: ProtoTCP, SrcPort: s.remote.Port(), DstPort: s.sport, Seg: *seg, Payload: payload}
	b := h.body(&p)
	if in := uint64(off + uint32(len(b)-len(payload))); in < uint64(len(b)) {
		s.urg = b[in]
	}
}

// recvUrgent is MSG_OOB (tcp_recv_urg). It never waits.
func (h *Host) recvUrgent(s *sock, t *thread) outcome {
	_, known, valid := s.urgent()
	switch {
	case s.opt.flag(tcpstate.OOBInline) || !known || s.conn.UrgentRead():
		return fail(EINVAL)
	case s.state() == tcpstate.Closed && !s.finCame():
		return fail(ENOTCONN)
	case !valid && (s.state() == tcpstate.Closed || s.shutdown()&tcpstate.ShutRead != 0):
		return done(0)
	case !valid:
		return fail(EAGAIN)
	}
	t.ret.MsgFlags = MSG_OOB
	if t.call.Flags&MSG_PEEK == 0 {
		defer s.conn.UrgentTaken()
	}
	if t.call.Len == 0 {
		t.ret.MsgFlags |= MSG_TRUNC
		return done(0)
	}
	if t.faults() {
		return fail(EFAULT) // and the octet counts as read
	}
	if t.call.Flags&MSG_TRUNC == 0 {
		t.in = append(t.in[:0], 0)
		t.in[0] = s.urg
		t.ret.Data = t.in
	}
	return done(1)
}
