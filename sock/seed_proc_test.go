package sock

import (
	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// guarded gives the bench's host hooks that refuse what they are told to.
func (b *bench) guarded() *guard {
	g := &guard{}
	g.reset()
	var c HostConfig
	g.hooks(&c)
	b.h.hooks = c.Hooks
	return g
}

// withProtocol lets streams have a changed table of TCP's while f runs.
func withProtocol(change func(p *protoOps), f func()) {
	p := tcpProt
	change(&p)
	inetsw[0].prot = &p
	defer func() { inetsw[0].prot = &tcpProt }()
	f()
}

// hookRules are rules about hooks, limits and memory, which no script can set.
var hookRules = []seedRule{
	{"CR-06", "the security hook comes before anything is allocated, and can refuse", func(b *bench) {
		g := b.guarded()
		b.call(socketCall())
		require.Equal(b, [4]any{SocketCreate, int32(AF_INET), int32(SOCK_STREAM), false}, [4]any{g.asked[0].Hook, g.asked[0].Family, g.asked[0].Type, g.asked[0].Kern})
		g.reset()
		g.refuse[SocketCreate], g.scarce[AllocSocket], g.scarce[AllocSock] = EACCES, true, true
		b.unchanged(EACCES, socketCall())
		b.unchanged(EACCES, Call{Op: OpSocket, Domain: 1, Type: SOCK_STREAM}) // a family that nobody registered
		require.Len(b, g.asked, 2, "and nothing else was asked")
	}},
	{"CR-07", "the kernel's own socket says so, and skips the cgroup", func(b *bench) {
		g := b.guarded()
		g.refuse[CgroupSockCreate] = EPERM
		b.take(b.h.CreateKernelSocket(b.now, AF_INET, SOCK_STREAM, 0, nil))
		require.Zero(b, b.returned(0).Errno)
		require.True(b, g.asked[0].Kern)
		b.unchanged(EPERM, socketCall())
		require.False(b, g.last().Kern)
	}},
	{"CR-08", "the cgroup hook comes last, on a sock that is ready, and its refusal leaks nothing", func(b *bench) {
		g := b.guarded()
		g.refuse[CgroupSockCreate] = EPERM
		b.unchanged(EPERM, socketCall())
		require.Equal(b, []Hook{SocketCreate, CgroupSockCreate}, hooksOf(g))
		require.EqualValues(b, IPPROTO_TCP, g.last().Proto, "the default is filled in by then")
		require.Zero(b, b.h.tcpCount)
		require.Zero(b, b.h.SocketsInUse())
		b.unchanged(EPROTONOSUPPORT, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM, Proto: IPPROTO_UDP})
	}},
	{"CR-09", "no descriptor, no file, no memory: each leaves nothing behind", func(b *bench) {
		g := b.guarded()
		b.ok(Call{Op: OpCapset, Arg: int64(allCaps)})
		require.NoError(b, b.h.SetSysctl("fs.file-max", "0"))
		b.unchanged(ENFILE, socketCall())
		require.NoError(b, b.h.SetSysctl("fs.file-max", "1"))
		b.ok(rlimit(3, 3))
		b.unchanged(EMFILE, socketCall())
		b.ok(rlimit(3, 3))
		g.scarce[AllocSock] = true
		b.unchanged(ENOMEM, socketCall()) // 2.4: ENOBUFS
		b.unchanged(ENOBUFS, Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM})
		require.Zero(b, b.h.SocketsInUse())
	}},
	{"CR-09", "2.4: no memory for the sock is ENOBUFS", func(b *bench) {
		b.h = bench24(b.T).h
		b.call(socketCall())
		b.guarded().scarce[AllocSock] = true
		b.unchanged(ENOBUFS, socketCall())
	}},
	{"CR-14", "RAW wants CAP_NET_RAW, which goes with root", func(b *bench) {
		raw := Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_RAW, Proto: 253}
		b.ok(raw)
		b.fork(9)
		b.onOK(9, Call{Op: OpSetresuid, IDs: [3]int32{1000, 1000, 1000}})
		b.onFails(9, EPERM, raw)
		b.ok(raw)
	}},
	{"CR-24", "a protocol may have no init", func(b *bench) {
		withProtocol(func(p *protoOps) { p.init, p.destroy = nil, nil }, func() {
			b.start(1, socketCall())
			require.Zero(b, b.done[0].Errno)
			require.Zero(b, b.h.tcpCount)
		})
	}},
	{"CR-24", "an init that fails releases the sock and returns its error", func(b *bench) {
		b.ok(socketCall())
		withProtocol(func(p *protoOps) {
			p.init = func(h *Host, s *sock) Errno { return max(tcpInit(h, s), ENODEV) }
		}, func() { b.unchanged(ENODEV, socketCall()) })
		require.EqualValues(b, 1, b.h.tcpCount, "destroy has undone it")
	}},
	{"AD-04", "every call asks first, and a refusal leaves nothing behind", func(b *bench) {
		for _, c := range hookedCalls {
			b := newBench(b.T)
			fd, _ := b.accepted()
			g := b.guarded()
			g.refuse[c.hook] = EIO
			b.unchanged(EIO, c.call(fd, 3))
			require.Contains(b, hooksOf(g), c.hook)
		}
	}},
	{"AC-01", "accept takes two flags", func(b *bench) {
		l := b.listener(5)
		for _, f := range []int32{1, 0x1000, -1} {
			c := acceptCall(l)
			c.Flags = f
			b.unchanged(EINVAL, c)
		}
		b.newPeer(4000).shake()
		c := acceptCall(l)
		c.Flags = SOCK_NONBLOCK | SOCK_CLOEXEC
		fd := b.ok(c)
		require.EqualValues(b, O_RDWR|O_NONBLOCK, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFL}))
		require.EqualValues(b, FD_CLOEXEC, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFD}))
	}},
	{"AC-08", "the same of a receive: EINTR with a time-out, else made again", func(b *bench) {
		fd, p := b.accepted()
		b.parked(2, recvCall(fd, 9, 0))
		b.take(b.h.Interrupt(b.now, 2, nil))
		require.Equal(b, ERESTARTSYS, b.returned(2).Errno)
		b.parked(2, recvCall(fd, 9, 0))
		p.send(tcpstate.ACK, "again")
		require.Equal(b, "again", string(b.returned(2).Data))
	}},
}
