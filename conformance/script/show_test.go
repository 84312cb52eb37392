package script

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Whatever a script holds, nothing in a message steers the terminal and no line of it is endless.
func TestMessagesAreFitForATerminal(t *testing.T) {
	for name, text := range map[string]string{
		"escape before the place":  "0 close(3) = 0 /* \x1b[31m */ oops",
		"escape at the place":      "0 close(3) = 0\n+0 \x1b[2J",
		"escape in a word":         "0 close(3) = \u009b31m\u202e",
		"escape in a string":       "0 \"\x1b]0;x\x07\" = 0",
		"escape in an option":      "--define=\"\x1b[1m\"\n0 close(3) = 0",
		"octets that are no text":  "0 close(3) = 0 \xff\xfe",
		"long line before":         strings.Repeat(" ", 100_000) + "oops",
		"long line after":          "oops" + strings.Repeat(" é", 100_000),
		"long word":                "0 close(3) = 0\n+0 " + strings.Repeat("x", 100_000),
		"long word without a call": "0 close(" + strings.Repeat("ö", 100_000) + ") = 0",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("a\x1bb.pkt", []byte(text))
			var e *Error
			require.True(t, errors.As(err, &e), "it must be a mistake")
			lines := strings.Split(e.Detail(), "\n")
			require.Len(t, lines, 3)
			for i, line := range lines {
				require.True(t, utf8.ValidString(line))
				for _, r := range line {
					require.True(t, strconv.IsPrint(r), "%q", line)
				}
				require.LessOrEqual(t, utf8.RuneCountInString(line), []int{3*maxPhrase + 60, maxColumns, maxLead + 1}[i])
			}
		})
	}
}

func TestTheCaretStaysUnderItsPlaceInAClippedLine(t *testing.T) {
	for _, before := range []int{0, 10, maxLead, maxLead + 1, 500} {
		for _, after := range []int{0, 10, 39, 40, 500} {
			line := strings.Repeat("-", before) + "X" + strings.Repeat("+", after)
			shown, mark, ok := strings.Cut(caret(line, before+1), "\n")
			require.True(t, ok)
			require.Equal(t, byte('X'), shown[len(mark)-1], "%d %d", before, after)
			require.LessOrEqual(t, len(shown), maxColumns)
			require.Equal(t, before > maxLead, strings.HasPrefix(shown, omitted))
			require.Equal(t, min(before, maxLead)+1+after > maxColumns, strings.HasSuffix(shown, omitted))
		}
	}
	require.Equal(t, "a\t\\x1bX\n \t    ^", caret("a\t\x1bX", 4))
}
