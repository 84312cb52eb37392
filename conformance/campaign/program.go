package campaign

import (
	"net/netip"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"pgregory.net/rapid"
)

// program is what the caller's side has: descriptors by slot, and threads that wait.
type program struct {
	slots []slot
	waits map[sock.Thread]bool
}

// slot is a descriptor.
type slot struct {
	kind   *matrix.Kind
	open   bool
	epoll  bool
	listen bool
}

// threads are how many may wait at once.
const threads = 3

// free is the lowest thread that does not wait; false when all do.
func (p *program) free() (sock.Thread, bool) {
	for t := sock.Thread(1); t <= threads; t++ {
		if !p.waits[t] {
			return t, true
		}
	}
	return 0, false
}

// waiting reports whether any thread waits.
func (p *program) waiting() bool {
	for t := sock.Thread(1); t <= threads; t++ {
		if p.waits[t] {
			return true
		}
	}
	return false
}

// live are the slots of open descriptors.
func (p *program) live() (list []int32) {
	for i, s := range p.slots {
		if s.open {
			list = append(list, int32(i))
		}
	}
	return list
}

// sockets are the open slots that an epoll may watch; one that watches another is not compared.
func (p *program) sockets() (list []int32) {
	for _, i := range p.live() {
		if !p.slots[i].epoll {
			list = append(list, i)
		}
	}
	return list
}

// maxOpen bounds the descriptors of a history.
const maxOpen = 6

// hears draws the kind of a socket that packets are for, nil for those of TCP.
func (p *program) hears(t *rapid.T) *matrix.Kind {
	open := p.sockets()
	if len(open) == 0 {
		return nil
	}
	k := p.slots[rapid.SampledFrom(open).Draw(t, "receiver")].kind
	if k.Type == sock.SOCK_STREAM {
		return nil
	}
	return k
}

// draw draws a call of a thread that does not wait.
func (p *program) draw(t *rapid.T, thread sock.Thread, kinds []*matrix.Kind) matrix.Step {
	open := p.live()
	if len(open) == 0 || len(open) < maxOpen && rapid.IntRange(0, 7).Draw(t, "open") == 0 {
		return p.open(t, thread, kinds)
	}
	fd := rapid.SampledFrom(open).Draw(t, "descriptor")
	c := drawCall(t, p.slots[fd].kind, p.slots[fd].epoll, p.sockets())
	if c.Op == sock.OpClose && p.waiting() {
		// Not compared: a poll whose descriptor was closed ends with POLLNVAL at the next event that it asked for, on the model at any.
		c.Op = sock.OpGetsockname
	}
	c.FD = fd
	for i := range c.Poll {
		c.Poll[i].FD = fd
	}
	return matrix.Step{Thread: thread, Call: &c}
}

// open makes a socket, most often one that does not block.
func (p *program) open(t *rapid.T, thread sock.Thread, kinds []*matrix.Kind) matrix.Step {
	if rapid.IntRange(0, 9).Draw(t, "epoll") == 0 {
		return matrix.Step{Thread: thread, Call: &sock.Call{Op: sock.OpEpollCreate}}
	}
	k := rapid.SampledFrom(kinds).Draw(t, "kind")
	c := sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type, Proto: k.Proto}
	if rapid.IntRange(0, 3).Draw(t, "blocks") > 0 {
		c.Type |= sock.SOCK_NONBLOCK
	}
	return matrix.Step{Thread: thread, Call: &c}
}

// note files what the step brought about.
func (p *program) note(s *matrix.Step, o *matrix.Outcome, kinds []*matrix.Kind) {
	if s.Call != nil {
		p.waits[s.Thread] = true
	}
	for i := range o.Returns {
		p.waits[o.Returns[i].Thread] = false
	}
	for i := range o.Returns {
		r := &o.Returns[i]
		if r.Made {
			p.slots = append(p.slots, p.made(s, r, kinds))
		}
	}
	if s.Call == nil {
		return
	}
	if s.Call.Op == sock.OpClose {
		// At once, though it may linger: the number is free, and soon another instance's, to whom a call would do harm.
		p.slots[s.Call.FD].open = false
	} else if s.Call.Op == sock.OpListen && succeeded(o, s.Thread) {
		p.slots[s.Call.FD].listen = true
	}
}

func succeeded(o *matrix.Outcome, t sock.Thread) bool {
	for i := range o.Returns {
		if o.Returns[i].Thread == t {
			return o.Returns[i].Return.Value >= 0
		}
	}
	return false
}

// made is the slot of a new descriptor. One that accept gives long after the call is taken to be of the first kind: it only
// steers the draw.
func (p *program) made(s *matrix.Step, r *matrix.Returned, kinds []*matrix.Kind) slot {
	n := slot{kind: kinds[0], open: true}
	if s.Call == nil || s.Thread != r.Thread {
		return n
	}
	switch s.Call.Op {
	case sock.OpSocket:
		for _, k := range kinds {
			if k.Domain == s.Call.Domain && k.Type == s.Call.Type&0xf && k.Proto == s.Call.Proto {
				n.kind = k
			}
		}
	case sock.OpEpollCreate:
		n.epoll = true
	default:
		n = p.slots[s.Call.FD]
		n.open, n.listen = true, false
	}
	return n
}

// drawAddr draws an address, mostly one that makes sense.
func drawAddr(t *rapid.T, k *matrix.Kind, bind bool) (sock.Addr, int32) {
	if rapid.IntRange(0, 29).Draw(t, "odd address") == 0 {
		return sock.Addr{Family: sock.AF_UNSPEC}, rapid.SampledFrom([]int32{1, 2, 16, 28}).Draw(t, "length")
	}
	ips, ports := []netip.Addr{k.Peer, k.Peer, k.Loopback, k.Any, k.Multicast}, []uint16{firstServe, firstServe + 1, 8080, 8081}
	if bind {
		ips, ports = []netip.Addr{k.Any, k.Any, k.Local, k.Loopback, k.Peer, k.Multicast}, []uint16{8080, 8080, 8081, 0}
	}
	if k.Dual && !bind {
		// Known: a socket of AF_INET6 that was connected over IPv4 sends the SYN of a connection over IPv6 into the void.
		ips[3] = k.Loopback
	}
	return k.Addr(rapid.SampledFrom(ips).Draw(t, "address"), rapid.SampledFrom(ports).Draw(t, "port"))
}
