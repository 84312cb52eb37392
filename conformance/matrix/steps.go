package matrix

import (
	"net/netip"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Ports of all cells: where the stack listens, where the peer does, and from where the peer calls.
const (
	here     = 8080
	there    = 9000
	callers  = 5000 // and up
	ephemera = -1   // the first ephemeral port, see Packet.Local
)

func call(c sock.Call) Step { return Step{Call: &c} }

func (k *Kind) open() Step {
	return call(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type, Proto: k.Proto})
}

func (k *Kind) bind(slot int32, a netip.Addr, port uint16) Step {
	c := sock.Call{Op: sock.OpBind, FD: slot}
	c.Addr, c.AddrLen = k.Addr(a, port)
	return call(c)
}

func (k *Kind) connect(slot int32, a netip.Addr, port uint16) Step {
	c := sock.Call{Op: sock.OpConnect, FD: slot}
	c.Addr, c.AddrLen = k.Addr(a, port)
	return call(c)
}

func disconnect(slot int32) Step {
	return call(sock.Call{Op: sock.OpConnect, FD: slot, Addr: sock.Addr{Family: sock.AF_UNSPEC}, AddrLen: 16})
}

func listen(slot int32, backlog int64) Step {
	return call(sock.Call{Op: sock.OpListen, FD: slot, N: backlog})
}

func accept(slot int32) Step { return call(sock.Call{Op: sock.OpAccept, FD: slot}) }

func shutdown(slot int32, how int64) Step {
	return call(sock.Call{Op: sock.OpShutdown, FD: slot, N: how})
}

// blocking sets or clears O_NONBLOCK.
func nonblocking(slot int32, on bool) Step {
	c := sock.Call{Op: sock.OpFcntl, FD: slot, N: sock.F_SETFL}
	if on {
		c.Arg = sock.O_NONBLOCK
	}
	return call(c)
}

func setInt(slot, level, name, v int32) Step {
	return call(sock.Call{Op: sock.OpSetsockopt, FD: slot, Level: level, Name: name, Data: Int(v)})
}

// Int is an option's value as a C int lies in memory.
func Int(v int32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }

func send(slot int32, n int, flags int32) Step {
	return call(sock.Call{Op: sock.OpSend, FD: slot, Data: octets(0, n), Flags: flags})
}

func (k *Kind) send(slot int32, n int, flags int32) Step {
	return call(sock.Call{Op: sock.OpSend, FD: slot, Data: k.Data(n), Flags: flags})
}

func wait(d tcpstate.Duration) Step { return Step{Wait: d} }

// tcp is a segment from the peer: flags as packdrill spells them, its place in both streams.
func (k *Kind) tcp(local int, remote uint16, flags tcpstate.Flags, seq uint32, n int, ack uint32) Step {
	q := Packet{Proto: sock.ProtoTCP, Src: k.Peer, Dst: k.Local, Remote: remote, Local: local, Flags: flags, Seq: seq, Len: n,
		Ack: ack, Window: 10_000}
	if flags.Has(tcpstate.SYN) {
		q.MSS = 1000
	}
	return Step{Packet: &q}
}

const (
	fSyn    = tcpstate.SYN
	fAck    = tcpstate.ACK
	fSynAck = tcpstate.SYN | tcpstate.ACK
	fFin    = tcpstate.FIN | tcpstate.ACK
	fPush   = tcpstate.PSH | tcpstate.ACK
	fRst    = tcpstate.RST
	fRstAck = tcpstate.RST | tcpstate.ACK
)

// caller is the n-th connection that the peer opens to a listener: its SYN and its ACK.
func (k *Kind) caller(n int) []Step {
	from := uint16(callers + n)
	return []Step{k.tcp(here, from, fSyn, 0, 0, 0), k.tcp(here, from, fAck, 1, 0, 1)}
}

// unreachable is an ICMP error about what the stack sent from its port to the peer's.
func (k *Kind) unreachable(local int, remote uint16, proto uint8, seq uint32, code4, code6 uint8) Step {
	q := Packet{Proto: sock.ProtoICMP, Type: sock.ICMPDestUnreach, Code: code4}
	if k.Peer.Is6() {
		q = Packet{Proto: sock.ProtoICMPv6, Type: sock.ICMPv6DestUnreach, Code: code6}
	}
	q.Src, q.Dst, q.Remote, q.Local, q.QuoteProto, q.Seq = k.Peer, k.Local, remote, local, proto, seq
	return Step{Packet: &q}
}

func named(name string, s Step) Step {
	s.Name = name
	return s
}

func steps(lists ...[]Step) (all []Step) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
