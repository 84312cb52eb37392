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
	// Plays are how often the history was played, Agreed how often Other did as Model did. Where that is not never, Other does both, as
	// two of its threads race, or a thread and a packet: no difference, and the history is as it was drawn.
	Plays, Agreed int
}

// Both reports that Other itself does both what differs from the model and what the model does.
func (f *Finding) Both() bool { return f.Agreed > 0 }

// String is the difference and the script that shows it.
func (f *Finding) String() string {
	return fmt.Sprintf("seed %d, %s\n%s", f.Seed, f.Difference, f.History.Script())
}

// File is the script with what differs as its title: it passes on the stack that is right and fails on the other.
func (f *Finding) File() string {
	return fmt.Sprintf("// %s\n%s", strings.ReplaceAll(f.Difference.String(), "\n", " "), f.History.Script())
}

// replays is how often a shorter history must differ, and attempts how often a history is played again to see whether Other does both.
const (
	replays  = 3
	attempts = 10
)

// judge makes a finding of a difference.
func (c *Campaign) judge(ctx context.Context, h *History, d *Difference) *Finding {
	f := &Finding{Difference: d, History: h, Plays: 1}
	c.repeat(f, h.Steps)
	if f.Both() {
		return f
	}
	short := &Finding{}
	short.Difference, short.History = c.minimize(ctx, d, h)
	if len(short.History.Steps) < len(h.Steps) {
		c.repeat(short, short.History.Steps)
	}
	if short.Both() { // only what was left out made it certain
		return f
	}
	f.Difference, f.History = short.Difference, short.History
	return f
}

// repeat plays steps again and counts how often the stacks agree. A play that a timer ended says nothing.
func (c *Campaign) repeat(f *Finding, steps []matrix.Step) {
	for range attempts {
		d, _, err := c.Replay(steps)
		if err != nil {
			continue
		}
		f.Plays++
		if d == nil {
			f.Agreed++
		}
	}
}

// again reports whether the steps lead to a difference each time.
func (c *Campaign) again(steps []matrix.Step) bool {
	for range replays {
		d, _, err := c.Replay(steps)
		if d == nil && (err == nil || errors.Is(err, errLate)) {
			return false
		}
	}
	return true
}

// Replay plays steps on fresh instances until no timer comes between any more, or often, which is an error. It returns the first
// difference, nil for none, and what happened on the stack that is right.
func (c *Campaign) Replay(steps []matrix.Step) (d *Difference, h *History, err error) {
	const often = 5
	for range often {
		if d, h, err = c.replay(steps); !errors.Is(err, errLate) {
			return d, h, err
		}
	}
	return nil, h, err
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
