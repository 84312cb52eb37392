package mutant

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// viable reports whether the file compiles with a node's token changed: the
// declaration around it is checked anew, as part of a function that stands at its
// end and so sees what it sees.
func (f *file) viable(n ast.Node, is token.Token) (bool, error) {
	decl := f.declaration(n)
	if err := f.check(decl); err != nil {
		return false, fmt.Errorf("unchanged: %w", err)
	}
	tok, _ := tokenOf(n)
	was := *tok
	*tok = is
	defer func() { *tok = was }()
	return f.check(decl) == nil, nil
}

// declaration is the one of the file's that a node is in.
func (f *file) declaration(n ast.Node) ast.Decl {
	for f.parent[n] != f.tree {
		n = f.parent[n]
	}
	return n.(ast.Decl)
}

// check type-checks a declaration.
func (f *file) check(d ast.Decl) error {
	fn := &ast.FuncLit{Type: &ast.FuncType{Func: d.Pos(), Params: &ast.FieldList{}}, Body: &ast.BlockStmt{Lbrace: d.Pos(), Rbrace: d.End()}}
	at := d.End()
	switch d := d.(type) {
	case *ast.FuncDecl:
		// A receiver's type parameters are in the scope of its body.
		at = d.Body.Rbrace
		fn.Body, fn.Type.Results = d.Body, d.Type.Results
		for _, l := range [...]*ast.FieldList{d.Recv, d.Type.Params} {
			if l != nil {
				fn.Type.Params.List = append(fn.Type.Params.List, l.List...)
			}
		}
	case *ast.GenDecl:
		fn.Body.List = []ast.Stmt{&ast.DeclStmt{Decl: local(d)}}
	}
	return types.CheckExpr(f.fset, f.pkg, at, fn, nil)
}

// local is a declaration as it can stand in a function, where variables must be used.
func local(d *ast.GenDecl) *ast.GenDecl {
	if d.Tok != token.VAR {
		return d
	}
	c := *d
	c.Specs = nil
	for _, s := range d.Specs {
		v := *s.(*ast.ValueSpec)
		v.Names = make([]*ast.Ident, len(v.Names))
		for i := range v.Names {
			v.Names[i] = ast.NewIdent("_")
		}
		c.Specs = append(c.Specs, &v)
	}
	return &c
}
