package queue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// waiter and the list below are Linux's wait queue as it is written: one list, non-exclusive entries put at its
// head, exclusive ones at its tail, and a wake-up that walks from the head (__wake_up_common).
type waiter struct {
	id        int
	exclusive bool
}

type waitModel []waiter

func (m *waitModel) wake(exclusive int) (woken []int) {
	for len(*m) > 0 {
		w := (*m)[0]
		if w.exclusive && exclusive == 0 {
			break
		}
		if w.exclusive {
			exclusive--
		}
		woken, *m = append(woken, w.id), (*m)[1:]
	}
	return woken
}

func (m waitModel) find(id int) int {
	return slices.IndexFunc(m, func(w waiter) bool { return w.id == id })
}

func waitersMachine() machine {
	var w Waiters[int]
	var model waitModel
	const ids = 12
	return machine{
		made:    "var w Waiters[int]",
		checked: func() string { return fmt.Sprintf("checkWaiters(t, &w, %s)", spell(model)) },
		actions: []action{
			{"add", func(t require.TestingT, c chooser) {
				id, exclusive := c.pick("id", ids), c.pick("exclusive", 3) > 0
				c.say("require.Equal(t, %t, w.Add(%d, %t))", model.find(id) < 0, id, exclusive)
				require.Equal(t, model.find(id) < 0, w.Add(id, exclusive))
				switch {
				case model.find(id) >= 0:
				case exclusive:
					model = append(model, waiter{id, true})
				default:
					model = append(waitModel{{id, false}}, model...)
				}
			}},
			{"add first", func(t require.TestingT, c chooser) {
				id := c.pick("id", ids)
				c.say("require.Equal(t, %t, w.AddFirst(%d))", model.find(id) < 0, id)
				require.Equal(t, model.find(id) < 0, w.AddFirst(id))
				if model.find(id) < 0 {
					at := slices.IndexFunc(model, func(w waiter) bool { return w.exclusive })
					if at < 0 {
						at = len(model)
					}
					model = slices.Insert(model, at, waiter{id, true})
				}
			}},
			{"remove", func(t require.TestingT, c chooser) {
				id := c.pick("id", ids)
				i := model.find(id)
				c.say("require.Equal(t, %t, w.Remove(%d))", i >= 0, id)
				require.Equal(t, i >= 0, w.Remove(id))
				if i >= 0 {
					model = slices.Delete(model, i, i+1)
				}
			}},
			{"wake one", func(t require.TestingT, c chooser) {
				want := append([]int{-1}, model.wake(1)...)
				c.say("require.Equal(t, %#v, w.WakeOne([]int{-1}))", want)
				require.Equal(t, want, w.WakeOne([]int{-1}))
			}},
			{"wake all", func(t require.TestingT, c chooser) {
				want := append([]int{-1}, model.wake(len(model))...)
				c.say("require.Equal(t, %#v, w.WakeAll([]int{-1}))", want)
				require.Equal(t, want, w.WakeAll([]int{-1}))
			}},
			{"go on with a clone", func(_ require.TestingT, c chooser) {
				c.say("{ old := w; w = w.Clone(); old.WakeAll(nil) }")
				old := w
				w = w.Clone()
				old.WakeAll(nil)
			}},
		},
		check: func(t require.TestingT) { checkWaiters(t, &w, model) },
		value: func() uint64 { return sum(func(h *Hash) { w.Fingerprint(h, HashInteger[int]) }) },
		shapes: func(see func(string, bool)) {
			see("nobody", w.Len() == 0)
			see("shared ones alone", w.shared.Len() > 1 && w.exclusive.Len() == 0)
			see("exclusive ones alone", w.exclusive.Len() > 1 && w.shared.Len() == 0)
			see("both kinds", w.exclusive.Len() > 1 && w.shared.Len() > 1)
			see("everyone", w.Len() == ids)
		},
	}
}

func checkWaiters(t require.TestingT, w *Waiters[int], model waitModel) {
	require.Equal(t, len(model), w.Len())
	for i := -1; i <= len(model); i++ {
		id, exclusive, ok := w.At(i)
		inside := i >= 0 && i < len(model)
		equal(t, inside, ok)
		if inside {
			equal(t, model[i], waiter{id, exclusive})
			require.True(t, w.Waiting(id))
		}
	}
	var plain Waiters[int] // the same list with another history
	for _, e := range model {
		if e.exclusive {
			plain.Add(e.id, true)
		}
	}
	for _, e := range slices.Backward(model) {
		if !e.exclusive {
			plain.Add(e.id, false)
		}
	}
	print := func(w *Waiters[int]) uint64 { return sum(func(h *Hash) { w.Fingerprint(h, HashInteger[int]) }) }
	require.True(t, w.Equal(&plain))
	require.Equal(t, print(&plain), print(w))
	if len(model) > 0 { // the other kind of waiter in the same place is another list
		last := model[len(model)-1]
		plain.Remove(last.id)
		plain.Add(last.id, !last.exclusive)
		require.False(t, w.Equal(&plain))
		require.NotEqual(t, print(&plain), print(w))
	}
}

func TestWaitersWakeAsLinuxWaitQueueDoes(t *testing.T) { checkMachine(t, waitersMachine) }
func FuzzWaiters(f *testing.F)                         { fuzzMachine(f, waitersMachine) }

func TestWaitersEveryExclusiveWaiterIsServedOnceInOrder(t *testing.T) {
	var w Waiters[int]
	var woken []int
	for id := range 20 {
		require.True(t, w.Add(id, true))
	}
	for range 20 {
		woken = w.WakeOne(woken)
	}
	require.Equal(t, 20, len(woken))
	require.True(t, slices.IsSorted(woken))
	require.Empty(t, w.WakeOne(nil))
}

func TestWaitersOfThePastAllocateNothing(t *testing.T) {
	var w Waiters[int]
	dst := make([]int, 0, 8)
	requireNoAllocs(t, func() {
		w.Add(1, true)
		w.Add(2, false)
		w.Add(3, true)
		dst = w.WakeOne(dst[:0])
		dst = w.WakeAll(dst[:0])
	})
}

// Two threads block in accept, one in poll. A connection arrives, then another.
func ExampleWaiters() {
	var w Waiters[string]
	w.Add("accept A", true)
	w.Add("accept B", true)
	w.Add("poll", false)
	fmt.Println(w.WakeOne(nil))
	fmt.Println(w.WakeOne(nil))
	fmt.Println(w.Len())
	// Output:
	// [poll accept A]
	// [accept B]
	// 0
}

func BenchmarkWaitersAddWakeOne(b *testing.B) {
	b.ReportAllocs()
	var w Waiters[int]
	dst := make([]int, 0, 4)
	for range b.N {
		w.Add(1, true)
		w.Add(2, false)
		dst = w.WakeOne(dst[:0])
	}
}

func TestExclusiveWaitersAddedFirstAreWokenLatestFirst(t *testing.T) {
	var w Waiters[int]
	require.True(t, w.AddFirst(1))
	require.True(t, w.AddFirst(2))
	require.False(t, w.AddFirst(1), "who waits keeps its place")
	require.True(t, w.Add(3, true))
	require.Equal(t, []int{2}, w.WakeOne(nil))
	require.Equal(t, []int{1}, w.WakeOne(nil))
	require.Equal(t, []int{3}, w.WakeAll(nil))
}

// TestWaitersDifferByOneKindAlone: the same shared ones do not make up for other exclusive ones, nor the other way.
func TestWaitersDifferByOneKindAlone(t *testing.T) {
	var none, shared, exclusive Waiters[int]
	shared.Add(1, false)
	exclusive.Add(1, true)
	require.False(t, none.Equal(&shared))
	require.False(t, none.Equal(&exclusive))
	require.True(t, shared.Equal(&shared))
}

// TestWaitersThatAreWokenForNothingKeepTheirPlaces: they go behind who came later and before who came earlier, whoever comes back first.
func TestWaitersThatAreWokenForNothingKeepTheirPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Waiters[int]
		n := rapid.IntRange(1, 6).Draw(t, "waiters")
		for id := range n { // a greater id came later
			require.True(t, w.Add(id, false))
		}
		w.Add(100, true)
		woken := w.WakeShared(nil)
		for _, id := range rapid.Permutation(woken).Draw(t, "come back") {
			require.True(t, w.AddAgain(id, func(other int) bool { return other > id }))
			require.False(t, w.AddAgain(id, func(int) bool { return true }))
		}
		require.Equal(t, woken, w.WakeShared(nil))
		require.Equal(t, 1, w.Len())
	})
}
