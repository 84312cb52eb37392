package fuzz

import (
	"encoding/binary"
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/sock"
)

// HostWalk is a host with one socket, and everything that a few threads, a few peers, time and signals may do to it.
type HostWalk struct {
	WalkConfig
	run     *HostRun
	sockets []walkSocket
	ticks   uint8       // left
	used    int         // threads that have made a call
	opening []sock.Call // what made the socket
}

// WalkConfig is what a HostWalk starts with, and what may happen to it.
type WalkConfig struct {
	Setup byte // as NewHostRun takes it
	// Backlog is what the socket listens with; below 0 it does not listen, and Calls may connect it to the peer.
	Backlog  int64
	SndBuf   uint32 // SO_SNDBUF, if not 0
	Peers    int    // connections that peers may begin
	Threads  int    // all alike: the next one is used only once those before it have been
	Segments []WalkSegment
	Calls    []WalkCall
	Signals  bool
	Ticks    uint8 // timers that fire, all that are due at one time together
	Sysctls  [][2]string
}

// walkSocket is a descriptor.
type walkSocket struct {
	fd     int32
	listen bool
	open   bool
}

// NewHostWalk makes the socket.
func NewHostWalk(c WalkConfig) (*HostWalk, error) {
	w := &HostWalk{WalkConfig: c, run: NewHostRun(c.Setup), ticks: c.Ticks}
	w.run.twins = false
	for _, s := range c.Sysctls {
		if err := w.run.Host.SetSysctl(s[0], s[1]); err != nil {
			return nil, err
		}
	}
	calls := []sock.Call{{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}}
	if c.Backlog >= 0 {
		addr := sock.Addr{Family: sock.AF_INET, AP: walkLocal}
		calls = append(calls, sock.Call{Op: sock.OpBind, Addr: addr, AddrLen: 16}, sock.Call{Op: sock.OpListen, N: c.Backlog})
	}
	if c.SndBuf > 0 {
		calls = append(calls, sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_SOCKET, Name: sock.SO_SNDBUF, Data: binary.NativeEndian.AppendUint32(nil, c.SndBuf)})
	}
	for i, call := range calls {
		if i > 0 {
			call.FD = w.run.fds[1]
		}
		w.opening = append(w.opening, call)
		if _, err := w.run.Call(0, call); err != nil {
			return nil, err
		}
	}
	w.learn()
	w.sockets[0].listen = c.Backlog >= 0
	return w, nil
}

// learn takes in descriptors that have come into being: those after the first are connections.
func (w *HostWalk) learn() {
	for _, fd := range w.run.fds[1+len(w.sockets):] {
		w.sockets = append(w.sockets, walkSocket{fd: fd, open: true})
	}
}

// Clone is the same state again.
func (w *HostWalk) Clone() *HostWalk {
	c := *w
	c.run, c.sockets = w.run.clone(), slices.Clone(w.sockets)
	return &c
}

// Key is equal for states from which the same can follow.
func (w *HostWalk) Key() uint64 {
	var h queue.Hash
	w.run.fingerprint(&h)
	for _, s := range w.sockets {
		h.U32(uint32(s.fd))
		h.Bool(s.listen)
		h.Bool(s.open)
	}
	h.U64(uint64(w.ticks)<<8 | uint64(w.used))
	return h.Sum()
}

// Settle ends all processes: whoever waits has nothing to wait for, and after a while nothing is left.
func (w *HostWalk) Settle() error { return w.run.settle() }

// asks is the poll that answers at once when a call that waits has nothing left to wait for; false for those that wait for more
// than poll tells of: MSG_WAITALL, and urgent data.
func asks(c *sock.Call) (poll sock.Call, ok bool) {
	events := uint32(sock.POLLIN)
	switch {
	case c.Op == sock.OpPoll:
		return sock.Call{Op: sock.OpPoll, Poll: c.Poll}, true
	case c.Op == sock.OpAccept, c.Op == sock.OpRecv && c.Flags&(sock.MSG_WAITALL|sock.MSG_OOB) == 0:
	case c.Op == sock.OpConnect, c.Op == sock.OpSend:
		events = sock.POLLOUT
	default:
		return sock.Call{}, false
	}
	return sock.Call{Op: sock.OpPoll, Poll: []sock.PollFD{{FD: c.FD, Events: events}}}, true
}

// checkWaiters: a thread that waits for what is already there has lost its wake-up. Another thread asks on a copy of the host.
func (r *HostRun) checkWaiters() error {
	if r.forked {
		return nil // the other thread might be of another process
	}
	const other = sock.Thread(250)
	for th := range sock.Thread(other) {
		c, waits := r.parked[th]
		poll, ok := asks(&c)
		if !waits || !ok {
			continue
		}
		for _, e := range r.Host.Clone().Call(r.now, other, poll, nil) {
			if e.Kind != sock.Done {
				continue
			}
			for i, p := range e.Return.Poll {
				told := poll.Poll[i].Events // POLLERR tells of the error queue too, which no other call waits for
				if c.Op == sock.OpPoll {
					told |= sock.POLLERR | sock.POLLHUP | sock.POLLNVAL
				}
				if p.Revents&told != 0 {
					return law("thread %d waits in %v, and poll says %#x", th, c.Op, p.Revents)
				}
			}
		}
	}
	return nil
}

// forget lets go of a descriptor that is being closed: its number may soon be another file's. Whoever waits on the old one is
// asked about no more.
func (r *HostRun) forget(fd int32) {
	for th, c := range r.parked {
		if c.FD == fd {
			r.parked[th] = sock.Call{}
		}
	}
}

// expire lets time pass until the next timer.
func (w *HostWalk) expire() error {
	w.ticks = spend(w.ticks)
	at, ok := w.run.Host.Deadline()
	if !ok {
		return nil
	}
	return w.run.Wait(max(at.Sub(w.run.now), 0), false)
}

// due reports whether a timer may fire.
func (w *HostWalk) due() bool {
	_, ok := w.run.Host.Deadline()
	return ok && w.ticks > 0
}
