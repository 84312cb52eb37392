package campaign

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// A History is what happened to a stack, step by step, and what came of it there.
type History struct {
	World    matrix.World
	Tick     tcpstate.Duration // of the stack's timers
	Steps    []matrix.Step
	Outcomes []matrix.Outcome
	Began    []sock.Time // each of the steps, by the stack's clock
	Settings []string    // the sysctls of both stacks, as name=value
	Ignore   []*regexp.Regexp
}

// Difference is the first step at which a stack differs from the model, and how.
type Difference struct {
	Step         int    // index into the history's steps
	What         string // differs: results, packets, the queues of a listener
	Stack        string // the other's name
	Other, Model string // what each of them did
}

func (d *Difference) String() string {
	return fmt.Sprintf("step %d: %s: %s %s, the model %s", d.Step+1, d.What, d.Stack, d.Other, d.Model)
}

// pair is two stacks side by side: the other, whose clock may be a real one, and the model, which follows it.
type pair struct {
	name      string // the other's
	world     matrix.World
	ignore    []*regexp.Regexp
	foreign   bool // the other is no Linux, and need not tell the lengths of queues
	other     *matrix.Player
	model     *matrix.Player
	steps     []matrix.Step
	told      [2]History         // by other and by model, but for the steps
	listening []int32            // slots that have listened
	orphans   bool               // a listener was closed: its requests live on, and Linux does not tell whose they are
	grouped   bool               // SO_REUSEPORT was set: Linux counts a group's requests for each of it
	ahead     tcpstate.Duration  // how far other's clock is ahead of model's
	began     sock.Time          // when the history did, by model's clock
	tick      tcpstate.Duration  // of other's timers; 0 where they are as exact as model's
	early     matrix.Outcome     // of what happened on other since the latest step
	asked     *matrix.Player     // the latest of the two that was
	bug       *conformance.Panic // of other, since the latest step
}

func (c *Campaign) newPair(w matrix.World) (_ *pair, err error) {
	p := &pair{name: c.Other.Name(), world: w, foreign: c.Foreign, ignore: c.Ignore}
	if p.other, err = matrix.NewPlayerIn(c.orderly(), w); err != nil {
		return nil, err
	}
	if p.model, err = matrix.NewPlayerIn(c.ticking(p.other), w); err != nil {
		_ = p.other.Close()
		return nil, err
	}
	p.began, p.tick = p.model.Now(), p.other.Tick()
	p.ahead = p.other.Now().Sub(p.began)
	if edge, ok := p.other.Edge(); ok {
		p.ahead -= (p.ahead - edge.Sub(0)) % p.tick // the two clocks tick as one: model's jiffies begin at multiples
	}
	return p, nil
}

// ticking is Model with other's jiffies, if it can be had so.
func (c *Campaign) ticking(other *matrix.Player) conformance.Stack {
	s, ok := c.Model.(interface {
		Ticking(tcpstate.Duration) conformance.Stack
	})
	if _, known := other.Edge(); ok && known {
		return s.Ticking(other.Tick())
	}
	return c.Model
}

// orderly is Other on one processor, if it can be had so: there those run first that were woken first, as on the model. On several
// processors which of two threads comes first is chance.
func (c *Campaign) orderly() conformance.Stack {
	if s, ok := c.Other.(interface{ OneCPU() conformance.Stack }); ok {
		return s.OneCPU()
	}
	return c.Other
}

func (p *pair) close() {
	_ = p.other.Close()
	_ = p.model.Close()
}

// history is what happened on one of the two: 0 is the other, 1 the model.
func (p *pair) history(side int) *History {
	h := p.told[side]
	h.World, h.Tick, h.Steps, h.Settings, h.Ignore = p.world, p.tick, p.steps, p.other.Settings(), p.ignore
	return &h
}

// play carries a step out on both. It returns what the model did, and the difference, if there is one: a panic, too.
func (p *pair) play(s matrix.Step) (model matrix.Outcome, d *Difference, err error) {
	at, other := len(p.steps), matrix.Outcome{}
	if p.bug == nil {
		err = conformance.Guard(func() (err error) {
			d, err = p.compared(s, &other, &model)
			return err
		})
	}
	if errors.As(err, &p.bug); p.bug != nil {
		return model, p.burst(at, s, &other), nil
	}
	return model, d, err
}

// compared is the difference that a step makes, if it does.
func (p *pair) compared(s matrix.Step, other, model *matrix.Outcome) (*Difference, error) {
	at := len(p.steps)
	if err := p.record(s, other, model); err != nil {
		return nil, err
	}
	d, err := p.differ(at, other, model)
	if s.Sysctl != nil && d == nil && err == nil {
		d, err = p.refusals()
	}
	if err != nil {
		return nil, err
	}
	p.noteListeners(&s)
	for _, slot := range p.listening {
		if d == nil && (s.Arrives() || s.Call != nil && (s.Call.Op == sock.OpAccept || s.Call.Op == sock.OpListen)) {
			d = p.queues(slot)
		}
	}
	if d != nil {
		d.Step, d.Stack = at, p.name
	}
	return d, nil
}

// record carries a step out on both and keeps what came of it, also when one of them panics over it.
func (p *pair) record(s matrix.Step, other, model *matrix.Outcome) error {
	at := len(p.steps)
	defer func() {
		if len(p.steps) > at {
			p.steps[at].Wait = p.now().Sub(p.told[1].Began[at])
			p.told[0].Outcomes, p.told[1].Outcomes = append(p.told[0].Outcomes, *other), append(p.told[1].Outcomes, *model)
		}
	}()
	return p.both(s, other, model)
}

// refusals compares whether the sysctl just written was taken. A stack that is no Linux need not have it.
func (p *pair) refusals() (*Difference, error) {
	a, b := p.other.Refused(), p.model.Refused()
	switch {
	case (a == nil) == (b == nil):
		return nil, nil
	case p.foreign && errors.Is(a, conformance.ErrUnsupported):
		return nil, a
	}
	return &Difference{What: "sysctl", Other: taken(a), Model: taken(b)}, nil
}

func taken(err error) string {
	if err != nil {
		return "refuses it: " + err.Error()
	}
	return "takes it"
}

// join is what came of two steps as if they were one.
func join(a, b matrix.Outcome) matrix.Outcome {
	a.Add(b)
	return a
}

// differ compares what came of a step, if need be once more when timers have fired on model, too.
func (p *pair) differ(step int, other, model *matrix.Outcome) (*Difference, error) {
	d := p.compare(other, model)
	for now := d; now != nil; now = p.compare(other, model) {
		more, err := p.hasten(model)
		if err != nil || !more {
			return d, err
		}
		p.told[1].Outcomes[step] = *model
	}
	return nil, nil
}

// both carries a step out on other and then on model, at the time at which it began there, and lets as much time pass.
func (p *pair) both(s matrix.Step, other, model *matrix.Outcome) (err error) {
	began := p.now()
	p.asked = p.other
	if *other, err = p.other.Play(&s); err != nil {
		return err
	}
	*other, p.early = join(p.early, *other), matrix.Outcome{}
	if at := slices.Sorted(cameAt(other)); len(at) > 0 && s.Deed() {
		began = max(began, at[0].Add(-p.ahead)) // on a busy machine a thread may be late; a round trip is counted from when it sent
	}
	if _, fired := p.near(); fired && s.Deed() || other.HeardReport() {
		return errLate
	}
	p.steps = append(p.steps, s)
	p.told[0].Began, p.told[1].Began = append(p.told[0].Began, began.Add(p.ahead)), append(p.told[1].Began, began)
	if err = p.pass(p.model, began, model); err != nil {
		return err
	}
	if err = p.model.Begin(&s); err != nil {
		return err
	}
	return p.settle(other, model)
}

// cameAt is when each thing of what came of a step came.
func cameAt(o *matrix.Outcome) iter.Seq[sock.Time] {
	return func(yield func(sock.Time) bool) {
		for i := range o.Returns {
			if !yield(o.Returns[i].At) {
				return
			}
		}
		for i := range o.Seen {
			if !yield(o.Seen[i].At) {
				return
			}
		}
	}
}

// noteListeners keeps track of the slots whose queues can be asked for. A closed descriptor's number may be another instance's.
func (p *pair) noteListeners(s *matrix.Step) {
	switch {
	case s.Call == nil:
	case s.Call.Op == sock.OpSetsockopt && s.Call.Level == sock.SOL_SOCKET && s.Call.Name == sock.SO_REUSEPORT:
		p.grouped = true
	case s.Call.Op == sock.OpListen && !slices.Contains(p.listening, s.Call.FD):
		p.listening = append(p.listening, s.Call.FD)
	case s.Call.Op == sock.OpClose && slices.Contains(p.listening, s.Call.FD):
		p.orphans = true
		p.listening = slices.DeleteFunc(p.listening, func(slot int32) bool { return slot == s.Call.FD })
	}
}

// compare finds the first difference between two outcomes.
func (p *pair) compare(other, model *matrix.Outcome) *Difference {
	if a, b := returns(other), returns(model); p.kept(a) != p.kept(b) {
		return &Difference{What: "results", Other: a, Model: b}
	}
	if a, b := other.Packets, model.Packets; p.kept(byConn(a)) != p.kept(byConn(b)) {
		return &Difference{What: "packets", Other: "sends " + or(strings.Join(a, "; ")), Model: "sends " + or(strings.Join(b, "; "))}
	}
	if a, b := detailed(other), detailed(model); p.kept(byConn(a)) != p.kept(byConn(b)) {
		return &Difference{What: "packets, of which scripts do not say all", Other: "sends " + strings.Join(a, "; "), Model: "sends " + strings.Join(b, "; ")}
	}
	return nil
}

// detailed are the packets with all that is compared of them.
func detailed(o *matrix.Outcome) (list []string) {
	for i, text := range o.Packets {
		list = append(list, fmt.Sprintf("%s {%s}", text, o.Details[i]))
	}
	return list
}

// kept is the text without what is to be ignored.
func (p *pair) kept(text string) string {
	for _, re := range p.ignore {
		text = re.ReplaceAllString(text, "")
	}
	return text
}

// byConn is what was sent, connection by connection: timers of two may fire in one tick.
func byConn(packets []string) string {
	list := slices.Clone(packets)
	conn := func(s string) string {
		for strings.HasPrefix(s, "[") && strings.Contains(s, "] ") { // a TTL or a TOS that is not the usual
			_, s, _ = strings.Cut(s, "] ")
		}
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
	p.asked = p.other
	a, b, ok := p.other.Queues(slot)
	p.asked = p.model
	c, d, also := p.model.Queues(slot)
	switch {
	case p.orphans:
		a, c = 0, 0
	case p.grouped && c < a && a <= p.requests():
		c = a
	}
	if a == c && b == d && ok == also || p.foreign && !ok {
		return nil
	}
	return &Difference{What: fmt.Sprintf("SYN and accept queue of descriptor %d", slot), Other: fmt.Sprint(a, b, ok), Model: fmt.Sprint(c, d, also)}
}

// requests are those of all listeners, by model.
func (p *pair) requests() (n int) {
	for _, slot := range p.listening {
		syn, _, _ := p.model.Queues(slot)
		n += syn
	}
	return n
}
