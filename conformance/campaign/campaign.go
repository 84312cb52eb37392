package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"pgregory.net/rapid"
)

// Campaign draws histories and compares two stacks by them. Several goroutines may draw at once.
type Campaign struct {
	// Want is the stack that is right, Got the one that is compared with it. What is drawn depends on what Got does, so it is to
	// be one that always does the same.
	Want, Got conformance.Stack
	Kinds     []*matrix.Kind
	Steps     int // at most, in a history
	Pauses    int // at most, in a history: waits of up to 3 s for what comes by itself

	calls, packets atomic.Int64 // made and sent so far on each stack
	pauses         atomic.Int64 // waited so far
	late           atomic.Int64 // histories that ended early since a timer came between a step's beginning and its end
	disturbed      atomic.Int64 // histories in which the two differed once and not again: a race
}

// Finding is a history at whose end the stacks differ, as short as it could be made.
type Finding struct {
	Seed       int // of the history before it was made shorter; 0 where rapid chose it
	Difference *Difference
	History    *History
}

// String is the difference and the script that shows it.
func (f *Finding) String() string {
	return fmt.Sprintf("seed %d, %s\n%s", f.Seed, f.Difference, f.History.Script())
}

// File is the script with what differs as its title: it passes on the first stack and fails on the second.
func (f *Finding) File() string {
	return fmt.Sprintf("// %s\n%s", strings.ReplaceAll(f.Difference.String(), "\n", " "), f.History.Script())
}

// replays is how often a difference must show itself again: a race does not.
const replays = 3

// Check draws one history and fails t where the stacks differ.
func (c *Campaign) Check(t *rapid.T) {
	f, err := c.draw(t)
	if err != nil {
		t.Fatal(err)
	}
	if f != nil {
		t.Fatal(f)
	}
}

// Run plays the histories of so many seeds, from first on, several at once, until as many as most differ or the context ends.
func (c *Campaign) Run(ctx context.Context, first, seeds, workers, most int) (found []*Finding, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := atomic.Int64{}
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				seed := int(next.Add(1)) - 1
				if seed >= seeds {
					return
				}
				f, e := c.seed(first + seed)
				if f == nil && e == nil {
					continue
				}
				mu.Lock()
				if f != nil && len(found) < most {
					found = append(found, f)
				}
				if err = errors.Join(err, e); err != nil || len(found) >= most {
					stop()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return found, err
}

// seed plays the history of one seed.
func (c *Campaign) seed(n int) (f *Finding, err error) {
	rapid.Custom(func(t *rapid.T) int {
		f, err = c.draw(t)
		return 0
	}).Example(n)
	if f != nil {
		f.Seed = n
	}
	return f, err
}

// draw draws a history and makes a finding of the difference that it ends with, if any.
func (c *Campaign) draw(t *rapid.T) (*Finding, error) {
	h, d, err := c.history(t)
	if d == nil || err != nil {
		return nil, err
	}
	return c.judge(h, d), nil
}

// history draws a history and plays it on both stacks until they differ.
func (c *Campaign) history(t *rapid.T) (*History, *Difference, error) {
	p, err := newPair(c.Want, c.Got)
	if err != nil {
		return nil, nil, err
	}
	defer p.close()
	w := &world{program: program{waits: map[sock.Thread]bool{}}, kinds: c.Kinds, pauses: c.Pauses}
	steps := w.prelude(t)
	for range rapid.IntRange(1, c.Steps).Draw(t, "steps") {
		s, ok := p.timer()
		if ok {
			// what is about to happen comes first
		} else if len(steps) > 0 {
			s, ok, steps = steps[0], true, steps[1:]
		} else if s, ok = w.draw(t); !ok {
			continue
		}
		o, d, err := p.play(s)
		if errors.Is(err, errLate) {
			c.late.Add(1)
			break
		}
		c.count(&s)
		if err != nil {
			return &p.history, nil, fmt.Errorf("%w\n%s", err, p.history.Script())
		}
		if d != nil {
			return &p.history, d, nil
		}
		w.note(&s, &o)
	}
	return &p.history, nil, nil
}

func (c *Campaign) count(s *matrix.Step) {
	switch {
	case s.Call != nil:
		c.calls.Add(1)
	case s.Packet != nil:
		c.packets.Add(1)
	case s.Name == paused:
		c.pauses.Add(1)
	}
}

// judge makes a finding of a difference, unless it was only a moment's.
func (c *Campaign) judge(h *History, d *Difference) *Finding {
	if !c.again(h.Steps) {
		c.disturbed.Add(1)
		return nil
	}
	d, h = c.minimize(h.Steps, d, h)
	return &Finding{Difference: d, History: h}
}

// again reports whether the steps lead to a difference each time.
func (c *Campaign) again(steps []matrix.Step) bool {
	for range replays {
		d, err := c.replay(steps)
		if err == nil && d == nil {
			return false
		}
	}
	return true
}

// replay plays steps until no timer comes between any more, or often.
func (c *Campaign) replay(steps []matrix.Step) (d *Difference, err error) {
	const often = 5
	for range often {
		if d, _, err = Replay(steps, c.Want, c.Got); !errors.Is(err, errLate) {
			return d, err
		}
	}
	return nil, nil
}

// Calls is how many calls have been compared.
func (c *Campaign) Calls() int { return int(c.calls.Load()) }

// Tally is a line about what has been compared.
func (c *Campaign) Tally() string {
	return fmt.Sprintf("%d calls, %d packets and %d pauses compared, %d histories ended by a timer that came between, %d with a difference that did not show again",
		c.calls.Load(), c.packets.Load(), c.pauses.Load(), c.late.Load(), c.disturbed.Load())
}
