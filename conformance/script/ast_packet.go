package script

import "net/netip"

// Direction says who sends a packet.
type Direction uint8

// The two directions, as seen from the stack under test.
const (
	Inbound  Direction = iota // < : injected by the script
	Outbound                  // > : expected from the stack
)

// Packet is one packet to inject or to expect. Exactly one of TCP, UDP and ICMP is set.
type Packet struct {
	Pos       Pos
	Direction Direction
	// Conn is the label of `< c2: S ...`, empty for the default connection.
	Conn string
	// Outer are the encapsulating headers, outermost first.
	Outer []Header
	// IP holds what the script says about the innermost IP header.
	IP IPSpec
	// PSP is set by `encap psp spi N`.
	PSP *PSP
	// Ports is set by an explicit `src > dst`.
	Ports *Ports
	TCP   *TCP
	UDP   *UDP
	ICMP  *ICMP
}

// ECNCheck says what a script states about the IP header's traffic class.
type ECNCheck uint8

// The marks of [noecn] and its kin. In an expected packet NotStated is not compared.
const (
	ECNNotStated ECNCheck = iota
	NotECT                // [noecn]: Not-ECT, RFC 3168 section 5
	ECT0                  // [ect0]
	ECT1                  // [ect1]
	CE                    // [ce]
	ECT01                 // [ect01]: either ECT codepoint, expected packets only
	WholeTOS              // [tos 0x..]: all eight bits, in IPSpec.TOS
)

// IPSpec is the bracket before the transport header: [ect0], [tos 0x10], [flowlabel 0x1], [ttl 64], [ce, flowlabel 0x1],
// [frag 0:1480+ id 7], [ce, frag 1480:2008].
type IPSpec struct {
	Pos          Pos
	ECN          ECNCheck
	TOS          uint8  // meaningful with WholeTOS
	FlowLabel    uint32 // 20 bits, meaningful with HasFlowLabel
	HasFlowLabel bool
	TTL          uint8 // or the hop limit, meaningful with HasTTL
	HasTTL       bool
	Frag         FragSpec
	HasFrag      bool // the packet is a fragment of the datagram that is written behind the bracket
}

// FragSpec is frag 0:1480+ id 7: octets Start to End of what follows the IP header of a datagram; + says that more
// fragments follow.
type FragSpec struct {
	Start, End uint16 // Start is a multiple of eight
	More       bool
	ID         uint32 // IPv4's has 16 bits; not compared
}

// Ports are explicit port numbers. Without them the runner takes those of the connection.
type Ports struct {
	Pos Pos
	Src uint16
	Dst uint16
}

// PSP is the transport-mode header of `encap psp spi N` (google/psp, between IP and TCP).
type PSP struct {
	Pos Pos
	SPI uint32
}

// HeaderKind names an encapsulating header.
type HeaderKind uint8

// The headers that may surround a packet.
const (
	HeaderIPv4 HeaderKind = iota
	HeaderIPv6
	HeaderGRE
	HeaderMPLS
)

// Header is one encapsulating header.
type Header struct {
	Pos  Pos
	Kind HeaderKind
	// Src, Dst and IP belong to HeaderIPv4 and HeaderIPv6.
	Src netip.Addr
	Dst netip.Addr
	IP  IPSpec
	// GRE is set for HeaderGRE when fields are given; a bare `gre:` has none.
	GRE *GRE
	// Labels is the stack of HeaderMPLS, top first.
	Labels []MPLSLabel
}

// GRE holds the fields of a GRE header, RFC 2784 with the key and sequence number of RFC 2890.
type GRE struct {
	Pos      Pos
	Flags    uint16 // first 16 bits on the wire: GREChecksum, GREKey, GRESequence and what a number may add
	Checksum uint16
	Offset   uint16
	Key      uint32
	Sequence uint32
}

// Bits of GRE.Flags.
const (
	GREChecksum uint16 = 0x8000
	GREKey      uint16 = 0x2000
	GRESequence uint16 = 0x1000
)

// MPLSLabel is one entry of an MPLS label stack, RFC 3032.
type MPLSLabel struct {
	Pos    Pos
	Label  uint32 // 20 bits
	TC     uint8  // 3 bits
	Bottom bool   // [S]
	TTL    uint8
}

// UDP is `udp (len)`.
type UDP struct {
	Pos Pos
	Len uint16 // payload bytes
}

// EchoKind says what an ICMP message quotes.
type EchoKind uint8

// What the bracket at the end of an ICMP packet holds.
const (
	EchoNone EchoKind = iota
	EchoTCP           // [1:1001(1000)]
	EchoUDP           // [udp (1000)]
	EchoRaw           // [raw (1000)]
)

// ICMP is `icmp type code mtu N id N [quoted]`. Type and Code are Google's names (unreachable, frag_needed, packet_too_big);
// what they mean depends on the IP version, so the engine maps them to numbers.
type ICMP struct {
	Pos    Pos
	Type   string
	Code   string // empty without one
	MTU    int64  // meaningful with HasMTU
	HasMTU bool
	ID     uint16 // meaningful with HasID
	HasID  bool
	Echo   EchoKind
	Seq    uint32 // first quoted sequence number, EchoTCP only
	Len    uint16 // quoted packet's payload bytes
}
