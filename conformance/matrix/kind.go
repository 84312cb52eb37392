package matrix

import (
	"net/netip"

	"github.com/sockspec/sockspec/sock"
)

// Kind is a kind of socket, with the addresses that fit it.
type Kind struct {
	Name                string
	Domain, Type, Proto int32
	// Local and Peer are the ends of the link in packets, and Loopback and Any other addresses of the family. A dual-stack kind
	// is a socket of AF_INET6 whose packets are IPv4.
	Local, Peer, Loopback, Any netip.Addr
	Multicast, Foreign         netip.Addr // Foreign is an address of nobody's here
	Dual                       bool
	lead                       []byte // what comes before the octets of every send: a header, where users write it
	states                     []state
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// v4, v6 and dual give a kind its family.
func v4(k Kind) Kind {
	k.Domain = sock.AF_INET
	k.Local, k.Peer, k.Loopback, k.Any = localV4, peerV4, ip("127.0.0.1"), netip.IPv4Unspecified()
	k.Multicast, k.Foreign = ip("224.0.0.9"), ip("198.51.100.7")
	return k
}

func v6(k Kind) Kind {
	k.Domain = sock.AF_INET6
	k.Local, k.Peer, k.Loopback, k.Any = localV6, peerV6, netip.IPv6Loopback(), netip.IPv6Unspecified()
	k.Multicast, k.Foreign = ip("ff0e::9"), ip("2001:db8::7")
	return k
}

func dual(k Kind) Kind {
	k = v4(k)
	k.Domain, k.Dual, k.Any = sock.AF_INET6, true, netip.IPv6Unspecified()
	return k
}

// Kinds are all kinds of sockets, in the order of the data.
var Kinds = []*Kind{
	kind(v4, Kind{Name: "tcp4", Type: sock.SOCK_STREAM, states: tcpStates}),
	kind(v6, Kind{Name: "tcp6", Type: sock.SOCK_STREAM, states: tcpStates}),
	kind(dual, Kind{Name: "tcp46", Type: sock.SOCK_STREAM, states: tcpStates}),
	kind(v4, Kind{Name: "udp4", Type: sock.SOCK_DGRAM, states: datagramStates}),
	kind(v6, Kind{Name: "udp6", Type: sock.SOCK_DGRAM, states: datagramStates}),
	kind(dual, Kind{Name: "udp46", Type: sock.SOCK_DGRAM, states: datagramStates}),
	kind(v4, Kind{Name: "ping4", Type: sock.SOCK_DGRAM, Proto: protoICMP, states: datagramStates, lead: echo(8)}),
	kind(v6, Kind{Name: "ping6", Type: sock.SOCK_DGRAM, Proto: protoICMPv6, states: datagramStates, lead: echo(128)}),
	kind(v4, Kind{Name: "raw4", Type: sock.SOCK_RAW, Proto: protoICMP, states: rawStates, lead: echo(8)}),
	kind(v6, Kind{Name: "raw6", Type: sock.SOCK_RAW, Proto: protoICMPv6, states: rawStates, lead: echo(128)}),
}

const (
	protoICMP   = int32(sock.ProtoICMP)
	protoICMPv6 = int32(sock.ProtoICMPv6)
)

// echo is the header of an echo request of the type given, its identifier that of our port.
func echo(typ byte) []byte { return []byte{typ, 0, 0, 0, here >> 8, here & 0xff, 0, 1} }

// Data is n octets to send, behind the header where users write it.
func (k *Kind) Data(n int) []byte { return append(append([]byte{}, k.lead...), octets(0, n)...) }

// KindNames are the kinds' names, in order.
func KindNames() (names []string) {
	for _, k := range Kinds {
		names = append(names, k.Name)
	}
	return names
}

func kind(family func(Kind) Kind, k Kind) *Kind {
	k = family(k)
	return &k
}

// app is an address of the kind as calls have it.
func (k *Kind) app(a netip.Addr) netip.Addr {
	if k.Dual && a.Is4() {
		return netip.AddrFrom16(a.As16())
	}
	return a
}

// Addr is an address and port for a call, with its length.
func (k *Kind) Addr(a netip.Addr, port uint16) (sock.Addr, int32) {
	family, n := uint16(sock.AF_INET), int32(16)
	if k.Domain == sock.AF_INET6 {
		family, n = sock.AF_INET6, 28
	}
	return sock.Addr{Family: family, AP: netip.AddrPortFrom(k.app(a), port)}, n
}
