package report

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/sockspec/sockspec/conformance"
)

// Column is what one stack made of the items.
type Column struct {
	Stack   string
	Linux   bool                  // it is Linux itself: what it fails is a mistake of ours and no divergence; the caller sets it
	Absent  error                 // why the stack cannot run here, and what would allow it; then there are no results
	Note    string                // what about this host makes the stack behave otherwise than elsewhere
	Results []*conformance.Result // by item; nil for those that did not parse or did not run any more
	Wall    time.Duration
}

// Watch is told how a run gets on, from the goroutine that called Play. Its functions may be nil.
type Watch struct {
	Done   func()                             // another item is through, in whatever order
	Result func(i int, r *conformance.Result) // the items' results, in the items' order, each as soon as all before it are there
}

// Play runs all items that parsed on one stack, several at once. A cancelled context stops it soon; scripts that were cut off
// have no result.
func Play(ctx context.Context, items []Item, stack conformance.Stack, o conformance.Options, w Watch) *Column {
	c := &Column{Stack: stack.Name(), Absent: stack.Available(), Results: make([]*conformance.Result, len(items))}
	if n, ok := stack.(interface{ Note() string }); ok && c.Absent == nil {
		c.Note = n.Note()
	}
	began := time.Now()
	next := make(chan int)
	done := make(chan int, len(items))
	var workers sync.WaitGroup
	crowd := &crowd{alone: maxAlone}
	for range parallel(stack) {
		workers.Go(func() {
			for i := range next {
				c.Results[i] = crowd.play(func() *conformance.Result { return c.one(ctx, &items[i], stack, o) })
				done <- i
			}
		})
	}
	go func() {
		for i := range items {
			next <- i
		}
		close(next)
		workers.Wait()
		close(done)
	}()
	c.inOrder(done, w)
	c.Wall = time.Since(began)
	return c
}

// maxAlone bounds the scripts of a run that get another try alone: more than these fail for another reason.
const maxAlone = 16

// crowd lets scripts run side by side, and one that failed on a real clock in spite of all its attempts once more without
// company: beside others on a busy machine it may have been late each time.
type crowd struct {
	sync.RWMutex
	alone int
}

func (c *crowd) play(run func() *conformance.Result) *conformance.Result {
	c.RLock()
	r := run()
	c.RUnlock()
	if r == nil || r.Verdict != conformance.Fail || r.Attempts < 2 {
		return r
	}
	c.Lock()
	defer c.Unlock()
	if c.alone == 0 {
		return r
	}
	c.alone--
	again := run()
	if again != nil {
		again.Attempts += r.Attempts
	}
	return again // none if it was interrupted: what failed beside others is not known to fail
}

// one is one script's result, nil when there can be none.
func (c *Column) one(ctx context.Context, it *Item, stack conformance.Stack, o conformance.Options) *conformance.Result {
	if it.Script == nil || ctx.Err() != nil {
		return nil
	}
	if c.Absent != nil {
		return &conformance.Result{Path: it.Path, Stack: c.Stack, Verdict: conformance.Skip, Reason: c.Absent.Error()}
	}
	r := conformance.Run(ctx, it.Script, stack, o)
	if r.Verdict == conformance.Skip && ctx.Err() != nil {
		return nil // cut off, so nothing is known
	}
	return &r
}

// inOrder hands out results by item although workers finish them in any order.
func (c *Column) inOrder(done <-chan int, w Watch) {
	ready := make([]bool, len(c.Results))
	at := 0
	for i := range done {
		ready[i] = true
		if w.Done != nil {
			w.Done()
		}
		for ; at < len(ready) && ready[at]; at++ {
			if w.Result != nil && c.Results[at] != nil {
				w.Result(at, c.Results[at])
			}
		}
	}
}

// parallel is how many scripts run at once: what the stack says for a real clock, a worker per processor for a virtual one.
func parallel(stack conformance.Stack) int {
	if p, ok := stack.(interface{ Parallel() int }); ok {
		return max(1, p.Parallel())
	}
	return runtime.NumCPU()
}

// Count is how many results have a verdict.
func (c *Column) Count(v conformance.Verdict) int {
	n := 0
	for _, r := range c.Results {
		if r != nil && r.Verdict == v {
			n++
		}
	}
	return n
}

// Passed, Failed and SkippedCount are the counts as the page's template asks for them.
func (c *Column) Passed() int       { return c.Count(conformance.Pass) }
func (c *Column) Failed() int       { return c.Count(conformance.Fail) }
func (c *Column) SkippedCount() int { return c.Count(conformance.Skip) }
