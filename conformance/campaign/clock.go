package campaign

import (
	"errors"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// The model's timers fire at their microsecond, those of a kernel at one of its ticks, later by what its timer wheel rounds up to.
// So that this is no difference, no step begins while a timer may have fired on one stack and not on the other: it is waited for
// until it must have fired on both. A history whose step took so long that a timer may have come between its beginning and its end
// is given up there, since nobody knows which was first. Nothing else is left out because of time.

// early is how much earlier than the model's a timer of other may fire, in ticks: spans that it is reckoned from are in ticks, too
// (the time since the last data, of which the delay of an ACK is made).
const early = 2

// guard is how near a timer may be when a step begins, in ticks: twice as near as a timer that would end the history.
const guard = 2 * early

// late is how much later than the model's a timer of other may fire that was set for so long or less: by a slot of the wheel, whose
// levels reach 8 times as far each with slots 8 times as wide (kernel/time/timer.c); by two ticks, since the shortest timers are
// two ticks of whatever length (TCP_TIMEOUT_MIN); and by one until the softirq has run. A second slot is for those that it follows
// from: retransmissions at 200, 600 and 1400 ms are late by up to 1, 8 and 8 ticks.
func (p *pair) late(set tcpstate.Duration) tcpstate.Duration {
	slot := p.tick
	for reach := 63 * p.tick; p.tick > 0 && set >= reach; reach *= 8 {
		slot *= 8
	}
	return 2*slot + 3*p.tick
}

// errLate ends a history: a timer came between a step's beginning and its end, or one of those of which the model has none.
var errLate = errors.New("a timer fired while a step was under way")

// now is the time of model's clock that other's shows.
func (p *pair) now() sock.Time { return p.other.Now().Add(-p.ahead) }

// over is when whatever model's timer of that time brings about has come about on other.
func (p *pair) over(at sock.Time) sock.Time { return at.Add(p.late(at.Sub(p.began))) }

// timer is a step that waits for what is about to happen by itself, if anything is, or that takes in what has happened on other.
func (p *pair) timer() (s matrix.Step, ok bool, err error) {
	at, ok := sock.Time(0), false
	switch err = conformance.Guard(func() error {
		err := p.pass(p.other, p.other.Now(), &p.early)
		at, ok = p.deadline()
		return err
	}); {
	case errors.As(err, &p.bug):
		return matrix.Step{Wait: 1}, true, nil
	case err != nil:
		return s, false, err
	}
	now := p.now()
	switch {
	case ok && at.Sub(now) <= guard*p.tick:
		return matrix.Step{Wait: max(p.over(at).Sub(now), 1)}, true, nil
	case len(p.early.Returns)+len(p.early.Packets) > 0:
		return matrix.Step{Wait: 1}, true, nil
	}
	return s, false, nil
}

// deadline is when model's next timer is due.
func (p *pair) deadline() (sock.Time, bool) {
	p.asked = p.model
	return p.model.Deadline()
}

// haste is how much later than other's a timer of model may fire in the end, in ticks. Some spans are made of others again and again,
// of the times between data the delay of an ACK, and each of those is in ticks.
const haste = 4

// hasten lets model's next timer fire, if other's may have fired by now. It reports whether anything came of that.
func (p *pair) hasten(model *matrix.Outcome) (bool, error) {
	at, ok := p.deadline()
	if !ok || p.tick == 0 || at.Sub(p.now()) > haste*p.tick {
		return false, nil
	}
	n := len(model.Returns) + len(model.Packets)
	err := p.pass(p.model, at, model)
	return len(model.Returns)+len(model.Packets) > n, err
}

// near reports whether model has a timer that may have fired on other by now, and when it is.
func (p *pair) near() (sock.Time, bool) {
	at, ok := p.deadline()
	return at, ok && at.Add(-early*p.tick) <= p.now()
}

// maxTimers bounds the timers that may follow from each other within one step.
const maxTimers = 64

// settle waits on both stacks until no timer is near, and adds what came of them to the outcomes.
func (p *pair) settle(other, model *matrix.Outcome) error {
	for range maxTimers {
		at, ok := p.near()
		if !ok {
			break
		}
		if err := p.pass(p.other, p.over(at).Add(p.ahead), other); err != nil {
			return err
		}
		at = p.fired(at, other)
		p.model.Lag(at)
		if err := p.pass(p.model, at, model); err != nil {
			return err
		}
	}
	return p.pass(p.model, p.now(), model)
}

// fired is when model's timer of that time is to fire: when other's did, if that shows, so that both measure the same times from then
// on, such as round trips. Of a timer that fired too early on other, or of which nothing shows, it is the timer's own: what other sent
// then is another's, of a timer that model's own is later for.
func (p *pair) fired(at sock.Time, other *matrix.Outcome) sock.Time {
	if p.asked = p.model; !p.model.Shows(at) {
		return at
	}
	first, ok := at, false
	for t := range cameAt(other) {
		if t = t.Add(-p.ahead); t >= at && t <= p.over(at) && (!ok || t < first) {
			first, ok = t, true
		}
	}
	return first
}

// pass lets time pass on a stack and adds what came of it to the outcome.
func (p *pair) pass(on *matrix.Player, until sock.Time, to *matrix.Outcome) error {
	p.asked = on
	o, err := on.Pass(until)
	to.Add(o)
	return err
}
