package conformance

import (
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Threads of the instance. Google's runner has two: one makes the calls that return at once, the other those that block. Each
// label has a thread of its own.
const (
	mainThread sock.Thread = iota
	blockingThread
	firstLabelThread
)

// How long a call without a range may take, and how long a thread that is in a call is waited for (await_idle_thread).
const (
	callPatience = 10 * tcpstate.Second
	idlePatience = 1 * tcpstate.Second
)

// plan is one system call of a script, ready to be made.
type plan struct {
	ev    *script.Event
	call  sock.Call
	fd    bool  // the result is a new descriptor: any will do where the script shows one
	want  int64 // the result expected
	errno sock.Errno
	// check compares what the call returned beside its result, with the two sides when they differ.
	check func(r *sock.Return) (expected, got string)
	// after takes note of what the call did to the script's descriptors and connections.
	after func(r *sock.Return) error
}

// pending is a call that blocks, with the time span it is expected to block for.
type pending struct {
	plan  *plan
	start sock.Time
	end   sock.Time
}

// playCall performs a system call event.
func (e *engine) playCall(ev *script.Event) error {
	c := ev.Call
	if done, err := e.pseudoCall(c); done {
		return err
	}
	thread := e.threadOf(c.Thread, ev.Time.Blocking)
	if err := e.awaitIdle(thread, ev); err != nil {
		return err
	}
	if err := e.waitForEvent("system call start"); err != nil {
		return err
	}
	p, err := e.planCall(ev)
	if err != nil {
		return err
	}
	if ev.Time.Blocking {
		e.blocked[thread] = &pending{plan: p, start: e.cur.at, end: e.cur.end}
		return e.startCall(thread, p)
	}
	r, err := e.complete(thread, p)
	if err != nil {
		return err
	}
	return p.judge(e, &r)
}

func (e *engine) startCall(t sock.Thread, p *plan) error {
	if err := e.inst.Call(t, p.call); err != nil {
		return fmt.Errorf("line %d: %s: %w", p.ev.Pos.Line, p.ev.Call.Name, err)
	}
	return nil
}

// complete makes a call that is expected to return without more ado and waits for it. Packets that go out meanwhile wait in
// line, as in the sniffer of Google's runner.
func (e *engine) complete(t sock.Thread, p *plan) (sock.Return, error) {
	delete(e.done, t)
	if err := e.startCall(t, p); err != nil {
		return sock.Return{}, err
	}
	ok, err := e.pump(e.now().Add(callPatience), func() bool { _, ok := e.done[t]; return ok })
	if err != nil {
		return sock.Return{}, err
	}
	if !ok {
		return sock.Return{}, e.failf(p.ev.Call.Name, "a call that returns", "a call that blocks")
	}
	r := e.done[t]
	delete(e.done, t)
	return r, nil
}

// threadOf is the thread that makes a call. Under a label all calls share one.
func (e *engine) threadOf(label string, blocking bool) sock.Thread {
	if label == "" {
		if blocking {
			return blockingThread
		}
		return mainThread
	}
	t := firstLabelThread
	seen := map[string]sock.Thread{}
	for i := range e.script.Events {
		c := e.script.Events[i].Call
		if c == nil || c.Thread == "" {
			continue
		}
		if _, ok := seen[c.Thread]; !ok {
			seen[c.Thread] = t
			t++
		}
	}
	return seen[label]
}

// awaitIdle waits for a thread that is still in a call. Google's runner holds back every call while its one blocking thread is
// busy, and gives up on a second blocking one; so do calls without a label here, and each label minds its own thread.
func (e *engine) awaitIdle(t sock.Thread, ev *script.Event) error {
	busy := t
	if t == mainThread {
		busy = blockingThread
	}
	if e.blocked[busy] == nil {
		return nil
	}
	idle, err := e.pump(e.now().Add(idlePatience), func() bool { return e.blocked[busy] == nil })
	if err != nil || idle || t == mainThread {
		return err
	}
	return e.failf(ev.Call.Name, "an idle thread",
		fmt.Sprintf("the thread still in the blocking call of line %d", e.blocked[busy].plan.ev.Pos.Line))
}

// checkIdle finds calls that hang when the script is over.
func (e *engine) checkIdle() error {
	if len(e.blocked) == 0 {
		return nil
	}
	if _, err := e.pump(e.now().Add(idlePatience), func() bool { return len(e.blocked) == 0 }); err != nil {
		return err
	}
	first := 0
	for _, p := range e.blocked {
		if line := p.plan.ev.Pos.Line; first == 0 || line < first {
			first = line
		}
	}
	if first == 0 {
		return nil
	}
	return &Failure{Line: first, What: "system call", Expected: "a return before the script ends", Got: "still blocked"}
}

// finish judges a blocking call when it has returned: its result first, then the time.
func (p *pending) finish(e *engine, r sock.Return, at sock.Time) error {
	if err := p.plan.judge(e, &r); err != nil {
		return err
	}
	return e.checkSpan(p.plan.ev.Pos.Line, "system call return", p.end, p.end, at, p.start)
}

// judge compares a call's outcome with the script's: result, errno where the script names one, then what else it returned.
func (p *plan) judge(e *engine, r *sock.Return) error {
	fail := func(what, expected, got string) error {
		return &Failure{Line: p.ev.Pos.Line, What: p.ev.Call.Name + " " + what, Expected: expected, Got: got, Why: distinct(e.ruled)}
	}
	ok := int32(r.Value) == int32(p.want)
	if p.fd && p.want >= 0 {
		ok = r.Value >= 0
	}
	if !ok {
		return fail("result", resultString(p.want, p.errno), resultString(r.Value, r.Errno))
	}
	if p.errno != 0 && r.Errno != p.errno {
		return fail("errno", resultString(p.want, p.errno), resultString(r.Value, r.Errno))
	}
	if p.check != nil {
		if expected, got := p.check(r); expected != got {
			return fail("output", expected, got)
		}
	}
	if p.after != nil {
		return p.after(r)
	}
	return nil
}

func resultString(v int64, n sock.Errno) string {
	if n == 0 || v >= 0 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%d %s", v, errnoName(n))
}
