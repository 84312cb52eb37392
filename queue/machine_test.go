package queue

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// chooser makes the choices of a test run. rapid makes them so that failures shrink; a fuzz target reads them
// from its input bytes. One list of actions per type serves both.
type chooser interface {
	pick(what string, n int) int // in [0, n), n >= 1
	// say tells, before an action does it, what it will do: a Go statement that asserts what the model answers.
	say(statement string, args ...any)
}

// action is one operation on the type under test and, in the same breath, on its dumb model.
type action struct {
	name string
	run  func(t require.TestingT, c chooser)
}

// machine is a type under test beside its model. check compares the two after every action. value is a
// fingerprint; shapes tells, by name, what a value can be like inside: the seeds must reach all of them.
// made is the statement that makes the value, and checked the one that checks it against what the model is now.
type machine struct {
	made    string
	checked func() string
	actions []action
	check   func(t require.TestingT)
	value   func() uint64
	shapes  func(see func(name string, now bool))
}

type rapidChooser struct{ t *rapid.T }

func (c rapidChooser) pick(what string, n int) int       { return rapid.IntRange(0, n-1).Draw(c.t, what) }
func (c rapidChooser) say(statement string, args ...any) { c.t.Logf(statement, args...) }

// byteChooser reads choices from fuzz input. Past the end every choice is 0, so any input is a full run.
type byteChooser struct {
	in   []byte
	said *[]string // nil: nobody listens
}

func (c *byteChooser) say(statement string, args ...any) {
	if c.said != nil {
		*c.said = append(*c.said, fmt.Sprintf(statement, args...))
	}
}

func (c *byteChooser) next() int {
	if len(c.in) == 0 {
		return 0
	}
	b := c.in[0]
	c.in = c.in[1:]
	return int(b)
}

func (c *byteChooser) pick(_ string, n int) int {
	v := c.next()
	if n > 256 {
		v = v<<8 | c.next()
	}
	return v % n
}

// checkMachine runs the machine as a rapid state machine: random actions in random order, shrunk on failure.
func checkMachine(t *testing.T, start func() machine) {
	rapid.Check(t, func(rt *rapid.T) {
		m := start()
		steps := map[string]func(*rapid.T){"": func(rt *rapid.T) { m.check(rt) }}
		for _, a := range m.actions {
			steps[a.name] = func(rt *rapid.T) { a.run(rt, rapidChooser{rt}) }
		}
		rt.Repeat(steps)
	})
}

// machineSeeds are op lists that mean something to every machine: TestSeedsReachEveryActionAndShape holds them to it.
func machineSeeds() [][]byte {
	return [][]byte{
		{},
		{0, 1, 0, 2, 0, 3, 1, 1, 2, 0, 2, 1, 3, 0, 3, 1},
		[]byte("one of each, then the same again backwards: sdrawkcab niaga"),
		{0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255, 255, 5, 255, 255, 6, 255, 255},
		{5, 6, 1, 0, 1, 2, 1, 4, 1, 6, 1, 8, 1, 10, 2, 3, 12, 5, 1, 1, 20, 3, 9}, // five ranges, and then a lower limit
		each([]byte{4, 11}, 0), each(nil, 0, 1), // everyone in, by one pick or two
		{5, 0, 0, 0, 200, 5, 3, 200, 0, 1, 0, 3, 0, 200, 5, 0, 0}, // bytes at limits of 0, 200 and more
		noise(1), noise(2),
	}
}

// each is lead, and then an action with every number of a small world as its first pick.
func each(lead []byte, action byte, more ...byte) []byte {
	for v := range byte(20) {
		lead = append(append(lead, action, v), more...)
	}
	return lead
}

// mostMachineSteps bounds a run.
const mostMachineSteps = 2000

// fuzzMachine reads the input as a list of operations: a byte that names the action, then what the action picks.
func fuzzMachine(f *testing.F, start func() machine) {
	for _, s := range machineSeeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) { machineTarget(f.Name(), start).Check(t, in) })
}

// noise returns a long op list that is the same in every run: a seed from which little is left to find.
func noise(seed uint64) (out []byte) {
	var h Hash
	for h.U64(seed); len(out) < 2000; h.U64(0) {
		out = append(out, byte(h.Sum()>>32))
	}
	return out
}

// equal is require.Equal for plain values, without its cost when they are equal: checks run after every action.
func equal[T comparable](t require.TestingT, want, got T, why ...any) {
	if want != got {
		require.Equal(t, want, got, why...)
	}
}

// sum returns the fingerprint that feed leaves.
func sum(feed func(*Hash)) uint64 {
	var h Hash
	feed(&h)
	return h.Sum()
}

// requireNoAllocs demands that many steps together allocate nothing once the buffers have grown. Their sum is
// counted, since an average would be rounded down. The runtime itself allocates now and then: hence three tries.
func requireNoAllocs(t *testing.T, step func()) {
	t.Helper()
	steps := func() {
		for range 1000 {
			step()
		}
	}
	least := testing.AllocsPerRun(1, steps)
	for try := 0; try < 2 && least > 0; try++ {
		least = min(least, testing.AllocsPerRun(1, steps))
	}
	require.Zero(t, least)
}
