//go:build linux && amd64

package sock

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// epollPair is a pair whose slots may be epolls.
type epollPair struct {
	*pair
	rt *rapid.T
	// loose: the order of events is not compared any more. A RST or FIN over
	// loopback reaches the peer before the one who sends it hears of its own
	// change of state; the model delivers it once the call is over.
	loose bool
}

// late reports that so much time has passed that the kernel may have sent a delayed ACK by now (TCP_ATO_MIN), an event for the other
// end: the model's clock does not follow the machine's, on which somebody else may be at work.
func (p *epollPair) late() bool { return time.Since(p.began) > 30*time.Millisecond }

// made takes what a call returned as a slot on both sides.
func (p *epollPair) made(slot int, c Call) {
	if slot >= 0 {
		c.FD = p.fds[0][slot]
	}
	want := p.k.call(c)
	if slot >= 0 {
		c.FD = p.fds[1][slot]
	}
	got := p.do(c)
	p.trace = append(p.trace, fmt.Sprintf("slot %d: %v of %d", len(p.fds[0]), c.Op, slot))
	require.Equal(p.rt, want.Errno, got.Errno)
	p.fds[0] = append(p.fds[0], int32(want.Value))
	p.fds[1] = append(p.fds[1], int32(got.Value))
}

// do makes a call on the model, which must return at once.
func (p *epollPair) do(c Call) Return {
	p.now = p.now.Add(20)
	r, n := doneOf(p.h.Call(p.now, 1, c, nil))
	require.Equal(p.rt, 1, n, "the model's call did not return: %s", p)
	require.NoError(p.rt, p.h.Check(), "%s", p)
	return r
}

// ctl is epoll_ctl on slots.
func (p *epollPair) ctl(ep, target int, op int64, events uint32) {
	c := Call{Op: OpEpollCtl, FD: p.fds[0][ep], N: op, Arg: int64(p.fds[0][target]), Events: events, UData: uint64(target)}
	want := p.k.call(c)
	c.FD, c.Arg = p.fds[1][ep], int64(p.fds[1][target])
	got := p.do(c)
	p.trace = append(p.trace, fmt.Sprintf("slot %d epoll_ctl %d slot %d %#x -> %s", ep, op, target, events, ErrnoName(want.Errno)))
	require.Equal(p.rt, ErrnoName(want.Errno), ErrnoName(got.Errno), "epoll_ctl (kernel, model)%s", p)
}

// wait is epoll_wait without patience: what comes, in order.
func (p *epollPair) wait(ep int, most int32) {
	if p.loose {
		most = 16 // a part of them would depend on the order
	}
	show := func(r Return) string {
		s := []string{ErrnoName(r.Errno)}
		for _, e := range r.Poll {
			s = append(s, fmt.Sprintf("slot %d %#x", e.Data, e.Revents))
		}
		if p.loose {
			slices.Sort(s)
		}
		return strings.Join(s, ", ")
	}
	want := p.k.call(Call{Op: OpEpollWait, FD: p.fds[0][ep], Len: most})
	got := p.do(Call{Op: OpEpollWait, FD: p.fds[1][ep], Len: most})
	p.trace = append(p.trace, fmt.Sprintf("slot %d epoll_wait %d -> %s", ep, most, show(want)))
	if !p.late() {
		require.Equal(p.rt, show(want), show(got), "epoll_wait (kernel, model)%s", p)
	}
}

// ackNow lets no ACK of a FIN wait for its timer: it is an event for the other end.
func (p *epollPair) ackNow() {
	for _, slot := range []int{1, 2, 6} {
		p.call(p.rt, slot, setCall(0, SOL_TCP, TCP_QUICKACK, cint(1)))
	}
}

var (
	epollEvents = []uint32{POLLIN, POLLIN, POLLOUT, POLLIN | POLLOUT, POLLIN | POLLRDHUP, POLLIN | POLLPRI, POLLRDHUP, 0, POLLIN | POLLOUT | POLLRDHUP | POLLPRI | POLLRDNORM | POLLWRNORM, POLLWRBAND | POLLMSG | POLLRDBAND}
	epollFlags  = []uint32{0, 0, 0, EPOLLET, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT, EPOLLEXCLUSIVE, EPOLLEXCLUSIVE | EPOLLET, EPOLLWAKEUP}
	epollOps    = []string{"add", "add", "mod", "del", "wait", "wait", "wait", "send", "send", "recv", "oob", "shut", "lowat", "poll", "dup", "close", "connect", "accept", "reset", "odd"}
)

// step draws a call and makes it.
func (p *epollPair) step() {
	t := p.rt
	slot := rapid.IntRange(0, len(p.fds[0])-1)
	ep := rapid.IntRange(3, 5).Draw(t, "epoll")
	events := rapid.SampledFrom(epollEvents).Draw(t, "events") | rapid.SampledFrom(epollFlags).Draw(t, "flags")
	target := slot.Draw(t, "slot")
	switch rapid.SampledFrom(epollOps).Draw(t, "op") {
	case "add":
		p.ctl(ep, target, EPOLL_CTL_ADD, events)
	case "mod":
		p.ctl(ep, target, EPOLL_CTL_MOD, events)
	case "del":
		p.ctl(ep, target, EPOLL_CTL_DEL, events)
	case "odd":
		p.ctl(target, ep, rapid.Int64Range(0, 4).Draw(t, "ctl"), events)
	case "wait":
		p.wait(ep, rapid.SampledFrom([]int32{8, 8, 1, 2, 0, -1}).Draw(t, "most"))
	case "send":
		p.call(t, target, Call{Op: OpSend, Data: make([]byte, rapid.IntRange(1, 9).Draw(t, "n"))})
	case "oob":
		p.call(t, target, Call{Op: OpSend, Data: []byte{1}, Flags: MSG_OOB})
	case "recv":
		p.call(t, target, recvCall(0, rapid.Int32Range(1, 12).Draw(t, "n"), rapid.SampledFrom([]int32{0, 0, MSG_PEEK, MSG_OOB}).Draw(t, "recv flags")|MSG_DONTWAIT))
	case "shut":
		p.loose = true
		p.call(t, target%3, Call{Op: OpShutdown, N: rapid.Int64Range(0, 2).Draw(t, "how")})
		p.ackNow()
	case "lowat":
		p.call(t, target, setCall(0, SOL_SOCKET, SO_RCVLOWAT, cint(rapid.Int32Range(0, 9).Draw(t, "mark"))))
	case "poll":
		p.call(t, target, pollCall(0, PollFD{Events: POLLIN | POLLOUT | POLLPRI | POLLRDHUP}))
	case "dup":
		if len(p.fds[0]) < 10 {
			p.made(target, Call{Op: OpDup})
		}
	case "close":
		if p.loose = true; len(p.fds[0]) > 7 { // the last one only: slots keep their numbers
			p.close(t, len(p.fds[0])-1)
			p.ackNow()
		}
	case "connect":
		p.call(t, 6, Call{Op: OpConnect, Addr: in4(loopback4, 7003), AddrLen: 16})
	case "accept":
		if len(p.fds[0]) < 10 {
			p.call(t, 0, Call{Op: OpAccept, Flags: SOCK_NONBLOCK})
		}
	case "reset":
		p.loose = true
		p.call(t, target, Call{Op: OpConnect, Addr: Addr{Family: AF_UNSPEC}, AddrLen: 16})
	}
}

// Random epoll_ctl, epoll_wait and what happens to the sockets meanwhile, level-
// and edge-triggered, once and exclusively, with dup'ed descriptors and epolls
// that watch epolls: events, their order and errors are the live kernel's.
func TestEpollAgreesWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := &epollPair{pair: newPair(rt, k), rt: rt}
		defer p.end()
		p.begin(rt, AF_INET) // 0 listens, 1 and 2 are connected
		for range 3 {
			p.made(-1, Call{Op: OpEpollCreate}) // 3, 4, 5
		}
		p.call(rt, -1, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM | SOCK_NONBLOCK}) // 6
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			if p.step(); p.late() {
				return
			}
		}
	})
}

// Two descriptors of one file in one epoll, and one in an epoll of its own: who
// is told first, with every mix of exclusive and shared, is as on the live kernel.
func TestEpollTellsWatchersInTheLiveKernelsOrder(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := &epollPair{pair: newPair(rt, k), rt: rt}
		defer p.end()
		p.begin(rt, AF_INET)
		p.made(2, Call{Op: OpDup})          // 3
		p.made(2, Call{Op: OpDup})          // 4
		p.made(-1, Call{Op: OpEpollCreate}) // 5
		p.made(-1, Call{Op: OpEpollCreate}) // 6
		for _, slot := range rapid.Permutation([]int{2, 3, 4}).Draw(rt, "order") {
			p.ctl(5, slot, EPOLL_CTL_ADD, POLLIN|rapid.SampledFrom([]uint32{EPOLLET, 0, EPOLLEXCLUSIVE}).Draw(rt, "flags"))
		}
		p.ctl(6, 5, EPOLL_CTL_ADD, POLLIN|EPOLLET)
		for range 3 {
			p.call(rt, 1, Call{Op: OpSend, Data: []byte{1}})
			p.wait(6, 8)
			p.wait(5, rapid.Int32Range(1, 4).Draw(rt, "most"))
			p.wait(6, 8)
		}
	})
}
