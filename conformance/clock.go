package conformance

import (
	"fmt"
	"math"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// resolve makes an event the current one and finds its time (get_next_event and adjust_relative_event_times of run.c).
func (e *engine) resolve(ev *script.Event) error {
	if e.cur.ev != nil {
		last := e.cur
		e.last = &last
	}
	e.cur = timed{ev: ev, at: sock.Time(ev.Time.Start), end: sock.Time(ev.Time.End)}
	e.cur.absolute = ev.Time.Kind == script.TimeAbsolute || ev.Time.Kind == script.TimeAbsoluteRange
	if e.last == nil && e.cur.at != 0 {
		return e.failf("time", "the first event at time 0", seconds(e.cur.at))
	}
	if e.last != nil && e.last.absolute && e.cur.absolute && e.cur.at < e.last.at {
		return e.failf("time", "a time not before the previous event's", "it goes backward from "+seconds(e.last.at)+" to "+seconds(e.cur.at))
	}
	if e.cur.absolute {
		return nil
	}
	// Inbound packets in a row count from each other's nominal time, so that delays in between do not add up; everything else
	// counts from now.
	offset := e.now()
	if e.last == nil {
		offset = 0
	} else if isInbound(e.last.ev) && isInbound(ev) {
		offset = e.last.at
	}
	e.cur.at += offset
	e.cur.end += offset
	return nil
}

func isInbound(ev *script.Event) bool {
	return ev.Packet != nil && ev.Packet.Direction == script.Inbound
}

// waitForEvent lets time pass until the current event is due. The check afterwards finds scripts that the stack has made late:
// an earlier expected packet may have come so late that this event's time has passed.
func (e *engine) waitForEvent(what string) error {
	if e.cur.ev.Time.Kind == script.TimeAny {
		return nil
	}
	if _, err := e.pump(e.cur.at, func() bool { return false }); err != nil {
		return err
	}
	if e.run == 0 {
		return nil
	}
	return e.checkTime(what, e.now())
}

// noEvent stands for "there was no previous event".
const noEvent = sock.Time(math.MinInt64)

func (e *engine) lastAt() sock.Time {
	if e.last == nil {
		return noEvent
	}
	return e.last.at
}

// checkTime compares the time of what the current event is about.
func (e *engine) checkTime(what string, actual sock.Time) error {
	t := e.cur.ev.Time
	if t.Kind == script.TimeAny {
		return nil
	}
	end := e.cur.at
	if t.IsRange() {
		end = e.cur.end
	}
	return e.checkSpan(e.cur.ev.Pos.Line, what, e.cur.at, end, actual, e.lastAt())
}

// checkSpan is verify_time of run.c: an event may be off by the tolerance or by 12.5 % of the time since the previous one,
// whichever is more. The percentage is the worst that Linux's timer wheel does (commit 500462a9de65).
func (e *engine) checkSpan(line int, what string, from, to, actual, last sock.Time) error {
	tolerance := e.cfg.tolerance
	if last != noEvent {
		tolerance = max(tolerance, tcpstate.Duration(e.cfg.tolerancePercent/100*float64(from-last)))
	}
	if actual >= from.Add(-tolerance) && actual <= to.Add(tolerance) {
		return nil
	}
	want := seconds(from)
	if to != from {
		want += "~" + seconds(to)
	}
	return &Failure{Line: line, What: "time",
		Expected: fmt.Sprintf("%s at %s s", what, want),
		Got:      fmt.Sprintf("%s s (tolerance %s s)", seconds(actual), seconds(sock.Time(tolerance)))}
}
