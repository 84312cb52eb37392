package sock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// callBench is a host with a connection to itself over loopback.
type callBench struct {
	h    *Host
	now  Time
	out  []Effect
	fds  [2]int32
	data []byte
	poll [1]PollFD
}

func newCallBench() *callBench {
	c := &callBench{h: New(testConfig()), now: 1_000_000, out: make([]Effect, 0, 64), data: make([]byte, 100)}
	addr := in4(loopback4, 7000)
	l := c.call(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM})
	c.call(Call{Op: OpBind, FD: l, Addr: addr, AddrLen: 16})
	c.call(listenCall(l, 1))
	c.fds[0] = c.call(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM})
	c.call(Call{Op: OpConnect, FD: c.fds[0], Addr: addr, AddrLen: 16})
	c.fds[1] = c.call(Call{Op: OpAccept, FD: l})
	return c
}

// call makes a call and returns its value.
func (c *callBench) call(call Call) int32 {
	c.now += 10
	c.out = c.h.Call(c.now, 1, call, c.out[:0])
	for i := range c.out {
		if c.out[i].Kind == Done {
			return int32(c.out[i].Return.Value)
		}
	}
	return -1
}

// callRounds are what is measured: so many calls each.
var callRounds = []struct {
	name  string
	calls int
	round func(c *callBench) bool // whether all went well
}{
	{"send and recv", 2, func(c *callBench) bool {
		return c.call(Call{Op: OpSend, FD: c.fds[0], Data: c.data}) == 100 && c.call(recvCall(c.fds[1], 100, 0)) == 100
	}},
	{"poll", 1, func(c *callBench) bool {
		c.poll[0] = PollFD{FD: c.fds[0], Events: POLLIN | POLLOUT}
		return c.call(Call{Op: OpPoll, Poll: c.poll[:]}) == 1
	}},
	{"recv of nothing", 1, func(c *callBench) bool { return c.call(recvCall(c.fds[1], 100, MSG_DONTWAIT)) == -1 }},
	{"getsockopt", 1, func(c *callBench) bool {
		return c.call(Call{Op: OpGetsockopt, FD: c.fds[0], Level: SOL_SOCKET, Name: SO_ERROR, Len: 4}) == 0
	}},
}

// BenchmarkCalls measures calls on a connection over loopback, segments included.
func BenchmarkCalls(b *testing.B) {
	for _, r := range callRounds {
		b.Run(r.name, func(b *testing.B) {
			c := newCallBench()
			b.ReportAllocs()
			for b.Loop() {
				if !r.round(c) {
					b.Fatal("a call came to something else")
				}
			}
			b.ReportMetric(float64(b.N*r.calls)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// Send, receive and poll allocate nothing in steady state.
func TestCallsAllocateNothing(t *testing.T) {
	for _, r := range callRounds {
		c := newCallBench()
		for range 1000 { // the queues grow to what they need
			require.True(t, r.round(c), r.name)
		}
		require.Zero(t, testing.AllocsPerRun(200, func() { r.round(c) }), r.name)
	}
}
