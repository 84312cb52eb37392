package fuzz

import (
	"testing"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
	"github.com/stretchr/testify/require"
)

// Every state and every edge is walked by a seed, so that mutation starts from everywhere.
func TestSeedsReachEveryStateAndEdge(t *testing.T) {
	cover := runSeeds(t)
	for st := tcpstate.Established; st <= tcpstate.Closing; st++ {
		require.True(t, cover.HasState(st), "%v", st)
	}
	for _, e := range tcpstate.Edges() {
		require.True(t, cover.HasEdge(e.From, e.To), "%v to %v on %s", e.From, e.To, e.On)
	}
}

// fewestRules is what the seeds reach of the rules of one endpoint, listener and request.
const fewestRules = 104

func TestSeedsReachTheRules(t *testing.T) {
	cover := runSeeds(t)
	var missed []string
	reached, all := 0, 0
	for _, id := range rule.All() {
		if id >= rule.SynQueueFull || id == rule.NoSocket {
			continue // the socket layer's
		}
		all++
		if cover.HasRule(id) {
			reached++
		} else {
			missed = append(missed, id.String())
		}
	}
	t.Logf("%d of %d rules reached; not: %v", reached, all, missed)
	require.GreaterOrEqual(t, reached, fewestRules)
}

func runSeeds(t *testing.T) *Coverage {
	cover := &Coverage{}
	for _, s := range allConnSeeds() {
		i, err := runConn(s.bytes(), cover, watch{})
		require.NoError(t, err, "%s: op %d", s.name, i)
	}
	return cover
}

// Two rules must not share a bit.
func TestCoverageTellsAllRulesApart(t *testing.T) {
	var c Coverage
	for _, id := range rule.All() {
		require.False(t, c.HasRule(id), "%v", id)
		c.Rule(id)
	}
}

// Random traffic sets every option of a connection. An option takes values that it has, and all of those that are few: a step may ignore
// others without a word.
func TestEveryOptionIsSet(t *testing.T) {
	set := map[tcpstate.Option][]uint32{}
	for _, s := range settings {
		set[s.opt] = s.values
	}
	for o := tcpstate.Option(1); o < tcpstate.Told; o++ {
		require.Greater(t, len(set[o]), 1, "option %d", o)
	}
	require.Equal(t, []uint32{uint32(tcpstate.Cubic), uint32(tcpstate.Reno)}, set[tcpstate.CongestionCtl])
}
