package sock

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// drain acknowledges everything that is sent until nothing more comes, and
// gives the payload in order.
func (p *peer) drain() string {
	var got strings.Builder
	for len(p.b.wire) > 0 {
		for len(p.b.wire) > 0 {
			q := p.b.wire[0]
			p.b.wire = p.b.wire[1:]
			if q.Seg.Seq == p.ack {
				got.Write(q.Payload)
				p.ack = q.Seg.End()
			}
		}
		p.send(tcpstate.ACK, "")
	}
	return got.String()
}

func TestBlockingWriteGoesOnAsRoomComes(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.set(fd, SOL_SOCKET, SO_SNDBUF, 10000)
	data := bytes.Repeat([]byte("0123456789abcdef"), 8192)
	b.parked(2, Call{Op: OpSend, FD: fd, Data: data})
	clear(data) // the call's bytes are the host's own by now
	got := p.drain()
	r := b.returned(2)
	require.EqualValues(t, len(data), r.Value)
	got += p.drain()
	require.Equal(t, strings.Repeat("0123456789abcdef", 8192), got)
}

func TestNonblockingWriteTakesWhatFits(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.set(fd, SOL_SOCKET, SO_SNDBUF, 10000)
	b.nonblock(fd)
	n := b.ok(Call{Op: OpSend, FD: fd, Data: make([]byte, 100000)})
	require.Less(t, n, int32(100000))
	b.fails(EAGAIN, sendCall(fd, "x"))
	require.Zero(t, b.call(pollCall(0, PollFD{FD: fd, Events: POLLOUT})).Poll[0].Revents)
	b.parked(2, pollCall(-1, PollFD{FD: fd, Events: POLLOUT}))
	require.Len(t, p.drain(), int(n))
	require.EqualValues(t, POLLOUT, b.returned(2).Poll[0].Revents)
}

func TestResetEndsABlockingWriteWithWhatWasTaken(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.parked(2, Call{Op: OpSend, FD: fd, Data: make([]byte, 10<<20)})
	b.wire = nil
	p.send(tcpstate.RST|tcpstate.ACK, "")
	require.Positive(t, b.returned(2).Value)
	b.fails(ECONNRESET, recvCall(fd, 1, 0))
}

func TestWriteWaitsForTheHandshake(t *testing.T) {
	b := newBench(t)
	fd := b.ok(socketCall(SOCK_NONBLOCK))
	b.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, testPort)))
	b.fails(EAGAIN, sendCall(fd, "early"))
	b.ok(Call{Op: OpIoctl, FD: fd, N: FIONBIO})
	b.parked(2, sendCall(fd, "early"))
	p := b.answer()
	p.send(tcpstate.SYN|tcpstate.ACK, "")
	require.EqualValues(t, 5, b.returned(2).Value)
	require.Equal(t, "early", p.drain())
}

func TestReceiveTimeout(t *testing.T) {
	b := newBench(t)
	fd, _ := b.accepted()
	b.ok(setCall(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(0, 250000)))
	b.parked(2, recvCall(fd, 9, 0))
	b.run(250 * tcpstate.Millisecond)
	require.Equal(t, EAGAIN, b.returned(2).Errno)
}

func TestInterruptedReceiveReturnsWhatItHas(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.parked(2, recvCall(fd, 9, MSG_WAITALL))
	p.send(tcpstate.ACK, "abc")
	b.take(b.h.Interrupt(b.now, 2, nil))
	require.Equal(t, "abc", string(b.returned(2).Data))
	b.parked(2, recvCall(fd, 9, 0))
	b.take(b.h.Interrupt(b.now, 2, nil))
	require.Equal(t, ERESTARTSYS, b.returned(2).Errno)
}

func TestAThreadMakesOneCallAtATime(t *testing.T) {
	b := newBench(t)
	fd, _ := b.accepted()
	b.parked(2, recvCall(fd, 9, 0))
	b.start(2, socketCall())
	require.Equal(t, EBUSY, b.done[0].Errno)
}

// The file outlives its descriptor while a call waits on it.
func TestCloseUnderAWaitingCall(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.parked(2, recvCall(fd, 9, 0))
	b.ok(closeCall(fd))
	b.quiet()
	p.send(tcpstate.ACK, "late")
	require.Equal(t, "late", string(b.returned(2).Data))
	b.run(tcpstate.Second)
	require.True(t, b.wire[len(b.wire)-1].Seg.Flags.Has(tcpstate.FIN), "now it is closed")
}

func TestBlockedAcceptReservesItsDescriptor(t *testing.T) {
	b := newBench(t)
	l := b.listener(1)
	b.parked(2, acceptCall(l))
	require.EqualValues(t, 5, b.ok(socketCall()), "4 is taken")
	b.fails(EBADF, recvCall(4, 1, 0))
	b.newPeer(4000).shake()
	require.EqualValues(t, 4, b.returned(2).Value)
}

func TestPoll(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	all := uint32(POLLIN | POLLOUT | POLLPRI | POLLRDHUP)
	events := func() uint32 { return b.call(pollCall(0, PollFD{FD: fd, Events: all})).Poll[0].Revents }
	require.EqualValues(t, POLLOUT, events())
	p.send(tcpstate.ACK, "x")
	require.EqualValues(t, POLLIN|POLLOUT, events())
	b.ok(recvCall(fd, 1, 0))
	p.send(tcpstate.FIN|tcpstate.ACK, "")
	require.EqualValues(t, POLLIN|POLLOUT|POLLRDHUP, events())
	b.ok(Call{Op: OpShutdown, FD: fd, N: SHUT_WR})
	require.EqualValues(t, POLLIN|POLLOUT|POLLRDHUP|POLLHUP, events())

	r := b.call(pollCall(0, PollFD{FD: 99, Events: all}, PollFD{FD: -1, Events: all}))
	require.EqualValues(t, 1, r.Value)
	require.EqualValues(t, POLLNVAL, r.Poll[0].Revents)
	require.Zero(t, r.Poll[1].Revents)

	r = b.call(pollCall(30, PollFD{FD: b.ok(socketCall())}, PollFD{FD: 3, Events: POLLIN})) // the listener
	require.EqualValues(t, POLLHUP, r.Poll[0].Revents, "a fresh socket is hung up, whether asked or not")
}

func TestPollTimesOut(t *testing.T) {
	b := newBench(t)
	l := b.listener(1)
	b.parked(2, pollCall(30, PollFD{FD: l, Events: POLLIN}))
	b.run(30*tcpstate.Millisecond - 1)
	require.Empty(t, b.done)
	b.run(1)
	r := b.returned(2)
	require.Zero(t, r.Value)
	require.Zero(t, r.Errno)
}

func epollCtl(ep, fd int32, op int64, events uint32) Call {
	return Call{Op: OpEpollCtl, FD: ep, N: op, Arg: int64(fd), Events: events, UData: uint64(fd)}
}

func epollWait(ep int32, timeout int64) Call {
	return Call{Op: OpEpollWait, FD: ep, Len: 8, Timeout: timeout}
}

func TestEpollErrors(t *testing.T) {
	b := newBench(t)
	ep, fd := b.ok(Call{Op: OpEpollCreate}), b.ok(socketCall())
	b.fails(EINVAL, Call{Op: OpEpollCreate, Flags: 1})
	b.fails(EBADF, epollCtl(ep, 99, EPOLL_CTL_ADD, 0))
	b.fails(EBADF, epollCtl(99, fd, EPOLL_CTL_ADD, 0))
	b.fails(EINVAL, epollCtl(fd, ep, EPOLL_CTL_ADD, 0))
	b.fails(EINVAL, epollCtl(ep, ep, EPOLL_CTL_ADD, 0))
	b.fails(ENOENT, epollCtl(ep, fd, EPOLL_CTL_MOD, 0))
	b.fails(ENOENT, epollCtl(ep, fd, EPOLL_CTL_DEL, 0))
	b.fails(EINVAL, epollCtl(ep, fd, 9, 0))
	b.ok(epollCtl(ep, fd, EPOLL_CTL_ADD, POLLIN))
	b.fails(EEXIST, epollCtl(ep, fd, EPOLL_CTL_ADD, POLLIN))
	b.fails(EINVAL, Call{Op: OpEpollWait, FD: ep})
	b.fails(EINVAL, epollWait(fd, 0))
	b.ok(closeCall(fd))
	require.Zero(t, b.ok(epollWait(ep, 0)), "a closed file leaves the list")
}

// Threads and epolls that wait for one socket stand in one list: of those that
// share the latest wakes first, and the one that takes alone comes last.
func TestThreadsAndEpollsWakeInOneOrder(t *testing.T) {
	early := func(b *bench, fd int32, watch func()) { // a receive of a stream shares
		b.parked(2, recvCall(fd, 9, 0))
		watch()
	}
	late := func(b *bench, fd int32, watch func()) {
		watch()
		b.parked(2, recvCall(fd, 9, 0))
	}
	for _, c := range []struct {
		name   string
		stream bool
		wait   func(b *bench, fd int32, watch func())
		told   bool // of what the receive has taken by then
	}{{"stream, early", true, early, true}, {"stream, late", true, late, false}, {"datagrams, early", false, early, true}, {"datagrams, late", false, late, true}} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			ep, fd, arrive := b.ok(Call{Op: OpEpollCreate}), int32(0), func() { b.deliver(datagram(7000, "x")) }
			if c.stream {
				var p *peer
				fd, p = b.accepted()
				arrive = func() { p.send(tcpstate.ACK, "x") }
			} else {
				fd = b.dgram(7000)
				b.ok(Call{Op: OpFcntl, FD: fd, N: F_SETFL})
			}
			c.wait(b, fd, func() { b.ok(epollCtl(ep, fd, EPOLL_CTL_ADD, POLLIN)) })
			b.parked(3, epollWait(ep, -1))
			arrive()
			require.EqualValues(t, 1, b.returned(2).Value)
			if c.told {
				require.EqualValues(t, 1, b.returned(3).Value)
			}
			require.Empty(t, b.done)
		})
	}
}

func TestEpollLevelEdgeOneshot(t *testing.T) {
	for _, c := range []struct {
		name           string
		flags          uint32
		again, newData bool // told again without news, told of news
	}{{"level", 0, true, true}, {"edge", EPOLLET, false, true}, {"oneshot", EPOLLONESHOT, false, false}} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			fd, p := b.accepted()
			ep := b.ok(Call{Op: OpEpollCreate})
			b.ok(epollCtl(ep, fd, EPOLL_CTL_ADD, POLLIN|c.flags))
			b.parked(2, epollWait(ep, -1))
			p.send(tcpstate.ACK, "x")
			r := b.returned(2)
			require.Equal(t, []PollFD{{FD: fd, Events: POLLIN, Revents: POLLIN, Data: uint64(fd)}}, r.Poll)
			require.EqualValues(t, flag(c.again), b.ok(epollWait(ep, 0)))
			p.send(tcpstate.ACK, "y")
			require.EqualValues(t, flag(c.newData), b.ok(epollWait(ep, 0)))
			b.ok(epollCtl(ep, fd, EPOLL_CTL_MOD, POLLIN|c.flags))
			require.EqualValues(t, 1, b.ok(epollWait(ep, 0)), "epoll_ctl looks anew")
		})
	}
}

func TestUrgentData(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	q := p.packet(tcpstate.ACK|tcpstate.PSH|tcpstate.URG, "abU")
	q.Seg.Urg = 3
	p.seq = p.seq.Add(3)
	b.deliver(q)
	p.send(tcpstate.ACK, "cd")
	require.EqualValues(t, POLLPRI, b.call(pollCall(0, PollFD{FD: fd, Events: POLLPRI})).Poll[0].Revents)
	require.Equal(t, "ab", string(b.call(recvCall(fd, 9, 0)).Data), "a read stops at the mark")
	require.Equal(t, cint(1), b.call(Call{Op: OpIoctl, FD: fd, N: SIOCATMARK}).Data)
	r := b.call(recvCall(fd, 1, MSG_OOB))
	require.Equal(t, "U", string(r.Data))
	require.EqualValues(t, MSG_OOB, r.MsgFlags)
	b.fails(EINVAL, recvCall(fd, 1, MSG_OOB))
	require.Equal(t, "cd", string(b.call(recvCall(fd, 9, 0)).Data), "and goes on behind it")
}

func TestDupSharesTheFile(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	d := b.ok(Call{Op: OpDup, FD: fd})
	b.nonblock(d)
	require.EqualValues(t, O_RDWR|O_NONBLOCK, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFL}))
	require.EqualValues(t, 20, b.ok(Call{Op: OpFcntl, FD: fd, N: F_DUPFD, Arg: 20}))
	b.fails(EINVAL, Call{Op: OpFcntl, FD: fd, N: F_DUPFD, Arg: -1})
	b.fails(EINVAL, Call{Op: OpFcntl, FD: fd, N: F_DUPFD, Arg: 1024})
	b.fails(EINVAL, Call{Op: OpFcntl, FD: fd, N: 9999})
	b.ok(closeCall(fd))
	b.ok(closeCall(20))
	b.quiet()
	p.send(tcpstate.ACK, "x")
	require.Equal(t, "x", string(b.call(recvCall(d, 1, 0)).Data))
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	out := make([]Effect, 0, 64)
	data := bytes.Repeat([]byte("x"), 100)
	in := p.packet(tcpstate.ACK|tcpstate.PSH, string(data))
	send, recv := Call{Op: OpSend, FD: fd, Data: data}, recvCall(fd, 4096, 0)
	poll := pollCall(0, PollFD{FD: fd, Events: POLLIN | POLLOUT})
	one := func() {
		b.now = b.now.Add(1000)
		out = b.h.Deliver(b.now, &in, out[:0])
		in.Seg.Seq = in.Seg.Seq.Add(100)
		out = b.h.Call(b.now, 1, poll, out[:0])
		out = b.h.Call(b.now, 1, recv, out[:0])
		out = b.h.Call(b.now, 1, send, out[:0])
		for i := range out {
			if out[i].Kind == Transmit {
				in.Seg.Ack = out[i].Packet.Seg.End()
			}
		}
		out = b.h.Tick(b.now, out[:0])
	}
	for range 200 {
		one()
	}
	require.Zero(t, testing.AllocsPerRun(200, one))
}

// A poll waits on what its descriptors stood for when it began, and looks at what
// they stand for as it wakes (do_poll drops its queueing function after one round).
func TestPollWaitsOnTheFilesItBeganWith(t *testing.T) {
	b := newBench(t)
	var fds [2]int32
	for i := range fds {
		fds[i] = b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
		b.ok(bindCall(fds[i], in4(localV4, uint16(7001+i))))
	}
	b.parked(2, pollCall(-1, PollFD{FD: fds[0], Events: POLLIN}))
	b.ok(Call{Op: OpDup2, FD: fds[1], Arg: int64(fds[0])})
	b.deliver(crowdPacket(9, 7002))
	require.Empty(t, b.woke, "an event of the new file")
	b.deliver(crowdPacket(9, 7001))
	require.Equal(t, POLLIN, int(b.returned(2).Poll[0].Revents), "an event of the old one, and the new one's answer")
}
