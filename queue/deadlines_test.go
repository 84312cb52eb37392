package queue

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type due struct {
	time int64
	key  int
}

// dueList is the model: a list kept in the order of Set calls, searched for the first of the lowest time.
type dueList []due

func (m dueList) find(k int) int { return slices.IndexFunc(m, func(d due) bool { return d.key == k }) }

func (m *dueList) set(k int, t int64) {
	i := m.find(k)
	if i >= 0 && (*m)[i].time == t {
		return
	}
	if i >= 0 {
		*m = slices.Delete(*m, i, i+1)
	}
	*m = append(*m, due{t, k})
}

// inOrder returns the deadlines as they come due; a stable sort keeps the order of Set among equals.
func (m dueList) inOrder() dueList {
	sorted := slices.Clone(m)
	slices.SortStableFunc(sorted, func(a, b due) int { return int(a.time - b.time) })
	return sorted
}

func deadlinesMachine() machine {
	const keys = 16
	var d Deadlines[int]
	var m dueList
	return machine{
		made:    "var d Deadlines[int]",
		checked: func() string { return fmt.Sprintf("checkDeadlines(t, &d, %s, %d)", spell(m), keys) },
		actions: []action{
			{"set", func(_ require.TestingT, c chooser) { // few times, so that many are equal
				k, t := c.pick("key", keys), int64(c.pick("time", 5))-2
				c.say("d.Set(%d, %d)", k, t)
				d.Set(k, t)
				m.set(k, t)
			}},
			{"clear", func(t require.TestingT, c chooser) {
				k := c.pick("key", keys)
				i := m.find(k)
				c.say("require.Equal(t, %t, d.Clear(%d))", i >= 0, k)
				require.Equal(t, i >= 0, d.Clear(k))
				if i >= 0 {
					m = slices.Delete(m, i, i+1)
				}
			}},
			{"pop due", func(t require.TestingT, c chooser) {
				now := int64(c.pick("now", 6)) - 3
				for range c.pick("times", 4) {
					popDue(t, c, &d, &m, now)
				}
			}},
			{"go on with a clone", func(_ require.TestingT, c chooser) {
				c.say("{ old := d; d = d.Clone(); for k := range %d { old.Set(k, -100); old.Clear(k) } }", keys)
				old := d
				d = d.Clone()
				for k := range keys {
					old.Set(k, -100)
					old.Clear(k)
				}
			}},
		},
		check: func(t require.TestingT) { checkDeadlines(t, &d, m, keys) },
		value: func() uint64 { return sum(func(h *Hash) { d.Fingerprint(h, 0, HashInteger[int]) }) },
		shapes: func(see func(string, bool)) {
			see("empty", d.n == 0)
			see("two due at one time", tied(m))
			see("four levels", d.n >= 8)
			see("every key", d.n == keys)
			see("slots to use again", d.n < len(d.slots))
		},
	}
}

// tied tells whether two deadlines are equal, so that the order of Set decides.
func tied(m dueList) bool {
	for i, a := range m {
		if slices.ContainsFunc(m[:i], func(b due) bool { return a.time == b.time }) {
			return true
		}
	}
	return false
}

func popDue(t require.TestingT, c chooser, d *Deadlines[int], m *dueList, now int64) {
	order, first := m.inOrder(), due{}
	if len(order) > 0 && order[0].time <= now {
		first = order[0]
	}
	c.say("require.Equal(t, all(int64(%d), %d, %t), all(d.PopDue(%d)))", first.time, first.key, len(order) > 0 && order[0].time <= now, now)
	tm, k, ok := d.PopDue(now)
	require.Equal(t, len(order) > 0 && order[0].time <= now, ok)
	if ok {
		require.Equal(t, order[0], due{tm, k})
		i := m.find(k)
		*m = slices.Delete(*m, i, i+1)
	}
}

func checkDeadlines(t require.TestingT, d *Deadlines[int], m dueList, keys int) {
	order := m.inOrder()
	require.Equal(t, len(order), d.Len())
	tm, k, ok := d.Min()
	require.Equal(t, len(order) > 0, ok)
	if ok {
		require.Equal(t, order[0], due{tm, k})
	}
	for k := range keys {
		tm, ok := d.Get(k)
		i := m.find(k)
		equal(t, i >= 0, ok)
		if ok {
			equal(t, m[i].time, tm)
		}
	}
	drained, copyOf := dueList{}, d.Clone()
	for tm, k, ok := copyOf.PopDue(math.MaxInt64); ok; tm, k, ok = copyOf.PopDue(math.MaxInt64) {
		drained = append(drained, due{tm, k})
	}
	require.True(t, slices.Equal(order, drained), "due as %v, came as %v", order, drained)
	checkDeadlinesValue(t, d, order)
}

// checkDeadlinesValue compares with heaps of the same and of other contents, made by another history.
func checkDeadlinesValue(t require.TestingT, d *Deadlines[int], order dueList) {
	build := func(order dueList, later int64) *Deadlines[int] {
		var plain Deadlines[int]
		for _, e := range order {
			plain.Set(e.key, e.time+later)
		}
		return &plain
	}
	print := func(d *Deadlines[int], origin int64) uint64 {
		return sum(func(h *Hash) { d.Fingerprint(h, origin, HashInteger[int]) })
	}
	same := build(order, 0)
	require.True(t, d.Equal(same))
	require.Equal(t, print(same, 0), print(d, 0))
	require.Equal(t, print(build(order, 1000), 1000), print(d, 0), "the same some time later")
	for i := 1; i < len(order); i++ { // the order among equals counts
		if order[i-1].time == order[i].time {
			turned := slices.Clone(order)
			turned[i-1], turned[i] = turned[i], turned[i-1]
			other := build(turned, 0)
			require.False(t, d.Equal(other))
			require.NotEqual(t, print(other, 0), print(d, 0))
		}
	}
}

func TestDeadlinesAreAStablySortedList(t *testing.T) { checkMachine(t, deadlinesMachine) }
func FuzzDeadlines(f *testing.F)                     { fuzzMachine(f, deadlinesMachine) }

func TestDeadlinesSetToTheSameTimeKeepTheirPlace(t *testing.T) {
	var d Deadlines[string]
	d.Set("a", 10)
	d.Set("b", 10)
	d.Set("c", 10)
	d.Set("a", 10) // no move
	d.Set("b", 20)
	d.Set("b", 10) // moved away and back: now the last
	var got []string
	for _, k, ok := d.PopDue(10); ok; _, k, ok = d.PopDue(10) {
		got = append(got, k)
	}
	require.Equal(t, []string{"a", "c", "b"}, got)
}

func TestDeadlinesOrderTheWholeRangeOfTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64(), 1, 200).Draw(t, "times") // past what fits on the stack, too
		times = append(times, math.MinInt64, math.MaxInt64)
		var d Deadlines[int]
		for k, tm := range times {
			d.Set(k, tm)
		}
		clone := d.Clone()
		require.True(t, d.Equal(&clone))
		slices.Sort(times)
		for _, want := range times {
			got, _, ok := d.PopDue(want)
			require.True(t, ok)
			require.Equal(t, want, got)
		}
		require.False(t, d.Equal(&clone))
	})
}

func TestDeadlinesOfThePastAllocateNothing(t *testing.T) {
	var d Deadlines[int]
	var h Hash
	now := int64(0)
	requireNoAllocs(t, func() {
		for k := range 50 {
			d.Set(k, now+int64(k%7))
		}
		d.Fingerprint(&h, now, HashInteger[int])
		d.Equal(&d)
		d.Clear(3)
		for now += 5; ; {
			if _, _, ok := d.PopDue(now); !ok {
				break
			}
		}
	})
}

// Timers that are due together fire in the order in which they were set.
func ExampleDeadlines() {
	var d Deadlines[string]
	d.Set("retransmit", 200)
	d.Set("keepalive", 7200)
	d.Set("delayed ack", 40)
	d.Set("probe", 200)
	d.Clear("keepalive")
	for t, k, ok := d.PopDue(1000); ok; t, k, ok = d.PopDue(1000) {
		fmt.Println(t, k)
	}
	// Output:
	// 40 delayed ack
	// 200 retransmit
	// 200 probe
}

func BenchmarkDeadlinesMoveOneOf1000(b *testing.B) {
	b.ReportAllocs()
	var d Deadlines[int]
	for k := range 1000 {
		d.Set(k, int64(k))
	}
	for i := range b.N {
		d.Set(i%1000, int64(i*7919%100003))
	}
}

// TestACloneOfNoDeadlinesAllocatesNothing: the heaps of most sockets are empty, and are cloned at each
// state of a walk.
func TestACloneOfNoDeadlinesAllocatesNothing(t *testing.T) {
	var d, c Deadlines[int]
	require.Zero(t, testing.AllocsPerRun(10, func() { c = d.Clone() }))
	require.True(t, d.Equal(&c))
}
