package queue

import "slices"

// Range is the half-open interval [Start, End) of offsets from a moving origin. Offsets are not sequence
// numbers: they never wrap, so they may be compared. The offset 2^32-1 itself can't be in a range.
type Range struct {
	Start, End uint32
}

// Len returns the number of offsets in r, 0 when r is empty or inverted.
func (r Range) Len() uint32 {
	if r.End < r.Start {
		return 0
	}
	return r.End - r.Start
}

// overlap returns the number of offsets that are in both.
func (r Range) overlap(o Range) uint32 {
	return Range{max(r.Start, o.Start), min(r.End, o.End)}.Len()
}

// Ranges is a set of offsets kept as sorted ranges that neither overlap nor touch, at most Limit of them: the
// bound keeps a peer that sends every other byte from growing it. It tells which out-of-order data has
// arrived, or what a peer has selectively acknowledged (RFC 2018). The zero value has limit 0: see SetLimit.
type Ranges struct {
	list  []Range
	limit int
}

// NewRanges returns an empty set of at most limit ranges.
func NewRanges(limit int) Ranges { return Ranges{limit: max(limit, 0)} }

// SetLimit sets the largest number of ranges. Ranges held beyond it stay.
func (s *Ranges) SetLimit(limit int) { s.limit = max(limit, 0) }

// Limit returns the largest number of ranges.
func (s *Ranges) Limit() int { return s.limit }

// Len returns the number of ranges.
func (s *Ranges) Len() int { return len(s.list) }

// At returns range i, 0 the lowest, or the empty range when i is outside [0, Len).
func (s *Ranges) At(i int) Range {
	if i < 0 || i >= len(s.list) {
		return Range{}
	}
	return s.list[i]
}

// First returns the lowest range; ok is false when the set is empty.
func (s *Ranges) First() (r Range, ok bool) { return s.At(0), len(s.list) > 0 }

// Last returns the highest range; ok is false when the set is empty.
func (s *Ranges) Last() (r Range, ok bool) { return s.At(len(s.list) - 1), len(s.list) > 0 }

// Size returns the number of offsets in the set.
func (s *Ranges) Size() uint32 {
	var n uint32
	for _, r := range s.list {
		n += r.Len()
	}
	return n
}

// Find returns the range that holds off; ok is false when none does. A second D-SACK block needs it (RFC 2883,
// section 4): the range around a duplicate.
func (s *Ranges) Find(off uint32) (r Range, ok bool) {
	if r = s.At(s.search(off)); r.Start <= off && off < r.End {
		return r, true
	}
	return Range{}, false
}

// Contains reports whether off is in the set.
func (s *Ranges) Contains(off uint32) bool {
	_, ok := s.Find(off)
	return ok
}

// Covers reports whether every offset of r is in the set. An empty r is covered, an inverted one never.
func (s *Ranges) Covers(r Range) bool {
	if r.Start >= r.End {
		return r.Start == r.End
	}
	held, ok := s.Find(r.Start)
	return ok && r.End <= held.End
}

// Missing appends to dst the parts of r that are not in the set, lowest first: what Add would newly cover.
func (s *Ranges) Missing(r Range, dst []Range) []Range {
	at := r.Start
	for i := s.search(r.Start); i < len(s.list) && s.list[i].Start < r.End; i++ {
		if at < s.list[i].Start {
			dst = append(dst, Range{at, s.list[i].Start})
		}
		at = s.list[i].End
	}
	if at < r.End {
		dst = append(dst, Range{at, r.End})
	}
	return dst
}

// Add puts r into the set, joins it with ranges it overlaps or touches, and returns how many offsets were new.
// ok is false, and the set is unchanged, when r is inverted or when it would be one range too many. A caller
// that rather drops an old range (Linux drops the highest, tcp_prune_ofo_queue) removes that and tries again.
func (s *Ranges) Add(r Range) (fresh uint32, ok bool) {
	if r.Start >= r.End {
		return 0, r.Start == r.End
	}
	i := s.search(r.Start)
	joined, fresh, j := r, r.Len(), i
	for ; j < len(s.list) && s.list[j].Start <= r.End; j++ { // touching is joining
		joined.Start = min(joined.Start, s.list[j].Start)
		joined.End = max(joined.End, s.list[j].End)
		fresh -= r.overlap(s.list[j])
	}
	if i == j && len(s.list) >= s.limit {
		return 0, false
	}
	s.list = slices.Replace(s.list, i, j, joined)
	return fresh, true
}

// Remove takes the offsets of r out of the set and returns how many there were. ok is false, and the set is
// unchanged, when r is inverted or when it would split a range and make one too many.
func (s *Ranges) Remove(r Range) (gone uint32, ok bool) {
	if r.Start >= r.End {
		return 0, r.Start == r.End
	}
	i := s.search(r.Start)
	j := i
	for ; j < len(s.list) && s.list[j].Start < r.End; j++ {
		gone += r.overlap(s.list[j])
	}
	if i == j {
		return 0, true
	}
	left, right := Range{s.list[i].Start, r.Start}, Range{r.End, s.list[j-1].End}
	switch keepLeft, keepRight := left.Len() > 0, right.Len() > 0; {
	case keepLeft && keepRight:
		if i+1 == j && len(s.list) >= s.limit {
			return 0, false
		}
		s.list = slices.Replace(s.list, i, j, left, right)
	case keepLeft:
		s.list = slices.Replace(s.list, i, j, left)
	case keepRight:
		s.list = slices.Replace(s.list, i, j, right)
	default:
		s.list = slices.Delete(s.list, i, j)
	}
	return gone, true
}

// TrimBelow takes every offset below off out of the set and returns how many there were. It can't be refused:
// cutting at the bottom splits nothing.
func (s *Ranges) TrimBelow(off uint32) (gone uint32) {
	gone, _ = s.Remove(Range{0, off})
	return gone
}

// Shift moves the origin forward by n: offset n becomes offset 0. What lies below falls out; it returns how
// many offsets did.
func (s *Ranges) Shift(n uint32) (gone uint32) {
	gone = s.TrimBelow(n)
	for i := range s.list {
		s.list[i].Start -= n
		s.list[i].End -= n
	}
	return gone
}

// Clear empties the set and keeps its memory.
func (s *Ranges) Clear() { s.list = s.list[:0] }

// search returns the index of the first range that ends at or above off, the first that a range starting at
// off can touch; Len when there is none. Since ranges never touch, it is also the only one that can hold off.
func (s *Ranges) search(off uint32) int {
	lo, hi := 0, len(s.list)
	for lo < hi {
		mid := (lo + hi) / 2
		if s.list[mid].End >= off {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// Clone returns the same set with memory of its own.
func (s *Ranges) Clone() Ranges {
	return Ranges{list: slices.Clone(s.list), limit: s.limit}
}

// Equal reports whether both hold the same offsets under the same limit.
func (s *Ranges) Equal(o *Ranges) bool {
	return s.limit == o.limit && slices.Equal(s.list, o.list)
}

// Fingerprint feeds the limit and the ranges, lowest first.
func (s *Ranges) Fingerprint(h *Hash) {
	h.U64(uint64(s.limit))
	h.U64(uint64(len(s.list)))
	for _, r := range s.list {
		h.U32(r.Start)
		h.U32(r.End)
	}
}
