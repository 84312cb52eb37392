package explore

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sockspec/sockspec/fuzz"
)

// Search is a walk through all states that can be reached from its roots within its bounds.
type Search struct {
	Roots []Root
	// States and Depth bound the walk: states visited, and moves from a root or from a state along its lead. 0 is no bound,
	// except that a search ends at 2^32 states.
	States, Depth int
	// SettleEach is how many states there are to one that is made to settle; 0 means none, 1 every one.
	SettleEach int
	Workers    int // 0: one for each processor
	// Progress, if not nil, is told now and then how far the walk is.
	Progress func(*Result)
}

// node is a visited state: the state before, or the root if there is none, and the move from there.
type node struct {
	parent uint32
	move   Move
}

// noParent marks a root; its move is the root's number.
const noParent = 1<<32 - 1

// BoundOnStates is what a walk says that was stopped where it had visited so many.
const BoundOnStates = "the bound on states"

// find is something that a move showed.
type find struct {
	node      // whose move it is
	moves int // of its way, from the root on
	cover fuzz.Coverage
}

// step is a move to a state that was not known before its batch.
type step struct {
	node
	key uint64
}

// broken is a move that broke a law.
type broken struct {
	node
	err error
}

// block is what a worker makes of a run of states.
type block struct {
	steps  []step
	finds  []find
	broken *broken
	moves  int
}

// Sizes of what workers take at once, and of what is done before its results are put together.
const (
	blockStates = 128
	batchStates = blockStates * 64
)

// walk is a search under way.
type walk struct {
	*Search
	res     *Result
	nodes   []node
	seen    *visited
	started time.Time
}

// Run walks until there is nothing new, a bound is met, a law is broken or the context ends.
func (s *Search) Run(ctx context.Context) *Result {
	w := &walk{Search: s, seen: newVisited(), started: time.Now()}
	w.res = &Result{roots: s.Roots, walk: w}
	w.begin()
	workers := make([]*worker, s.Workers)
	if s.Workers == 0 {
		workers = make([]*worker, runtime.GOMAXPROCS(0))
	}
	for i := range workers {
		workers[i] = &worker{walk: w}
	}
	for lo, hi := 0, len(w.nodes); lo < hi && !w.res.Ended(); lo, hi = hi, len(w.nodes) {
		if s.Depth > 0 && w.res.Depth >= s.Depth {
			w.res.Stopped = "the bound on moves"
			break
		}
		w.level(ctx, workers, lo, hi)
		if len(w.nodes) > hi {
			w.res.Depth++
		}
	}
	w.tally()
	return w.res
}

// visit takes in a state, and reports whether it is one that was not known. Where no more are let in, one that was not ends the
// walk: there is more than the bound allows.
func (w *walk) visit(key uint64, n node) (news bool) {
	if w.States > 0 && len(w.nodes) >= w.States || uint64(len(w.nodes)) == noParent {
		if !w.seen.has(key) {
			w.res.Stopped = BoundOnStates
		}
		return false
	}
	if news = w.seen.add(key); news {
		w.nodes = append(w.nodes, n)
	}
	return news
}

// settle makes some of the states settle, which spends them.
func (w *walk) settle(at World, key uint64) error {
	if w.SettleEach == 0 || (key>>32)%uint64(w.SettleEach) != 0 {
		return nil
	}
	if err := at.Settle(); err != nil {
		return fmt.Errorf("once nothing more goes wrong: %w", err)
	}
	return nil
}

// level visits the successors of the states from lo to hi.
func (w *walk) level(ctx context.Context, workers []*worker, lo, hi int) {
	for ; lo < hi && !w.res.Ended(); lo += batchStates {
		if ctx.Err() != nil {
			w.res.Stopped = "an interrupt"
			return
		}
		w.merge(w.batch(workers, lo, min(lo+batchStates, hi)))
		if w.tally(); w.Progress != nil {
			w.Progress(w.res)
		}
	}
}

// batch lets the workers visit the successors of the states from lo to hi. Nothing that they share changes meanwhile.
func (w *walk) batch(workers []*worker, lo, hi int) []block {
	blocks := make([]block, (hi-lo+blockStates-1)/blockStates)
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, k := range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(blocks); i = next.Add(1) - 1 {
				from := lo + int(i)*blockStates
				k.expand(&blocks[i], from, min(from+blockStates, hi))
			}
		})
	}
	wg.Wait()
	return blocks
}

// merge takes in what the workers found, in the order of the states: the same, however many there were. All of it was done, so
// that all counts, on whichever side of the bound on states it is.
func (w *walk) merge(blocks []block) {
	for i := range blocks {
		b := &blocks[i]
		w.res.Moves += b.moves
		for _, f := range b.finds {
			w.res.note(f)
		}
		if b.broken != nil {
			w.res.breaks(b.broken)
			return
		}
		for _, s := range b.steps {
			w.visit(s.key, s.node)
		}
	}
}

// tally brings the result's figures up to date.
func (w *walk) tally() {
	w.res.States, w.res.Elapsed = len(w.nodes), time.Since(w.started)
	w.res.Bytes = 8*cap(w.nodes) + 8*len(w.seen.slots)
}
