package matrix

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/sockspec/sockspec/conformance"
)

// Result is what a stack did in one cell.
type Result struct {
	Cell *Cell
	Want string // what Linux does
	Got  string
	// Err says why the cell was not played: the stack has no such call, which is no difference, or the stack broke.
	Err error
	// Done is false for cells that did not run any more.
	Done bool
}

// Agrees reports whether the stack did as Linux does.
func (r *Result) Agrees() bool { return r.Done && r.Err == nil && r.Got == r.Want }

// Skipped reports a cell that the stack cannot play.
func (r *Result) Skipped() bool { return errors.Is(r.Err, conformance.ErrUnsupported) }

// Differs reports whether the stack did otherwise, or broke.
func (r *Result) Differs() bool { return r.Done && !r.Agrees() && !r.Skipped() }

// attempts is how often a cell is played on a real clock before it differs: on a busy machine a timer may come between.
const attempts = 6

// Play runs cells on a stack, several at once, and compares them with the data. Results are in the order of the cells. done,
// which may be nil, is told of each from whatever goroutine played it. A cancelled context ends it soon.
func Play(ctx context.Context, cells []Cell, s conformance.Stack, d *Data, done func()) []Result {
	results := make([]Result, len(cells))
	for i := range cells {
		results[i].Cell, results[i].Want = &cells[i], d.texts[cells[i].key()]
	}
	each(ctx, len(cells), parallel(s), func(i int) {
		r := &results[i]
		times := 1
		if realClock(s) {
			times = attempts
		}
		for range times {
			r.Got, r.Err = cells[i].Run(s)
			r.Done = true
			if r.Agrees() || r.Skipped() || ctx.Err() != nil {
				break
			}
		}
		if done != nil {
			done()
		}
	})
	return results
}

// each calls f for every number below n, so many at once, until the context ends.
func each(ctx context.Context, n, workers int, f func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// parallel is how many cells run at once: what the stack says for a real clock, one a processor for a virtual one.
func parallel(s conformance.Stack) int {
	if p, ok := s.(interface{ Parallel() int }); ok {
		return max(1, p.Parallel())
	}
	return runtime.NumCPU()
}

// realClock tells stacks whose results may suffer from a busy machine.
func realClock(s conformance.Stack) bool {
	_, ok := s.(interface{ Parallel() int })
	return ok
}
