package conformance

import (
	"context"
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// engine is one run of one script.
type engine struct {
	ctx    context.Context
	script *script.Script
	cfg    config
	inst   Instance
	// zero is the instance's time at which the script's time 0 lies. Every other time in the engine is the script's.
	zero sock.Time

	cur  timed  // the event at hand
	last *timed // the one before it, nil at the first
	run  int    // events done

	fds     map[int32]*descriptor // by the script's number
	current map[string]*conn      // by label: the connection that packets and code refer to
	conns   []*conn               // in order of creation
	arrived []*segment            // packets the stack sent and no event has claimed yet
	blocked map[sock.Thread]*pending
	done    map[sock.Thread]sock.Return // calls that returned, by thread, until taken
	ruled   []string                    // rules that showed in no packet, since the last event
	asksWhy bool                        // some event of the script expects a rule

	late   tcpstate.Duration // the most that the engine itself was late, on a real clock
	trace  []Traced
	output []string
	code   []sample
}

// timed is an event with its times resolved to the script's clock.
type timed struct {
	ev       *script.Event
	at, end  sock.Time
	absolute bool
}

func (e *engine) playEvents() error {
	for i := range e.script.Events {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		ev := &e.script.Events[i]
		if err := e.resolve(ev); err != nil {
			return err
		}
		if err := e.playEvent(ev); err != nil {
			return err
		}
		if err := e.checkWhy(ev); err != nil {
			return err
		}
		e.run++
	}
	return nil
}

func (e *engine) playEvent(ev *script.Event) error {
	switch {
	case ev.Packet != nil && ev.Packet.Direction == script.Outbound:
		return e.expectPacket(ev.Packet)
	case ev.Packet != nil:
		return e.injectPacket(ev.Packet)
	case ev.Call != nil:
		return e.playCall(ev)
	case ev.Command != nil:
		if err := e.waitForEvent("command"); err != nil {
			return err
		}
		return e.command(ev.Command)
	case ev.Code != nil:
		if err := e.waitForEvent("data collection for code"); err != nil {
			return err
		}
		return e.sampleCode(ev.Code)
	}
	return e.failf("event", "a packet, call, command or code", "none")
}

// now is the instance's time on the script's clock.
func (e *engine) now() sock.Time { return e.inst.Now() - e.zero }

// slice bounds each wait on a real clock, so that a cancelled context is noticed there too. Virtual time goes to its end at once:
// in slices, an event that is years away would take minutes.
const slice = 100 * tcpstate.Millisecond

// pump lets time pass until stop says so or until the given time. It reports whether stop did.
func (e *engine) pump(until sock.Time, stop func() bool) (bool, error) {
	_, realClock := e.inst.(aligner)
	for {
		if stop() {
			return true, nil
		}
		if err := e.ctx.Err(); err != nil {
			return false, err
		}
		next := max(e.now(), until)
		if realClock {
			next = min(next, e.now().Add(slice))
		}
		ev, ok, err := e.inst.Advance(e.zero + next)
		if err != nil {
			return false, err
		}
		if ok {
			if err := e.take(ev); err != nil {
				return false, err
			}
			continue
		}
		e.late = max(e.late, e.now().Sub(next))
		if next >= until {
			return stop(), nil
		}
	}
}

// take files one event of the instance under whoever will ask for it.
func (e *engine) take(ev Event) error {
	at := ev.At - e.zero
	switch ev.Kind {
	case PacketOut:
		e.trace = append(e.trace, Traced{At: at, Packet: append([]byte(nil), ev.Packet...), Why: ev.Why})
		s, err := parsePacket(ev.Packet)
		if err != nil {
			return e.failf("packet", "a well-formed IP packet", err.Error())
		}
		s.began, s.at, s.why, s.slot = at, at, ev.Why, len(e.trace)-1
		e.arrived = append(e.arrived, s)
	case CallDone:
		e.ruled = append(e.ruled, ev.Why...)
		if p := e.blocked[ev.Return.Thread]; p != nil {
			delete(e.blocked, ev.Return.Thread)
			return p.finish(e, ev.Return, at)
		}
		e.done[ev.Return.Thread] = ev.Return
	case Ruled:
		e.ruled = append(e.ruled, ev.Why...)
	}
	return nil
}

// failf is a failure at the event at hand.
func (e *engine) failf(what, expected, got string) *Failure {
	line := 0
	if e.cur.ev != nil {
		line = e.cur.ev.Pos.Line
	}
	return &Failure{Line: line, What: what, Expected: expected, Got: got}
}

func asksWhy(s *script.Script) bool {
	for i := range s.Events {
		if len(s.Events[i].Why) > 0 {
			return true
		}
	}
	return false
}

// checkWhy compares an event's //@NAME directive with the rules that the stack named, where it names any.
func (e *engine) checkWhy(ev *script.Event) error {
	if e.asksWhy {
		// What the event brought about is named now or never.
		if _, err := e.pump(e.now(), func() bool { return false }); err != nil {
			return err
		}
	}
	named := e.ruled
	e.ruled = nil
	if len(ev.Why) == 0 {
		return nil
	}
	if ev.Packet != nil && ev.Packet.Direction == script.Outbound {
		for i := range e.trace {
			if e.trace[i].Line == ev.Pos.Line && !e.trace[i].Inbound {
				named = append(named, e.trace[i].Why...)
			}
		}
	}
	if len(named) == 0 && !e.namesRules() {
		return nil
	}
	for _, want := range ev.Why {
		if !contains(named, want) {
			return &Failure{Line: ev.Pos.Line, What: "rule", Expected: want, Got: fmt.Sprint(named), Why: named}
		}
	}
	return nil
}

// namesRules tells whether the stack has named any rule in this run: those that never do are not asked for them.
func (e *engine) namesRules() bool {
	for i := range e.trace {
		if len(e.trace[i].Why) > 0 {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
