package report

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
)

func tcpPacket(t *testing.T, out bool, seg tcpstate.Segment, payload string, opts ...packetio.Option) []byte {
	t.Helper()
	p := sock.Packet{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.168.0.1"), SrcPort: 1000, DstPort: 8080,
		Proto: sock.ProtoTCP, TTL: 64, Seg: seg, Payload: []byte(payload)}
	if out {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	}
	p.Seg.Len = uint32(len(payload))
	b, err := packetio.EncodeRaw(nil, &p, &packetio.Raw{Options: opts})
	require.NoError(t, err)
	return b
}

// TestSpell: sequence, acknowledgment and SACK numbers count from each side's SYN, also where they wrap.
func TestSpell(t *testing.T) {
	const ours, theirs = 0xfffffffe, 5000
	var s Speller
	require.Equal(t, "S 0:0(0) win 100 <mss 1460,nop,wscale 7>", s.Spell(tcpPacket(t, false,
		tcpstate.Segment{Seq: theirs, Flags: tcpstate.SYN, Wnd: 100}, "",
		packetio.Option{Kind: 2, Data: []byte{5, 0xb4}}, packetio.Option{Kind: 1}, packetio.Option{Kind: 3, Data: []byte{7}})))
	require.Equal(t, "S. 0:0(0) ack 1 win 200", s.Spell(tcpPacket(t, true,
		tcpstate.Segment{Seq: ours, Ack: theirs + 1, Flags: tcpstate.SYN | tcpstate.ACK, Wnd: 200}, "")))
	require.Equal(t, "P. 1:6(5) ack 1 win 200", s.Spell(tcpPacket(t, true,
		tcpstate.Segment{Seq: 0xffffffff, Ack: theirs + 1, Flags: tcpstate.PSH | tcpstate.ACK, Wnd: 200}, "hello")))
	require.Equal(t, "F.U 1:1(0) ack 1 win 9 urg 3 <nop,nop,sack 2:6>", spellSACK(t, &s))
}

func spellSACK(t *testing.T, s *Speller) string {
	t.Helper()
	sack := packetio.Option{Kind: 5, Data: []byte{0, 0, 0, 0, 0, 0, 0, 4}} // ours + 2 to ours + 6
	got := s.Spell(tcpPacket(t, false, tcpstate.Segment{Seq: 5001, Ack: 0xffffffff, Wnd: 9, Urg: 3,
		Flags: tcpstate.FIN | tcpstate.ACK | tcpstate.URG}, "", packetio.Option{Kind: 1}, packetio.Option{Kind: 1}, sack))
	return got
}

// TestSpellMalformed: a packet that nobody can read is said to be one.
func TestSpellMalformed(t *testing.T) {
	var s Speller
	require.Contains(t, s.Spell([]byte{0x45, 0}), "malformed: ")
	require.Contains(t, s.Spell(nil), "malformed: ")
}

// TestWriteTrace: time, direction, packet, and the rules in a column of their own.
func TestWriteTrace(t *testing.T) {
	var b bytes.Buffer
	WriteTrace(&b, []conformance.Traced{
		{At: 1_500_000, Inbound: true, Packet: tcpPacket(t, false, tcpstate.Segment{Flags: tcpstate.SYN}, "")},
		{At: 1_500_001, Packet: tcpPacket(t, true, tcpstate.Segment{Flags: tcpstate.RST}, ""), Why: []string{"NO_SOCKET"}},
	})
	require.Equal(t, "  1.500000 < S 0:0(0) win 0\n"+
		"  1.500001 > R 0:0(0) win 0"+"                                              //@NO_SOCKET\n", b.String())
}

// TestWrap: text is broken between words, indented behind the first line, and never cut.
func TestWrap(t *testing.T) {
	s := Style{Width: 34}
	require.Equal(t, "a rule that is longer than the\n    terminal is wide", s.wrap(4, "a rule that is longer than the terminal is wide"))
	require.Equal(t, "a rule that is longer", Style{}.wrap(4, "a rule that is longer"))
	require.Equal(t, "averyveryverylongwordthatcannotbebrokenatall x"[:44]+"\n    x", s.wrap(4, "averyveryverylongwordthatcannotbebrokenatall x"))
	require.Equal(t, "narrow terminals are left alone", Style{Width: 10}.wrap(4, "narrow terminals are left alone"))
}

// TestPaint: colours only where asked for.
func TestPaint(t *testing.T) {
	require.Equal(t, "x", Style{}.paint(red, "x"))
	require.Equal(t, "\x1b[1;31mx\x1b[0m", Style{Color: true}.paint(red, "x"))
}
