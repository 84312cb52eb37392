package matrix

import (
	"github.com/sockspec/sockspec/sock"
)

// datagramStates are the states of UDP's sockets, and of ping sockets.
var datagramStates = []state{
	{name: "fresh", steps: fresh, nudges: none},
	{name: "bound", steps: bound, nudges: arrivals},
	{name: "bound-local", steps: func(k *Kind) []Step { return append(fresh(k), k.bind(0, k.Local, here)) }, nudges: arrivals},
	{name: "data", steps: then(bound, arrival(5)), nudges: arrivals},
	{name: "data-2", steps: then(bound, arrival(5), arrival(20)), nudges: arrivals},
	{name: "data-empty", steps: then(bound, arrival(0), arrival(5)), nudges: arrivals},
	{name: "connected", steps: connected, nudges: arrivals},
	{name: "connected-unbound", steps: func(k *Kind) []Step { return append(fresh(k), k.connect(0, k.Peer, there)) }, nudges: none},
	{name: "connected-data", steps: then(connected, arrival(5)), nudges: arrivals},
	{name: "error", steps: then(connected, refusal), nudges: arrivals},
	{name: "error-told", steps: then(connected, refusal, told), nudges: arrivals},
	{name: "error-data", steps: then(connected, arrival(5), refusal), nudges: arrivals},
	{name: "error-unconnected", steps: then(bound, refusal), nudges: arrivals},
	{name: "error-queue", steps: then(connected, recvErr, refusal), nudges: arrivals},
	{name: "error-queue-unconnected", steps: then(bound, recvErr, refusal), nudges: arrivals},
	{name: "more", steps: then(connected, func(k *Kind) []Step { return []Step{k.send(0, 3, sock.MSG_MORE)} }), nudges: arrivals},
	{name: "shut-read", steps: then(connected, shut(sock.SHUT_RD)), nudges: arrivals},
	{name: "shut-write", steps: then(connected, shut(sock.SHUT_WR)), nudges: arrivals},
	{name: "shut-both", steps: then(connected, shut(sock.SHUT_RDWR)), nudges: arrivals},
	{name: "shut-read-data", steps: then(connected, arrival(5), shut(sock.SHUT_RD)), nudges: arrivals},
	{name: "shut-fresh", steps: then(fresh, shut(sock.SHUT_RDWR)), nudges: none},
	{name: "transparent-bound", steps: then(fresh, transparent, boundForeign), nudges: none},
	{name: "freebind-bound", steps: then(fresh, freebind, boundForeign), nudges: none},
	{name: "dontroute", steps: then(bound, dontRoute), nudges: arrivals},
	{name: "dontroute-connected", steps: then(connected, dontRoute), nudges: arrivals},
	{name: "disconnected", steps: then(connected, func(*Kind) []Step { return []Step{disconnect(0)} }), nudges: none},
}

// rawStates are those of RAW sockets, which know no ports and hear everything of their protocol at once.
var rawStates = []state{
	{name: "fresh", steps: fresh, nudges: arrivals},
	{name: "bound", steps: bound, nudges: arrivals},
	{name: "bound-local", steps: func(k *Kind) []Step { return append(fresh(k), k.bind(0, k.Local, here)) }, nudges: arrivals},
	{name: "data", steps: then(fresh, arrival(5)), nudges: arrivals},
	{name: "data-2", steps: then(fresh, arrival(5), arrival(20)), nudges: arrivals},
	{name: "connected", steps: rawConnected, nudges: arrivals},
	{name: "connected-data", steps: then(rawConnected, arrival(5)), nudges: arrivals},
	{name: "error", steps: then(rawConnected, refusal), nudges: arrivals},
	{name: "error-queue", steps: then(rawConnected, recvErr, refusal), nudges: arrivals},
	{name: "shut-read", steps: then(rawConnected, shut(sock.SHUT_RD)), nudges: arrivals},
	{name: "shut-write", steps: then(rawConnected, shut(sock.SHUT_WR)), nudges: arrivals},
	{name: "shut-both", steps: then(rawConnected, shut(sock.SHUT_RDWR)), nudges: arrivals},
	{name: "shut-fresh", steps: then(fresh, shut(sock.SHUT_RDWR)), nudges: arrivals},
	{name: "transparent-bound", steps: then(fresh, transparent, boundForeign), nudges: none},
	{name: "freebind-bound", steps: then(fresh, freebind, boundForeign), nudges: none},
	{name: "dontroute", steps: then(fresh, dontRoute), nudges: arrivals},
	{name: "dontroute-connected", steps: then(rawConnected, dontRoute), nudges: arrivals},
	{name: "disconnected", steps: then(rawConnected, func(*Kind) []Step { return []Step{disconnect(0)} }), nudges: arrivals},
}

func none(*Kind) []Step { return nil }

// connected is bound too, so that the peer knows where to write to.
func connected(k *Kind) []Step { return append(bound(k), k.connect(0, k.Peer, there)) }

func rawConnected(k *Kind) []Step { return append(fresh(k), k.connect(0, k.Peer, there)) }

// arrival is a datagram from the peer.
func arrival(n int) func(k *Kind) []Step {
	return func(k *Kind) []Step { return []Step{k.datagram(n)} }
}

func arrivals(k *Kind) []Step { return []Step{named("datagram", k.datagram(5))} }

// refusal is an ICMP error that says that nobody listens.
func refusal(k *Kind) []Step {
	s := k.unreachable(here, there, k.WireProto(), 0, sock.ICMPPortUnreach, sock.ICMPv6PortUnreach)
	return []Step{s}
}

// transparent and freebind let a socket have an address of somebody else's.
func transparent(k *Kind) []Step {
	return []Step{k.set(sock.SOL_IP, sock.IP_TRANSPARENT, sock.SOL_IPV6, sock.IPV6_TRANSPARENT)}
}

func freebind(k *Kind) []Step {
	return []Step{k.set(sock.SOL_IP, sock.IP_FREEBIND, sock.SOL_IPV6, sock.IPV6_FREEBIND)}
}

func boundForeign(k *Kind) []Step { return []Step{k.bind(0, k.Foreign, here)} }

func dontRoute(*Kind) []Step { return []Step{setInt(0, sock.SOL_SOCKET, sock.SO_DONTROUTE, 1)} }

// set turns an option of the kind's family on.
func (k *Kind) set(level4, name4, level6, name6 int32) Step {
	if k.Domain == sock.AF_INET6 && !k.Dual {
		return setInt(0, level6, name6, 1)
	}
	return setInt(0, level4, name4, 1)
}

// recvErr asks for errors in a queue.
func recvErr(k *Kind) []Step {
	return []Step{k.set(sock.SOL_IP, sock.IP_RECVERR, sock.SOL_IPV6, sock.IPV6_RECVERR)}
}

// datagram is what the peer sends to the kind's socket: UDP, or the answer to an echo.
func (k *Kind) datagram(n int) Step {
	q := Packet{Proto: k.WireProto(), Src: k.Peer, Dst: k.Local, Remote: there, Local: here, Seq: 1, Len: n}
	if q.Proto == sock.ProtoICMPv6 {
		q.Type = 129 // ICMPV6_ECHO_REPLY
	}
	return Step{Packet: &q}
}

// WireProto is the protocol of the kind's packets.
func (k *Kind) WireProto() uint8 {
	if k.Proto == 0 {
		return map[int32]uint8{sock.SOCK_STREAM: sock.ProtoTCP, sock.SOCK_DGRAM: sock.ProtoUDP}[k.Type]
	}
	return uint8(k.Proto)
}
