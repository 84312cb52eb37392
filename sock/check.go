package sock

import (
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// Check tests what must hold between any two inputs; an error names the rule
// that does not, and the place. Tests and fuzzing call it after every input.
func (h *Host) Check() error {
	for _, check := range [...]func(*Host) error{checkFiles, checkSocks, checkBuckets, checkListeners, checkRequests, checkFlows, checkPorts, checkChains, checkGroups, checkThreads, checkEpolls, checkFrags, checkNames, checkChildren, checkWaits, checkCharges} {
		if err := check(h); err != nil {
			return err
		}
	}
	if len(h.loop) > 0 { // woken threads may be left: see settle
		return fmt.Errorf("host: %d packets are left over between inputs", len(h.loop))
	}
	return nil
}

// checkFiles: each file is held exactly by its descriptors and waiting calls.
func checkFiles(h *Host) error {
	refs := make([]int32, len(h.files))
	count := int32(0)
	for _, p := range h.procs {
		if p == nil {
			continue
		}
		for fd, d := range p.fds {
			switch {
			case p.free.has(fd) != (d.file == noFile):
				return fmt.Errorf("process %d, descriptor %d: counts as free: %v", p.pid, fd, p.free.has(fd))
			case d.file == reserved:
				count++
			case d.file >= 0:
				if int(d.file) >= len(h.files) || h.files[d.file].kind == fileFree {
					return fmt.Errorf("process %d, descriptor %d: refers to a file that is closed", p.pid, fd)
				}
				refs[d.file]++
			}
		}
	}
	for i := range h.threads {
		for _, f := range h.threads[i].held {
			refs[f]++
		}
	}
	for i := range h.files {
		f := &h.files[i]
		count += flag(f.kind != fileFree)
		if h.spareFiles.has(i) != (f.kind == fileFree) {
			return fmt.Errorf("file %d: counts as free: %v", i, h.spareFiles.has(i))
		}
		if f.refs != refs[i] {
			return fmt.Errorf("file %d: %d references are counted, %d exist", i, f.refs, refs[i])
		}
		if f.kind == fileSocket && h.sockAt(f.sock) == nil {
			return fmt.Errorf("file %d: its socket %d is gone", i, f.sock)
		}
	}
	if count != h.fileCount {
		return fmt.Errorf("host: %d files are counted, %d are open", h.fileCount, count)
	}
	return nil
}

// checkSocks: a socket is held by a file, by an accept queue, by a close that
// lingers, or lives on for its protocol alone; and TCP's own invariants hold.
func checkSocks(h *Host) error {
	held := make([]bool, len(h.socks))
	for i := range h.files {
		if h.files[i].kind == fileSocket {
			held[h.files[i].sock] = true
		}
	}
	for i := range h.threads {
		if t := &h.threads[i]; t.parked && t.lingers {
			held[t.sock] = true
		}
	}
	n, joined := int32(0), int32(0)
	for i, s := range h.socks {
		if s == nil {
			if !h.spareSocks.has(i) {
				return fmt.Errorf("socket %d: is free and can't be given out", i)
			}
			continue
		}
		if s.prot == &tcpProt {
			n++
		}
		joined += int32(len(s.anycast))
		switch {
		case s.lst != nil && s.conn != nil:
			return fmt.Errorf("socket %d: is a listener and a connection", i)
		case s.conn != nil && s.txHash == 0:
			return fmt.Errorf("socket %d: is a connection without a path (txHash)", i)
		case !held[i] && !s.dead && !s.kern && s.parent == noSock:
			return fmt.Errorf("socket %d: nobody holds it and it is not an orphan", i)
		case s.frozen && s.state() != tcpstate.Closed:
			return fmt.Errorf("socket %d: gave its connection to a timewait bucket and is in %v", i, s.state())
		case held[i] && s.dead:
			return fmt.Errorf("socket %d: is held and counts as orphan", i)
		case s.dead && s.conn.State() == tcpstate.Closed:
			return fmt.Errorf("socket %d: an orphan outlived its connection", i)
		}
		if s.conn != nil {
			if err := s.conn.Check(); err != nil {
				return fmt.Errorf("socket %d: %w", i, err)
			}
			if at, on := s.conn.Deadline(); on && !s.frozen {
				if t, ok := h.timers.Get(timerConn | timer(uint32(i))); !ok || t != int64(at) {
					return fmt.Errorf("socket %d: its timer is due at %d and armed for %d", i, at, t)
				}
			}
		}
	}
	if n != h.tcpCount {
		return fmt.Errorf("host: %d TCP sockets are counted, %d exist", h.tcpCount, n)
	}
	if joined != h.anycasts {
		return fmt.Errorf("host: %d anycast addresses are counted, sockets have joined %d", h.anycasts, joined)
	}
	return nil
}

// checkListeners: LISTEN if and only if there is a record that can be found,
// and queues within their bounds.
func checkListeners(h *Host) error {
	n := 0
	for i, s := range h.socks {
		if s == nil || s.lst == nil {
			continue
		}
		n++
		if !h.listens.holds(s) {
			return fmt.Errorf("listener %d: can't be found by its address", i)
		}
		l := s.lst
		if uint64(l.accept.Len()) > uint64(l.accept.Limit()) && l.accept.Len() > int(l.backlog)+1 {
			// A backlog lowered while the queue was full leaves it so, and
			// connections that migrate ask for no room.
			if l.accept.Len() > int(h.sysctl.get(ctlSomaxconn))+1 && h.count[MibTCPMigrateReqSuccess] == 0 {
				return fmt.Errorf("listener %d: %d wait to be accepted, backlog %d", i, l.accept.Len(), l.backlog)
			}
		}
		for k := range l.accept.Len() {
			c := h.sockAt(*l.accept.At(k))
			if c == nil || c.parent != s.id {
				return fmt.Errorf("listener %d: entry %d of its accept queue is no child of it", i, k)
			}
		}
	}
	if n != h.listens.n {
		return fmt.Errorf("host: %d sockets listen, %d are counted", n, h.listens.n)
	}
	return nil
}

// checkRequests: each has a socket that counts it, and a timer that will fire.
func checkRequests(h *Host) error {
	counts := make([]synCount, len(h.socks))
	for f, r := range h.requests.byFlow.All() {
		if r.owner != noSock && h.sockAt(r.owner) == nil {
			return fmt.Errorf("request from %v: its socket %d is gone", f.remote, r.owner)
		}
		if _, twice := h.flows[f]; twice {
			return fmt.Errorf("request from %v: is a connection too", f.remote)
		}
		if r.owner != noSock {
			c := &counts[r.owner]
			c.len++
			if r.Young() {
				c.young++
			}
		}
		if at, ok := h.requests.timers.Get(f); h.queueRules().SweepSlots == 0 && (!ok || Time(at) != r.Deadline) {
			return fmt.Errorf("request from %v: its SYN-ACK is due at %d, and its timer at %d", f.remote, r.Deadline, at)
		}
	}
	for i, s := range h.socks {
		if s != nil && s.syn != counts[i] {
			return fmt.Errorf("socket %d: counts %+v requests, has %+v", i, s.syn, counts[i])
		}
		sweeps := s != nil && s.syn.len > 0 && h.queueRules().SweepSlots != 0
		if _, on := h.timers.Get(timerSweep | timer(uint32(i))); on != sweeps {
			return fmt.Errorf("socket %d: has requests to be swept: %v, and a timer for it: %v", i, sweeps, on)
		}
	}
	first, _, some := h.requests.timers.Min()
	if at, on := h.timers.Get(timerRequest); some != on || at != first {
		return fmt.Errorf("host: the first SYN-ACK is due at %d, its timer at %d", first, at)
	}
	return nil
}

// checkFlows: every live connection is found under its name and under no other.
func checkFlows(h *Host) error {
	live := 0
	for i, s := range h.socks {
		if s == nil || s.conn == nil || s.frozen || s.conn.State() == tcpstate.Closed {
			continue
		}
		live++
		if id, ok := h.flows[s.flow()]; !ok || id != s.id {
			return fmt.Errorf("socket %d: is in %v and can't be found by its addresses", i, s.conn.State())
		}
	}
	if live != len(h.flows) {
		return fmt.Errorf("host: %d connections live, %d names are taken", live, len(h.flows))
	}
	return nil
}

// checkThreads: whoever waits can be woken, and nobody else is on a wait list.
func checkThreads(h *Host) error {
	for _, s := range h.socks {
		if s != nil && h.strayWaiter(&s.waiters) {
			return fmt.Errorf("socket %d: a thread that does not wait is on its wait list", s.id)
		}
	}
	for i := range h.epolls {
		if h.strayWaiter(&h.epolls[i].waiters) {
			return fmt.Errorf("epoll %d: a thread that does not wait is on its wait list", i)
		}
	}
	for i := range h.threads {
		t := &h.threads[i]
		if h.findThread(t.id) != t {
			return fmt.Errorf("thread %d: can't be found by its name", t.id)
		}
		if !t.parked {
			continue
		}
		if t.until != forever {
			if at, ok := h.timers.Get(timerThread | timer(t.id)); !ok || at != int64(t.until) {
				return fmt.Errorf("thread %d: waits until %d and no timer is set for it", t.id, t.until)
			}
		}
		if s := h.sockAt(t.sock); t.sock != noSock && (s == nil || !s.waiters.Waiting(t.id) && !slices.Contains(h.run, t.id)) {
			return fmt.Errorf("thread %d: waits in %v and is on no wait list", t.id, t.call.Op)
		}
	}
	return nil
}

// strayWaiter reports whether a thread is on the list that waits for nothing.
func (h *Host) strayWaiter(w *queue.Waiters[Thread]) bool {
	for i := range w.Len() {
		id, _, _ := w.At(i)
		if t := h.findThread(id); t == nil || !t.parked {
			return true
		}
	}
	return false
}
