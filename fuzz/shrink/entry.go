package shrink

import (
	"crypto/sha256"
	"fmt"
	"go/format"
	"path"
	"strings"
)

// CorpusEntry is an input as go test keeps it, and the file where it looks for
// it, from the package's directory. Its arguments are integers, strings and []byte.
func CorpusEntry(target string, args ...any) (file, text string) {
	var b strings.Builder
	b.WriteString("go test fuzz v1\n")
	for _, a := range args {
		switch a := a.(type) {
		case byte:
			fmt.Fprintf(&b, "byte(%q)\n", rune(a))
		case []byte:
			fmt.Fprintf(&b, "[]byte(%q)\n", a)
		case string:
			fmt.Fprintf(&b, "string(%q)\n", a)
		default:
			fmt.Fprintf(&b, "%T(%v)\n", a, a)
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return path.Join("testdata/fuzz", target, fmt.Sprintf("%x", sum[:8])), b.String()
}

// TestCase is Go source that a test file of the package can hold, as gofmt writes it:
// a test of these statements.
func TestCase(name string, statements ...string) string {
	src := fmt.Sprintf("func Test%s(t *testing.T) {\n%s\n}", name, strings.Join(statements, "\n"))
	if tidy, err := format.Source([]byte(src)); err == nil {
		return string(tidy)
	}
	return src // what does not parse is still worth reading
}
