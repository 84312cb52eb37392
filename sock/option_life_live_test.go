//go:build linux && amd64

package sock

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/sockspec/sockspec/tcpstate"
)

// optLives are what may happen to a socket after one of its options was set.
// Each sets the option by calling set on a slot, and returns the slot whose
// options are looked at then.
type optLife struct {
	name string
	live func(p *optPair, family int32, at netip.AddrPort, set func(slot int)) int
}

var optLives = []optLife{
	{"a child of the listener", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		l, ap := p.listener(f, at)
		set(l)
		return p.dialAndAccept(f, l, ap, nil)
	}},
	{"a child, the option set before listen", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		l := p.open(f, SOCK_STREAM)
		set(l)
		a, n := addrFor(f, at)
		p.call(p.t, l, Call{Op: OpBind, Addr: a, AddrLen: n})
		p.call(p.t, l, listenCall(0, 5))
		return p.dialAndAccept(f, l, p.call(p.t, l, Call{Op: OpGetsockname}).Addr.AP, nil)
	}},
	{"a child that waited in the queue", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		l, ap := p.listener(f, at)
		return p.dialAndAccept(f, l, ap, func() { set(l) })
	}},
	{"the socket, now a listener", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		l := p.open(f, SOCK_STREAM)
		set(l)
		p.call(p.t, l, listenCall(0, 5))
		return l
	}},
	{"the socket, now connected", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		_, ap := p.listener(f, at)
		c := p.open(f, SOCK_STREAM)
		set(c)
		p.dial(f, c, ap)
		return c
	}},
	{"the socket, disconnected", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		c, _ := p.connected(f, at)
		set(c)
		p.call(p.t, c, Call{Op: OpConnect, Addr: Addr{Family: AF_UNSPEC}, AddrLen: 16})
		return c
	}},
	{"the listener, disconnected", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		l, _ := p.listener(f, at)
		set(l)
		p.call(p.t, l, Call{Op: OpConnect, Addr: Addr{Family: AF_UNSPEC}, AddrLen: 16})
		return l
	}},
	{"the socket, shut down for writing", func(p *optPair, f int32, at netip.AddrPort, set func(int)) int {
		c, _ := p.connected(f, at)
		set(c)
		p.call(p.t, c, Call{Op: OpShutdown, N: SHUT_WR})
		return c
	}},
}

// dial connects a slot, dialAndAccept a new one, and takes the connection out of
// the listener's queue; between says what happens before.
func (p *optPair) dial(family int32, slot int, ap netip.AddrPort) {
	if ap.Addr().IsUnspecified() { // bound by listen alone
		ap = netip.AddrPortFrom(netip.IPv6Loopback(), ap.Port())
	}
	a, n := addrFor(family, ap)
	p.call(p.t, slot, Call{Op: OpConnect, Addr: a, AddrLen: n})
}

func (p *optPair) dialAndAccept(family int32, l int, ap netip.AddrPort, between func()) int {
	p.dial(family, p.open(family, SOCK_STREAM), ap)
	if between != nil {
		between()
	}
	n := len(p.fds[0])
	p.call(p.t, l, Call{Op: OpAccept, Flags: SOCK_NONBLOCK})
	if len(p.fds[0]) == n {
		return l // the option kept the connection away
	}
	return n
}

// lifeValue is a value of the option that is not its default, if it can have one.
func lifeValue(o *option) []byte {
	if list, ok := optStrings[o.name]; ok {
		return []byte(list[1])
	}
	v := int32(1)
	switch {
	case o.hi > 1 && o.lo < o.hi:
		v = max(o.lo, o.hi/2)
	case o.flag != nil && *o.flag(&defaultOptions):
		v = 0
	case o.cell != nil && o.hi == 0:
		v = 3
	}
	n := 4
	switch o.num {
	case SO_LINGER, SO_TXTIME:
		n = 8
	case SO_RCVTIMEO, SO_SNDTIMEO:
		n = 16
	}
	switch o.name {
	case "SO_SNDBUF", "SO_RCVBUF", "SO_SNDBUFFORCE", "SO_RCVBUFFORCE", "SO_RCVLOWAT", "TCP_WINDOW_CLAMP", "SO_MAX_PACING_RATE":
		v = 300000
	case "TCP_MAXSEG":
		v = 1000
	case "TCP_RTO_MIN_US", "TCP_DELACK_MAX_US":
		v = 50000
	case "TCP_LINGER2", "TCP_DEFER_ACCEPT":
		v = 7
	case "TCP_QUICKACK":
		v = 0
	}
	b := make([]byte, n)
	binary.LittleEndian.PutUint32(b, uint32(v))
	return b
}

// defaultOptions are those of a new socket.
var defaultOptions = func() (o options) { o.init(New(HostConfig{})); return o }()

// An option that is set on a listener, or before listen, connect, disconnect or
// shutdown, is afterwards found where the kernel has it, and so are all others:
// what a child inherits, what disconnect forgets, what listen resets.
func TestOptionsLiveOnAsOnTheLiveKernel(t *testing.T) {
	k := newLive(t)
	total, drawn, step := 0, 0, optStep(7)
	levels := []*optionLevel{&socketOptions, &ipOptions, &ipv6Options, &tcpOptions, &udpOptions, &rawOptions, &raw6Options, &icmp6Options}
	for _, life := range optLives {
		for _, f := range optFamilies {
			p := &optPair{pair: &pair{k: k, now: Time(tcpstate.Second)}, t: t, bad: map[string]int{}}
			p.fresh()
			for _, l := range levels {
				for i := range l.rows {
					o := &l.rows[i]
					if drawn++; drawn%step != 0 || o.readOnly || o.does == refused || keepsAway[o.name] {
						continue
					}
					p.where = fmt.Sprintf("%s, %s, after %s:", f.name, life.name, o.name)
					slot := life.live(p, f.family, f.at, func(s int) {
						b := lifeValue(o)
						p.set(s, l.level, o, b, int32(len(b)), false)
					})
					p.image(slot, levels)
					p.drop()
				}
			}
			total += p.n
		}
	}
	t.Logf("%d comparisons", total)
}

// keepsAway are options after which nothing connects, or all that does is odd.
var keepsAway = map[string]bool{"IPV6_V6ONLY": true, "SO_BINDTOIFINDEX": true, "TCP_DEFER_ACCEPT": true, "IP_LOCAL_PORT_RANGE": true, "IPV6_ADDRFORM": true, "SO_ATTACH_FILTER": true,
	"IP_BIND_ADDRESS_NO_PORT": true, "IP_TRANSPARENT": true, "IPV6_TRANSPARENT": true}
