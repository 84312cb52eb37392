package conformance

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/conformance/script"
)

// Check finds the first mistake in a parsed script that can be seen without running it: an option that nobody has or whose value
// makes no sense, and a first event that is not at time 0. The error is a *script.Error; src is the script's text, from which it
// quotes the line. Without a check Run fails such a script, which says that the stack is wrong where the script is.
func Check(s *script.Script, src []byte) error {
	var bad *badOption
	if _, err := newConfig(s, Options{}); errors.As(err, &bad) {
		return s.Mistake(src, bad.option.Pos, optionText(bad.option), bad.expected, bad.mend)
	}
	if first := &s.Events[0]; first.Time.Start != 0 {
		return s.Mistake(src, first.Pos, "time "+first.Time.String(), "the first event at time 0",
			"everything is timed from there; begin with 0")
	}
	known := knownCalls()
	for i := range s.Events {
		if c := s.Events[i].Call; c != nil && !slices.Contains(known, c.Name) {
			return s.Mistake(src, c.Pos, "call "+c.Name, aCall, didYouMean(c.Name, "", known))
		}
	}
	return nil
}

// What a name should have been that is none.
const (
	aCall    = "a system call that packetdrill or this engine knows"
	anOption = "an option that packetdrill or this engine knows"
)

// badOption is an option that is a mistake of whoever wrote it, as opposed to one that is not had here.
type badOption struct {
	option   script.Option
	expected string
	mend     string // "" when there is no usual one
}

func (b *badOption) Error() string {
	return fmt.Sprintf("%s: expected %s", optionText(b.option), b.expected)
}

// failure is what a run makes of it.
func (b *badOption) failure() *Failure {
	return &Failure{Line: b.option.Pos.Line, What: "option", Expected: b.expected, Got: optionText(b.option)}
}

func optionText(o script.Option) string {
	if o.HasValue {
		return fmt.Sprintf("--%s=%s", o.Name, o.Value)
	}
	return "--" + o.Name
}

// wanted says what the value of an option should have been.
type wanted string

func (w wanted) Error() string { return "expected " + string(w) }
