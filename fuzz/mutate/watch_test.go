package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// A mutant meets the tests that see it, its own package's first; what is seen
// before any test can be seen by all; what nobody sees meets none.
func TestAMutantMeetsThoseWhoSeeIt(t *testing.T) {
	far := witness{Killer: woven.Killer{Package: "sock", Run: "A|B", Skip: "Live"}, tests: []string{"TestA", "TestB"},
		sees: [][]byte{{0, 0, 1, 0}, {0, 1, 0, 0}, {0, 1, 0, 0}}, cpu: time.Second}
	own := witness{Killer: woven.Killer{Package: "queue"}, tests: []string{"TestC"},
		sees: [][]byte{{0, 0, 0, 0}, {0, 1, 1, 0}}, cpu: 2 * time.Second}
	of := func(n int) (ks []woven.Killer) {
		for _, w := range (witnesses{far, own}).of(&mutant.Mutant{N: n, File: "queue/a.go"}) {
			ks = append(ks, w.Killer)
		}
		return ks
	}
	require.Equal(t, []woven.Killer{{Package: "queue", Run: "^(TestC)$"}, {Package: "sock", Run: "^(TestA|TestB)$", Skip: "Live"}}, of(1))
	require.Equal(t, []woven.Killer{{Package: "queue", Run: "^(TestC)$"}, {Package: "sock", Run: "A|B", Skip: "Live"}}, of(2))
	require.Empty(t, of(3))
}
