package queue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
)

// machines by fuzz target.
var machines = map[string]func() machine{
	"FuzzBytes": bytesMachine, "FuzzDeadlines": deadlinesMachine, "FuzzDeque": dequeMachine, "FuzzFIFO": fifoMachine,
	"FuzzRanges": rangesMachine, "FuzzTable": tableMachine, "FuzzTree": treeMachine, "FuzzWaiters": waitersMachine,
}

// Actions that cannot but change the value, and those that never do: a read, and a step to a clone.
var (
	alwaysChanges = []string{"FuzzDeque push"}
	neverChanges  = []string{"read at", "go on with a clone"}
)

// The seeds bring every action of every machine to where it changes the value and to where it is refused or finds
// nothing to do, and the value into every shape that its machine names.
func TestSeedsReachEveryActionAndShape(t *testing.T) {
	for target, start := range machines {
		r := reach.Set{}
		for _, a := range start().actions {
			r.See(a.name, false)
		}
		for _, in := range machineSeeds() {
			m, c := start(), &byteChooser{in: in}
			for step := 0; len(c.in) > 0 && step < mostMachineSteps; step++ {
				a := m.actions[c.pick("action", len(m.actions))]
				before := m.value()
				a.run(t, c)
				changed := m.value() != before
				r.See(a.name, true)
				require.False(t, changed && slices.Contains(neverChanges, a.name), "%s: %s changes the value", target, a.name)
				if !slices.Contains(neverChanges, a.name) {
					r.See(a.name+", to an effect", changed)
					r.See(a.name+", in vain", !changed || slices.Contains(alwaysChanges, target+" "+a.name))
				}
				m.shapes(r.See)
			}
		}
		assert.Empty(t, r.Missed(nil), "%s: the seeds never reach these", target)
	}
}

// pickAt is a choice that a run made: by which action, what for, and the octet of the input that made it.
type pickAt struct {
	step   int
	action string
	what   string
	at     int
}

// tracer notes which octets of the input make which choices.
type tracer struct {
	byteChooser
	whole  int
	now    pickAt
	picked []pickAt
}

func (c *tracer) pick(what string, n int) int {
	c.now.what, c.now.at = what, c.whole-len(c.in)
	if n > 1 && len(c.in) > 0 {
		c.picked = append(c.picked, c.now)
	}
	return c.byteChooser.pick(what, n)
}

// traced runs an input for so many steps and returns the value and the choices that it made.
func traced(t *testing.T, start func() machine, in []byte, steps int) (uint64, []pickAt) {
	m, c := start(), &tracer{byteChooser: byteChooser{in: in}, whole: len(in)}
	for ; c.now.step < steps && len(c.in) > 0; c.now.step++ {
		c.now.action = "any"
		a := m.actions[c.pick("action", len(m.actions))]
		c.now.action = a.name
		a.run(t, c)
	}
	return m.value(), c.picked
}

// Mutation that changes nothing is wasted: each choice of each action makes a difference somewhere in the seeds.
func TestEveryChoiceMatters(t *testing.T) {
	const steps = 40 // from the start of each seed: enough, and quick
	for target, start := range machines {
		r := reach.Set{}
		for _, in := range machineSeeds() {
			_, picked := traced(t, start, in, steps)
			for _, p := range picked {
				name := p.action + ": " + p.what
				if r[name] || slices.Contains(neverChanges, p.action) {
					continue
				}
				want, _ := traced(t, start, in, p.step+1)
				for _, v := range []byte{0, 1, 2, 3, 5, 7, 200} {
					other := slices.Clone(in)
					other[p.at] = v
					got, _ := traced(t, start, other, p.step+1)
					r.See(name, got != want)
				}
			}
		}
		assert.Empty(t, r.Missed(nil), "%s: these choices change nothing", target)
	}
}

// The seeds of FuzzHash hold runs that are equal, and runs that differ in nothing but: their length, an octet of a
// whole word, an octet of each tail.
func TestSeedsReachEveryWayToDiffer(t *testing.T) {
	r := reach.Set{}
	for _, s := range hashSeeds() {
		a, b := s[0], s[1]
		r.See("equal", string(a) == string(b))
		r.See("nothing", len(a) == 0 && len(b) == 0)
		long, short := max(string(a), string(b)), min(string(a), string(b))
		r.See("zeros more", len(long) > len(short) && long == short+string(make([]byte, len(long)-len(short))))
		for tail := range 8 {
			at := len(a) - 1
			last := len(a) == len(b) && len(a) > 8 && len(a)%8 == tail && string(a[:at]) == string(b[:at]) && a[at] != b[at]
			r.See(fmt.Sprintf("last octet of %d beyond a word", tail), last)
		}
		r.See("first octet", len(a) == len(b) && len(a) > 8 && a[0] != b[0] && string(a[1:]) == string(b[1:]))
		r.See("words changed about", len(a) == 16 && len(b) == 16 && string(a[:8]) == string(b[8:]) && string(a[8:]) == string(b[:8]) && string(a) != string(b))
	}
	require.Empty(t, r.Missed(nil))
}
