package report

import (
	"context"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// RulesAt runs an item on a stack that names its rules (the model) and returns those that explain the event in the given line:
// of the packet that the line expects, or else what the stack made of the last packet injected before it. With itself the
// failure to explain is the stack's own; otherwise the list is empty when the stack differs from the script at that line or
// before, as its rules then explain something else.
func RulesAt(ctx context.Context, it *Item, stack conformance.Stack, o conformance.Options, line int, itself bool) []rule.Rule {
	t := &tap{Stack: stack}
	r := conformance.Run(ctx, it.Script, t, o)
	if r.Verdict == conformance.Skip || r.Verdict == conformance.Fail && r.Failure.Line <= line && !itself {
		return nil
	}
	return rulesAt(it.Script, &r, t.after, line)
}

// rulesAt looks up a line in a run that passed it.
func rulesAt(s *script.Script, r *conformance.Result, after [][]string, line int) []rule.Rule {
	var names []string
	for _, p := range r.Trace {
		if p.Line == line && !p.Inbound {
			names = append(names, p.Why...)
		}
	}
	if len(names) == 0 {
		if n := inboundBefore(s, line); n < len(after) {
			names = after[n]
		}
	}
	return Rules(names)
}

// inboundBefore counts the packets that a script injects up to a line.
func inboundBefore(s *script.Script, line int) int {
	n := 0
	for i := range s.Events {
		ev := &s.Events[i]
		if ev.Pos.Line <= line && ev.Packet != nil && ev.Packet.Direction == script.Inbound {
			n++
		}
	}
	return n
}

// tap is a stack whose instances note the rules that they name beside any packet: drops, changes of state, wake-ups.
type tap struct {
	conformance.Stack
	after [][]string // by the number of packets injected so far
}

// Start implements conformance.Stack.
func (t *tap) Start(s conformance.Setup) (conformance.Instance, error) {
	in, err := t.Stack.Start(s)
	t.after = [][]string{nil}
	return &tapped{in, t}, err
}

type tapped struct {
	conformance.Instance
	t *tap
}

// Inject implements conformance.Instance.
func (in *tapped) Inject(packet []byte) error {
	in.t.after = append(in.t.after, nil)
	return in.Instance.Inject(packet)
}

// Advance implements conformance.Instance.
func (in *tapped) Advance(until sock.Time) (conformance.Event, bool, error) {
	ev, ok, err := in.Instance.Advance(until)
	if ok {
		last := &in.t.after[len(in.t.after)-1]
		*last = append(*last, ev.Why...)
	}
	return ev, ok, err
}
