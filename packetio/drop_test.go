package packetio

import (
	"bytes"
	"encoding/binary"
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
	binary.BigEndian.PutUint16(b[10:], ^fold(sum(0, b[:int(b[0]&15)*4])))
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
	tcp4, tcp6 := tcpPacket(false, "hi"), tcpPacket(true, "hi")
	udp4, udp6 := tcp4, tcp6
	udp4.Proto, udp6.Proto = sock.ProtoUDP, sock.ProtoUDP
	good := func(p sock.Packet) func() []byte { return func() []byte { return encode(t, p) } }
	icmp := func(v6 bool) func() []byte {
		p := sock.Packet{TTL: 64, Proto: sock.ProtoICMP, ICMP: sock.ICMP{Type: sock.ICMPDestUnreach}}
		if p.Src, p.Dst = pair(v6); v6 {
			p.Proto, p.ICMP.Type = sock.ProtoICMPv6, sock.ICMPv6DestUnreach
		}
		p.ICMP.Quote = sock.Quote{Src: p.Dst, Dst: p.Src, Proto: sock.ProtoTCP, SrcPort: 1, DstPort: 2}
		return good(p)
	}
	raw := func(p sock.Packet, r Raw) func([]byte) []byte {
		return func([]byte) []byte {
			b, err := EncodeRaw(nil, &p, &r)
			require.NoError(t, err)
			return b
		}
	}
	quoting := func(v6 bool, kind uint8, quoted []byte) func([]byte) []byte {
		p := sock.Packet{Proto: sock.ProtoICMP, ICMP: sock.ICMP{Type: kind}}
		if p.Src, p.Dst = pair(v6); v6 {
			p.Proto = sock.ProtoICMPv6
		}
		return raw(p, Raw{Quoted: quoted})
	}
	for _, c := range []struct {
		name  string
		want  DropReason
		from  func() []byte
		spoil func(b []byte) []byte
	}{
		{"no octets", HdrTrunc, good(tcp4), func([]byte) []byte { return nil }},
		{"version 5", UnhandledProto, good(tcp4), func(b []byte) []byte { b[0] = 0x55; return b }},
		{"19 octets of IPv4", IPInHdr, good(tcp4), func(b []byte) []byte { return b[:19] }},
		{"IPv4 header length 4", IPInHdr, good(tcp4), func(b []byte) []byte { b[0] = 0x44; return b }},
		{"IPv4 header longer than the packet", IPInHdr, good(tcp4), func(b []byte) []byte { b[0] = 0x4f; return b[:42] }},
		{"IPv4 checksum", IPCsum, good(tcp4), func(b []byte) []byte { b[8]--; return b }},
		{"IPv4 checksum on request", IPCsum, nil, raw(tcp4, Raw{BadIPChecksum: true})},
		{"IPv4 cut short", PktTooSmall, good(tcp4), func(b []byte) []byte { return b[:len(b)-1] }},
		{"IPv4 total length 0", IPInHdr, good(tcp4), func(b []byte) []byte { b[2], b[3] = 0, 0; return resum(b) }},
		{"IPv4 option of length 1", IPInHdr, good(tcp4), func(b []byte) []byte {
			b = append(append(append([]byte{}, b[:20]...), 7, 1, 0, 0), b[20:]...)
			b[0], b[3] = 0x46, b[3]+4
			return resum(b)
		}},
		{"IPv4 source route", IPInHdr, good(tcp4), func(b []byte) []byte {
			b = append(append(append([]byte{}, b[:20]...), 131, 7, 4, 1, 1, 1, 1, 0), b[20:]...)
			b[0], b[3] = 0x47, b[3]+8
			return resum(b)
		}},
		{"IPv4 fragment", FragReasmExpiry, good(tcp4), func(b []byte) []byte { b[6] = 0x20; return resum(b) }},
		{"unknown protocol", IPNoProto, good(tcp4), func(b []byte) []byte { b[9] = 200; return resum(b) }},
		{"ICMPv6 in IPv4", IPNoProto, good(tcp4), func(b []byte) []byte { b[9] = 58; return resum(b) }},
		{"TCP of 19 octets", HdrTrunc, good(tcp4), func(b []byte) []byte { b[3] = 39; return resum(b) }},
		{"TCP data offset 4", PktTooSmall, good(tcp4), func(b []byte) []byte { b[32] = 0x40; return b }},
		{"TCP data offset beyond the packet", HdrTrunc, good(tcp4), func(b []byte) []byte { b[32] = 0x60; return b }},
		{"TCP checksum", TCPCsum, good(tcp4), func(b []byte) []byte { b[41] ^= 1; return b }},
		{"TCP checksum on request", TCPCsum, nil, raw(tcp4, Raw{BadChecksum: true})},
		{"TCP checksum in IPv6", TCPCsum, nil, raw(tcp6, Raw{BadChecksum: true})},
		{"UDP of 7 octets", HdrTrunc, good(udp4), func(b []byte) []byte { b[3] = 27; return resum(b) }},
		{"UDP length 7", PktTooSmall, good(udp4), func(b []byte) []byte { b[25] = 7; return b }},
		{"UDP length beyond the packet", PktTooSmall, good(udp4), func(b []byte) []byte { b[25] = 11; return b }},
		{"UDP checksum", UDPCsum, nil, raw(udp4, Raw{BadChecksum: true})},
		{"UDP without checksum in IPv6", UDPCsum, good(udp6), func(b []byte) []byte { b[46], b[47] = 0, 0; return b }},
		{"ICMP checksum", ICMPCsum, icmp(false), func(b []byte) []byte { b[21] ^= 1; return b }},
		{"ICMPv6 checksum", ICMPCsum, icmp(true), func(b []byte) []byte { b[41] ^= 1; return b }},
		{"ICMP of 0 octets", ICMPCsum, icmp(false), func(b []byte) []byte { b[3] = 20; return resum(b) }},
		{"ICMP of 4 octets", HdrTrunc, icmp(false), func(b []byte) []byte {
			b[3] = 24
			copy(b[20:], []byte{8, 0, 0xf7, 0xff})
			return resum(b)
		}},
		{"ICMP type 19", UnhandledProto, nil, quoting(false, 19, nil)},
		{"ICMP error quotes 19 octets", HdrTrunc, nil, quoting(false, sock.ICMPTimeExceeded, make([]byte, 19))},
		{"ICMP redirect quotes 19 octets", PktTooSmall, nil, quoting(false, sock.ICMPRedirect, make([]byte, 19))},
		{"ICMP error quotes header length 0", IPInHdr, nil, quoting(false, sock.ICMPTimeExceeded, make([]byte, 28))},
		{"ICMPv6 error quotes 39 octets", PktTooSmall, nil, quoting(true, 1, make([]byte, 39))},
		{"ICMPv6 error quotes 47 octets", PktTooSmall, nil, quoting(true, 1, append([]byte{0x60, 5: 0, 6: 6}, make([]byte, 40)...))},
		{"ICMPv6 error quotes no next header", IPv6BadExtHdr, nil, quoting(true, 1, append([]byte{0x60, 5: 0, 6: 59}, make([]byte, 41)...))},
		{"39 octets of IPv6", IPInHdr, good(tcp6), func(b []byte) []byte { return b[:39] }},
		{"IPv6 cut short", PktTooSmall, good(tcp6), func(b []byte) []byte { return b[:len(b)-1] }},
		{"IPv6 payload length 0", HdrTrunc, good(tcp6), func(b []byte) []byte { b[4], b[5] = 0, 0; return b }},
		{"no next header", IPNoProto, good(tcp6), func(b []byte) []byte { b[6] = extNone; return b }},
		{"jumbo payload", IPInHdr, good(tcp6), func(b []byte) []byte {
			b = ext(b, extHopByHop, 0, 0, 0xc2, 4, 0, 1, 0, 0)
			b[4], b[5] = 0, 0
			return b
		}},
		{"two fragment headers", IPInHdr, good(tcp6), func(b []byte) []byte {
			return ext(ext(b, extFragment, 0, 0, 0, 0, 0, 0, 0, 0), extFragment, 0, 0, 0, 0, 0, 0, 0, 0)
		}},
		{"segment routing", IPInHdr, good(tcp6), func(b []byte) []byte { return ext(b, extRouting, 0, 0, 4, 0, 0, 0, 0, 0) }},
		{"a CALIPSO label", IPInHdr, good(tcp6), func(b []byte) []byte { return ext(b, extHopByHop, 0, 0, 7, 4, 0, 0, 0, 0) }},
		{"IOAM out of step", IPInHdr, good(tcp6), func(b []byte) []byte { return ext(b, extHopByHop, 0, 0, 49, 1, 0, 1, 1, 0) }},
		{"hop-by-hop options cut short", HdrTrunc, good(tcp6), func(b []byte) []byte { return ext(b, extHopByHop, 0, 9, 1, 4, 0, 0, 0, 0) }},
		{"hop-by-hop options not first", IPNoProto, good(tcp6), func(b []byte) []byte {
			return ext(ext(b, extHopByHop, 0, 0, 1, 4, 0, 0, 0, 0), extDstOpts, 0, 0, 1, 4, 0, 0, 0, 0)
		}},
		{"eight octets of padding", IPInHdr, good(tcp6), func(b []byte) []byte {
			return ext(b, extDstOpts, 0, 1, 1, 6, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0)
		}},
		{"padding that is not zero", IPInHdr, good(tcp6), func(b []byte) []byte { return ext(b, extDstOpts, 0, 0, 1, 4, 0, 0, 9, 0) }},
		{"an option longer than its header", IPInHdr, good(tcp6), func(b []byte) []byte { return ext(b, extDstOpts, 0, 0, 1, 5, 0, 0, 0, 0) }},
		{"an option that must be known", UnhandledProto, good(tcp6), func(b []byte) []byte { return ext(b, extDstOpts, 0, 0, 0x41, 4, 0, 0, 0, 0) }},
		{"nine options", IPInHdr, good(tcp6), func(b []byte) []byte {
			return ext(b, extDstOpts, 0, 2, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 1, 2, 0, 0)
		}},
		{"routing with a segment left", IPInHdr, good(tcp6), func(b []byte) []byte { return ext(b, extRouting, 0, 0, 0, 1, 0, 0, 0, 0) }},
		{"IPv6 fragment", FragReasmExpiry, good(tcp6), func(b []byte) []byte { return ext(b, extFragment, 0, 0, 0, 1, 0, 0, 0, 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b []byte
			if c.from != nil {
				b = c.from()
				var p sock.Packet
				require.NoError(t, Decode(b, &p), "the packet is good before it is spoilt")
			}
			p := tcp4
			err := Decode(c.spoil(b), &p)
			require.Equal(t, c.want, Reason(err), "%v", err)
			require.Equal(t, sock.Packet{}, p, "a dropped packet leaves nothing behind")
		})
	}
	require.Empty(t, Reason(nil))
}

func TestWhatLinuxAcceptsIsAccepted(t *testing.T) {
	want4, want6 := tcpPacket(false, "hi"), tcpPacket(true, "hi")
	udp := want4
	udp.Proto, udp.Seg = sock.ProtoUDP, tcpstate.Segment{}
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
		{"no DF", want4, func(b []byte) []byte { b[6] = 0; return resum(b) }},
		{"UDP without checksum", udp, func(b []byte) []byte { b[26], b[27] = 0, 0; return b }},
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
		{"reserved TCP bits", want6, func(b []byte) []byte {
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
		"a cookie":              {"2206aabb ccdd0101", tcpstate.Options{Set: tcpstate.OptFastOpen}, 3},
		"experimental cookie":   {"fe08f989 aabbccdd", tcpstate.Options{Set: tcpstate.OptFastOpen}, 1},
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
			binary.BigEndian.PutUint16(b[36:], ^fold(sum(pseudo(b[12:20], 6, len(b)-20), b[20:])))
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
	require.Equal(t, append(list[:2:2], Option{KindSACKOK, []byte{}}, Option{KindFastOpen, []byte{}}, Option{Kind: KindEOL}), got)
}

// IPv4 only: IPv6 leaves hop limit, class and flow label to routers, under no checksum.
func TestASingleFlippedBitNeverPassesUnnoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := tcpPacket(false, string(rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "payload")))
		b, err := Encode(nil, &p)
		require.NoError(t, err)
		bit := rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")
		b[bit/8] ^= 1 << (bit % 8)
		var q sock.Packet
		require.NotEmpty(t, Reason(Decode(b, &q)))
	})
}
