package sock_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
	"github.com/sockspec/sockspec/fuzz/shrink"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// samples are a packet of each kind in both families.
func samples() []sock.Packet {
	v4 := [2]string{"192.0.2.1", "198.51.100.2"}
	v6 := [2]string{"2001:db8::1", "2001:db8:ffff::2"}
	var all []sock.Packet
	for i, a := range [][2]string{v4, v6} {
		base := sock.Packet{Src: netip.MustParseAddr(a[0]), Dst: netip.MustParseAddr(a[1]), TTL: 64, TOS: 0x10, Payload: []byte("odd")}
		p := base
		p.Proto, p.SrcPort, p.DstPort = sock.ProtoTCP, 4000, 80
		p.Seg = tcpstate.Segment{Seq: 1<<32 - 2, Ack: 7, Len: 3, Wnd: 9, Urg: 2, Flags: tcpstate.SYN | tcpstate.AE, ECN: tcpstate.CE,
			Opts: tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptTS, MSS: 1460, TSVal: 1}}
		segment := p
		all = append(all, p)
		p.Seg.Opts = tcpstate.Options{Set: tcpstate.OptSACKOK | tcpstate.OptWScale | tcpstate.OptFastOpen, WScale: 7, Cookie: tcpstate.FastCookie{Len: 4, Val: [16]byte{7}, Exp: true}}
		all = append(all, p)
		p.Seg.Flags, p.Seg.Opts = tcpstate.ACK, tcpstate.Options{Set: tcpstate.OptSACK | tcpstate.OptTS, TSEcr: 3, NSACK: 1, SACK: [4]tcpstate.Range{{Start: 1<<32 - 5, End: 6}}}
		all = append(all, p)
		p = base
		p.Proto, p.SrcPort, p.DstPort = sock.ProtoUDP, 53, 53
		all = append(all, p)
		if i == 0 {
			p.NoCheck, p.NoDF, p.ID = true, true, 77
		} else {
			all = append(all, p)
			p.NoCheck, p.Flow = true, 0xabcde
		}
		all = append(all, p)
		p = base
		p.Proto, p.ICMP = sock.ProtoICMP, sock.ICMP{Type: 8, MTU: 0x10002}
		if i == 1 {
			p.Proto, p.ICMP.Type = sock.ProtoICMPv6, 128
		}
		all = append(all, p)
		quoted, _ := packetio.Encode(nil, &all[len(all)-2])
		p.Payload = quoted
		p.ICMP.Type, p.ICMP.Code, p.ICMP.MTU = []uint8{3, 1}[i], []uint8{3, 4}[i], 0
		all = append(all, p)
		p.Payload, _ = packetio.Encode(nil, &segment)
		all = append(all, p)
	}
	return all
}

// wireSeeds are the samples: whole, cut, padded, with a wrong checksum, and
// changed into what no transport reads.
func wireSeeds(t testing.TB) (all [][]byte) {
	for _, p := range samples() {
		b, err := packetio.Encode(nil, &p)
		require.NoError(t, err)
		all = append(all, b, b[:len(b)-1], append(slices.Clone(b), 1, 2))
		at := 20
		if p.IPv6() {
			at = 40
		}
		for _, change := range [][2]int{{len(b) - 1, 0x55}, {at + 5, 0}, {at + 5, 3}, {at + 12, 0x40}, {at + 12, 0xf0}, {6, 0x20}, {9, 200}, {6, 200}, {0, 0x55}, {at, 19}, {at + 8, 0x77}, {6, 0}} {
			c := slices.Clone(b)
			if change[0] < len(c) {
				c[change[0]] = byte(change[1])
			}
			all = append(all, c, mend(c))
			if !p.IPv6() {
				put(c[10:], 0, c[:20])
				all = append(all, slices.Clone(c))
			}
		}
	}
	return all
}

// wireKinds is what a host makes of a packet's bytes.
func wireKinds(r reach.Set, b []byte) {
	var p sock.Packet
	version := "IPv4 "
	ok := sock.ReadWire(b, &p)
	r.See("refused", !ok)
	if !ok {
		return
	}
	r.Fields(p)
	if p.IPv6() {
		version = "IPv6 "
	}
	for proto, name := range map[uint8]string{sock.ProtoTCP: "TCP", sock.ProtoUDP: "UDP", sock.ProtoICMP: "ICMP", sock.ProtoICMPv6: "ICMPv6"} {
		if other := proto == sock.ProtoICMP && p.IPv6() || proto == sock.ProtoICMPv6 && !p.IPv6(); other {
			continue
		}
		mine := p.Proto == proto
		r.See(version+name, mine && !p.Opaque)
		r.See(version+name+" with a wrong sum", mine && p.BadSum)
		r.See(version+name+" that its transport does not read", mine && p.Opaque && !p.BadSum)
	}
	r.See(version+"ICMP error", !p.Opaque && p.ICMP.Quote.Src.IsValid())
	r.See(version+"of a protocol that nobody knows", p.Proto == 200)
	r.See(version+"UDP without a checksum", p.NoCheck)
}

// The seeds are of every protocol of both families, sound and spoilt.
func TestSeedsReachEveryWire(t *testing.T) {
	r := reach.Set{}
	for _, b := range wireSeeds(t) {
		wireKinds(r, b)
	}
	require.Empty(t, r.Missed(map[string]string{
		"Packet.Dev": "a host's: no packet says where it came in",
		"Packet.Ext": "a host walks no extension headers of its own packets",

		"Segment.Charge": "a host's: what the memory costs that brought it",
		"Segment.Room":   "a host's, too",
		"Segment.Size":   "of what a host has offloaded and stays there",
		"Segment.Heard":  "of what comes from the host itself",
		"Segment.Joined": "of what waits for a call",
	}), "no seed has these")
}

// FuzzWire: for packets that the host hands to itself it reads and writes the
// bytes that the codec does, and nothing panics.
func FuzzWire(f *testing.F) {
	for _, b := range wireSeeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { wireTarget.Check(t, b) })
}

// wireTarget: what it finds is told as the packet, and as what the codec and the host read in it.
var wireTarget = shrink.Target[[]byte]{
	Name: "FuzzWire",
	Run: func(t shrink.T, b []byte) {
		checkWire(t, b)
		checkWire(t, mend(b))
	},
	Shrink: shrink.Octets,
	Args:   func(b []byte) []any { return []any{b} },
	Tell: func(logf shrink.Logf, b []byte) {
		if shrink.Caught(func(t shrink.T) { checkWire(t, b) }) == nil {
			b = mend(b)
			logf("with its lengths and checksums mended:")
		}
		logf("%d octets\n%s", len(b), hex.Dump(b))
		logf("a test of package sock_test:\n%s", shrink.TestCase("WireFound", fmt.Sprintf("checkWire(t, []byte(%q))", b)))
		var p, q sock.Packet
		err := packetio.Decode(b, &p)
		logf("the codec reads: %s, error %v", shrink.Fields(p), err)
		ok := sock.ReadWire(b, &q)
		logf("the host reads:  %s, %t", shrink.Fields(q), ok)
		want, err := packetio.Encode(nil, &p)
		logf("the codec writes: %x, error %v", want, err)
		logf("the host writes:  %x", sock.AppendWire(nil, &p))
	},
}

func TestTheHostWritesWhatTheCodecDoes(t *testing.T) {
	for _, p := range samples() {
		want, err := packetio.Encode(nil, &p)
		require.NoError(t, err)
		require.Equal(t, want, sock.AppendWire(nil, &p))
		checkWire(t, want)
	}
}

func checkWire(t require.TestingT, b []byte) {
	var p, q sock.Packet
	err := packetio.Decode(b, &p)
	ok := sock.ReadWire(b, &q)
	if p.Wire == nil || !p.IPv6() && len(p.Wire) != len(b) || p.Ext > 0 {
		extended := q.IPv6() && strings.ContainsRune("\x00\x2b\x2c\x3c", rune(q.Proto))
		require.True(t, !ok || extended, "%x: padding, fragments and broken headers go no further", b)
		return
	}
	require.True(t, ok, "%v", err)
	require.Equal(t, p.Opaque, q.Opaque, "whether the transport's header is beyond the codec, and the host")
	if p.Opaque {
		require.Equal(t, p.Wire, q.Wire)
		require.Equal(t, p.Proto, q.Proto)
		return
	}
	p.Payload, q.Payload = append([]byte{}, p.Payload...), append([]byte{}, q.Payload...)
	require.Equal(t, p, q)
	want, err := packetio.Encode(nil, &p)
	if err == nil {
		require.Equal(t, want, sock.AppendWire(nil, &p))
	}
}

// mend fixes lengths and checksums, which would hide most of the code from chance.
func mend(b []byte) []byte {
	b = append([]byte{}, b...)
	var body []byte
	var proto uint8
	var addrs []byte
	switch {
	case len(b) > 20 && b[0] == 0x45:
		b[2], b[3], b[6], b[7] = uint8(len(b)>>8), uint8(len(b)), 0, 0
		put(b[10:], 0, b[:20])
		body, proto, addrs = b[20:], b[9], b[12:20]
	case len(b) > 40 && b[0]>>4 == 6:
		b[4], b[5] = uint8((len(b)-40)>>8), uint8(len(b)-40)
		body, proto, addrs = b[40:], b[6], b[8:40]
	default:
		return b
	}
	at, acc := 2, tcpstate.Pseudo(addrs, proto, len(body))
	switch proto {
	case sock.ProtoTCP:
		at = 16
	case sock.ProtoUDP:
		at = 6
	case sock.ProtoICMP:
		acc = 0
	}
	if len(body) >= at+2 {
		put(body[at:], acc, body)
	}
	return b
}

func put(at []byte, acc uint64, b []byte) {
	at[0], at[1] = 0, 0
	c := ^tcpstate.Fold(tcpstate.Sum(acc, b))
	at[0], at[1] = uint8(c>>8), uint8(c)
}
