package mutant

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// call is a call of a function of planted that knows both values.
func call(name string, m *Mutant, args ...string) string {
	return fmt.Sprintf("planted.%s(%d, %s)", name, m.N, strings.Join(args, ", "))
}

// weaveConstant writes the whole constant once for each mutant of its parts, so
// that all of them are what the compiler makes of constants.
func (f *file) weaveConstant(e ast.Expr) string {
	out := f.text[f.offset(e.Pos()):f.offset(e.End())]
	for _, m := range f.inside(e) {
		out = call("Pick["+f.typeName(e)+"]", m, f.changed(e, m), out)
	}
	return out
}

// changed is the text of a constant with one mutant's token. What the operation
// holds together stays together whatever the new one binds.
func (f *file) changed(e ast.Expr, m *Mutant) string {
	n := f.at[[2]int{m.Line, m.Col}]
	all := func(n ast.Node) string { return f.text[f.offset(n.Pos()):f.offset(n.End())] }
	var now string
	switch n := n.(type) {
	case *ast.BinaryExpr:
		now = fmt.Sprintf("((%s) %s (%s))", all(n.X), m.Is, all(n.Y))
	case *ast.UnaryExpr:
		now = fmt.Sprintf("(%s (%s))", m.Is, all(n.X))
	}
	return f.text[f.offset(e.Pos()):f.offset(n.Pos())] + now + f.text[f.offset(n.End()):f.offset(e.End())]
}

// names are those of the functions for operations that have numbers as values.
var names = map[token.Token]string{token.ADD: "Add", token.SUB: "Sub", token.MUL: "Mul", token.QUO: "Quo", token.REM: "Rem",
	token.AND: "And", token.OR: "Or", token.XOR: "Xor", token.AND_NOT: "AndNot", token.SHL: "Shl", token.SHR: "Shr",
	token.LSS: "Less", token.LEQ: "LessEq", token.GTR: "Greater", token.GEQ: "GreaterEq"}

// weaveBinary: operands are worked out once, and only if the operation in force
// asks for them.
func (f *file) weaveBinary(n *ast.BinaryExpr) string {
	x, y, ms := f.with(n.X), f.with(n.Y), f.sites[n]
	switch n.Op {
	case token.LAND, token.LOR:
		// De Morgan: and is or of the opposites.
		return fmt.Sprintf("((((%[1]s) != %[4]s) %[2]s ((%[3]s) != %[4]s)) != %[4]s)", x, n.Op, y, on(ms[0]))
	case token.EQL, token.NEQ:
		return fmt.Sprintf("((%s %s %s) != %s)", x, n.Op, y, on(ms[0]))
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		return weaveOrder(n.Op, x, y, ms)
	}
	name := names[n.Op]
	if isShift(n.Op) && f.isConst(n.X) {
		name += "[" + f.typeName(n) + "]"
	}
	return call(name, ms[0], x, y)
}

// weaveOrder: an order can be wrong at its edge and turned round.
func weaveOrder(op token.Token, x, y string, ms []*Mutant) string {
	out := fmt.Sprintf("(%s %s %s)", x, op, y)
	for _, m := range ms {
		if m.Kind == "CONDITIONALS_BOUNDARY" {
			out = call(names[op], m, x, y)
		}
	}
	for _, m := range ms {
		if m.Kind == "CONDITIONALS_NEGATION" {
			out = fmt.Sprintf("(%s != %s)", out, on(m))
		}
	}
	return out
}

func on(m *Mutant) string { return fmt.Sprintf("planted.On(%d)", m.N) }

func (f *file) weaveBranch(n *ast.BranchStmt) string {
	m, label := f.sites[n][0], ""
	if n.Label != nil {
		label = " " + n.Label.Name
	}
	return fmt.Sprintf("if %s { %s%s }; %s%[3]s", on(m), m.Is, label, n.Tok)
}

// weaveStatement writes an assignment once for each of its mutants. Where Go
// takes only a simple statement, that is a call.
func (f *file) weaveStatement(n ast.Stmt, left ast.Expr, tok, y string) string {
	out, x := &strings.Builder{}, f.with(left)
	for _, m := range f.sites[n] {
		fmt.Fprintf(out, "if %s { %s %s %s } else ", on(m), x, m.Is, y)
	}
	fmt.Fprintf(out, "{ %s %s %s }", x, tok, y)
	switch f.parent[n].(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, *ast.LabeledStmt:
		return out.String()
	}
	return "func() { " + out.String() + " }()"
}
