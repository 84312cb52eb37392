package script

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What an error shows, in columns: of the source line, of that what stands before the caret at most, and of a phrase. A script is
// somebody else's text: neither a line of megabytes nor a character that steers the terminal gets through.
const (
	maxColumns = 120
	maxLead    = 80
	maxPhrase  = 200
)

const omitted = "..."

// printable writes what cannot be shown in Go's escapes. Tabs stay.
func printable(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\t' || strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[size:]
	}
	return b.String()
}

// phrase is a part of a message, printable and no longer than a message bears.
func phrase(s string) string { return clipEnd(s, maxPhrase) }

// clipEnd shows the first columns of a text.
func clipEnd(s string, columns int) string {
	// A character has four octets at most, so that these hold more columns than are shown.
	r := []rune(printable(s[:min(len(s), utf8.UTFMax*(columns+1))]))
	if len(r) <= columns {
		return string(r)
	}
	return string(r[:columns-len(omitted)]) + omitted
}

// clipStart shows the last columns of a text.
func clipStart(s string, columns int) string {
	r := []rune(printable(s[max(0, len(s)-utf8.UTFMax*(columns+1)):]))
	if len(r) <= columns {
		return string(r)
	}
	return omitted + string(r[len(r)-columns+len(omitted):])
}

// caret is the part of a line around a column, counted from 1 in octets, and below it a caret under that column.
func caret(line string, column int) string {
	at := min(max(column-1, 0), len(line))
	lead := clipStart(line[:at], maxLead)
	tail := clipEnd(line[at:], maxColumns-utf8.RuneCountInString(lead))
	// The caret's line repeats the source's tabs, so that both lines are indented alike whatever the tab width.
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, lead)
	return lead + tail + "\n" + pad + "^"
}
