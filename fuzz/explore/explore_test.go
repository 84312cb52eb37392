package explore

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// testStates is what is walked with every go test; sockspec explore goes on from there.
const testStates = 150_000

// walked is the walk that all tests look at.
var walked = sync.OnceValues(func() (*Report, error) { return Run(context.Background(), Options{States: testStates}) })

// Every law holds in every state within the bounds, every legal edge of the diagram is walked, and every rule is shown, or says why not.
func TestWalksKeepTheLawsAndReachEveryEdgeAndRule(t *testing.T) {
	rep, err := walked()
	require.NoError(t, err)
	if w := rep.Broken(); w != nil {
		t.Fatalf("%s: %v\n%v", w.Name, w.Broken, w.Way)
	}
	for _, w := range rep.Walks {
		t.Logf("%-10s %7d states, %8d moves, depth %2d, %.0f states/s; %s", w.Name, w.States, w.Moves, w.Depth, w.Rate(), w.Stopped)
	}
	for _, e := range tcpstate.Edges() {
		require.True(t, rep.Cover.HasEdge(e.From, e.To), "%v to %v on %s", e.From, e.To, e.On)
	}
	for _, id := range rule.All() {
		switch why, listed := WhyNot(id); {
		case rep.Cover.HasRule(id) && listed:
			t.Errorf("%s is reached: take it off the list (%s)", id, why)
		case !rep.Cover.HasRule(id) && !listed:
			t.Errorf("%s is reached by no walk", id)
		}
	}
}
