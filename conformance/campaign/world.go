package campaign

import (
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"pgregory.net/rapid"
)

// world is what a draw knows: the program's side and the peer's.
type world struct {
	program program
	peer    peer
	grams   grams
	kinds   []*matrix.Kind
	pauses  int           // that are left
	left    int           // steps
	steps   []matrix.Step // of the prelude
}

// next implements source.
func (w *world) next(t *rapid.T) (s matrix.Step, ok, over bool) {
	if w.left--; w.left < 0 {
		return s, false, true
	}
	if len(w.steps) > 0 {
		s, w.steps = w.steps[0], w.steps[1:]
		return s, true, false
	}
	s, ok = w.draw(t)
	return s, ok, false
}

// draw draws a step: a packet or a call. It fails when no thread is free and no packet can come.
func (w *world) draw(t *rapid.T) (matrix.Step, bool) {
	if w.pauses > 0 && rapid.IntRange(0, 9).Draw(t, "pause") == 0 {
		w.pauses--
		return pause(t), true
	}
	thread, idle := w.program.free()
	if len(w.program.slots) > 0 && (!idle || rapid.IntRange(0, 9).Draw(t, "packet") < 4) {
		if k := w.program.hears(t); k != nil {
			return w.grams.draw(t, k), true
		}
		return w.peer.draw(t), true
	}
	if !idle {
		return matrix.Step{}, false
	}
	return w.program.draw(t, thread, w.kinds), true
}

// note files what a step brought about.
func (w *world) note(s *matrix.Step, o *matrix.Outcome) {
	w.program.note(s, o, w.kinds)
	w.peer.hear(o.Seen)
	w.grams.hear(o.Seen)
}

// prelude are steps that open a history, so that it reaches connections sooner: a listener with a child, a connection to the
// peer, or nothing.
func (w *world) prelude(t *rapid.T) []matrix.Step {
	k := rapid.SampledFrom(w.kinds).Draw(t, "kind of prelude")
	open := sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK, Proto: k.Proto}
	if k.Type != sock.SOCK_STREAM {
		return nil
	}
	at := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	switch rapid.IntRange(0, 2).Draw(t, "prelude") {
	case 1:
		bind := sock.Call{Op: sock.OpBind}
		bind.Addr, bind.AddrLen = k.Addr(k.Any, listenPorts[0])
		c := &conn{local: int(listenPorts[0]), remote: callerPort, src: k.Peer, dst: k.Local}
		w.peer.conns, w.peer.callers = append(w.peer.conns, c), 1
		syn := c.packet(matrix.Packet{Flags: tcpstate.SYN, MSS: 1000}, &c.next)
		c.got = 1
		ack := c.packet(matrix.Packet{Flags: tcpstate.ACK, Window: 10_000}, &c.next)
		return []matrix.Step{at(open), at(bind), at(sock.Call{Op: sock.OpListen, N: 1}), syn, ack, at(sock.Call{Op: sock.OpAccept, Flags: sock.SOCK_NONBLOCK})}
	case 2:
		connect := sock.Call{Op: sock.OpConnect}
		connect.Addr, connect.AddrLen = k.Addr(k.Peer, firstServe)
		c := &conn{local: -1, remote: firstServe, src: k.Peer, dst: k.Local, got: 1}
		w.peer.conns = append(w.peer.conns, c)
		synAck := c.packet(matrix.Packet{Flags: tcpstate.SYN | tcpstate.ACK, MSS: 1000}, &c.next)
		return []matrix.Step{at(open), at(connect), synAck}
	}
	return nil
}
