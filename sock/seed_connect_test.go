package sock

import (
	"net/netip"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

var connectRules = []seedRule{
	{"CO-01", "AF_UNSPEC disconnects", func(b *bench) {
		fd, _ := b.connected()
		b.ok(connectCall(fd, in4(remoteV4, testPort)))
		b.ok(Call{Op: OpConnect, FD: fd, AddrLen: 2})
		require.Equal(b, "R.", b.sent().Seg.Flags.String())
		b.fails(ENOTCONN, Call{Op: OpGetpeername, FD: fd})
		require.EqualValues(b, ECONNRESET, b.get(fd, SOL_SOCKET, SO_ERROR))
		b.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, testPort)))
	}},
	{"CO-02", "EISCONN, EALREADY", func(b *bench) {
		fd := b.ok(socketCall(SOCK_NONBLOCK))
		b.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, testPort)))
		b.fails(EALREADY, connectCall(fd, in4(remoteV4, testPort)))
		c, _ := b.accepted2()
		b.fails(EISCONN, connectCall(c, in4(remoteV4, testPort)))
	}},
	{"CO-03", "a listener is EISCONN", func(b *bench) {
		b.fails(EISCONN, connectCall(b.listener(1), in4(remoteV4, testPort)))
	}},
	{"CO-04", "an ephemeral port, until none is left", func(b *bench) {
		require.NoError(b, b.h.SetSysctl("net.ipv4.ip_local_port_range", "5000 5001"))
		for range 2 {
			b.fails(EINPROGRESS, connectCall(b.ok(socketCall(SOCK_NONBLOCK)), in4(remoteV4, testPort)))
		}
		b.fails(EADDRNOTAVAIL, connectCall(b.ok(socketCall(SOCK_NONBLOCK)), in4(remoteV4, testPort)))
		b.fails(EINPROGRESS, connectCall(b.ok(socketCall(SOCK_NONBLOCK)), in4(remoteV4, 9)))
	}},
	{"CO-05", "non-blocking sends the SYN", func(b *bench) {
		fd := b.ok(socketCall(SOCK_NONBLOCK))
		b.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, testPort)))
		q := b.sent()
		require.Equal(b, tcpstate.SYN, q.Seg.Flags)
		require.EqualValues(b, testPort, q.DstPort)
		require.Equal(b, localV4, q.Src)
	}},
	{"CO-06", "the send time-out ends the wait", func(b *bench) {
		fd := b.ok(socketCall())
		b.ok(setCall(fd, SOL_SOCKET, SO_SNDTIMEO, timeval(0, 500000)))
		b.parked(1, connectCall(fd, in4(remoteV4, testPort)))
		b.run(499 * tcpstate.Millisecond)
		require.Empty(b, b.done)
		b.run(tcpstate.Millisecond)
		require.Equal(b, EINPROGRESS, b.returned(1).Errno)
		b.wire = nil
		b.fails(EALREADY, func() Call { b.nonblock(fd); return connectCall(fd, in4(remoteV4, testPort)) }())
	}},
	{"CO-06", "blocking returns when the handshake is over", func(b *bench) {
		fd := b.ok(socketCall())
		b.parked(1, connectCall(fd, in4(remoteV4, testPort)))
		p := b.answer()
		p.send(tcpstate.SYN|tcpstate.ACK, "")
		require.Zero(b, b.returned(1).Errno)
	}},
	{"CO-07", "a signal while waiting", func(b *bench) {
		fd := b.ok(socketCall())
		b.parked(1, connectCall(fd, in4(remoteV4, testPort)))
		b.take(b.h.Interrupt(b.now, 1, nil))
		require.Equal(b, ERESTARTSYS, b.returned(1).Errno)
	}},
	{"CO-08", "refused: the error once, and the socket is as good as new", func(b *bench) {
		fd := b.ok(socketCall())
		b.parked(1, connectCall(fd, in4(remoteV4, testPort)))
		b.answer().send(tcpstate.RST|tcpstate.ACK, "")
		require.Equal(b, ECONNREFUSED, b.returned(1).Errno)
		require.Zero(b, b.get(fd, SOL_SOCKET, SO_ERROR))
		b.parked(1, connectCall(fd, in4(remoteV4, testPort)))
		b.answer().send(tcpstate.SYN|tcpstate.ACK, "")
		require.Zero(b, b.returned(1).Errno)
	}},
	{"CO-08", "SYNs run out", func(b *bench) {
		fd := b.ok(socketCall())
		b.set(fd, SOL_TCP, TCP_SYNCNT, 1)
		b.parked(1, connectCall(fd, in4(remoteV4, testPort)))
		b.run(10 * tcpstate.Second)
		require.Equal(b, ETIMEDOUT, b.returned(1).Errno)
	}},
	{"CO-08", "an ICMP error while connecting is fatal", func(b *bench) {
		fd := b.ok(socketCall())
		b.parked(1, connectCall(fd, in4(remoteV4, testPort)))
		q := b.sent()
		b.deliver(unreach(q, 1))
		require.Equal(b, EHOSTUNREACH, b.returned(1).Errno)
	}},
	{"CO-09", "after success: 0 once, then EISCONN", func(b *bench) {
		fd, _ := b.connected()
		b.ok(connectCall(fd, in4(remoteV4, testPort)))
		b.fails(EISCONN, connectCall(fd, in4(remoteV4, testPort)))
	}},
	{"CO-10", "short, strange, broadcast and multicast addresses", func(b *bench) {
		fd := b.ok(socketCall())
		b.fails(EINVAL, Call{Op: OpConnect, FD: fd, Addr: in4(remoteV4, 1), AddrLen: 1})
		b.fails(EINVAL, Call{Op: OpConnect, FD: fd, Addr: in4(remoteV4, 1), AddrLen: 15})
		b.fails(EAFNOSUPPORT, connectCall(fd, in6(remoteV6, 1)))
		for _, a := range []string{"255.255.255.255", "192.168.255.255", "224.0.0.1"} {
			b.fails(ENETUNREACH, connectCall(fd, in4(mustAddr(a), 1)))
		}
	}},
}

// accepted2 is accepted for a bench that has something on the wire already.
func (b *bench) accepted2() (int32, *peer) {
	b.Helper()
	b.wire = nil
	return b.accepted()
}

// unreach is the ICMP error of that code that quotes a packet of ours.
func unreach(q Packet, code uint8) Packet {
	return Packet{
		Src: netip.MustParseAddr("192.0.2.254"), Dst: q.Src, Proto: ProtoICMP, TTL: 64,
		ICMP: ICMP{Type: ICMPDestUnreach, Code: code, Quote: Quote{
			Src: q.Src, Dst: q.Dst, SrcPort: q.SrcPort, DstPort: q.DstPort, Proto: ProtoTCP, Seq: q.Seg.Seq}},
	}
}

var dataRules = []seedRule{
	{"SR-01", "write and send, read and recv are one", func(b *bench) {
		fd, p := b.accepted()
		require.EqualValues(b, 2, b.ok(Call{Op: OpWrite, FD: fd, Data: []byte("ab")}))
		require.Equal(b, "ab", string(p.see().Payload))
		p.send(tcpstate.ACK|tcpstate.PSH, "cd")
		require.Equal(b, "cd", string(b.call(Call{Op: OpRead, FD: fd, Len: 9}).Data))
	}},
	{"SR-02", "what is there, nothing yet, the end", func(b *bench) {
		fd, p := b.accepted()
		b.fails(EAGAIN, recvCall(fd, 9, MSG_DONTWAIT))
		p.send(tcpstate.ACK, "abcdef")
		require.Equal(b, "ab", string(b.call(recvCall(fd, 2, MSG_PEEK)).Data))
		require.Equal(b, "ab", string(b.call(recvCall(fd, 2, 0)).Data))
		r := b.call(recvCall(fd, 2, MSG_TRUNC))
		require.EqualValues(b, 2, r.Value)
		require.Empty(b, r.Data)
		b.parked(2, recvCall(fd, 4, MSG_WAITALL))
		p.send(tcpstate.ACK, "gh")
		require.Equal(b, "efgh", string(b.returned(2).Data))
		b.parked(2, recvCall(fd, 4, MSG_WAITALL))
		p.send(tcpstate.ACK|tcpstate.FIN, "i")
		require.Equal(b, "i", string(b.returned(2).Data))
		require.EqualValues(b, 0, b.ok(recvCall(fd, 4, 0)))
	}},
	{"SR-03", "a broken pipe, with and without the signal", func(b *bench) {
		fd, _ := b.accepted()
		b.ok(Call{Op: OpShutdown, FD: fd, N: SHUT_WR})
		require.True(b, b.fails(EPIPE, sendCall(fd, "x")).SIGPIPE)
		quiet := sendCall(fd, "x")
		quiet.Flags = MSG_NOSIGNAL
		require.False(b, b.fails(EPIPE, quiet).SIGPIPE)
		fresh := b.ok(socketCall())
		require.True(b, b.fails(EPIPE, sendCall(fresh, "x")).SIGPIPE)
		b.fails(ENOTCONN, recvCall(fresh, 1, 0))
	}},
	{"SR-04", "a stream leaves the address alone", func(b *bench) {
		fd, p := b.accepted()
		p.send(tcpstate.ACK, "x")
		require.Zero(b, b.call(recvCall(fd, 1, 0)).AddrLen)
	}},
	{"SR-05", "a pending error is returned once", func(b *bench) {
		fd, p := b.accepted()
		p.send(tcpstate.RST|tcpstate.ACK, "")
		require.EqualValues(b, ECONNRESET, b.get(fd, SOL_SOCKET, SO_ERROR))
		require.Zero(b, b.get(fd, SOL_SOCKET, SO_ERROR))
		require.True(b, b.fails(EPIPE, sendCall(fd, "x")).SIGPIPE)
	}},
	{"SR-06", "unread data resets", func(b *bench) {
		fd, p := b.accepted()
		p.send(tcpstate.ACK, "unread")
		b.wire = nil
		b.ok(closeCall(fd))
		require.True(b, b.sent().Seg.Flags.Has(tcpstate.RST))
		require.Empty(b, b.h.flows)
	}},
	{"SR-06", "linger 0 resets", func(b *bench) {
		fd, _ := b.accepted()
		b.ok(setCall(fd, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 0, 0, 0, 0}))
		b.ok(closeCall(fd))
		require.True(b, b.sent().Seg.Flags.Has(tcpstate.RST))
	}},
	{"SR-06", "linger waits for the FIN's acknowledgment", func(b *bench) {
		fd, p := b.accepted()
		b.ok(setCall(fd, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 5, 0, 0, 0}))
		b.parked(2, closeCall(fd))
		require.Equal(b, "F.", p.see().Seg.Flags.String())
		require.Equal(b, fd, b.ok(socketCall()), "the descriptor is free at once")
		p.send(tcpstate.ACK, "")
		require.Zero(b, b.returned(2).Errno)
	}},
	{"SR-06", "linger's time runs out", func(b *bench) {
		fd, _ := b.accepted()
		b.ok(setCall(fd, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 5, 0, 0, 0}))
		b.parked(2, closeCall(fd))
		b.run(5*tcpstate.Second - 1)
		require.Empty(b, b.done)
		b.run(1)
		require.Zero(b, b.returned(2).Errno)
		require.Len(b, b.h.flows, 1, "and the connection goes on")
	}},
}
