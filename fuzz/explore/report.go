package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Options bound a run of scenarios.
type Options struct {
	States  int      // in all scenarios together; 0 is no bound
	Depth   int      // moves from a root; 0 is no bound
	Only    []string // names of scenarios; none: all
	Workers int      // 0: one for each processor
	// Progress, if not nil, is told now and then how far a scenario is.
	Progress func(s *Scenario, r *Result)
}

// Report is what scenarios showed.
type Report struct {
	Walks []Walk
	Cover fuzz.Coverage
}

// Walk is one scenario's result.
type Walk struct {
	*Scenario
	*Result
}

// Choose finds the scenarios of these names; all for none.
func Choose(names []string) (list []*Scenario, err error) {
	for _, n := range names {
		if !slices.ContainsFunc(Scenarios, func(s Scenario) bool { return s.Name == n }) {
			return nil, fmt.Errorf("no scenario %q: there are %s", n, strings.Join(Names(), ", "))
		}
	}
	for i := range Scenarios {
		if len(names) == 0 || slices.Contains(names, Scenarios[i].Name) {
			list = append(list, &Scenarios[i])
		}
	}
	return list, nil
}

// Names are those of all scenarios.
func Names() (names []string) {
	for _, s := range Scenarios {
		names = append(names, s.Name)
	}
	return names
}

// Run walks the scenarios one after the other, until all are done, a law is broken or the context ends. The report has what there
// is by then.
func Run(ctx context.Context, o Options) (*Report, error) {
	list, err := Choose(o.Only)
	if err != nil {
		return nil, err
	}
	weight, left := 0, o.States
	for _, s := range list {
		weight += s.Weight
	}
	rep := &Report{}
	for _, s := range list {
		roots, err := s.roots()
		if err != nil {
			return rep, err
		}
		search := Search{Roots: roots, Depth: o.Depth, SettleEach: s.SettleEach, Workers: o.Workers}
		if o.States > 0 {
			search.States = max(left*s.Weight/weight, 1)
		}
		if o.Progress != nil {
			search.Progress = func(r *Result) { o.Progress(s, r) }
		}
		r := search.Run(ctx)
		rep.Walks = append(rep.Walks, Walk{s, r})
		rep.Cover.Add(&r.Cover)
		if r.Broken != nil || ctx.Err() != nil {
			break
		}
		left, weight = max(left-r.States, 0), weight-s.Weight
	}
	return rep, nil
}

// Broken is the walk that broke a law, nil for none.
func (r *Report) Broken() *Walk {
	for i := range r.Walks {
		if r.Walks[i].Broken != nil {
			return &r.Walks[i]
		}
	}
	return nil
}

// States is how many were visited.
func (r *Report) States() (n int) {
	for _, w := range r.Walks {
		n += w.States
	}
	return n
}

// shortest is the shortest of the walks' ways to a thing, and whose it is.
func (r *Report) shortest(find func(*Result) *Way) (best *Way, of *Scenario) {
	for _, w := range r.Walks {
		if way := find(w.Result); way != nil && (best == nil || len(way.Moves) < len(best.Moves)) {
			best, of = way, w.Scenario
		}
	}
	return best, of
}

// Edge, Rule and Pair are shortest ways to a change of state, a rule, and a pair of states, and the scenario that has them; nil
// for none.
func (r *Report) Edge(from, to tcpstate.State) (*Way, *Scenario) {
	return r.shortest(func(w *Result) *Way { return w.EdgeWay(from, to) })
}
func (r *Report) Rule(id rule.ID) (*Way, *Scenario) {
	return r.shortest(func(w *Result) *Way { return w.RuleWay(id) })
}
func (r *Report) Pair(a, b tcpstate.State) (*Way, *Scenario) {
	return r.shortest(func(w *Result) *Way { return w.PairWay(a, b) })
}

// Missing are the legal edges that no walk took.
func (r *Report) Missing() (list []tcpstate.Edge) {
	for _, e := range tcpstate.Edges() {
		if !r.Cover.HasEdge(e.From, e.To) {
			list = append(list, e)
		}
	}
	return list
}

// Diagram counts the states of the diagram that connections were in.
func (r *Report) Diagram() (n int) {
	for s := tcpstate.Established; s <= tcpstate.Closing; s++ {
		if r.Cover.HasState(s) {
			n++
		}
	}
	return n
}

// Pairs counts the pairs of states that two ends were in at one time.
func (r *Report) Pairs() (n int) {
	for a := tcpstate.Established; a <= tcpstate.Closing; a++ {
		for b := tcpstate.Established; b <= tcpstate.Closing; b++ {
			if r.Cover.HasPair(a, b) {
				n++
			}
		}
	}
	return n
}
