// Package figures holds README.md to what is so today: a figure that is copied
// by hand rots.
//
// A test that counts something calls [Check]. When it fails, it says the line and
// what should stand there, or writes it:
//
//	SOCKSPEC_README=write go test ./cmd/sockspec ./conformance/... ./fuzz ./fuzz/plant ./tcpstate
package figures

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/sockspec/sockspec/fuzz/gomod"
)

// Readme is the text of README.md, and where it is.
func Readme() (path, text string, err error) {
	root, err := gomod.Root()
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(root, "README.md")
	b, err := os.ReadFile(path)
	return path, string(b), err
}

// Check looks for re in README.md, whose groups are figures: each place must have
// the wanted ones, in their order. A place there must be. Integers of more than
// four digits have commas.
func Check(re string, want ...any) error {
	path, text, err := Readme()
	if err != nil {
		return err
	}
	mended, err := mend(text, regexp.MustCompile("(?m)"+re), want)
	if err != nil && mended != "" && os.Getenv("SOCKSPEC_README") == "write" {
		return os.WriteFile(path, []byte(mended), 0o644)
	}
	return err
}

// mend puts the wanted figures into text; the error says the first that was another. Without a place there is no text.
func mend(text string, re *regexp.Regexp, want []any) (mended string, first error) {
	places := re.FindAllStringSubmatchIndex(text, -1)
	if places == nil {
		return "", fmt.Errorf("README.md: nothing matches %s: the row has changed or gone, and its test should go with it", re)
	}
	var b strings.Builder
	at := 0
	for _, place := range places {
		for i, w := range want {
			from, to, figure := place[2*i+2], place[2*i+3], spell(w)
			if text[from:to] != figure && first == nil {
				first = fmt.Errorf("README.md:%d: %q should be %q in: %s (SOCKSPEC_README=write puts it there)",
					1+strings.Count(text[:from], "\n"), text[from:to], figure, text[place[0]:place[1]])
			}
			b.WriteString(text[at:from] + figure)
			at = to
		}
	}
	return b.String() + text[at:], first
}

// spell writes a figure as README.md does.
func spell(v any) string {
	n, isInt := v.(int)
	if s := strconv.Itoa(n); isInt && n > 9999 {
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	}
	return fmt.Sprint(v)
}
