package script

import (
	"fmt"
	"strconv"
	"strings"
)

// parser is a recursive-descent parser over the tokens of one script. The first mistake sticks: fail records it and moves to the end, so
// that every later step sees the end of the file and returns at once. No step needs to pass an error on.
type parser struct {
	path  string
	src   string
	toks  []token // never empty; the last one is tokEOF or tokBad
	i     int
	depth int // of nested expressions
	// noCall is set in a call's result outside all brackets: there a parenthesis begins the note.
	noCall bool
	last   token // the token passed most recently
	// inEvent is set from an event's time to its last token.
	inEvent bool
	why     []directive // passed since the last event
	err     *Error
}

// Parse reads a script. The path is for messages only. The definitions are those of the command line: like Google's config.c it lets
// them win over the script's own --define lines. A mistake in the script is an *Error.
func Parse(path string, src []byte, defines ...Define) (*Script, error) {
	p := &parser{path: path, src: string(src)}
	s := &Script{Path: path}
	p.toks, s.Doc = lex(p.src)
	p.options(s, defines)
	p.define(s.Defines)
	s.Init = p.commands()
	p.why = nil // nothing that a directive could belong to yet
	for p.err == nil && (len(s.Events) == 0 || !p.atEnd()) {
		s.Events = append(s.Events, p.event())
	}
	s.Cleanup = p.commands()
	if p.err == nil && p.peek().kind != tokEOF {
		p.fail(p.peek(), "end of file", "a command between events needs a time such as +0; only the first and the last may do without")
	}
	if p.err == nil && len(p.why) > 0 {
		p.failDirective(p.why[0], "an event before the directive", "move //@ to the end of its event's line")
	}
	if p.err != nil {
		return nil, p.err
	}
	return s, nil
}

// ParseFile reads the script in a file. A file that is unreadable, or larger than MaxSize, is an *fs.PathError.
func ParseFile(path string, defines ...Define) (*Script, error) {
	src, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, src, defines...)
}

// peek is the next token.
func (p *parser) peek() token { return p.toks[p.i] }

// peekAt is the n-th token after the next one, or the last token of all.
func (p *parser) peekAt(n int) token { return p.toks[min(p.i+n, len(p.toks)-1)] }

// advance passes the next token, unless that is the last.
func (p *parser) advance() token {
	t := p.toks[p.i]
	if p.i < len(p.toks)-1 {
		p.i++
		p.last = t
		p.why = append(p.why, t.why...)
	}
	return t
}

// fail records a mistake at token t and ends the parse. At the place where the lexer gave up, its own message is the better one. Where a
// line stops short, its end is a better place than the start of the next event.
func (p *parser) fail(t token, expected, mend string) {
	pos, found := t.pos, t.describe()
	switch {
	case t.kind == tokBad:
		expected, mend = t.text, t.mend
		found = quote(cut(p.src[t.off:t.end]))
	case t.pos.Line > p.last.endLine && p.last.kind != tokEOF && p.inEvent && (t.is("+") || t.is("*") || t.kind == tokEOF):
		pos = p.place(p.last.end)
		if t.kind != tokEOF {
			found = "end of line"
		}
	}
	p.failAt(pos, found, expected, mend)
}

// place is the position of an offset.
func (p *parser) place(off int) Pos {
	before := p.src[:off]
	return Pos{Line: 1 + strings.Count(before, "\n"), Column: off - strings.LastIndexByte(before, '\n')}
}

// quote shows source text, with Go's escapes only where it cannot be shown as it is.
func quote(s string) string {
	if strconv.CanBackquote(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

func (p *parser) failAt(pos Pos, found, expected, mend string) {
	if p.err == nil {
		p.err = &Error{Path: p.path, Line: pos.Line, Column: pos.Column, Found: found, Expected: expected, Mend: mend,
			Source: sourceLine(p.src, pos.Line)}
	}
	p.i = len(p.toks) - 1
}

func (p *parser) failDirective(d directive, expected, mend string) {
	p.failAt(d.pos, "directive //@", expected, mend)
}

// cut shortens a text for a message.
func cut(s string) string {
	if len(s) > 40 {
		return s[:37] + "..."
	}
	return s
}

// punct passes one punctuation character, or fails.
func (p *parser) punct(c, mend string) {
	if !p.peek().is(c) {
		p.fail(p.peek(), strconv.Quote(c), mend)
		return
	}
	p.advance()
}

// accept passes a punctuation character if it comes next.
func (p *parser) accept(c string) bool {
	if !p.peek().is(c) {
		return false
	}
	p.advance()
	return true
}

// acceptWord passes one of the words if it comes next.
func (p *parser) acceptWord(words ...string) bool {
	if !p.peek().isWord(words...) {
		return false
	}
	p.advance()
	return true
}

// keyword passes that very word, or fails.
func (p *parser) keyword(word string) {
	if !p.acceptWord(word) {
		p.fail(p.peek(), strconv.Quote(word), "")
	}
}

// number passes a decimal number from 0 to limit, or fails.
func (p *parser) number(what string, limit int64) int64 {
	t := p.peek()
	if t.kind != tokInt {
		p.fail(t, what, nameMend(t))
		return 0
	}
	return p.inRange(what, limit)
}

// anyNumber passes a decimal or hexadecimal number from 0 to limit, or fails.
func (p *parser) anyNumber(what string, limit int64) int64 {
	t := p.peek()
	if t.kind != tokInt && t.kind != tokHex {
		p.fail(t, what, nameMend(t))
		return 0
	}
	return p.inRange(what, limit)
}

// nameMend helps with a word where a number is wanted: in most scripts that is a name which nobody defined.
func nameMend(t token) string {
	switch {
	case t.kind == tokWord && !isDigit(t.text[0]) && !reserved[t.text]:
		return "if " + t.text + " is a name, define it with -D " + t.text + "=..."
	case t.kind == tokHex:
		return "write it in decimal"
	}
	return ""
}

func (p *parser) inRange(what string, limit int64) int64 {
	t := p.peek()
	if t.num < 0 || t.num > limit {
		p.fail(t, fmt.Sprintf("%s from 0 to %d", what, limit), "")
		return 0
	}
	return p.advance().num
}

// Limits of the fields that a script fills.
const (
	maxU8  = 1<<8 - 1
	maxU16 = 1<<16 - 1
	maxU20 = 1<<20 - 1
	maxU24 = 1<<24 - 1
	maxU32 = 1<<32 - 1
)

// atEnd tells whether no event follows any more: an untimed command ends the events.
func (p *parser) atEnd() bool {
	kind := p.peek().kind
	return kind == tokBacktick || kind == tokEOF
}

// commands passes untimed commands.
func (p *parser) commands() []Command {
	var cs []Command
	for p.peek().kind == tokBacktick {
		t := p.advance()
		cs = append(cs, Command{Pos: t.pos, Text: t.text})
	}
	return cs
}
