package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// step lets the connection take an input that carries no payload.
func (h *Host) step(s *sock, in tcpstate.Input) { h.stepWith(s, in, nil) }

// stepWith lets the connection take an input and does what it wants done.
// payload belongs to in.Seg, or is what the user sends, of which it takes the
// first sent octets, or none for the error.
func (h *Host) stepWith(s *sock, in tcpstate.Input, payload []byte) (sent uint32, err Errno) {
	if s.conn == nil {
		return 0, 0
	}
	in.Now, in.Bars = h.now, h.bars(s)
	in.MTU, in.WayKept, in.WayLost = h.connMTU(s), h.keepsWay(s), !s.routed
	if h.backlog.holds(s) {
		in.Backlog = h.backlog.octets
	}
	resent, waited := s.conn.Resent(), s.conn.Waits()
	h.conn = s.conn.Step(in, h.conn[:0])
	s.opt.showECN(s.conn.LatestECN())
	h.countAgain(s.conn.Resent() - resent)
	for i := range h.conn {
		// What was taken is stored before any segment that carries it leaves.
		if o := &h.conn[i]; o.Kind == tcpstate.Sent {
			sent, err = o.N, o.Err
			s.tx.Append(payload[:o.N])
		}
	}
	gone := false
	for i := range h.conn {
		if o := &h.conn[i]; o.Kind == tcpstate.Readable && o.Why == rule.UrgentData {
			h.keepUrgent(s, &in.Seg, payload)
		}
		h.countConn(s.conn, &h.conn[i])
		h.challenges.note(h, &h.conn[i])
		gone = h.follow(s, &h.conn[i], payload) || gone
	}
	s.syncRx()
	if s.frozen {
		return sent, err // its timers run in the timewait bucket
	}
	if h.overflows(s, waited) {
		h.step(s, tcpstate.Input{Kind: tcpstate.NoBucket})
		return sent, err
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
	return sent, err
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
		h.transmitConn(s, o)
	case tcpstate.TooLong:
		h.tooLong(s, o)
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
			h.lookedUp(s)
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
		s.err = 0 // the connection's takes its place
		h.wake(s, POLLERR)
	case tcpstate.Rehash:
		h.rehashConn(s, o.Why)
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
	if s.dead {
		h.free(s)
	}
}
