package sock

import (
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/tcpstate"
)

// checkNames: a socket has one file at most, and what has a peer has both
// addresses and a port of its own.
func checkNames(h *Host) error {
	for i := range h.files {
		f := &h.files[i]
		if f.kind != fileSocket {
			continue
		}
		for j := range i {
			if g := &h.files[j]; g.kind == fileSocket && g.sock == f.sock {
				return fmt.Errorf("socket %d: files %d and %d are of it", f.sock, j, i)
			}
		}
		if s := h.socks[f.sock]; s.parent != noSock {
			return fmt.Errorf("socket %d: has a file, and waits to be accepted", f.sock)
		}
	}
	for i, s := range h.socks {
		if s != nil && s.conn != nil && !s.frozen && s.conn.State() != tcpstate.Closed && !s.flow().whole() {
			return fmt.Errorf("socket %d: is in %v between %v and %v", i, s.conn.State(), s.flow().local, s.remote)
		}
	}
	return nil
}

// whole: both ends are named in full. Only the peer's port may be 0: Linux sends
// a SYN there when asked to.
func (f flow) whole() bool {
	l, r := f.local, f.remote
	return l.Port() != 0 && l.Addr().IsValid() && r.Addr().IsValid() &&
		!l.Addr().IsUnspecified() && !r.Addr().IsUnspecified() && l.Addr().Is4() == r.Addr().Is4()
}

// checkChildren: who waits to be accepted has done the handshake, or its SYN
// carried data; the peer may have closed or reset it since, and its user can't
// have, since there is none (inet_csk_accept, inet_accept's WARN_ON).
func checkChildren(h *Host) error {
	queued := 0
	for i, s := range h.socks {
		if s == nil || s.lst == nil {
			continue
		}
		for k := range s.lst.accept.Len() {
			c := h.sockAt(*s.lst.accept.At(k))
			queued++
			if c == nil || c.conn == nil || !c.in(tcpstate.Established, tcpstate.SynReceived, tcpstate.CloseWait, tcpstate.Closed) {
				return fmt.Errorf("listener %d: entry %d of its accept queue is no connection to be accepted", i, k)
			}
		}
	}
	for _, s := range h.socks {
		if s != nil && s.parent != noSock {
			queued--
		}
	}
	if queued != 0 {
		return fmt.Errorf("host: accept queues hold %+d connections too many", queued)
	}
	return nil
}

// checkWaits: a thread waits for its own file, in the way of its call, and no
// time-out is 0, which would mean that there is none.
func checkWaits(h *Host) error {
	for i := range h.threads {
		t := &h.threads[i]
		if t.parked && t.until <= 0 && !t.lingers {
			return fmt.Errorf("thread %d: waits in %v until %d", t.id, t.call.Op, t.until)
		}
	}
	for i, s := range h.socks {
		if s == nil {
			continue
		}
		for k := range s.waiters.Len() {
			id, exclusive, _ := s.waiters.At(k)
			t := h.findThread(id)
			polls := t.call.Op == OpPoll && !t.lingers
			switch {
			case polls && !slices.ContainsFunc(t.held, func(f fileID) bool { return h.files[f].kind == fileSocket && h.files[f].sock == s.id }):
				return fmt.Errorf("thread %d: polls, and not socket %d, whose list it is on", id, i)
			case !polls && t.sock != s.id:
				return fmt.Errorf("thread %d: waits for socket %d, and is on the list of %d", id, t.sock, i)
			case t.call.Op == OpAccept && !exclusive && !t.lingers || polls && exclusive:
				return fmt.Errorf("thread %d: waits in %v, exclusively: %v", id, t.call.Op, exclusive)
			}
		}
	}
	return nil
}
