package mutant

import (
	"go/ast"
	"go/types"
	"strconv"
)

// typeName is how the file names an expression's type at its place; empty if it can't.
func (f *file) typeName(e ast.Expr) string {
	t := f.info.TypeOf(e)
	if t == nil {
		return ""
	}
	t = types.Default(t)
	name, ok := types.TypeString(t, func(p *types.Package) string { return f.importName(p) }), true
	switch t := t.(type) {
	case interface{ Obj() *types.TypeName }: // named, an alias or a parameter
		ok = t.Obj().Pkg() == nil || t.Obj().Pkg() == f.pkg && f.means(e, t.Obj()) || t.Obj().Pkg() != f.pkg && t.Obj().Exported() && f.importName(t.Obj().Pkg()) != ""
	case *types.Basic:
		ok = f.means(e, types.Universe.Lookup(t.Name()))
	default: // none that has constants or shifts
		ok = false
	}
	if !ok {
		return ""
	}
	return name
}

// means reports whether an object's name means that object at the place of a node.
func (f *file) means(n ast.Node, o types.Object) bool {
	inner := f.pkg.Scope().Innermost(n.Pos())
	if o == nil || inner == nil {
		return false
	}
	_, found := inner.LookupParent(o.Name(), n.Pos())
	return found == o
}

// importName is what the file calls a package that it imports; empty for its own
// and for those that it does not.
func (f *file) importName(p *types.Package) string {
	for _, i := range f.tree.Imports {
		if path, _ := strconv.Unquote(i.Path.Value); path == p.Path() {
			if i.Name != nil {
				return i.Name.Name
			}
			return p.Name()
		}
	}
	return ""
}
