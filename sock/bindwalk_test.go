//go:build linux && amd64

package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bindWalk is a random history of a few sockets on a few ports.
type bindWalk struct {
	duo
	t    *rapid.T
	port uint16 // the first of those that the walk uses
	typ  int32
}

// open is a slot of a socket that is still open, -1 when there is none.
func (w *bindWalk) open() int {
	var slots []int
	for i, fd := range w.fds[0] {
		if fd >= 0 {
			slots = append(slots, i)
		}
	}
	if len(slots) == 0 {
		return -1
	}
	return rapid.SampledFrom(slots).Draw(w.t, "slot")
}

// addr draws an address of the socket's family, or rarely of the other.
func (w *bindWalk) addr(slot int) netip.Addr {
	_, s, _ := w.h.lookup(w.fds[1][slot])
	var fit []netip.Addr
	for _, p := range places {
		if uint16(p.domain) == s.family {
			fit = append(fit, p.addr)
		}
	}
	if rapid.IntRange(0, 7).Draw(w.t, "odd address") == 0 {
		fit = oddAddrs[s.family == AF_INET6]
	}
	return rapid.SampledFrom(fit).Draw(w.t, "addr")
}

// oddAddrs are somebody else's, of many, and of one link only.
var oddAddrs = map[bool][]netip.Addr{
	false: {mustAddr("10.9.9.9"), mustAddr("224.0.0.1"), mustAddr("255.255.255.255"), mustAddr("192.168.255.255"), mustAddr("127.1.2.3")},
	true: {mustAddr("2001:db8::9"), mustAddr("fe80::1"), mustAddr("fe80::2"), mustAddr("ff02::1"), mustAddr("ff0e::1"), mustAddr("::ffff:10.9.9.9"),
		mustAddr("::ffff:224.0.0.1"), mustAddr("::ffff:255.255.255.255")},
}

// scope is an interface to go with an address.
func (w *bindWalk) scope() uint32 { return rapid.Uint32Range(0, 3).Draw(w.t, "scope") }

// number is one of the walk's ports, or rarely none.
func (w *bindWalk) number() uint16 {
	if rapid.IntRange(0, 5).Draw(w.t, "any port") == 0 {
		return 0
	}
	return w.port + rapid.Uint16Range(0, 2).Draw(w.t, "port")
}

var walkOptions = [][2]int32{
	{SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_REUSEPORT},
	{SOL_IP, IP_FREEBIND}, {SOL_IP, IP_BIND_NO_PORT}, {SOL_IPV6, IPV6_V6ONLY}, {SOL_SOCKET, SO_BINDTOIFINDEX},
}

// connects reports whether a connect is one that both sides can make: not to
// oneself, and not over IPv6 after IPv4 (mixedUp of the random calls).
func (w *bindWalk) connects(slot int, to netip.AddrPort) bool {
	_, s, _ := w.h.lookup(w.fds[1][slot])
	return w.typ == SOCK_DGRAM || to.Port() != 0 && to.Port() != s.num && (s.family == AF_INET || s.af == &ipv6Specific || to.Addr().Is4In6())
}

// step makes one call.
func (w *bindWalk) step() {
	slot := w.open()
	if slot < 0 || len(w.fds[0]) < 6 && rapid.IntRange(0, 3).Draw(w.t, "new") == 0 {
		domain := rapid.SampledFrom([]int32{AF_INET, AF_INET6}).Draw(w.t, "family")
		slot = w.socket(domain, w.typ, rapid.SampledFrom([]uint32{0, 0, 77}).Draw(w.t, "user"))
		if rapid.Bool().Draw(w.t, "shares") {
			w.set(slot, SOL_SOCKET, rapid.SampledFrom([]int32{SO_REUSEADDR, SO_REUSEPORT}).Draw(w.t, "by"), 1)
		}
		return
	}
	switch rapid.SampledFrom([]Op{OpBind, OpBind, OpBind, OpListen, OpListen, OpConnect, OpAccept, OpClose, OpSetsockopt, OpSetsockopt, OpShutdown}).Draw(w.t, "op") {
	case OpBind:
		w.call(slot, addrCall(OpBind, w.addr(slot), w.number(), w.scope()))
	case OpListen:
		w.call(slot, listenCall(0, 1))
	case OpConnect:
		if rapid.IntRange(0, 3).Draw(w.t, "disconnect") == 0 {
			w.call(slot, Call{Op: OpConnect, Addr: Addr{Family: AF_UNSPEC}, AddrLen: 16})
		} else if to := netip.AddrPortFrom(w.addr(slot), w.number()); w.connects(slot, to) {
			w.call(slot, addrCall(OpConnect, to.Addr(), to.Port(), w.scope()))
		}
	case OpAccept:
		w.call(slot, Call{Op: OpAccept, Flags: SOCK_NONBLOCK})
	case OpClose:
		w.close(slot)
		return
	case OpShutdown:
		w.call(slot, Call{Op: OpShutdown, N: rapid.Int64Range(SHUT_RD, SHUT_RDWR).Draw(w.t, "how")})
	case OpSetsockopt:
		o := rapid.SampledFrom(walkOptions).Draw(w.t, "option")
		w.set(slot, o[0], o[1], rapid.Int32Range(0, 1).Draw(w.t, "value"))
	}
	w.call(slot, Call{Op: OpGetsockname})
}

// Conflicts depend on the order of binds, on what was closed since and on options
// that changed after bind: the marks of a port remember some of it. Random
// histories come out on the model as on the kernel.
func TestBindHistoriesAgreeWithTheLiveKernel(t *testing.T) { bindHistories(t, SOCK_STREAM) }

// The same for UDP.
func TestBindHistoriesOfUDPAgreeWithTheLiveKernel(t *testing.T) { bindHistories(t, SOCK_DGRAM) }

func bindHistories(t *testing.T, typ int32) {
	k := newDuoKernel(t)
	port := uint16(1024)
	rounds, calls := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		if port += 3; port > 32000 {
			port = 1024
			require.NoError(rt, k.freshTun())
		}
		w := &bindWalk{t: rt, port: port, typ: typ}
		w.again(k)
		defer func() { w.asUser(0); w.end() }()
		for range rapid.IntRange(3, 40).Draw(rt, "steps") {
			w.step()
			require.Empty(rt, w.off, "%s", &w.duo)
		}
		rounds, calls = rounds+1, calls+w.calls
	})
	t.Logf("%d histories, %d calls", rounds, calls)
}
