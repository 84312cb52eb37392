package sock

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// tcpPoll is what can be done with a stream socket without waiting (tcp_poll).
func tcpPoll(h *Host, s *sock) (mask uint32) {
	st := s.state()
	if st == tcpstate.Listen {
		if s.lst.accept.Len() > 0 {
			return POLLIN | POLLRDNORM
		}
		return 0
	}
	shut := s.shutdown()
	if shut == tcpstate.ShutRead|tcpstate.ShutWrite || st == tcpstate.Closed {
		mask |= POLLHUP
	}
	if shut&tcpstate.ShutRead != 0 {
		mask |= POLLIN | POLLRDNORM | POLLRDHUP
	}
	switch {
	case !s.handshakeBlocks():
		mask |= h.pollData(s, shut)
	case s.deferred: // a write sends the SYN
		mask |= POLLOUT | POLLWRNORM
	}
	if s.pending() != 0 || s.dg != nil && s.dg.errs.Len() > 0 {
		mask |= POLLERR
	}
	return mask
}

// pollData is the part of tcp_poll that needs a connection, or none at all: a
// fresh socket counts as writable.
func (h *Host) pollData(s *sock, shut uint8) (mask uint32) {
	at, known, valid := s.urgent()
	target := uint32(s.opt.rcvLowat)
	if known && at == 0 && !s.opt.flag(tcpstate.OOBInline) {
		target++ // the urgent octet itself is not read as data
	}
	if s.conn != nil && s.conn.InReady(target) {
		mask |= POLLIN | POLLRDNORM
	}
	switch {
	case shut&tcpstate.ShutWrite != 0, h.writable(s):
		mask |= POLLOUT | POLLWRNORM
	case s.conn != nil:
		s.conn.WantSpace()
	}
	if valid {
		mask |= POLLPRI
	}
	return mask
}

// writable reports room to write (__sk_stream_is_writeable). Without a
// connection nothing is queued, but what the last one left counts as unsent.
func (h *Host) writable(s *sock) bool {
	if s.conn != nil {
		return s.conn.SendSpace()
	}
	low := s.opt.tcp[tcpstate.NotSentLowat]
	if low == 0 {
		low = h.tcp.NotSentLowat
	}
	return uint64(s.left.unsent)<<1 < uint64(low)
}

// tcpIoctl is a socket's requests (tcp_ioctl). The result is the call's argument.
func tcpIoctl(_ *Host, s *sock, request int64) outcome {
	listening := s.state() == tcpstate.Listen
	switch request {
	case SIOCINQ:
		if listening {
			return fail(EINVAL)
		}
		return done(int64(s.inqExact()))
	case SIOCATMARK:
		at, known, _ := s.urgent()
		return done(int64(flag(known && at == 0)))
	case SIOCOUTQ, SIOCOUTQNSD:
		if listening {
			return fail(EINVAL)
		}
		return done(int64(s.outQueue(request == SIOCOUTQ)))
	}
	return fail(ENOTTY)
}

// inqExact is what a read could return, up to urgent data that is not in line
// (tcp_inq).
func (s *sock) inqExact() uint32 {
	if s.conn == nil || s.handshaking() {
		return 0
	}
	n := s.conn.Unread()
	if at, known, _ := s.urgent(); known && !s.opt.flag(tcpstate.OOBInline) && at < n {
		return at
	}
	return n
}

// maxPoll bounds the entries of one poll.
const maxPoll = maxFiles

// sysPoll is poll(2); Timeout is in milliseconds, negative for ever.
func sysPoll(h *Host, t *thread) outcome {
	if len(t.call.Poll) > int(h.proc.limit) || len(t.call.Poll) > maxPoll {
		return fail(EINVAL)
	}
	h.pollPatience(t)
	return pollResume(h, t)
}

// pollPatience sets how long a call with a time-out in milliseconds waits.
func (h *Host) pollPatience(t *thread) {
	span := tcpstate.Duration(noTimeout)
	if t.call.Timeout >= 0 {
		span = min(t.call.Timeout, 1<<40) * tcpstate.Millisecond
	}
	h.patience(t, t.call.Timeout == 0, span)
}

// pollResume looks at every entry; the call returns when one has events, or a
// signal or the end of patience comes.
func pollResume(h *Host, t *thread) outcome {
	t.poll = append(t.poll[:0], t.call.Poll...)
	ready := int64(0)
	for i := range t.poll {
		p := &t.poll[i]
		if p.Revents = h.pollOne(p); p.Revents != 0 {
			ready++
		}
	}
	t.ret.Poll = t.poll
	switch {
	case ready > 0:
		return done(ready)
	case t.signal:
		return fail(EINTR)
	case !h.waits(t):
		return done(0)
	}
	if !t.parked {
		t.since = h.stamp()
	}
	for i := range t.poll { // all waiters are registered at the first look (do_poll)
		if f := h.fileAt(t.poll[i].FD); f >= 0 && !t.parked {
			h.hold(t, f)
		}
	}
	for _, f := range t.held {
		h.waitersOf(f).Add(t.id, false)
	}
	return parks()
}

// pollOne is the events of one entry that the caller wants or must be told.
func (h *Host) pollOne(p *PollFD) uint32 {
	if p.FD < 0 {
		return 0
	}
	f := h.fileAt(p.FD)
	if f < 0 {
		return POLLNVAL
	}
	return h.pollFile(&h.files[f]) & (p.Events | POLLERR | POLLHUP)
}

// pollFile is what can be done with a file.
func (h *Host) pollFile(f *file) uint32 {
	if f.kind == fileEpoll {
		return h.epollPoll(f.epoll, 0)
	}
	s := h.socks[f.sock]
	return s.ops.poll(h, s)
}

// waitersOf is a file's wait list.
func (h *Host) waitersOf(id fileID) *queue.Waiters[Thread] {
	f := &h.files[id]
	if f.kind == fileEpoll {
		return &h.epolls[f.epoll].waiters
	}
	return &h.socks[f.sock].waiters
}

// pollSleepOn puts back, of those whom an event of a file has just woken, the
// polls that did not ask for such: they do not even look (pollwake's key). run
// is where they begin in h.run.
func (h *Host) pollSleepOn(w *queue.Waiters[Thread], run int, mask uint32) {
	for i := len(h.run) - 1; i >= run; i-- { // the last woken is the first of those who wait
		id := h.run[i]
		if t := h.findThread(id); t.call.Op == OpPoll && !t.lingers && !h.pollWants(t, w, mask) {
			w.Add(id, false)
			h.run = h.run[:i+copy(h.run[i:], h.run[i+1:])]
		}
	}
}

// pollWants reports whether a poll asked for one of the events of a file with
// that wait list. What it holds are its entries' files, in their order.
func (h *Host) pollWants(t *thread, w *queue.Waiters[Thread], mask uint32) bool {
	held := t.held
	for i := range t.call.Poll {
		p := &t.call.Poll[i]
		if p.FD < 0 || len(held) == 0 {
			continue // a negative entry waits for nothing
		}
		f := held[0]
		held = held[1:]
		if mask&(p.Events|POLLERR|POLLHUP) != 0 && h.waitersOf(f) == w {
			return true
		}
	}
	return false
}
