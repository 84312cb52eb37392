package queue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const rangesWorld = 64 // offsets the model knows

// rangesModel is one bool per offset.
type rangesModel struct {
	in    [rangesWorld]bool
	limit int
}

// runs returns the model's maximal runs, found the slow way.
func (m *rangesModel) runs() []Range {
	var out []Range
	for i, in := range m.in {
		switch {
		case !in:
		case i > 0 && m.in[i-1]:
			out[len(out)-1].End++
		default:
			out = append(out, Range{uint32(i), uint32(i) + 1})
		}
	}
	return out
}

// set makes every offset of r what on says and returns how many changed. It is refused when r is inverted or
// when it would make more ranges than there were and than the limit allows.
func (m *rangesModel) set(r Range, on bool) (changed uint32, ok bool) {
	if r.End < r.Start {
		return 0, false
	}
	after := *m
	for i := r.Start; i < r.End; i++ {
		if after.in[i] != on {
			after.in[i] = on
			changed++
		}
	}
	if n := len(after.runs()); n > m.limit && n > len(m.runs()) {
		return 0, false
	}
	*m = after
	return changed, true
}

// modelOf is the model of a set that consists of these ranges.
func modelOf(limit int, runs []Range) *rangesModel {
	m := rangesModel{limit: rangesWorld}
	for _, r := range runs {
		m.set(r, true)
	}
	m.limit = limit
	return &m
}

func (m *rangesModel) missing(r Range) []Range {
	gaps := rangesModel{}
	for i := r.Start; i < r.End; i++ {
		gaps.in[i] = !m.in[i]
	}
	return gaps.runs()
}

func (m *rangesModel) shift(n uint32) (gone uint32) {
	var after rangesModel
	after.limit = m.limit
	for i, in := range m.in {
		switch {
		case in && uint32(i) < n:
			gone++
		case in:
			after.in[uint32(i)-n] = true
		}
	}
	*m = after
	return gone
}

// goRange and goRanges are spelt as Go when somebody asks.
type (
	goRange  Range
	goRanges []Range
)

func (r goRange) String() string { return fmt.Sprintf("Range{%d, %d}", r.Start, r.End) }

func (all goRanges) String() string {
	if len(all) == 0 {
		return "[]Range(nil)"
	}
	var spelt []string
	for _, r := range all {
		spelt = append(spelt, strings.TrimPrefix(goRange(r).String(), "Range"))
	}
	return "[]Range{" + strings.Join(spelt, ", ") + "}"
}

func pickRange(c chooser) Range { // now and then empty or inverted
	return Range{uint32(c.pick("start", rangesWorld+1)), uint32(c.pick("end", rangesWorld+1))}
}

func rangesMachine() machine {
	s, m := NewRanges(4), rangesModel{limit: 4}
	return machine{
		made: "s := NewRanges(4)",
		checked: func() string {
			return fmt.Sprintf("checkRanges(t, &s, modelOf(%d, %s))", m.limit, goRanges(m.runs()))
		},
		actions: []action{
			{"add", func(t require.TestingT, c chooser) {
				r := pickRange(c)
				missing := m.missing(r)
				c.say("require.Equal(t, %s, s.Missing(%s, nil))", goRanges(missing), goRange(r))
				require.Equal(t, missing, s.Missing(r, nil))
				covers := len(missing) == 0 && r.Start <= r.End
				c.say("require.Equal(t, %t, s.Covers(%s))", covers, goRange(r))
				require.Equal(t, covers, s.Covers(r))
				want, wantOK := m.set(r, true)
				c.say("require.Equal(t, all(uint32(%d), %t), all(s.Add(%s)))", want, wantOK, goRange(r))
				fresh, ok := s.Add(r)
				require.Equal(t, wantOK, ok, "add %v", r)
				require.Equal(t, want, fresh, "add %v", r)
			}},
			{"add a short one", func(t require.TestingT, c chooser) {
				at := uint32(c.pick("at", rangesWorld))
				want, wantOK := m.set(Range{at, at + 1}, true)
				c.say("require.Equal(t, all(uint32(%d), %t), all(s.Add(Range{%d, %d})))", want, wantOK, at, at+1)
				fresh, ok := s.Add(Range{at, at + 1})
				require.Equal(t, wantOK, ok)
				require.Equal(t, want, fresh)
			}},
			{"remove", func(t require.TestingT, c chooser) {
				r := pickRange(c)
				want, wantOK := m.set(r, false)
				c.say("require.Equal(t, all(uint32(%d), %t), all(s.Remove(%s)))", want, wantOK, goRange(r))
				gone, ok := s.Remove(r)
				require.Equal(t, wantOK, ok, "remove %v", r)
				require.Equal(t, want, gone, "remove %v", r)
			}},
			{"trim", func(t require.TestingT, c chooser) {
				off := uint32(c.pick("off", rangesWorld+1))
				want, _ := m.set(Range{0, off}, false)
				c.say("require.Equal(t, uint32(%d), s.TrimBelow(%d))", want, off)
				require.Equal(t, want, s.TrimBelow(off))
			}},
			{"shift", func(t require.TestingT, c chooser) {
				n := uint32(c.pick("n", 20))
				want := m.shift(n)
				c.say("require.Equal(t, uint32(%d), s.Shift(%d))", want, n)
				require.Equal(t, want, s.Shift(n))
			}},
			{"limit", func(_ require.TestingT, c chooser) {
				m.limit = c.pick("limit", 7)
				c.say("s.SetLimit(%d)", m.limit)
				s.SetLimit(m.limit)
			}},
			{"go on with a clone", func(_ require.TestingT, c chooser) {
				c.say("{ old := s; s = s.Clone(); old.Shift(1) }")
				old := s
				s = s.Clone()
				old.Shift(1) // changes the ranges in place: must not show in the clone
			}},
			{"clear", func(_ require.TestingT, c chooser) {
				if c.pick("really", 8) == 7 {
					c.say("s.Clear()")
					s.Clear()
					m.in = [rangesWorld]bool{}
				}
			}},
		},
		check: func(t require.TestingT) { checkRanges(t, &s, &m) },
		value: func() uint64 { return sum(s.Fingerprint) },
		shapes: func(see func(string, bool)) {
			see("empty", s.Len() == 0)
			see("full", s.Len() == m.limit && m.limit > 0)
			see("over its limit", s.Len() > m.limit)
			see("five ranges", s.Len() >= 5)
			see("limit 0", m.limit == 0)
			see("offset 0", m.in[0])
			see("the last offset", m.in[rangesWorld-1])
		},
	}
}

func checkRanges(t require.TestingT, s *Ranges, m *rangesModel) {
	runs := m.runs()
	require.Equal(t, len(runs), s.Len())
	require.Equal(t, m.limit, s.Limit())
	var size uint32
	for i, r := range runs {
		equal(t, r, s.At(i))
		size += r.Len()
	}
	require.Equal(t, size, s.Size())
	first, okFirst := s.First()
	last, okLast := s.Last()
	require.Equal(t, len(runs) > 0, okFirst)
	require.Equal(t, len(runs) > 0, okLast)
	if len(runs) > 0 {
		require.Equal(t, runs[0], first)
		require.Equal(t, runs[len(runs)-1], last)
	}
	for off, in := range m.in {
		equal(t, in, s.Contains(uint32(off)))
		r, ok := s.Find(uint32(off))
		equal(t, in, ok)
		equal(t, in, r.Start <= uint32(off) && uint32(off) < r.End)
	}
	plain := NewRanges(rangesWorld) // the same set with another history: highest first
	for i := len(runs) - 1; i >= 0; i-- {
		plain.Add(runs[i])
	}
	plain.SetLimit(m.limit)
	require.True(t, s.Equal(&plain))
	require.Equal(t, sum(plain.Fingerprint), sum(s.Fingerprint))
	plain.SetLimit(rangesWorld)
	plain.Add(Range{2 * rangesWorld, 2*rangesWorld + 1})
	plain.SetLimit(m.limit)
	require.False(t, s.Equal(&plain))
	require.NotEqual(t, sum(plain.Fingerprint), sum(s.Fingerprint))
}

func TestRangesIsASetOfOffsets(t *testing.T) { checkMachine(t, rangesMachine) }
func FuzzRanges(f *testing.F)                { fuzzMachine(f, rangesMachine) }

func TestRangesRefusalLeavesTheSetAsItWas(t *testing.T) {
	s := NewRanges(2)
	s.Add(Range{0, 10})
	s.Add(Range{20, 30})
	before := s.Clone()
	_, ok := s.Add(Range{40, 50})
	require.False(t, ok, "a third range")
	_, ok = s.Remove(Range{4, 5})
	require.False(t, ok, "a split into a third range")
	_, ok = s.Add(Range{5, 4})
	require.False(t, ok, "an inverted range")
	require.True(t, s.Equal(&before))
	gone, ok := s.Remove(Range{8, 21})
	require.True(t, ok, "a cut through two ranges needs no room")
	require.Equal(t, uint32(3), gone)
	fresh, ok := s.Add(Range{8, 21})
	require.True(t, ok, "joining needs no room")
	require.Equal(t, uint32(13), fresh)
	require.Equal(t, 1, s.Len())
}

func TestRangesHoldOffsetsUpToTheTopOf32Bits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const top = 1<<32 - 1
		s := NewRanges(4)
		lo := rapid.Uint32Range(1, top-1).Draw(t, "lo")
		fresh, ok := s.Add(Range{lo, top})
		require.True(t, ok)
		require.Equal(t, top-lo, fresh)
		require.False(t, s.Contains(top))
		require.True(t, s.Covers(Range{lo, top}))
		require.Equal(t, []Range{{lo - 1, lo}}, s.Missing(Range{lo - 1, top}, nil))
		require.Equal(t, top-lo, s.Shift(top))
		require.Zero(t, s.Len())
	})
}

func TestRangesOfThePastAllocateNothing(t *testing.T) {
	s := NewRanges(32)
	dst := make([]Range, 0, 64)
	requireNoAllocs(t, func() {
		for i := uint32(0); i < 32; i++ {
			s.Add(Range{i * 20, i*20 + 10})
		}
		s.Remove(Range{0, 5})
		s.Remove(Range{21, 49})
		s.Remove(Range{102, 104})
		dst = s.Missing(Range{0, 640}, dst[:0])
		s.Shift(300)
	})
}

// Two segments arrive past a hole, then the one that fills it.
func ExampleRanges() {
	s := NewRanges(4)
	s.Add(Range{1000, 2000})
	s.Add(Range{3000, 4000})
	fmt.Println(s.Missing(Range{0, 4000}, nil))
	fresh, _ := s.Add(Range{500, 3500})
	fmt.Println(fresh, "new bytes,", s.Len(), "range:", s.At(0))
	s.Shift(500) // they are the next ones due: the origin moves up to them
	fmt.Println(s.First())
	// Output:
	// [{0 1000} {2000 3000}]
	// 1500 new bytes, 1 range: {500 4000}
	// {0 3500} true
}

func BenchmarkRangesAddRemoveAmong16(b *testing.B) {
	b.ReportAllocs()
	s := NewRanges(32)
	for i := range uint32(16) {
		s.Add(Range{i * 20, i*20 + 10})
	}
	for range b.N {
		s.Add(Range{110, 120})
		s.Remove(Range{110, 120})
	}
}
