package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// dgram opens a socket of datagrams, bound unless port is 0.
func (b *bench) dgram(port uint16) int32 {
	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM | SOCK_NONBLOCK})
	if port != 0 {
		b.ok(bindCall(fd, in4(netip.IPv4Unspecified(), port)))
	}
	return fd
}

func sendtoCall(fd int32, data string, a Addr) Call {
	return Call{Op: OpSend, FD: fd, Data: []byte(data), Addr: a, AddrLen: sizeofSockaddrIn}
}

// datagram is one from the peer's port 4000.
func datagram(port uint16, data string) Packet {
	return Packet{Src: remoteV4, Dst: localV4, SrcPort: 4000, DstPort: port, Proto: ProtoUDP, TTL: 63, Payload: []byte(data)}
}

// SR-04: the source address of a datagram is copied out. A datagram is read
// once, and what there is no room for is lost.
func TestADatagramIsReadOnceWithItsSource(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	b.deliver(datagram(7000, "abcdef"))
	b.deliver(datagram(7000, ""))
	r := b.call(recvCall(fd, 3, 0))
	require.Equal(t, "abc", string(r.Data))
	require.EqualValues(t, MSG_TRUNC, r.MsgFlags)
	require.Equal(t, in4(remoteV4, 4000), r.Addr)
	r = b.call(recvCall(fd, 9, 0))
	require.Zero(t, r.Errno)
	require.Zero(t, r.Value)
	require.Equal(t, EAGAIN, b.call(recvCall(fd, 9, 0)).Errno)
}

func TestADatagramForNobodyIsAnsweredWithPortUnreachable(t *testing.T) {
	b := newBench(t)
	b.deliver(datagram(7000, "abc"))
	require.Equal(t, rule.UDPNoPort, b.why())
	p := b.sent()
	require.Equal(t, ProtoICMP, p.Proto)
	require.Equal(t, ICMP{Type: ICMPDestUnreach, Code: ICMPPortUnreach,
		Quote: Quote{Src: remoteV4, Dst: localV4, SrcPort: 4000, DstPort: 7000, Proto: ProtoUDP}}, p.ICMP)
	require.Len(t, p.Payload, 31)
}

// CO-11: connect sets the peer and filters.
func TestAConnectedSocketHearsItsPeerAlone(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	b.ok(connectCall(fd, in4(remoteV4, 4001)))
	b.deliver(datagram(7000, "abc"))
	require.Equal(t, rule.UDPNoPort, b.why())
	b.wire = nil
	p := datagram(7000, "abc")
	p.SrcPort = 4001
	b.deliver(p)
	require.Equal(t, "abc", string(b.call(recvCall(fd, 9, 0)).Data))
	b.ok(sendCall(fd, "xyz"))
	q := b.sent()
	require.Equal(t, "xyz", string(q.Payload))
	require.EqualValues(t, 4001, q.DstPort)
}

// SR-05: an ICMP error comes once, with the next call.
func TestAnICMPErrorIsPendingOnce(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	b.ok(connectCall(fd, in4(remoteV4, 4001)))
	b.ok(sendCall(fd, "xyz"))
	q := b.sent()
	b.deliver(Packet{Src: remoteV4, Dst: localV4, Proto: ProtoICMP, ICMP: ICMP{Type: ICMPDestUnreach, Code: ICMPPortUnreach,
		Quote: Quote{Src: q.Src, Dst: q.Dst, SrcPort: q.SrcPort, DstPort: q.DstPort, Proto: ProtoUDP}}})
	require.Equal(t, ECONNREFUSED, b.call(recvCall(fd, 9, 0)).Errno)
	require.Equal(t, EAGAIN, b.call(recvCall(fd, 9, 0)).Errno)
}

// LI-01, AC-02: a socket of datagrams neither listens nor accepts.
func TestDatagramsNeitherListenNorAccept(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	require.Equal(t, EOPNOTSUPP, b.call(listenCall(fd, 1)).Errno)
	require.Equal(t, EOPNOTSUPP, b.call(acceptCall(fd)).Errno)
}

// RFC 1122 section 4.1.3.4: a datagram with a wrong checksum is dropped, and
// counted twice.
func TestAWrongUDPChecksumIsCounted(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	p := datagram(7000, "abc")
	wire := b.h.Clone().wire(&p)
	wire[27] ^= 1
	b.deliver(Packet{Src: p.Src, Dst: p.Dst, Proto: ProtoUDP, TTL: 63, Opaque: true, BadSum: true, Wire: wire})
	require.Equal(t, rule.UDPChecksum, b.why())
	require.Equal(t, EAGAIN, b.call(recvCall(fd, 9, 0)).Errno)
	c := b.h.Counters()
	require.EqualValues(t, 1, c[MibUdpInCsumErrors])
	require.EqualValues(t, 1, c[MibUdpInErrors])
	b.quiet()
}

// RFC 6935: over IPv6 only a socket that says so takes a datagram without
// checksum; over IPv4 every one does.
func TestADatagramWithoutChecksum(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	p := datagram(7000, "abc")
	p.NoCheck = true
	b.deliver(p)
	require.Equal(t, "abc", string(b.call(recvCall(fd, 9, 0)).Data))

	fd = b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_DGRAM | SOCK_NONBLOCK})
	b.ok(bindCall(fd, in6(netip.IPv6Unspecified(), 7001)))
	p = Packet{Src: remoteV6, Dst: localV6, SrcPort: 4000, DstPort: 7001, Proto: ProtoUDP, TTL: 63, NoCheck: true, Payload: []byte("abc")}
	b.deliver(p)
	require.Equal(t, rule.UDPChecksum, b.why())
	require.EqualValues(t, 1, b.h.Counters()[MibUdp6InCsumErrors])
	b.set(fd, SOL_UDP, UDP_NO_CHECK6_RX, 1)
	b.deliver(p)
	require.Equal(t, "abc", string(b.call(recvCall(fd, 9, 0)).Data))
	p.DstPort = 7002
	b.deliver(p)
	require.Equal(t, rule.UDPChecksum, b.why(), "and nobody answers that no socket has the port")
	b.quiet()
}

// DF follows IP_MTU_DISCOVER: a datagram that is to be cut has none.
func TestDontFragmentFollowsPathMTUDiscovery(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	b.ok(connectCall(fd, in4(remoteV4, 4001)))
	for _, c := range []struct {
		mode, size int32
		noDF       bool
	}{{IP_PMTUDISC_WANT, 9, false}, {IP_PMTUDISC_WANT, 2000, true}, {IP_PMTUDISC_DONT, 9, true}, {IP_PMTUDISC_DO, 9, false}, {IP_PMTUDISC_OMIT, 9, true}} {
		b.set(fd, SOL_IP, IP_MTU_DISCOVER, c.mode)
		b.ok(sendCall(fd, string(make([]byte, c.size))))
		require.Equal(t, c.noDF, b.wire[0].NoDF, "mode %d, %d octets", c.mode, c.size)
		require.Len(t, b.wire, 1+int(c.size/1500))
		b.wire = nil
	}
}

// A send over loopback and the read of it allocate nothing once there has been one.
func TestDatagramsAllocateNothingInSteadyState(t *testing.T) {
	b := newBench(t)
	fd := b.dgram(7000)
	b.ok(connectCall(fd, in4(loopback4, 7000)))
	data := make([]byte, 100)
	out := make([]Effect, 0, 16)
	one := func() {
		b.now = b.now.Add(1)
		out = b.h.Call(b.now, 1, Call{Op: OpSend, FD: fd, Data: data}, out[:0])
		out = b.h.Call(b.now, 1, Call{Op: OpRecv, FD: fd, Len: 200}, out[:0])
	}
	one()
	require.EqualValues(t, 100, out[len(out)-1].Return.Value)
	require.Zero(t, testing.AllocsPerRun(200, one))
}

// write(2) has no argument for an address, whatever the call says (sock_write_iter).
func TestWriteNamesNobody(t *testing.T) {
	b := newBench(t)
	b.fails(EDESTADDRREQ, Call{Op: OpWrite, FD: b.dgram(7000), Data: []byte("a"), Addr: in4(remoteV4, testPort), AddrLen: 16, Flags: MSG_OOB})
	b.quiet()
}
