package queue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

type pair struct{ k, v int }

// tableModel is a list of pairs, searched from one end.
type tableModel struct {
	list  []pair
	limit int
}

func (m *tableModel) find(k int) int {
	return slices.IndexFunc(m.list, func(p pair) bool { return p.k == k })
}

func (m *tableModel) put(k, v int) bool {
	if i := m.find(k); i >= 0 {
		m.list[i].v = v
		return true
	}
	if len(m.list) >= m.limit {
		return false
	}
	m.list = append(m.list, pair{k, v})
	return true
}

func tableMachine() machine {
	const keys = 12
	tab, m := NewTable[int, int](8), tableModel{limit: 8}
	serial := 0
	return machine{
		made:    "tab := NewTable[int, int](8)",
		checked: func() string { return fmt.Sprintf("checkTable(t, &tab, %s, %d)", spell(&m), keys) },
		actions: []action{
			{"put", func(t require.TestingT, c chooser) {
				k := c.pick("key", keys)
				serial++
				want := m.put(k, serial)
				c.say("require.Equal(t, %t, tab.Put(%d, %d))", want, k, serial)
				require.Equal(t, want, tab.Put(k, serial), "%v, limit %d", m.list, m.limit)
			}},
			{"delete", func(t require.TestingT, c chooser) {
				k := c.pick("key", keys)
				i, want := m.find(k), 0
				if i >= 0 {
					want = m.list[i].v
				}
				c.say("require.Equal(t, all(%d, %t), all(tab.Delete(%d)))", want, i >= 0, k)
				v, ok := tab.Delete(k)
				require.Equal(t, i >= 0, ok)
				if ok {
					require.Equal(t, want, v)
					m.list = slices.Delete(m.list, i, i+1)
				}
			}},
			{"update in place", func(_ require.TestingT, c chooser) {
				k := c.pick("key", keys)
				if p := tab.Get(k); p != nil {
					serial++
					c.say("*tab.Get(%d) = %d", k, serial)
					*p = serial
					m.put(k, serial)
				}
			}},
			{"delete on a walk", func(t require.TestingT, c chooser) {
				d, r := c.pick("divisor", 4)+1, c.pick("remainder", 4)
				var seen []pair
				c.say("for k := range tab.All() { if k%%%d == %d { tab.Delete(k) } }", d, r)
				for k, v := range tab.All() {
					seen = append(seen, pair{k, *v})
					if k%d == r {
						tab.Delete(k)
					}
				}
				require.True(t, slices.Equal(m.list, seen), "the walk saw %v of %v", seen, m.list)
				m.list = slices.DeleteFunc(m.list, func(p pair) bool { return p.k%d == r })
			}},
			{"limit", func(_ require.TestingT, c chooser) {
				set := c.pick("limit", 12) - 1
				c.say("tab.SetLimit(%d)", set)
				tab.SetLimit(set)
				m.limit = max(set, 0)
			}},
			{"go on with a clone", func(_ require.TestingT, c chooser) {
				c.say("{ old := tab; tab = tab.Clone(); for k := range %d { old.Delete(k) } }", keys)
				old := tab
				tab = tab.Clone()
				for k := range keys {
					old.Delete(k)
				}
			}},
		},
		check: func(t require.TestingT) { checkTable(t, &tab, &m, keys) },
		value: func() uint64 {
			return sum(func(h *Hash) { tab.Fingerprint(h, HashInteger[int], HashInteger[int]) })
		},
		shapes: func(see func(string, bool)) {
			see("empty", tab.Len() == 0)
			see("full", tab.Len() == m.limit && m.limit > 0)
			see("over its limit", tab.Len() > m.limit)
			see("ten entries", tab.Len() == 10) // the highest limit
			see("limit 0", m.limit == 0)
			see("slots to use again", tab.free != 0 && tab.slots[tab.free].next != 0)
			see("not in order of slots", len(tab.slots) > 0 && tab.slots[0].next > tab.slots[0].prev)
		},
	}
}

func checkTable(t require.TestingT, tab *Table[int, int], m *tableModel, keys int) {
	require.Equal(t, len(m.list), tab.Len())
	require.Equal(t, m.limit, tab.Limit())
	require.Equal(t, len(m.list) >= m.limit, tab.Full())
	require.LessOrEqual(t, len(tab.slots), 1+keys, "what was deleted must be reused")
	var walked []pair
	for k, v := range tab.All() {
		walked = append(walked, pair{k, *v})
	}
	require.True(t, slices.Equal(m.list, walked), "oldest first: %v, not %v", m.list, walked)
	for k := range keys {
		i, p := m.find(k), tab.Get(k)
		equal(t, i >= 0, p != nil)
		if p != nil {
			equal(t, m.list[i].v, *p)
		}
	}
	k, v, ok := tab.Oldest()
	require.Equal(t, len(m.list) > 0, ok)
	if ok {
		require.Equal(t, m.list[0], pair{k, *v})
	}
	checkTableValue(t, tab, m)
}

// checkTableValue compares with tables of the same and of other contents, made by another history.
func checkTableValue(t require.TestingT, tab *Table[int, int], m *tableModel) {
	build := func(list []pair) *Table[int, int] {
		plain := NewTable[int, int](len(list))
		for _, p := range list {
			plain.Put(p.k, p.v)
		}
		plain.SetLimit(m.limit)
		return &plain
	}
	print := func(tab *Table[int, int]) uint64 {
		return sum(func(h *Hash) { tab.Fingerprint(h, HashInteger[int], HashInteger[int]) })
	}
	same := build(m.list)
	require.True(t, tab.Equal(same, Same[int]))
	require.Equal(t, print(same), print(tab))
	if n := len(m.list); n > 0 { // so do key and value
		rekeyed, revalued := slices.Clone(m.list), slices.Clone(m.list)
		rekeyed[n-1].k, revalued[n-1].v = -1, -1
		require.False(t, tab.Equal(build(rekeyed), Same[int]))
		require.False(t, tab.Equal(build(revalued), Same[int]))
	}
	if len(m.list) > 1 { // order counts
		turned := slices.Clone(m.list)
		turned[0], turned[1] = turned[1], turned[0]
		other := build(turned)
		require.False(t, tab.Equal(other, Same[int]))
		require.NotEqual(t, print(other), print(tab))
	}
}

func TestTableIsAListOfPairs(t *testing.T) { checkMachine(t, tableMachine) }
func FuzzTable(f *testing.F)               { fuzzMachine(f, tableMachine) }

func TestTableWalkStopsWhenTold(t *testing.T) {
	tab := NewTable[int, int](8)
	for k := range 8 {
		tab.Put(k, k)
	}
	seen := 0
	for k := range tab.All() {
		if seen++; k == 2 {
			break
		}
	}
	require.Equal(t, 3, seen)
}

func TestTableZeroValueRefusesUntilALimitIsSet(t *testing.T) {
	var tab Table[string, int]
	require.False(t, tab.Put("a", 1))
	require.Nil(t, tab.Get("a"))
	_, ok := tab.Delete("a")
	require.False(t, ok)
	for range tab.All() {
		require.Fail(t, "nothing to walk")
	}
	tab.SetLimit(1)
	require.True(t, tab.Put("a", 1))
	require.False(t, tab.Put("b", 1))
	require.True(t, tab.Put("a", 2), "a known key needs no room")
}

// Every key is new, as in a SYN flood: what was deleted must be reused.
func TestTableUnderAFloodAllocatesNothing(t *testing.T) {
	tab := NewTable[uint64, [4]uint64](256)
	var k uint64
	requireNoAllocs(t, func() {
		for range 100 {
			if !tab.Put(k, [4]uint64{k}) {
				oldest, _, _ := tab.Oldest()
				tab.Delete(oldest)
			}
			k++
		}
		for _, v := range tab.All() {
			v[1]++
		}
	})
}

// A SYN queue of two requests: a third is refused until the oldest has gone.
func ExampleTable() {
	requests := NewTable[string, int](2)
	fmt.Println(requests.Put("10.0.0.1:1000", 1), requests.Put("10.0.0.2:2000", 1), requests.Put("10.0.0.3:3000", 1))
	*requests.Get("10.0.0.2:2000")++ // one more SYN-ACK sent

	oldest, _, _ := requests.Oldest()
	requests.Delete(oldest)
	requests.Put("10.0.0.3:3000", 1)
	for peer, sent := range requests.All() {
		fmt.Println(peer, *sent)
	}
	// Output:
	// true true false
	// 10.0.0.2:2000 2
	// 10.0.0.3:3000 1
}

func BenchmarkTablePutGetDelete(b *testing.B) {
	b.ReportAllocs()
	tab := NewTable[uint64, [4]uint64](1024)
	for i := range uint64(b.N) {
		tab.Put(i, [4]uint64{})
		tab.Get(i / 2)
		if i >= 512 {
			tab.Delete(i - 512)
		}
	}
}

// TestTablesDifferByLimitAloneAndByLengthAlone: either is enough.
func TestTablesDifferByLimitAloneAndByLengthAlone(t *testing.T) {
	a, b, more := NewTable[int, int](2), NewTable[int, int](3), NewTable[int, int](2)
	more.Put(1, 1)
	require.True(t, a.Equal(&a, Same[int]))
	require.False(t, a.Equal(&b, Same[int]))
	require.False(t, a.Equal(&more, Same[int]))
	require.False(t, more.Equal(&a, Same[int]))
}
