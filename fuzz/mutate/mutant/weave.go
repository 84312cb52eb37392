package mutant

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// weave is the file's text with all its mutants in it.
func (f *file) weave() string {
	head := f.offset(f.tree.Name.End())
	out := &strings.Builder{}
	out.WriteString(f.text[:head] + woven.Import)
	for _, d := range f.tree.Decls {
		out.WriteString(f.text[head:f.offset(d.Pos())] + f.with(d))
		head = f.offset(d.End())
	}
	out.WriteString(f.text[head:])
	return out.String()
}

// with is the text of a node, with what is woven in the place of each part that has mutants.
func (f *file) with(n ast.Node) string {
	var parts []ast.Node
	ast.Inspect(n, func(c ast.Node) bool {
		if c != nil && f.isSite(c) {
			parts = append(parts, c)
			return false
		}
		return true
	})
	// A tree is not always walked in the order of its text.
	slices.SortFunc(parts, func(a, b ast.Node) int { return int(a.Pos() - b.Pos()) })
	out := &strings.Builder{}
	at := f.offset(n.Pos())
	for _, p := range parts {
		out.WriteString(f.text[at:f.offset(p.Pos())] + f.site(p))
		at = f.offset(p.End())
	}
	out.WriteString(f.text[at:f.offset(n.End())])
	return out.String()
}

// isSite reports whether something else is to stand in the place of a node: it
// has mutants, or is a constant with parts that have.
func (f *file) isSite(n ast.Node) bool {
	e, ok := n.(ast.Expr)
	if !ok || !f.isConst(e) {
		return len(f.sites[n]) > 0
	}
	return len(f.inside(e)) > 0
}

// inside are the mutants of a constant expression's parts.
func (f *file) inside(e ast.Expr) (ms []*Mutant) {
	ast.Inspect(e, func(n ast.Node) bool {
		ms = append(ms, f.sites[n]...)
		return true
	})
	return ms
}

// site is what stands in the place of a node that isSite.
func (f *file) site(n ast.Node) string {
	if e, ok := n.(ast.Expr); ok && f.isConst(e) {
		return f.weaveConstant(e)
	}
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return f.weaveBinary(n)
	case *ast.UnaryExpr:
		return call(map[token.Token]string{token.SUB: "Neg", token.ADD: "Plus"}[n.Op], f.sites[n][0], f.with(n.X))
	case *ast.BranchStmt:
		return f.weaveBranch(n)
	case *ast.IncDecStmt:
		return f.weaveStatement(n, n.X, n.Tok.String(), "")
	case *ast.AssignStmt:
		return f.weaveStatement(n, n.Lhs[0], n.Tok.String(), f.with(n.Rhs[0]))
	}
	panic("a node of this kind has no token to change")
}
