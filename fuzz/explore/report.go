package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
)

// Options bound a run of scenarios.
type Options struct {
	States  int      // in all scenarios together; 0 is no bound, which Endless forbids some
	Depth   int      // moves from a root; 0 is no bound
	Only    []string // names of scenarios; none: all
	Workers int      // 0: one for each processor
	// Progress, if not nil, is told now and then how far a scenario is.
	Progress func(s *Scenario, r *Result)
}

// Report is what scenarios showed.
type Report struct {
	Walks []Walk
	Left  []*Scenario // those that were chosen and not begun
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

// Endless are those of the scenarios of which no end is known: a walk of them needs a bound.
func Endless(list []*Scenario) (names []string) {
	for _, s := range list {
		if !s.Ends() {
			names = append(names, s.Name)
		}
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
	for i, s := range list {
		search := Search{Depth: o.Depth, SettleEach: s.SettleEach, Workers: o.Workers, States: part(left, s.Weight, weight)}
		if weight -= s.Weight; o.States > 0 && search.States == 0 {
			rep.Left = append(rep.Left, s)
			continue
		}
		if search.Roots, err = s.roots(); err != nil {
			return rep, err
		}
		if o.Progress != nil {
			search.Progress = func(r *Result) { o.Progress(s, r) }
		}
		r := search.Run(ctx)
		rep.Walks = append(rep.Walks, Walk{s, r})
		rep.Cover.Add(&r.Cover)
		if left -= min(left, r.States); r.Broken != nil || ctx.Err() != nil {
			rep.Left = append(rep.Left, list[i+1:]...)
			break
		}
	}
	return rep, nil
}

// part is what one weight of all has of n, however large that is.
func part(n, weight, all int) int { return n/all*weight + n%all*weight/all }

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

// Way is the shortest way walked to what a claim says, and the scenario that has it; nil for none.
func (r *Report) Way(c Claim) (*Way, *Scenario) {
	return r.shortest(func(w *Result) *Way { return w.find(c.holds) })
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

// Diagram are the states of the diagram that connections were in.
func (r *Report) Diagram() (list []tcpstate.State) {
	for s := tcpstate.Established; s <= tcpstate.Closing; s++ {
		if r.Cover.HasState(s) {
			list = append(list, s)
		}
	}
	return list
}

// Pairs are the pairs of states that two ends were in at one time.
func (r *Report) Pairs() (list [][2]tcpstate.State) {
	for a := tcpstate.Established; a <= tcpstate.Closing; a++ {
		for b := tcpstate.Established; b <= tcpstate.Closing; b++ {
			if r.Cover.HasPair(a, b) {
				list = append(list, [2]tcpstate.State{a, b})
			}
		}
	}
	return list
}
