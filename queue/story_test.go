package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/shrink"
)

// machineTarget is a fuzz target of op lists whose failures come out as a test of as few calls as can be.
func machineTarget(name string, start func() machine) shrink.Target[[]byte] {
	return shrink.Target[[]byte]{
		Name: name,
		Run: func(t shrink.T, in []byte) {
			m, c := start(), &byteChooser{in: in}
			for step := 0; step < mostMachineSteps && m.step(t, c); step++ {
			}
		},
		Shrink: func(in []byte, fails func([]byte) bool) []byte {
			fewer := func(in []byte) []byte {
				return slices.Concat(shrink.List(opsOf(start, in), func(ops [][]byte) bool { return fails(slices.Concat(ops...)) })...)
			}
			return fewer(shrink.Lower(fewer(in), fails)) // plainer ones may need fewer before them
		},
		Args: func(in []byte) []any { return []any{in} },
		Tell: func(logf shrink.Logf, in []byte) {
			logf("a test of package queue:\n%s", shrink.TestCase(strings.TrimPrefix(name, "Fuzz")+"Found", statements(start, in)...))
		},
	}
}

// step does the next action and checks; it tells whether there was one.
func (m *machine) step(t require.TestingT, c *byteChooser) bool {
	if len(c.in) == 0 {
		return false
	}
	m.actions[c.pick("action", len(m.actions))].run(t, c)
	m.check(t)
	return true
}

// opsOf splits an input into its actions, as far as it runs; what follows a failure never matters.
func opsOf(start func() machine, in []byte) (ops [][]byte) {
	m, c := start(), &byteChooser{in: in}
	for more := true; more && len(ops) < mostMachineSteps; {
		before := c.in
		err := shrink.Caught(func(t shrink.T) { more = m.step(t, c) })
		ops = append(ops, before[:len(before)-len(c.in)])
		more = more && err == nil
	}
	return ops
}

// statements are what an input does as Go, up to where it fails. Where all calls answer as they should, the last one
// checks the value.
func statements(start func() machine, in []byte) []string {
	m := start()
	said, answered := []string{m.made}, true
	c := &byteChooser{in, &said}
	for step := 0; step < mostMachineSteps && len(c.in) > 0; step++ {
		a := m.actions[c.pick("action", len(m.actions))]
		answered = shrink.Caught(func(t shrink.T) { a.run(t, c) }) == nil
		if !answered || shrink.Caught(func(t shrink.T) { m.check(t) }) != nil {
			break
		}
	}
	if answered {
		said = append(said, m.checked())
	}
	return said
}

// all makes one value of a call's results, to compare them at once.
func all(results ...any) []any { return results }

// spell writes a value as this package does.
func spell(v any) string { return strings.ReplaceAll(fmt.Sprintf("%#v", v), "queue.", "") }

// element spells what a call returns that asks for element i of a list: it and true, or zero and false.
type element struct {
	list []int
	i    int
}

func (e element) String() string {
	if e.i < 0 || e.i >= len(e.list) {
		return "all(0, false)"
	}
	return fmt.Sprintf("all(%d, true)", e.list[e.i])
}

// A failure among many calls is told as a test of those that it needs.
func TestAFailureIsToldAsATest(t *testing.T) {
	start := func() machine {
		m := fifoMachine()
		check := m.check
		m.check = func(t require.TestingT) {
			check(t)
			m.shapes(func(name string, now bool) { require.False(t, now && name == "over its limit") })
		}
		return m
	}
	x := machineTarget("FuzzFIFO", start)
	in := x.Shrink(noise(1), func(in []byte) bool { return shrink.Caught(func(t shrink.T) { x.Run(t, in) }) != nil })
	var said []string
	x.Tell(func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }, in)
	require.Equal(t, []string{`a test of package queue:
func TestFIFOFound(t *testing.T) {
	q := NewFIFO[int](4)
	require.Equal(t, true, q.Push(1))
	q.SetLimit(-1)
	checkFIFO(t, &q, []int{1}, 0)
}`}, said)

	panics := func() machine {
		m := fifoMachine()
		m.actions[1].run = func(_ require.TestingT, c chooser) {
			c.say("q.Pop()")
			panic("planted")
		}
		return m
	}
	require.Equal(t, []string{"q := NewFIFO[int](4)", "require.Equal(t, true, q.Push(1))", "q.Pop()"},
		statements(panics, []byte{0, 1, 0}), "nothing comes after what panics")
}

// Tests as they are printed are tests as they are written: this one is of a bug that was planted.
func TestRangesSplitThatTheLimitRefusesChangesNothing(t *testing.T) {
	s := NewRanges(4)
	require.Equal(t, all(uint32(61), true), all(s.Add(Range{0, 61})))
	s.SetLimit(0)
	require.Equal(t, all(uint32(0), false), all(s.Remove(Range{1, 2})))
	checkRanges(t, &s, modelOf(0, []Range{{0, 61}}))
}
