//go:build linux

package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// watched is a wait for one socket in which a thread receives and another waits for an epoll that watches it: early says that
// the receive began to wait before the epoll watched. One event wakes both.
func watched(k *matrix.Kind, early bool, open []matrix.Step, event matrix.Step) []matrix.Step {
	by := func(t sock.Thread, c sock.Call) matrix.Step { return matrix.Step{Thread: t, Call: &c} }
	slot := int32(0)
	if k.Type == sock.SOCK_STREAM {
		slot = 1 // what accept gave
	}
	watch := []matrix.Step{by(2, sock.Call{Op: sock.OpEpollCreate}),
		by(2, sock.Call{Op: sock.OpEpollCtl, FD: slot + 1, N: sock.EPOLL_CTL_ADD, Arg: int64(slot), Events: sock.POLLIN})}
	receive := by(1, sock.Call{Op: sock.OpRecv, FD: slot, Len: 100})
	wait := by(2, sock.Call{Op: sock.OpEpollWait, FD: slot + 1, Len: 4, Timeout: -1})
	if early {
		return append(append(append(open, receive), watch...), wait, event)
	}
	return append(append(append(open, watch...), receive), wait, event)
}

// Threads and epolls that wait for one socket wake in the order of its one list: those that share latest first, then one of the others.
func TestWakeOrderIsTheLiveKernels(t *testing.T) {
	c := againstLive(t)
	by := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	stream, gram := matrix.Kinds[0], matrix.Kinds[3]
	bind := sock.Call{Op: sock.OpBind}
	bind.Addr, bind.AddrLen = stream.Addr(stream.Any, listenPorts[0])
	conn := &conn{local: int(listenPorts[0]), remote: callerPort, src: stream.Peer, dst: stream.Local}
	syn := conn.packet(matrix.Packet{Flags: tcpstate.SYN, MSS: 1000}, &conn.next)
	conn.got = 1
	accepted := []matrix.Step{by(sock.Call{Op: sock.OpSocket, Domain: stream.Domain, Type: stream.Type}), by(bind), by(sock.Call{Op: sock.OpListen, N: 1}),
		syn, conn.packet(matrix.Packet{Flags: tcpstate.ACK, Window: 10_000}, &conn.next), by(sock.Call{Op: sock.OpAccept})}
	data := conn.packet(matrix.Packet{Flags: tcpstate.ACK, Len: 10, Window: 10_000}, nil)
	bound := []matrix.Step{by(sock.Call{Op: sock.OpSocket, Domain: gram.Domain, Type: gram.Type}), by(bind)}
	datagram := matrix.Step{Packet: &matrix.Packet{Proto: sock.ProtoUDP, Src: gram.Peer, Dst: gram.Local, Remote: firstServe, Local: 8080, Seq: 1, Len: 5}}
	for name, steps := range map[string][]matrix.Step{
		"a receive of a stream that waits longer than an epoll watches wakes after it": watched(stream, true, accepted, data),
		"one that came later wakes before it":                                          watched(stream, false, accepted, data),
		"a receive of datagrams waits exclusively, so that an epoll wakes before it":   watched(gram, true, bound, datagram),
		"no matter which of them came first":                                           watched(gram, false, bound, datagram),
	} {
		t.Run(name, func(t *testing.T) {
			f := &Finding{}
			c.repeat(f, steps)
			require.Equal(t, f.Plays, f.Agreed)
			d, h, err := c.Replay(steps)
			require.NoError(t, err)
			require.Nil(t, d, h.Script())
		})
	}
}
