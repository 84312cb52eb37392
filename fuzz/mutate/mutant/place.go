package mutant

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// place finds the mutants of a file in it and sees what can be done with each.
func (f *file) place(ms []*Mutant) error {
	nth := map[string]int{} // lines of a text so far
	var line int
	for _, m := range ms {
		n := f.at[[2]int{m.Line, m.Col}]
		if n == nil {
			return fmt.Errorf("%s:%d:%d: no token to change: gremlins and this program read different files", m.File, m.Line, m.Col)
		}
		m.Text = strings.TrimSpace(f.lines[m.Line-1])
		m.At = m.Col - (len(f.lines[m.Line-1]) - len(strings.TrimLeft(f.lines[m.Line-1], " \t")))
		for ; line < m.Line; line++ {
			nth[strings.TrimSpace(f.lines[line])]++
		}
		m.Nth = nth[m.Text]
		tok, _ := tokenOf(n)
		is, ok := become(m.Kind, *tok)
		if !ok {
			return fmt.Errorf("%s:%d:%d: gremlins' %s of %s is not known here", m.File, m.Line, m.Col, m.Kind, tok)
		}
		m.Was, m.Is = tok.String(), is.String()
		if err := f.judge(m, n, is); err != nil {
			return fmt.Errorf("%s: %w", m, err)
		}
	}
	return nil
}

// judge sets the fate of a mutant, and puts one that can be woven at its node.
func (f *file) judge(m *Mutant, n ast.Node, is token.Token) error {
	m.Fate = NotViable
	this := change{n, is}
	if f.known[this] || m.Is == m.Was {
		return nil
	}
	f.known[this] = true
	ok, err := f.viable(n, is)
	if err != nil || !ok {
		return err
	}
	m.Fate = Apart
	if f.fits(n) {
		m.Fate = Woven
		f.sites[n] = append(f.sites[n], m)
	}
	return nil
}

// fits reports whether what stands in the place of a node can hang on a number:
// not where Go asks for a constant or the type has no name here.
func (f *file) fits(n ast.Node) bool {
	e, ok := n.(ast.Expr)
	if !ok {
		return true
	}
	whole := f.constant(e)
	if whole == nil {
		switch e := e.(type) {
		case *ast.UnaryExpr:
			return e.Op == token.SUB || e.Op == token.ADD
		case *ast.BinaryExpr:
			return !isShift(e.Op) || !f.isConst(e.X) || f.typeName(e) != ""
		}
	}
	switch p := f.parent[whole].(type) {
	case *ast.ValueSpec:
		if d := f.parent[p].(*ast.GenDecl); d.Tok == token.CONST {
			return false
		}
	case *ast.ArrayType:
		return false
	case *ast.KeyValueExpr:
		if p.Key == whole {
			return false // an index of an array's elements; a map is not worth the difference
		}
	}
	return f.typeName(whole) != ""
}

// constant is the largest constant expression that an expression is part of; nil
// if it is no constant.
func (f *file) constant(e ast.Expr) (whole ast.Expr) {
	for ok := true; ok && f.isConst(e); e, ok = f.parent[e].(ast.Expr) {
		whole = e
	}
	return whole
}

// change is what becomes of a node's token. Two kinds may come to the same.
type change struct {
	ast.Node
	is token.Token
}

func isShift(t token.Token) bool { return t == token.SHL || t == token.SHR }
