package campaign

import (
	"cmp"
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
	Began    []sock.Time // each of the steps, by the stack's clock
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
	orphans   bool              // a listener was closed: its requests live on, and Linux does not tell whose they are
	ahead     tcpstate.Duration // how far want's clock is ahead of got's
	began     sock.Time         // when the history did, by got's clock
	tick      tcpstate.Duration // of want's timers; 0 where they are as exact as got's
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
	p.ahead, p.began, p.tick = p.want.Now().Sub(p.got.Now()), p.got.Now(), p.want.Tick()
	return p, nil
}

func (p *pair) close() {
	_ = p.want.Close()
	_ = p.got.Close()
}

// play carries a step out on both. It returns what the second did, and the difference, if there is one.
func (p *pair) play(s matrix.Step) (matrix.Outcome, *Difference, error) {
	want, got, err := p.both(s)
	if err != nil {
		return got, nil, err
	}
	p.history.Outcomes = append(p.history.Outcomes, want)
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

// both carries a step out on want and then on got, at the time at which it began there, and lets as much time pass.
func (p *pair) both(s matrix.Step) (want, got matrix.Outcome, err error) {
	began := p.now()
	if want, err = p.want.Play(&s); err != nil {
		return want, got, err
	}
	if _, fired := p.near(); fired && (s.Call != nil || s.Packet != nil) {
		return want, got, errLate
	}
	p.history.Steps, p.history.Began = append(p.history.Steps, s), append(p.history.Began, began.Add(p.ahead))
	if err = pass(p.got, began, &got); err != nil {
		return want, got, err
	}
	if err = p.got.Begin(&s); err == nil {
		err = p.settle(&want, &got)
	}
	p.history.Steps[len(p.history.Steps)-1].Wait = p.now().Sub(began)
	return want, got, err
}

// noteListeners keeps track of the slots whose queues can be asked for. A closed descriptor's number may be another instance's.
func (p *pair) noteListeners(s *matrix.Step) {
	switch {
	case s.Call == nil:
	case s.Call.Op == sock.OpListen && !slices.Contains(p.listening, s.Call.FD):
		p.listening = append(p.listening, s.Call.FD)
	case s.Call.Op == sock.OpClose && slices.Contains(p.listening, s.Call.FD):
		p.orphans = true
		p.listening = slices.DeleteFunc(p.listening, func(slot int32) bool { return slot == s.Call.FD })
	}
}

// compare finds the first difference between two outcomes.
func compare(want, got *matrix.Outcome) *Difference {
	if a, b := returns(want), returns(got); a != b {
		return &Difference{What: "results", Want: a, Got: b}
	}
	if a, b := strings.Join(want.Packets, "; "), strings.Join(got.Packets, "; "); a != b && byConn(want.Packets) != byConn(got.Packets) {
		return &Difference{What: "packets", Want: "sends " + or(a), Got: "sends " + or(b)}
	}
	return nil
}

// byConn is what was sent, connection by connection: timers of two may fire in one tick.
func byConn(packets []string) string {
	list := slices.Clone(packets)
	conn := func(s string) string {
		s, _, _ = strings.Cut(s, " ")
		return s
	}
	slices.SortStableFunc(list, func(a, b string) int { return strings.Compare(conn(a), conn(b)) })
	return strings.Join(list, "; ")
}

// returns are the results thread by thread: the time-outs of two may end in one tick.
func returns(o *matrix.Outcome) string {
	var list []string
	slices.SortStableFunc(o.Returns, func(a, b matrix.Returned) int { return cmp.Compare(a.Thread, b.Thread) })
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
	if p.orphans {
		a, c = 0, 0
	}
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
		if s.Call != nil || s.Packet != nil {
			s.Wait = 0 // how long it takes is found out anew
		}
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
