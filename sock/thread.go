package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// forever is a wait without end (MAX_SCHEDULE_TIMEOUT).
const forever Time = 1<<63 - 1

// thread is a thread of the process and the call it is in. A call that waits is
// its record: no goroutine stands behind it.
type thread struct {
	id          Thread
	parked      bool
	signal      bool   // a signal came while it was parked
	file        fileID // held while parked, so that a close elsewhere can't take it away
	sock        sockID // what it waits on
	until       Time   // when its patience ends; 0 for a call that must not wait
	done        int64  // octets moved so far
	disconnects uint32 // the socket's, when the wait began
	hole        uint32 // urgent octets that a peek stepped over
	fd          int32  // that accept has reserved
	connected   bool   // a send is past the handshake
	call        Call   // Data and Poll are the thread's own copies once it is parked
	ret         Return

	data, in []byte // kept for reuse
	poll     []PollFD
	control  []Control
}

// outcome is what a call, or its continuation, came to.
type outcome struct {
	value int64
	err   Errno
	park  bool
}

func done(v int64) outcome { return outcome{value: v} }
func fail(e Errno) outcome { return outcome{value: -1, err: e} }
func parks() outcome       { return outcome{park: true} }
func result(e Errno) outcome { // 0 or an error
	if e != 0 {
		return fail(e)
	}
	return outcome{}
}

// thread is the record of that thread, made on its first call.
func (h *Host) thread(id Thread) *thread {
	for i := range h.threads {
		if h.threads[i].id == id {
			return &h.threads[i]
		}
	}
	h.threads = append(h.threads, thread{id: id, file: noFile, sock: noSock})
	return &h.threads[len(h.threads)-1]
}

// Call carries out a system call of a thread. Its outcome is a Done effect, now
// or, after a Parked one, with a later input. c.Data and c.Poll are not kept.
func (h *Host) Call(now Time, id Thread, c Call, out []Effect) []Effect {
	h.enter(now, out)
	t := h.thread(id)
	if t.parked {
		e := h.emit(Done, rule.ThreadBusy, noSock)
		e.Return = Return{Thread: id, Value: -1, Errno: EBUSY}
		return h.leave()
	}
	t.call, t.ret = c, Return{Thread: id}
	t.done, t.signal, t.until, t.file, t.sock = 0, false, 0, noFile, noSock
	o := fail(ENOSYS)
	if int(c.Op) < len(syscalls) && syscalls[c.Op].start != nil {
		o = syscalls[c.Op].start(h, t)
	}
	h.conclude(t, o)
	return h.leave()
}

// conclude lets the call return or wait.
func (h *Host) conclude(t *thread, o outcome) {
	if o.park {
		h.parkThread(t)
		return
	}
	if t.parked {
		h.unpark(t)
	}
	why := rule.CallReturns
	if o.err != 0 {
		why = rule.CallFails
	}
	e := h.emit(Done, why, t.sock)
	e.Return = t.ret
	e.Return.Value, e.Return.Errno = o.value, o.err
	t.call.Data, t.call.Poll = nil, nil // the caller's own
}

// parkThread makes the wait a state: the call's arguments are copied, the
// time-out is set, the file is held.
func (h *Host) parkThread(t *thread) {
	if t.parked {
		return // it looked again and found nothing
	}
	t.parked = true
	t.data = append(t.data[:0], t.call.Data...)
	t.call.Data = t.data
	t.poll = append(t.poll[:0], t.call.Poll...)
	t.call.Poll = t.poll
	if t.file != noFile {
		h.files[t.file].refs++
	}
	h.arm(timerThread|timer(t.id), t.until, t.until != forever)
	h.emit(Parked, rule.CallParks, t.sock).Return.Thread = t.id
}

// unpark undoes parkThread.
func (h *Host) unpark(t *thread) {
	t.parked = false
	h.arm(timerThread|timer(t.id), 0, false)
	h.forget(t)
	if t.file != noFile {
		if was, last := h.put(t.file); last {
			h.release(nil, was)
		}
		t.file = noFile
	}
}

// forget takes the thread off every wait list.
func (h *Host) forget(t *thread) {
	if s := h.sockAt(t.sock); s != nil {
		s.waiters.Remove(t.id)
	}
	if t.call.Op == OpPoll || t.call.Op == OpEpollWait {
		for _, s := range h.socks {
			if s != nil {
				s.waiters.Remove(t.id)
			}
		}
	}
}

// resume lets a parked thread look again.
func (h *Host) resume(id Thread) {
	t := h.thread(id)
	if !t.parked {
		return
	}
	h.emit(Woken, rule.Woken, t.sock).Return.Thread = id
	h.conclude(t, syscalls[t.call.Op].resume(h, t))
}

// threadTimeout ends a thread's patience.
func (h *Host) threadTimeout(id Thread) {
	h.resume(id)
}

// Interrupt is a signal with a handler that comes to a thread. A parked call
// returns what it has moved, else ERESTARTSYS when its wait had no end (the C
// library or the kernel makes it again) and EINTR when it had
// (sock_intr_errno). A thread that is not parked does not notice.
func (h *Host) Interrupt(now Time, id Thread, out []Effect) []Effect {
	h.enter(now, out)
	t := h.thread(id)
	if t.parked {
		t.signal = true
		h.resume(id)
	}
	return h.leave()
}

// intrErrno is the error of a wait that a signal broke.
func (t *thread) intrErrno() Errno {
	if t.until == forever {
		return ERESTARTSYS
	}
	return EINTR
}

// patience sets until: now for a call that must not wait, else the time-out's end.
func (h *Host) patience(t *thread, nonblock bool, timeout tcpstate.Duration) {
	switch {
	case nonblock:
		t.until = 0
	case timeout == noTimeout:
		t.until = forever
	default:
		t.until = h.now.Add(timeout)
	}
}

// waits reports whether there is patience left.
func (h *Host) waits(t *thread) bool { return t.until > h.now }

// parkOn lets the thread wait for events of a socket.
func (h *Host) parkOn(t *thread, s *sock, exclusive bool) outcome {
	s.waiters.Add(t.id, exclusive)
	return parks()
}

// wake tells the waiters of events: all who share, and one of the exclusive
// ones (__wake_up). mask says which, for those who asked for some.
func (h *Host) wake(s *sock, mask uint32) {
	h.run = s.waiters.WakeOne(h.run)
	h.epollNotify(s, mask)
}

// wakeAll tells all waiters that the state changed (sk_state_change).
func (h *Host) wakeAll(s *sock) {
	h.run = s.waiters.WakeAll(h.run)
	h.epollNotify(s, wakeAny)
}
