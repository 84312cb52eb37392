package tcpstate

// Flags are the control bits of a segment (RFC 9293 section 3.1), in wire order.
type Flags uint16

// The control bits.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE // accurate ECN (RFC 9768), once NS
)

// Has reports whether any of the bits in g is set.
func (f Flags) Has(g Flags) bool { return f&g != 0 }

// String spells the flags as packetdrill does: "S.", "FP.", ".".
func (f Flags) String() string {
	const letters = "FSRP.UEWA"
	// packetdrill's own order: SYN, FIN, RST, PSH, ACK, URG, ECE, CWR, AE.
	order := [...]int{1, 0, 2, 3, 4, 5, 6, 7, 8}
	var b [len(order)]byte
	n := 0
	for _, i := range order {
		if f&(1<<i) != 0 {
			b[n] = letters[i]
			n++
		}
	}
	if n == 0 {
		return "-"
	}
	return string(b[:n])
}

// ECN is the two-bit ECN field of the IP header (RFC 3168).
type ECN uint8

// The ECN codepoints.
const (
	NotECT ECN = iota
	ECT1
	ECT0
	CE
)

// OptionSet says which options a segment carries.
type OptionSet uint8

// The options the machine understands; a codec skips all others.
const (
	OptMSS       OptionSet = 1 << iota
	OptWScale              // RFC 7323 window scale
	OptSACKOK              // RFC 2018 SACK-permitted
	OptTS                  // RFC 7323 timestamps
	OptSACK                // RFC 2018 SACK blocks
	OptFastOpen            // RFC 7413, kind 34, or its experimental form
	OptMalformed           // the option list broke off (RFC 9293 MUST-7): what came before counts
)

// MaxSACK is the most SACK blocks that fit into the 40 bytes of options.
const MaxSACK = 4

// Options are a segment's TCP options, decoded. Fields whose bit is not in Set are zero.
type Options struct {
	Set    OptionSet
	WScale uint8  // as on the wire: not yet bounded to 14
	NSACK  uint8  // blocks used in SACK
	MSS    uint16 // octets
	TSVal  uint32
	TSEcr  uint32
	SACK   [MaxSACK]Range
	Cookie FastCookie // of OptFastOpen
}

// Has reports whether all options of s are there.
func (o *Options) Has(s OptionSet) bool { return o.Set&s == s }

// Segment is one TCP segment without its payload bytes and without ports or
// addresses: all that a connection's answer can depend on.
type Segment struct {
	Seq   Seq
	Ack   Seq    // meaningful with the ACK flag
	Len   uint32 // payload octets; may span several MSS, as Linux's do before offload
	Flags Flags
	Wnd   uint16 // as on the wire, not scaled
	Urg   uint16 // urgent pointer, meaningful with URG
	ECN   ECN    // from the IP header
	// HdrLen is the length of the TCP header in bytes, 20 to 60. Linux's
	// header prediction and buffer accounting look at it; 0 means "derive it
	// from the options".
	HdrLen uint8
	Opts   Options
	// Charge is what the memory costs that brought it, octets, and Room how many
	// octets more have a place there, where it is no packet of this length that
	// came in one piece; Charge 0 means that it is. Segments that leave have none.
	Charge, Room int32
	// Size is of each part of an offloaded packet of this host's own, octets; 0 for
	// a single segment (gso_size). Segments that leave have none.
	Size uint32
	// Heard is what the sender has heard to be acknowledged, of one with Input.Local: the
	// memory of what lies before is the receiver's alone.
	Heard Seq
	// Joined are the older ACKs that this one took the place of as it waited (tcp_add_backlog).
	Joined uint32
}

// Parts is how many segments it stands for (gso_segs).
func (s *Segment) Parts() uint32 {
	if s.Size == 0 {
		return 1 + s.Joined
	}
	return max((s.Len+s.Size-1)/s.Size, 1)
}

// BareAck reports that the segment does nothing but acknowledge.
func (s *Segment) BareAck() bool {
	return s.Len == 0 && s.Flags&(ACK|SYN|FIN|RST|URG) == ACK
}

// InPages is the Room of a segment from this host itself: its octets lie in pages, which are handed over as they are.
const InPages = -1

// SeqLen is the sequence space the segment takes up: payload, SYN and FIN
// (SEG.LEN of RFC 9293).
func (s *Segment) SeqLen() uint32 {
	n := s.Len
	if s.Flags.Has(SYN) {
		n++
	}
	if s.Flags.Has(FIN) {
		n++
	}
	return n
}

// End is the sequence number after the segment's last octet.
func (s *Segment) End() Seq { return s.Seq.Add(s.SeqLen()) }

// HeaderLen is the TCP header's length, octets: as received, or what the options need.
func (s *Segment) HeaderLen() uint32 {
	if s.HdrLen != 0 {
		return uint32(s.HdrLen)
	}
	return 20 + s.Opts.wireLen()
}

// Lengths of options on the wire with the padding that Linux gives them
// (include/net/tcp.h: TCPOLEN_*_ALIGNED).
const (
	lenMSS    = 4
	lenWScale = 4
	lenTS     = 12
	lenSACKOK = 4
	lenSACK   = 4 // plus 8 a block
)

// wireLen is the bytes that the options take in Linux's layout (tcp_options_write).
func (o *Options) wireLen() uint32 {
	var n uint32
	if o.Has(OptMSS) {
		n += lenMSS
	}
	if o.Has(OptTS) {
		n += lenTS // SACK-permitted hides in its padding
	} else if o.Has(OptSACKOK) {
		n += lenSACKOK
	}
	if o.Has(OptWScale) {
		n += lenWScale
	}
	if o.NSACK > 0 {
		n += lenSACK + 8*uint32(o.NSACK)
	}
	if o.Has(OptFastOpen) {
		n += o.Cookie.wireLen()
	}
	return n
}
