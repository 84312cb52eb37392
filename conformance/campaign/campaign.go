package campaign

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"pgregory.net/rapid"
)

// Campaign draws histories and compares two stacks by them. Several goroutines may draw at once.
type Campaign struct {
	// Other is compared with Model. What is drawn depends on what Model does, so that is to be one that always does the same.
	Other, Model conformance.Stack
	// Foreign says that Other is no Linux, so that where they differ Model is right, and scripts tell what it does.
	Foreign bool
	// Ignore is left out of results and packets, as they are spelled, before they are compared.
	Ignore []*regexp.Regexp
	Kinds  []*matrix.Kind
	Steps  int // at most, in a history
	Pauses int // at most, in a history: waits of up to 3 s for what comes by itself
	// Lists are where every other history comes from, if there are any. Of Kinds there may be none then.
	Lists []Lists

	histories      atomic.Int64 // played so far
	calls, packets atomic.Int64 // made and sent so far on each stack
	pauses         atomic.Int64 // waited so far
	late           atomic.Int64 // histories that ended early since a timer came between a step's beginning and its end
	declined       atomic.Int64 // histories that ended early since Other has no such call
}

// Check draws one history and fails t where the stacks differ.
func (c *Campaign) Check(t *rapid.T) {
	f, err := c.draw(context.Background(), t)
	if err != nil {
		t.Fatal(err)
	}
	if f != nil && f.Real() {
		t.Fatal(f)
	}
}

// Run plays the histories of so many seeds, from first on, several at once, and hands on each difference, until the context ends, an
// instance fails or found returns false. It calls found from one goroutine at a time. There are never more workers
// than MaxWorkers.
func (c *Campaign) Run(ctx context.Context, first, seeds, workers int, found func(*Finding) bool) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var wg sync.WaitGroup
	next, ended := atomic.Int64{}, false
	for range min(workers, seeds, MaxWorkers) {
		wg.Go(func() {
			for ctx.Err() == nil {
				seed := int(next.Add(1)) - 1
				if seed >= seeds {
					return
				}
				f, e := c.seed(ctx, first+seed)
				c.histories.Add(1)
				mu.Lock()
				if err = errors.Join(err, e); f != nil && !ended {
					ended = !found(f)
				}
				if err != nil || ended {
					stop()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return err
}

// MaxWorkers bounds the histories under way at once: each may have a namespace, a device and threads.
const MaxWorkers = 256

// seed plays the history of one seed.
func (c *Campaign) seed(ctx context.Context, n int) (f *Finding, err error) {
	rapid.Custom(func(t *rapid.T) int {
		defer func() {
			// Example draws again when a draw panics, and would say nothing of it.
			p := recover()
			if p != nil && reflect.TypeOf(p).PkgPath() == reflect.TypeFor[rapid.T]().PkgPath() {
				panic(p) // its own way to draw again
			}
			if p != nil {
				err = fmt.Errorf("seed %d: a stack panics: %v\n%s", n, p, debug.Stack())
			}
		}()
		f, err = c.draw(ctx, t)
		return 0
	}).Example(n)
	if f != nil {
		f.Seed = n
	}
	return f, err
}

// draw draws a history and makes a finding of the difference that it ends with, if any.
func (c *Campaign) draw(ctx context.Context, t *rapid.T) (*Finding, error) {
	h, d, err := c.Try(t)
	if d == nil || err != nil {
		return nil, err
	}
	return c.judge(ctx, h, d), nil
}

// Try draws a history and plays it on both stacks until they differ.
func (c *Campaign) Try(t *rapid.T) (*History, *Difference, error) {
	from, in := c.source(t)
	p, err := c.newPair(in)
	if err != nil {
		return nil, nil, err
	}
	defer p.close()
	for range maxSteps {
		s, ok, err := p.timer() // what is about to happen comes first
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			over := false
			if s, ok, over = from.next(t); over {
				break
			}
		}
		if !ok {
			continue
		}
		o, d, err := p.play(s)
		switch {
		case errors.Is(err, errLate):
			c.late.Add(1)
			return c.told(p), nil, nil
		case c.Foreign && errors.Is(err, conformance.ErrUnsupported):
			c.declined.Add(1)
			return c.told(p), nil, nil
		}
		c.count(&s)
		if err != nil {
			return nil, nil, fmt.Errorf("%w\n%s", err, c.told(p).Script())
		}
		if d != nil {
			return c.told(p), d, nil
		}
		from.note(&s, &o)
	}
	return c.told(p), nil, nil
}

// source is where a history's steps come from.
type source interface {
	// next is the next step, unless it cannot be played as things are, which ok tells, or there is none any more.
	next(t *rapid.T) (s matrix.Step, ok, over bool)
	// note tells what the model made of it.
	note(*matrix.Step, *matrix.Outcome)
}

// maxSteps bounds a history with the waits in it.
const maxSteps = 2000

// source draws where a history comes from, and the world that it happens in.
func (c *Campaign) source(t *rapid.T) (source, matrix.World) {
	if len(c.Lists) > 0 && (len(c.Kinds) == 0 || rapid.Bool().Draw(t, "from a list")) {
		l := rapid.SampledFrom(c.Lists).Draw(t, "lists").Draw(t)
		return newListed(&l), l.World
	}
	w := &world{program: program{waits: map[sock.Thread]bool{}}, kinds: c.Kinds, pauses: c.Pauses}
	w.steps = w.prelude(t)
	w.left = rapid.IntRange(1, c.Steps).Draw(t, "steps")
	return w, matrix.World{}
}

// told is the history as the stack has it that is right.
func (c *Campaign) told(p *pair) *History {
	if c.Foreign {
		return p.history(1)
	}
	return p.history(0)
}

func (c *Campaign) count(s *matrix.Step) {
	switch {
	case s.Call != nil:
		c.calls.Add(1)
	case s.Arrives():
		c.packets.Add(1)
	case s.Name == paused:
		c.pauses.Add(1)
	}
}

// Histories is how many have been played.
func (c *Campaign) Histories() int { return int(c.histories.Load()) }

// Calls is how many calls have been compared.
func (c *Campaign) Calls() int { return int(c.calls.Load()) }

// Tally is a line about what has been compared.
func (c *Campaign) Tally() string {
	line := fmt.Sprintf("%d histories, %d calls, %d packets and %d pauses compared", c.histories.Load(), c.calls.Load(), c.packets.Load(), c.pauses.Load())
	for _, e := range []struct {
		n   int64
		why string
	}{
		{c.late.Load(), "ended by a timer that came between"},
		{c.declined.Load(), "ended by a call that " + c.Other.Name() + " does not have"},
	} {
		if e.n > 0 {
			line += fmt.Sprintf("; %d %s", e.n, e.why)
		}
	}
	return line
}
