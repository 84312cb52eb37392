package tcpstate

// Seq is a TCP sequence number: 32 bits that wrap (RFC 9293 section 3.4).
// It has no order that `<` could show, so compare with the methods, which are
// right as long as the two numbers are less than 2^31 apart.
type Seq uint32

// Less reports whether s comes before t (Linux: before).
func (s Seq) Less(t Seq) bool { return int32(s-t) < 0 }

// LessEq reports whether s is t or comes before it.
func (s Seq) LessEq(t Seq) bool { return int32(s-t) <= 0 }

// Greater reports whether s comes after t (Linux: after).
func (s Seq) Greater(t Seq) bool { return int32(s-t) > 0 }

// GreaterEq reports whether s is t or comes after it.
func (s Seq) GreaterEq(t Seq) bool { return int32(s-t) >= 0 }

// Add moves n octets on, around the wrap where needed.
func (s Seq) Add(n uint32) Seq { return s + Seq(n) }

// Sub moves n octets back, around the wrap where needed.
func (s Seq) Sub(n uint32) Seq { return s - Seq(n) }

// Since is the number of octets from t up to s, modulo 2^32; meaningful where
// t comes no later than s.
func (s Seq) Since(t Seq) uint32 { return uint32(s - t) }

// Between reports whether s lies in [lo, hi], both ends included (Linux: between).
func (s Seq) Between(lo, hi Seq) bool { return hi.Since(lo) >= s.Since(lo) }

// maxSeq is the later of two sequence numbers.
func maxSeq(a, b Seq) Seq {
	if a.Greater(b) {
		return a
	}
	return b
}

// minSeq is the earlier of two sequence numbers.
func minSeq(a, b Seq) Seq {
	if a.Less(b) {
		return a
	}
	return b
}

// Range is the sequence space [Start, End): SACK blocks, holes, stored data.
type Range struct{ Start, End Seq }

// Len is the range's length in octets.
func (r Range) Len() uint32 { return r.End.Since(r.Start) }

// Empty reports whether the range holds nothing.
func (r Range) Empty() bool { return r.Start == r.End }
