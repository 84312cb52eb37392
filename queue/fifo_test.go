package queue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// fifoMachine runs a FIFO beside a plain slice and a limit.
func fifoMachine() machine {
	q, limit := NewFIFO[int](4), 4
	var model []int
	serial := 0
	return machine{
		made:    "q := NewFIFO[int](4)",
		checked: func() string { return fmt.Sprintf("checkFIFO(t, &q, %#v, %d)", model, limit) },
		actions: []action{
			{"push", func(t require.TestingT, c chooser) {
				serial++
				c.say("require.Equal(t, %t, q.Push(%d))", len(model)+1 <= limit, serial)
				ok := q.Push(serial)
				require.Equal(t, len(model)+1 <= limit, ok, "%d held, limit %d", len(model), limit)
				if ok {
					model = append(model, serial)
				}
			}},
			{"pop", func(t require.TestingT, c chooser) {
				c.say("require.Equal(t, %s, all(q.Pop()))", element{model, 0})
				v, ok := q.Pop()
				require.Equal(t, len(model) > 0, ok)
				if ok {
					require.Equal(t, model[0], v)
					model = model[1:]
				}
			}},
			{"remove", func(t require.TestingT, c chooser) {
				i := c.pick("i", len(model)+2) - 1
				c.say("require.Equal(t, %s, all(q.Remove(%d)))", element{model, i}, i)
				v, ok := q.Remove(i)
				require.Equal(t, i >= 0 && i < len(model), ok)
				if ok {
					require.Equal(t, model[i], v)
					model = slices.Delete(model, i, i+1)
				}
			}},
			{"remove by rule", func(t require.TestingT, c chooser) {
				m, r := c.pick("modulus", 4)+1, c.pick("remainder", 4)
				var seen []int
				before := slices.Clone(model)
				model = slices.DeleteFunc(model, func(v int) bool { return v%m == r })
				c.say("require.Equal(t, %d, q.RemoveFunc(func(v *int) bool { return *v%%%d == %d }))", len(before)-len(model), m, r)
				n := q.RemoveFunc(func(v *int) bool {
					seen = append(seen, *v)
					return *v%m == r
				})
				require.True(t, slices.Equal(before, seen), "each once, oldest first: %v, not %v", before, seen)
				require.Equal(t, len(before)-len(model), n)
			}},
			{"limit", func(_ require.TestingT, c chooser) {
				set := c.pick("limit", 8) - 1
				c.say("q.SetLimit(%d)", set)
				q.SetLimit(set)
				limit = max(set, 0)
			}},
			{"go on with a clone", func(_ require.TestingT, c chooser) {
				c.say("{ old := q; q = q.Clone(); old.Clear() }")
				old := q
				q = q.Clone()
				old.Clear()
			}},
		},
		check: func(t require.TestingT) { checkFIFO(t, &q, model, limit) },
		value: func() uint64 { return sum(func(h *Hash) { q.Fingerprint(h, HashInteger[int]) }) },
		shapes: func(see func(string, bool)) {
			see("empty", len(model) == 0)
			see("full", len(model) == limit && limit > 0)
			see("over its limit", len(model) > limit)
			see("limit 0", limit == 0)
		},
	}
}

func checkFIFO(t require.TestingT, q *FIFO[int], model []int, limit int) {
	require.Equal(t, len(model), q.Len())
	require.Equal(t, limit, q.Limit())
	require.Equal(t, len(model) >= limit, q.Full())
	v, ok := q.Peek()
	require.Equal(t, len(model) > 0, ok)
	if ok {
		require.Equal(t, model[0], v)
	}
	require.Nil(t, q.At(-1))
	require.Nil(t, q.At(len(model)))
	plain := NewFIFO[int](len(model)) // the same contents with another history
	for i, v := range model {
		require.Equal(t, v, *q.At(i))
		plain.Push(v)
	}
	plain.SetLimit(limit)
	print := func(q *FIFO[int]) uint64 { return sum(func(h *Hash) { q.Fingerprint(h, HashInteger[int]) }) }
	require.True(t, q.Equal(&plain, Same[int]))
	require.Equal(t, print(&plain), print(q))
	plain.SetLimit(limit + 1)
	require.False(t, q.Equal(&plain, Same[int]))
	require.NotEqual(t, print(&plain), print(q))
}

func TestFIFOIsABoundedSlice(t *testing.T) { checkMachine(t, fifoMachine) }
func FuzzFIFO(f *testing.F)                { fuzzMachine(f, fifoMachine) }

func TestFIFOZeroValueRefusesUntilALimitIsSet(t *testing.T) {
	var q FIFO[string]
	require.False(t, q.Push("early"))
	q.SetLimit(1)
	require.True(t, q.Push("first"))
	require.False(t, q.Push("second"))
}

func TestFIFOLoweredLimitLosesNothing(t *testing.T) {
	q := NewFIFO[int](3)
	for v := range 3 {
		require.True(t, q.Push(v))
	}
	q.SetLimit(1)
	require.Equal(t, 3, q.Len())
	for v := range 3 {
		require.False(t, q.Push(9), "%d held", q.Len())
		got, _ := q.Pop()
		require.Equal(t, v, got)
	}
	require.True(t, q.Push(9))
}

func TestFIFOOfThePastAllocatesNothing(t *testing.T) {
	q := NewFIFO[int](10)
	requireNoAllocs(t, func() {
		q.Push(1)
		q.Push(2)
		q.RemoveFunc(func(v *int) bool { return *v == 2 })
		q.Pop()
	})
}

// Linux calls an accept queue full when its length exceeds the backlog: listen(fd, 1) holds two.
func ExampleFIFO() {
	backlog := 1
	accept := NewFIFO[string](backlog + 1)
	for _, c := range []string{"first", "second", "third"} {
		fmt.Println(c, accept.Push(c))
	}
	c, _ := accept.Pop()
	fmt.Println("accepted", c)
	// Output:
	// first true
	// second true
	// third false
	// accepted first
}

func BenchmarkFIFOPushPop(b *testing.B) {
	b.ReportAllocs()
	q := NewFIFO[int](128)
	for i := range b.N {
		if !q.Push(i) {
			q.Pop()
		}
	}
}
