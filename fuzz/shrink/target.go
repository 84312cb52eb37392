package shrink

import (
	"cmp"
	"flag"
	"fmt"
	"runtime/debug"
	"strings"
)

// T is what a check needs of a *testing.T, and all that it gets of it: the check
// must be one that can be done again.
type T interface {
	Errorf(format string, args ...any)
	FailNow()
}

// TB is what telling a failure needs of a *testing.T beside.
type TB interface {
	T
	Helper()
	Logf(format string, args ...any)
	Fatal(args ...any)
}

// Logf is told what happens.
type Logf func(format string, args ...any)

// Target is a fuzz target whose inputs are In.
type Target[In any] struct {
	Name string
	Run  func(t T, in In)
	// Shrink makes an input that fails short: one of this package's, mostly.
	Shrink func(in In, fails func(In) bool) In
	// Args are the input as the target's function takes it.
	Args func(In) []any
	// Tell shows what happens with the input; nil when the corpus entry says it all.
	// It may fail as Run does.
	Tell func(logf Logf, in In)
}

// Check runs an input and fails the test if it fails. It shows the shortest one
// that fails too.
//
// The worker of a fuzzing run does not shrink: go test does by its own means there,
// with many runs that fail, and says how to run what it found again, which comes here.
func (x Target[In]) Check(t TB, in In) {
	t.Helper()
	if w := flag.Lookup("test.fuzzworker"); w != nil && w.Value.String() == "true" {
		x.Run(t, in)
		return
	}
	if err := x.failure(in); err != nil {
		t.Fatal(cmp.Or(x.story(t.Logf, in), err))
	}
}

// story shrinks an input that fails, tells it, and returns how it fails.
func (x Target[In]) story(logf Logf, in In) error {
	in = x.Shrink(in, func(in In) bool { return x.failure(in) != nil })
	if x.Tell != nil {
		if err := Caught(func(T) { x.Tell(logf, in) }); err != nil {
			logf("... %v", firstLine(err))
		}
	}
	file, text := CorpusEntry(x.Name, x.Args(in)...)
	logf("corpus entry %s:\n%s", file, text)
	return x.failure(in)
}

// failure is how an input fails, nil if it does not.
func (x Target[In]) failure(in In) error { return Caught(func(t T) { x.Run(t, in) }) }

// Caught is how a check fails: by what it says, or by a panic. What it starts on
// other goroutines is not seen.
func Caught(check func(T)) (err error) {
	p := &probe{}
	defer func() {
		switch v := recover(); {
		case v == nil || v == any(p):
			err = p.err
		default:
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	check(p)
	return nil
}

// probe is a T that keeps what is said.
type probe struct{ err error }

func (p *probe) Errorf(format string, args ...any) {
	if p.err == nil { // the first failure is the one to mend
		p.err = fmt.Errorf(format, args...)
	}
}

// FailNow ends the check, as runtime.Goexit would end the goroutine.
func (p *probe) FailNow() {
	p.Errorf("failed")
	panic(p)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line
}
