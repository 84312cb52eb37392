package report

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
)

// TestAScriptThatFailedInACrowdIsPlayedAlone: once more, with nobody beside it, and only if time may be to blame.
func TestAScriptThatFailedInACrowdIsPlayedAlone(t *testing.T) {
	c := &crowd{alone: 2}
	var running, together atomic.Int32
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			first := true
			r := c.play(func() *conformance.Result {
				defer running.Add(-1)
				if n := running.Add(1); !first && n > 1 {
					together.Add(1)
				}
				if first {
					first = false
					return &conformance.Result{Verdict: conformance.Fail, Attempts: 3}
				}
				return &conformance.Result{Verdict: conformance.Pass, Attempts: 1}
			})
			require.Contains(t, []int{3, 4}, r.Attempts)
		})
	}
	all.Wait()
	require.Zero(t, together.Load(), "others ran beside a script that was to run alone")
	require.Zero(t, c.alone, "two of the six had another try")

	tries := 0
	fails := func() *conformance.Result {
		tries++
		return &conformance.Result{Verdict: conformance.Fail, Attempts: 1}
	}
	require.Equal(t, conformance.Fail, (&crowd{alone: 9}).play(fails).Verdict)
	require.Equal(t, 1, tries, "what failed at once, on a clock that can't be late, fails")
}

// A script that failed beside others and was then interrupted before it could be played alone has not run.
func TestAFailureThatCouldNotBeTriedAloneIsNone(t *testing.T) {
	tries := 0
	interrupted := func() *conformance.Result {
		if tries++; tries > 1 {
			return nil
		}
		return &conformance.Result{Verdict: conformance.Fail, Attempts: 3}
	}
	require.Nil(t, (&crowd{alone: 1}).play(interrupted))
}
