package explore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Claim is what a script is to show: a rule, or a change of state if Rule is zero.
type Claim struct {
	Rule     rule.ID
	From, To tcpstate.State
}

// String is the rule's name, or FROM to TO.
func (c Claim) String() string {
	if c.Rule != 0 {
		return c.Rule.String()
	}
	return fmt.Sprintf("%v to %v", c.From, c.To)
}

// File is a name for a script of the claim: rule-NAME.pkt, edge-FROM-TO.pkt.
func (c Claim) File() string {
	if c.Rule != 0 {
		return "rule-" + c.Rule.String() + ".pkt"
	}
	us := strings.NewReplacer("-", "_")
	return fmt.Sprintf("edge-%s-%s.pkt", us.Replace(c.From.String()), us.Replace(c.To.String()))
}

// shownBy reports whether an event of the model shows it.
func (c Claim) shownBy(ev *conformance.Event) bool {
	if c.Rule == 0 {
		return ev.From != ev.To && ev.From == c.From && ev.To == c.To
	}
	for _, w := range ev.Why {
		if w == c.Rule.String() {
			return true
		}
	}
	return false
}

// mark is how the event that shows it is marked: a packet with the claim's name, what else happens with its own rule's.
func (c Claim) mark(ev *conformance.Event) string {
	switch {
	case !c.shownBy(ev):
		return ""
	case ev.Kind == conformance.PacketOut:
		return c.String()
	}
	return ev.Why[0]
}

// teller is a world that can tell, of each of its views, what was done to a stack.
type teller interface {
	Tell(view int, s *story.Story)
	Views() int
}

// story walks the way once more, for what one stack of it was given.
func (w *Way) story(view int) (*story.Story, error) {
	at, s := w.Root.World.Clone(), &story.Story{}
	at.(teller).Tell(view, s)
	for _, m := range w.Moves {
		if err := at.Do(m, &fuzz.Coverage{}); err != nil {
			return nil, fmt.Errorf("the way breaks a law: %w", err)
		}
	}
	if len(s.Unsaid) > 0 {
		return nil, errors.New(s.Unsaid[0])
	}
	return s, nil
}

// Script is a way as a script, which passes on the model and shows there what it claims. The error says in a line why there is
// none.
func (w *Way) Script(c Claim, scenario string) (string, error) {
	t, ok := w.Root.World.(teller)
	if !ok {
		return "", errors.New("a world that has no script")
	}
	var first error
	for view := range t.Views() {
		for _, gap := range story.Gaps {
			text, err := w.write(c, scenario, view, gap)
			if err == nil {
				return text, nil
			}
			if first == nil {
				first = err
			}
		}
	}
	return "", first
}

func (w *Way) write(c Claim, scenario string, view int, gap tcpstate.Duration) (string, error) {
	s, err := w.story(view)
	if err != nil {
		return "", err
	}
	text, err := s.Write(fmt.Sprintf("%s\n// %s, from scenario %s of `sockspec explore`", c.title(), w.Shortest(), scenario), c.mark, gap)
	if err != nil {
		return "", err
	}
	if err := Shows(text, c); err != nil {
		return "", err
	}
	return text, nil
}

// title says what the claim is and where it comes from.
func (c Claim) title() string {
	if c.Rule == 0 {
		return fmt.Sprintf("// From %v to %v", c.From, c.To)
	}
	r, _ := rule.Get(c.Rule)
	return fmt.Sprintf("// %s: %s", c.Rule, r.Text)
}

// Shows runs a script on the model: nil if it passes and shows what it claims.
func Shows(text string, c Claim) error {
	s, err := script.Parse(c.File(), []byte(text))
	if err != nil {
		return err
	}
	w := &witnesses{claim: c}
	if r := conformance.Run(context.Background(), s, w, conformance.Options{}); r.Verdict != conformance.Pass {
		return fmt.Errorf("its script does not pass: %s%v", r.Reason, r.Failure)
	}
	if !w.seen {
		return errors.New("its script takes another way")
	}
	return nil
}

// witnesses is the model, watched for a claim.
type witnesses struct {
	model.Stack
	claim Claim
	seen  bool
}

// Start implements conformance.Stack.
func (w *witnesses) Start(s conformance.Setup) (conformance.Instance, error) {
	in, err := w.Stack.Start(s)
	if err != nil {
		return nil, err
	}
	return watched{in.(*model.Instance), w}, nil
}

type watched struct {
	*model.Instance
	w *witnesses
}

// Advance implements conformance.Instance.
func (i watched) Advance(until sock.Time) (conformance.Event, bool, error) {
	ev, ok, err := i.Instance.Advance(until)
	i.w.seen = i.w.seen || ok && i.w.claim.shownBy(&ev)
	return ev, ok, err
}
