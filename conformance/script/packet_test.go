package script

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// oneEvent parses a script of that one line and returns its event without places.
func oneEvent(t *testing.T, line string) Event {
	t.Helper()
	s, err := Parse("t", []byte(line))
	require.NoError(t, err)
	require.Len(t, s.Events, 1)
	requireRoundTrip(t, s)
	return bare(s).Events[0]
}

func TestTCPSegments(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       TCP
	}{
		{"flags and range alone", "> S 0:0(0)", TCP{Flags: SYN}},
		{"dot is ACK", "> . 1:1001(1000) ack 1", TCP{Flags: ACK, Seq: 1, Len: 1000, Ack: 1, HasAck: true}},
		{"every letter", "> FSRPUEWA. 0:0(0)", TCP{Flags: FIN | SYN | RST | PSH | URG | ECE | CWR | AE | ACK}},
		{"no flags", "> - 1:2(1)", TCP{Seq: 1, Len: 1}},
		{"ACE digit after the dot", "> .5 1:1(0)", TCP{Flags: ACK | AE | ECE, Seq: 1}},
		{"ACE digit after letters and dot", "> P.3 1:1(0)", TCP{Flags: PSH | ACK | CWR | ECE, Seq: 1}},
		{"ACE digit in the word", "> S7 1:1(0)", TCP{Flags: SYN | AE | CWR | ECE, Seq: 1}},
		{"ACE zero", "> .0 1:1(0)", TCP{Flags: ACK, Seq: 1}},
		{"inbound RST with the flag and no number", "< R. 1:1(0) win 257",
			TCP{Flags: RST | ACK, Seq: 1, Window: 257, HasWindow: true}},
		{"ack zero is stated", "> . 0:0(0) ack 0 win 0", TCP{Flags: ACK, HasAck: true, HasWindow: true}},
		{"urgent pointer", "< PU. 1:11(10) ack 1 win 100 urg 5", TCP{Flags: PSH | URG | ACK, Seq: 1, Len: 10, Ack: 1, HasAck: true,
			Window: 100, HasWindow: true, Urgent: 5, HasUrgent: true}},
		{"options not compared", "> S. 0:0(0) ack 1 <...>", TCP{Flags: SYN | ACK, Ack: 1, HasAck: true, AnyOptions: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, *oneEvent(t, "+0 "+c.text).Packet.TCP)
		})
	}
}

func TestTCPOptions(t *testing.T) {
	for _, c := range []struct {
		text string
		want []TCPOption
	}{
		{"mss 1460", []TCPOption{{Kind: OptMSS, Value: 1460}}},
		{"nop,wscale 7", []TCPOption{{Kind: OptNOP}, {Kind: OptWScale, Value: 7}}},
		{"sackOK, nop, eol", []TCPOption{{Kind: OptSACKOK}, {Kind: OptNOP}, {Kind: OptEOL}}},
		{"nop,nop,TS val 4294967295 ecr 7", []TCPOption{{Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptTS, Value: 1<<32 - 1, Echo: 7}}},
		{"nop,nop,sack 1:2 3001:4001", []TCPOption{{Kind: OptNOP}, {Kind: OptNOP},
			{Kind: OptSACK, Blocks: []SACKBlock{{1, 2}, {3001, 4001}}}}},
		{"FO,nop,nop", []TCPOption{{Kind: OptFastOpen}, {Kind: OptNOP}, {Kind: OptNOP}}},
		// Digits alone are a number to the lexer; the leading zero must survive.
		{"FO 01234567,nop,nop", []TCPOption{{Kind: OptFastOpen, Data: []byte{1, 0x23, 0x45, 0x67}}, {Kind: OptNOP}, {Kind: OptNOP}}},
		{"FO 00112233445566778899", []TCPOption{{Kind: OptFastOpen, Data: []byte{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99}}}},
		{"FO 9e5b,nop,nop,nop,nop", []TCPOption{{Kind: OptFastOpen, Data: []byte{0x9e, 0x5b}}, {Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptNOP}}},
		{"FOEXP", []TCPOption{{Kind: OptFastOpenExp}}},
		{"FOEXP abcd1234", []TCPOption{{Kind: OptFastOpenExp, Data: []byte{0xab, 0xcd, 0x12, 0x34}}}},
		{"md5 00112233445566778899aabbccddeeff,nop,nop", []TCPOption{{Kind: OptMD5, Data: []byte{0, 0x11, 0x22, 0x33, 0x44, 0x55,
			0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}}, {Kind: OptNOP}, {Kind: OptNOP}}},
		{"ECN e0b 1 ceb 2 e1b 3,nop", []TCPOption{{Kind: OptAccECN, Counters: []AccECNCounter{{E0B, 1}, {CEB, 2}, {E1B, 3}}}, {Kind: OptNOP}}},
		{"ECN e1b 16777215,nop,nop,nop", []TCPOption{{Kind: OptAccECN, Counters: []AccECNCounter{{E1B, 1<<24 - 1}}},
			{Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptNOP}}},
	} {
		t.Run(c.text, func(t *testing.T) {
			got := oneEvent(t, "+0 < S 0:0(0) win 1000 <"+c.text+">").Packet.TCP.Options
			require.Equal(t, c.want, got)
		})
	}
}

func TestIPBrackets(t *testing.T) {
	for text, want := range map[string]IPSpec{
		"":                         {},
		"[noecn]":                  {ECN: NotECT},
		"(ect0)":                   {ECN: ECT0},
		"[ect1]":                   {ECN: ECT1},
		"[ce]":                     {ECN: CE},
		"[ect01]":                  {ECN: ECT01},
		"[tos 0x2e]":               {ECN: WholeTOS, TOS: 0x2e},
		"[flowlabel 0xfffff]":      {FlowLabel: 0xfffff, HasFlowLabel: true},
		"[ce, flowlabel 0x0]":      {ECN: CE, HasFlowLabel: true},
		"[ttl 64]":                 {TTL: 64, HasTTL: true},
		"(tos 0x0, flowlabel 0x1)": {ECN: WholeTOS, FlowLabel: 1, HasFlowLabel: true},
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, want, oneEvent(t, "+0 > "+text+" . 1:1(0) ack 1").Packet.IP)
		})
	}
}

func TestLabelPortsAndPSP(t *testing.T) {
	p := oneEvent(t, "+0 > c2: [ect0] encap psp spi 0x11 8080 > 80 . 1:1(0) ack 1").Packet
	require.Equal(t, "c2", p.Conn)
	require.Equal(t, ECT0, p.IP.ECN)
	require.Equal(t, &PSP{SPI: 0x11}, p.PSP)
	require.Equal(t, &Ports{Src: 8080, Dst: 80}, p.Ports)
	require.Equal(t, ACK, p.TCP.Flags)

	// A label may look like flags; the colon tells them apart. A sequence range behind a flag word does not make it a label.
	require.Equal(t, "S", oneEvent(t, "+0 > S: S 0:0(0)").Packet.Conn)
	require.Empty(t, oneEvent(t, "+0 > S 0:0(0)").Packet.Conn)
	require.Equal(t, SYN, oneEvent(t, "+0 > c2:S 0:0(0)").Packet.TCP.Flags, "no blank needed")
}

func TestUDPPackets(t *testing.T) {
	require.Equal(t, &Packet{UDP: &UDP{Len: 65535}}, oneEvent(t, "+0 < udp (65535)").Packet)
	require.Equal(t, &Packet{Direction: Outbound, Conn: "u", Ports: &Ports{Src: 1, Dst: 2}, UDP: &UDP{}},
		oneEvent(t, "+0 > u: udp 1 > 2 (0)").Packet)
}

func TestICMPPackets(t *testing.T) {
	for text, want := range map[string]ICMP{
		"echo_request id 7":                                {Type: "echo_request", ID: 7, HasID: true},
		"unreachable":                                      {Type: "unreachable"},
		"unreachable [1:1461(1460)]":                       {Type: "unreachable", Echo: EchoTCP, Seq: 1, Len: 1460},
		"unreachable host_unreachable [udp (5)]":           {Type: "unreachable", Code: "host_unreachable", Echo: EchoUDP, Len: 5},
		"unreachable frag_needed mtu 1200 [1:1(0)]":        {Type: "unreachable", Code: "frag_needed", MTU: 1200, HasMTU: true, Echo: EchoTCP, Seq: 1},
		"packet_too_big mtu 1280 [raw (9)]":                {Type: "packet_too_big", MTU: 1280, HasMTU: true, Echo: EchoRaw, Len: 9},
		"parameter_problem header_field":                   {Type: "parameter_problem", Code: "header_field"},
		"time_exceeded exceeded_hop_limit [10:11(1)]":      {Type: "time_exceeded", Code: "exceeded_hop_limit", Echo: EchoTCP, Seq: 10, Len: 1},
		"unreachable port_unreachable mtu 0 id 0 [0:0(0)]": {Type: "unreachable", Code: "port_unreachable", HasMTU: true, HasID: true, Echo: EchoTCP},
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, want, *oneEvent(t, "+0 < icmp "+text).Packet.ICMP)
		})
	}
}

func TestICMPNumbersDependOnTheVersion(t *testing.T) {
	m := &ICMP{Type: "unreachable", Code: "port_unreachable"}
	typ, code, ok := m.Numbers(false)
	require.Equal(t, []any{uint8(3), uint8(3), true}, []any{typ, code, ok}, "RFC 792")
	typ, code, ok = m.Numbers(true)
	require.Equal(t, []any{uint8(1), uint8(4), true}, []any{typ, code, ok}, "RFC 4443")
	_, _, ok = (&ICMP{Type: "packet_too_big"}).Numbers(false)
	require.False(t, ok, "IPv4 has no such message")
	_, _, ok = (&ICMP{Type: "unreachable", Code: "no_route"}).Numbers(false)
	require.False(t, ok)
	typ, code, ok = (&ICMP{Type: "type_12", Code: "code_3"}).Numbers(false)
	require.Equal(t, []any{uint8(12), uint8(3), true}, []any{typ, code, ok}, "what has no name has a number")
	for _, m := range []ICMP{{Type: "type_256"}, {Type: "type_"}, {Type: "type_3", Code: "code_x"}, {Type: "type_3", Code: "port_unreachable"}} {
		_, _, ok = m.Numbers(false)
		require.False(t, ok, m)
	}
}

func TestEncapsulatingHeaders(t *testing.T) {
	outer := oneEvent(t, "+0 > ipv4 [tos 0x8] 192.0.2.1 > 192.0.2.2: gre flags [checksum present, sequence# present], sum 0x1, off 2, "+
		"key = 3, seq 4: ipv6 fd00::1 > ::ffff:192.0.2.9: mpls (label 5, tc 1, ttl 9) (label 6, tc 0, [S], ttl 255): gre: . 1:1(0)").Packet.Outer
	require.Equal(t, []Header{
		{Kind: HeaderIPv4, Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), IP: IPSpec{ECN: WholeTOS, TOS: 8}},
		{Kind: HeaderGRE, GRE: &GRE{Flags: GREChecksum | GRESequence, Checksum: 1, Offset: 2, Key: 3, Sequence: 4}},
		{Kind: HeaderIPv6, Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("::ffff:192.0.2.9")},
		{Kind: HeaderMPLS, Labels: []MPLSLabel{{Label: 5, TC: 1, TTL: 9}, {Label: 6, Bottom: true, TTL: 255}}},
		{Kind: HeaderGRE},
	}, outer)
	require.Equal(t, uint16(0x2000), oneEvent(t, "+0 > gre, flags 0x2000 sum 0 off 0 key 0x9 seq 0: . 1:1(0)").Packet.Outer[0].GRE.Flags)
	require.Zero(t, oneEvent(t, "+0 > gre flags [none] sum 0 off 0 key 0 seq 0: . 1:1(0)").Packet.Outer[0].GRE.Flags)
}
