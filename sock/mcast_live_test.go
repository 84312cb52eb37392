//go:build linux && amd64

package sock

import (
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate"
)

// newGroupPair starts both with loopback and a link.
func newGroupPair(t require.TestingT, k *live) dgramPair {
	require.NoError(t, k.freshTun())
	h := New(HostConfig{FirstFile: 3, Seed: 1, Addrs: duoAddrs, Unreachable: true})
	return dgramPair{&pair{k: k, h: h, now: Time(tcpstate.Second)}}
}

// sysctl sets one on both.
func (p dgramPair) sysctl(t require.TestingT, path, value string) {
	require.NoError(t, os.WriteFile("/proc/sys/"+path, []byte(value), 0))
	require.NoError(t, p.h.SetSysctl(path, value))
}

var (
	groupAddrs   = []string{"239.1.2.3", "239.1.2.3", "224.0.0.5", "224.0.0.1", "ff05::9", "ff05::9", "ff02::5", "127.0.0.1", "::1", "::ffff:224.0.0.5"}
	groupSources = []string{"127.0.0.1", "192.168.0.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "fd3d:fa7b:d17d::1", "fe80::1", "2001:db8::1", "2001:db8::2"}
)

// storageOf lays an address out as struct sockaddr_storage; a family of 0 is the
// address's own.
func storageOf(a netip.Addr, family uint16) []byte {
	b := make([]byte, sizeofStorage)
	putSockaddr(b, netip.AddrPortFrom(a, 0), 0)
	if family != 0 {
		b[0] = byte(family)
	}
	return b
}

// groupDraw draws the parts of the options.
type groupDraw struct{ *rapid.T }

func (d groupDraw) addr(list []string, family uint16) netip.Addr {
	var fit []netip.Addr
	for _, s := range list {
		if a := netip.MustParseAddr(s); a.Is4() == (family == AF_INET) || d.rarely() {
			fit = append(fit, a)
		}
	}
	return rapid.SampledFrom(fit).Draw(d.T, "addr")
}

func (d groupDraw) rarely() bool { return rapid.IntRange(0, 19).Draw(d.T, "rarely") == 0 }

// odd is a family that is not the address's, now and then.
func (d groupDraw) odd() uint16 {
	if d.rarely() {
		return rapid.SampledFrom([]uint16{0, AF_INET, AF_INET6, 77}).Draw(d.T, "family")
	}
	return 0
}

// cut makes a value too short or too long, now and then.
func (d groupDraw) cut(b []byte) []byte {
	if !d.rarely() {
		return b
	}
	if rapid.Bool().Draw(d.T, "longer") {
		return append(b, make([]byte, 8)...)
	}
	return b[:rapid.IntRange(0, len(b)).Draw(d.T, "length")]
}

// index begins a structure with an interface.
func (d groupDraw) index() []byte {
	return append(cint(rapid.SampledFrom([]int32{0, 1, 2, 2, 9}).Draw(d.T, "index")), 0, 0, 0, 0)
}

// filter draws struct group_filter, or with old ip_msfilter.
func (d groupDraw) filter(family uint16, old bool) []byte {
	n := rapid.IntRange(0, 5).Draw(d.T, "sources")
	count, mode := cint(int32(n)), cint(rapid.SampledFrom([]int32{0, 1, 0, 1, 2}).Draw(d.T, "mode"))
	if d.rarely() {
		count = cint(rapid.SampledFrom([]int32{-1, 11, 64, 65, 0x3ffffffc}).Draw(d.T, "count"))
	}
	group := d.addr(groupAddrs, family)
	var b []byte
	if old {
		iface := netip.MustParseAddr(rapid.SampledFrom([]string{"0.0.0.0", "127.0.0.1", "192.168.0.1", "192.0.2.9"}).Draw(d.T, "interface"))
		b = append(group.AsSlice()[:4:4], iface.AsSlice()...)
		b = append(append(b, mode...), count...)
	} else {
		b = append(d.index(), storageOf(group, d.odd())...)
		b = append(append(b, mode...), count...)
	}
	for range n {
		a := d.addr(groupSources, family)
		if old {
			b = append(b, a.AsSlice()[:4]...)
		} else {
			b = append(b, storageOf(a, d.odd())...)
		}
	}
	return d.cut(b)
}

// option draws a call about groups, to set or to read.
func (d groupDraw) option(family uint16) Call {
	level := int32(SOL_IP)
	if family == AF_INET6 {
		level = SOL_IPV6
	}
	req := append(d.index(), storageOf(d.addr(groupAddrs, family), d.odd())...)
	switch name := rapid.SampledFrom([]int32{
		MCAST_JOIN_GROUP, MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, MCAST_JOIN_SOURCE_GROUP, MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP,
		MCAST_BLOCK_SOURCE, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE, MCAST_MSFILTER, -MCAST_MSFILTER, IP_MSFILTER, -IP_MSFILTER, IPV6_MULTICAST_ALL,
	}).Draw(d.T, "option"); name {
	case MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP:
		return setCall(0, level, name, d.cut(req))
	case MCAST_MSFILTER:
		return setCall(0, level, name, d.filter(family, false))
	case -MCAST_MSFILTER:
		b := d.filter(family, false)
		return Call{Op: OpGetsockopt, Level: level, Name: -name, Data: b, Len: int32(len(b))}
	case IP_MSFILTER:
		return setCall(0, SOL_IP, name, d.filter(AF_INET, true))
	case -IP_MSFILTER:
		b := d.filter(AF_INET, true)
		return Call{Op: OpGetsockopt, Level: SOL_IP, Name: -name, Data: b, Len: int32(len(b))}
	case IPV6_MULTICAST_ALL:
		if family == AF_INET {
			name = IP_MULTICAST_ALL
		}
		return setCall(0, level, name, cint(rapid.Int32Range(0, 1).Draw(d.T, "all")))
	default:
		return setCall(0, level, name, d.cut(append(req, storageOf(d.addr(groupSources, family), d.odd())...)))
	}
}

// memory compares what the socket's options take (SK_MEMINFO_OPTMEM).
func (p dgramPair) memory(t require.TestingT, slot int) {
	c := Call{Op: OpGetsockopt, FD: p.fds[0][slot], Level: SOL_SOCKET, Name: SO_MEMINFO, Len: 36}
	want := rd32(p.k.call(c).Data[24:])
	_, s, _ := p.h.lookup(p.fds[1][slot])
	require.EqualValues(t, want, s.optmem(), "sk_omem_alloc (kernel, model)%s", p)
}

// anycast draws a call about addresses that several hosts have.
func (d groupDraw) anycast(p dgramPair, slot int) {
	a := netip.MustParseAddr(rapid.SampledFrom([]string{"fd3d:fa7b:d17d::77", "fd3d:fa7b:d17d::77", "fd3d:fa7b:d17d::77", "fd3d:fa7b:d17d::1",
		"fe80::77", "2001:db8::1", "::1", "::", "ff05::9", "::ffff:192.168.0.1"}).Draw(d.T, "address"))
	dev := rapid.SampledFrom([]int32{0, 0, 1, 2, 9}).Draw(d.T, "index")
	name := rapid.SampledFrom([]int32{IPV6_JOIN_ANYCAST, IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST, 0, 0}).Draw(d.T, "option")
	switch {
	case name != 0:
		p.call(d.T, slot, setCall(0, SOL_IPV6, name, d.cut(append(a.AsSlice(), cint(dev)...))))
		p.memory(d.T, slot)
	case rapid.IntRange(0, 3).Draw(d.T, "sticky") == 0:
		p.call(d.T, slot, setCall(0, SOL_IPV6, IPV6_PKTINFO, d.cut(append(a.AsSlice(), cint(dev)...))))
	case rapid.IntRange(0, 9).Draw(d.T, "connect") == 0:
		peer := netip.MustParseAddr(rapid.SampledFrom([]string{"::1", "fd3d:fa7b:d17d::1", "ff05::9"}).Draw(d.T, "peer"))
		p.call(d.T, slot, Call{Op: OpConnect, Addr: in6(peer, 7001), AddrLen: 28})
		p.call(d.T, slot, Call{Op: OpSend, Data: []byte("to the peer")})
	case rapid.Bool().Draw(d.T, "from"):
		b := append(netip.MustParseAddr("fd3d:fa7b:d17d::77").AsSlice(), cint(0)...)
		p.call(d.T, slot, Call{Op: OpSend, Data: []byte("from all"), Addr: in6(netip.MustParseAddr("fd3d:fa7b:d17d::1"), 7001), AddrLen: 28, Control: []Control{{SOL_IPV6, IPV6_PKTINFO, b}}})
	default:
		p.call(d.T, slot, Call{Op: OpSend, Data: []byte("to all"), Addr: in6(netip.MustParseAddr("fd3d:fa7b:d17d::77"), 7001), AddrLen: 28})
	}
}

// send draws a datagram to a group over one of the interfaces.
func (d groupDraw) send(p dgramPair, slot int, family uint16) {
	a, to := d.addr(groupAddrs[:7], family), Addr{}
	if a.Is4() != (family == AF_INET) {
		return
	}
	n := int32(16)
	dev := rapid.SampledFrom([]int32{1, 2, 2}).Draw(d.T, "out")
	if to = in4(a, 7001); family == AF_INET {
		b := append(make([]byte, 8), cint(dev)...)
		p.call(d.T, slot, setCall(0, SOL_IP, IP_MULTICAST_IF, b))
	} else {
		to, n = in6(a, 7001), 28
		p.call(d.T, slot, setCall(0, SOL_IPV6, IPV6_MULTICAST_IF, cint(2)))
	}
	p.call(d.T, slot, Call{Op: OpSend, Data: fmt.Appendf(nil, "%d %v", slot, a), Addr: to, AddrLen: n})
}

// Random joins, leaves and filters of sockets of all kinds, in both families, by
// all of RFC 3678's options, and datagrams to the groups: results, filters as they
// are read back, who hears what, and the memory that it takes, are the kernel's.
func TestGroupsAndFiltersAgreeWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	total := 0
	rapid.Check(t, func(rt *rapid.T) {
		p, d := newGroupPair(rt, k), groupDraw{rt}
		defer p.end()
		if rapid.Bool().Draw(rt, "narrow") {
			p.sysctl(rt, "net/ipv4/igmp_max_memberships", "2")
			p.sysctl(rt, "net/ipv4/igmp_max_msf", rapid.SampledFrom([]string{"0", "3", "30"}).Draw(rt, "msf"))
		}
		var families []uint16
		for i := range 4 {
			f := rapid.SampledFrom([]uint16{AF_INET, AF_INET6}).Draw(rt, "family")
			families = append(families, f)
			typ := rapid.SampledFrom([]int32{SOCK_DGRAM, SOCK_DGRAM, SOCK_DGRAM, SOCK_DGRAM, SOCK_STREAM}).Draw(rt, "type")
			p.call(rt, -1, Call{Op: OpSocket, Domain: int32(f), Type: typ | SOCK_NONBLOCK})
			p.call(rt, i, setCall(0, SOL_SOCKET, SO_REUSEADDR, cint(1)))
			a, n := in4(netip.IPv4Unspecified(), 7001), int32(16)
			if f == AF_INET6 {
				a, n = in6(netip.IPv6Unspecified(), 7001), 28
			}
			p.call(rt, i, Call{Op: OpBind, Addr: a, AddrLen: n})
		}
		for range rapid.IntRange(1, 40).Draw(rt, "calls") {
			slot := rapid.IntRange(0, len(families)-1).Draw(rt, "slot")
			switch rapid.IntRange(0, 7).Draw(rt, "what") {
			case 0:
				d.send(p, slot, families[slot])
			case 2, 3:
				if families[slot] == AF_INET6 {
					d.anycast(p, slot)
				}
			case 1:
				p.call(rt, slot, Call{Op: OpRecv, Len: 100})
			default:
				f := families[slot]
				if f == AF_INET6 && rapid.IntRange(0, 3).Draw(rt, "IPv4's") == 0 {
					f = AF_INET // a socket of IPv6 has both
				}
				p.call(rt, slot, d.option(f))
				p.memory(rt, slot)
			}
			total++
		}
	})
	t.Logf("%d calls", total)
}
