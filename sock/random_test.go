package sock

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate"
)

// chaos is a host under random calls from several threads, random segments from
// a few peers, time and signals.
type chaos struct {
	h   *Host
	now Time
	// peers' sequence numbers are near what the host last said to them.
	seq, ack [4]tcpstate.Seq
}

// take learns from what was sent, and checks the invariants.
func (c *chaos) take(t *rapid.T, out []Effect) {
	for i := range out {
		e := &out[i]
		require.NotZero(t, e.Why)
		if e.Kind != Transmit || e.Packet.Proto != ProtoTCP {
			continue
		}
		k := int(e.Packet.DstPort) % len(c.seq)
		c.ack[k] = e.Packet.Seg.End()
		if e.Packet.Seg.Flags.Has(tcpstate.ACK) {
			c.seq[k] = e.Packet.Seg.Ack
		}
	}
	require.NoError(t, c.h.Check())
}

// segment draws a segment from peer k to a port of the host's.
func (c *chaos) segment(t *rapid.T) Packet {
	k := rapid.IntRange(0, len(c.seq)-1).Draw(t, "peer")
	flags := rapid.SampledFrom([]tcpstate.Flags{
		tcpstate.SYN, tcpstate.SYN, tcpstate.ACK, tcpstate.ACK, tcpstate.ACK, tcpstate.ACK | tcpstate.PSH, tcpstate.FIN | tcpstate.ACK,
		tcpstate.SYN | tcpstate.ACK, tcpstate.RST, tcpstate.RST | tcpstate.ACK, tcpstate.ACK | tcpstate.URG, 0, 0xff,
	}).Draw(t, "flags")
	near := rapid.SampledFrom([]int{0, 0, 0, 0, 0, -1, 1, 10, -10, 70000})
	n := 0
	if flags&(tcpstate.SYN|tcpstate.RST) == 0 {
		n = rapid.SampledFrom([]int{0, 0, 1, 50, 1400}).Draw(t, "length")
	}
	p := Packet{
		Src: remoteV4, Dst: localV4, SrcPort: 4000 + uint16(k), DstPort: rapid.SampledFrom([]uint16{testPort, testPort, 5000, 5001}).Draw(t, "to"),
		Proto: ProtoTCP, Payload: make([]byte, n),
		Seg: tcpstate.Segment{
			Seq: c.seq[k].Add(uint32(near.Draw(t, "seq"))), Ack: c.ack[k].Add(uint32(near.Draw(t, "ack"))), Flags: flags,
			Len: uint32(n), Wnd: uint16(rapid.SampledFrom([]int{0, 1, 100, 65535}).Draw(t, "window")), Urg: uint16(n),
		},
	}
	if flags.Has(tcpstate.SYN) {
		p.Seg.Opts = tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptTS, MSS: 1000, TSVal: uint32(c.now / 1000)}
	}
	return p
}

// call draws a call, on a few descriptors.
func (c *chaos) call(t *rapid.T) Call {
	call := rapid.SampledFrom([]Call{
		{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM}, {Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM | SOCK_NONBLOCK},
		bindCall(0, in4(any4, testPort)), listenCall(0, 1), acceptCall(0), acceptCall(0),
		connectCall(0, in4(remoteV4, 4001)), connectCall(0, in4(localV4, testPort)), {Op: OpConnect, AddrLen: 2},
		{Op: OpSend, Data: make([]byte, 50)}, {Op: OpSend, Data: make([]byte, 200000)}, recvCall(0, 1000, 0), recvCall(0, 1000, MSG_WAITALL),
		recvCall(0, 10, MSG_PEEK), recvCall(0, 1, MSG_OOB), {Op: OpShutdown, N: SHUT_WR}, {Op: OpShutdown, N: SHUT_RDWR},
		closeCall(0), closeCall(0), {Op: OpDup}, pollCall(-1, PollFD{Events: POLLIN}), pollCall(20, PollFD{Events: POLLOUT}),
		setCall(0, SOL_SOCKET, SO_REUSEADDR, cint(1)), setCall(0, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 1, 0, 0, 0}), setCall(0, SOL_SOCKET, SO_LINGER, make([]byte, 8)),
		setCall(0, SOL_SOCKET, SO_RCVTIMEO, timeval(0, 50000)), setCall(0, SOL_TCP, TCP_NODELAY, cint(1)), setCall(0, SOL_TCP, TCP_DEFER_ACCEPT, cint(3)),
		{Op: OpEpollCreate}, epollCtl(5, 4, EPOLL_CTL_ADD, POLLIN|EPOLLET), epollCtl(5, 4, EPOLL_CTL_DEL, 0), epollWait(5, 10),
	}).Draw(t, "call")
	if call.Op != OpEpollCtl && call.Op != OpEpollWait {
		call.FD = rapid.Int32Range(3, 7).Draw(t, "fd")
	}
	for i := range call.Poll {
		call.Poll = []PollFD{{FD: call.FD, Events: call.Poll[i].Events}}
	}
	return call
}

// Whatever calls, segments, time and signals come: no panic, the invariants
// hold after each, a copy answers as the original does, and when all is closed
// and time has passed nothing is left.
func TestRandomInputsKeepTheInvariants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := testConfig()
		cfg.Profile = rapid.SampledFrom([]*Profile{nil, &Linux24}).Draw(rt, "profile")
		c := &chaos{h: New(cfg), now: Time(tcpstate.Second)}
		c.h.Choose(Choice{HasPort: true, Port: 5000})
		for range rapid.IntRange(1, 80).Draw(rt, "inputs") {
			switch rapid.IntRange(0, 9).Draw(rt, "kind") {
			case 0:
				c.now = c.now.Add(int64(rapid.SampledFrom([]int{1, 40000, 200000, 1000000, 70000000}).Draw(rt, "passes")))
				c.take(rt, c.h.Tick(c.now, nil))
			case 1:
				c.take(rt, c.h.Interrupt(c.now, Thread(rapid.IntRange(1, 3).Draw(rt, "thread")), nil))
			case 2, 3, 4, 5:
				p := c.segment(rt)
				c.take(rt, c.h.Deliver(c.now, &p, nil))
			default:
				call := c.call(rt)
				th := Thread(rapid.IntRange(1, 3).Draw(rt, "thread"))
				twin := c.h.Clone()
				out := c.h.Call(c.now, th, call, nil)
				same := twin.Call(c.now, th, call, nil)
				require.Equal(rt, len(out), len(same))
				require.Equal(rt, c.h.Fingerprint(), twin.Fingerprint())
				c.take(rt, out)
			}
		}
		c.end(rt)
	})
}

// end closes everything and lets time pass.
func (c *chaos) end(t *rapid.T) {
	for th := Thread(1); th <= 3; th++ {
		c.take(t, c.h.Interrupt(c.now, th, nil))
	}
	for fd := range int32(40) {
		c.take(t, c.h.Call(c.now, 9, setCall(fd, SOL_SOCKET, SO_LINGER, make([]byte, 8)), nil))
		c.take(t, c.h.Call(c.now, 9, closeCall(fd), nil))
	}
	for range 2000 {
		at, ok := c.h.Deadline()
		if !ok {
			break
		}
		c.now = max(c.now, at)
		c.take(t, c.h.Tick(c.now, nil))
	}
	for i, s := range c.h.socks {
		require.Nil(t, s, "socket %d is left", i)
	}
	require.Empty(t, c.h.flows)
	require.Empty(t, c.h.ports)
}
