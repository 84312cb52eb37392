package reach

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// notSaid are texts in source files that are no messages: marks, and cut sets.
var notSaid = regexp.MustCompile(`^[^a-zA-Z]*$`)

// verb is one of package fmt's.
var verb = regexp.MustCompile(`%( x|[a-z])`)

// Messages notes the texts of more than one word in Go source files, and which
// of them were said. What a verb of fmt stands for can be anything.
func (s Set) Messages(said string, files ...string) error {
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil && strings.Contains(text, " ") && !notSaid.MatchString(text) {
					s.See(text, wasSaid(text, said))
				}
			}
			return true
		})
	}
	return nil
}

// wasSaid finds the message in what was said.
func wasSaid(text, said string) bool {
	parts := verb.Split(text, -1)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(strings.Join(parts, ".*")).MatchString(said)
}
