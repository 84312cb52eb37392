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
	proc        int32 // index of its process; noProc once it has ended
	parked      bool
	signal      bool   // a signal came while it was parked
	file        fileID // that the call is about
	sock        sockID // what it waits on
	since       uint64 // when it came to wait, see Host.stamp
	until       Time   // when its patience ends; 0 for a call that must not wait
	done        int64  // octets moved so far
	disconnects uint32 // the socket's, when the wait began
	hole        uint32 // urgent octets that a peek stepped over
	peekAt      uint32 // where a peek begins (SO_PEEK_OFF)
	// peekFrom is where a peek would stand if it had seen nothing yet: it goes on behind
	// that by what it has seen.
	peekFrom   tcpstate.Seq
	came       Time  // when the last of the packets came that a stream was read from; 0 tells nothing
	fd         int32 // that accept has for what it will return, -1 when it has none
	connected  bool  // a send is past the handshake
	writes     bool  // a send waits for it, or a connect beside one
	fast       bool  // a send waits for the connection that it opened
	badControl Errno // of a send, told once the connection is there
	late       Errno // of a connect whose patience ends
	lingers    bool  // the call is over but for a socket's last close, and then comes to after
	after      outcome
	call       Call // Data and Poll are the thread's own copies once it is parked
	ret        Return

	batch    batch    // of a sendmmsg or recvmmsg
	held     []fileID // that the wait keeps from being closed
	data, in []byte   // kept for reuse
	poll     []PollFD
	control  []Control
}

// outcome is what a call, or its continuation, came to.
type outcome struct {
	value int64
	err   Errno
	park  bool
	ended bool // the thread is no more
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

// thread is the record of that thread, made on its first call: one that nobody
// cloned belongs to the first process, while that lives.
func (h *Host) thread(id Thread) *thread {
	if t := h.findThread(id); t != nil {
		return t
	}
	t := thread{id: id, file: noFile, sock: noSock, fd: -1}
	if p := h.procs[0]; p == nil || p.pid != firstPID {
		t.proc = noProc
	}
	for int(id) >= len(h.threadAt) {
		h.threadAt = append(h.threadAt, 0)
	}
	h.threads = append(h.threads, t)
	h.threadAt[id] = int32(len(h.threads))
	return &h.threads[len(h.threads)-1]
}

// findThread is the record of that thread, nil when there is none.
func (h *Host) findThread(id Thread) *thread {
	if int(id) >= len(h.threadAt) || h.threadAt[id] == 0 {
		return nil
	}
	return &h.threads[h.threadAt[id]-1]
}

// Call carries out a system call of a thread. Its outcome is a Done effect, now
// or, after a Parked one, with a later input. Nothing that c points to is kept.
func (h *Host) Call(now Time, id Thread, c Call, out []Effect) []Effect {
	h.enter(now, out)
	t := h.thread(id)
	switch {
	case t.parked:
		h.refuse(id, rule.ThreadBusy, EBUSY)
		return h.leave()
	case t.proc == noProc:
		h.refuse(id, rule.ThreadGone, ESRCH)
		return h.leave()
	}
	h.enterProcess(t)
	t.call, t.ret = c, Return{Thread: id}
	t.forget()
	o := fail(ENOSYS)
	if int(c.Op) < len(syscalls) && syscalls[c.Op].start != nil && h.callRules().has(c.Op) {
		o = syscalls[c.Op].start(h, t)
	}
	h.conclude(h.thread(id), o) // clone may have moved the records
	return h.leave()
}

// refuse answers a call that is no call at all: its thread can't make one.
func (h *Host) refuse(id Thread, why rule.ID, err Errno) {
	h.emit(Done, why, noSock).Return = Return{Thread: id, Value: -1, Errno: err}
}

// conclude lets the call return or wait.
func (h *Host) conclude(t *thread, o outcome) {
	waited := t.parked
	if o.ended {
		t.call.disown()
		return
	}
	if waited && !o.park {
		if o = h.unpark(t, o); o.park {
			t.ret = t.ret.clone() // what it came to is told after the close, in a later input
		}
	}
	if o.park {
		h.parkThread(t)
		if !waited {
			h.emit(Parked, rule.CallParks, t.sock).Return.Thread = t.id
		}
		return
	}
	h.returns(t, o)
	t.call.disown()
}

// forget makes all that a wait keeps what it is when none has begun.
func (t *thread) forget() {
	t.done, t.until, t.file, t.sock, t.fd, t.in = 0, 0, noFile, noSock, -1, t.in[:0]
	t.signal, t.connected, t.writes, t.fast, t.late, t.badControl = false, false, false, false, 0, 0
	t.disconnects, t.hole, t.peekAt, t.came, t.after = 0, 0, 0, 0, outcome{}
	t.peekFrom = 0
	t.batch.got, t.batch.limit = t.batch.got[:0], forever
}

// disown lets go of the memory that is the caller's own.
func (c *Call) disown() {
	c.Data, c.Poll, c.Control, c.Groups, c.Msgs, c.Filter = nil, nil, nil, nil, nil, nil
}

// returns emits what the call came to.
func (h *Host) returns(t *thread, o outcome) {
	why := rule.CallReturns
	if o.err != 0 {
		why = rule.CallFails
	}
	e := h.emit(Done, why, t.sock)
	e.Return = t.ret
	e.Return.Value, e.Return.Errno = o.value, o.err
}

// parkThread makes the wait a state: the call's arguments are copied, the
// time-out is set, the file is held. No call that waits comes back to its
// control messages or groups.
func (h *Host) parkThread(t *thread) {
	if t.parked {
		return // it looked again and found nothing
	}
	t.parked = true
	t.data = append(t.data[:0], t.call.Data...)
	t.call.Data = t.data
	t.poll = append(t.poll[:0], t.call.Poll...)
	t.call.Poll = t.poll
	t.call.Control, t.call.Groups, t.call.Filter = nil, nil, nil
	t.call.Msgs, t.batch.got = cloneMsgs(t.call.Msgs), cloneMsgs(t.batch.got)
	h.hold(t, t.file)
	h.arm(timerThread|timer(t.id), t.until, t.until != forever)
}

// hold keeps a file from going away while the thread waits: a close elsewhere
// takes the descriptor only (fdget, __pollwait).
func (h *Host) hold(t *thread, f fileID) {
	if f != noFile {
		t.held = append(t.held, f)
		h.files[f].refs++
	}
}

// unpark undoes parkThread. The call comes to o, unless what it held was closed
// in the meantime: then the last close is this thread's to do, and to wait for.
func (h *Host) unpark(t *thread, o outcome) outcome {
	h.endWait(t)
	for len(t.held) > 0 {
		f := t.held[0]
		t.held = t.held[:copy(t.held, t.held[1:])]
		if o = h.drop(t, f, o); o.park {
			return o
		}
	}
	return o
}

// endWait takes the thread off every list and clock.
func (h *Host) endWait(t *thread) {
	t.parked, t.file = false, noFile
	h.arm(timerThread|timer(t.id), 0, false)
	if s := h.sockAt(t.sock); s != nil {
		s.waiters.Remove(t.id)
	}
	if t.call.Op != OpPoll && t.call.Op != OpEpollWait {
		return
	}
	for _, f := range t.held {
		h.waitersOf(f).Remove(t.id)
	}
}

// resume lets a parked thread look again.
func (h *Host) resume(id Thread) {
	t := h.thread(id)
	if !t.parked {
		return
	}
	h.emit(Woken, rule.Woken, t.sock).Return.Thread = id
	h.enterProcess(t)
	if t.lingers {
		h.conclude(t, closeResume(h, t))
		return
	}
	h.conclude(t, syscalls[t.call.Op].resume(h, t))
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
	if s.waiters.Add(t.id, exclusive) {
		t.since = h.stamp()
	}
	return parks()
}

// parkAgain lets a thread that was woken for nothing wait on in its place: its
// entry in the list is one for all of the wait (inet_wait_for_connect,
// sk_stream_wait_memory, sk_stream_wait_close).
func (h *Host) parkAgain(t *thread, s *sock) outcome {
	s.waiters.AddAgain(t.id, func(id Thread) bool { return h.findThread(id).since > t.since })
	return parks()
}

// wake tells the waiters of events: all who share, and one of the exclusive
// ones (__wake_up). mask says which, for those who asked for some.
func (h *Host) wake(s *sock, mask uint32) {
	h.wakeShared(s, mask)
	h.run = s.waiters.WakeNext(h.run)
}

// wakeShared tells those that share: threads and epolls, the latest first.
func (h *Host) wakeShared(s *sock, mask uint32) {
	n := len(h.run)
	h.run = s.waiters.WakeShared(h.run)
	h.pollSleepOn(&s.waiters, n, mask)
	h.epollNotify(s, mask, n)
}

// wakeAll tells all waiters that the state changed (sk_state_change).
func (h *Host) wakeAll(s *sock) {
	n := len(h.run)
	h.run = s.waiters.WakeShared(h.run)
	h.epollNotify(s, wakeAny, n)
	h.run = s.waiters.WakeAll(h.run)
}
