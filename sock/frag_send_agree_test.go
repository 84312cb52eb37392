//go:build linux && amd64

package sock

import (
	"bytes"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// send sends on both and compares what leaves, octet by octet.
func (p *fragPair) send(slot int, c Call) {
	c.FD = p.fds[0][slot]
	want := p.k.call(c)
	p.trace = append(p.trace, briefDgram(c)+" -> "+ErrnoName(want.Errno))
	c.FD = p.fds[1][slot]
	p.now = p.now.Add(20)
	out := p.h.Call(p.now, 1, c, nil)
	for i := range out {
		if e := &out[i]; e.Kind == Done {
			require.Equal(p.t, want.Value, e.Return.Value, "%s", p)
			require.Equal(p.t, ErrnoName(want.Errno), ErrnoName(e.Return.Errno), "%s", p)
		}
	}
	p.same(modelSent(out))
}

// fragOptions are those that say whether and how a datagram is cut.
var fragOptions = []struct {
	level, name int32
	values      []int32
}{
	{SOL_IP, IP_MTU_DISCOVER, []int32{0, 1, 2, 3, 4, 5}}, {SOL_IPV6, IPV6_MTU_DISCOVER, []int32{0, 1, 2, 3, 4, 5}},
	{SOL_IPV6, IPV6_DONTFRAG, []int32{0, 1}}, {SOL_IPV6, IPV6_MTU, []int32{1280, 1400, 1281, 0}}, {SOL_SOCKET, SO_NO_CHECK, []int32{0, 1}},
	{SOL_IP, IP_RECVERR, []int32{0, 1}}, {SOL_IPV6, IPV6_RECVERR, []int32{0, 1}}, {SOL_SOCKET, SO_SNDBUF, []int32{5000, 100000}}, {SOL_IP, IP_TOS, []int32{3}},
}

// narrow tells both that the way to the peer is narrower.
func (p *fragPair) narrow(t *rapid.T) {
	mtu := rapid.SampledFrom([]uint32{1280, 1300, 1401, 700, 100}).Draw(t, "mtu")
	q := Packet{Src: duoAddrs[0].Addr(), Dst: fragPeer4, SrcPort: 7001, DstPort: 9, Proto: ProtoUDP, Payload: make([]byte, 600)}
	m := Packet{Src: fragPeer4, Dst: q.Src, Proto: ProtoICMP, TTL: 9, ICMP: ICMP{Type: ICMPDestUnreach, Code: ICMPFragNeeded, MTU: mtu}}
	if rapid.Bool().Draw(t, "ipv6") {
		q.Src, q.Dst = duoAddrs[1].Addr(), fragPeer6
		m.Src, m.Dst, m.Proto, m.ICMP = fragPeer6, q.Src, ProtoICMPv6, ICMP{Type: ICMPv6PacketTooBig, MTU: mtu}
	}
	m.Payload = appendWire(nil, &q)[:200]
	p.arrive(appendWire(nil, &m))
}

// What is longer than the way is wide leaves on the model as on the kernel: cut at
// the same places, with the same flags and checksums, or refused with the same error
// (__ip_append_data, __ip6_append_data, ip_do_fragment, ip6_fragment).
func TestRandomLongDatagramsAgreeWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	kinds := []struct {
		domain, typ, proto int32
		to                 Addr
	}{
		{AF_INET, SOCK_DGRAM, 0, in4(fragPeer4, 9)}, {AF_INET6, SOCK_DGRAM, 0, in6(fragPeer6, 9)}, {AF_INET, SOCK_RAW, 200, in4(fragPeer4, 0)},
		{AF_INET6, SOCK_RAW, 200, in6(fragPeer6, 0)}, {AF_INET, SOCK_DGRAM, IPPROTO_ICMP, in4(fragPeer4, 0)},
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := newFragPair(rt, k)
		p.t = rt
		defer p.end()
		require.NoError(rt, os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 0"), 0))
		require.NoError(rt, p.h.SetSysctl("net.ipv4.ping_group_range", "0 0"))
		for i, c := range kinds {
			p.call(rt, -1, Call{Op: OpSocket, Domain: c.domain, Type: c.typ | SOCK_NONBLOCK, Proto: c.proto})
			at, n := in4(netip.IPv4Unspecified(), 7001), int32(16)
			if c.domain == AF_INET6 {
				at, n = in6(duoAddrs[1].Addr(), 7001), 28
			}
			if c.typ == SOCK_DGRAM {
				p.call(rt, i, Call{Op: OpBind, Addr: at, AddrLen: n})
			}
			if c.typ == SOCK_DGRAM && c.proto == 0 {
				p.send(i, Call{Op: OpConnect, Addr: c.to, AddrLen: 28})
			}
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			slot := rapid.IntRange(0, len(kinds)-1).Draw(rt, "slot")
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0, 1:
				o := rapid.SampledFrom(fragOptions).Draw(rt, "option")
				p.call(rt, slot, setCall(0, o.level, o.name, cint(rapid.SampledFrom(o.values).Draw(rt, "value"))))
			case 2:
				p.narrow(rt)
			default:
				n := rapid.SampledFrom([]int{10, 1240, 1252, 1280, 1381, 1400, 1452, 1472, 1473, 1480, 1481, 2900, 2904, 2952, 2960, 4000, 65507, 65515, 65527, 65535}).Draw(rt, "size")
				n += rapid.IntRange(-1, 1).Draw(rt, "more")
				c := Call{Op: OpSend, Data: bytes.Repeat([]byte{0xa5}, n), Addr: kinds[slot].to, AddrLen: 28}
				if slot < 2 {
					c.AddrLen = 0
				}
				if kinds[slot].proto == IPPROTO_ICMP {
					copy(c.Data, []byte{ICMPEcho, 0, 0, 0})
				}
				if rapid.IntRange(0, 5).Draw(rt, "corked") == 0 {
					c.Flags = MSG_MORE
				}
				p.send(slot, c)
			}
		}
	})
}
