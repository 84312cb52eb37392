package fuzz

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/fuzz/shrink"
	"github.com/sockspec/sockspec/fuzz/story"
)

// watch is whoever looks on when a target's input is run: at its steps, and at what is done to each of its stacks. The zero value
// is nobody.
type watch struct {
	trace   Trace
	stories []*story.Story
}

// stories are what an input does to each of a target's stacks, and how it fails.
func (o opTarget) stories(in []byte) (list []*story.Story, err error) {
	for range o.stacks {
		list = append(list, &story.Story{})
	}
	err = shrink.Caught(func(t shrink.T) {
		if err := o.run(in, watch{stories: list}); err != nil {
			t.Errorf("%v", err)
		}
	})
	return list, err
}

// headline is an error's first line.
func headline(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line
}

// tellScripts shows, as a script for each stack, what led to a failure. In it the model does what it does, right or wrong: the live kernel
// says where it is wrong.
func (o opTarget) tellScripts(logf shrink.Logf, in []byte) {
	list, err := o.stories(in)
	broken := "nothing"
	if err != nil {
		broken = headline(err)
	}
	for i, s := range list {
		what := "a script"
		if o.stacks > 1 {
			what = fmt.Sprintf("a script of side %d", i)
		}
		text, err := s.Script(fmt.Sprintf("// Found by %s: what the model does, up to where this is broken: %s", o.name, broken))
		if text == "" {
			logf("%s: none: %v", what, err)
			continue
		}
		logf("%s (sockspec run --stack linux FILE):\n%s", what, text)
	}
}
