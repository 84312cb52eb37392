package fuzz

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzHost does calls, segments, ICMP errors, signals and time to a host: its
// invariants hold after each, a clone does the same, and once all is closed
// and time has passed, nothing is left.
func FuzzHost(f *testing.F) {
	o := hostTarget()
	for _, s := range o.seeds {
		f.Add(s[0], s[1:])
	}
	f.Fuzz(func(t *testing.T, setup byte, in []byte) {
		o.check(t, append([]byte{setup}, in...))
	})
}

func hostTarget() opTarget {
	return opTarget{name: "FuzzHost", head: 1, size: opSize, stacks: 1, run: hostFails, args: split, seeds: fuzzHostSeeds, whole: 61}
}

func hostFails(in []byte, w watch) error {
	r := NewHostRun(in[0])
	r.Trace = w.trace
	for _, s := range w.stories {
		r.tell(in[0], s)
	}
	return RunHost(in[1:], r)
}

func TestHostKeepsItsLawsUnderRandomOps(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 1500 {
		in := randomHost(r)
		err := RunHost(in[1:], NewHostRun(in[0]))
		require.NoError(t, err, "setup %d, %x", in[0], in[1:])
	}
}
