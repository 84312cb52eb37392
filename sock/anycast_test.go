package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// An anycast address is heard, and errors are told from it, but it makes no
// connection, no echo has it for source, and it goes with its last socket.
func TestAnAnycastAddressIsForDatagrams(t *testing.T) {
	b := newBench(t)
	anyone := netip.MustParseAddr("fd3d:fa7b:d17d::77")
	udp := Packet{Src: remoteV6, Dst: anyone, SrcPort: 9, DstPort: 8080, Proto: ProtoUDP, TTL: 9, Payload: []byte("hi")}
	b.deliver(udp)
	require.Equal(t, rule.NotForUs, b.why())

	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_DGRAM})
	b.ok(setCall(fd, SOL_IPV6, IPV6_JOIN_ANYCAST, append(anyone.AsSlice(), 0, 0, 0, 0)))
	b.fails(EADDRNOTAVAIL, Call{Op: OpBind, FD: fd, Addr: in6(anyone, 8080), AddrLen: 28})
	b.deliver(udp)
	p := b.sent()
	require.Equal(t, [2]netip.Addr{anyone, remoteV6}, [2]netip.Addr{p.Src, p.Dst})
	require.Equal(t, []uint8{ICMPv6DestUnreach, ICMPv6PortUnreach}, []uint8{p.ICMP.Type, p.ICMP.Code})
	b.why()
	b.ok(Call{Op: OpBind, FD: fd, Addr: in6(netip.IPv6Unspecified(), 8080), AddrLen: 28})
	b.deliver(udp)
	require.EqualValues(t, "hi", b.call(Call{Op: OpRecv, FD: fd, Len: 9}).Data)

	l := b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM})
	b.ok(Call{Op: OpBind, FD: l, Addr: in6(netip.IPv6Unspecified(), 80), AddrLen: 28})
	b.ok(listenCall(l, 1))
	b.deliver(Packet{Src: remoteV6, Dst: anyone, SrcPort: 9, DstPort: 80, Proto: ProtoTCP, TTL: 9, Seg: tcpstate.Segment{Seq: 0xfffffff0, Flags: tcpstate.SYN, HdrLen: 20}})
	require.Equal(t, rule.NotForUs, b.why())
	echo := echo6("")
	echo.Dst = anyone
	b.deliver(echo)
	require.Equal(t, localV6, b.sent().Src)

	b.ok(closeCall(fd))
	b.deliver(udp)
	require.Equal(t, rule.NotForUs, b.why())
}
