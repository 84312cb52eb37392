package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// guard is a pair of hooks that refuse what they are told to, and remember what
// they were asked.
type guard struct {
	refuse map[Hook]Errno
	scarce map[AllocKind]bool
	asked  []HookCall
}

func (g *guard) hooks(c *HostConfig) {
	answer := func(call HookCall) Errno {
		g.asked = append(g.asked, call)
		return g.refuse[call.Hook]
	}
	c.Hooks = Hooks{Security: answer, Cgroup: answer, Alloc: func(k AllocKind) bool { return !g.scarce[k] }}
}

// last is the hook that was asked last.
func (g *guard) last() HookCall { return g.asked[len(g.asked)-1] }

func (g *guard) reset() {
	g.refuse, g.scarce, g.asked = map[Hook]Errno{}, map[AllocKind]bool{}, nil
}

func guardedBench(t *testing.T) (*bench, *guard) {
	g := &guard{}
	g.reset()
	return newBench(t, g.hooks), g
}

// unchanged makes a call that must fail and leave nothing behind.
func (b *bench) unchanged(e Errno, c Call) {
	b.Helper()
	b.wire = nil
	before := b.h.Fingerprint()
	b.fails(e, c)
	require.Equal(b, before, b.h.Fingerprint(), "%v left something behind", c.Op)
	b.quiet()
}

// hookedCall is a call that a hook can refuse: what is wrong before the hook is
// asked shows, what is wrong behind it does not.
type hookedCall struct {
	hook   Hook
	call   func(fd, l int32) Call // on a connection, or on a listener with one in its queue
	before map[Errno]func(fd, l int32, c *Call)
	behind func(c *Call)
}

func badFD(_, _ int32, c *Call) { c.FD = 99 }

var hookedCalls = []hookedCall{
	{SocketCreate, func(_, _ int32) Call { return socketCall() },
		map[Errno]func(fd, l int32, c *Call){
			EINVAL:       func(_, _ int32, c *Call) { c.Type |= 0x1000 },
			EAFNOSUPPORT: func(_, _ int32, c *Call) { c.Domain = 99 },
		}, func(c *Call) { c.Domain, c.Proto = 1, 77 }},
	{SocketPostCreate, func(_, _ int32) Call { return socketCall() },
		map[Errno]func(fd, l int32, c *Call){EPROTONOSUPPORT: func(_, _ int32, c *Call) { c.Proto = 77 }}, nil},
	{CgroupSockCreate, func(_, _ int32) Call { return socketCall() },
		map[Errno]func(fd, l int32, c *Call){EPROTONOSUPPORT: func(_, _ int32, c *Call) { c.Proto = 77 }}, nil},
	{SocketBind, func(fd, _ int32) Call { return bindCall(fd, in4(any4, 80)) },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD, EINVAL: func(_, _ int32, c *Call) { c.AddrLen = 129 }},
		func(c *Call) { c.AddrLen = 3 }},
	{SocketListen, func(fd, _ int32) Call { return listenCall(fd, 5) }, map[Errno]func(fd, l int32, c *Call){EBADF: badFD}, nil},
	{SocketAccept, func(_, l int32) Call { return acceptCall(l) },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD, EINVAL: func(_, _ int32, c *Call) { c.Flags = 1 }},
		func(c *Call) { c.FD++ }},
	{SocketConnect, func(fd, _ int32) Call { return connectCall(fd, in4(remoteV4, 9)) },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD, EINVAL: func(_, _ int32, c *Call) { c.AddrLen = -1 }},
		func(c *Call) { c.AddrLen = 1 }},
	{SocketSendmsg, func(fd, _ int32) Call { return sendCall(fd, "x") },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD, EINVAL: func(_, _ int32, c *Call) { c.AddrLen = 129 }},
		func(c *Call) { c.Fault = FaultData }},
	{SocketSendmsg, func(fd, _ int32) Call { return Call{Op: OpWrite, FD: fd, Data: []byte("x")} }, map[Errno]func(fd, l int32, c *Call){EBADF: badFD}, nil},
	{SocketRecvmsg, func(fd, _ int32) Call { return recvCall(fd, 9, 0) }, map[Errno]func(fd, l int32, c *Call){EBADF: badFD},
		func(c *Call) { c.Fault = FaultData }},
	{SocketRecvmsg, func(fd, _ int32) Call { return Call{Op: OpRead, FD: fd, Len: 9} }, map[Errno]func(fd, l int32, c *Call){EBADF: badFD}, nil},
	{SocketGetsockname, func(fd, _ int32) Call { return Call{Op: OpGetsockname, FD: fd} }, map[Errno]func(fd, l int32, c *Call){EBADF: badFD},
		func(c *Call) { c.Fault = FaultAddr }},
	{SocketGetpeername, func(fd, _ int32) Call { return Call{Op: OpGetpeername, FD: fd} }, map[Errno]func(fd, l int32, c *Call){EBADF: badFD},
		func(c *Call) { c.Fault = FaultAddr }},
	{SocketSetsockopt, func(fd, _ int32) Call { return setCall(fd, SOL_TCP, TCP_NODELAY, cint(1)) },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD, EINVAL: func(_, _ int32, c *Call) { c.Len = -1 }}, func(c *Call) { c.Level = 99 }},
	{CgroupSetsockopt, func(fd, _ int32) Call { return setCall(fd, SOL_TCP, TCP_NODELAY, cint(1)) }, nil, func(c *Call) { c.Level = 99 }},
	{SocketGetsockopt, func(fd, _ int32) Call {
		return Call{Op: OpGetsockopt, FD: fd, Level: SOL_TCP, Name: TCP_NODELAY, Len: 4}
	}, map[Errno]func(fd, l int32, c *Call){EBADF: badFD}, func(c *Call) { c.Len = -1 }},
	{CgroupGetsockopt, func(fd, _ int32) Call {
		return Call{Op: OpGetsockopt, FD: fd, Level: SOL_TCP, Name: TCP_NODELAY, Len: 4}
	}, nil, func(c *Call) { c.Len = -1 }},
	{SocketShutdown, func(fd, _ int32) Call { return Call{Op: OpShutdown, FD: fd, N: SHUT_WR} },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD}, func(c *Call) { c.N = 9 }},
	{FileIoctl, func(fd, _ int32) Call { return Call{Op: OpIoctl, FD: fd, N: FIONBIO, Arg: 1} },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD}, func(c *Call) { c.N = 99 }},
	{FileFcntl, func(fd, _ int32) Call { return Call{Op: OpFcntl, FD: fd, N: F_SETFL, Arg: O_NONBLOCK} },
		map[Errno]func(fd, l int32, c *Call){EBADF: badFD}, func(c *Call) { c.N = 99 }},
}

func TestHooksRefuseWhereLinuxAsksAndNothingHappens(t *testing.T) {
	const no = EIO // an error that no call has of its own
	for _, c := range hookedCalls {
		b, g := guardedBench(t)
		fd, _ := b.accepted()
		b.newPeer(4001).shake()
		for e, spoil := range c.before {
			g.reset()
			g.refuse[c.hook] = no
			call := c.call(fd, 3)
			spoil(fd, 3, &call)
			b.unchanged(e, call)
		}
		g.refuse[c.hook] = no
		b.unchanged(no, c.call(fd, 3))
		require.Contains(t, hooksOf(g), c.hook)
		require.EqualValues(t, 1, g.last().Thread)
		if c.behind != nil {
			call := c.call(fd, 3)
			c.behind(&call)
			b.unchanged(no, call)
		}
	}
}

// CR-08: a socket of any kind whose creation is refused leaves nothing behind: not in the tables that datagrams are looked up in
// either, where RAW sockets are from the start (CR-17).
func TestARefusedSocketIsInNoTable(t *testing.T) {
	for _, domain := range []int32{AF_INET, AF_INET6} {
		for _, c := range []Call{
			{Type: SOCK_STREAM}, {Type: SOCK_DGRAM}, {Type: SOCK_RAW, Proto: 17}, {Type: SOCK_DGRAM, Proto: map[int32]int32{AF_INET: 1, AF_INET6: 58}[domain]},
		} {
			c.Op, c.Domain = OpSocket, domain
			for _, hook := range []Hook{SocketCreate, SocketPostCreate, CgroupSockCreate} {
				b, g := guardedBench(t)
				require.NoError(t, b.h.SetSysctl("net.ipv4.ping_group_range", "0 0"))
				b.ok(c) // as many are in the tables, and in their place
				g.refuse[hook] = EIO
				b.unchanged(EIO, c)
				require.NoError(t, b.h.Check())
				g.reset()
				b.ok(Call{Op: OpSocket, Domain: domain, Type: SOCK_DGRAM}) // the number that became free
				require.NoError(t, b.h.Check())
				b.deliver(Packet{Src: remoteV4, Dst: localV4, Proto: ProtoUDP, SrcPort: 1, DstPort: 2, TTL: 64})
			}
		}
	}
}

// A file that is no socket has only the hooks of files.
func TestHooksOfFilesThatAreNoSockets(t *testing.T) {
	b, g := guardedBench(t)
	ep := b.ok(Call{Op: OpEpollCreate})
	g.refuse[FileFcntl], g.refuse[SocketListen] = EACCES, EACCES
	b.unchanged(EACCES, Call{Op: OpFcntl, FD: ep, N: F_GETFL})
	require.EqualValues(t, -1, g.last().Sock)
	b.unchanged(ENOTSOCK, listenCall(ep, 1))
}

func TestSecurityHookSeesWhatIsAsked(t *testing.T) {
	b, g := guardedBench(t)
	b.fork(9)
	b.onOK(9, Call{Op: OpSetresuid, IDs: [3]int32{1000, 1000, 1000}})
	fd := b.onOK(9, Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM | SOCK_NONBLOCK, Proto: IPPROTO_TCP})
	create := g.asked[0]
	require.Equal(t, HookCall{Hook: SocketCreate, Thread: 9, UID: 1000, Sock: -1, Family: AF_INET6, Type: SOCK_STREAM, Proto: IPPROTO_TCP, Call: create.Call}, create)
	require.Equal(t, []Hook{SocketCreate, CgroupSockCreate, SocketPostCreate}, []Hook{g.asked[0].Hook, g.asked[1].Hook, g.asked[2].Hook})
	b.onOK(9, listenCall(fd, 1<<20))
	require.EqualValues(t, 4096, g.last().Call.N, "the backlog as bounded")
	require.EqualValues(t, AF_INET6, g.last().Family)
	b.onOK(9, closeCall(fd))
	require.Equal(t, CgroupSockRelease, g.last().Hook)
}

func TestSecurityHookFiltersPackets(t *testing.T) {
	b, g := guardedBench(t)
	l := b.listener(5)
	p := b.newPeer(4000)
	refused := func(h Hook, why rule.ID) {
		t.Helper()
		before := b.h.Fingerprint()
		g.refuse[h] = EACCES
		p.send(p.flags(), "")
		require.Equal(t, why, b.why())
		require.Equal(t, before, b.h.Fingerprint())
		require.Equal(t, p.local.Port(), g.last().Packet.DstPort)
		b.quiet()
		g.reset()
		p.seq = 1<<32 - 5
		if p.ack != 0 {
			p.seq++
		}
	}
	refused(SockRcvSkb, rule.SecurityHook)
	drops := b.h.count[MibListenDrops]
	refused(InetConnRequest, rule.SecurityRefuses)
	require.Equal(t, drops+1, b.h.count[MibListenDrops])
	p.syn()
	p.see()
	refused(SockRcvSkb, rule.SecurityHook)
	p.send(tcpstate.ACK, "")
	require.Contains(t, hooksOf(g), InetCskClone)
	fd := b.ok(acceptCall(l))
	g.refuse[SockRcvSkb] = EACCES
	p.send(tcpstate.RST, "")
	require.Equal(t, rule.SecurityHook, b.why())
	g.reset()
	b.fails(EAGAIN, recvCall(fd, 1, MSG_DONTWAIT))
}

// flags of the next segment of a handshake.
func (p *peer) flags() tcpstate.Flags {
	if p.ack == 0 {
		return tcpstate.SYN
	}
	return tcpstate.ACK
}

func hooksOf(g *guard) (all []Hook) {
	for _, c := range g.asked {
		all = append(all, c.Hook)
	}
	return all
}

func TestHooksThatOnlyListen(t *testing.T) {
	b, g := guardedBench(t)
	for _, k := range []Hook{InetCskClone, InetConnEstablished, CgroupSockRelease, CgroupGetname} {
		g.refuse[k] = EACCES
	}
	fd, _ := b.connected()
	require.Contains(t, hooksOf(g), InetConnEstablished)
	b.ok(Call{Op: OpGetpeername, FD: fd})
	b.accepted()
	b.ok(closeCall(fd))
}

func TestCgroupRefusesBindAndConnect(t *testing.T) {
	for _, k := range []Hook{CgroupBind, CgroupPostBind} {
		for _, family := range []int32{AF_INET, AF_INET6} {
			b, g := guardedBench(t)
			a := in4(any4, 1)
			if family == AF_INET6 {
				a = in6(localV6, 1)
			}
			fd := b.ok(Call{Op: OpSocket, Domain: family, Type: SOCK_STREAM})
			g.refuse[k] = EPERM
			b.unchanged(EPERM, bindCall(fd, a))
			short := bindCall(fd, a)
			short.AddrLen = 15
			b.unchanged(EINVAL, short)
			g.reset()
			b.ok(bindCall(fd, a))
		}
	}
	b, g := guardedBench(t)
	fd := b.ok(socketCall())
	g.refuse[CgroupConnect] = EPERM
	b.unchanged(EPERM, connectCall(fd, in4(remoteV4, 1)))
	short := connectCall(fd, in4(remoteV4, 1))
	short.AddrLen = 15
	b.unchanged(EINVAL, short)
	b.ok(listenCall(fd, 1))
	b.fails(EISCONN, connectCall(fd, in4(remoteV4, 1))) // before the hook
}

func TestNoMemoryLeavesNothingBehind(t *testing.T) {
	b, g := guardedBench(t)
	l := b.listener(1)
	p := b.newPeer(4000)
	p.shake()
	ep, fd := b.ok(Call{Op: OpEpollCreate}), b.ok(socketCall())
	for _, c := range []struct {
		kind AllocKind
		err  Errno
		call Call
	}{
		{AllocSocket, ENFILE, socketCall()},
		{AllocSock, ENOMEM, socketCall()},
		{AllocSock, ENOBUFS, Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM}},
		{AllocFile, ENOMEM, socketCall()},
		{AllocSocket, ENFILE, acceptCall(l)},
		{AllocFile, ENOMEM, acceptCall(l)},
		{AllocEpoll, ENOMEM, Call{Op: OpEpollCreate}},
		{AllocFile, ENOMEM, Call{Op: OpEpollCreate}},
		{AllocEpoll, ENOMEM, epollCtl(ep, fd, EPOLL_CTL_ADD, POLLIN)},
	} {
		g.scarce[c.kind] = true
		b.unchanged(c.err, c.call)
		g.reset()
	}
	q := b.newPeer(4001)
	before := b.h.Fingerprint()
	g.scarce[AllocRequest] = true
	q.syn()
	require.Equal(t, rule.NoMemory, b.why())
	require.Equal(t, before, b.h.Fingerprint())
	g.reset()
	q.seq = 1<<32 - 5
	q.syn()
	q.see()
	g.scarce[AllocChild] = true
	q.send(tcpstate.ACK, "")
	_, n := b.queued(l)
	require.EqualValues(t, 1, n, "the request stays, its ACK is ignored")
	g.reset()
	q.send(tcpstate.ACK, "")
	_, n = b.queued(l)
	require.EqualValues(t, 2, n)
	require.Zero(t, b.h.count[MibListenOverflows])
}

func TestKernelSocket(t *testing.T) {
	b, g := guardedBench(t)
	g.refuse[CgroupSockCreate] = EPERM
	make := func(family int32) Return {
		b.take(b.h.CreateKernelSocket(b.now, family, SOCK_STREAM, 0, nil))
		return b.returned(0)
	}
	r := make(AF_INET)
	require.Zero(t, r.Errno, "its cgroup is not asked")
	require.Equal(t, []Hook{SocketCreate, SocketPostCreate}, hooksOf(g))
	require.True(t, g.asked[0].Kern && g.asked[1].Kern)
	require.EqualValues(t, 1, b.h.tcpCount)
	require.EqualValues(t, 3, b.ok(Call{Op: OpEpollCreate}), "it has no descriptor")
	require.Equal(t, EAFNOSUPPORT, make(99).Errno)
	release := func(id int64) Errno {
		b.take(b.h.ReleaseKernelSocket(b.now, int32(id), nil))
		return b.returned(0).Errno
	}
	require.Zero(t, release(r.Value))
	require.Equal(t, EBADF, release(r.Value))
	require.Equal(t, EBADF, release(99))
	require.Zero(t, b.h.tcpCount)
	require.NotContains(t, hooksOf(g), CgroupSockRelease)
}

// A datagram socket has the hooks of its packets and of its addresses.
func TestHooksOfDatagrams(t *testing.T) {
	b, g := guardedBench(t)
	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	b.ok(bindCall(fd, in4(any4, 9000)))
	to := Call{Op: OpSend, FD: fd, Data: []byte("x"), Addr: in4(remoteV4, 9), AddrLen: 16}
	g.refuse[CgroupSendmsg], g.refuse[CgroupConnect] = EPERM, EPERM
	b.unchanged(EPERM, to)
	b.unchanged(EPERM, connectCall(fd, in4(remoteV4, 9)))
	g.reset()
	b.ok(connectCall(fd, in4(remoteV4, 9)))
	g.refuse[CgroupSendmsg] = EPERM
	b.ok(sendCall(fd, "to the peer")) // no address of its own: not asked
	b.wire = nil

	in := Packet{Src: remoteV4, Dst: localV4, SrcPort: 9, DstPort: 9000, Proto: ProtoUDP, TTL: 64, Payload: []byte("y")}
	g.refuse[SockRcvSkb] = EACCES
	b.deliver(in)
	require.Equal(t, rule.SecurityHook, b.why())
	b.fails(EAGAIN, recvCall(fd, 9, MSG_DONTWAIT))
	g.reset()
	b.deliver(in)
	require.Equal(t, "y", string(b.call(recvCall(fd, 9, 0)).Data))
	require.Equal(t, CgroupRecvmsg, g.last().Hook)
}

// A RAW socket's packets are filtered too; its creation by the kernel needs no
// capability.
func TestHooksOfRaw(t *testing.T) {
	b, g := guardedBench(t)
	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_RAW, Proto: 253})
	in := Packet{Src: remoteV4, Dst: localV4, Proto: 253, TTL: 64, Payload: []byte("z")}
	g.refuse[SockRcvSkb] = EACCES
	b.deliver(in)
	require.Contains(t, b.whys, rule.SecurityHook)
	b.fails(EAGAIN, recvCall(fd, 9, MSG_DONTWAIT))
	b.ok(Call{Op: OpCapset})
	b.fails(EPERM, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_RAW, Proto: 253})
	b.take(b.h.CreateKernelSocket(b.now, AF_INET, SOCK_RAW, 253, nil))
	require.Zero(t, b.returned(0).Errno)
}
