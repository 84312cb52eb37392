package sock

import (
	"net/netip"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

func mustAddr(s string) netip.Addr { return netip.MustParseAddr(s) }

// mapped is an IPv4 address as IPv6 programs write it.
func mapped(a netip.Addr) netip.Addr { return netip.AddrFrom16(a.As16()) }

// queued are the lengths of a listener's SYN queue and accept queue.
func (b *bench) queued(fd int32) (requests, accept int) {
	b.Helper()
	_, s, err := b.h.lookup(fd)
	require.Zero(b, err)
	return int(s.syn.len), s.lst.accept.Len()
}

var listenRules = []seedRule{
	{"LI-01", "only an unconnected stream", func(b *bench) {
		fd, _ := b.accepted()
		b.fails(EINVAL, listenCall(fd, 1))
		c, _ := b.connected()
		b.fails(EINVAL, listenCall(c, 1))
	}},
	{"LI-02", "from CLOSE or LISTEN", func(b *bench) {
		fd := b.ok(socketCall(SOCK_NONBLOCK))
		b.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, testPort)))
		b.fails(EINVAL, listenCall(fd, 1))
	}},
	{"LI-03", "again: only the backlog changes", func(b *bench) {
		fd := b.listener(2)
		for i := range 2 {
			b.newPeer(4000 + uint16(i)).shake()
		}
		b.ok(listenCall(fd, 0))
		_, n := b.queued(fd)
		require.Equal(b, 2, n)
		b.newPeer(4010).syn()
		b.quiet()
		require.Equal(b, rule.SynOverflow, b.why())
	}},
	{"LI-04", "begins with empty queues", func(b *bench) {
		r, a := b.queued(b.listener(2))
		require.Zero(b, r+a)
	}},
	{"LI-06", "the port is checked again", func(b *bench) {
		var fds []int32
		for range 2 {
			fd := b.ok(socketCall())
			b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
			b.ok(bindCall(fd, in4(any4, 1024)))
			fds = append(fds, fd)
		}
		b.ok(listenCall(fds[0], 1))
		b.fails(EADDRINUSE, listenCall(fds[1], 1))
		require.Zero(b, b.get(fds[1], SOL_SOCKET, SO_ACCEPTCONN), "back to CLOSE")
		fd := b.ok(socketCall())
		b.ok(listenCall(fd, 1))
		require.NotZero(b, b.call(Call{Op: OpGetsockname, FD: fd}).Addr.AP.Port(), "unbound: an ephemeral port")
	}},
	{"LI-07", "the backlog is clamped, 0 admits one", func(b *bench) {
		require.NoError(b, b.h.SetSysctl("net.core.somaxconn", "3"))
		fd := b.listener(-1)
		_, s, _ := b.h.lookup(fd)
		require.EqualValues(b, 3, s.lst.backlog)
		b.ok(listenCall(fd, 0))
		b.newPeer(4000).shake()
		b.newPeer(4001).syn()
		b.quiet()
		_, n := b.queued(fd)
		require.Equal(b, 1, n)
	}},
	{"LI-08", "found only once it listens", func(b *bench) {
		fd := b.ok(socketCall())
		b.ok(bindCall(fd, in4(any4, testPort)))
		b.newPeer(4000).syn()
		require.Equal(b, "R.", b.sent().Seg.Flags.String())
		b.ok(listenCall(fd, 1))
		b.newPeer(4000).syn()
		require.Equal(b, "S.", b.sent().Seg.Flags.String())
	}},
}

var queueRules = []seedRule{
	{"HQ-01", "a SYN makes a request and draws a SYN-ACK", func(b *bench) {
		fd := b.listener(1)
		b.newPeer(4000).syn()
		require.Equal(b, "S.", b.sent().Seg.Flags.String())
		r, a := b.queued(fd)
		require.Equal(b, []int{1, 0}, []int{r, a})
	}},
	{"HQ-02", "the ACK moves it to the tail of the accept queue", func(b *bench) {
		fd := b.listener(5)
		for i := range 3 {
			b.newPeer(4000 + uint16(i)).shake()
		}
		r, a := b.queued(fd)
		require.Equal(b, []int{0, 3}, []int{r, a})
		require.EqualValues(b, 4000, b.call(acceptCall(fd)).Addr.AP.Port())
	}},
	{"HQ-03", "full when the length exceeds the backlog", func(b *bench) {
		fd := b.listener(2)
		for i := range 3 {
			b.newPeer(4000 + uint16(i)).shake()
		}
		_, a := b.queued(fd)
		require.Equal(b, 3, a)
	}},
	{"HQ-04", "a SYN to a full accept queue is dropped", func(b *bench) {
		b.listener(0)
		b.newPeer(4000).shake()
		b.newPeer(4001).syn()
		b.quiet()
		require.Equal(b, rule.SynOverflow, b.why())
		require.EqualValues(b, 1, b.h.count[MibListenOverflows])
		require.EqualValues(b, 1, b.h.count[MibListenDrops])
	}},
	{"HQ-05", "an ACK to a full accept queue is ignored", func(b *bench) {
		fd := b.listener(0)
		p := b.newPeer(4001)
		p.syn()
		p.see()
		b.newPeer(4000).shake()
		p.send(tcpstate.ACK, "")
		b.quiet()
		require.Equal(b, rule.ListenOverflow, b.why())
		r, a := b.queued(fd)
		require.Equal(b, []int{1, 1}, []int{r, a})
		b.run(tcpstate.Second)
		require.Equal(b, "S.", p.see().Seg.Flags.String(), "SYN-ACKs go on")
		b.ok(acceptCall(fd))
		p.send(tcpstate.ACK, "")
		require.EqualValues(b, 4001, b.call(acceptCall(fd)).Addr.AP.Port())
	}},
	{"HQ-05", "or reset with abort-on-overflow", func(b *bench) {
		require.NoError(b, b.h.SetSysctl("net.ipv4.tcp_abort_on_overflow", "1"))
		fd := b.listener(0)
		p := b.newPeer(4001)
		p.syn()
		p.see()
		b.newPeer(4000).shake()
		p.send(tcpstate.ACK, "")
		require.Equal(b, "R", b.sent().Seg.Flags.String())
		r, _ := b.queued(fd)
		require.Zero(b, r)
	}},
	{"HQ-06", "SYN-ACKs double, then the request is forgotten", func(b *bench) {
		fd := b.listener(1)
		b.newPeer(4000).syn()
		b.wire = nil
		var at []int
		for s := 1; s <= 64; s++ {
			b.run(tcpstate.Second)
			if len(b.wire) > 0 {
				at = append(at, s)
			}
			b.wire = nil
		}
		require.Equal(b, []int{1, 3, 7, 15, 31}, at)
		r, _ := b.queued(fd)
		require.Zero(b, r)
	}},
	{"HQ-08", "closing resets what is queued and forgets what is pending", func(b *bench) {
		fd := b.listener(5)
		p, q := b.newPeer(4000), b.newPeer(4001)
		p.shake()
		q.syn()
		q.see()
		b.ok(closeCall(fd))
		rst := b.sent()
		require.Equal(b, "R.", rst.Seg.Flags.String())
		require.EqualValues(b, 4000, rst.DstPort)
		q.send(tcpstate.ACK, "")
		require.Equal(b, "R", b.sent().Seg.Flags.String())
		b.run(100 * tcpstate.Second)
		b.quiet()
	}},
}

var acceptRules = []seedRule{
	{"AC-01", "flags", func(b *bench) {
		fd := b.listener(1)
		b.fails(EINVAL, Call{Op: OpAccept, FD: fd, Flags: 1})
		b.newPeer(4000).shake()
		c := b.ok(Call{Op: OpAccept, FD: fd, Flags: SOCK_NONBLOCK | SOCK_CLOEXEC})
		require.EqualValues(b, O_RDWR|O_NONBLOCK, b.ok(Call{Op: OpFcntl, FD: c, N: F_GETFL}))
		require.EqualValues(b, FD_CLOEXEC, b.ok(Call{Op: OpFcntl, FD: c, N: F_GETFD}))
	}},
	{"AC-02", "not listening", func(b *bench) { b.fails(EINVAL, acceptCall(b.ok(socketCall()))) }},
	{"AC-03", "empty and non-blocking", func(b *bench) {
		fd := b.listener(1)
		b.nonblock(fd)
		b.fails(EAGAIN, acceptCall(fd))
	}},
	{"AC-04", "first in, first out", func(b *bench) {
		fd := b.listener(5)
		for i := range 3 {
			b.newPeer(4000 + uint16(i)).shake()
		}
		for i := range 3 {
			require.EqualValues(b, 4000+i, b.call(acceptCall(fd)).Addr.AP.Port())
			_, n := b.queued(fd)
			require.Equal(b, 2-i, n)
		}
	}},
	{"AC-05", "the receive time-out ends the wait", func(b *bench) {
		fd := b.listener(1)
		b.ok(setCall(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(2, 0)))
		b.parked(1, acceptCall(fd))
		b.run(2*tcpstate.Second - 1)
		require.Empty(b, b.done)
		b.run(1)
		require.Equal(b, EAGAIN, b.returned(1).Errno)
	}},
	{"AC-06", "one arrival wakes the one that waited longest", func(b *bench) {
		fd := b.listener(5)
		for th := Thread(1); th <= 3; th++ {
			b.parked(th, acceptCall(fd))
		}
		b.parked(9, pollCall(-1, PollFD{FD: fd, Events: POLLIN}))
		for th := Thread(1); th <= 3; th++ {
			b.newPeer(4000 + uint16(th)).shake()
			require.EqualValues(b, 4000+int(th), b.returned(th).Addr.AP.Port())
			if th == 1 {
				require.Equal(b, []Thread{9, 1}, b.woke, "who polls is told too, and first")
			} else {
				require.Equal(b, []Thread{th}, b.woke)
			}
			if th == 1 {
				require.EqualValues(b, POLLIN, b.returned(9).Poll[0].Revents)
			}
			require.Empty(b, b.done)
		}
	}},
	{"AC-07", "the listener stops under a waiter", func(b *bench) {
		fd := b.listener(1)
		b.parked(2, acceptCall(fd))
		b.start(1, Call{Op: OpShutdown, FD: fd, N: SHUT_RD})
		require.Zero(b, b.returned(1).Errno)
		require.Equal(b, EINVAL, b.returned(2).Errno)
	}},
	{"AC-08", "a signal: restart without a time-out, EINTR with one", func(b *bench) {
		fd := b.listener(1)
		b.parked(1, acceptCall(fd))
		b.take(b.h.Interrupt(b.now, 1, nil))
		require.Equal(b, ERESTARTSYS, b.returned(1).Errno)
		b.ok(setCall(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(2, 0)))
		b.parked(1, acceptCall(fd))
		b.take(b.h.Interrupt(b.now, 1, nil))
		require.Equal(b, EINTR, b.returned(1).Errno)
	}},
	{"AC-09", "queue before state before signal before time", func(b *bench) {
		fd := b.listener(1)
		b.ok(setCall(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(2, 0)))
		b.parked(1, acceptCall(fd))
		t := b.h.thread(1)
		_, s, _ := b.h.lookup(fd)
		t.signal, t.until = true, 0
		b.h.now = b.now
		require.Equal(b, EINTR, inetAcceptAgain(b.h, s, t).err, "signal before time")
		lst := s.lst
		s.lst = nil
		require.Equal(b, EINVAL, inetAcceptAgain(b.h, s, t).err, "state before signal")
		s.lst = lst
		t.signal = false
		t.until = forever
		b.newPeer(4000).shake()
		require.Zero(b, b.returned(1).Errno, "the queue first")
	}},
	{"AC-10", "a connection closed by the peer while queued comes out", func(b *bench) {
		fd := b.listener(1)
		p := b.newPeer(4000)
		p.shake()
		p.send(tcpstate.FIN|tcpstate.ACK, "")
		b.run(tcpstate.Second)
		c := b.ok(acceptCall(fd))
		require.EqualValues(b, 0, b.ok(recvCall(c, 1, 0)))
		b.fails(EISCONN, connectCall(c, in4(remoteV4, 1)))
	}},
	{"AC-10", "a connection made by a SYN with data comes out in SYN-RECEIVED (fast open)", func(b *bench) {
		fd := b.fastListener(1)
		p, o := b.fastPeer(4000)
		p.fastSyn(o, "data")
		c := b.ok(acceptCall(fd))
		require.Equal(b, tcpstate.SynReceived, b.h.socks[b.h.files[b.h.fileAt(c)].sock].state())
		require.Equal(b, "data", string(b.call(recvCall(c, 10, 0)).Data))
		b.fails(EISCONN, connectCall(c, in4(remoteV4, 1)))
	}},
	{"AC-11", "a connection reset while queued comes out, and reads tell", func(b *bench) {
		fd := b.listener(1)
		p := b.newPeer(4000)
		p.shake()
		p.send(tcpstate.RST|tcpstate.ACK, "")
		r := b.call(acceptCall(fd))
		require.Equal(b, "192.0.2.1:4000", r.Addr.AP.String())
		b.fails(ECONNRESET, recvCall(int32(r.Value), 1, 0))
		require.EqualValues(b, 0, b.ok(recvCall(int32(r.Value), 1, 0)), "told once")
	}},
	{"AC-12", "options are inherited, O_NONBLOCK is not", func(b *bench) {
		fd := b.listener(1)
		b.nonblock(fd)
		b.set(fd, SOL_TCP, TCP_NODELAY, 1)
		b.set(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
		b.set(fd, SOL_SOCKET, SO_RCVBUF, 30000)
		b.newPeer(4000).shake()
		c := b.ok(acceptCall(fd))
		require.EqualValues(b, O_RDWR, b.ok(Call{Op: OpFcntl, FD: c, N: F_GETFL}))
		require.EqualValues(b, 1, b.get(c, SOL_TCP, TCP_NODELAY))
		require.EqualValues(b, 1, b.get(c, SOL_SOCKET, SO_KEEPALIVE))
		require.EqualValues(b, 60000, b.get(c, SOL_SOCKET, SO_RCVBUF))
	}},
	{"AC-13", "accepted connections outlive the listener", func(b *bench) {
		fd, p := b.accepted()
		b.ok(closeCall(3))
		p.send(tcpstate.ACK|tcpstate.PSH, "still here")
		require.Equal(b, "still here", string(b.call(recvCall(fd, 20, 0)).Data))
	}},
}

// timeval is a struct timeval in memory.
func timeval(sec, usec uint64) []byte {
	t := &thread{}
	t.put64(sec)
	t.put64(usec)
	return t.in
}
