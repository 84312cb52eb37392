//go:build linux && amd64

package sock

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate"
)

// fragPair is the model and the live kernel behind a link: both get the same
// packets and calls.
type fragPair struct {
	dgramPair
	t *rapid.T
}

var (
	fragPeer4 = netip.MustParseAddr("192.168.7.7")
	fragPeer6 = netip.MustParseAddr("fd3d:fa7b:d17d::9")
)

// fragSysctls keep out what is drawn by chance, and the limits of ICMP.
var fragSysctls = [][2]string{
	{"net/ipv6/auto_flowlabels", "0"}, {"net/ipv4/icmp_ratemask", "0"}, {"net/ipv6/icmp/ratelimit", "0"},
	{"net/ipv4/icmp_msgs_per_sec", "1000000"}, {"net/ipv4/icmp_msgs_burst", "1000000"},
}

func newFragPair(t *rapid.T, k *live) *fragPair {
	require.NoError(t, k.freshTun())
	h := New(HostConfig{FirstFile: 3, Seed: 1, Addrs: duoAddrs, Unreachable: true})
	for _, s := range fragSysctls {
		require.NoError(t, os.WriteFile("/proc/sys/"+s[0], []byte(s[1]), 0))
		require.NoError(t, h.SetSysctl(s[0], s[1]))
	}
	return &fragPair{dgramPair{&pair{k: k, h: h, now: Time(tcpstate.Second)}}, t}
}

// sent is what the kernel sent, without what it draws by chance and what it asks
// of routers.
func (p *fragPair) sent() (all [][]byte) {
	var b [1 << 16]byte
	for wait := 0; ; {
		n, err := unix.Read(p.k.tun, b[:])
		if err != nil {
			if wait++; wait > 1 || len(all) > 0 {
				return all
			}
			time.Sleep(200 * time.Microsecond)
			continue
		}
		if b[0]>>4 == 6 && b[24] == 0xff && b[25] == 2 {
			continue
		}
		all = append(all, unchance(bytes.Clone(b[:n])))
	}
}

// unchance takes identifications out.
func unchance(b []byte) []byte {
	sameIDs(b)
	if b[0]>>4 == 6 && b[6] == extFragment {
		clear(b[44:48])
	}
	return b
}

// modelSent is what the model sent.
func modelSent(out []Effect) (all [][]byte) {
	for i := range out {
		if e := &out[i]; e.Kind == Transmit {
			all = append(all, unchance(appendWire(nil, &e.Packet)))
		}
	}
	return all
}

// arrive hands both a packet and compares what they answer.
func (p *fragPair) arrive(b []byte) {
	p.trace = append(p.trace, fmt.Sprintf("< %x", b))
	_, err := unix.Write(p.k.tun, b)
	require.NoError(p.t, err, "%s", p)
	p.now = p.now.Add(20)
	var q Packet
	var out []Effect
	if readWire(bytes.Clone(b), &q) {
		ok := true
		if q.IPv6() {
			var off int
			if off, q.Proto, ok = skipExtensions6(q.Wire, ip6HdrLen, q.Wire[6]); ok {
				q.Ext = uint16(off - ip6HdrLen)
				if q.Proto != extFragment {
					q.readTransport(q.Wire[off:])
				}
			}
		}
		if ok {
			out = p.h.Deliver(p.now, &q, nil)
		}
	}
	for i := range out {
		if e := &out[i]; e.Kind == Dropped || e.Kind == Noted {
			p.trace = append(p.trace, "  model: "+e.Why.String())
		}
	}
	require.NoError(p.t, p.h.Check(), "%s", p)
	p.same(modelSent(out))
}

// same compares what left.
func (p *fragPair) same(got [][]byte) {
	want := p.sent()
	require.Equal(p.t, fmt.Sprintf("%x", want), fmt.Sprintf("%x", got), "packets (kernel, model)%s", p)
}

// counted are the kernel's counters of fragments by the model's names.
func (p *fragPair) counted() map[string]uint64 {
	all := map[string]uint64{}
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/net/snmp", unix.Gettid()))
	require.NoError(p.t, err)
	lines := strings.Split(string(b), "\n")
	names, values := strings.Fields(lines[0]), strings.Fields(lines[1])
	for i := 1; i < len(names); i++ {
		var n uint64
		fmt.Sscan(values[i], &n)
		all["Ip"+names[i]] = n
	}
	b, err = os.ReadFile(fmt.Sprintf("/proc/self/task/%d/net/snmp6", unix.Gettid()))
	require.NoError(p.t, err)
	for _, l := range strings.Split(string(b), "\n") {
		if f := strings.Fields(l); len(f) == 2 {
			var n uint64
			fmt.Sscan(f[1], &n)
			all[f[0]] = n
		}
	}
	return all
}

// sameCounters compares the counters of fragments.
func (p *fragPair) sameCounters() {
	want, got := p.counted(), p.h.Counters()
	for m := MibIPReasmTimeout; m < numMibs; m++ {
		require.Equal(p.t, want[m.String()], got[m], "%v%s", m, p)
	}
}

// drawWhole draws a datagram: its unfragmentable part, and the rest.
func drawWhole(t *rapid.T, serial int) (head, body []byte) {
	p := Packet{Src: fragPeer4, Dst: duoAddrs[0].Addr(), SrcPort: 9, DstPort: 7001, TTL: 9, NoDF: true, ID: uint16(serial)}
	if rapid.Bool().Draw(t, "ipv6") {
		p.Src, p.Dst = fragPeer6, duoAddrs[1].Addr()
	}
	switch p.Proto = rapid.SampledFrom([]uint8{ProtoUDP, ProtoUDP, ProtoUDP, ProtoTCP, ProtoICMP, 200}).Draw(t, "protocol"); p.Proto {
	case ProtoTCP:
		p.Seg = tcpstate.Segment{Seq: 0xfffffff0, Flags: tcpstate.SYN, Wnd: 1000}
	case ProtoICMP:
		if p.ICMP = (ICMP{Type: ICMPEcho, MTU: 0x12345678}); p.IPv6() {
			p.Proto, p.ICMP.Type = ProtoICMPv6, icmp6Echo
		}
	}
	n := rapid.SampledFrom([]int{0, 1, 8, 30, 64, 100, 1470, 3000}).Draw(t, "size")
	p.Payload = bytes.Repeat([]byte{byte('a' + serial)}, n)
	p.Seg.Len = uint32(n)
	if rapid.IntRange(0, 5).Draw(t, "wrong port") == 0 {
		p.DstPort = 7009
	}
	if p.Proto == 200 {
		h := p
		b := append(appendIP(nil, &h), p.Payload...)
		finishIP(b)
		p.Opaque, p.Wire = true, b
	}
	b := appendWire(nil, &p)
	if !p.IPv6() {
		return b[:ip4HdrLen], b[ip4HdrLen:]
	}
	head, body = b[:ip6HdrLen:ip6HdrLen], b[ip6HdrLen:]
	options := []byte{head[6], 0, 1, 4, 0, 0, 0, 0}
	switch rapid.IntRange(0, 9).Draw(t, "options") {
	case 0:
		head, head[6] = append(head, options...), extDstOpts
	case 1:
		body = append(options, body...)
		head[6] = extDstOpts
	}
	return head, body
}

// fragmentOf is octets from to to of a datagram.
func fragmentOf(head, body []byte, id uint32, from, to int, more bool) []byte {
	flag := uint16(0)
	b := bytes.Clone(head)
	if head[0]>>4 == 4 {
		if more {
			flag = fragMore4
		}
		b = append(b, body[from:to]...)
		binary.BigEndian.PutUint16(b[4:], uint16(id))
		binary.BigEndian.PutUint16(b[6:], uint16(from/8)|flag)
	} else {
		if more {
			flag = 1
		}
		at := nextHeaderIn(head)
		b = append(b, b[at], 0)
		b = binary.BigEndian.AppendUint16(b, uint16(from)&^7|flag)
		b = binary.BigEndian.AppendUint32(b, id)
		b = append(b, body[from:to]...)
		b[at] = extFragment
	}
	finishIP(b)
	return b
}

// drawFragments draws the fragments of a datagram, in any order, some of them
// twice, some of them wrong.
func drawFragments(t *rapid.T, serial int) (all [][]byte) {
	head, body := drawWhole(t, serial)
	id := uint32(serial)
	for at := 0; at < len(body); {
		to := min(at+8*rapid.SampledFrom([]int{1, 1, 2, 3, 8, 64, 180}).Draw(t, "eights"), len(body))
		all = append(all, fragmentOf(head, body, id, at, to, to < len(body)))
		at = to
		if len(all) > 40 {
			break
		}
	}
	if len(body) == 0 {
		all = append(all, fragmentOf(head, body, id, 0, 0, true))
	}
	if rapid.IntRange(0, 3).Draw(t, "reorder") > 0 {
		all = rapid.Permutation(all).Draw(t, "order")
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2}).Draw(t, "oddities") {
		at := rapid.IntRange(0, len(all)).Draw(t, "where")
		all = append(all[:at:at], append([][]byte{drawOddity(t, head, body, id)}, all[at:]...)...)
	}
	return all
}

// drawOddity draws a fragment of a datagram that may overlap others, end where it
// must not, or disagree with them.
func drawOddity(t *rapid.T, head, body []byte, id uint32) []byte {
	from := rapid.IntRange(0, len(body)/8).Draw(t, "from") * 8
	to := from + rapid.SampledFrom([]int{8, 16, 24, 64, 3, 0, 13}).Draw(t, "octets")
	body = append(bytes.Clone(body), make([]byte, 80)...)
	b := fragmentOf(head, body, id, from, to, rapid.IntRange(0, 2).Draw(t, "more") > 0)
	switch v6 := b[0]>>4 == 6; rapid.IntRange(0, 5).Draw(t, "oddity") {
	case 0: // ECN
		if v6 {
			b[1] |= byte(rapid.IntRange(1, 3).Draw(t, "ecn")) << 4
		} else {
			b[1] |= byte(rapid.IntRange(1, 3).Draw(t, "ecn"))
		}
	case 1: // far away
		if v6 {
			b[len(b)-(to-from)-6] |= 0xff
		} else {
			b[6] |= 0x1f
		}
	case 2:
		if !v6 {
			b[6] |= flagDF
		}
	}
	finishIP(b)
	return b
}

// Fragments in any order, doubled, overlapping, of wrong lengths, of several
// datagrams at once come out on the model as on the kernel: what sockets get, what
// is answered octet by octet, what is counted (inet_frag_queue_insert, ip_frag_queue,
// ip6_frag_queue, ipv6_frag_rcv).
func TestRandomFragmentsAgreeWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := newFragPair(rt, k)
		defer p.end()
		for i, c := range []Call{
			{Op: OpSocket, Domain: AF_INET6, Type: SOCK_DGRAM | SOCK_NONBLOCK},
			{Op: OpSocket, Domain: AF_INET, Type: SOCK_RAW | SOCK_NONBLOCK, Proto: 200},
			{Op: OpSocket, Domain: AF_INET6, Type: SOCK_RAW | SOCK_NONBLOCK, Proto: 200},
			{Op: OpSocket, Domain: AF_INET6, Type: SOCK_RAW | SOCK_NONBLOCK, Proto: extFragment},
		} {
			p.call(rt, -1, c)
			if i == 0 {
				p.call(rt, 0, Call{Op: OpBind, Addr: in6(netip.IPv6Unspecified(), 7001), AddrLen: 28})
			}
		}
		var all [][]byte
		for i := range rapid.IntRange(1, 3).Draw(rt, "datagrams") {
			for _, b := range drawFragments(rt, 1+i) {
				at := rapid.IntRange(0, len(all)).Draw(rt, "among")
				if rapid.Bool().Draw(rt, "behind") {
					at = len(all)
				}
				all = append(all[:at:at], append([][]byte{b}, all[at:]...)...)
			}
		}
		for _, b := range all {
			p.arrive(b)
		}
		for range 3 {
			for slot := range p.fds[0] {
				p.call(rt, slot, Call{Op: OpRecv, Len: 65536, Flags: MSG_TRUNC})
			}
		}
		p.sameCounters()
	})
}
