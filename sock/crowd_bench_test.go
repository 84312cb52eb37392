package sock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// crowdSize is how many descriptors the process of a crowd has.
const crowdSize = 10_000

// crowd is a process with many descriptors.
type crowd struct {
	tb  testing.TB
	h   *Host
	now Time
	out []Effect
}

func newCrowd(tb testing.TB) *crowd {
	cfg := testConfig()
	cfg.MaxFiles = 2 * crowdSize
	return &crowd{tb: tb, h: New(cfg), now: 1_000_000}
}

// call makes a call of a thread that must come off, and gives its value; 0 when it waits.
func (c *crowd) call(th Thread, call Call) int32 {
	c.now += 10
	c.out = c.h.Call(c.now, th, call, c.out[:0])
	return c.value()
}

// value is what the one call has returned that did so by the latest input.
func (c *crowd) value() int32 {
	r, _ := doneOf(c.out)
	if r.Errno != 0 {
		c.tb.Fatal(ErrnoName(r.Errno))
	}
	return int32(r.Value)
}

// deliver hands the host a packet.
func (c *crowd) deliver(p *Packet) {
	c.now += 10
	c.out = c.h.Deliver(c.now, p, c.out[:0])
}

// fill opens sockets until the process has so many descriptors.
func (c *crowd) fill(n int) {
	for range n {
		c.call(1, socketCall())
	}
}

// udp opens a socket that is bound to a port.
func (c *crowd) udp(port uint16) int32 {
	fd := c.call(1, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	c.call(1, bindCall(fd, in4(localV4, port)))
	return fd
}

// crowdPacket is a datagram from afar to a port here.
func crowdPacket(from, port uint16) Packet {
	return Packet{Src: remoteV4, Dst: localV4, SrcPort: from, DstPort: port, Proto: ProtoUDP, TTL: 64, Payload: []byte("x")}
}

// portCrowd has a UDP socket on each of 10,000 ports.
func portCrowd(tb testing.TB) (c *crowd, fd int32, p Packet) {
	c = newCrowd(tb)
	fd = c.udp(1024)
	for i := range crowdSize - 1 {
		c.udp(uint16(1025 + i))
	}
	return c, fd, crowdPacket(9, 1024)
}

// peerCrowd has 10,000 UDP sockets on one port, each with a peer of its own.
func peerCrowd(tb testing.TB) (c *crowd, fd int32, p Packet) {
	c = newCrowd(tb)
	for i := range crowdSize {
		s := c.call(1, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
		c.call(1, setCall(s, SOL_SOCKET, SO_REUSEADDR, cint(1)))
		c.call(1, bindCall(s, in4(localV4, 1024)))
		c.call(1, connectCall(s, in4(remoteV4, uint16(1024+i))))
		if i == 0 {
			fd = s
		}
	}
	return c, fd, crowdPacket(1024, 1024)
}

// pollCrowd has 10,000 descriptors, 100 of them epolls, of which the last watches
// one socket for its datagrams.
func pollCrowd(tb testing.TB) (c *crowd, fd int32, wait Call, p Packet) {
	c = newCrowd(tb)
	fd = c.udp(1024)
	wait = Call{Op: OpEpollWait, Len: 1, Timeout: -1}
	for range 100 {
		wait.FD = c.call(1, Call{Op: OpEpollCreate})
	}
	c.call(1, epollCtl(wait.FD, fd, EPOLL_CTL_ADD, POLLIN))
	c.fill(crowdSize - 102)
	return c, fd, wait, crowdPacket(9, 1024)
}

// crowdRounds are what is measured among 10,000.
var crowdRounds = []struct {
	name  string
	begin func(testing.TB) func()
}{
	{"datagram among ports", func(tb testing.TB) func() {
		c, fd, p := portCrowd(tb)
		return c.hears(fd, &p)
	}},
	{"datagram among peers", func(tb testing.TB) func() {
		c, fd, p := peerCrowd(tb)
		return c.hears(fd, &p)
	}},
	{"epoll_wait", func(tb testing.TB) func() {
		c, fd, wait, p := pollCrowd(tb)
		return c.wakes(fd, wait, &p)
	}},
	{"poll", func(tb testing.TB) func() {
		c, fd, wait, p := pollCrowd(tb)
		wait = Call{Op: OpPoll, Poll: []PollFD{{FD: fd, Events: POLLIN}, {FD: wait.FD, Events: POLLOUT}}, Timeout: -1}
		return c.wakes(fd, wait, &p)
	}},
	{"socket and close", func(tb testing.TB) func() {
		c := newCrowd(tb)
		c.fill(crowdSize)
		return func() { c.call(1, closeCall(c.call(1, socketCall()))) }
	}},
	{"close two and open two", func(tb testing.TB) func() {
		c := newCrowd(tb)
		c.fill(crowdSize)
		return func() {
			c.call(1, closeCall(5))
			c.call(1, closeCall(9000))
			c.call(1, socketCall())
			if c.call(1, socketCall()) != 9000 {
				tb.Fatal("the lowest free descriptor is another")
			}
		}
	}},
	{"a call among threads", func(tb testing.TB) func() {
		c := newCrowd(tb)
		fd := c.udp(1024)
		for i := range Thread(1000) {
			c.call(i+1, recvCall(fd, 9, 0))
		}
		return func() { c.call(1001, Call{Op: OpGetsockname, FD: fd}) }
	}},
}

// hears delivers a datagram and reads it.
func (c *crowd) hears(fd int32, p *Packet) func() {
	return func() {
		c.deliver(p)
		if c.call(1, recvCall(fd, 9, MSG_DONTWAIT)) != 1 {
			c.tb.Fatal("the datagram did not come")
		}
	}
}

// wakes lets a thread wait for a datagram, which wakes it, and reads that.
func (c *crowd) wakes(fd int32, wait Call, p *Packet) func() {
	return func() {
		c.call(2, wait)
		if c.deliver(p); c.value() != 1 {
			c.tb.Fatal("the wait did not end")
		}
		c.call(1, recvCall(fd, 9, MSG_DONTWAIT))
	}
}

// BenchmarkAmong10000 measures what must not cost more in a crowd.
func BenchmarkAmong10000(b *testing.B) {
	for _, r := range crowdRounds {
		b.Run(r.name, func(b *testing.B) {
			round := r.begin(b)
			b.ReportAllocs()
			for b.Loop() {
				round()
			}
		})
	}
}

// What a crowd does in steady state takes no memory, but for the sockets that it makes.
func TestACrowdAllocatesNothing(t *testing.T) {
	for _, r := range crowdRounds[:4] {
		round := r.begin(t)
		for range 100 { // the queues grow to what they need
			round()
		}
		require.Zero(t, testing.AllocsPerRun(100, round), r.name)
	}
}
