package fuzz

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPair joins two endpoints by a link that is as bad as the input says:
// every octet written arrives once and in order, and both sides finish.
func FuzzPair(f *testing.F) {
	o := pairTarget()
	for _, s := range o.seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		o.check(t, in)
	})
}

func pairTarget() opTarget {
	return opTarget{name: "FuzzPair", head: pairHeader, size: pairOpSize, stacks: 2, run: pairFails, args: whole, seeds: pairSeeds, whole: 99}
}

func pairFails(in []byte, w watch) error {
	p, ops := NewPair(in, w.trace)
	for i, s := range w.stories {
		p.side[i].tell(s)
	}
	return p.run(ops)
}

func TestPairDeliversAllOctetsOverBadLinks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		in := randomPair(r)
		err := pairFails(in, watch{})
		require.NoError(t, err, "%x", in)
	}
}
