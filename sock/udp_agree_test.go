//go:build linux && amd64

package sock

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// dgramPair is pair for sockets of datagrams.
type dgramPair struct{ *pair }

// call makes the call on both and compares all that a program can see.
func (p dgramPair) call(t require.TestingT, slot int, c Call) {
	p.aim(&c, 0, slot)
	want := p.k.dgram(c)
	p.h.fixed = choices{}
	if slot >= 0 {
		// A port may be taken by any call, and stays when the call fails.
		name := p.k.call(Call{Op: OpGetsockname, FD: c.FD})
		p.h.Choose(Choice{HasPort: true, Port: name.Addr.AP.Port()})
	}
	got := p.model(t, slot, &c, fmt.Sprintf("%s -> %d %s", briefDgram(c), want.Value, ErrnoName(want.Errno)))
	p.compareDgram(t, c, want, got)
	p.opened(c, want, got)
}

// overlaid: a datagram of IPv6 that is corked gets a destination made of the IPv4
// addresses and ports of a connect (struct flowi4 lies over flowi6's daddr),
// whether that connect comes off or not. The model does not. Left out.
func (p dgramPair) overlaid(slot int, c Call) bool {
	_, s, err := p.h.lookup(p.fds[1][slot])
	if c.Op != OpConnect || err != 0 || s.dg.cork.pending != AF_INET6 {
		return false
	}
	return c.Addr.AP.Addr().Unmap().Is4() || s.local.Is4()
}

func briefDgram(c Call) string {
	switch c.Op {
	case OpSend:
		return fmt.Sprintf("%d octets %x flags %#x to %d %v (%d) %v", len(c.Data), c.Data[:min(len(c.Data), 64)], c.Flags, c.Addr.Family, c.Addr.AP, c.AddrLen, c.Control)
	case OpRecv:
		return fmt.Sprintf("%d flags %#x", c.Len, c.Flags)
	case OpSendmmsg, OpRecvmmsg:
		return fmt.Sprintf("flags %#x %x %v", c.Flags, c.Data, c.Msgs)
	}
	return brief(c)
}

func (p dgramPair) compareDgram(t require.TestingT, c Call, want, got Return) {
	sameIDs(want.Data)
	sameIDs(got.Data)
	if c.Op == OpRecvmmsg {
		got.Data = nil // the time that is left
	}
	p.compare(t, c, want, got)
	require.Equal(t, showMsgs(want.Msgs), showMsgs(got.Msgs), "messages (kernel, model)%s", p)
	require.Equal(t, fmt.Sprintf("%x", want.Data), fmt.Sprintf("%x", got.Data), "data%s", p)
	if c.Op != OpRecv {
		return
	}
	require.Equal(t, fmt.Sprintf("%#x", want.MsgFlags), fmt.Sprintf("%#x", got.MsgFlags), "msg_flags (kernel, model)%s", p)
	require.Equal(t, showControl(want.Control), showControl(got.Control), "control messages (kernel, model)%s", p)
}

// showControl leaves out what the clock says.
func showControl(list []Control) (s []string) {
	for _, c := range list {
		if c.Level == SOL_SOCKET && c.Type != SO_RXQ_OVFL {
			c.Data = make([]byte, len(c.Data))
		}
		s = append(s, fmt.Sprintf("%d.%d %x", c.Level, c.Type, c.Data))
	}
	return s
}

var udpAddrs4 = []string{"127.0.0.1", "127.0.0.1", "127.0.0.2", "0.0.0.0", "192.0.2.9", "224.0.0.5", "224.0.0.1", "255.255.255.255", "127.255.255.255"}
var udpAddrs6 = []string{"::1", "::1", "::", "::ffff:127.0.0.1", "::ffff:127.0.0.2", "::ffff:0.0.0.0", "2001:db8::9", "ff02::1", "ff05::9", "fe80::1", "::ffff:224.0.0.1"}

// drawUDPAddr draws an address that mostly fits the family.
func drawUDPAddr(t *rapid.T, family uint16) (Addr, int32) {
	if rapid.IntRange(0, 19).Draw(t, "odd") == 0 {
		return Addr{Family: rapid.SampledFrom([]uint16{AF_UNSPEC, AF_UNSPEC, 77}).Draw(t, "af")}, rapid.SampledFrom([]int32{1, 2, 16, 28}).Draw(t, "length")
	}
	port := rapid.SampledFrom([]uint16{7001, 7001, 7002, 7003, 0}).Draw(t, "port")
	if rapid.IntRange(0, 15).Draw(t, "other family") == 0 {
		family = AF_INET + AF_INET6 - family
	}
	rare := rapid.IntRange(0, 7).Draw(t, "rare") == 0
	if family == AF_INET {
		list := udpAddrs4[:4]
		if rare {
			list = udpAddrs4
		}
		return in4(netip.MustParseAddr(rapid.SampledFrom(list).Draw(t, "addr")), port), rapid.SampledFrom([]int32{16, 16, 16, 16, 16, 28, 15}).Draw(t, "length")
	}
	list := udpAddrs6[:6]
	if rare {
		list = udpAddrs6
	}
	a := in6(netip.MustParseAddr(rapid.SampledFrom(list).Draw(t, "addr")), port)
	if rare {
		a.Scope = rapid.Uint32Range(0, 1).Draw(t, "scope")
	}
	return a, rapid.SampledFrom([]int32{28, 28, 28, 28, 28, 24, 23}).Draw(t, "length")
}

// udpOpts are options that change what the calls do.
var udpOpts = []agreeOpt{
	{SOL_SOCKET, SO_REUSEADDR, []int32{0, 1, 1}}, {SOL_SOCKET, SO_BROADCAST, []int32{0, 1}}, {SOL_SOCKET, SO_RXQ_OVFL, []int32{0, 1}},
	{SOL_SOCKET, SO_RCVBUF, []int32{0, 5000, 100000}}, {SOL_SOCKET, SO_SNDBUF, []int32{0, 5000, 100000}}, {SOL_SOCKET, SO_PEEK_OFF, []int32{-1, 0, 3}},
	{SOL_SOCKET, SO_ERROR, []int32{0}}, {SOL_SOCKET, SO_DONTROUTE, []int32{0, 1}}, {SOL_SOCKET, SO_TIMESTAMP, []int32{0, 1}}, {SOL_SOCKET, SO_TIMESTAMPNS, []int32{0, 1}},
	{SOL_SOCKET, SO_SELECT_ERR_QUEUE, []int32{0, 1}}, {SOL_SOCKET, SO_NO_CHECK, []int32{0, 1}},
	{SOL_IP, IP_RECVERR, []int32{0, 1, 1}}, {SOL_IP, IP_PKTINFO, []int32{0, 1, 1}}, {SOL_IP, IP_RECVTTL, []int32{0, 1, 1}}, {SOL_IP, IP_RECVTOS, []int32{0, 1, 1}},
	{SOL_IP, IP_RECVORIGDSTADDR, []int32{0, 1}}, {SOL_IP, IP_TTL, []int32{1, 9, 64}}, {SOL_IP, IP_TOS, []int32{0, 0x10, 0xff}},
	{SOL_IP, IP_MTU_DISCOVER, []int32{0, 1, 2, 3, 4, 5}}, {SOL_IP, IP_MULTICAST_TTL, []int32{0, 5}}, {SOL_IP, IP_MULTICAST_LOOP, []int32{0, 1}}, {SOL_IP, IP_MULTICAST_ALL, []int32{0, 1}},
	{SOL_IP, IP_MULTICAST_IF, []int32{0, 0x0100007f, 0x0100007f}},
	{SOL_IPV6, IPV6_RECVERR, []int32{0, 1, 1}}, {SOL_IPV6, IPV6_V6ONLY, []int32{0, 1}}, {SOL_IPV6, IPV6_RECVPKTINFO, []int32{0, 1, 1}}, {SOL_IPV6, IPV6_RECVHOPLIMIT, []int32{0, 1, 1}},
	{SOL_IPV6, IPV6_RECVTCLASS, []int32{0, 1, 1}}, {SOL_IPV6, IPV6_RECVORIGDSTADDR, []int32{0, 1}}, {SOL_IPV6, IPV6_2292PKTINFO, []int32{0, 1}}, {SOL_IPV6, IPV6_2292HOPLIMIT, []int32{0, 1}},
	{SOL_IPV6, IPV6_UNICAST_HOPS, []int32{-1, 0, 7}}, {SOL_IPV6, IPV6_TCLASS, []int32{-1, 0x20, 0xff}}, {SOL_IPV6, IPV6_MTU_DISCOVER, []int32{0, 1, 2, 3, 4, 5}},
	{SOL_IPV6, IPV6_MULTICAST_IF, []int32{0, 1}}, {SOL_IPV6, IPV6_MULTICAST_HOPS, []int32{0, 5}}, {SOL_IPV6, IPV6_DONTFRAG, []int32{0, 1}}, {SOL_IPV6, IPV6_MTU, []int32{0, 1280, 2000}},
	{SOL_IPV6, IPV6_MULTICAST_ALL, []int32{0, 1}}, {SOL_IPV6, IPV6_MULTICAST_LOOP, []int32{0, 1}},
	{SOL_UDP, UDP_CORK, []int32{0, 0, 1}}, {SOL_UDP, UDP_SEGMENT, []int32{0, 0, 3, 70000}}, {SOL_UDP, UDP_GRO, []int32{0, 1, 1}}, {SOL_UDP, UDP_NO_CHECK6_TX, []int32{0, 1}}, {SOL_UDP, UDP_NO_CHECK6_RX, []int32{0, 1}},
	{SOL_UDP, UDP_ENCAP, []int32{9}}, {SOL_UDP, 9999, []int32{0}},
}

// drawControl draws control messages of a send.
func drawControl(t *rapid.T) (list []Control) {
	if rapid.IntRange(0, 3).Draw(t, "control") > 0 {
		return nil
	}
	pktinfo4 := func(dev int32, a string) []byte {
		b := make([]byte, 12)
		le32(b, uint32(dev))
		x := netip.MustParseAddr(a).As4()
		copy(b[4:], x[:])
		return b
	}
	pktinfo6 := func(dev int32, a string) []byte {
		x := netip.MustParseAddr(a).As16()
		return append(x[:], cint(dev)...)
	}
	some := []Control{
		{SOL_IP, IP_TTL, cint(5)}, {SOL_IP, IP_TTL, cint(0)}, {SOL_IP, IP_TTL, []byte{1}}, {SOL_IP, IP_TOS, cint(0x28)}, {SOL_IP, IP_TOS, []byte{0x13}}, {SOL_IP, IP_TOS, cint(256)},
		{SOL_IP, IP_PKTINFO, pktinfo4(0, "127.0.0.2")}, {SOL_IP, IP_PKTINFO, pktinfo4(1, "0.0.0.0")}, {SOL_IP, IP_PKTINFO, pktinfo4(9, "127.0.0.1")}, {SOL_IP, IP_PKTINFO, pktinfo4(0, "192.0.2.9")},
		{SOL_IP, 9999, cint(1)}, {SOL_IPV6, IPV6_HOPLIMIT, cint(5)}, {SOL_IPV6, IPV6_HOPLIMIT, cint(256)}, {SOL_IPV6, IPV6_TCLASS, cint(0x33)}, {SOL_IPV6, IPV6_TCLASS, cint(-1)},
		{SOL_IPV6, IPV6_PKTINFO, pktinfo6(0, "::1")}, {SOL_IPV6, IPV6_PKTINFO, pktinfo6(1, "::")}, {SOL_IPV6, IPV6_PKTINFO, pktinfo6(0, "::ffff:127.0.0.2")}, {SOL_IPV6, IPV6_PKTINFO, pktinfo6(9, "::")},
		{SOL_IPV6, IPV6_PKTINFO, pktinfo6(0, "2001:db8::9")}, {SOL_IPV6, IPV6_DONTFRAG, cint(1)}, {SOL_IPV6, 9999, cint(1)},
		{SOL_UDP, UDP_SEGMENT, []byte{3, 0}}, {SOL_UDP, UDP_SEGMENT, []byte{0, 0}}, {SOL_UDP, UDP_SEGMENT, cint(3)}, {SOL_UDP, 9999, cint(3)},
		{SOL_SOCKET, SO_PRIORITY, cint(3)}, {SOL_SOCKET, SO_MARK, cint(3)}, {SOL_SOCKET, SO_MARK, []byte{3}}, {SOL_SOCKET, SCM_RIGHTS, nil}, {SOL_SOCKET, 9999, cint(1)}, {77, 1, nil},
	}
	return rapid.SliceOfN(rapid.SampledFrom(some), 1, 2).Draw(t, "messages")
}

// members begins with three sockets that share a port, can send to groups over
// loopback, and of which two are in one.
func (p dgramPair) members(t *rapid.T) (families []uint16) {
	group := []byte{224, 0, 0, 5, 127, 0, 0, 1}
	for i := range 3 {
		p.call(t, -1, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM | SOCK_NONBLOCK})
		p.call(t, i, setCall(0, SOL_SOCKET, SO_REUSEADDR, cint(1)))
		p.call(t, i, setCall(0, SOL_IP, IP_MULTICAST_IF, cint(0x0100007f)))
		p.call(t, i, Call{Op: OpBind, Addr: in4(netip.IPv4Unspecified(), 7001), AddrLen: 16})
		if i < 2 {
			if rapid.Bool().Draw(t, "one source") {
				source := rapid.SampledFrom([]byte{1, 2}).Draw(t, "source")
				p.call(t, i, setCall(0, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, append(group[:8:8], 127, 0, 0, source)))
			} else {
				p.call(t, i, setCall(0, SOL_IP, IP_ADD_MEMBERSHIP, group))
			}
		}
		families = append(families, AF_INET)
	}
	return families
}

// drawMembership draws an option of groups. Sources are the two that loopback has.
func drawMembership(t *rapid.T) Call {
	group := netip.MustParseAddr(rapid.SampledFrom([]string{"224.0.0.5", "224.0.0.5", "224.0.0.1", "127.0.0.1"}).Draw(t, "group"))
	v6 := netip.MustParseAddr(rapid.SampledFrom([]string{"ff05::9", "ff02::1", "::1", "::ffff:224.0.0.5"}).Draw(t, "group6"))
	iface := netip.MustParseAddr(rapid.SampledFrom([]string{"127.0.0.1", "127.0.0.1", "0.0.0.0", "192.0.2.9"}).Draw(t, "interface"))
	source := netip.MustParseAddr(rapid.SampledFrom([]string{"127.0.0.1", "127.0.0.2"}).Draw(t, "source"))
	dev := rapid.SampledFrom([]int32{0, 1, 9}).Draw(t, "index")
	mreq := append(group.AsSlice(), iface.AsSlice()...)
	switch n := rapid.IntRange(0, 8).Draw(t, "which"); n {
	case 0, 1:
		return setCall(0, SOL_IP, IP_ADD_MEMBERSHIP, mreq)
	case 2:
		return setCall(0, SOL_IP, IP_ADD_MEMBERSHIP, append(mreq, cint(dev)...))
	case 3:
		return setCall(0, SOL_IP, IP_DROP_MEMBERSHIP, mreq)
	case 4:
		return setCall(0, SOL_IP, IP_DROP_MEMBERSHIP, append(mreq, cint(dev)...))
	case 5:
		return setCall(0, SOL_IP, rapid.SampledFrom([]int32{IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP}).Draw(t, "option"), append(mreq, source.AsSlice()...))
	case 6:
		return setCall(0, SOL_IP, rapid.SampledFrom([]int32{IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE}).Draw(t, "option"), append(mreq, source.AsSlice()...))
	default:
		return setCall(0, SOL_IPV6, rapid.SampledFrom([]int32{IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP}).Draw(t, "option"), append(v6.AsSlice(), cint(dev)...))
	}
}

// drawUDPCall draws a call on a socket of that family.
func drawUDPCall(t *rapid.T, family uint16) Call {
	switch op := rapid.SampledFrom([]Op{
		OpBind, OpBind, OpConnect, OpConnect, OpSend, OpSend, OpSend, OpSend, OpRecv, OpRecv, OpRecv, OpRecv,
		OpShutdown, OpSetsockopt, OpSetsockopt, OpSetsockopt, OpGetsockopt, OpGetsockname, OpGetpeername, OpPoll, OpPoll, OpIoctl, OpListen, OpAccept,
	}).Draw(t, "op"); op {
	case OpBind, OpConnect:
		a, n := drawUDPAddr(t, family)
		return Call{Op: op, Addr: a, AddrLen: n}
	case OpListen:
		return listenCall(0, 1)
	case OpSend:
		c := Call{Op: op, Flags: rapid.SampledFrom([]int32{0, 0, 0, 0, 0, MSG_MORE, MSG_MORE, MSG_OOB, MSG_DONTROUTE, MSG_CONFIRM, MSG_PROBE, MSG_CONFIRM | MSG_PROBE}).Draw(t, "flags")}
		c.Data = make([]byte, rapid.SampledFrom([]int{0, 1, 4, 10, 400, 1300, 4000, 65000, 65507, 65508, 65527, 65528, 65536}[:rapid.SampledFrom([]int{4, 4, 5, 7, 13}).Draw(t, "sizes")]).Draw(t, "n"))
		for i := range c.Data {
			c.Data[i] = byte(len(c.Data) + i)
		}
		if rapid.IntRange(0, 2).Draw(t, "to") > 0 {
			c.Addr, c.AddrLen = drawUDPAddr(t, family)
		}
		c.Control = drawControl(t)
		return c
	case OpRecv:
		return Call{Op: op, Len: rapid.SampledFrom([]int32{0, 1, 3, 10, 65536, 65536}).Draw(t, "n"), Flags: rapid.SampledFrom([]int32{0, 0, 0, MSG_PEEK, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_ERRQUEUE, MSG_OOB, MSG_DONTWAIT}).Draw(t, "flags")}
	case OpShutdown:
		return Call{Op: op, N: rapid.Int64Range(-1, 3).Draw(t, "how")}
	case OpSetsockopt:
		if rapid.IntRange(0, 7).Draw(t, "group") == 0 {
			return drawMembership(t)
		}
		return drawSet(t, udpOpts)
	case OpGetsockopt:
		return drawGet(t, udpOpts, 4)
	case OpPoll:
		return pollCall(0, PollFD{Events: POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND})
	case OpIoctl:
		return Call{Op: op, N: rapid.SampledFrom([]int64{SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK}).Draw(t, "request")}
	default:
		return Call{Op: op}
	}
}

// Random calls on sockets of datagrams over loopback come out on the model as
// they do on the kernel: results, errors, data, addresses, flags, control
// messages, events of poll, lengths of queues (CO-11, SR-01 to SR-05, BI-05).
func TestRandomDatagramCallsAgreeWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := dgramPair{newPair(rt, k)}
		defer p.end()
		var families []uint16
		grouped := rapid.IntRange(0, 3).Draw(rt, "grouped") == 0
		if grouped {
			families = p.members(rt)
		}
		for range rapid.IntRange(1, 60).Draw(rt, "calls") {
			n := len(p.fds[0])
			if n == 0 || n < 5 && rapid.IntRange(0, 4).Draw(rt, "open") == 0 {
				f := rapid.SampledFrom([]uint16{AF_INET, AF_INET6}).Draw(rt, "family")
				families = append(families, f)
				p.call(rt, -1, Call{Op: OpSocket, Domain: int32(f), Type: SOCK_DGRAM | SOCK_NONBLOCK})
				continue
			}
			slot := rapid.IntRange(0, n-1).Draw(rt, "slot")
			if grouped && rapid.IntRange(0, 3).Draw(rt, "to group") == 0 {
				p.call(rt, slot, Call{Op: OpSend, Data: make([]byte, rapid.IntRange(0, 9).Draw(rt, "n")), Addr: in4(netip.MustParseAddr("224.0.0.5"), 7001), AddrLen: 16})
				continue
			}
			if rapid.IntRange(0, 24).Draw(rt, "close") == 0 {
				p.close(rt, slot)
				families = slices.Delete(families, slot, slot+1)
				continue
			}
			if c := drawUDPCall(rt, families[slot]); !p.overlaid(slot, c) {
				p.call(rt, slot, c)
			}
		}
	})
}

// How much a receive buffer takes, what is dropped and what SO_RXQ_OVFL tells
// of it, come out as on the kernel: datagrams of any size, read and looked at.
func TestReceiveBuffersAgreeWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := dgramPair{newPair(rt, k)}
		defer p.end()
		family, to, n := int32(AF_INET), in4(loopback4, 7001), int32(16)
		if rapid.Bool().Draw(rt, "v6") {
			family, to, n = AF_INET6, in6(netip.IPv6Loopback(), 7001), 28
		}
		for range 2 {
			p.call(rt, -1, Call{Op: OpSocket, Domain: family, Type: SOCK_DGRAM | SOCK_NONBLOCK})
		}
		p.call(rt, 0, Call{Op: OpBind, Addr: to, AddrLen: n})
		p.call(rt, 0, setCall(0, SOL_SOCKET, SO_RXQ_OVFL, cint(1)))
		p.call(rt, 0, setCall(0, SOL_SOCKET, SO_RCVBUF, cint(rapid.SampledFrom([]int32{0, 2000, 5000, 20000}).Draw(rt, "rcvbuf"))))
		for range rapid.IntRange(1, 60).Draw(rt, "calls") {
			switch rapid.IntRange(0, 5).Draw(rt, "op") {
			case 0, 1, 2:
				size := rapid.SampledFrom([]int{0, 1, 150, 184, 185, 197, 198, 632, 633, 645, 646, 1500, 3000, 9000, 20000}).Draw(rt, "n")
				p.call(rt, 1, Call{Op: OpSend, Data: make([]byte, size), Addr: to, AddrLen: n})
			case 3, 4:
				p.call(rt, 0, Call{Op: OpRecv, Len: 100, Flags: rapid.SampledFrom([]int32{0, 0, 0, MSG_PEEK}).Draw(rt, "flags")})
			default:
				p.call(rt, 0, pollCall(0, PollFD{Events: POLLIN}))
			}
			want := p.k.call(Call{Op: OpGetsockopt, FD: p.fds[0][0], Level: SOL_SOCKET, Name: SO_MEMINFO, Len: 36})
			_, s, _ := p.h.lookup(p.fds[1][0])
			require.Equal(rt, rd32(want.Data), s.dg.rmem, "sk_rmem_alloc (kernel, model)%s", p)
			require.Equal(rt, uint32(rd32(want.Data[32:])), s.dg.drops, "sk_drops%s", p)
		}
	})
}
