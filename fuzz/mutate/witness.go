package main

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// witness is some tests of a killer that cost about the same, with what they see.
type witness struct {
	woven.Killer
	tests []seenTest
	cost  int           // the class of what each test costs
	cpu   time.Duration // they take together without a mutant
}

// seenTest is a test with what is seen while it runs.
type seenTest struct {
	name string
	sees mutant.Seen
	cpu  time.Duration
}

// witnesses are all tests.
type witnesses []witness

// cheap is what a test of the lowest class costs at most: a process of its own
// would cost more. Each class above costs up to four times as much.
const cheap = 10 * time.Millisecond

// byCost parts a killer's tests by what they cost.
func byCost(k woven.Killer, tests []seenTest) (ws witnesses) {
	for _, t := range tests {
		cost := (bits.Len64(uint64(t.cpu/cheap)) + 1) / 2
		i := slices.IndexFunc(ws, func(w witness) bool { return w.cost == cost })
		if i < 0 {
			i = len(ws)
			ws = append(ws, witness{Killer: k, cost: cost})
		}
		ws[i].tests = append(ws[i].tests, t)
		ws[i].cpu += t.cpu
	}
	return ws
}

// of are the tests that a mutant makes a difference to, cheap ones first, and its
// own package's before others that cost the same. All others would run as they do
// without it.
func (ws witnesses) of(m *mutant.Mutant) (some []witness) {
	for _, w := range ws {
		var run []string
		for _, t := range w.tests {
			if t.sees[m.N] != 0 {
				run = append(run, t.name)
			}
		}
		if len(run) > 0 {
			w.Run = "^(" + strings.Join(run, "|") + ")$"
			some = append(some, w)
		}
	}
	others := func(w witness) int {
		if strings.HasPrefix(m.File, w.Package+"/") {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(some, func(a, b witness) int {
		return cmp.Or(a.cost-b.cost, others(a)-others(b), cmp.Compare(a.cpu, b.cpu))
	})
	return some
}

// alone are no tests but one, if it is there.
func (ws witnesses) alone(t woven.Test) (witness, bool) {
	whole, _, _ := strings.Cut(t.Name, "/")
	for _, w := range ws {
		if w.Package == t.Package && slices.ContainsFunc(w.tests, func(s seenTest) bool { return s.name == whole }) {
			w.Killer = t.Killer()
			return w, true
		}
	}
	return witness{}, false
}

// Limits of a run: ten times what it takes without a mutant, and no less than
// these. A mutant that never ends costs as much.
const (
	leastLimit = time.Second
	leastMost  = time.Minute
)

// limit is how much processor time the tests may take with a mutant, in seconds.
func (w *witness) limit() int { return int(max(leastLimit, 10*w.cpu+time.Second).Seconds()) }

// most is the same by the clock, where others may be at work: for a mutant that
// waits for ever.
func (w *witness) most() time.Duration { return max(leastMost, 100*w.cpu) }
