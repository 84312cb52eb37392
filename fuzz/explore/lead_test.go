package explore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// No seed shows a thing by fewer moves than the way that is told of it.
func TestNoLeadIsShorterThanTheWayTold(t *testing.T) {
	for _, name := range []string{"endpoint", "rare", "host"} {
		t.Run(name, func(t *testing.T) {
			list, err := Choose([]string{name})
			require.NoError(t, err)
			roots, err := list[0].roots()
			require.NoError(t, err)
			s := Search{Roots: roots, States: 4_000}
			r := s.Run(context.Background())
			for _, root := range roots {
				at := root.World.Clone()
				for i, m := range root.Lead {
					var cover fuzz.Coverage
					require.NoError(t, at.Do(m, &cover))
					for _, id := range rule.All() {
						if cover.HasRule(id) {
							require.LessOrEqual(t, len(r.RuleWay(id).Moves), i+1, "%s: %s", root.Name, id)
						}
					}
					for _, e := range tcpstate.Edges() {
						if cover.HasEdge(e.From, e.To) {
							require.LessOrEqual(t, len(r.EdgeWay(e.From, e.To).Moves), i+1, "%s: %v to %v", root.Name, e.From, e.To)
						}
					}
				}
			}
		})
	}
}

// What a world shows as it is made counts, and takes no move.
func TestARootIsAWayOfNoMoves(t *testing.T) {
	list, err := Choose([]string{"handshake"})
	require.NoError(t, err)
	roots, err := list[0].roots()
	require.NoError(t, err)
	s := Search{Roots: roots, States: 1}
	r := s.Run(context.Background())
	require.Equal(t, 1, r.States)
	require.Equal(t, &Way{Root: roots[0]}, r.PairWay(tcpstate.Closed, tcpstate.Listen))
	require.Equal(t, &Way{Root: roots[0]}, r.EdgeWay(tcpstate.Closed, tcpstate.Listen))
	require.Equal(t, "two ends", r.PairWay(tcpstate.Closed, tcpstate.Listen).String())
}
