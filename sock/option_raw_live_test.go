//go:build linux && amd64

package sock

import (
	"net/netip"
	"os"

	"github.com/stretchr/testify/require"
)

// dgramOpen opens one kind of socket of those that have datagrams; a family may
// have a protocol of its own.
type dgramOpen struct {
	name           string
	typ            int32
	proto4, proto6 int32
}

// dgramOpens: RAW sockets by the protocols that Linux tells apart, ICMP's of the
// other family among them, and ping sockets.
var dgramOpens = []dgramOpen{
	{"RAW 253", SOCK_RAW, 253, 253}, {"RAW ICMP", SOCK_RAW, IPPROTO_ICMP, IPPROTO_ICMPV6}, {"RAW RAW", SOCK_RAW, IPPROTO_RAW, IPPROTO_RAW},
	{"RAW UDP", SOCK_RAW, IPPROTO_UDP, IPPROTO_UDP}, {"RAW ICMP of the other family", SOCK_RAW, IPPROTO_ICMPV6, IPPROTO_ICMP},
	{"RAW TCP", SOCK_RAW, IPPROTO_TCP, IPPROTO_TCP}, {"ping", SOCK_DGRAM, IPPROTO_ICMP, IPPROTO_ICMPV6},
}

// open opens one on both.
func (d *dgramOpen) open(p *optPair, family int32) int {
	proto := d.proto4
	if family == AF_INET6 {
		proto = d.proto6
	}
	p.call(p.t, -1, Call{Op: OpSocket, Domain: family, Type: d.typ | SOCK_NONBLOCK, Proto: proto})
	return len(p.fds[0]) - 1
}

// init adds them to the kinds whose options are compared.
func init() {
	for i := range dgramOpens {
		d := &dgramOpens[i]
		optKinds = append(optKinds, optKind{d.name, dgramStates(d.open), [2]int{0, 2}})
		optLives = append(optLives, dgramLives(d)...)
	}
	optLives = append(optLives, dgramLives(&dgramOpen{"DGRAM", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP})...)
}

// corked is a UDP socket that holds back a datagram's beginning.
var corked = optState{"corked", func(p *optPair, f int32, at netip.AddrPort) int {
	s := p.open(f, SOCK_DGRAM)
	a, n := addrFor(f, at)
	p.call(p.t, s, Call{Op: OpBind, Addr: a, AddrLen: n})
	a, n = addrFor(f, netip.AddrPortFrom(at.Addr(), 9))
	p.call(p.t, s, setCall(0, IPPROTO_UDP, UDP_CORK, []byte{1, 0, 0, 0}))
	p.call(p.t, s, Call{Op: OpSend, Addr: a, AddrLen: n, Data: []byte("held back")})
	return s
}}

// dgramLives are what may happen to a socket with datagrams after an option.
func dgramLives(d *dgramOpen) (lives []optLife) {
	add := func(name string, live func(p *optPair, f int32, at netip.AddrPort, set func(int)) int) {
		lives = append(lives, optLife{d.name + ", " + name, live})
	}
	to := func(p *optPair, s int, op Op, f int32, at netip.AddrPort, port uint16) {
		a, n := addrFor(f, netip.AddrPortFrom(at.Addr(), port))
		p.call(p.t, s, Call{Op: op, Addr: a, AddrLen: n})
	}
	add("now bound", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		s := d.open(p, f)
		set(s)
		to(p, s, OpBind, f, at, 0)
		return s
	})
	add("now connected", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		s := d.open(p, f)
		set(s)
		to(p, s, OpConnect, f, at, 9)
		return s
	})
	add("disconnected", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		s := d.open(p, f)
		to(p, s, OpConnect, f, at, 9)
		set(s)
		p.call(p.t, s, Call{Op: OpConnect, Addr: Addr{Family: AF_UNSPEC}, AddrLen: 16})
		return s
	})
	add("shut down", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		s := d.open(p, f)
		to(p, s, OpConnect, f, at, 9)
		set(s)
		p.call(p.t, s, Call{Op: OpShutdown, N: SHUT_RDWR})
		return s
	})
	return lives
}

// fresh is an empty namespace in which everybody's group may ping.
func (p *optPair) fresh() {
	require.NoError(p.t, p.k.fresh())
	require.NoError(p.t, os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 0"), 0))
	p.restart(optHost(p.t, p.k))
}
