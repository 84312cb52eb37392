package fuzz

import (
	"math/rand/v2"
	"testing"

	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
)

// FuzzOptions sets and reads the options of sockets of every kind in every state:
// nothing panics, the host's invariants hold, a clone answers the same, what is
// refused changes nothing, and what is taken is within the table's range.
func FuzzOptions(f *testing.F) {
	o := optionTarget()
	for _, s := range o.seeds {
		f.Add(s[0], s[1:])
	}
	f.Fuzz(func(t *testing.T, setup byte, in []byte) {
		o.check(t, append([]byte{setup}, in...))
	})
}

func optionTarget() opTarget {
	return opTarget{name: "FuzzOptions", head: 1, size: opSize, stacks: 1, run: optionsFail, args: split, seeds: optionSeeds(), whole: 89}
}

func optionsFail(in []byte, w watch) error {
	r, err := NewOptionRun(in[0])
	if err != nil {
		return err
	}
	r.Trace = w.trace
	for _, s := range w.stories {
		r.tellOptions(in[0], s)
	}
	return RunOptions(in[1:], r)
}

func TestOptionsKeepTheirLawsUnderRandomOps(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	seeds := optionSeeds()
	for range 100 {
		in := append([]byte(nil), seeds[rnd.IntN(len(seeds))]...)
		for range len(in) / 6 {
			in[rnd.IntN(len(in))] = byte(rnd.Uint32())
		}
		r, err := NewOptionRun(in[0])
		require.NoError(t, err)
		require.NoError(t, RunOptions(in[1:], r), "setup %d, %x", in[0], in[1:])
	}
}

// Each law on options fails when it is broken.
func TestLawsOnOptionsTell(t *testing.T) {
	for _, row := range optionRows {
		if row.Name == "TCP_KEEPIDLE" {
			require.NoError(t, row.holds([]byte{5, 0, 0, 0}, sock.Return{Data: []byte{5, 0, 0, 0}}))
			require.Error(t, row.holds([]byte{0, 0, 0, 0}, sock.Return{Data: []byte{5, 0, 0, 0}}))
			require.Error(t, row.holds([]byte{5, 0, 0, 0}, sock.Return{Data: []byte{0, 0, 1, 0}}))
		}
		if row.Name == "TCP_INFO" {
			require.Error(t, row.holds(nil, sock.Return{}))
		}
	}
}
