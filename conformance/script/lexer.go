package script

import (
	"strings"
)

// lexer cuts a script into tokens. Like flex it takes the longest match, so that 1.2.3.4 is an address and 3021b9 a word.
type lexer struct {
	src  string
	off  int
	line int
	bol  int // offset at which the line begins
	toks []token
	doc  []string
}

// lex returns the tokens of src, the last being tokEOF, or tokBad where the text stops making sense: the parser reports that one only
// when it gets there, so that the first mistake in the text is the one that is shown. It also returns the // comment
// lines before the first token.
func lex(src string) ([]token, []string) {
	l := &lexer{src: src, line: 1}
	for {
		if bad, ok := l.skipBlank(); !ok {
			l.toks = append(l.toks, bad)
			return l.toks, l.doc
		}
		t := l.next()
		l.toks = append(l.toks, t)
		if t.kind == tokEOF || t.kind == tokBad {
			return l.toks, l.doc
		}
	}
}

func (l *lexer) pos() Pos { return Pos{Line: l.line, Column: l.off - l.bol + 1} }

// advance moves to offset end and keeps the line count.
func (l *lexer) advance(end int) {
	for ; l.off < end; l.off++ {
		if l.src[l.off] == '\n' {
			l.line++
			l.bol = l.off + 1
		}
	}
}

// skipBlank passes white space and comments. A carriage return counts as white space; Google's lexer refuses it. The # comment is ours
// too; there the character only occurs in the GRE word sequence#, which word reads.
func (l *lexer) skipBlank() (token, bool) {
	for l.off < len(l.src) {
		rest := l.src[l.off:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			l.advance(l.off + 1)
		case strings.HasPrefix(rest, "//"), rest[0] == '#':
			l.comment()
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return l.bad("*/", "close the comment that begins here"), false
			}
			l.advance(l.off + 2 + end + 2)
		default:
			return token{}, true
		}
	}
	return token{}, true
}

// comment passes a comment up to the end of its line, keeping a directive or a line of the script's head.
func (l *lexer) comment() {
	text, _, _ := strings.Cut(l.src[l.off:], "\n")
	start, line := l.pos(), l.line
	l.advance(l.off + len(text))
	body, isSlashes := strings.CutPrefix(strings.TrimRight(text, " \t\r"), "//")
	if !isSlashes {
		return
	}
	names, isDirective := strings.CutPrefix(body, "@")
	switch last := len(l.toks) - 1; {
	case last < 0 && !isDirective:
		l.doc = append(l.doc, strings.TrimPrefix(body, " "))
	case last >= 0 && isDirective:
		d := readDirective(names, start)
		d.loose = l.toks[last].endLine != line
		l.toks[last].why = append(l.toks[last].why, d)
	}
}

// readDirective splits what follows //@. Each name may repeat the @.
func readDirective(text string, pos Pos) directive {
	d := directive{pos: pos}
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r", r) }) {
		name = strings.TrimPrefix(name, "@")
		if !isRuleName(name) && d.bad == "" {
			d.bad = name + " " // never empty, even for a lone @
		}
		d.names = append(d.names, name)
	}
	return d
}

func isRuleName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isWordByte(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != ""
}

func isWordByte(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// bad makes the token that ends a script at the present place.
func (l *lexer) bad(expected, mend string) token {
	line := sourceLine(l.src[l.bol:], 1)
	found := line[min(l.off-l.bol, len(line)):]
	return token{kind: tokBad, text: expected, mend: mend, pos: l.pos(), off: l.off, end: min(l.off+len(found), len(l.src))}
}

// make builds a token of n bytes at the present place and passes it.
func (l *lexer) make(kind tokenKind, n int) token {
	t := token{kind: kind, text: l.src[l.off : l.off+n], pos: l.pos(), off: l.off, end: l.off + n}
	l.advance(l.off + n)
	t.endLine = l.line
	return t
}

// next reads one token.
func (l *lexer) next() token {
	if l.off == len(l.src) {
		return l.make(tokEOF, 0)
	}
	rest := l.src[l.off:]
	switch c := rest[0]; {
	case c == '"':
		return l.quoted(tokString, `"`, `"`, `close the string with " before the end of the file`)
	case c == '`':
		return l.quoted(tokBacktick, "`", "`", "close the command with ` before the end of the file")
	case strings.HasPrefix(rest, "%{"):
		return l.code()
	case c == '\'':
		return l.char()
	case strings.HasPrefix(rest, "..."):
		return l.make(tokEllipsis, 3)
	case strings.HasPrefix(rest, "--") && len(rest) > 2 && isWordByte(rest[2]):
		t := l.make(tokOption, 2+wordLen(rest[2:]))
		t.text = t.text[2:]
		return t
	}
	if t, ok := l.number(); ok {
		return t
	}
	if n := wordLen(rest); n > 0 {
		// The one keyword with a character that is no word's, see parser.y gre_flag.
		if rest[:n] == "sequence" && strings.HasPrefix(rest[n:], "#") {
			n++
		}
		return l.make(tokWord, n)
	}
	if rest[0] < ' ' || rest[0] > '~' {
		return l.bad("a printable ASCII character", "only comments, strings, commands and code may hold other characters")
	}
	return l.make(tokPunct, 1)
}

func wordLen(s string) int {
	n := 0
	for n < len(s) && isWordByte(s[n]) {
		n++
	}
	return n
}

// quoted reads text between delimiters. A backslash protects the character after it; it stays in the text.
func (l *lexer) quoted(kind tokenKind, open, closing, mend string) token {
	rest := l.src[l.off:]
	for i := len(open); i < len(rest); i++ {
		switch {
		case rest[i] == '\\':
			i++
		case rest[i] == closing[0]:
			t := l.make(kind, i+1)
			t.text = t.text[1:i]
			return t
		}
	}
	return l.bad("closing "+closing, mend)
}

// code reads %{ ... }% up to the first }% and strips blanks from both ends, but no line ends (lexer.l code()).
func (l *lexer) code() token {
	end := strings.Index(l.src[l.off+2:], "}%")
	if end < 0 {
		return l.bad("}%", "close the code block with }% before the end of the file")
	}
	t := l.make(tokCode, 2+end+2)
	t.text = strings.Trim(t.text[2:2+end], " \t")
	return t
}

// char reads a character constant 'a'. A lone quote is punctuation, since an errno's text may hold one.
func (l *lexer) char() token {
	rest := l.src[l.off:]
	if len(rest) >= 3 && rest[2] == '\'' && rest[1] >= ' ' && rest[1] <= '~' && rest[1] != '\\' {
		t := l.make(tokInt, 3)
		t.num = int64(t.text[1])
		return t
	}
	return l.make(tokPunct, 1)
}
