package sock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// seedRule is one rule that the mission's documents name, and the case that
// shows it. Rules about datagrams and raw sockets come with those protocols.
type seedRule struct {
	id   string
	says string
	show func(b *bench)
}

// TestSeedRules drives each rule through the host's inputs.
func TestSeedRules(t *testing.T) {
	for _, rules := range [][]seedRule{createRules, addressRules, bindRules, listenRules, queueRules, loadRules, acceptRules, connectRules, dataRules, hookRules, oldRules} {
		for _, r := range rules {
			t.Run(r.id+" "+r.says, func(t *testing.T) { r.show(newBench(t)) })
		}
	}
}

var createRules = []seedRule{
	{"CR-01", "the lowest free descriptor", func(b *bench) {
		for want := range int32(3) {
			require.Equal(b, want+3, b.ok(socketCall()))
		}
		b.ok(closeCall(4))
		require.EqualValues(b, 4, b.ok(socketCall()))
	}},
	{"CR-02", "protocol 0 is TCP for a stream", func(b *bench) {
		fd := b.ok(socketCall())
		require.EqualValues(b, IPPROTO_TCP, b.get(fd, SOL_SOCKET, SO_PROTOCOL))
		require.EqualValues(b, SOCK_STREAM, b.get(fd, SOL_SOCKET, SO_TYPE))
	}},
	{"CR-03", "unknown family", func(b *bench) {
		for _, f := range []int32{-1, 0, 1, 45, 46, 1000} {
			b.fails(EAFNOSUPPORT, Call{Op: OpSocket, Domain: f, Type: SOCK_STREAM})
		}
		b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM})
	}},
	{"CR-04", "type out of range", func(b *bench) {
		for _, typ := range []int32{11, 15} {
			b.fails(EINVAL, Call{Op: OpSocket, Domain: AF_INET, Type: typ})
		}
	}},
	{"CR-05", "flags land on the descriptor", func(b *bench) {
		fd := b.ok(socketCall(SOCK_NONBLOCK, SOCK_CLOEXEC))
		require.EqualValues(b, O_RDWR|O_NONBLOCK, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFL}))
		require.EqualValues(b, FD_CLOEXEC, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFD}))
		b.fails(EINVAL, socketCall(0x1000))
	}},
	{"CR-09", "no descriptor free leaves nothing behind", func(b *bench) {
		b.h.proc.limit = 4
		b.ok(socketCall())
		before := b.h.Fingerprint()
		b.fails(EMFILE, socketCall())
		require.Equal(b, before, b.h.Fingerprint())
	}},
	{"CR-10", "unconnected and CLOSED", func(b *bench) {
		fd := b.ok(socketCall())
		b.fails(ENOTCONN, Call{Op: OpGetpeername, FD: fd})
		require.EqualValues(b, POLLOUT|POLLHUP, b.call(pollCall(0, PollFD{FD: fd, Events: POLLIN | POLLOUT})).Poll[0].Revents)
	}},
	{"CR-11", "a stream takes protocol 0 or TCP", func(b *bench) {
		b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM, Proto: IPPROTO_TCP})
		b.fails(EPROTONOSUPPORT, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM, Proto: IPPROTO_UDP})
		b.fails(EINVAL, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM, Proto: ipprotoMax})
	}},
	{"CR-13", "other types in range", func(b *bench) {
		for _, typ := range []int32{SOCK_SEQPACKET, SOCK_RDM, 6, 9} {
			b.fails(ESOCKTNOSUPPORT, Call{Op: OpSocket, Domain: AF_INET, Type: typ})
		}
	}},
	{"CR-14", "a raw socket wants a capability", func(b *bench) {
		b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_RAW, Proto: IPPROTO_ICMP})
		b.ok(Call{Op: OpCapset, N: int64(allCaps &^ CapNetRaw), Arg: int64(allCaps)})
		for _, domain := range []int32{AF_INET, AF_INET6} {
			b.fails(EPERM, Call{Op: OpSocket, Domain: domain, Type: SOCK_RAW, Proto: IPPROTO_ICMP})
			// The protocol is looked for first.
			b.fails(EPROTONOSUPPORT, Call{Op: OpSocket, Domain: domain, Type: SOCK_RAW})
		}
		b.ok(Call{Op: OpCapset, N: int64(CapNetRaw), Arg: int64(CapNetRaw)})
		b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_RAW, Proto: IPPROTO_ICMPV6})
	}},
	{"CR-19", "TTL from the sysctl", func(b *bench) {
		fd := b.ok(socketCall())
		require.EqualValues(b, 64, b.get(fd, SOL_IP, IP_TTL))
		require.NoError(b, b.h.SetSysctl("net.ipv4.ip_default_ttl", "33"))
		require.EqualValues(b, 33, b.get(fd, SOL_IP, IP_TTL))
	}},
	{"CR-20", "generic defaults", func(b *bench) {
		fd := b.ok(socketCall())
		require.EqualValues(b, 1, b.get(fd, SOL_SOCKET, SO_RCVLOWAT))
		require.Equal(b, make([]byte, 16), b.call(Call{Op: OpGetsockopt, FD: fd, Level: SOL_SOCKET, Name: SO_RCVTIMEO, Len: 16}).Data)
		require.Equal(b, append(make([]byte, 4), 255, 255, 255, 255, 255, 255, 255, 255),
			b.call(Call{Op: OpGetsockopt, FD: fd, Level: SOL_SOCKET, Name: SO_PEERCRED, Len: 12}).Data)
	}},
	{"CR-21", "TCP defaults", func(b *bench) {
		fd := b.ok(socketCall())
		require.EqualValues(b, 131072, b.get(fd, SOL_SOCKET, SO_RCVBUF))
		require.EqualValues(b, 16384, b.get(fd, SOL_SOCKET, SO_SNDBUF))
		require.EqualValues(b, 536, b.get(fd, SOL_TCP, TCP_MAXSEG))
		info := b.call(Call{Op: OpGetsockopt, FD: fd, Level: SOL_TCP, Name: TCP_INFO, Len: 104}).Data
		require.Len(b, info, 104)
		require.EqualValues(b, 7, info[0], "CLOSED")
		require.EqualValues(b, 1000000, rd32(info[8:]), "time-out 1 s")
		require.EqualValues(b, 0x7fffffff, rd32(info[76:]), "ssthresh infinite")
		require.EqualValues(b, 10, rd32(info[80:]), "cwnd")
		require.EqualValues(b, 3, rd32(info[88:]), "reordering")
	}},
	{"CR-22", "sockets are counted", func(b *bench) {
		fd := b.ok(socketCall())
		require.EqualValues(b, 1, b.h.tcpCount)
		b.ok(closeCall(fd))
		require.Zero(b, b.h.tcpCount)
	}},
	{"CR-25", "tables: a socket binds its type's, its protocol's and its family's", func(b *bench) {
		fd := b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM})
		_, s, _ := b.h.lookup(fd)
		require.Equal(b, []string{"inet_stream_ops", "TCP", "ipv6_specific"}, []string{s.ops.name, s.prot.name, s.af.name})
		b.fails(EINPROGRESS, func() Call { b.nonblock(fd); return connectCall(fd, in6(mapped(remoteV4), 1)) }())
		require.Equal(b, "ipv4_specific", s.af.name)
	}},
}

var addressRules = []seedRule{
	{"AD-01", "not open, not a socket", func(b *bench) {
		ep := b.ok(Call{Op: OpEpollCreate})
		for _, op := range []Op{OpBind, OpListen, OpAccept, OpConnect, OpSend, OpRecv, OpShutdown, OpGetsockopt, OpSetsockopt, OpGetsockname, OpGetpeername} {
			for _, fd := range []int32{-1, 99, 0, 2} {
				b.fails(EBADF, Call{Op: op, FD: fd})
			}
			b.fails(ENOTSOCK, Call{Op: op, FD: ep})
		}
	}},
	{"AD-02", "address length", func(b *bench) {
		fd := b.ok(socketCall())
		for _, op := range []Op{OpBind, OpConnect} {
			for _, n := range []int32{-1, 129} {
				b.fails(EINVAL, Call{Op: op, FD: fd, Addr: in4(any4, 1), AddrLen: n})
			}
			b.fails(EINVAL, Call{Op: op, FD: fd, Addr: in4(any4, 1)})
		}
	}},
	{"AD-02", "unreadable and unwritable memory", func(b *bench) {
		fd, p := b.accepted()
		fresh := b.ok(socketCall())
		b.fails(EFAULT, Call{Op: OpBind, FD: fresh, AddrLen: 16, Fault: FaultAddr})
		b.fails(EFAULT, Call{Op: OpConnect, FD: fresh, AddrLen: 16, Fault: FaultAddr})
		b.fails(EINVAL, Call{Op: OpBind, FD: fresh, AddrLen: 0, Fault: FaultAddr})
		b.fails(EFAULT, Call{Op: OpGetsockname, FD: fresh, Fault: FaultAddr})
		b.fails(EPIPE, Call{Op: OpSend, FD: fresh, Len: 9, Fault: FaultData})
		for _, op := range []Op{OpSend, OpWrite} {
			b.fails(EFAULT, Call{Op: op, FD: fd, Len: 9, Fault: FaultData})
		}
		b.fails(EAGAIN, Call{Op: OpRecv, FD: fd, Len: 9, Flags: MSG_DONTWAIT, Fault: FaultData})
		p.send(16, "data")
		for _, op := range []Op{OpRecv, OpRead} {
			b.fails(EFAULT, Call{Op: op, FD: fd, Len: 9, Fault: FaultData})
		}
		require.Equal(b, "data", string(b.call(recvCall(fd, 9, 0)).Data), "nothing was lost")
		b.fails(EFAULT, Call{Op: OpSetsockopt, FD: fd, Level: SOL_SOCKET, Name: SO_REUSEADDR, Len: 4, Fault: FaultData})
		b.fails(EFAULT, Call{Op: OpGetsockopt, FD: fd, Level: SOL_SOCKET, Name: SO_REUSEADDR, Len: 4, Fault: FaultData})
		b.wire = nil
		b.newPeer(4001).shake()
		b.fails(EFAULT, Call{Op: OpAccept, FD: 3, Fault: FaultAddr})
		require.Equal(b, 1, b.h.listens.n)
		_, n := b.queued(3)
		require.Zero(b, n, "the connection is lost")
	}},
	{"AD-03", "the true length is reported", func(b *bench) {
		fd, _ := b.accepted()
		require.EqualValues(b, 16, b.call(Call{Op: OpGetpeername, FD: fd}).AddrLen)
		six := b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM})
		require.EqualValues(b, 28, b.call(Call{Op: OpGetsockname, FD: six}).AddrLen)
		for _, room := range []int32{0, 1, 2, 15} {
			r := b.call(Call{Op: OpGetpeername, FD: fd, HasRoom: true, AddrLen: room})
			require.EqualValues(b, 16, r.AddrLen, "the true length, whatever the room")
			require.False(b, r.Addr.AP.IsValid())
			require.Equal(b, room >= 2, r.Addr.Family == AF_INET)
		}
		b.fails(EINVAL, Call{Op: OpGetpeername, FD: fd, HasRoom: true, AddrLen: -1})
	}},
	{"AD-05", "close frees the descriptor, the release goes on", func(b *bench) {
		fd, p := b.accepted()
		b.ok(closeCall(fd))
		require.Equal(b, fd, b.ok(socketCall()))
		require.Equal(b, "F.", p.see().Seg.Flags.String())
		p.send(16, "")
		require.Len(b, b.h.flows, 1, "FIN-WAIT-2 without descriptor")
	}},
}

var bindRules = []seedRule{
	{"BI-01", "short or strange address", func(b *bench) {
		fd := b.ok(socketCall())
		b.fails(EINVAL, Call{Op: OpBind, FD: fd, Addr: in4(any4, 1024), AddrLen: 15})
		b.fails(EAFNOSUPPORT, Call{Op: OpBind, FD: fd, Addr: in6(localV6, 1024), AddrLen: 28})
		b.fails(EAFNOSUPPORT, Call{Op: OpBind, FD: fd, Addr: Addr{Family: AF_UNSPEC, AP: in4(localV4, 1024).AP}, AddrLen: 16})
		b.ok(Call{Op: OpBind, FD: fd, Addr: Addr{Family: AF_UNSPEC, AP: in4(any4, 1024).AP}, AddrLen: 16})
	}},
	{"BI-02", "somebody else's address", func(b *bench) {
		fd := b.ok(socketCall())
		b.fails(EADDRNOTAVAIL, bindCall(fd, in4(remoteV4, 1024)))
		b.set(fd, SOL_IP, IP_FREEBIND, 1)
		b.ok(bindCall(fd, in4(remoteV4, 1024)))
		require.NoError(b, b.h.SetSysctl("net.ipv4.ip_nonlocal_bind", "1"))
		b.ok(bindCall(b.ok(socketCall()), in4(remoteV4, 1025)))
	}},
	{"BI-03", "low ports want a capability", func(b *bench) {
		fd := b.ok(socketCall())
		b.h.proc.cred.Effective = 0
		b.fails(EACCES, bindCall(fd, in4(any4, 1023)))
		require.NoError(b, b.h.SetSysctl("net.ipv4.ip_unprivileged_port_start", "1000"))
		b.ok(bindCall(fd, in4(any4, 1023)))
	}},
	{"BI-04", "bound already, or not CLOSED", func(b *bench) {
		fd := b.listener(1)
		b.fails(EINVAL, bindCall(fd, in4(any4, 1024)))
		other := b.ok(socketCall())
		b.ok(bindCall(other, in4(any4, 1024)))
		b.fails(EINVAL, bindCall(other, in4(any4, 1025)))
	}},
	{"BI-05", "a multicast address is for receiving only", func(b *bench) {
		fd := b.ok(socketCall())
		b.ok(bindCall(fd, in4(mustAddr("224.0.0.5"), 1024)))
		_, s, _ := b.h.lookup(fd)
		require.True(b, s.source.IsUnspecified())
		require.Equal(b, "224.0.0.5:1024", b.call(Call{Op: OpGetsockname, FD: fd}).Addr.AP.String())
	}},
	{"BI-06", "a taken port leaves the socket unbound", func(b *bench) {
		b.ok(bindCall(b.ok(socketCall()), in4(localV4, 1024)))
		fd := b.ok(socketCall())
		b.fails(EADDRINUSE, bindCall(fd, in4(localV4, 1024)))
		require.Equal(b, "0.0.0.0:0", b.call(Call{Op: OpGetsockname, FD: fd}).Addr.AP.String())
		b.ok(bindCall(fd, in4(localV4, 1025)))
	}},
	{"BI-07", "what was given is locked", func(b *bench) {
		fd := b.ok(socketCall())
		b.ok(bindCall(fd, in4(localV4, 1024)))
		_, s, _ := b.h.lookup(fd)
		require.Equal(b, lockAddr|lockPort, s.locks)
		require.False(b, s.remote.IsValid())
	}},
	{"BI-08", "ephemeral ports, until none is left", func(b *bench) {
		require.NoError(b, b.h.SetSysctl("net.ipv4.ip_local_port_range", "5000 5003"))
		got := map[uint16]bool{}
		for range 4 {
			fd := b.ok(socketCall())
			b.ok(bindCall(fd, in4(any4, 0)))
			got[b.call(Call{Op: OpGetsockname, FD: fd}).Addr.AP.Port()] = true
		}
		require.Equal(b, map[uint16]bool{5000: true, 5001: true, 5002: true, 5003: true}, got)
		b.fails(EADDRINUSE, bindCall(b.ok(socketCall()), in4(any4, 0)))
	}},
	{"BI-09", "SO_REUSEADDR shares until one listens", func(b *bench) {
		var fds []int32
		for range 2 {
			fd := b.ok(socketCall())
			b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
			b.ok(bindCall(fd, in4(any4, 1024)))
			fds = append(fds, fd)
		}
		b.ok(listenCall(fds[0], 1))
		fd := b.ok(socketCall())
		b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
		b.fails(EADDRINUSE, bindCall(fd, in4(any4, 1024)))
	}},
}
