package sock

import "github.com/sockspec/sockspec/tcpstate/rule"

// What clone makes, as Call.N says it (include/uapi/linux/sched.h). CloneThread
// stands for all flags that pthread_create sets.
const (
	ClonesProcess int64 = 0
	CLONE_THREAD  int64 = 0x00010000
)

// noProc is the process of a thread that has ended.
const noProc int32 = -1

// sysClone is clone(2), and with N = 0 fork(2): Arg is the name of the new
// thread, which must be free. A child shares all open files and none of the
// table that names them. The value is the child's number, 0 for a thread.
func sysClone(h *Host, t *thread) outcome {
	id := Thread(t.call.Arg)
	switch other := h.findThread(id); {
	case t.call.Arg < 0 || t.call.Arg > 1<<16-1, t.call.N&^CLONE_THREAD != 0:
		return fail(EINVAL)
	case other != nil && other.proc != noProc:
		return fail(EBUSY)
	}
	if t.call.N&CLONE_THREAD != 0 {
		h.nameThread(id, t.proc)
		return done(0)
	}
	child := h.proc.clone()
	at, err := h.addProcess(child)
	if err != 0 {
		return fail(err)
	}
	for fd := range child.fds {
		d := &child.fds[fd]
		if d.file == reserved {
			child.point(int32(fd), descriptor{file: noFile}) // another thread's accept will not return here (dup_fd)
		}
		if d.file != noFile {
			h.files[d.file].refs++
		}
	}
	h.nameThread(id, at)
	return done(int64(child.pid))
}

// nameThread makes a thread of that name in a process. The records of threads
// may move: no pointer to one outlives this.
func (h *Host) nameThread(id Thread, proc int32) {
	*h.thread(id) = thread{id: id, proc: proc, file: noFile, sock: noSock, fd: -1}
}

// sysExec is execve(2), as far as descriptors and credentials go: the other
// threads end and what is marked close-on-exec is closed (begin_new_exec,
// do_close_on_exec).
func sysExec(h *Host, t *thread) outcome {
	h.endThreads(t)
	for fd := range h.proc.fds {
		if h.proc.fds[fd].cloexec {
			h.closeFD(int32(fd))
		}
	}
	h.proc.cred.exec()
	return done(0)
}

// sysExit is exit_group(2): every thread of the process ends and every
// descriptor is closed, without lingering (do_exit, exit_files). It does not
// return.
func sysExit(h *Host, t *thread) outcome {
	h.endThreads(t)
	for fd := range h.proc.fds {
		h.closeFD(int32(fd))
	}
	h.procs[t.proc] = nil
	t.proc = noProc
	h.emit(Noted, rule.ThreadEnds, noSock).Return.Thread = t.id
	return outcome{ended: true}
}

// closeFD closes a descriptor for a process that can't wait for it.
func (h *Host) closeFD(fd int32) {
	f := h.fileAt(fd)
	if f == noFile {
		return
	}
	h.proc.point(fd, descriptor{file: noFile})
	if was, last := h.put(f); last {
		h.release(nil, was)
	}
}

// endThreads ends the other threads of t's process: a call that one is in never
// returns, and what it held is let go of (zap_other_threads).
func (h *Host) endThreads(t *thread) {
	for i := range h.threads {
		o := &h.threads[i]
		if o.proc != t.proc || o.id == t.id {
			continue
		}
		if o.parked {
			h.abandon(o)
		}
		o.proc = noProc
		h.emit(Noted, rule.ThreadEnds, noSock).Return.Thread = o.id
	}
}

// abandon ends a call for good.
func (h *Host) abandon(t *thread) {
	if !t.lingers { // what accept had reserved is its connection's by then
		h.unreserve(t)
	}
	h.endWait(t)
	for _, f := range t.held {
		if was, last := h.put(f); last {
			h.release(nil, was)
		}
	}
	t.held = t.held[:0]
	if t.lingers { // it was closing: now nobody waits for the end
		t.lingers = false
		h.orphan(h.socks[t.sock])
	}
	t.call = Call{}
}
