package sock_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
		all = append(all, p)
		p = base
		p.Proto, p.SrcPort, p.DstPort = sock.ProtoUDP, 53, 53
		all = append(all, p)
		if i == 0 {
			p.NoCheck, p.NoDF, p.ID = true, true, 77
		} else {
			p.Flow = 0xabcde
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
	}
	return all
}

// FuzzWire: for packets that the host hands to itself it reads and writes the
// bytes that the codec does, and nothing panics.
func FuzzWire(f *testing.F) {
	for _, p := range samples() {
		b, err := packetio.Encode(nil, &p)
		require.NoError(f, err)
		f.Add(b)
		f.Add(b[:len(b)-1])
		f.Add(append(b, 1, 2))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkWire(t, b)
		checkWire(t, mend(b))
	})
}

func TestTheHostWritesWhatTheCodecDoes(t *testing.T) {
	for _, p := range samples() {
		want, err := packetio.Encode(nil, &p)
		require.NoError(t, err)
		require.Equal(t, want, sock.AppendWire(nil, &p))
		checkWire(t, want)
	}
}

func checkWire(t *testing.T, b []byte) {
	var p, q sock.Packet
	err := packetio.Decode(b, &p)
	ok := sock.ReadWire(b, &q)
	if p.Wire == nil || !p.IPv6() && len(p.Wire) != len(b) || p.Ext > 0 {
		extended := q.IPv6() && strings.ContainsRune("\x00\x2b\x2c\x3c", rune(q.Proto))
		require.True(t, !ok || extended, "%x: padding, fragments and broken headers go no further", b)
		return
	}
	require.True(t, ok, "%v", err)
	if unread := q.Opaque && !p.Opaque && p.Ext == 0; unread {
		t.Fatalf("the codec reads %+v, the host does not", p)
	}
	require.Equal(t, p.Opaque, q.Opaque)
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
