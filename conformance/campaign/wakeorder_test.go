//go:build linux

package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// watched is a wait for the socket that was opened last, in which a thread makes a call and another waits for an epoll that watches it:
// early says that the call began to wait before the epoll watched. One event wakes both.
func watched(call sock.Call, early bool, open []matrix.Step, event matrix.Step) []matrix.Step {
	by := func(t sock.Thread, c sock.Call) matrix.Step { return matrix.Step{Thread: t, Call: &c} }
	slot := call.FD
	watch := []matrix.Step{by(2, sock.Call{Op: sock.OpEpollCreate}),
		by(2, sock.Call{Op: sock.OpEpollCtl, FD: slot + 1, N: sock.EPOLL_CTL_ADD, Arg: int64(slot), Events: sock.POLLIN})}
	first := by(1, call)
	wait := by(2, sock.Call{Op: sock.OpEpollWait, FD: slot + 1, Len: 4, Timeout: -1})
	if early {
		return append(append(append(open, first), watch...), wait, event)
	}
	return append(append(append(open, watch...), first), wait, event)
}

// Threads and epolls that wait for one socket wake in the order of its one list: those that share latest first, then one of the others.
func TestWakeOrderIsTheLiveKernels(t *testing.T) {
	c := againstLive(t)
	by := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	stream, gram := matrix.Kinds[0], matrix.Kinds[3]
	bind := sock.Call{Op: sock.OpBind}
	bind.Addr, bind.AddrLen = stream.Addr(stream.Any, listenPorts[0])
	caller := &conn{local: int(listenPorts[0]), remote: callerPort, src: stream.Peer, dst: stream.Local}
	syn := caller.packet(matrix.Packet{Flags: tcpstate.SYN, MSS: 1000}, &caller.next)
	caller.got = 1
	accepted := []matrix.Step{by(sock.Call{Op: sock.OpSocket, Domain: stream.Domain, Type: stream.Type}), by(bind), by(sock.Call{Op: sock.OpListen, N: 1}),
		syn, caller.packet(matrix.Packet{Flags: tcpstate.ACK, Window: 10_000}, &caller.next), by(sock.Call{Op: sock.OpAccept})}
	data := caller.packet(matrix.Packet{Flags: tcpstate.ACK, Len: 10, Window: 10_000}, nil)
	bound := []matrix.Step{by(sock.Call{Op: sock.OpSocket, Domain: gram.Domain, Type: gram.Type}), by(bind)}
	datagram := matrix.Step{Packet: &matrix.Packet{Proto: sock.ProtoUDP, Src: gram.Peer, Dst: gram.Local, Remote: firstServe, Local: 8080, Seq: 1, Len: 5}}
	called := []matrix.Step{by(sock.Call{Op: sock.OpSocket, Domain: stream.Domain, Type: stream.Type})}
	connect := sock.Call{Op: sock.OpConnect}
	connect.Addr, connect.AddrLen = stream.Addr(stream.Peer, firstServe)
	reset := (&conn{local: -1, remote: firstServe, src: stream.Peer, dst: stream.Local, got: 1}).packet(matrix.Packet{Flags: tcpstate.RST | tcpstate.ACK}, nil)
	receive := func(slot int32) sock.Call { return sock.Call{Op: sock.OpRecv, FD: slot, Len: 100} }
	for name, steps := range map[string][]matrix.Step{
		"a receive of a stream that waits longer than an epoll watches wakes after it": watched(receive(1), true, accepted, data),
		"one that came later wakes before it":                                          watched(receive(1), false, accepted, data),
		"a receive of datagrams waits exclusively, so that an epoll wakes before it":   watched(receive(0), true, bound, datagram),
		"no matter which of them came first":                                           watched(receive(0), false, bound, datagram),
		"a connect that waits longer takes back what a reset brought after it":         watched(connect, true, called, reset),
		"one that came later before it":                                                watched(connect, false, called, reset),
		"connects that are woken for nothing keep their places": {called[0], by(connect), {Thread: 2, Call: &connect},
			{Thread: 3, Call: &sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_SOCKET, Name: sock.SO_SNDBUF, Data: matrix.Int(100_000)}}, reset},
	} {
		t.Run(name, func(t *testing.T) {
			f := &Finding{}
			c.repeat(f, &History{Steps: steps})
			require.Equal(t, f.Plays, f.Agreed)
			d, h, err := c.Replay(matrix.World{}, steps)
			require.NoError(t, err)
			require.Nil(t, d, h.Script())
		})
	}
}
