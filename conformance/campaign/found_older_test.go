//go:build linux

package campaign

import (
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// What completes a handshake here begins before the SYN, which no range of numbers in a script can.

// olderAck completes a handshake with data that begins before the SYN, in a window of 100, which updates no window.
func olderAck() []matrix.Step {
	data := older(100, 100)
	data.Flags |= tcpstate.PSH
	syn := older(0, 0)
	syn.Flags, syn.Seq, syn.Ack = tcpstate.SYN, 0, 0
	return append(listening(), matrix.Step{Packet: &syn}, matrix.Step{Packet: &data}, called(sock.Call{Op: sock.OpAccept}),
		called(sock.Call{Op: sock.OpGetsockopt, FD: 1, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: infoRoom}))
}

// fastOlderAck does so with a connection that data in its SYN has made already, whose window of 1000 becomes 65535, and
// has it write more than either half.
func fastOlderAck() []matrix.Step {
	syn, data := older(1000, 1000), older(1501, 65535)
	syn.Flags, syn.Seq, syn.Ack = tcpstate.SYN, 0, 0
	list := append([]matrix.Step{{Sysctl: &[2]string{"net.ipv4.tcp_fastopen", "0x603"}}}, listening()...)
	return append(list, matrix.Step{Packet: &syn}, called(sock.Call{Op: sock.OpAccept}), matrix.Step{Packet: &data},
		called(sock.Call{Op: sock.OpSend, FD: 1, Data: matrix.Kinds[0].Data(3000)[:3000]}),
		called(sock.Call{Op: sock.OpGetsockopt, FD: 1, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: infoRoom}))
}

// crossedOlderAck does so with a connection of two SYNs that crossed, by an ACK of no more than the SYN's own number.
func crossedOlderAck() []matrix.Step {
	k := matrix.Kinds[0]
	bind, connect := sock.Call{Op: sock.OpBind}, sock.Call{Op: sock.OpConnect}
	bind.Addr, bind.AddrLen = k.Addr(k.Any, 8080)
	connect.Addr, connect.AddrLen = k.Addr(k.Peer, callerPort)
	syn, data := older(0, 1000), older(1501, 65535)
	syn.Flags, syn.Seq, syn.Ack = tcpstate.SYN, 0, 0
	data.Ack = 0
	return []matrix.Step{called(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK}), called(bind), called(connect),
		{Packet: &syn}, {Packet: &data}, called(sock.Call{Op: sock.OpSend, Data: k.Data(3000)[:3000]}),
		called(sock.Call{Op: sock.OpGetsockopt, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: infoRoom})}
}

// older is an ACK of the SYN,ACK with n octets, the first of which comes before the SYN.
func older(n int, window uint16) matrix.Packet {
	k := matrix.Kinds[0]
	return matrix.Packet{Proto: sock.ProtoTCP, Src: k.Peer, Dst: k.Local, Remote: callerPort, Local: 8080, Flags: tcpstate.ACK,
		Seq: 1<<32 - 1, Ack: 1, Len: n, Window: window}
}

// listening makes a listener.
func listening() []matrix.Step {
	k := matrix.Kinds[0]
	bind := sock.Call{Op: sock.OpBind}
	bind.Addr, bind.AddrLen = k.Addr(k.Any, 8080)
	return []matrix.Step{called(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type}), called(bind), called(sock.Call{Op: sock.OpListen, N: 1})}
}

// called is a call of thread 1.
func called(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
