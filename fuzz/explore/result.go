package explore

import (
	"fmt"
	"time"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Result is what a search found, so far or in all.
type Result struct {
	States int // visited, all different
	Moves  int // tried
	Depth  int // of the deepest state visited, in moves from its root
	// Stopped names the bound that ended the search; "" when every state within reach was visited.
	Stopped string
	Elapsed time.Duration
	Bytes   int // of memory for the visited states
	Cover   fuzz.Coverage
	// Broken is the first law that was broken, and Way the shortest way there.
	Broken error
	Way    *Way

	roots []Root
	walk  *walk
	first []witness
}

// witness is the first move that showed something.
type witness struct {
	node
	cover fuzz.Coverage // of things that no move before it showed
}

// Way is a shortest way to something: the root and the moves from there.
type Way struct {
	Root  Root
	Moves []Move
}

// Ended reports whether the search is over before everything was seen.
func (r *Result) Ended() bool { return r.Stopped != "" || r.Broken != nil }

// note keeps who showed something first.
func (r *Result) note(f find) {
	news := f.cover.Without(&r.Cover)
	if r.Cover.Add(&f.cover) {
		r.first = append(r.first, witness{f.node, news})
	}
}

func (r *Result) breaks(b *broken) { r.Broken, r.Way = b.err, r.way(b.node) }

// way is the way to a node, which need not have been visited.
func (r *Result) way(n node) *Way {
	ids := r.walk.pathTo(nil, n.parent)
	w := &Way{Root: r.roots[r.walk.nodes[ids[0]].move]}
	for _, id := range ids[1:] {
		w.Moves = append(w.Moves, r.walk.nodes[id].move)
	}
	w.Moves = append(w.Moves, n.move)
	return w
}

// find is the way to the first move that showed a thing, nil if none did.
func (r *Result) find(has func(*fuzz.Coverage) bool) *Way {
	for i := range r.first {
		if has(&r.first[i].cover) {
			return r.way(r.first[i].node)
		}
	}
	return nil
}

// ways are the ways to moves that showed a thing, the first at its head.
func (r *Result) ways(has func(*fuzz.Coverage) bool) (list []*Way) {
	if w := r.find(has); w != nil {
		list = append(list, w)
	}
	return list
}

// EdgeWay, RuleWay and PairWay are shortest ways to a change of state, a rule, and a pair of states; nil for none.
func (r *Result) EdgeWay(from, to tcpstate.State) *Way {
	return r.find(func(c *fuzz.Coverage) bool { return c.HasEdge(from, to) })
}
func (r *Result) RuleWay(id rule.ID) *Way {
	return r.find(func(c *fuzz.Coverage) bool { return c.HasRule(id) })
}
func (r *Result) PairWay(a, b tcpstate.State) *Way {
	return r.find(func(c *fuzz.Coverage) bool { return c.HasPair(a, b) })
}

// Rate is in states a second.
func (r *Result) Rate() float64 { return float64(r.States) / max(r.Elapsed.Seconds(), 1e-9) }

// String tells the way, a move a line.
func (w *Way) String() string {
	s := w.Root.Name
	at := w.Root.World.Clone()
	for _, m := range w.Moves {
		s += "\n  " + at.Describe(m)
		if err := at.Do(m, &fuzz.Coverage{}); err != nil {
			return s + fmt.Sprintf("\n  broken: %v", err)
		}
	}
	return s
}
