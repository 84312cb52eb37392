package packetio

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	require.NoError(t, err)
	return b
}

// same compares what a packet means: HdrLen is a fact of the wire, and an empty
// payload is none.
func same(t require.TestingT, want, got sock.Packet) {
	want.Seg.HdrLen, got.Seg.HdrLen = 0, 0
	want.Wire, got.Wire, want.Ext, got.Ext = nil, nil, 0, 0
	if want.Payload != nil || got.ICMP.Type == 0 && got.ICMP.Quote.Proto == 0 { // else the codec made the quote
		require.True(t, bytes.Equal(want.Payload, got.Payload), "payload %x, want %x", got.Payload, want.Payload)
	}
	want.Payload, got.Payload = nil, nil
	require.Equal(t, want, got)
}

func TestWhatIsEncodedDecodesToTheSamePacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPacket(t)
		prefix := []byte("kept")
		b, err := Encode(prefix, &p)
		require.NoError(t, err)
		require.Equal(t, "kept", string(b[:4]))
		var got sock.Packet
		require.NoError(t, Decode(b[4:], &got))
		same(t, p, got)
		if p.Proto == sock.ProtoTCP {
			require.EqualValues(t, len(b)-4-len(p.Payload)-map[bool]int{false: 20, true: 40}[p.IPv6()], got.Seg.HdrLen)
		}
	})
}

func TestRawPacketsRoundTripOctetByOctet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPacket(t)
		r := Raw{ID: rapid.Uint16().Draw(t, "id"), NoDF: rapid.Bool().Draw(t, "nodf"), Reserved: rapid.ByteRange(0, 7).Draw(t, "reserved")}
		if p.IPv6() {
			r = Raw{FlowLabel: rapid.Uint32Range(0, 0xfffff).Draw(t, "flow"), Reserved: r.Reserved}
		}
		if p.Proto == sock.ProtoTCP {
			r.Options = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Option {
				k := rapid.ByteRange(1, 255).Draw(t, "kind")
				if k == KindNOP {
					return Option{Kind: k}
				}
				return Option{Kind: k, Data: rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "data")}
			}), 0, 4).Draw(t, "options")
		}
		first, err := EncodeRaw(nil, &p, &r)
		require.NoError(t, err)
		var q sock.Packet
		var s Raw
		require.NoError(t, DecodeRaw(first, &q, &s))
		second, err := EncodeRaw(nil, &q, &s)
		require.NoError(t, err)
		require.Equal(t, first, second)
	})
}

// The golden packets were read back with tshark 4.0, see TestTSharkAgrees.
func TestLinuxOptionLayoutIsKept(t *testing.T) {
	ts := tcpstate.OptTS
	for name, c := range map[string]struct {
		flags tcpstate.Flags
		opts  tcpstate.Options
		want  string
	}{
		"SYN with all": {tcpstate.SYN,
			tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | ts | tcpstate.OptWScale, MSS: 1460, WScale: 7, TSVal: 1, TSEcr: 2},
			"020405b4 0402080a 00000001 00000002 01030307"},
		"SYN without timestamps": {tcpstate.SYN,
			tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptWScale, MSS: 1460, WScale: 7},
			"020405b4 01010402 01030307"},
		"SYN without SACK": {tcpstate.SYN,
			tcpstate.Options{Set: tcpstate.OptMSS | ts, MSS: 536, TSVal: 1},
			"02040218 0101080a 00000001 00000000"},
		"ACK with SACK and timestamps": {tcpstate.ACK,
			tcpstate.Options{Set: ts | tcpstate.OptSACK, TSVal: 1, TSEcr: 2, NSACK: 1, SACK: [4]tcpstate.Range{{Start: edge, End: 256}}},
			"0101080a 00000001 00000002 0101050a ffffff00 00000100"},
		"ACK with SACK": {tcpstate.ACK,
			tcpstate.Options{Set: tcpstate.OptSACK, NSACK: 2, SACK: [4]tcpstate.Range{{Start: 1, End: 2}, {Start: 3, End: 4}}},
			"01010512 00000001 00000002 00000003 00000004"},
		"SYN that asks for a fast open cookie": {tcpstate.SYN,
			tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptFastOpen, MSS: 1460},
			"020405b4 22020101"},
		"SYN that asks for one the old way": {tcpstate.SYN,
			tcpstate.Options{Set: tcpstate.OptFastOpen, Cookie: tcpstate.FastCookie{Exp: true}}, "fe04f989"},
		"SYN with a fast open cookie": {tcpstate.SYN,
			tcpstate.Options{Set: tcpstate.OptFastOpen, Cookie: fastCookie(false)}, "2206aabb ccdd0101"},
		"SYN with a cookie the old way": {tcpstate.SYN,
			tcpstate.Options{Set: tcpstate.OptFastOpen, Cookie: fastCookie(true)}, "fe08f989 aabbccdd"},
		"none": {tcpstate.ACK, tcpstate.Options{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tcpstate.AppendOptions(nil, &c.opts)
			require.NoError(t, err)
			require.Equal(t, unhex(t, c.want), append([]byte{}, got...))
			var back tcpstate.Options
			tcpstate.DecodeOptions(got, c.flags.Has(tcpstate.SYN), &back)
			require.Equal(t, c.opts, back)
		})
	}
}

func TestAnEncodedSegmentIsWhatTheWireWants(t *testing.T) {
	p := tcpPacket(false, "hi")
	p.TOS, p.Seg.ECN = 0x10, tcpstate.ECT0
	b, err := Encode(nil, &p)
	require.NoError(t, err)
	require.Equal(t, unhex(t, "4512002a 00004000 40064e85 c0000201 c6336402"+
		"9c400050 ffffff00 ffffff07 5018ffff c0900000 6869"), b)
}

func TestGopacketReadsWhatWeWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPacket(t)
		b, err := Encode(nil, &p)
		require.NoError(t, err)
		first := gopacket.LayerType(layers.LayerTypeIPv4)
		if p.IPv6() {
			first = layers.LayerTypeIPv6
		}
		pkt := gopacket.NewPacket(b, first, gopacket.Default)
		if p.Proto != sock.ProtoTCP || p.Seg.Opts.Set&tcpstate.OptMalformed != 0 {
			return
		}
		tcp, ok := pkt.Layer(layers.LayerTypeTCP).(*layers.TCP)
		require.True(t, ok, "%v", pkt)
		require.NoError(t, tcp.SetNetworkLayerForChecksum(pkt.NetworkLayer()))
		want := tcp.Checksum
		zeroed := append([]byte{}, tcp.Contents...)
		zeroed[16], zeroed[17] = 0, 0
		tcp.Contents = zeroed
		sum, err := tcp.ComputeChecksum()
		require.NoError(t, err)
		require.Equal(t, want, sum)
	})
}

func TestOffloadedSegmentsFitUpToTheLastOctet(t *testing.T) {
	p := tcpPacket(false, strings.Repeat("x", MaxPacket-40))
	b, err := Encode(nil, &p)
	require.NoError(t, err)
	require.Len(t, b, MaxPacket)
	var q sock.Packet
	require.NoError(t, Decode(b, &q))
	same(t, p, q)

	p = tcpPacket(false, strings.Repeat("x", MaxPacket-39))
	b, err = Encode([]byte("dst"), &p)
	require.ErrorIs(t, err, ErrTooLong)
	require.Equal(t, "dst", string(b))
}

func TestWhatCannotBeEncodedIsAnErrorThatNamesTheField(t *testing.T) {
	for want, mutate := range map[string]func(p *sock.Packet, r *Raw){
		"without source":        func(p *sock.Packet, _ *Raw) { p.Src = v4a; p.Dst = sock.Packet{}.Dst },
		"different families":    func(p *sock.Packet, _ *Raw) { p.Dst = v6a },
		"ECN codepoint 4":       func(p *sock.Packet, _ *Raw) { p.Seg.ECN = 4 },
		"Seg.Len is 3":          func(p *sock.Packet, _ *Raw) { p.Seg.Len = 3 },
		"beyond AE":             func(p *sock.Packet, _ *Raw) { p.Seg.Flags = 512 },
		"5 SACK blocks":         func(p *sock.Packet, _ *Raw) { p.Seg.Opts.NSACK = 5 },
		"octets of TCP options": func(p *sock.Packet, _ *Raw) { p.Seg.Opts.NSACK = 4; p.Seg.Opts.Set = tcpstate.OptTS },
		"protocol 47":           func(p *sock.Packet, _ *Raw) { p.Proto = 47 },
		"the family's own ICMP": func(p *sock.Packet, _ *Raw) { p.Proto = sock.ProtoICMPv6 },
		"option 1 (kind 5)":     func(p *sock.Packet, r *Raw) { r.Options = []Option{{Kind: 1}, {Kind: 5, Data: make([]byte, 38)}} },
		"has 16 bits": func(p *sock.Packet, _ *Raw) {
			p.Proto = sock.ProtoICMP
			p.ICMP = sock.ICMP{Type: sock.ICMPDestUnreach, Code: sock.ICMPFragNeeded, MTU: 70000}
		},
		"want one family": func(p *sock.Packet, _ *Raw) {
			p.Payload, p.Seg.Len = nil, 0
			p.Proto = sock.ProtoICMP
			p.ICMP = sock.ICMP{Type: sock.ICMPDestUnreach, Quote: sock.Quote{Src: v6a, Dst: v6b}}
		},
		"extension header": func(p *sock.Packet, _ *Raw) {
			p.Payload, p.Seg.Len = nil, 0
			p.Src, p.Dst, p.Proto = v6a, v6b, sock.ProtoICMPv6
			p.ICMP = sock.ICMP{Type: sock.ICMPv6DestUnreach, Quote: sock.Quote{Src: v6a, Dst: v6b, Proto: 60}}
		},
	} {
		t.Run(want, func(t *testing.T) {
			p, r := tcpPacket(false, "hi"), Raw{}
			mutate(&p, &r)
			b, err := EncodeRaw([]byte("dst"), &p, &r)
			require.ErrorContains(t, err, want)
			require.Equal(t, "dst", string(b))
		})
	}
}

func TestUDPNeverSendsTheChecksumThatMeansNone(t *testing.T) {
	for v6, want := range map[bool]string{false: "ffff", true: "ffff"} {
		p := tcpPacket(v6, "\x00\x00")
		p.Proto, p.Seg = sock.ProtoUDP, tcpstate.Segment{}
		b, err := Encode(nil, &p)
		require.NoError(t, err)
		at := len(b) - 4
		copy(p.Payload, b[at:at+2]) // now everything sums up to nothing
		b, err = Encode(nil, &p)
		require.NoError(t, err)
		require.Equal(t, want, hex.EncodeToString(b[at:at+2]))
		require.NoError(t, Decode(b, &p))
	}
}
