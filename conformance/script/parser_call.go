package script

import "strings"

// syscall reads `[...end] [thread:] name(args) = result [ERRNO (text)] [(note)]`.
func (p *parser) syscall(when *TimeSpec) *Syscall {
	if p.peek().kind == tokEllipsis {
		p.advance()
		if when.Kind != TimeAbsolute && when.Kind != TimeRelative {
			p.fail(p.last, "a call with a single start time", "a blocking call is written +0...0.2 call(...)")
		}
		when.Blocking = true
		when.End = p.seconds("the time at which the call returns", "a blocking call is written +0...0.2 call(...)")
	}
	c := &Syscall{Thread: p.label()}
	t := p.peek()
	if t.kind != tokWord || isDigit(t.text[0]) {
		p.fail(t, "the name of a system call", "")
		return c
	}
	p.advance()
	c.Pos, c.Name = t.pos, t.text
	c.Args = p.arguments("a packet begins with < or >, a system call with name(")
	p.punct("=", "a system call needs its result: "+c.Name+"(...) = 0")
	c.Result = p.result()
	if n := p.peek(); n.kind == tokWord && n.pos.Line == p.last.endLine {
		p.advance()
		c.Errno = n.text
		if !p.peek().is("(") {
			p.fail(p.peek(), `"(" and the error's text`, "write = -1 "+c.Errno+" (any text)")
		}
	}
	if p.peek().is("(") {
		c.Note = p.note()
	}
	return c
}

// label reads an identifier and a colon, or nothing. The words that begin a header take a colon of their own.
func (p *parser) label() string {
	t := p.peek()
	if t.kind != tokWord || isDigit(t.text[0]) || !p.peekAt(1).is(":") || t.isWord(notLabels...) {
		return ""
	}
	p.advance()
	p.advance()
	return t.text
}

var notLabels = []string{"gre", "GREv0", "mpls", "ipv4", "ipv6", "udp", "icmp", "encap"}

// arguments reads `(a, b)`.
func (p *parser) arguments(mend string) []Expr {
	p.punct("(", mend)
	if p.accept(")") {
		return nil
	}
	args := p.exprList()
	p.punct(")", "arguments are separated by commas and end with )")
	return args
}

// result reads what a call returns.
func (p *parser) result() Expr {
	p.noCall = true
	defer func() { p.noCall = false }()
	return p.expr()
}

// note reads `(Resource temporarily unavailable)`. Google's grammar allows words only; error texts of other systems hold a few more characters.
func (p *parser) note() string {
	p.advance()
	var b strings.Builder
	prev := p.peek()
	for {
		t := p.peek()
		switch {
		case t.is(")"):
			p.advance()
			return b.String()
		case t.kind == tokString, t.kind == tokBacktick, t.kind == tokCode, t.kind == tokOption, t.kind == tokEOF, t.kind == tokBad,
			t.kind == tokPunct && !strings.Contains("-',./|:;!", t.text):
			p.fail(t, `")" after the text`, "close the parenthesis of the error text")
			return ""
		case t.off == prev.off && b.Len() > 0:
			// One of several tokens that stand for one defined word; the text shows the word.
		default:
			if t.off > prev.end {
				b.WriteByte(' ')
			}
			b.WriteString(p.src[t.off:t.end])
		}
		prev = p.advance()
	}
}
