package matrix

import (
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// state is a state that a socket may be in, as what leads there from nothing.
type state struct {
	name string
	// steps open the socket under test as the last descriptor, in slot.
	steps func(k *Kind) []Step
	slot  int32
	// nudges are what may end a call's wait, tried in order.
	nudges func(k *Kind) []Step
	parked bool // another thread waits in a call already
}

// tcpStates are the states of TCP's sockets.
var tcpStates = []state{
	{name: "fresh", steps: fresh},
	{name: "bound", steps: bound},
	{name: "bound-local", steps: func(k *Kind) []Step { return steps(fresh(k), []Step{k.bind(0, k.Local, here)}) }},
	{name: "listen", steps: listening, nudges: calls1},
	{name: "listen-request", steps: func(k *Kind) []Step { return append(listening(k), k.caller(0)[0]) }, nudges: calls1},
	{name: "listen-1", steps: queued(1), nudges: calls1},
	{name: "listen-backlog", steps: queued(2), nudges: calls1},
	{name: "listen-full", steps: queued(3), nudges: calls1},
	{name: "listen-overflow", steps: queued(4), nudges: calls1},
	{name: "listen-reset", steps: func(k *Kind) []Step {
		return append(queued(1)(k), k.tcp(here, callers, fRst, 1, 0, 0))
	}, nudges: calls1},
	{name: "listen-shut", steps: then(listening, func(k *Kind) []Step { return []Step{shutdown(0, sock.SHUT_RDWR)} })},
	{name: "syn-sent", steps: synSent, nudges: answers},
	{name: "syn-sent-parked", steps: synSentParked, nudges: answers, parked: true},
	{name: "syn-received", steps: then(synSent, peer(fSyn, 0, 0, 0)), nudges: func(k *Kind) []Step {
		return []Step{named("ack", k.tcp(ephemera, there, fAck, 1, 0, 1)), named("rst", k.tcp(ephemera, there, fRst, 1, 0, 0))}
	}},
	{name: "established", steps: established, nudges: talks(1, 1)},
	{name: "accepted", steps: accepted, slot: 1, nudges: func(k *Kind) []Step { return k.talk(here, callers, 1, 1) }},
	{name: "data", steps: then(established, peer(fPush, 1, 5, 1)), nudges: talks(6, 1)},
	{name: "out-of-order", steps: then(established, peer(fPush, 3, 5, 1)), nudges: talks(1, 1)},
	{name: "urgent", steps: then(established, urgent), nudges: talks(6, 1)},
	{name: "urgent-inline", steps: then(established, func(k *Kind) []Step {
		return append([]Step{setInt(0, sock.SOL_SOCKET, sock.SO_OOBINLINE, 1)}, urgent(k)...)
	}), nudges: talks(6, 1)},
	{name: "unacked", steps: then(established, write(1000)), nudges: talks(1, 1001)},
	{name: "buffer-full", steps: bufferFull, nudges: func(k *Kind) []Step {
		return []Step{named("ack", k.tcp(ephemera, there, fAck, 1, 0, 10_001)), named("rst", k.tcp(ephemera, there, fRst, 1, 0, 0))}
	}},
	{name: "fin-wait-1", steps: finWait1, nudges: talks(1, 2)},
	{name: "fin-wait-2", steps: finWait2, nudges: talks(1, 2)},
	{name: "fin-wait-2-data", steps: then(finWait2, peer(fPush, 1, 5, 2)), nudges: talks(6, 2)},
	{name: "closing", steps: then(finWait1, peer(fFin, 1, 0, 1)), nudges: lastAck(2, 2)},
	{name: "time-wait", steps: then(finWait2, peer(fFin, 1, 0, 2))},
	{name: "close-wait", steps: closeWait, nudges: lastAck(2, 1)},
	{name: "close-wait-data", steps: then(established, peer(fPush, 1, 5, 1), peer(fFin, 6, 0, 1)), nudges: lastAck(7, 1)},
	{name: "last-ack", steps: lastAckState, nudges: lastAck(2, 2)},
	{name: "closed", steps: then(lastAckState, peer(fAck, 2, 0, 2))},
	{name: "reset", steps: reset},
	{name: "reset-told", steps: then(reset, told)},
	{name: "reset-data", steps: then(established, peer(fPush, 1, 5, 1), peer(fRst, 6, 0, 0))},
	{name: "reset-close-wait", steps: then(closeWait, peer(fRst, 2, 0, 0))},
	{name: "refused", steps: then(synSent, peer(fRstAck, 0, 0, 1))},
	{name: "refused-told", steps: then(synSent, peer(fRstAck, 0, 0, 1), told)},
	{name: "unreachable", steps: then(synSent, func(k *Kind) []Step {
		return []Step{k.unreachable(ephemera, there, sock.ProtoTCP, 0, 1, 3)}
	})},
	{name: "soft-error", steps: then(established, write(1000), func(k *Kind) []Step {
		return []Step{k.unreachable(ephemera, there, sock.ProtoTCP, 1, 1, 3)}
	}), nudges: talks(1, 1001)},
	{name: "timed-out", steps: timedOut},
	{name: "shut-read", steps: then(established, shut(sock.SHUT_RD)), nudges: talks(1, 1)},
	{name: "shut-read-data", steps: then(established, peer(fPush, 1, 5, 1), shut(sock.SHUT_RD)), nudges: talks(6, 1)},
	{name: "shut-both", steps: then(established, shut(sock.SHUT_RDWR)), nudges: talks(1, 2)},
	{name: "shut-fresh", steps: then(fresh, shut(sock.SHUT_RDWR))},
	{name: "transparent", steps: then(fresh, transparent)},
	{name: "transparent-bound", steps: then(fresh, transparent, boundForeign)},
	{name: "freebind-bound", steps: then(fresh, freebind, boundForeign)},
	{name: "dontroute", steps: then(fresh, dontRoute)},
	{name: "dontroute-established", steps: then(established, dontRoute), nudges: talks(1, 1)},
	{name: "disconnected", steps: then(established, func(*Kind) []Step { return []Step{disconnect(0)} })},
}

// then plays lists one after another.
func then(parts ...func(k *Kind) []Step) func(k *Kind) []Step {
	return func(k *Kind) (all []Step) {
		for _, f := range parts {
			all = append(all, f(k)...)
		}
		return all
	}
}

func fresh(k *Kind) []Step { return []Step{k.open()} }

func bound(k *Kind) []Step { return append(fresh(k), k.bind(0, k.Any, here)) }

func listening(k *Kind) []Step { return append(bound(k), listen(0, backlog)) }

// backlog of all listeners: the queue takes one more.
const backlog = 2

// queued is a listener that n connections have come to.
func queued(n int) func(k *Kind) []Step {
	return func(k *Kind) []Step {
		all := listening(k)
		for i := range n {
			all = append(all, k.caller(i)...)
		}
		return all
	}
}

func calls1(k *Kind) []Step {
	list := k.caller(9)
	list[1].Name = "handshake"
	return list
}

func synSent(k *Kind) []Step {
	return append(fresh(k), nonblocking(0, true), k.connect(0, k.Peer, there), nonblocking(0, false))
}

// synSentParked has another thread waiting in connect.
func synSentParked(k *Kind) []Step {
	c := k.connect(0, k.Peer, there)
	c.Thread = helper
	return append(fresh(k), c)
}

func answers(k *Kind) []Step {
	return []Step{named("syn-ack", k.tcp(ephemera, there, fSynAck, 0, 0, 1)), named("data", k.tcp(ephemera, there, fPush, 1, 3, 1))}
}

// established is a connection that the stack opened.
func established(k *Kind) []Step {
	return append(synSent(k), k.tcp(ephemera, there, fSynAck, 0, 0, 1))
}

func accepted(k *Kind) []Step { return append(queued(1)(k), accept(0)) }

// peer is one segment on the stack's connection.
func peer(flags tcpstate.Flags, seq uint32, n int, ack uint32) func(k *Kind) []Step {
	return func(k *Kind) []Step { return []Step{k.tcp(ephemera, there, flags, seq, n, ack)} }
}

// talks are the usual ends of a wait: data, the end of data, a reset.
func talks(seq, ack uint32) func(k *Kind) []Step {
	return func(k *Kind) []Step { return k.talk(ephemera, there, seq, ack) }
}

func (k *Kind) talk(local int, remote uint16, seq, ack uint32) []Step {
	return []Step{named("data", k.tcp(local, remote, fPush, seq, 3, ack)), named("fin", k.tcp(local, remote, fFin, seq+3, 0, ack)),
		named("rst", k.tcp(local, remote, fRst, seq+4, 0, 0))}
}

func lastAck(seq, ack uint32) func(k *Kind) []Step {
	return func(k *Kind) []Step {
		return []Step{named("ack", k.tcp(ephemera, there, fAck, seq, 0, ack)), named("rst", k.tcp(ephemera, there, fRst, seq, 0, 0))}
	}
}

// urgent is five octets with the urgent pointer behind the third.
func urgent(k *Kind) []Step {
	s := k.tcp(ephemera, there, fPush|tcpstate.URG, 1, 5, 1)
	s.Packet.Urgent = 3
	return []Step{s}
}

func write(n int) func(k *Kind) []Step {
	return func(*Kind) []Step { return []Step{send(0, n, 0)} }
}

// bufferFull has filled a small send buffer that nobody acknowledges.
func bufferFull(k *Kind) []Step {
	return append(fresh(k), setInt(0, sock.SOL_SOCKET, sock.SO_SNDBUF, 4608), nonblocking(0, true), k.connect(0, k.Peer, there),
		k.tcp(ephemera, there, fSynAck, 0, 0, 1), send(0, 20_000, 0), nonblocking(0, false))
}

func shut(how int64) func(k *Kind) []Step {
	return func(*Kind) []Step { return []Step{shutdown(0, how)} }
}

func finWait1(k *Kind) []Step { return append(established(k), shutdown(0, sock.SHUT_WR)) }

func finWait2(k *Kind) []Step { return append(finWait1(k), k.tcp(ephemera, there, fAck, 1, 0, 2)) }

// closeWait lasts longer than the delay of the FIN's ACK, which is none but waits for the kernel's timer tick.
func closeWait(k *Kind) []Step {
	return append(established(k), k.tcp(ephemera, there, fFin, 1, 0, 1), wait(10*tcpstate.Millisecond))
}

func lastAckState(k *Kind) []Step { return append(closeWait(k), shutdown(0, sock.SHUT_WR)) }

func reset(k *Kind) []Step { return append(established(k), k.tcp(ephemera, there, fRst, 1, 0, 0)) }

// told takes the pending error.
func told(*Kind) []Step {
	return []Step{call(sock.Call{Op: sock.OpGetsockopt, Level: sock.SOL_SOCKET, Name: sock.SO_ERROR, Len: 4})}
}

// timedOut gave up on data that nobody acknowledged: the first retransmission is due after 200 ms and finds the time-out past.
func timedOut(k *Kind) []Step {
	return append(established(k), setInt(0, sock.SOL_TCP, sock.TCP_USER_TIMEOUT, 50), send(0, 10, 0), wait(700*tcpstate.Millisecond))
}
