package report

import (
	"strings"
	"unicode/utf8"

	"github.com/sockspec/sockspec/conformance"
)

// Style is how text is laid out. The zero Style suits a file or a pipe.
type Style struct {
	Color bool
	Width int // columns to wrap at; 0 leaves lines as long as they are
}

// ink is a terminal's colour, as the parameters of an SGR sequence (ECMA-48 8.3.117).
type ink string

const (
	bold   ink = "1"
	dim    ink = "2"
	red    ink = "1;31"
	green  ink = "32"
	yellow ink = "33"
	cyan   ink = "36"
)

func (s Style) paint(c ink, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Verdict is a verdict as `run` begins its lines with, in colour on a terminal.
func (s Style) Verdict(v conformance.Verdict) string {
	word := strings.ToUpper(v.String())
	switch v {
	case conformance.Pass:
		return s.paint(green, word)
	case conformance.Fail:
		return s.paint(red, word)
	}
	return s.paint(yellow, word)
}

// pad fills up to a width in characters; colours must come after it.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// wrap breaks text between words so that, behind an indent, it fits the width; all lines but the first are indented.
func (s Style) wrap(indent int, text string) string {
	room := s.Width - indent
	if s.Width == 0 || room < 20 {
		return text
	}
	var b strings.Builder
	col := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case col+1+n > room:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			col = 0
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += n
	}
	return b.String()
}
