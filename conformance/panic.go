package conformance

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// Panic is the panic of a stack, as an error: one more thing that a stack does and Linux does not.
type Panic struct {
	Value any    // that it panicked with
	Where string // package directory, file and line, as far as they are known
}

func (p *Panic) Error() string { return fmt.Sprintf("panics: %v at %s", p.Value, p.Where) }

// Guard returns what play returns, a *Panic if it panics. That of a goroutine of the stack's own it cannot catch.
func Guard(play func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Panic{p, raisedAt()}
		}
	}()
	return play()
}

// raisedAt is where the panic came up that is being recovered from: below the runtime's own frames that raised it.
func raisedAt() string {
	const deep = 32
	var pcs [deep]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	raised := false
	for {
		f, more := frames.Next()
		switch own := strings.HasPrefix(f.Function, "runtime."); {
		case own:
			raised = true
		case raised:
			return fmt.Sprintf("%s/%s:%d", path.Base(path.Dir(f.File)), path.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
