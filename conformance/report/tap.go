package report

import (
	"context"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// RulesFor runs an item on a stack that names its rules (the model) and returns those that explain where another run of it
// failed: the rules of the packet expected there, or of what the stack made of the last packet injected before. They explain
// a difference from the stack, so the list is empty when the stack itself departs from the script by then, unless the
// failure is its own.
func RulesFor(ctx context.Context, it *Item, stack conformance.Stack, o conformance.Options, failed *conformance.Result) []rule.Rule {
	t := &tap{Stack: stack}
	r := conformance.Run(ctx, it.Script, t, o)
	line, itself := failed.Failure.Line, failed.Stack == stack.Name()
	if r.Verdict == conformance.Skip || r.Verdict == conformance.Fail && r.Failure.Line <= line && !itself {
		return nil
	}
	var names []string
	for _, p := range r.Trace {
		if p.Line == line && !p.Inbound {
			names = append(names, p.Why...)
		}
	}
	if n := inboundBefore(it.Script, line); len(names) == 0 && n < len(t.after) && !asksOnly(failed.Failure) {
		names = t.after[n]
	}
	return Rules(names)
}

// asksOnly tells whether a failure is about a value that was asked for. What the stack did last is then no explanation of it.
func asksOnly(f *conformance.Failure) bool {
	return f.What == "code" || strings.HasPrefix(f.What, "getsockopt") || strings.HasPrefix(f.What, "setsockopt")
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
