//go:build linux

package kernel

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// threadSide is one stack with a listener, a connection that it accepted, and
// threads.
type threadSide struct {
	in         conformance.Instance
	listener   int32
	conn       int32
	children   int
	seq, ack   tcpstate.Seq // of the connection, from the peer's side
	iss        tcpstate.Seq // of the latest SYN-ACK
	busy       map[sock.Thread]string
	log        []string
	connClosed bool
}

const (
	threadPort = 8080
	// threadStep is how much time passes after each op at least; on the kernel, time
	// goes on until all threads sleep, or have said what they found.
	threadStep = 8 * tcpstate.Millisecond
)

// call makes a call and takes its return if it comes within a step.
func (s *threadSide) call(t sock.Thread, c sock.Call) (*sock.Return, error) {
	s.busy[t] = c.Op.String()
	if err := s.in.Call(t, c); err != nil {
		return nil, err
	}
	return s.settle(t)
}

// settle lets a step pass and logs who returned. It gives t's return.
func (s *threadSide) settle(t sock.Thread) (mine *sock.Return, err error) {
	var done []string
	until := s.in.Now().Add(threadStep)
	for range 1000 {
		ev, ok, err := s.in.Advance(until)
		if err != nil {
			return nil, err
		}
		if !ok && s.awake() {
			until = s.in.Now().Add(threadStep)
			continue
		}
		if !ok {
			break
		}
		switch ev.Kind {
		case conformance.PacketOut:
			var p sock.Packet
			if packetio.Decode(ev.Packet, &p) == nil && p.Seg.Flags.Has(tcpstate.SYN) {
				s.iss = p.Seg.Seq
			}
		case conformance.CallDone:
			r := ev.Return
			if r.Thread == t {
				mine = &r
			}
			done = append(done, s.describe(&r))
			delete(s.busy, r.Thread)
		}
	}
	slices.Sort(done)
	s.log = append(s.log, done...)
	return mine, nil
}

// awake reports whether a real thread is between sleep and return.
func (s *threadSide) awake() bool {
	in, ok := s.in.(*instance)
	if !ok {
		return false
	}
	for _, t := range in.threads {
		if t.busy() && !t.asleep() {
			return true
		}
	}
	return false
}

// describe says what a call returned, without numbers that stacks choose.
func (s *threadSide) describe(r *sock.Return) string {
	v := fmt.Sprint(r.Value)
	if op := s.busy[r.Thread]; r.Value > 0 && (op == "accept4" || op == "socket" || op == "dup2") {
		v = "descriptor"
	}
	out := fmt.Sprintf("t%d %s = %s %s", r.Thread, s.busy[r.Thread], v, sock.ErrnoName(r.Errno))
	for _, p := range r.Poll {
		if r.Errno == 0 {
			out += fmt.Sprintf(" %x", p.Revents)
		}
	}
	return out
}

// segment sends one from the peer at that port.
func (s *threadSide) segment(port uint16, f tcpstate.Flags, seq, ack tcpstate.Seq, n int32) error {
	p := sock.Packet{
		Src: loadSetup.RemoteV4, Dst: loadSetup.LocalV4, SrcPort: port, DstPort: threadPort, Proto: sock.ProtoTCP, TTL: 64,
		Seg: tcpstate.Segment{Flags: f, Seq: seq, Ack: ack, Wnd: 65535, Len: uint32(n)}, Payload: make([]byte, n),
	}
	b, err := packetio.Encode(nil, &p)
	if err != nil {
		return err
	}
	return s.in.Inject(b)
}

// arrive makes a connection from that port.
func (s *threadSide) arrive(port uint16) error {
	if err := s.segment(port, tcpstate.SYN, 1000, 0, 0); err != nil {
		return err
	}
	if _, err := s.settle(0); err != nil {
		return err
	}
	return s.segment(port, tcpstate.ACK, 1001, s.iss.Add(1), 0)
}

// open is the listener, and a connection taken from it.
func (s *threadSide) open() error {
	for _, c := range []sock.Call{
		{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM},
		{Op: sock.OpBind, Addr: sock.Addr{Family: sock.AF_INET, AP: netip.AddrPortFrom(loadSetup.LocalV4, threadPort)}, AddrLen: 16},
		{Op: sock.OpListen, N: 5}, {Op: sock.OpAccept},
	} {
		c.FD = s.listener
		if c.Op == sock.OpAccept {
			if err := s.arrive(4000); err != nil {
				return err
			}
		}
		r, err := s.call(1, c)
		switch {
		case err != nil:
			return err
		case r == nil || r.Errno != 0:
			return fmt.Errorf("setting up: %v", s.log)
		case c.Op == sock.OpSocket:
			s.listener = int32(r.Value)
		case c.Op == sock.OpAccept:
			s.conn = int32(r.Value)
		}
	}
	s.seq, s.ack = 1001, s.iss.Add(1)
	return nil
}
