package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// switchSource is the package that the woven files import. It is there in the
// overlay only.
const switchSource = `package planted

import (
	"os"
	"strconv"
)

var chosen, _ = strconv.Atoi(os.Getenv("` + woven.EnvName + `"))

// On reports whether bug n is planted.
func On(n int) bool { return n == chosen }

// Pick is what stands in the place of an expression.
func Pick[T any](n int, bad, good T) T {
	if n == chosen {
		return bad
	}
	return good
}
`

// weave writes files with all bugs in them into dir and returns the path of the
// overlay for the go command's -overlay. root is the module's directory.
func weave(root, dir string, bugs []numbered) (overlay string, err error) {
	files := map[string]string{woven.SwitchPath: switchSource}
	byFile := map[string][]numbered{}
	for _, b := range bugs {
		byFile[b.Path] = append(byFile[b.Path], b)
	}
	var bad []error
	for _, path := range slices.Sorted(maps.Keys(byFile)) {
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			return "", err
		}
		if files[path], err = weaveFile(string(src), byFile[path]); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", path, err))
		}
	}
	if len(bad) > 0 {
		return "", errors.Join(bad...)
	}
	return woven.Overlay(root, dir, files)
}

// span is a part of a file, and what is to stand there. Several bugs may share one.
type span struct {
	from, to  int
	statement bool
	text      string
}

// weaveFile puts the bugs into one file. The import goes on the line of the
// package clause, so that line numbers stay as long as they can.
func weaveFile(src string, bugs []numbered) (string, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	base := fset.File(tree.Pos()).Base()
	var spans []*span
	var bad []error
	for _, b := range bugs {
		if spans, err = plantBug(spans, src, tree, base, b); err != nil {
			bad = append(bad, fmt.Errorf("%q: %w", b.Name, err))
		}
	}
	if len(bad) > 0 {
		return "", errors.Join(bad...)
	}
	out, at := &strings.Builder{}, 0
	head := int(tree.Name.End()) - base
	out.WriteString(src[:head] + woven.Import)
	for at = head; ; {
		s := nextSpan(spans, at)
		if s == nil {
			break
		}
		out.WriteString(src[at:s.from] + s.text)
		at = s.to
	}
	out.WriteString(src[at:])
	return out.String(), nil
}

// nextSpan is the first that begins at or after a place.
func nextSpan(spans []*span, at int) (first *span) {
	for _, s := range spans {
		if s.from >= at && (first == nil || s.from < first.from) {
			first = s
		}
	}
	return first
}

// plantBug finds the bug's place and puts it there; with an error the spans are as before.
func plantBug(spans []*span, src string, tree *ast.File, base int, b numbered) ([]*span, error) {
	from, err := b.find(src)
	if err != nil {
		return spans, err
	}
	s := &span{from: from, to: from + len(b.Old), text: b.Old}
	var ok bool
	if s.statement, ok = wholeNode(tree, token.Pos(base+s.from), token.Pos(base+s.to)); !ok {
		return spans, fmt.Errorf("%q is neither an expression nor statements of a block", b.Old)
	}
	for _, o := range spans {
		switch {
		case o.from == s.from && o.to == s.to:
			o.text = o.with(b)
			return spans, nil
		case o.from < s.to && s.from < o.to:
			return spans, fmt.Errorf("%q overlaps another bug's place: take a part that does not", b.Old)
		}
	}
	s.text = s.with(b)
	return append(spans, s), nil
}

// find is the offset of the text to replace.
func (b *bug) find(src string) (int, error) {
	mark := b.Near
	if mark == "" {
		mark = b.Old
	}
	if n := strings.Count(src, mark); n != 1 {
		return 0, fmt.Errorf("%q occurs %d times, want once: follow the file's change", mark, n)
	}
	from := strings.Index(src, mark)
	at := strings.Index(src[from:], b.Old)
	if at < 0 {
		return 0, fmt.Errorf("%q does not come after %q: follow the file's change", b.Old, b.Near)
	}
	return from + at, nil
}

// with is the span's text behind the switch of one more bug. Truth values are
// worked out as far as needed only, other expressions both ways: they must have no effect.
func (s *span) with(b numbered) string {
	switch {
	case s.statement:
		return fmt.Sprintf("if planted.On(%d) {\n%s\n} else {\n%s\n}", b.N, b.New, s.text)
	case isTruth(b.New) || isTruth(b.Old):
		return fmt.Sprintf("(planted.On(%d) && (%s) || !planted.On(%[1]d) && (%[3]s))", b.N, b.New, s.text)
	}
	return fmt.Sprintf("planted.Pick(%d, %s, %s)", b.N, b.New, s.text)
}

// isTruth reports whether the expression shows itself to be a truth value.
func isTruth(text string) bool {
	e, err := parser.ParseExpr(text)
	if err != nil {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e.Name == "true" || e.Name == "false"
	case *ast.UnaryExpr:
		return e.Op == token.NOT
	case *ast.BinaryExpr:
		switch e.Op {
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ, token.LAND, token.LOR:
			return true
		}
	}
	return false
}

// wholeNode reports whether [from, to) is a run of statements of a block, or an
// expression. A part of an expression that looks like one is none: 2+3 of 1*2+3.
func wholeNode(tree *ast.File, from, to token.Pos) (statement, ok bool) {
	ast.Inspect(tree, func(n ast.Node) bool {
		if n == nil || n.End() < to || n.Pos() > from {
			return false
		}
		var list []ast.Stmt
		switch n := n.(type) {
		case *ast.BlockStmt:
			list = n.List
		case *ast.CaseClause:
			list = n.Body
		case ast.Expr:
			ok = ok || n.Pos() == from && n.End() == to
		}
		begins, ends := false, false
		for _, s := range list {
			begins, ends = begins || s.Pos() == from, ends || s.End() == to
		}
		if begins && ends {
			statement, ok = true, true
		}
		return true
	})
	return statement, ok
}
