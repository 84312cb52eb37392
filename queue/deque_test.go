package queue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// dequeMachine runs a Deque beside a plain slice.
func dequeMachine() machine {
	var d Deque[int]
	var model []int
	serial := 0
	next := func() int { serial++; return serial }
	return machine{
		made:    "var d Deque[int]",
		checked: func() string { return fmt.Sprintf("checkDeque(t, &d, %#v)", model) },
		actions: []action{
			{"push", func(_ require.TestingT, c chooser) {
				v := next()
				c.say("d.PushBack(%d)", v)
				d.PushBack(v)
				model = append(model, v)
			}},
			{"pop", func(t require.TestingT, c chooser) {
				c.say("require.Equal(t, %s, all(d.PopFront()))", element{model, 0})
				v, ok := d.PopFront()
				require.Equal(t, len(model) > 0, ok)
				if ok {
					require.Equal(t, model[0], v)
					model = model[1:]
				}
			}},
			{"insert", func(t require.TestingT, c chooser) {
				i, v := c.pick("i", len(model)+3)-1, next() // from one too low to one too high
				c.say("require.Equal(t, %t, d.Insert(%d, %d))", i >= 0 && i <= len(model), i, v)
				ok := d.Insert(i, v)
				require.Equal(t, i >= 0 && i <= len(model), ok)
				if ok {
					model = slices.Insert(model, i, v)
				}
			}},
			{"remove", func(t require.TestingT, c chooser) {
				i := c.pick("i", len(model)+2) - 1
				c.say("require.Equal(t, %s, all(d.Remove(%d)))", element{model, i}, i)
				v, ok := d.Remove(i)
				require.Equal(t, i >= 0 && i < len(model), ok)
				if ok {
					require.Equal(t, model[i], v)
					model = slices.Delete(model, i, i+1)
				}
			}},
			{"update in place", func(_ require.TestingT, c chooser) {
				if len(model) > 0 {
					i, v := c.pick("i", len(model)), next()
					c.say("*d.At(%d) = %d", i, v)
					*d.At(i) = v
					model[i] = v
				}
			}},
			{"truncate", func(_ require.TestingT, c chooser) {
				n := c.pick("n", len(model)+3) - 1
				c.say("d.Truncate(%d)", n)
				d.Truncate(n)
				model = model[:min(max(n, 0), len(model))]
			}},
			{"clear", func(_ require.TestingT, c chooser) {
				if c.pick("really", 8) == 7 { // seldom, or no run would grow long
					c.say("d.Clear()")
					d.Clear()
					model = nil
				}
			}},
			{"go on with a clone", func(t require.TestingT, c chooser) {
				c.say("{ old := d; d = d.Clone(); old.Truncate(0) }")
				old := d
				d = d.Clone()
				old.Truncate(0) // zeroes the slots: a clone that shared them would lose its elements
			}},
		},
		check: func(t require.TestingT) { checkDeque(t, &d, model) },
		value: func() uint64 { return sum(func(h *Hash) { d.Fingerprint(h, HashInteger[int]) }) },
		shapes: func(see func(string, bool)) {
			see("empty", len(model) == 0)
			see("wrapped", d.head+d.n > len(d.buf))
			see("full ring", d.n > 0 && d.n == len(d.buf))
			see("grown twice", len(d.buf) >= 4*minDeque)
			see("grown and almost empty", len(d.buf) >= 4*minDeque && d.n <= 1)
		},
	}
}

func checkDeque(t require.TestingT, d *Deque[int], model []int) {
	require.Equal(t, len(model), d.Len())
	require.Nil(t, d.At(-1))
	require.Nil(t, d.At(len(model)))
	for i, v := range model {
		equal(t, v, *d.At(i))
	}
	live := 0
	for _, v := range d.buf {
		if v != 0 {
			live++
		}
	}
	require.Equal(t, len(model), live, "slots in use: what was taken out must be zeroed")

	var plain Deque[int] // the same contents with another history
	for _, v := range model {
		plain.PushBack(v)
	}
	require.True(t, d.Equal(&plain, Same[int]))
	print := func(d *Deque[int]) uint64 {
		return sum(func(h *Hash) { d.Fingerprint(h, HashInteger[int]) })
	}
	require.Equal(t, print(&plain), print(d))
	plain.PushBack(0)
	require.False(t, d.Equal(&plain, Same[int]))
	require.NotEqual(t, print(&plain), print(d))
}

func TestDequeIsASlice(t *testing.T) { checkMachine(t, dequeMachine) }
func FuzzDeque(f *testing.F)         { fuzzMachine(f, dequeMachine) }

func TestDequeCloneSharesNothing(t *testing.T) {
	var d Deque[int]
	for v := range 6 {
		d.PushBack(v)
	}
	c := d.Clone()
	*c.At(0) = 99
	c.PushBack(6)
	require.Equal(t, 0, *d.At(0))
	require.Equal(t, 6, d.Len())
	require.False(t, d.Equal(&c, Same[int]))
	c.Truncate(6)
	require.False(t, d.Equal(&c, Same[int]), "of one length, but element 0 differs")
}

func TestDequeOfThePastAllocatesNothing(t *testing.T) {
	var d Deque[[4]uint64]
	for i := range 100 {
		d.PushBack([4]uint64{uint64(i)})
	}
	requireNoAllocs(t, func() {
		v, _ := d.PopFront()
		d.PushBack(v)
		d.Insert(50, v)
		d.Remove(3)
	})
}

// A segment is split in place: shorten the element, insert its tail behind it.
func ExampleDeque() {
	type segment struct{ start, length int }
	var unacked Deque[segment]
	unacked.PushBack(segment{0, 3000})
	unacked.PushBack(segment{3000, 100})

	first := unacked.At(0)
	tail := segment{first.start + 1000, first.length - 1000}
	first.length = 1000
	unacked.Insert(1, tail)

	for unacked.Len() > 0 {
		s, _ := unacked.PopFront()
		fmt.Println(s.start, s.length)
	}
	// Output:
	// 0 1000
	// 1000 2000
	// 3000 100
}

func BenchmarkDequePushPop(b *testing.B) {
	b.ReportAllocs()
	var d Deque[[8]uint64]
	for range b.N {
		d.PushBack([8]uint64{})
		if d.Len() > 64 {
			d.PopFront()
		}
	}
}

func BenchmarkDequeSplitInTheMiddleOf64(b *testing.B) {
	b.ReportAllocs()
	var d Deque[[8]uint64]
	for range 64 {
		d.PushBack([8]uint64{})
	}
	for range b.N {
		d.Insert(32, [8]uint64{})
		d.Remove(33)
	}
}

// TestInsertAndRemoveMoveTheShorterSide: what costs is moving elements. The head moves when those before the
// place did, and stays when those after it did, or as many are on both sides.
func TestInsertAndRemoveMoveTheShorterSide(t *testing.T) {
	const full = 16 // a power of two: the ring does not grow below it
	filled := func(n int) Deque[int] {
		var d Deque[int]
		for i := range full {
			d.PushBack(i)
		}
		d.Truncate(n)
		return d
	}
	for n := range full {
		for i := range n + 1 {
			d := filled(n)
			before := d.head
			d.Insert(i, -1)
			require.Equal(t, i < n-i, d.head != before, "insert %d of %d", i, n)
		}
		for i := range n {
			d := filled(n)
			before := d.head
			d.Remove(i)
			require.Equal(t, i < n-1-i, d.head != before, "remove %d of %d", i, n)
		}
	}
}

// TestTheRingIsTheLeastPowerOfTwo: it grows when it is full and no sooner, and a clone has what its elements need.
func TestTheRingIsTheLeastPowerOfTwo(t *testing.T) {
	var d Deque[int]
	for n := 1; n <= 8*minDeque; n++ {
		d.PushBack(n)
		want := minDeque
		for want < n {
			want *= 2
		}
		require.Len(t, d.buf, want, "%d elements", n)
		c := d.Clone()
		require.Len(t, c.buf, want, "clone of %d elements", n)
	}
	require.Zero(t, testing.AllocsPerRun(10, func() {
		d.PopFront()
		d.PushBack(0) // the last free place
	}))
}
