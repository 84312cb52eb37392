package script

import (
	"fmt"
	"strings"
)

const timeMend = "a time is in seconds, such as 0.1, +0.1, 0.1~0.2, +0.1~+0.2 or *"

// event reads one timed line with its directive.
func (p *parser) event() Event {
	first := p.peek()
	ev := Event{Pos: first.pos, Time: p.time()}
	p.inEvent = true
	switch t := p.peek(); {
	case t.is("<"), t.is(">"):
		ev.Packet = p.packet()
	case t.kind == tokBacktick:
		p.advance()
		ev.Command = &Command{Pos: t.pos, Text: t.text}
	case t.kind == tokCode:
		p.advance()
		ev.Code = &Code{Pos: t.pos, Text: t.text}
	case t.kind == tokEllipsis, t.kind == tokWord:
		ev.Call = p.syscall(&ev.Time)
	default:
		p.fail(t, "<, >, a system call, a `command` or %{ code }%", p.actionMend(t))
	}
	p.inEvent = false
	p.checkTime(first.pos, &ev)
	ev.Why = p.takeWhy()
	return ev
}

// actionMend guesses what went wrong behind a time.
func (p *parser) actionMend(t token) string {
	sameLine := t.pos.Line == p.last.endLine
	if sameLine && (t.kind == tokFloat || t.kind == tokInt || t.is("+") || t.is("~") || t.is(",")) {
		return timeMend
	}
	return ""
}

// takeWhy returns the names of the directives passed since the last call.
func (p *parser) takeWhy() []string {
	var names []string
	for _, d := range p.why {
		switch {
		case d.loose:
			p.failDirective(d, "an event on the same line", "move //@ to the end of its event's line")
		case d.bad != "" || len(d.names) == 0:
			p.failDirective(d, "//@ and rule names of letters, digits, _ and -", "write an ordinary comment with a blank after //")
		}
		names = append(names, d.names...)
	}
	p.why = nil
	return names
}

// time reads an event's time.
func (p *parser) time() TimeSpec {
	if p.accept("*") {
		return TimeSpec{Kind: TimeAny}
	}
	t := TimeSpec{}
	relative := p.accept("+")
	if relative {
		t.Kind = TimeRelative
	}
	t.Start = p.seconds("an event, which begins with its time", p.eventMend())
	t.End = t.Start
	if !p.peek().is("~") {
		return t
	}
	p.advance()
	t.Kind = TimeAbsoluteRange
	if relative {
		t.Kind = TimeRelativeRange
		p.punct("+", "both ends of a relative range carry the sign: +0.1~+0.2")
	}
	t.End = p.seconds("the end of the time range", timeMend)
	return t
}

// eventMend guesses why no time stands where an event should begin. What follows a packet is the usual victim of a wrong order.
func (p *parser) eventMend() string {
	switch t := p.peek(); {
	case t.isWord("ack", "win", "urg"):
		return "the order is: flags seq:end(len) ack N win N urg N <options>"
	case t.kind == tokOption:
		return "options stand before the first command and event"
	}
	return timeMend
}

// maxSeconds bounds a time so that sums of times stay far from overflow: 31 years.
const maxSeconds = 1_000_000_000

// seconds reads a number of seconds as microseconds. Digits beyond the sixth are dropped, as Google's conversion does.
func (p *parser) seconds(what, mend string) int64 {
	t := p.peek()
	if t.kind != tokInt && t.kind != tokFloat {
		p.fail(t, what, mend)
		return 0
	}
	whole, frac, _ := strings.Cut(t.text, ".")
	if strings.HasPrefix(whole, "-") {
		p.fail(t, "a time that is not negative", timeMend)
		return 0
	}
	if t.kind == tokInt {
		whole = fmt.Sprint(t.num) // a definition may have written it otherwise
	}
	sec, micros := decimal(whole, maxSeconds), decimal((frac + "000000")[:6], maxSeconds)
	if sec >= maxSeconds {
		p.fail(t, fmt.Sprintf("a time below %d seconds", maxSeconds), "")
		return 0
	}
	p.advance()
	return sec*1_000_000 + micros
}

// decimal is the value of a run of digits, or limit if that is less.
func decimal(digits string, limit int64) int64 {
	var n int64
	for i := 0; i < len(digits) && n < limit; i++ {
		n = n*10 + int64(digits[i]-'0')
	}
	return min(n, limit)
}

// checkTime refuses what Google's parser.y refuses in its event rule.
func (p *parser) checkTime(pos Pos, ev *Event) {
	t := ev.Time
	fail := func(expected, mend string) { p.failAt(pos, "time "+t.String(), expected, mend) }
	outbound := ev.Packet != nil && ev.Packet.Direction == Outbound
	switch {
	case p.err != nil:
	case t.End < t.Start && t.Blocking:
		fail("a call that returns no earlier than it starts", "in a...b the end counts from the same moment as the start")
	case t.End < t.Start:
		fail("a time range that runs forward", "")
	case t.Kind == TimeAny && !outbound:
		fail("a time; * is for outbound packets", "write when it happens, such as +0")
	case t.IsRange() && !outbound:
		fail("a single time; a range is for outbound packets", "a blocking call is written +0...0.2 call(...)")
	}
}
