package packetio

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// encode makes a good packet for a test to spoil.
func encode(t testing.TB, p sock.Packet) []byte {
	t.Helper()
	b, err := Encode(nil, &p)
	require.NoError(t, err)
	return b
}

// resum makes an IPv4 header's checksum right again.
func resum(b []byte) []byte {
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], ^tcpstate.Fold(tcpstate.Sum(0, b[:int(b[0]&15)*4])))
	return b
}

// ext puts an IPv6 extension header between IP header and transport.
func ext(b []byte, kind uint8, header ...byte) []byte {
	header[0] = b[6]
	out := append(append(append([]byte{}, b[:40]...), header...), b[40:]...)
	out[6] = kind
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-40))
	return out
}

func TestMalformedPacketsAreNamedDrops(t *testing.T) {
	for _, c := range slices.Concat(spoiltIPv4(), spoiltTransport(), spoiltICMP(), spoiltIPv6()) {
		t.Run(c.name, func(t *testing.T) {
			var b []byte
			if c.good.Src.IsValid() {
				b = encode(t, c.good)
				var p sock.Packet
				require.NoError(t, Decode(b, &p), "the packet is good before it is spoilt")
			}
			p := tcpPacket(false, "")
			err := Decode(c.spoil(t, b), &p)
			require.Equal(t, c.want, Reason(err), "%v", err)
			if !p.Opaque {
				require.Equal(t, sock.Packet{}, p, "a dropped packet leaves nothing behind")
				return
			}
			require.Equal(t, strings.HasSuffix(string(c.want), "_CSUM"), p.BadSum)
			require.Zero(t, p.Payload, "of a broken transport only the IP header is left")
			require.Zero(t, p.SrcPort)
			require.NotEmpty(t, p.Wire)
		})
	}
	require.Empty(t, Reason(nil))
}

// RAW sockets receive packets of any protocol, so the codec hands them on.
func TestPacketsOfUnknownProtocolsAreOpaque(t *testing.T) {
	for name, c := range map[string]struct {
		v6   bool
		make func(b []byte) []byte
		want uint8
		ext  uint16
	}{
		"protocol 200":   {false, func(b []byte) []byte { b[9] = 200; return resum(b) }, 200, 0},
		"ICMPv6 in IPv4": {false, func(b []byte) []byte { b[9] = 58; return resum(b) }, 58, 0},
		"ICMP in IPv6":   {true, func(b []byte) []byte { b[6] = 1; return b }, 1, 0},
		"no next header": {true, func(b []byte) []byte { b[6] = extNone; return b }, extNone, 0},
		"hop-by-hop options not first": {true, func(b []byte) []byte {
			return ext(ext(b, extHopByHop, 0, 0, 1, 4, 0, 0, 0, 0), extDstOpts, 0, 0, 1, 4, 0, 0, 0, 0)
		}, extHopByHop, 8},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.make(encode(t, tcpPacket(c.v6, "hi")))
			var p sock.Packet
			require.NoError(t, Decode(append(b, 0, 0), &p))
			src, dst := pair(c.v6)
			require.Equal(t, sock.Packet{Src: src, Dst: dst, Proto: c.want, TTL: 64, Wire: b, Ext: c.ext, Opaque: true}, p)
			again, err := Encode([]byte("dst"), &p)
			require.NoError(t, err)
			require.Equal(t, append([]byte("dst"), b...), again)
		})
	}
	_, err := Encode(nil, &sock.Packet{Opaque: true})
	require.ErrorContains(t, err, "opaque packet of 0 octets")
}

func TestWhatLinuxAcceptsIsAccepted(t *testing.T) {
	want4, want6 := tcpPacket(false, "hi"), tcpPacket(true, "hi")
	udp := want4
	udp.Proto, udp.Seg = sock.ProtoUDP, tcpstate.Segment{}
	noDF, bare := want4, udp
	noDF.NoDF, bare.NoCheck = true, true
	for _, c := range []struct {
		name string
		want sock.Packet
		make func(b []byte) []byte
	}{
		{"padding of a link", want4, func(b []byte) []byte { return append(b, 0, 0, 0, 0) }},
		{"padding of a link, IPv6", want6, func(b []byte) []byte { return append(b, 1, 2) }},
		{"IPv4 options", want4, func(b []byte) []byte {
			b = append(append(append([]byte{}, b[:20]...), 148, 4, 0, 0), b[20:]...)
			b[0], b[3] = 0x46, b[3]+4
			return resum(b)
		}},
		{"no DF", noDF, func(b []byte) []byte { b[6] = 0; return resum(b) }},
		{"UDP without checksum", bare, func(b []byte) []byte { b[26], b[27] = 0, 0; return b }},
		{"hop-by-hop router alert", want6, func(b []byte) []byte { return ext(b, extHopByHop, 0, 0, 5, 2, 0, 0, 0, 0) }},
		{"payload length 0 before hop-by-hop options", want6, func(b []byte) []byte {
			b = ext(b, extHopByHop, 0, 0, 1, 4, 0, 0, 0, 0)
			b[4], b[5] = 0, 0
			return b
		}},
		{"IPv4 record route", want4, func(b []byte) []byte {
			b = append(append(append([]byte{}, b[:20]...), 7, 7, 4, 0, 0, 0, 0, 0), b[20:]...)
			b[0], b[3] = 0x47, b[3]+8
			return resum(b)
		}},
		{"destination options", want6, func(b []byte) []byte { return ext(b, extDstOpts, 0, 0, 0x1e, 2, 9, 9, 0, 0) }},
		{"routing without segments left", want6, func(b []byte) []byte { return ext(b, extRouting, 0, 0, 0, 0, 0, 0, 0, 0) }},
		{"an atomic fragment", want6, func(b []byte) []byte { return ext(b, extFragment, 0, 0, 0, 0, 0, 0, 0, 0) }},
		{"reserved TCP bits", want6, func([]byte) []byte {
			p := want6
			b, err := EncodeRaw(nil, &p, &Raw{Reserved: 7})
			require.NoError(t, err)
			return b
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p sock.Packet
			require.NoError(t, Decode(c.make(encode(t, c.want)), &p))
			same(t, c.want, p)
		})
	}
}

// fastCookie is the cookie aabbccdd.
func fastCookie(exp bool) tcpstate.FastCookie {
	k := tcpstate.FastCookie{Len: 4, Exp: exp}
	copy(k.Val[:], "\xaa\xbb\xcc\xdd")
	return k
}

func TestABrokenOptionListCountsAsFarAsItGoes(t *testing.T) {
	mss := []byte{2, 4, 5, 0xb4}
	for name, c := range map[string]struct {
		list string
		want tcpstate.Options
		n    int // options in wire order before the break
	}{
		"length 0":              {"020405b4 08000000", tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptMalformed, MSS: 1460}, 1},
		"length 1":              {"020405b4 08010000", tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptMalformed, MSS: 1460}, 1},
		"beyond the header":     {"020405b4 080a0000", tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptMalformed, MSS: 1460}, 1},
		"kind without length":   {"020405b4 01010108", tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptMalformed, MSS: 1460}, 4},
		"nothing after the end": {"00020405 b4000000", tcpstate.Options{}, 1},
		"odd length is skipped": {"0203ff01 020405b4", tcpstate.Options{Set: tcpstate.OptMSS, MSS: 1460}, 3},
		"MSS 0 is none":         {"02040000", tcpstate.Options{}, 1},
		"the last MSS counts":   {"02040200 020405b4", tcpstate.Options{Set: tcpstate.OptMSS, MSS: 1460}, 2},
		"odd cookie is none":    {"2207aabb ccddee01", tcpstate.Options{}, 2},
		"a cookie":              {"2206aabb ccdd0101", tcpstate.Options{Set: tcpstate.OptFastOpen, Cookie: fastCookie(false)}, 3},
		"experimental cookie":   {"fe08f989 aabbccdd", tcpstate.Options{Set: tcpstate.OptFastOpen, Cookie: fastCookie(true)}, 1},
		"the last cookie":       {"22020101 2206aabb ccdd0101", tcpstate.Options{Set: tcpstate.OptFastOpen, Cookie: fastCookie(false)}, 6},
		"odd cookie after one":  {"2206aabb ccdd2205 aabbcc01", tcpstate.Options{Set: tcpstate.OptFastOpen, Cookie: fastCookie(false)}, 3},
		"short one undoes it":   {"2206aabb ccdd2204 aabb0101", tcpstate.Options{}, 4},
		"SACK of 12 is skipped": {"050e0000 00000000 00000000 00000101", tcpstate.Options{}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			p := tcpPacket(false, "")
			p.Seg.Flags = tcpstate.SYN
			list := unhex(t, c.list)
			first, err := EncodeRaw(nil, &p, &Raw{Options: []Option{}})
			require.NoError(t, err)
			b := append(first, list...)
			b[3] += uint8(len(list))
			b[32] = uint8(20+len(list)) / 4 << 4
			resum(b)
			b[36], b[37] = 0, 0
			binary.BigEndian.PutUint16(b[36:], ^tcpstate.Fold(tcpstate.Sum(tcpstate.Pseudo(b[12:20], 6, len(b)-20), b[20:])))
			require.NoError(t, Decode(b, &p))
			require.Equal(t, c.want, p.Seg.Opts)
			got, err := Options(b)
			require.Len(t, got, c.n)
			require.Equal(t, c.want.Has(tcpstate.OptMalformed), err != nil)
			if bytes.HasPrefix(list, mss) {
				require.Equal(t, Option{Kind: KindMSS, Data: mss[2:]}, got[0])
			}
		})
	}
}

func TestOnlyASynMayCarrySynOptions(t *testing.T) {
	p := tcpPacket(false, "")
	list := []Option{{Kind: KindMSS, Data: []byte{5, 0xb4}}, {Kind: KindWScale, Data: []byte{7}}, {Kind: KindSACKOK}, {Kind: KindFastOpen}}
	b, err := EncodeRaw(nil, &p, &Raw{Options: list})
	require.NoError(t, err)
	require.NoError(t, Decode(b, &p))
	require.Zero(t, p.Seg.Opts)
	got, err := Options(b)
	require.NoError(t, err)
	require.Equal(t, append(list[:2:2], Option{Kind: KindSACKOK, Data: []byte{}}, Option{Kind: KindFastOpen, Data: []byte{}}, Option{Kind: KindEOL}), got)
}

// The version aside, which makes it an IPv6 packet of some protocol. IPv4 only: IPv6 leaves hop limit, class and flow label to routers, under no checksum.
func TestASingleFlippedBitNeverPassesUnnoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := tcpPacket(false, string(rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "payload")))
		b, err := Encode(nil, &p)
		require.NoError(t, err)
		bit := rapid.IntRange(0, 8*len(b)-1).Filter(func(n int) bool { return n < 4 || n > 7 }).Draw(t, "bit")
		b[bit/8] ^= 1 << (bit % 8)
		var q sock.Packet
		require.NotEmpty(t, Reason(Decode(b, &q)))
	})
}
