package explore

import (
	"fmt"
	"strings"
	"time"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Result is what a search found, so far or in all.
type Result struct {
	States int // visited, all different
	Moves  int // tried
	Depth  int // of the deepest state visited, in moves from its root or from the state along its lead where it left that
	// Stopped names the bound that ended the search; "" when every state within reach was visited.
	Stopped string
	Elapsed time.Duration
	Bytes   int // of memory for the visited states
	Cover   fuzz.Coverage
	// Broken is the first law that was broken, and Way the way there.
	Broken error
	Way    *Way

	roots []Root
	walk  *walk
	first []witness
	shown shown
}

// witness is a move that showed something, by fewer moves than any before it.
type witness struct {
	node
	moves int           // of its way
	cover fuzz.Coverage // of things that no move before it showed by a way as short
}

// shown is what a walk has shown by ways of 0 moves, by those of 1 or fewer, and so on.
type shown []fuzz.Coverage

// add takes in what a way of so many moves showed, and tells what of it no way as short had.
func (s *shown) add(moves int, c *fuzz.Coverage) (fresh fuzz.Coverage, news bool) {
	for len(*s) <= moves {
		var longest fuzz.Coverage
		if n := len(*s); n > 0 {
			longest = (*s)[n-1]
		}
		*s = append(*s, longest)
	}
	fresh = c.Without(&(*s)[moves])
	if fresh == (fuzz.Coverage{}) {
		return fresh, false
	}
	for i := moves; i < len(*s); i++ {
		(*s)[i].Add(&fresh)
	}
	return fresh, true
}

// Way is a way to something: the root and the moves from there. From a root without a lead, it is a shortest one; from one with
// a lead, the shortest that was walked.
type Way struct {
	Root  Root
	Moves []Move
}

// Ended reports whether the search is over before everything was seen.
func (r *Result) Ended() bool { return r.Stopped != "" || r.Broken != nil }

// note keeps who showed something first, and whoever shows it by fewer moves.
func (r *Result) note(f find) {
	if fresh, news := r.shown.add(f.moves, &f.cover); news {
		r.first = append(r.first, witness{f.node, f.moves, fresh})
		r.Cover.Add(&fresh)
	}
}

func (r *Result) breaks(b *broken) { r.Broken, r.Way = b.err, r.way(b.node) }

// way is the way to a node, which need not have been visited.
func (r *Result) way(n node) *Way {
	if n.parent == noParent {
		return &Way{Root: r.roots[n.move]}
	}
	w := r.way(r.walk.nodes[n.parent])
	w.Moves = append(w.Moves, n.move)
	return w
}

// find is the way to a thing by the fewest moves, nil if none was walked.
func (r *Result) find(has func(*fuzz.Coverage) bool) *Way {
	if list := r.ways(has); len(list) > 0 {
		return list[0]
	}
	return nil
}

// ways are ways to a thing, each by fewer moves than all that were walked before it: the shortest at the head.
func (r *Result) ways(has func(*fuzz.Coverage) bool) (list []*Way) {
	for i := len(r.first) - 1; i >= 0; i-- {
		if has(&r.first[i].cover) {
			list = append(list, r.way(r.first[i].node))
		}
	}
	return list
}

// EdgeWay, RuleWay and PairWay are the shortest ways walked to a change of state, a rule, and a pair of states; nil for none.
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

// Shortest says in what sense the way is short.
func (w *Way) Shortest() string {
	if len(w.Root.Lead) > 0 {
		return "The shortest way there that was walked"
	}
	return "A shortest way there"
}

// Tell describes the moves, each in the state where it is made. The error is the law that the last of them breaks.
func (w *Way) Tell() (moves []string, broken error) {
	at := w.Root.World.Clone()
	for _, m := range w.Moves {
		moves = append(moves, at.Describe(m))
		if err := at.Do(m, &fuzz.Coverage{}); err != nil {
			return moves, err
		}
	}
	return moves, nil
}

// String tells the way, a move a line.
func (w *Way) String() string {
	moves, broken := w.Tell()
	s := strings.Join(append([]string{w.Root.Name}, moves...), "\n  ")
	if broken != nil {
		s += fmt.Sprintf("\n  broken: %v", broken)
	}
	return s
}
