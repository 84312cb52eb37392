package sock

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// rawSock opens a RAW socket.
func rawSock(b *bench, domain, proto int32) int32 {
	return b.ok(Call{Op: OpSocket, Domain: domain, Type: SOCK_RAW | SOCK_NONBLOCK, Proto: proto})
}

func to4(s string) Call { return Call{Op: OpSend, Addr: in4(mustAddr(s), 0), AddrLen: 16} }

// A RAW socket gets the whole packet, one of ICMP beside the kernel's answer.
func TestRawReceivesBesideTheProtocol(t *testing.T) {
	b := newBench(t)
	fd, other := rawSock(b, AF_INET, IPPROTO_ICMP), rawSock(b, AF_INET, IPPROTO_UDP)
	p := echo4("odd")
	wire := appendWire(nil, &p)
	b.deliver(p)
	require.Equal(t, ICMPEchoReply, b.sent().ICMP.Type)
	r := b.call(recvCall(fd, 100, 0))
	require.Equal(t, wire, r.Data)
	require.Equal(t, remoteV4, r.Addr.AP.Addr())
	b.fails(EAGAIN, recvCall(other, 100, 0))

	b.set(fd, SOL_RAW, ICMP_FILTER, 1<<ICMPEcho)
	b.deliver(p)
	b.sent()
	b.fails(EAGAIN, recvCall(fd, 100, 0))
}

// What no protocol takes is answered, unless a RAW socket takes it.
func TestRawTakesUnknownProtocols(t *testing.T) {
	b := newBench(t)
	p := Packet{Src: remoteV6, Dst: localV6, Proto: 200, Opaque: true, TTL: 3}
	p.Wire = append(appendIP(nil, &p), "data"...)
	finishIP(p.Wire)
	b.deliver(p)
	require.Equal(t, ICMPv6ParamProb, b.sent().ICMP.Type)
	fd := rawSock(b, AF_INET6, 200)
	b.whys = nil
	b.deliver(p)
	b.quiet()
	require.Equal(t, "data", string(b.call(recvCall(fd, 100, 0)).Data), "IPv6 without its header")
}

// The header is the kernel's, DF set as path MTU discovery wants it.
func TestRawSends(t *testing.T) {
	b := newBench(t)
	fd := rawSock(b, AF_INET, 200)
	c := to4(remoteV4.String())
	c.FD, c.Data = fd, []byte("data")
	b.ok(c)
	p := b.sent()
	require.True(t, p.Opaque)
	want := Packet{Src: localV4, Dst: remoteV4, Proto: 200, TTL: 64}
	b4 := append(appendIP(nil, &want), "data"...)
	finishIP(b4)
	require.Equal(t, b4, p.Wire)
	b.set(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
	b.ok(c)
	p = b.sent()
	require.EqualValues(t, 0, p.Wire[6])
	require.NotZero(t, binary.BigEndian.Uint16(p.Wire[4:]), "what may be fragmented has an identification")
}

// With a header of its own only length, checksum and what is zero are filled in.
func TestRawHeaderIncluded(t *testing.T) {
	b := newBench(t)
	fd := rawSock(b, AF_INET, IPPROTO_RAW)
	require.EqualValues(t, 1, b.get(fd, SOL_IP, IP_HDRINCL))
	c := to4(remoteV4.String())
	c.FD = fd
	c.Data = make([]byte, 24)
	c.Data[0], c.Data[8], c.Data[9] = 0x45, 7, 99
	copy(c.Data[16:], []byte{203, 0, 113, 9})
	b.ok(c)
	w := b.sent().Wire
	require.Equal(t, []byte{0x45, 0, 0, 24, 0, 1, 0, 0, 7, 99}, w[:10])
	require.Equal(t, localV4.AsSlice(), w[12:16])
	require.Equal(t, []byte{203, 0, 113, 9}, w[16:20], "the destination is the program's own")
	c.Data[0] = 0x47
	b.fails(EINVAL, c)
	c.Data = make([]byte, 1501)
	b.fails(EMSGSIZE, c)
}

func TestCreationOfRawSockets(t *testing.T) {
	b := newBench(t)
	open := func(domain, typ, proto int32) Call {
		return Call{Op: OpSocket, Domain: domain, Type: typ, Proto: proto}
	}
	b.fails(EPROTONOSUPPORT, open(AF_INET, SOCK_RAW, 0))
	b.fails(ESOCKTNOSUPPORT, open(AF_INET, SOCK_SEQPACKET, IPPROTO_ICMP))
	b.fails(EAFNOSUPPORT, open(AF_INET, SOCK_PACKET, 3)) // AF_PACKET's (__sock_create)
	b.fails(ESOCKTNOSUPPORT, open(AF_INET6, SOCK_PACKET, 3))
	b.fails(EACCES, open(AF_INET, SOCK_DGRAM, IPPROTO_ICMP))
	b.fails(EPROTONOSUPPORT, open(AF_INET6, SOCK_DGRAM, IPPROTO_ICMP))
	fd := rawSock(b, AF_INET, 77)
	r := b.call(Call{Op: OpGetsockname, FD: fd})
	require.EqualValues(t, 77, r.Addr.AP.Port())
	require.EqualValues(t, 1, b.get(fd, SOL_SOCKET, SO_REUSEADDR))
	b.fails(EOPNOTSUPP, listenCall(fd, 1))
	b.fails(EOPNOTSUPP, acceptCall(fd))
	b.ok(closeCall(fd))
	require.Zero(t, b.h.raws.n)

	h := New(HostConfig{NoCaps: CapNetRaw})
	for _, e := range h.Call(0, 1, open(AF_INET, SOCK_RAW, 1), nil) {
		require.Equal(t, EPERM, e.Return.Errno)
	}
}

// A ping socket's number is the identifier of what it asks.
func TestPing(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.h.SetSysctl("net.ipv4.ping_group_range", "0 0"))
	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM | SOCK_NONBLOCK, Proto: IPPROTO_ICMP})
	b.ok(bindCall(fd, in4(any4, 0x1234)))
	c := to4(remoteV4.String())
	c.FD, c.Data = fd, []byte{ICMPEcho, 0, 9, 9, 9, 9, 0, 7, 'x'}
	b.ok(c)
	p := b.sent()
	require.Equal(t, ICMP{Type: ICMPEcho, MTU: 0x12340007}, p.ICMP)
	require.Equal(t, "x", string(p.Payload))
	reply := Packet{Src: remoteV4, Dst: localV4, Proto: ProtoICMP, ICMP: ICMP{MTU: 0x12340007}, Payload: []byte("x")}
	wire := appendWire(nil, &reply)
	b.deliver(reply)
	require.Equal(t, wire[20:], b.call(recvCall(fd, 100, 0)).Data)
	c.Data[0] = 13
	b.fails(EINVAL, c)

	c.Data[0] = ICMPEcho
	b.ok(connectCall(fd, in4(remoteV4, 0)))
	b.ok(c)
	q := b.sent()
	quoted := appendWire(nil, &q)
	e := Packet{Src: remoteV4, Dst: localV4, Proto: ProtoICMP, ICMP: ICMP{Type: ICMPDestUnreach, Code: 2}, Payload: quoted}
	e.ICMP.Quote.Read4(quoted)
	b.deliver(e)
	b.fails(ENOPROTOOPT, recvCall(fd, 100, 0))
}
