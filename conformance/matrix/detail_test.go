package matrix

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// What a packet's words leave out is in its detail, each thing of it, and chance is not.
func TestDetailTellsPacketsApart(t *testing.T) {
	encode := func(change func(p *sock.Packet)) []byte {
		p := sock.Packet{Src: localV4, Dst: peerV4, SrcPort: 8080, DstPort: 9000, Proto: sock.ProtoTCP, TTL: 64, Payload: []byte("abc"), ID: 7,
			Seg: tcpstate.Segment{Flags: tcpstate.ACK, Seq: 1, Ack: 1, Len: 3, Wnd: 10}}
		change(&p)
		b, err := packetio.Encode(nil, &p)
		require.NoError(t, err)
		return b
	}
	same := func(*sock.Packet) {}
	plain := detail(encode(same))
	require.NotEmpty(t, plain)
	for name, change := range map[string]func(p *sock.Packet){
		"ECN": func(p *sock.Packet) { p.Seg.ECN = tcpstate.ECT0 }, "DF": func(p *sock.Packet) { p.NoDF = true },
		"AE": func(p *sock.Packet) { p.Seg.Flags |= tcpstate.AE }, "octets": func(p *sock.Packet) { p.Payload = []byte("abd") },
	} {
		require.NotEqual(t, plain, detail(encode(change)), name)
	}
	require.Equal(t, plain, detail(encode(func(p *sock.Packet) { p.ID, p.Seg.Seq = 8, 99 })), "chance")

	part := func(change func(b []byte)) string {
		b := append([]byte{0x45, 0, 0, 36, 0, 7, 0x20, 0, 64, 253, 0, 0, 192, 168, 0, 1, 192, 0, 2, 1}, make([]byte, 16)...)
		change(b)
		return detail(b)
	}
	first := part(func([]byte) {})
	for name, change := range map[string]func(b []byte){
		"place": func(b []byte) { b[7] = 2 }, "more": func(b []byte) { b[6] = 0 }, "first octet": func(b []byte) { b[20] = 1 },
		"last octet": func(b []byte) { b[35] = 1 },
	} {
		require.NotEqual(t, first, part(change), name)
	}
	udp := part(func(b []byte) { b[9] = sock.ProtoUDP })
	require.Equal(t, udp, part(func(b []byte) { b[9], b[20] = sock.ProtoUDP, 1 }), "a port that the stack chose")
	require.NotEqual(t, udp, part(func(b []byte) { b[9], b[35] = sock.ProtoUDP, 1 }))
}

// Packets that are cut short anywhere have a detail, or none.
func TestDetailReadsNoFurtherThanThePacket(t *testing.T) {
	six := append(append([]byte{6 << 4, 0, 0, 0, 0, 24, 44, 64}, netip.MustParseAddr("fd00::1").AsSlice()...), netip.MustParseAddr("fd00::2").AsSlice()...)
	six = append(append(six, 0, 0, 0, 1, 0, 0, 0, 1), 60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	four := append([]byte{0x4f, 0, 0, 60, 0, 0, 0, 0, 64, 1}, make([]byte, 50)...)
	for _, b := range [][]byte{six, four} {
		for n := range len(b) + 1 {
			require.NotPanics(t, func() { detail(b[:n]) })
		}
	}
	require.Contains(t, detail(append(six[:48:48], make([]byte, 8)...)), "part 0+")
}

// A RST whose number is 0 has none, unless that is where the connection stands, or what was acknowledged.
func TestZeroIsNoNumberUnlessTheConnectionHasComeToIt(t *testing.T) {
	for _, tc := range []struct {
		name  string
		iss   tcpstate.Seq // of a connection that has sent its SYN and 360 octets; 0 for none
		flags tcpstate.Flags
		zero  bool
	}{
		{"answer to nobody's segment", 0, tcpstate.RST | tcpstate.ACK, true},
		{"answer to what a connection does not know", tcpstate.Seq(0).Sub(400), tcpstate.RST | tcpstate.ACK, true},
		{"end of a connection that has come to 0", tcpstate.Seq(0).Sub(361), tcpstate.RST | tcpstate.ACK, false},
		{"number that was acknowledged", tcpstate.Seq(0).Sub(400), tcpstate.RST, false},
	} {
		s := &speller{}
		spell := func(flags tcpstate.Flags, seq tcpstate.Seq, payload int) string {
			p := sock.Packet{Src: localV4, Dst: peerV4, SrcPort: 8080, DstPort: 9000, Proto: sock.ProtoTCP, TTL: 64, Payload: make([]byte, payload),
				Seg: tcpstate.Segment{Flags: flags, Seq: seq, Len: uint32(payload)}}
			b, err := packetio.Encode(nil, &p)
			require.NoError(t, err)
			return s.outbound(b, 0)
		}
		if tc.iss != 0 {
			spell(tcpstate.SYN, tc.iss, 0)
			spell(tcpstate.ACK, tc.iss.Add(1), 360)
		}
		require.Equal(t, tc.zero, strings.Contains(spell(tc.flags, 0, 0), "zero("), tc.name)
	}
}

// A read may end within a header: what there is of it is spelled.
func TestHeadersAreSpelledAsFarAsTheyGo(t *testing.T) {
	b := append([]byte{0x45, 0, 0, 32, 0, 7, 0x40, 0, 64, sock.ProtoUDP, 0, 0}, append(localV4.AsSlice(), peerV4.AsSlice()...)...)
	b = append(b, 0x1f, 0x90, 0xc0, 0, 0, 12, 0, 0, 'a', 'b', 'c', 'd')
	s := &speller{protos: []uint16{uint16(sock.ProtoUDP)}}
	for n := range len(b) + 1 {
		require.Len(t, s.header(b[:n]), n)
	}
}
