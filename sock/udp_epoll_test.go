//go:build linux && amd64

package sock

import (
	"testing"

	"pgregory.net/rapid"
)

// Which events an epoll hands out for sockets of datagrams, and in what order,
// level- and edge-triggered, comes out as on the kernel: datagrams, refusals,
// shutdown, and the edge that every datagram sent leaves behind it.
func TestEpollOfDatagramsAgreesWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := &epollPair{pair: newPair(rt, k), rt: rt}
		d := dgramPair{p.pair}
		defer p.end()
		addrs := [2]Addr{in4(loopback4, 7001), in4(loopback4, 7002)}
		for i := range 2 { // slots 0 and 1 talk to each other, 2 to nobody
			p.made(-1, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM | SOCK_NONBLOCK})
			d.call(rt, i, Call{Op: OpBind, Addr: addrs[i], AddrLen: 16})
		}
		for i := range 2 {
			d.call(rt, i, Call{Op: OpConnect, Addr: addrs[1-i], AddrLen: 16})
		}
		p.made(-1, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM | SOCK_NONBLOCK})
		d.call(rt, 2, Call{Op: OpConnect, Addr: in4(loopback4, 7009), AddrLen: 16})
		p.made(-1, Call{Op: OpEpollCreate})
		p.made(-1, Call{Op: OpEpollCreate})
		for range rapid.IntRange(1, 40).Draw(rt, "calls") {
			ep, target := rapid.IntRange(3, 4).Draw(rt, "epoll"), rapid.IntRange(0, 2).Draw(rt, "slot")
			events := rapid.SampledFrom(epollEvents).Draw(rt, "events") | rapid.SampledFrom(epollFlags).Draw(rt, "flags")
			switch rapid.SampledFrom([]string{"add", "add", "mod", "wait", "wait", "send", "send", "more", "recv", "recv", "shut"}).Draw(rt, "op") {
			case "add":
				p.ctl(ep, target, EPOLL_CTL_ADD, events)
			case "mod":
				p.ctl(ep, target, EPOLL_CTL_MOD, events)
			case "wait":
				p.wait(ep, 8)
			case "send":
				d.call(rt, target, Call{Op: OpSend, Data: []byte("ab")})
			case "more":
				d.call(rt, target, Call{Op: OpSend, Data: []byte("c"), Flags: MSG_MORE})
			case "recv":
				d.call(rt, target, recvCall(0, 9, MSG_DONTWAIT))
			default:
				d.call(rt, target, Call{Op: OpShutdown, N: rapid.Int64Range(0, 2).Draw(rt, "how")})
			}
		}
	})
}
