//go:build linux

package seed

import (
	"encoding/binary"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/sock"
)

var (
	stream  = sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}
	stream6 = sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET6, Type: sock.SOCK_STREAM}
	foreign = sock.Call{Op: sock.OpSocket, Domain: 1, Type: sock.SOCK_STREAM} // a family without creator
	raw     = sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_RAW, Proto: sock.IPPROTO_ICMP}
	ping    = sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_DGRAM, Proto: sock.IPPROTO_ICMP}
	udp     = sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_DGRAM}
)

// files is a call that limits the descriptors of a process.
func files(n uint64) sock.Call {
	data := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, n), n)
	return sock.Call{Op: sock.OpPrlimit, N: sock.RLIMIT_NOFILE, Data: data}
}

// ruleCases are those of the rules that no script can show.
var ruleCases = []ruleCase{
	{"CR-06", "before anything is allocated", func(b *bench) {
		b.refuse[sock.SocketCreate] = sock.EACCES
		b.scarce[sock.AllocSocket], b.scarce[sock.AllocSock], b.scarce[sock.AllocFile] = true, true, true
		b.unchanged(1, sock.EACCES, stream)
		b.unchanged(1, sock.EACCES, foreign)
		require.Equal(b, []sock.Hook{sock.SocketCreate, sock.SocketCreate}, b.hooks(), "and nothing else was asked")
		require.Equal(b, [3]int32{sock.AF_INET, sock.SOCK_STREAM, 0}, [3]int32{b.asked[0].Family, b.asked[0].Type, b.asked[0].Proto})
		require.False(b, b.asked[0].Kern)
	}},
	{"CR-07", "of the kernel's own the cgroup is not asked", func(b *bench) {
		b.refuse[sock.CgroupSockCreate] = sock.EPERM
		require.Zero(b, b.returned(b.h.CreateKernelSocket(1, sock.AF_INET, sock.SOCK_STREAM, 0, nil)).Errno)
		require.True(b, b.asked[0].Kern)
		require.NotContains(b, b.hooks(), sock.CgroupSockCreate)
		b.unchanged(1, sock.EPERM, stream)
		require.False(b, b.last().Kern)
	}},
	{"CR-08", "last, on a sock that is ready, without a leak", func(b *bench) {
		b.refuse[sock.CgroupSockCreate] = sock.EPERM
		b.unchanged(1, sock.EPERM, stream)
		require.Equal(b, []sock.Hook{sock.SocketCreate, sock.CgroupSockCreate}, b.hooks())
		require.EqualValues(b, sock.IPPROTO_TCP, b.last().Proto, "the default is filled in by then")
		require.Zero(b, b.h.SocketsInUse())
	}},
	{"CR-09", "no descriptor, no file, no memory", func(b *bench) {
		b.ok(1, files(4))
		b.ok(1, stream)
		b.unchanged(1, sock.EMFILE, stream)
		b.ok(1, files(9))
		b.scarce[sock.AllocSock] = true
		b.unchanged(1, sock.ENOMEM, stream) // 2.4: ENOBUFS
		b.unchanged(1, sock.ENOBUFS, stream6)
		b.scarce[sock.AllocSock] = false
		th := b.demote() // the limit does not count for root
		require.NoError(b, b.h.SetSysctl("fs.file-max", "0"))
		b.unchanged(th, sock.ENFILE, stream)
	}},
	{"CR-14", "it goes with root", func(b *bench) {
		b.ok(1, raw)
		th := b.demote()
		b.unchanged(th, sock.EPERM, raw)
		unknown := raw
		unknown.Proto = 0
		b.unchanged(th, sock.EPROTONOSUPPORT, unknown) // the protocol is looked for first
	}},
	{"CR-22", "as long as they are there", func(b *bench) {
		require.Zero(b, b.h.SocketsInUse())
		fd := b.ok(1, stream)
		b.ok(1, stream6)
		require.Equal(b, 2, b.h.SocketsInUse())
		b.ok(1, sock.Call{Op: sock.OpClose, FD: int32(fd)})
		require.Equal(b, 1, b.h.SocketsInUse())
	}},
	{"CR-24", "an init that refuses, and a protocol that has none", func(b *bench) {
		b.unchanged(1, sock.EACCES, ping) // ping_init_sock: nobody's group is in the range
		b.ok(1, udp)
		require.NoError(b, b.h.SetSysctl("net.ipv4.ping_group_range", "0 0"))
		b.ok(1, ping)
	}},
	{"AD-04", "and a refusal leaves nothing behind", func(b *bench) {
		fd := int32(b.ok(1, stream))
		for hook, c := range map[sock.Hook]sock.Call{
			sock.SocketBind:        {Op: sock.OpBind, FD: fd, AddrLen: 16},
			sock.SocketListen:      {Op: sock.OpListen, FD: fd, N: 5},
			sock.SocketAccept:      {Op: sock.OpAccept, FD: fd},
			sock.SocketConnect:     {Op: sock.OpConnect, FD: fd, AddrLen: 16},
			sock.SocketSendmsg:     {Op: sock.OpSend, FD: fd, Data: []byte("x")},
			sock.SocketRecvmsg:     {Op: sock.OpRecv, FD: fd, Len: 9},
			sock.SocketGetsockname: {Op: sock.OpGetsockname, FD: fd},
			sock.SocketGetpeername: {Op: sock.OpGetpeername, FD: fd},
			sock.SocketSetsockopt:  {Op: sock.OpSetsockopt, FD: fd, Level: 99, Len: 4, Data: make([]byte, 4)},
			sock.SocketGetsockopt:  {Op: sock.OpGetsockopt, FD: fd, Level: 99, Len: 4},
			sock.SocketShutdown:    {Op: sock.OpShutdown, FD: fd, N: 9},
		} {
			b.refuse[hook] = sock.EIO // an error that no call has of its own
			b.unchanged(1, sock.EIO, c)
			require.Equal(b, hook, b.last().Hook)
		}
	}},
}
