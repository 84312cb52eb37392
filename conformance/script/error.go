package script

import (
	"fmt"
	"strings"
)

// Error is the first mistake in a script. All fields but Path and Mend are always set.
type Error struct {
	Path   string
	Line   int // from 1
	Column int // from 1, in bytes
	// Found is what stands there, as a phrase: `word "foo"`, `end of file`.
	Found string
	// Expected is what could have stood there instead, as a phrase.
	Expected string
	// Mend says how to repair the usual cause; empty when there is no usual one.
	Mend string
	// Source is the line in question without its line end.
	Source string
}

// Mistake is an error at a place of this script, for what is only seen after parsing. The text is the one that was parsed: it gives
// the line that the error shows.
func (s *Script) Mistake(src []byte, at Pos, found, expected, mend string) *Error {
	return &Error{Path: s.Path, Line: at.Line, Column: at.Column, Found: found, Expected: expected, Mend: mend,
		Source: sourceLine(string(src), at.Line)}
}

// Error is one line: path:line:column, what was found, what was expected, and the mend if there is one. It can be printed on a
// terminal whatever the script holds.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(printable(e.Path) + ":")
	}
	fmt.Fprintf(&b, "%d:%d: found %s, expected %s", e.Line, e.Column, phrase(e.Found), phrase(e.Expected))
	if e.Mend != "" {
		b.WriteString("; " + phrase(e.Mend))
	}
	return b.String()
}

// Detail is Error followed by the source line, clipped around the place, and a caret under it, for a terminal.
func (e *Error) Detail() string { return e.Error() + "\n" + caret(e.Source, e.Column) }

// sourceLine cuts line number n (from 1) out of src.
func sourceLine(src string, n int) string {
	for ; n > 1; n-- {
		_, rest, ok := strings.Cut(src, "\n")
		if !ok {
			return ""
		}
		src = rest
	}
	line, _, _ := strings.Cut(src, "\n")
	return strings.TrimSuffix(line, "\r")
}
