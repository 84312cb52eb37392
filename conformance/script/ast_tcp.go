package script

// Flags are the nine control bits of a TCP segment, as in the header: RFC 9293 section 3.1, and AE of the AccECN draft.
type Flags uint16

// The control bits and the letters that a script writes for them.
const (
	FIN Flags = 1 << iota // F
	SYN                   // S
	RST                   // R
	PSH                   // P
	ACK                   // .
	URG                   // U
	ECE                   // E
	CWR                   // W
	AE                    // A
)

// Has tells whether all bits of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// ACE is the three-bit AccECN counter that AE, CWR and ECE form.
func (f Flags) ACE() uint8 { return uint8(f / ECE & 7) }

// TCP is one segment. Sequence numbers are relative to the initial ones, as the script writes them.
type TCP struct {
	Pos   Pos
	Flags Flags
	Seq   uint32 // first sequence number; the one after the payload is Seq+Len, which never wraps in a script
	Len   uint16 // payload bytes
	// Ack is the acknowledgment number, with HasAck. An inbound segment may carry the flag without a number.
	Ack    uint32
	HasAck bool
	// Window is the field as on the wire, unscaled, with HasWindow; always there in inbound segments.
	Window    uint16
	HasWindow bool
	// Urgent is the urgent pointer, with HasUrgent.
	Urgent    uint16
	HasUrgent bool
	// Options are in wire order. AnyOptions is the form <...>: the expected segment's options are not compared.
	Options    []TCPOption
	AnyOptions bool
}

// End is the sequence number after the payload.
func (t *TCP) End() uint32 { return t.Seq + uint32(t.Len) }

// OptionKind names a TCP option.
type OptionKind uint8

// The options that a script can write.
const (
	OptNOP         OptionKind = iota // nop
	OptEOL                           // eol
	OptMSS                           // mss N: Value
	OptWScale                        // wscale N: Value
	OptSACKOK                        // sackOK
	OptSACK                          // sack L:R L:R: Blocks
	OptMD5                           // md5 HEX: Data
	OptTS                            // TS val N ecr N: Value, Echo
	OptFastOpen                      // FO HEX: Data, RFC 7413 kind 34
	OptFastOpenExp                   // FOEXP HEX: Data, the experimental kind 254 with magic 0xF989
	OptAccECN                        // ECN e0b N ceb N e1b N: Counters
)

// TCPOption is one option. Fields beyond Kind are meaningful as its constant says.
type TCPOption struct {
	Pos    Pos
	Kind   OptionKind
	Value  uint32
	Echo   uint32
	Blocks []SACKBlock
	// Data is a fast-open cookie or an MD5 digest, possibly empty or of a wrong length: scripts test those too.
	Data []byte
	// Counters are one to three AccECN fields in wire order; the first is E0B (kind 172) or E1B (kind 174), the second CEB.
	Counters []AccECNCounter
}

// SACKBlock is one block of a SACK option: Left is its first sequence number, Right the one after its last.
type SACKBlock struct {
	Left  uint32
	Right uint32
}

// AccECNField names a byte counter of the AccECN option.
type AccECNField uint8

// The three counters.
const (
	E0B AccECNField = iota // bytes that arrived marked ECT(0)
	CEB                    // bytes that arrived marked CE
	E1B                    // bytes that arrived marked ECT(1)
)

// AccECNCounter is one 24-bit counter of the AccECN option.
type AccECNCounter struct {
	Field AccECNField
	Value uint32
}
