package fuzz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
	"github.com/sockspec/sockspec/tcpstate"
)

var pairOpNames = [numPairOps]string{"write", "read", "wait", "shutdown", "set", "close", "abort", "urge"}

// pairReach is what a run of a pair came to.
func pairReach(s reach.Set, cover *Coverage, p *Pair) {
	for i, u := range p.side {
		for kind, n := range p.acts[i] {
			if kind != pairWait {
				s.See(fmt.Sprintf("side %d to %s, to an effect", i, pairOpNames[kind]), n > 0)
			}
		}
		s.See(fmt.Sprintf("side %d reads all", i), u.read > 10_000 && u.read == p.side[1-i].plan)
		s.See(fmt.Sprintf("side %d listens", i), u.setup.Passive || i == 0)
		s.See(fmt.Sprintf("side %d with little buffers", i), u.setup.Small)
		s.See(fmt.Sprintf("order of closing %d", i), p.order == byte(i))
		for bit := range 5 {
			s.See(fmt.Sprintf("side %d without option %d", i, bit), u.setup.Plain>>bit&1 != 0)
		}
		cover.Add(u.Cover)
	}
	s.See("both close at once", p.order == 2)
	s.See("both open", !p.side[1].setup.Passive)
	s.See("one lets go early", p.frayed)
	s.See("IPv6", p.side[0].setup.IPv6)
	s.See("Fast Open", p.side[0].setup.Fast)
	for _, mtu := range mtus[:3] {
		s.See(fmt.Sprintf("MTU %d", mtu), p.side[0].setup.MTU == mtu)
	}
	for _, iss := range append(firstISS, firstIRS...) {
		s.See(fmt.Sprintf("begins at %d", iss), p.side[0].setup.ISS == iss || p.side[0].setup.IRS == iss)
	}
	s.Fields(p.link.met)
}

// The seeds of pairs do each op on each side to an effect, have each fate and each
// option, and walk the edges that two ends walk together.
func TestSeedsOfPairsReachEveryFateAndEdge(t *testing.T) {
	s, cover := reach.Set{}, &Coverage{}
	for _, in := range pairSeeds {
		p, ops := NewPair(in, nil)
		require.NoError(t, p.run(ops))
		pairReach(s, cover, p)
	}
	for st := tcpstate.Established; st <= tcpstate.Closing; st++ {
		s.See(st.String(), cover.HasState(st))
	}
	for _, e := range tcpstate.Edges() {
		s.See(fmt.Sprintf("%v to %v on %s", e.From, e.To, e.On), cover.HasEdge(e.From, e.To))
	}
	require.Empty(t, s.Missed(nil))
}
