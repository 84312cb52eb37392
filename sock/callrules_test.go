package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

func bench24(t *testing.T, mod ...func(*HostConfig)) *bench {
	return newBench(t, append(mod, func(c *HostConfig) { c.Profile = &Linux24 })...)
}

func TestLinux24HasNoFlagsAndNoLaterCalls(t *testing.T) {
	b := bench24(t)
	b.fails(EINVAL, socketCall(SOCK_NONBLOCK))
	b.fails(EAFNOSUPPORT, Call{Op: OpSocket, Domain: 99, Type: SOCK_STREAM | SOCK_CLOEXEC})
	fd := b.listener(1)
	with := acceptCall(fd)
	with.Flags = SOCK_NONBLOCK
	b.fails(ENOSYS, with)
	for _, op := range []Op{OpEpollCreate, OpEpollWait, OpEpollCtl, OpDup3, OpPrlimit} {
		b.fails(ENOSYS, Call{Op: op, FD: fd})
	}
	b.ok(Call{Op: OpDup2, FD: fd, Arg: 20})
}

func TestLinux24KnowsFewerOptions(t *testing.T) {
	b := bench24(t)
	fd := b.ok(socketCall())
	for _, o := range [][2]int32{{SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_PROTOCOL}, {SOL_TCP, TCP_CONGESTION}, {SOL_TCP, TCP_USER_TIMEOUT}, {SOL_IP, IP_TRANSPARENT}} {
		b.fails(ENOPROTOOPT, setCall(fd, o[0], o[1], cint(1)))
		b.fails(ENOPROTOOPT, Call{Op: OpGetsockopt, FD: fd, Level: o[0], Name: o[1], Len: 4})
	}
	b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
	b.set(fd, SOL_IP, IP_FREEBIND, 1)
	b.set(fd, SOL_TCP, TCP_QUICKACK, 1)
}

func TestLinux24AcceptLooksForADescriptorLast(t *testing.T) {
	b := bench24(t)
	l := b.listener(5)
	b.h.proc.limit = 4
	b.parked(2, acceptCall(l)) // with the table full
	p := b.newPeer(4000)
	p.shake()
	require.Equal(t, EMFILE, b.returned(2).Errno)
	require.True(t, b.sent().Seg.Flags.Has(tcpstate.FIN), "the connection is lost")
	b.h.proc.limit = 5
	b.newPeer(4001).shake()
	b.ok(acceptCall(l))
}

func TestLinux24HasNoMemoryWithTheErrorOfItsTime(t *testing.T) {
	g := &guard{}
	g.reset()
	b := bench24(t, g.hooks)
	fd := b.ok(socketCall())
	g.scarce[AllocSock], g.scarce[AllocListen] = true, true
	b.unchanged(ENOBUFS, socketCall())
	b.unchanged(ENOMEM, listenCall(fd, 5)) // LI-04: the table of SYNs
}

// CO-04: 2.4 takes a port for itself alone, however different the peers are.
func TestLinux24ConnectRunsOutOfPorts(t *testing.T) {
	for _, c := range []struct {
		profile *Profile
		err     Errno
	}{{&Linux24, EAGAIN}, {&Linux, EINPROGRESS}} {
		b := newBench(t, func(cfg *HostConfig) { cfg.Profile = c.profile })
		require.NoError(t, b.h.SetSysctl("net.ipv4.ip_local_port_range", "5000 5000"))
		for i, want := range []Errno{EINPROGRESS, c.err} {
			fd := b.ok(socketCall())
			b.nonblock(fd)
			b.fails(want, connectCall(fd, in4(remoteV4, uint16(9000+i))))
			b.wire = nil
		}
	}
	b := bench24(t)
	fd := b.ok(socketCall())
	b.nonblock(fd)
	b.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, 9)))
	require.LessOrEqual(t, b.sent().SrcPort, uint16(4999))
}
