package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// maxAttempts is how often a script is played on a real clock before it has failed; one that lasts longer than longRun only when
// time is to blame.
const (
	maxAttempts = 3
	longRun     = sock.Time(5 * tcpstate.Second)
)

// Run plays a script on a fresh instance of a stack. It always returns a Result: what goes wrong is a Fail, what the stack
// cannot do is a Skip. A cancelled context ends the run soon, with everything freed, as a Skip.
//
// On a real clock a busy machine makes events late, the engine's and the stack's, and one late event changes round-trip times and
// with them everything that follows. There a run that failed is repeated: what the stack does by itself it does again.
func Run(ctx context.Context, s *script.Script, stack Stack, o Options) Result {
	began := time.Now()
	for attempt := 1; ; attempt++ {
		res, disturbed := runOnce(ctx, s, stack, o)
		if res.Verdict != Fail || !disturbed || attempt == maxAttempts {
			res.Attempts, res.Wall = attempt, time.Since(began)
			return res
		}
	}
}

// runOnce tells beside the result whether a real clock may be to blame for it.
func runOnce(ctx context.Context, s *script.Script, stack Stack, o Options) (res Result, disturbed bool) {
	res = Result{Path: s.Path, Stack: stack.Name(), Verdict: Pass}
	e := &engine{
		ctx: ctx, script: s, asksWhy: asksWhy(s),
		fds: map[int32]*descriptor{}, current: map[string]*conn{},
		blocked: map[sock.Thread]*pending{}, done: map[sock.Thread]sock.Return{},
	}
	err := Guard(func() error { return e.play(stack, o) })
	if bug := (*Panic)(nil); errors.As(err, &bug) {
		err = e.failf("run", "a stack that works", "one that "+bug.Error())
	}
	if e.inst != nil {
		cerr := Guard(func() error {
			res.Elapsed = e.now()
			return e.inst.Close()
		})
		if err == nil && cerr != nil {
			err = fmt.Errorf("closing the stack: %w", cerr)
		}
	}
	res.Trace, res.Output = e.trace, e.output
	res.judge(err)
	if _, realClock := e.inst.(aligner); realClock && res.Failure != nil {
		disturbed = res.Failure.What == "time" || e.late > tcpstate.Millisecond || res.Elapsed < longRun
	}
	return res, disturbed
}

// errNoStack marks a run that never began: nothing can be said of the script.
var errNoStack = errors.New("the script was not played")

// judge turns the error that ended a run into its verdict.
func (r *Result) judge(err error) {
	var f *Failure
	var bad *badOption
	if errors.As(err, &bad) {
		err = bad.failure()
	}
	switch {
	case err == nil:
	case errors.Is(err, ErrUnsupported), errors.Is(err, errNoStack), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		r.Verdict, r.Reason = Skip, err.Error()
	case errors.As(err, &f):
		f.Path = r.Path
		r.Verdict, r.Failure = Fail, f
	default:
		r.Verdict, r.Failure = Fail, &Failure{Path: r.Path, What: "run", Expected: "a stack that works", Got: err.Error()}
	}
}

// aligner is an instance whose timers have a grain: it waits for a moment from which script times are least disturbed by it.
type aligner interface{ Align() }

// play is the run proper, in the order of Google's run_script: set-up, events, clean-up, then the code, last the check that no
// call is left hanging.
func (e *engine) play(stack Stack, o Options) (err error) {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if e.cfg, err = newConfig(e.script, o); err != nil {
		return err
	}
	if e.inst, err = stack.Start(e.cfg.setup); err != nil {
		return fmt.Errorf("start %s: %w: %w", stack.Name(), err, errNoStack)
	}
	for i := range e.script.Init {
		if err := e.command(&e.script.Init[i]); err != nil {
			return err
		}
	}
	if a, ok := e.inst.(aligner); ok {
		a.Align()
	}
	e.zero = e.inst.Now()
	err = e.playEvents()
	for i := range e.script.Cleanup { // whatever happened, as Google does
		if cerr := e.command(&e.script.Cleanup[i]); err == nil {
			err = cerr
		}
	}
	if err != nil {
		return err
	}
	if err := e.runCode(); err != nil {
		return err
	}
	return e.checkIdle()
}
