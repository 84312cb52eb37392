//go:build linux && amd64

package sock

import (
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// rawKind is a kind of socket that random calls are made on.
type rawKind struct {
	family uint16
	typ    int32
	proto  int32
}

// rawKinds are RAW sockets of several protocols, ping sockets, and UDP, whose
// packets the RAW ones see.
var rawKinds = []rawKind{
	{AF_INET, SOCK_RAW, IPPROTO_ICMP}, {AF_INET, SOCK_RAW, IPPROTO_ICMP}, {AF_INET, SOCK_RAW, 200}, {AF_INET, SOCK_RAW, IPPROTO_RAW}, {AF_INET, SOCK_RAW, IPPROTO_UDP},
	{AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, {AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
	{AF_INET6, SOCK_RAW, IPPROTO_ICMPV6}, {AF_INET6, SOCK_RAW, IPPROTO_ICMPV6}, {AF_INET6, SOCK_RAW, 200}, {AF_INET6, SOCK_RAW, IPPROTO_RAW}, {AF_INET6, SOCK_RAW, IPPROTO_UDP},
	{AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6}, {AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6}, {AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
}

var rawAddrs4 = []string{"127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "0.0.0.0", "192.0.2.9", "224.0.0.5", "224.0.0.1", "255.255.255.255", "127.255.255.255"}
var rawAddrs6 = []string{"::1", "::1", "::1", "::", "::ffff:127.0.0.1", "2001:db8::9", "ff02::1", "ff05::9", "fe80::1"}

// drawRawAddr draws an address that mostly fits the kind.
func drawRawAddr(t *rapid.T, k rawKind) (Addr, int32) {
	if k.proto == IPPROTO_UDP && k.typ == SOCK_DGRAM { // whose own test draws more
		a := in4(loopback4, rapid.SampledFrom([]uint16{7001, 7001, 7002}).Draw(t, "port"))
		if k.family == AF_INET6 {
			a = in6(netip.IPv6Loopback(), a.AP.Port())
		}
		return a, 28
	}
	if rapid.IntRange(0, 24).Draw(t, "odd") == 0 {
		return Addr{Family: rapid.SampledFrom([]uint16{AF_UNSPEC, AF_UNSPEC, 77}).Draw(t, "af")}, rapid.SampledFrom([]int32{1, 2, 16, 28}).Draw(t, "length")
	}
	port := rapid.SampledFrom([]uint16{0, 0, 0, 200, 7001, 17}).Draw(t, "port")
	family := k.family
	if rapid.IntRange(0, 19).Draw(t, "other family") == 0 {
		family = AF_INET + AF_INET6 - family
	}
	most := rapid.SampledFrom([]int{4, 4, 4, 10}).Draw(t, "rare")
	if family == AF_INET {
		a := netip.MustParseAddr(rapid.SampledFrom(rawAddrs4[:most]).Draw(t, "addr"))
		return in4(a, port), rapid.SampledFrom([]int32{16, 16, 16, 16, 16, 28, 15}).Draw(t, "length")
	}
	a := in6(netip.MustParseAddr(rapid.SampledFrom(rawAddrs6[:min(most, 9)]).Draw(t, "addr")), port)
	if most > 4 {
		a.Scope = rapid.Uint32Range(0, 1).Draw(t, "scope")
	}
	return a, rapid.SampledFrom([]int32{28, 28, 28, 28, 28, 24, 23}).Draw(t, "length")
}

// rawOpts are options that change what the calls do.
var rawOpts = []agreeOpt{
	{SOL_SOCKET, SO_REUSEADDR, []int32{0, 1}}, {SOL_SOCKET, SO_BROADCAST, []int32{0, 1}}, {SOL_SOCKET, SO_RXQ_OVFL, []int32{0, 1}},
	{SOL_SOCKET, SO_RCVBUF, []int32{0, 5000, 100000}}, {SOL_SOCKET, SO_SNDBUF, []int32{0, 5000, 100000}}, {SOL_SOCKET, SO_PEEK_OFF, []int32{-1, 0, 3}},
	{SOL_SOCKET, SO_ERROR, []int32{0}}, {SOL_SOCKET, SO_PROTOCOL, []int32{0}}, {SOL_SOCKET, SO_TYPE, []int32{0}},
	{SOL_IP, IP_RECVERR, []int32{0, 1, 1}}, {SOL_IP, IP_PKTINFO, []int32{0, 1}}, {SOL_IP, IP_RECVTTL, []int32{0, 1}}, {SOL_IP, IP_RECVTOS, []int32{0, 1}},
	{SOL_IP, IP_RECVORIGDSTADDR, []int32{0, 1}}, {SOL_IP, IP_TTL, []int32{1, 9, 64}}, {SOL_IP, IP_TOS, []int32{0, 0x10, 0xff}},
	{SOL_IP, IP_MTU_DISCOVER, []int32{2, 1, 3}}, {SOL_IP, IP_HDRINCL, []int32{0, 1}}, {SOL_IP, IP_HDRINCL, []int32{1}},
	{SOL_IP, IP_FREEBIND, []int32{0, 1}}, {SOL_IP, IP_MULTICAST_ALL, []int32{0, 1}},
	{SOL_RAW, ICMP_FILTER, []int32{0, 1 << 8, 1, 0x108, -1}}, {SOL_ICMPV6, ICMPV6_FILTER, []int32{0, 1 << 1, -1}}, {SOL_RAW, 9999, []int32{0}},
	{SOL_IPV6, IPV6_RECVERR, []int32{0, 1, 1}}, {SOL_IPV6, IPV6_RECVPKTINFO, []int32{0, 1}}, {SOL_IPV6, IPV6_RECVHOPLIMIT, []int32{0, 1}},
	{SOL_IPV6, IPV6_RECVTCLASS, []int32{0, 1}}, {SOL_IPV6, IPV6_UNICAST_HOPS, []int32{-1, 0, 7}}, {SOL_IPV6, IPV6_TCLASS, []int32{-1, 0x20, 0xff}},
	{SOL_IPV6, IPV6_CHECKSUM, []int32{-1, 0, 2, 3, 40}}, {SOL_RAW, IPV6_CHECKSUM, []int32{-1, 2, 6, 3}}, {SOL_IPV6, IPV6_HDRINCL, []int32{0, 1}}, {SOL_RAW, IPV6_HDRINCL, []int32{0}},
	{SOL_IPV6, IPV6_V6ONLY, []int32{0, 1}}, {SOL_IPV6, IPV6_MULTICAST_ALL, []int32{0, 1}},
}

// drawRawData draws what is sent: an echo request, a whole packet, an ICMP
// error, or octets.
func drawRawData(t *rapid.T, k rawKind) []byte {
	echo, local := ICMPEcho, loopback4
	if k.family == AF_INET6 {
		echo, local = icmp6Echo, netip.IPv6Loopback()
	}
	ask := []byte{echo, rapid.SampledFrom([]byte{0, 0, 0, 1}).Draw(t, "code"), 0, 0, 0x1b, 0x59, 0, 1, 'o', 'd', 'd'}
	p := Packet{Src: local, Dst: local, TTL: 9, Proto: rapid.SampledFrom([]uint8{1, 17, 58, 200, 201, 59, 2}).Draw(t, "protocol"), NoDF: rapid.Bool().Draw(t, "df")}
	p.ID = uint16(1 + flag(p.NoDF))
	switch rapid.IntRange(0, 6).Draw(t, "what") {
	case 0, 1:
		if k.family == AF_INET {
			finishTransport(nil, ask, ProtoICMP)
		}
		return ask
	case 2, 3:
		b := append(appendIP(nil, &p), ask...)
		if p.Proto == ProtoUDP {
			b = append(appendIP(nil, &p), 0x1b, 0x59, 0x1b, 0x59, 0, 9, 0, 0, 'x')
		}
		finishIP(b)
		if n := len(b) - len(ask); checksumAt(p.Proto) != 0 && p.Proto != ProtoUDP {
			finishTransport(b[:n], b[n:], p.Proto)
		}
		if rapid.IntRange(0, 5).Draw(t, "spoil") == 0 {
			b[rapid.IntRange(1, 15).Draw(t, "where")] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		}
		return b
	case 4:
		return rawErrorAbout(t, k, local, ask)
	}
	n := rapid.SampledFrom([]int{0, 1, 3, 7, 8, 20, 40, 400, 65507, 65515, 65516, 65527, 65535, 65536}[:rapid.SampledFrom([]int{7, 7, 8, 14}).Draw(t, "sizes")]).Draw(t, "n")
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(n + i)
	}
	return b
}

// rawErrorAbout is an ICMP error about a packet that a socket here may have sent.
func rawErrorAbout(t *rapid.T, k rawKind, local netip.Addr, ask []byte) []byte {
	q := Packet{Src: local, Dst: local, TTL: 9, Proto: rapid.SampledFrom([]uint8{1, 17, 58, 200, 255}).Draw(t, "quoted")}
	quote := append(appendIP(nil, &q), ask...)
	finishIP(quote)
	typ := rapid.SampledFrom([]uint8{3, 3, 3, 4, 5, 11, 12}).Draw(t, "type")
	if k.family == AF_INET6 {
		typ = rapid.SampledFrom([]uint8{1, 1, 3, 4, 100}).Draw(t, "type")
	}
	code := rapid.SampledFrom([]uint8{0, 1, 2, 3, 5, 13, 16}).Draw(t, "code")
	b := append([]byte{typ, code, 0, 0, 0, 0, 4, 0}, quote...)
	if k.family == AF_INET {
		finishTransport(nil, b, ProtoICMP)
	}
	return b
}

// drawRawCall draws a call on a socket of that kind.
func drawRawCall(t *rapid.T, k rawKind) Call {
	switch op := rapid.SampledFrom([]Op{
		OpBind, OpConnect, OpSend, OpSend, OpSend, OpSend, OpSend, OpRecv, OpRecv, OpRecv, OpRecv, OpRecv,
		OpShutdown, OpSetsockopt, OpSetsockopt, OpSetsockopt, OpGetsockopt, OpGetsockname, OpGetpeername, OpPoll, OpIoctl, OpListen, OpAccept,
	}).Draw(t, "op"); op {
	case OpBind, OpConnect:
		a, n := drawRawAddr(t, k)
		return Call{Op: op, Addr: a, AddrLen: n}
	case OpListen:
		return listenCall(0, 1)
	case OpSend:
		c := Call{Op: op, Flags: rapid.SampledFrom([]int32{0, 0, 0, 0, 0, 0, 0, MSG_MORE, MSG_OOB, MSG_DONTROUTE, MSG_CONFIRM, MSG_PROBE, MSG_CONFIRM | MSG_PROBE}).Draw(t, "flags")}
		c.Data = drawRawData(t, k)
		if k.typ == SOCK_DGRAM && k.proto == IPPROTO_UDP {
			c.Flags = 0
		}
		if c.Flags == MSG_MORE && len(c.Data)%2 != 0 && k.family == AF_INET6 {
			// Linux sums up what follows an odd part as if it were even
			// (raw6_getfrag): the packet is broken. The model does not copy that.
			c.Data = c.Data[1:]
		}
		if rapid.IntRange(0, 4).Draw(t, "to") > 0 {
			c.Addr, c.AddrLen = drawRawAddr(t, k)
		}
		return c
	case OpRecv:
		return Call{Op: op, Len: rapid.SampledFrom([]int32{0, 1, 10, 65536, 65536, 65536}).Draw(t, "n"), Flags: rapid.SampledFrom([]int32{0, 0, 0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_ERRQUEUE, MSG_OOB}).Draw(t, "flags")}
	case OpShutdown:
		return Call{Op: op, N: rapid.Int64Range(-1, 3).Draw(t, "how")}
	case OpSetsockopt:
		return drawSet(t, rawOpts)
	case OpGetsockopt:
		return drawGet(t, rawOpts, 4, 4, 4, 40, 2, -1)
	case OpPoll:
		return pollCall(0, PollFD{Events: POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND})
	case OpIoctl:
		return Call{Op: op, N: rapid.SampledFrom([]int64{SIOCINQ, SIOCOUTQ, SIOCATMARK}).Draw(t, "request")}
	default:
		return Call{Op: op}
	}
}

// sameIDs takes out what Linux draws by chance: the identification of an IPv4
// packet and the checksum over it, and those of the packet that an error quotes.
func sameIDs(b []byte) {
	if len(b) < 6 || b[0]>>4 != 4 {
		return
	}
	b[4], b[5] = 0, 0
	if ihl := int(b[0]&15) * 4; len(b) >= 12 {
		b[10], b[11] = 0, 0
		if b[9] == ProtoICMP && len(b) > ihl+icmpHdrLen && ICMPError4(b[ihl]) {
			sameIDs(b[ihl+icmpHdrLen:])
		}
	}
}

// Random calls on RAW and ping sockets over loopback come out on the model as
// they do on the kernel (CR-14 to CR-17, CR-23, BI-10, CO-11, LI-01, AC-02):
// results, errors, packets octet by octet, addresses, flags, control messages,
// events of poll, lengths of queues.
func TestRandomRawCallsAgreeWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := dgramPair{newPair(rt, k)}
		defer p.end()
		require.NoError(rt, os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 0"), 0))
		// Else packets have a flow label that is drawn by chance.
		require.NoError(rt, os.WriteFile("/proc/sys/net/ipv6/auto_flowlabels", []byte("0"), 0))
		require.NoError(rt, p.h.SetSysctl("net.ipv6.auto_flowlabels", "0"))
		require.NoError(rt, p.h.SetSysctl("net.ipv4.ping_group_range", "0 0"))
		var kinds []rawKind
		for range rapid.IntRange(1, 60).Draw(rt, "calls") {
			n := len(p.fds[0])
			if n == 0 || n < 6 && rapid.IntRange(0, 3).Draw(rt, "open") == 0 {
				kind := rapid.SampledFrom(rawKinds).Draw(rt, "kind")
				kinds = append(kinds, kind)
				p.call(rt, -1, Call{Op: OpSocket, Domain: int32(kind.family), Type: kind.typ | SOCK_NONBLOCK, Proto: kind.proto})
				continue
			}
			slot := rapid.IntRange(0, n-1).Draw(rt, "slot")
			p.call(rt, slot, drawRawCall(rt, kinds[slot]))
		}
	})
}
