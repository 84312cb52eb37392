package script

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseDefine reads the NAME=value of a -D option.
func ParseDefine(text string) (Define, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || wordLen(name) != len(name) {
		return Define{}, fmt.Errorf("definition %q: expected NAME=value with a name of letters, digits and _", text)
	}
	d := Define{Name: name, Value: value}
	if _, err := d.tokens(); err != nil {
		return Define{}, err
	}
	return d, nil
}

// tokens is what the name stands for. As in Google's lexer.l word(), a value that is a whole number in C's notation counts as a
// decimal one (010 is eight, other than in a script), and nothing in a value is looked up again.
func (d Define) tokens() ([]token, error) {
	if n, ok := cInteger(d.Value); ok {
		return []token{{kind: tokInt, text: d.Value, num: n}}, nil
	}
	toks, _ := lex(d.Value)
	if last := toks[len(toks)-1]; last.kind == tokBad {
		return nil, fmt.Errorf("definition %s=%s: expected %s", d.Name, d.Value, last.text)
	}
	if len(toks) == 1 {
		return nil, fmt.Errorf("definition %s=%s: expected a value", d.Name, d.Value)
	}
	return toks[:len(toks)-1], nil
}

// cInteger is strtol with base 0. Go's own base 0 also knows 0b, 0o and _, under which some cookies in hex would be numbers.
func cInteger(text string) (int64, bool) {
	if digits := strings.TrimLeft(text, "+-"); strings.Contains(digits, "_") || len(digits) > 1 && strings.IndexByte("bBoO", digits[1]) >= 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 0, 64)
	return n, err == nil
}

// options reads the --name=value lines and settles which definitions hold.
func (p *parser) options(s *Script, outer []Define) {
	var own []Define
	for p.peek().kind == tokOption {
		o := p.option(outer)
		if o.Name != "define" {
			s.Options = append(s.Options, o)
			continue
		}
		d, err := ParseDefine(o.Value)
		if err != nil {
			p.failAt(o.Pos, strconv.Quote(o.Value), "--define=NAME=value", "")
			return
		}
		own = append(own, d)
	}
	if len(own)+len(outer) > 0 {
		s.Defines = append(own, outer...)
	}
}

// option reads one option. A value is one token; only --define takes more, NAME=value.
func (p *parser) option(outer []Define) Option {
	flag := p.advance()
	o := Option{Pos: flag.pos, Name: flag.text}
	t, after := p.peek(), p.peekAt(1)
	if !t.is("=") {
		// A lone number or word on the option's line cannot be an event.
		if (t.kind == tokInt || t.kind == tokWord) && t.pos.Line == flag.pos.Line && after.pos.Line > t.pos.Line {
			p.fail(t, `"="`, "write --"+o.Name+"="+t.text)
		}
		return o
	}
	p.advance()
	o.HasValue = true
	t = p.peek()
	switch t.kind {
	case tokInt, tokHex, tokFloat, tokWord, tokString, tokIPv4, tokIPv6:
		p.advance()
		o.Value = t.text + p.hyphenated(t)
	default:
		p.fail(t, "the value of option --"+o.Name, "")
		return o
	}
	if o.Name == "define" {
		o.Value += p.definedValue()
		return o
	}
	for _, d := range outer {
		if d.Name == t.text && t.kind == tokWord && !reserved[t.text] {
			o.Value = strings.Trim(d.Value, "\"`")
		}
	}
	return o
}

// hyphenated reads what hangs on a word by hyphens, as in ipv4-mapped-ipv6.
func (p *parser) hyphenated(t token) string {
	var rest strings.Builder
	for t.kind == tokWord && p.peek().is("-") && p.peek().off == t.end && p.peekAt(1).off == p.peek().end {
		p.advance()
		t = p.advance()
		rest.WriteString("-" + t.text)
	}
	return rest.String()
}

// definedValue reads the =value of a --define line as written, quotes included.
func (p *parser) definedValue() string {
	p.punct("=", "a definition is --define=NAME=value")
	t := p.peek()
	switch t.kind {
	case tokInt, tokHex, tokWord, tokString, tokBacktick:
		p.advance()
		return "=" + p.src[t.off:t.end]
	}
	p.fail(t, "a number, a word, a string or a command", "")
	return ""
}

// define replaces every defined word after the options, once. Later definitions of a name win.
func (p *parser) define(defines []Define) {
	if len(defines) == 0 || p.err != nil {
		return
	}
	values := make(map[string][]token, len(defines))
	for _, d := range defines {
		toks, err := d.tokens()
		if err != nil {
			p.fail(p.peek(), "definitions that can be read", err.Error())
			return
		}
		values[d.Name] = toks
	}
	rest := make([]token, 0, len(p.toks)-p.i)
	for _, t := range p.toks[p.i:] {
		value, ok := values[t.text]
		if t.kind != tokWord || reserved[t.text] || !ok {
			rest = append(rest, t)
			continue
		}
		for i, v := range value {
			v.pos, v.off, v.end, v.endLine, v.why = t.pos, t.off, t.end, t.endLine, nil
			if i == len(value)-1 {
				v.why = t.why
			}
			rest = append(rest, v)
		}
	}
	p.toks, p.i = rest, 0
}
