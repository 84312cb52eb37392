//go:build linux && amd64

package sock

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate"
)

// pair is the model and the live kernel side by side: the same calls go to
// both, and everything that a program can see must be the same.
type pair struct {
	k     *live
	h     *Host
	now   Time
	start Time       // of the model's clock, when the kernel's
	began time.Time  // was this
	fds   [2][]int32 // by slot: the kernel's descriptor and the model's; -1 when closed
	trace []string
}

// call makes the call on slot's descriptor, on the kernel first. What the kernel
// chose by chance is fed to the model.
func (p *pair) call(t require.TestingT, slot int, c Call) Return {
	p.aim(&c, 0, slot)
	want := p.k.call(c)
	p.h.fixed = choices{}
	if want.Errno == 0 || want.Errno == EINPROGRESS {
		if c.Op == OpBind || c.Op == OpConnect || c.Op == OpListen || c.opens() {
			name := p.k.call(Call{Op: OpGetsockname, FD: c.FD})
			p.h.Choose(Choice{HasPort: true, Port: name.Addr.AP.Port()})
		}
	} else if c.Op == OpConnect { // which may have taken a port before it failed
		if name := p.k.call(Call{Op: OpGetsockname, FD: c.FD}); name.Addr.AP.Port() != 0 {
			p.h.Choose(Choice{HasPort: true, Port: name.Addr.AP.Port()})
		}
	}
	p.aim(&c, 1, slot)
	p.catchUp(c, want)
	got := p.model(t, slot, &c, fmt.Sprintf("%s -> %d %s", brief(c), want.Value, ErrnoName(want.Errno)))
	p.compare(t, c, want, got)
	p.opened(c, want, got)
	return want
}

// aim gives a call slot's descriptor, on the kernel (side 0) or the model (1).
func (p *pair) aim(c *Call, side, slot int) {
	if slot >= 0 {
		c.FD = p.fds[side][slot]
	}
	for i := range c.Poll {
		c.Poll[i].FD = c.FD
	}
}

// model makes the call on the model, which must return at once. said is what
// the trace says of it.
func (p *pair) model(t require.TestingT, slot int, c *Call, said string) Return {
	p.aim(c, 1, slot)
	p.now = p.now.Add(20)
	got, n := doneOf(p.h.Call(p.now, 1, *c, nil))
	p.trace = append(p.trace, fmt.Sprintf("slot %d %v %s", slot, c.Op, said))
	require.Equal(t, 1, n, "the model's call did not return: %s", p)
	require.NoError(t, p.h.Check(), "%s", p)
	return got
}

// opened keeps the descriptors of a call that made one.
func (p *pair) opened(c Call, want, got Return) {
	if (c.Op == OpSocket || c.Op == OpAccept) && want.Errno == 0 {
		p.fds[0] = append(p.fds[0], int32(want.Value))
		p.fds[1] = append(p.fds[1], int32(got.Value))
	}
}

// brief is what matters of a call's arguments.
func brief(c Call) string {
	switch c.Op {
	case OpBind, OpConnect:
		return fmt.Sprint(c.Addr.Family, " ", c.Addr.AP)
	case OpListen, OpShutdown, OpIoctl:
		return fmt.Sprint(c.N)
	case OpSend:
		return fmt.Sprint(len(c.Data), " flags ", c.Flags, " ", c.Addr.Family, " ", c.Addr.AP)
	case OpRecv:
		return fmt.Sprint(c.Len, " flags ", c.Flags)
	case OpSetsockopt, OpGetsockopt:
		return fmt.Sprintf("%d.%d %x", c.Level, c.Name, bytes.TrimRight(c.Data, "\x00"))
	case OpSocket:
		return fmt.Sprint(c.Domain, " ", c.Type, " ", c.Proto)
	}
	return ""
}

func (p *pair) String() string {
	s := ""
	for _, l := range p.trace {
		s += "\n  " + l
	}
	return s
}

// compare asserts that both returned the same.
func (p *pair) compare(t require.TestingT, c Call, want, got Return) {
	if what, a, b := p.difference(c, want, got); what != "" {
		require.Equal(t, a, b, "%s (kernel, model)%s", what, p)
	}
}

// difference is the first thing that a call did not return alike, with what the
// kernel said and what the model said; "" for none.
func (p *pair) difference(c Call, want, got Return) (what string, kernel, model any) {
	switch {
	case want.Errno != got.Errno:
		return "errno", ErrnoName(want.Errno), ErrnoName(got.Errno)
	case c.Op != OpSocket && c.Op != OpAccept && want.Value != got.Value:
		return "value", want.Value, got.Value
	case !p.ghost(c) && string(untimed(c, want.Data)) != string(untimed(c, got.Data)):
		return "data", string(want.Data), string(got.Data)
	case want.Addr != got.Addr:
		return "address", want.Addr, got.Addr
	case want.AddrLen != got.AddrLen:
		return "address length", want.AddrLen, got.AddrLen
	case c.Op == OpPoll && want.Poll[0].Revents != got.Poll[0].Revents:
		return "events", fmt.Sprintf("%#x", want.Poll[0].Revents), fmt.Sprintf("%#x", got.Poll[0].Revents)
	}
	return "", nil, nil
}

// untimed leaves out what TCP_INFO owes to microseconds: whether the rate's
// sample was app-limited depends on which sample was the fastest, and on whether
// it took the smallest round trip at least (tcp_rate_gen).
func untimed(c Call, data []byte) []byte {
	if c.Op != OpGetsockopt || c.Level != SOL_TCP || c.Name != TCP_INFO || len(data) < 8 {
		return data
	}
	data = bytes.Clone(data)
	data[7] &^= 1
	return data
}

// catchUp runs the model's timers that must have run for a call to come out as
// it did on the kernel. That one's clock goes on between two calls, the model's
// does not: a FIN before any data, say, is acknowledged at the kernel's next tick
// (tcp_send_delayed_ack with an ato of 0), which may come before the call or
// after it. Only timers that the kernel's own time has reached may run.
func (p *pair) catchUp(c Call, want Return) {
	const tick = 10 * tcpstate.Millisecond // of HZ=100, the slowest
	if p.began.IsZero() {
		return
	}
	reached := p.start.Add(tcpstate.Duration(time.Since(p.began).Microseconds())*tcpstate.Microsecond + tick)
	ran, now := p.h, p.now
	for range 8 {
		at, due := ran.Deadline()
		due = due && at <= reached
		if ran == p.h && !due {
			return // as nearly always
		}
		got, _ := doneOf(ran.Clone().Call(now.Add(20), 1, c, nil))
		if what, _, _ := p.difference(c, want, got); what == "" {
			p.h, p.now = ran, now
			return
		}
		if !due {
			return
		}
		ran, now = ran.Clone(), max(now, at)
		ran.Tick(now, nil)
	}
}

// ghost: once disconnected, a socket's SIOCOUTQ tells how far Linux has moved the
// next connection's numbers on (tcp_disconnect), not how much is queued. The
// model draws those numbers, and has nothing queued.
func (p *pair) ghost(c Call) bool {
	if c.Op != OpIoctl || c.N != SIOCOUTQ && c.N != SIOCOUTQNSD {
		return false
	}
	_, s, err := p.h.lookup(c.FD)
	return err == 0 && s.disconnects > 0 && s.state() == tcpstate.Closed
}

// mixedUp: a socket of AF_INET6 that was once connected over IPv4 stays with the
// operations of IPv4 (icsk_af_ops), and Linux then sends the SYN of a connection
// over IPv6 into the void. The model does not copy that. Left out.
func (p *pair) mixedUp(slot int, c Call) bool {
	_, s, err := p.h.lookup(p.fds[1][slot])
	return (c.Op == OpConnect || c.opens()) && err == 0 && s.family == AF_INET6 && s.af == &ipv4Specific && !c.Addr.AP.Addr().Is4In6()
}

// selfConnect: a socket that connects to itself answers its own data with
// delayed ACKs that differ by the state of the machine's pingpong mode. Left out.
func (p *pair) selfConnect(slot int, c Call) bool {
	name := p.k.call(Call{Op: OpGetsockname, FD: p.fds[0][slot]})
	return (c.Op == OpConnect || c.opens()) && c.Addr.AP.Port() != 0 && name.Addr.AP.Port() == c.Addr.AP.Port()
}

// close closes a slot on both.
func (p *pair) close(t require.TestingT, slot int) {
	p.call(t, slot, Call{Op: OpClose})
	p.fds[0] = append(p.fds[0][:slot:slot], p.fds[0][slot+1:]...)
	p.fds[1] = append(p.fds[1][:slot:slot], p.fds[1][slot+1:]...)
}

// newPair starts both without any socket.
func newPair(t require.TestingT, k *live) *pair {
	require.NoError(t, k.fresh())
	h := New(HostConfig{FirstFile: 3, Seed: 1})
	require.NoError(t, h.SetSysctl("net.ipv4.tcp_congestion_control", "reno"))
	p := &pair{k: k, now: Time(tcpstate.Second)}
	p.restart(h)
	return p
}

// restart takes a new model, beside a kernel that has no sockets.
func (p *pair) restart(h *Host) { p.h, p.start, p.began = h, p.now, time.Now() }

// end closes the kernel's descriptors.
func (p *pair) end() {
	for _, fd := range p.fds[0] {
		p.k.call(Call{Op: OpClose, FD: fd})
	}
}

var agreeAddrs4 = []string{"0.0.0.0", "127.0.0.1", "127.0.0.2", "192.0.2.9", "224.0.0.1", "255.255.255.255"}
var agreeAddrs6 = []string{"::", "::1", "::ffff:127.0.0.1", "::ffff:127.0.0.2", "::ffff:0.0.0.0", "2001:db8::9", "ff02::1"}

// agreeOpt is an option that is compared, with values to try.
type agreeOpt struct {
	level, name int32
	values      []int32
}

// drawSet draws a setsockopt of one of them.
func drawSet(t *rapid.T, list []agreeOpt) Call {
	o := rapid.SampledFrom(list).Draw(t, "option")
	return setCall(0, o.level, o.name, cint(rapid.SampledFrom(o.values).Draw(t, "value")))
}

// drawGet draws a getsockopt of one of them, with room for so many octets.
func drawGet(t *rapid.T, list []agreeOpt, rooms ...int32) Call {
	o := rapid.SampledFrom(list).Draw(t, "option")
	return Call{Op: OpGetsockopt, Level: o.level, Name: o.name, Len: rapid.SampledFrom(rooms).Draw(t, "room")}
}

// agreeOpts are those of TCP.
var agreeOpts = []agreeOpt{
	{SOL_SOCKET, SO_REUSEADDR, []int32{0, 1}}, {SOL_SOCKET, SO_REUSEADDR, []int32{1}}, {SOL_SOCKET, SO_REUSEPORT, []int32{0, 1}},
	{SOL_SOCKET, SO_KEEPALIVE, []int32{0, 1}}, {SOL_SOCKET, SO_OOBINLINE, []int32{0, 1}}, {SOL_SOCKET, SO_RCVLOWAT, []int32{0, 1, 3}},
	{SOL_SOCKET, SO_SNDBUF, []int32{-1, 0, 5000, 100000}}, {SOL_SOCKET, SO_RCVBUF, []int32{-1, 0, 5000, 100000}},
	{SOL_SOCKET, SO_ERROR, []int32{0}}, {SOL_SOCKET, SO_TYPE, []int32{0}}, {SOL_SOCKET, SO_DOMAIN, []int32{0}},
	{SOL_SOCKET, SO_PROTOCOL, []int32{0}}, {SOL_SOCKET, SO_ACCEPTCONN, []int32{0}}, {SOL_SOCKET, SO_PRIORITY, []int32{0, 6, 9}},
	{SOL_SOCKET, SO_MARK, []int32{0, 7}}, {SOL_SOCKET, SO_BROADCAST, []int32{0, 1}}, {SOL_SOCKET, SO_DONTROUTE, []int32{0, 1}},
	{SOL_SOCKET, SO_SNDLOWAT, []int32{5}}, {SOL_SOCKET, SO_ZEROCOPY, []int32{0, 1, 2}}, {SOL_SOCKET, 9999, []int32{0}},
	{SOL_SOCKET, SO_PEEK_OFF, []int32{-1, 0, 1, 5}}, {SOL_SOCKET, SO_PEEK_OFF, []int32{0, 2}}, {SOL_SOCKET, SO_RCVLOWAT, []int32{2, 9}},
	{SOL_SOCKET, SO_NO_CHECK, []int32{0, 1}}, {SOL_SOCKET, SO_BUF_LOCK, []int32{0, 3, 4}},
	{SOL_TCP, TCP_NODELAY, []int32{0, 1}}, {SOL_TCP, TCP_CORK, []int32{0, 1}},
	{SOL_TCP, TCP_KEEPIDLE, []int32{0, 1, 32767, 32768}}, {SOL_TCP, TCP_KEEPINTVL, []int32{0, 1, 32768}}, {SOL_TCP, TCP_KEEPCNT, []int32{0, 1, 128}},
	{SOL_TCP, TCP_SYNCNT, []int32{0, 1, 128}}, {SOL_TCP, TCP_LINGER2, []int32{-5, 0, 10, 1000}}, {SOL_TCP, TCP_DEFER_ACCEPT, []int32{-1, 0, 0, 0, 1, 2, 5, 1000}},
	{SOL_TCP, TCP_USER_TIMEOUT, []int32{-1, 0, 1000}}, {SOL_TCP, TCP_NOTSENT_LOWAT, []int32{0, 4000, -1}}, {SOL_TCP, TCP_FASTOPEN_CONNECT, []int32{0, 2}},
	{SOL_TCP, TCP_INQ, []int32{0, 2}}, {SOL_TCP, TCP_SAVE_SYN, []int32{0, 3}}, {SOL_TCP, TCP_THIN_DUPACK, []int32{0, 1, 2}},
	{SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS, []int32{0, 1, 2}}, {SOL_TCP, 9999, []int32{0}},
	{SOL_IP, IP_TOS, []int32{0, 0x10, 0xff}}, {SOL_IP, IP_TTL, []int32{-1, 0, 1, 255, 256}}, {SOL_IP, IP_FREEBIND, []int32{0, 1}},
	{SOL_IP, IP_MTU_DISCOVER, []int32{-1, 0, 3, 5, 6}}, {SOL_IP, IP_RECVERR, []int32{0, 1}}, {SOL_IP, IP_MINTTL, []int32{-1, 0, 256}},
	{SOL_IP, IP_BIND_NO_PORT, []int32{0, 1}}, {SOL_IP, IP_TRANSPARENT, []int32{0}}, {SOL_IP, 9999, []int32{0}},
	{SOL_IPV6, IPV6_V6ONLY, []int32{0, 1}}, {SOL_IPV6, IPV6_UNICAST_HOPS, []int32{-2, -1, 0, 1, 255, 256}}, {SOL_IPV6, IPV6_TCLASS, []int32{-2, -1, 0, 0x20, 256}},
	{SOL_IPV6, IPV6_RECVERR, []int32{0, 1}}, {SOL_IPV6, IPV6_MTU_DISCOVER, []int32{-1, 1, 6}}, {77, 1, []int32{0}},
}

// drawAddr draws an address, mostly of the family that fits.
func drawAddr(t *rapid.T) (Addr, int32) {
	if rapid.IntRange(0, 19).Draw(t, "odd") == 0 {
		return Addr{Family: AF_UNSPEC}, rapid.SampledFrom([]int32{1, 2, 16, 28}).Draw(t, "length")
	}
	port := rapid.SampledFrom([]uint16{0, 7001, 7001, 7002, 7003}).Draw(t, "port")
	if rapid.IntRange(0, 2).Draw(t, "v6") > 0 {
		a := netip.MustParseAddr(rapid.SampledFrom(agreeAddrs4[:2+4*(rapid.IntRange(0, 7).Draw(t, "rare")/7)]).Draw(t, "addr"))
		return in4(a, port), rapid.SampledFrom([]int32{16, 16, 16, 16, 28, 15}).Draw(t, "length")
	}
	a := netip.MustParseAddr(rapid.SampledFrom(agreeAddrs6[:3+4*(rapid.IntRange(0, 7).Draw(t, "rare")/7)]).Draw(t, "addr"))
	return in6(a, port), rapid.SampledFrom([]int32{28, 28, 28, 28, 24, 23}).Draw(t, "length")
}

// drawCall draws a call on an open descriptor.
func drawCall(t *rapid.T) Call {
	switch op := rapid.SampledFrom([]Op{
		OpBind, OpBind, OpListen, OpListen, OpAccept, OpAccept, OpConnect, OpConnect, OpConnect, OpSend, OpSend, OpRecv, OpRecv,
		OpShutdown, OpSetsockopt, OpSetsockopt, OpGetsockopt, OpGetsockname, OpGetpeername, OpPoll, OpPoll, OpIoctl,
	}).Draw(t, "op"); op {
	case OpBind, OpConnect:
		a, n := drawAddr(t)
		return Call{Op: op, Addr: a, AddrLen: n}
	case OpListen:
		return listenCall(0, rapid.Int64Range(0, 2).Draw(t, "backlog"))
	case OpAccept:
		return Call{Op: op, Flags: SOCK_NONBLOCK}
	case OpSend:
		return Call{Op: op, Data: make([]byte, rapid.IntRange(0, 9).Draw(t, "n")), Flags: rapid.SampledFrom([]int32{0, 0, MSG_OOB, MSG_MORE}).Draw(t, "flags")}
	case OpRecv:
		return Call{Op: op, Len: rapid.Int32Range(0, 12).Draw(t, "n"), Flags: rapid.SampledFrom([]int32{0, 0, 0, MSG_PEEK, MSG_OOB, MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_OOB | MSG_PEEK}).Draw(t, "flags")}
	case OpShutdown:
		return Call{Op: op, N: rapid.Int64Range(-1, 3).Draw(t, "how")}
	case OpSetsockopt:
		return drawSet(t, agreeOpts)
	case OpGetsockopt:
		return drawGet(t, agreeOpts, 4, 4, 4, 4, 1, 0, -1)
	case OpPoll:
		return pollCall(0, PollFD{Events: POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM})
	case OpIoctl:
		return Call{Op: op, N: rapid.SampledFrom([]int64{SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK}).Draw(t, "request")}
	default:
		return Call{Op: op}
	}
}

// begin makes a listener, a client and what accept gives, so that random calls
// reach the states of a connection sooner.
func (p *pair) begin(t require.TestingT, family int32) {
	addr, n := in4(loopback4, 7003), int32(16)
	if family == AF_INET6 {
		addr, n = in6(netip.IPv6Loopback(), 7003), 28
	}
	for range 2 {
		p.call(t, -1, Call{Op: OpSocket, Domain: family, Type: SOCK_STREAM | SOCK_NONBLOCK})
	}
	p.call(t, 0, Call{Op: OpBind, Addr: addr, AddrLen: n})
	p.call(t, 0, listenCall(0, 1))
	p.call(t, 1, Call{Op: OpConnect, Addr: addr, AddrLen: n})
	p.call(t, 0, Call{Op: OpAccept, Flags: SOCK_NONBLOCK})
}

// Random calls on a few sockets over loopback come out on the model as they do
// on the kernel: results, errors, data, addresses, events of poll.
func TestRandomCallsAgreeWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := newPair(rt, k)
		defer p.end()
		p.walk(rt, 5, drawCall)
	})
}

// walk makes drawn calls on a few sockets of TCP; one in rare opens another.
func (p *pair) walk(t *rapid.T, rare int, draw func(*rapid.T) Call) {
	if rapid.Bool().Draw(t, "begin connected") {
		p.begin(t, rapid.SampledFrom([]int32{AF_INET, AF_INET6}).Draw(t, "family"))
	}
	for range rapid.IntRange(1, 40).Draw(t, "calls") {
		n := len(p.fds[0])
		if n == 0 || n < 6 && rapid.IntRange(0, rare).Draw(t, "open") == 0 {
			p.call(t, -1, Call{Op: OpSocket, Domain: rapid.SampledFrom([]int32{AF_INET, AF_INET, AF_INET6}).Draw(t, "family"), Type: SOCK_STREAM | SOCK_NONBLOCK})
			continue
		}
		slot := rapid.IntRange(0, n-1).Draw(t, "slot")
		if rapid.IntRange(0, 15).Draw(t, "close") == 0 {
			p.close(t, slot)
			continue
		}
		if c := draw(t); !p.selfConnect(slot, c) && !p.mixedUp(slot, c) {
			p.call(t, slot, c)
		}
	}
}
