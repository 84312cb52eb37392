package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance/matrix"
)

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

// File is the script with what differs as its title: it passes on the stack that is right and fails on the other.
func (f *Finding) File() string {
	return fmt.Sprintf("// %s\n%s", strings.ReplaceAll(f.Difference.String(), "\n", " "), f.History.Script())
}

// replays is how often a difference must show itself again: a race does not.
const replays = 3

// judge makes a finding of a difference, unless it was only a moment's.
func (c *Campaign) judge(ctx context.Context, h *History, d *Difference) *Finding {
	if !c.again(h.Steps) {
		c.disturbed.Add(1)
		return nil
	}
	d, h = c.minimize(ctx, d, h)
	return &Finding{Difference: d, History: h}
}

// again reports whether the steps lead to a difference each time.
func (c *Campaign) again(steps []matrix.Step) bool {
	for range replays {
		d, _, err := c.Replay(steps)
		if err == nil && d == nil {
			return false
		}
	}
	return true
}

// Replay plays steps on fresh instances until no timer comes between any more, or often. It returns the first difference, nil for
// none, and what happened on the stack that is right.
func (c *Campaign) Replay(steps []matrix.Step) (d *Difference, h *History, err error) {
	const often = 5
	for range often {
		if d, h, err = c.replay(steps); !errors.Is(err, errLate) {
			return d, h, err
		}
	}
	return nil, h, nil
}

func (c *Campaign) replay(steps []matrix.Step) (*Difference, *History, error) {
	p, err := c.newPair()
	if err != nil {
		return nil, nil, err
	}
	defer p.close()
	for _, s := range steps {
		if s.Call != nil || s.Packet != nil {
			s.Wait = 0 // how long it takes is found out anew
		}
		for s, ok := p.timer(); ok; s, ok = p.timer() {
			if _, d, err := p.play(s); err != nil || d != nil {
				return d, c.told(p), err
			}
		}
		_, d, err := p.play(s)
		if err != nil || d != nil {
			return d, c.told(p), err
		}
	}
	return nil, c.told(p), nil
}
