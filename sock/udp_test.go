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
