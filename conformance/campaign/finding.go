package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Finding is a history at whose end the stacks differ, as short as it could be made.
type Finding struct {
	Seed       int // of the history before it was made shorter; 0 where rapid chose it
	Difference *Difference
	History    *History
	// Plays are how often the history was played, Agreed how often Other did as Model did. Where that is not never, Other does both, as
	// two of its threads race, or a thread and a packet: no difference, and the history is as it was drawn.
	Plays, Agreed int
	// Shaken are the plays in which the pauses were longer or shorter by up to two ticks of Other's timers, and InTime those of them in
	// which Other did as Model did.
	Shaken, InTime int
}

// Tick reports that the difference is one of ticks: it goes where pauses are a little longer or shorter, since Other counts in ticks
// what Model counts in microseconds, and both were near where that matters. A few plays that no timer ended prove nothing.
func (f *Finding) Tick() bool {
	return f.InTime > 0 && 4*f.InTime >= f.Shaken && 2*f.Shaken >= attempts
}

// Real reports that Other always does otherwise.
func (f *Finding) Real() bool { return !f.Both() && !f.Tick() }

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

// proofs is how often a shorter history must differ, attempts how often a history is played again to see whether Other does both, and
// doubts how many times more if it does both of a shorter one.
const (
	proofs   = 3
	attempts = 10
	doubts   = 5
)

// judge makes a finding of a difference.
func (c *Campaign) judge(ctx context.Context, h *History, d *Difference) *Finding {
	f := &Finding{Difference: d, History: h, Plays: 1}
	c.repeat(f, h)
	if f.Both() {
		return f
	}
	short := &Finding{}
	short.Difference, short.History = c.minimize(ctx, d, h)
	if len(short.History.Steps) < len(h.Steps) {
		c.repeat(short, short.History)
	}
	if short.Both() { // what was left out made it certain, or nearly so
		for range doubts {
			if c.tally(f, h); f.Both() {
				return f
			}
		}
		c.shake(f)
		return f
	}
	f.Difference, f.History = short.Difference, short.History
	c.shake(f)
	return f
}

// shake plays the history again with other pauses, until enough plays have not been ended by a timer: on a busy machine many are.
// Where the last deed comes at once there is nothing to shake.
func (c *Campaign) shake(f *Finding) {
	if !slices.ContainsFunc(f.History.Steps, func(s matrix.Step) bool { return s.Name == paused }) {
		return
	}
	const rounds = 5
	for round := 0; round < rounds && f.Shaken < attempts; round++ {
		c.shakeOnce(f, round*attempts)
	}
}

// shakeOnce adds plays with other pauses, those from first on.
func (c *Campaign) shakeOnce(f *Finding, first int) {
	h := f.History
	var lists [][]matrix.Step
	for n := range attempts {
		steps := slices.Clone(h.Steps)
		for i := range steps {
			if steps[i].Name == paused {
				steps[i].Wait = max(steps[i].Wait+shift(first+n, i)*h.Tick/2, 1)
			}
		}
		lists = append(lists, steps)
	}
	for _, r := range c.replays(h.World, lists) {
		if r.err == nil {
			f.Shaken++
			if r.d == nil {
				f.InTime++
			}
		}
	}
}

// shift is by how many halves of a tick a pause differs in a play: -4 to 4, now this and now that.
func shift(play, pause int) tcpstate.Duration {
	const prime = 7919
	return tcpstate.Duration((play+1)*(pause+1)*prime/8%9) - 4
}

// repeat plays steps again, until enough plays have not been ended by a timer, and counts how often the stacks agree: more often if
// sockets share a port, who gets what then being the choice of a hash that is another each time (reuseport_select_sock).
func (c *Campaign) repeat(f *Finding, h *History) {
	plays, rounds := attempts, 5
	if sharers(h.Steps) > 1 {
		plays, rounds = 10*attempts, 20
	}
	for range rounds {
		if c.tally(f, h); f.Both() || f.Plays > plays {
			return
		}
	}
}

// sharers are how many times steps set SO_REUSEPORT.
func sharers(steps []matrix.Step) (n int) {
	for i := range steps {
		if c := steps[i].Call; c != nil && c.Op == sock.OpSetsockopt && c.Level == sock.SOL_SOCKET && c.Name == sock.SO_REUSEPORT && len(c.Data) > 0 && c.Data[0] != 0 {
			n++
		}
	}
	return n
}

// tally plays steps again and counts how often the stacks agree. A play that a timer ended says nothing.
func (c *Campaign) tally(f *Finding, h *History) {
	for _, r := range c.replays(h.World, slices.Repeat([][]matrix.Step{h.Steps}, attempts)) {
		if r.err != nil {
			continue
		}
		f.Plays++
		if r.d == nil {
			f.Agreed++
		}
	}
}

// replayed is what came of a play.
type replayed struct {
	d   *Difference
	err error
}

// replays plays lists of steps, all at once: most of what they take is waiting.
func (c *Campaign) replays(in matrix.World, lists [][]matrix.Step) []replayed {
	out := make([]replayed, len(lists))
	var wg sync.WaitGroup
	for i, steps := range lists {
		wg.Go(func() { out[i].d, _, out[i].err = c.Replay(in, steps) })
	}
	wg.Wait()
	return out
}

// again reports whether the steps lead to a difference each time.
func (c *Campaign) again(in matrix.World, steps []matrix.Step) bool {
	for _, r := range c.replays(in, slices.Repeat([][]matrix.Step{steps}, proofs)) {
		if r.d == nil && (r.err == nil || errors.Is(r.err, errLate)) {
			return false
		}
	}
	return true
}

// Replay plays steps on fresh instances until no timer comes between any more, or often, which is an error. It returns the first
// difference, nil for none, and what happened on the stack that is right.
func (c *Campaign) Replay(in matrix.World, steps []matrix.Step) (d *Difference, h *History, err error) {
	const often = 5
	for range often {
		if d, h, err = c.replay(in, steps); !errors.Is(err, errLate) {
			return d, h, err
		}
	}
	return nil, h, err
}

func (c *Campaign) replay(in matrix.World, steps []matrix.Step) (*Difference, *History, error) {
	p, err := c.newPair(in)
	if err != nil {
		return nil, nil, err
	}
	defer p.close()
	for _, s := range steps {
		if s.Deed() {
			s.Wait = 0 // how long it takes is found out anew
		}
		d, err := p.rest()
		if err == nil && d == nil {
			_, d, err = p.play(s)
		}
		if err != nil || d != nil {
			return d, c.told(p), err
		}
	}
	return nil, c.told(p), nil
}

// rest waits for what is about to happen by itself, as long as there is anything.
func (p *pair) rest() (*Difference, error) {
	for range maxSteps {
		s, ok, err := p.timer()
		if err != nil || !ok {
			return nil, err
		}
		if _, d, err := p.play(s); err != nil || d != nil {
			return d, err
		}
	}
	return nil, nil
}
