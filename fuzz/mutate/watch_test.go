package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// A mutant meets the tests that see it, cheap ones first, its own package's before
// others; what nobody sees meets none.
func TestAMutantMeetsThoseWhoSeeIt(t *testing.T) {
	far := byCost(woven.Killer{Package: "sock", Run: "A|B", Skip: "Live"}, []seenTest{
		{"TestA", mutant.Seen{0, 1, 0, 0}, time.Millisecond}, {"TestB", mutant.Seen{0, 1, 1, 0}, 9 * time.Millisecond}})
	own := byCost(woven.Killer{Package: "queue"}, []seenTest{
		{"TestC", mutant.Seen{0, 1, 1, 0}, 2 * time.Millisecond}, {"TestD", mutant.Seen{0, 1, 0, 0}, 2 * time.Second}})
	of := func(n int) (ks []woven.Killer) {
		for _, w := range append(far, own...).of(&mutant.Mutant{N: n, File: "queue/a.go"}) {
			ks = append(ks, w.Killer)
		}
		return ks
	}
	require.Equal(t, []woven.Killer{{Package: "queue", Run: "^(TestC)$"}, {Package: "sock", Run: "^(TestA|TestB)$", Skip: "Live"}, {Package: "queue", Run: "^(TestD)$"}}, of(1))
	require.Equal(t, []woven.Killer{{Package: "queue", Run: "^(TestC)$"}, {Package: "sock", Run: "^(TestB)$", Skip: "Live"}}, of(2))
	require.Empty(t, of(3))
	w, ok := append(far, own...).alone(woven.Test{Package: "queue", Name: "TestD/part"})
	require.True(t, ok)
	require.Equal(t, woven.Killer{Package: "queue", Run: "^TestD$/^part$"}, w.Killer)
	require.Equal(t, 21, w.limit())
	_, ok = append(far, own...).alone(woven.Test{Package: "sock", Name: "TestD"})
	require.False(t, ok, "it is no more")
}

// What costs about the same is asked at once, and may take ten times as long with a mutant.
func TestTestsArePartedByCost(t *testing.T) {
	var tests []seenTest
	for _, ms := range []time.Duration{1, 9, 11, 39, 41, 159, 4000} {
		tests = append(tests, seenTest{cpu: ms * time.Millisecond})
	}
	ws := byCost(woven.Killer{}, tests)
	var sizes, limits []int
	for _, w := range ws {
		sizes, limits = append(sizes, len(w.tests)), append(limits, w.limit())
	}
	require.Equal(t, []int{2, 2, 2, 1}, sizes)
	require.Equal(t, []int{1, 1, 3, 41}, limits)
	began := []time.Duration{0, 3, 0, 9, 5}
	require.EqualValues(t, 2, lasted(began, 3, 20))
	require.EqualValues(t, 11, lasted(began, 9, 20))
}
