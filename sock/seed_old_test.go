package sock

import (
	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// oldRules are the rules for which a kernel of the 2.4 series has another figure
// or answer than a current one, each with the older; those about full queues
// stand in loadRules, that about ENOBUFS in hookRules. What 2.4 does is what its
// net/core/sock.c, net/socket.c and net/ipv4/*.c do.
var oldRules = []seedRule{
	{"CR-05", "2.4: socket takes no flags", func(b *bench) {
		o := b.old()
		for _, f := range []int32{SOCK_NONBLOCK, SOCK_CLOEXEC} {
			o.fails(EINVAL, socketCall(f))
		}
		o.ok(socketCall())
	}},
	{"CR-12", "2.4: a datagram socket is UDP's and no other", func(b *bench) {
		o := b.old()
		fd := o.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM, Proto: IPPROTO_UDP})
		require.Zero(b, o.get(fd, SOL_SOCKET, SO_NO_CHECK))
		for _, h := range []*bench{b, o} {
			require.NoError(b, h.h.SetSysctl("net.ipv4.ping_group_range", "0 100"))
		}
		o.fails(EPROTONOSUPPORT, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM, Proto: IPPROTO_ICMP})
		b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM, Proto: IPPROTO_ICMP})
	}},
	{"CR-20", "2.4: buffers of 65535 octets, set to 2048 and 256 at least", func(b *bench) {
		o := b.old()
		for _, typ := range []int32{SOCK_DGRAM, SOCK_RAW} {
			fd := o.ok(Call{Op: OpSocket, Domain: AF_INET, Type: typ, Proto: map[int32]int32{SOCK_DGRAM: IPPROTO_UDP, SOCK_RAW: IPPROTO_ICMP}[typ]})
			require.EqualValues(b, 65535, o.get(fd, SOL_SOCKET, SO_RCVBUF))
			require.EqualValues(b, 65535, o.get(fd, SOL_SOCKET, SO_SNDBUF))
		}
		for _, typ := range []int32{SOCK_DGRAM, SOCK_STREAM} {
			fd := o.ok(Call{Op: OpSocket, Domain: AF_INET, Type: typ})
			for _, c := range []struct{ asked, sndbuf, rcvbuf int32 }{{0, 2048, 256}, {1, 2048, 256}, {128, 2048, 256}, {129, 2048, 258}, {1025, 2050, 2050}, {65535, 131070, 131070}, {65536, 131070, 131070}, {-1, 131070, 131070}} {
				o.set(fd, SOL_SOCKET, SO_SNDBUF, c.asked)
				o.set(fd, SOL_SOCKET, SO_RCVBUF, c.asked)
				require.EqualValues(b, c.sndbuf, o.get(fd, SOL_SOCKET, SO_SNDBUF), c.asked)
				require.EqualValues(b, c.rcvbuf, o.get(fd, SOL_SOCKET, SO_RCVBUF), c.asked)
			}
		}
		fd := b.ok(socketCall())
		b.set(fd, SOL_SOCKET, SO_SNDBUF, 0)
		b.set(fd, SOL_SOCKET, SO_RCVBUF, 0)
		require.EqualValues(b, 4608, b.get(fd, SOL_SOCKET, SO_SNDBUF), "now")
		require.EqualValues(b, 2304, b.get(fd, SOL_SOCKET, SO_RCVBUF), "now")
	}},
	{"CR-21", "2.4: the time-out is 3 s, cwnd 2, buffers 87380 and 16384", func(b *bench) {
		o := b.old()
		fd := o.ok(socketCall())
		require.EqualValues(b, 87380, o.get(fd, SOL_SOCKET, SO_RCVBUF))
		require.EqualValues(b, 16384, o.get(fd, SOL_SOCKET, SO_SNDBUF))
		require.EqualValues(b, 536, o.get(fd, SOL_TCP, TCP_MAXSEG))
		info := o.call(Call{Op: OpGetsockopt, FD: fd, Level: SOL_TCP, Name: TCP_INFO, Len: 104}).Data
		require.EqualValues(b, 7, info[0], "CLOSED")
		require.EqualValues(b, 3000000, rd32(info[8:]), "time-out")
		require.EqualValues(b, 0x7fffffff, rd32(info[76:]), "ssthresh infinite")
		require.EqualValues(b, 2, rd32(info[80:]), "cwnd")
		require.EqualValues(b, 3, rd32(info[88:]), "reordering")
		o.nonblock(fd)
		o.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, 9)))
		o.wire = nil
		o.run(3*tcpstate.Second - 1)
		o.quiet()
		o.run(1)
		require.Equal(b, tcpstate.SYN, o.sent().Seg.Flags)
	}},
	{"BI-03", "2.4: ports below 1024", func(b *bench) {
		o := b.old()
		o.ok(Call{Op: OpCapset, N: int64(allCaps &^ CapNetBindService), Arg: int64(allCaps &^ CapNetBindService)})
		for _, c := range []struct {
			port uint16
			err  Errno
		}{{1, EACCES}, {1023, EACCES}, {1024, 0}} {
			if fd := o.ok(socketCall()); c.err != 0 {
				o.fails(c.err, bindCall(fd, in4(localV4, c.port)))
			} else {
				o.ok(bindCall(fd, in4(localV4, c.port)))
			}
		}
	}},
	{"BI-08", "2.4: ephemeral ports are 1024 to 4999", func(b *bench) {
		o := b.old()
		for range 50 {
			fd := o.ok(socketCall())
			o.ok(bindCall(fd, in4(localV4, 0)))
			port := o.call(Call{Op: OpGetsockname, FD: fd}).Addr.AP.Port()
			require.GreaterOrEqual(b, port, uint16(1024))
			require.LessOrEqual(b, port, uint16(4999))
		}
	}},
	{"BI-10", "2.4: RAW has no free bind", func(b *bench) {
		foreign := in4(remoteV4, 0)
		for _, h := range []*bench{b, b.old()} {
			old := h != b
			fd := h.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_RAW, Proto: IPPROTO_ICMP})
			h.fails(EADDRNOTAVAIL, bindCall(fd, foreign))
			h.set(fd, SOL_IP, IP_FREEBIND, 1)
			h.sysctl("net.ipv4.ip_nonlocal_bind", "1")
			if old {
				h.fails(EADDRNOTAVAIL, bindCall(fd, foreign))
			} else {
				h.ok(bindCall(fd, foreign))
			}
			h.ok(bindCall(fd, in4(localV4, 0)))
			s := h.ok(socketCall())
			h.set(s, SOL_IP, IP_FREEBIND, 1)
			h.ok(bindCall(s, in4(remoteV4, 5000)))
		}
	}},
	{"LI-07", "2.4: somaxconn is 128", func(b *bench) {
		o := b.old()
		for _, n := range []int64{128, 129, 10000, -1} {
			fd := o.ok(socketCall())
			o.ok(listenCall(fd, n))
			_, s, _ := o.h.lookup(fd)
			require.EqualValues(b, 128, s.lst.backlog, n)
		}
	}},
	{"AC-01", "2.4: accept takes no flags", func(b *bench) {
		o := b.old()
		c := acceptCall(o.listener(1))
		for _, c.Flags = range []int32{SOCK_NONBLOCK, SOCK_CLOEXEC} {
			o.fails(ENOSYS, c)
		}
	}},
	{"AC-10", "2.4: there is no Fast Open, so what comes out has seen the handshake's end", func(b *bench) {
		o := b.old()
		fd := o.listener(1)
		o.fails(ENOPROTOOPT, setCall(fd, SOL_TCP, TCP_FASTOPEN, cint(5)))
		p := o.newPeer(4000)
		p.syn()
		o.nonblock(fd)
		o.fails(EAGAIN, acceptCall(fd))
		p.see()
		p.send(tcpstate.ACK, "")
		c := o.ok(acceptCall(fd))
		info := o.call(Call{Op: OpGetsockopt, FD: int32(c), Level: SOL_TCP, Name: TCP_INFO, Len: 104}).Data
		require.EqualValues(b, 1, info[0], "ESTABLISHED")
	}},
	{"CO-04", "2.4: a port is one socket's, however different the peers, and none left is EAGAIN", func(b *bench) {
		o := b.old()
		o.sysctl("net.ipv4.ip_local_port_range", "5000 5000")
		for i, want := range []Errno{EINPROGRESS, EAGAIN} {
			fd := o.ok(socketCall())
			o.nonblock(fd)
			o.fails(want, connectCall(fd, in4(remoteV4, uint16(9000+i))))
			o.wire = nil
		}
	}},
}
