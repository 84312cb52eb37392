package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// A History is what happened to a stack, step by step, and what came of it.
type History struct {
	Steps    []matrix.Step
	Outcomes []matrix.Outcome
}

// Difference is the first step at which two stacks differ, and how.
type Difference struct {
	Step      int // index into the history's steps
	What      string
	Want, Got string // of the live kernel, of the model
}

func (d *Difference) String() string {
	return fmt.Sprintf("step %d: %s: Linux %s, the model %s", d.Step+1, d.What, d.Want, d.Got)
}

// pair is two stacks side by side.
type pair struct {
	want, got *matrix.Player
	history   History           // of want
	listening []int32           // slots that have listened
	ahead     tcpstate.Duration // how far want's clock is ahead of got's
}

func newPair(want, got conformance.Stack) (_ *pair, err error) {
	p := &pair{}
	if p.got, err = matrix.NewPlayer(got); err != nil {
		return nil, err
	}
	if p.want, err = matrix.NewPlayer(want); err != nil {
		_ = p.got.Close()
		return nil, err
	}
	p.ahead = p.want.Now().Sub(p.got.Now())
	return p, nil
}

func (p *pair) close() {
	_ = p.want.Close()
	_ = p.got.Close()
}

// guard is how near a timer may be when a step begins: nearer ones are waited for, so that it does not depend on a moment which of
// the two comes first. late is how much later than the model's a timer of the kernel may fire: a few ticks of its clock.
const (
	guard = 20 * tcpstate.Millisecond
	late  = 12 * tcpstate.Millisecond
)

// timer is a step that waits for what is about to happen by itself, if anything is.
func (p *pair) timer() (matrix.Step, bool) {
	at, ok := p.got.Deadline()
	left := at.Sub(p.want.Now().Add(-p.ahead))
	if !ok || left > guard {
		return matrix.Step{}, false
	}
	return matrix.Step{Wait: max(left, 0) + late}, true
}

// play carries a step out on both. It returns what the second did, and the difference, if there is one.
func (p *pair) play(s matrix.Step) (matrix.Outcome, *Difference, error) {
	before := p.want.Now()
	want, err := p.want.Play(&s)
	if err != nil {
		return want, nil, err
	}
	p.history.Steps = append(p.history.Steps, s)
	p.history.Outcomes = append(p.history.Outcomes, want)
	got, err := p.follow(s, before)
	if err != nil {
		return got, nil, err
	}
	d := compare(&want, &got)
	p.noteListeners(&s)
	for _, slot := range p.listening {
		if d == nil && (s.Packet != nil || s.Call != nil && (s.Call.Op == sock.OpAccept || s.Call.Op == sock.OpListen)) {
			d = p.queues(slot)
		}
	}
	if d != nil {
		d.Step = len(p.history.Steps) - 1
	}
	return got, d, nil
}

// noteListeners keeps track of the slots whose queues can be asked for. A closed descriptor's number may be another instance's.
func (p *pair) noteListeners(s *matrix.Step) {
	switch {
	case s.Call == nil:
	case s.Call.Op == sock.OpListen && !slices.Contains(p.listening, s.Call.FD):
		p.listening = append(p.listening, s.Call.FD)
	case s.Call.Op == sock.OpClose:
		p.listening = slices.DeleteFunc(p.listening, func(slot int32) bool { return slot == s.Call.FD })
	}
}

// follow carries the step out on got at the time at which it began on want, and lets as much time pass as it took there.
func (p *pair) follow(s matrix.Step, began sock.Time) (matrix.Outcome, error) {
	first, err := p.got.Pass(began.Add(-p.ahead))
	if err != nil {
		return first, err
	}
	s.Wait = 0
	then, err := p.got.Play(&s)
	if err != nil {
		return then, err
	}
	last, err := p.got.Pass(p.want.Now().Add(-p.ahead))
	for _, o := range []matrix.Outcome{then, last} {
		first.Returns, first.Packets, first.Seen = append(first.Returns, o.Returns...), append(first.Packets, o.Packets...), append(first.Seen, o.Seen...)
	}
	return first, err
}

// compare finds the first difference between two outcomes.
func compare(want, got *matrix.Outcome) *Difference {
	if a, b := returns(want), returns(got); a != b {
		return &Difference{What: "results", Want: a, Got: b}
	}
	if a, b := strings.Join(want.Packets, "; "), strings.Join(got.Packets, "; "); a != b {
		return &Difference{What: "packets", Want: "sends " + or(a), Got: "sends " + or(b)}
	}
	return nil
}

func returns(o *matrix.Outcome) string {
	var list []string
	for _, r := range o.Returns {
		list = append(list, fmt.Sprintf("t%d %s", r.Thread, r.Text))
	}
	return or(strings.Join(list, ", "))
}

func or(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// queues compares the lengths of a listener's queues.
func (p *pair) queues(slot int32) *Difference {
	a, b, ok := p.want.Queues(slot)
	c, d, also := p.got.Queues(slot)
	if a == c && b == d && ok == also {
		return nil
	}
	return &Difference{What: fmt.Sprintf("SYN and accept queue of descriptor %d", slot), Want: fmt.Sprint(a, b, ok), Got: fmt.Sprint(c, d, also)}
}

// Replay plays steps on fresh instances and returns the first difference, nil for none, and what the first stack did.
func Replay(steps []matrix.Step, want, got conformance.Stack) (*Difference, *History, error) {
	p, err := newPair(want, got)
	if err != nil {
		return nil, nil, err
	}
	defer p.close()
	for _, s := range steps {
		for s, ok := p.timer(); ok; s, ok = p.timer() {
			if _, d, err := p.play(s); err != nil || d != nil {
				return d, &p.history, err
			}
		}
		_, d, err := p.play(s)
		if err != nil || d != nil {
			return d, &p.history, err
		}
	}
	return nil, &p.history, nil
}
