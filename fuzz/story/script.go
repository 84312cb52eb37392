package story

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/tcpstate"
)

// Mark is how a script marks an event of the model, "" for no mark.
type Mark func(ev *conformance.Event) string

// Gaps are worth trying in turn: how far apart deeds are that a story has at one time.
var Gaps = []tcpstate.Duration{tcpstate.Millisecond, 10 * tcpstate.Millisecond, 0}

// Write is the story as a script under a title, which is lines of comment: what the model does. Deeds are at least a gap apart.
// Events are marked as mark says; nil marks none. There is no script unless it tells all.
func (s *Story) Write(title string, mark Mark, gap tcpstate.Duration) (string, error) {
	p := play(s, style{mark: mark, gap: gap})
	if p.err != nil {
		return "", p.err
	}
	return p.text(s, title), nil
}

// Script is as much of the story as a script can tell: what the model does, under a title of lines of comment. What it leaves out
// stands in it as a comment. The error says why it ends before the story does; it is nil for a script that passes on the model
// and tells all, but for what is Unsaid. There is no text where nothing of the story can be told, not even its beginning.
func (s *Story) Script(title string) (text string, err error) {
	most := -1
	for _, gap := range Gaps {
		p := play(s, style{gap: gap, leaves: true})
		p.count()
		t := p.text(s, title)
		why := errors.Join(p.err, Passes(t))
		if why == nil {
			return t, nil
		}
		if err == nil {
			err = why
		}
		if p.done > most && len(p.lines) > 0 {
			most, text, err = p.done, t, why
		}
	}
	if text == "" {
		return "", err
	}
	return text + "// It ends here: " + strings.ReplaceAll(err.Error(), "\n", "\n// ") + "\n", err
}

// ErrOtherwise: played again from its script, the model does something else.
var ErrOtherwise = errors.New("played again, it does not pass")

// Passes runs a script on the model: nil if it passes.
func Passes(text string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the model panics: %v", v)
		}
	}()
	s, err := script.Parse("story.pkt", []byte(text))
	if err != nil {
		return err
	}
	if r := conformance.Run(context.Background(), s, model.Stack{}, conformance.Options{}); r.Verdict != conformance.Pass {
		return fmt.Errorf("%w: %s%v", ErrOtherwise, r.Reason, r.Failure)
	}
	return nil
}
