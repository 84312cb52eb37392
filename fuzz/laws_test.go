package fuzz

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/sockspec/sockspec"

// rooms ranks the rooms of the house. Code imports from lower ranks and its own room only:
// queue ← tcpstate ← sock ← packetio ← conformance ← fuzz ← cmd.
var rooms = map[string]int{"queue": 0, "tcpstate": 1, "sock": 2, "packetio": 3, "conformance": 4, "fuzz": 5, "cmd": 6}

// pureUpTo is the rank of the last room of the pure core: no clock, no chance, no goroutine, no I/O inside.
const pureUpTo = 2

// pureImports are all that the core may use of the standard library, so that whatever is not here is forbidden:
// time, os, net, sync, math/rand, runtime, syscall, unsafe, reflect and what the next release of Go brings.
var pureImports = strings.Fields("bytes cmp encoding/binary errors fmt iter maps math math/bits net/netip slices sort strconv strings")

const longest = 70 // lines of a function

// ban looks at a node and says what is wrong with it, "" if nothing is.
type ban func(n ast.Node, info *types.Info) string

var pureBans = []ban{concurrency, mapOrder, seqOrder}

func concurrency(n ast.Node, _ *types.Info) string {
	switch n.(type) {
	case *ast.GoStmt:
		return "go statement: blocking is a state, not a goroutine"
	case *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
		return "channel: outputs are appended to the caller's slice"
	}
	return ""
}

// mapOrder: a walk over a map differs from run to run, unless its keys are sorted at once.
func mapOrder(n ast.Node, info *types.Info) string {
	const why = "walk over a map: its order is chance"
	switch n := n.(type) {
	case *ast.RangeStmt:
		if t := info.TypeOf(n.X); t != nil {
			if _, ok := t.Underlying().(*types.Map); ok {
				return why
			}
		}
	case *ast.SelectorExpr:
		if f, ok := info.Uses[n.Sel].(*types.Func); ok && f.Pkg() != nil && f.Pkg().Path() == "maps" &&
			slices.Contains([]string{"All", "Keys", "Values"}, f.Name()) {
			return why
		}
	}
	return ""
}

// seqOrder: sequence numbers wrap, so only Seq's methods know which comes first.
func seqOrder(n ast.Node, info *types.Info) string {
	const why = " of Seq: sequence numbers wrap, use its methods"
	var operands []ast.Expr
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if slices.Contains([]token.Token{token.LSS, token.GTR, token.LEQ, token.GEQ}, n.Op) {
			operands = []ast.Expr{n.X, n.Y}
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "min" || id.Name == "max") && info.Uses[id].Parent() == types.Universe {
			operands = n.Args
		}
	case *ast.Ident: // slices.Max, cmp.Compare and their like, made for Seq
		f, _ := info.Uses[n].(*types.Func)
		for i := range info.Instances[n].TypeArgs.Len() {
			ordered := f != nil && f.Signature().TypeParams().At(i).Constraint().String() == "cmp.Ordered"
			if ordered && isSeq(info.Instances[n].TypeArgs.At(i)) {
				return n.Name + why
			}
		}
	}
	for _, e := range operands {
		if isSeq(info.TypeOf(e)) {
			return "order" + why
		}
	}
	return ""
}

func isSeq(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == "Seq" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == module+"/tcpstate"
}

// house is a source tree under inspection. Its packages are type-checked on demand, so it is an importer.
type house struct {
	tree     fs.FS
	fset     *token.FileSet
	std      types.Importer
	info     types.Info
	dirs     map[string][]*ast.File // non-test files, by directory
	checked  map[string]*types.Package
	breaches []string
}

func (h *house) report(n token.Pos, format string, args ...any) {
	p := h.fset.Position(n)
	h.breaches = append(h.breaches, fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...)))
}

// Import makes house a types.Importer: our own packages come from the tree.
func (h *house) Import(p string) (*types.Package, error) {
	dir, ours := strings.CutPrefix(p, module+"/")
	if !ours {
		return h.std.Import(p)
	}
	if h.checked[dir] == nil {
		conf := types.Config{Importer: h, Error: func(err error) { h.breaches = append(h.breaches, err.Error()) }}
		h.checked[dir], _ = conf.Check(p, h.fset, h.dirs[dir], &h.info)
	}
	return h.checked[dir], nil
}

// inspect reports every breach of the laws in the tree, sorted, each with file and line.
func inspect(tree fs.FS) ([]string, error) {
	h := &house{tree: tree, fset: token.NewFileSet(), std: importer.Default(),
		dirs: map[string][]*ast.File{}, checked: map[string]*types.Package{},
		info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
			Defs: map[*ast.Ident]types.Object{}, Instances: map[*ast.Ident]types.Instance{}}}
	if err := fs.WalkDir(tree, ".", h.parse); err != nil {
		return nil, err
	}
	for dir, files := range h.dirs {
		room, _, _ := strings.Cut(dir, "/")
		rank, known := rooms[room]
		if !known && dir != "." {
			h.report(files[0].Package, "%s is no room of the house: add it to rooms, with its rank", room)
		}
		pure := known && rank <= pureUpTo
		if pure {
			_, _ = h.Import(module + "/" + dir) // errors are breaches
		}
		for _, f := range files {
			h.arrows(f, room, pure)
			h.walk(f, pure)
		}
	}
	slices.Sort(h.breaches)
	return h.breaches, nil
}

// parse reads one file of the tree; tests, hidden directories and testdata are not under the laws.
func (h *house) parse(name string, d fs.DirEntry, err error) error {
	base := path.Base(name)
	switch {
	case err != nil:
		return err
	case d.IsDir() && name != "." && (base[0] == '.' || base == "testdata"):
		return fs.SkipDir
	case d.IsDir() || path.Ext(base) != ".go" || strings.HasSuffix(base, "_test.go"):
		return nil
	}
	src, err := fs.ReadFile(h.tree, name)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(h.fset, name, src, parser.SkipObjectResolution)
	if err == nil {
		h.dirs[path.Dir(name)] = append(h.dirs[path.Dir(name)], f)
	}
	return err
}

// arrows: imports point one way, and the core imports nothing that could make two runs differ.
func (h *house) arrows(f *ast.File, room string, pure bool) {
	for _, imp := range f.Imports {
		p, _ := strconv.Unquote(imp.Path.Value)
		dir, ours := strings.CutPrefix(p, module+"/")
		to, _, _ := strings.Cut(dir, "/")
		switch {
		case ours && to != room && rooms[to] >= rooms[room]:
			h.report(imp.Pos(), "%s imports %s: arrows point from cmd to queue", room, to)
		case pure && !ours && !slices.Contains(pureImports, p):
			h.report(imp.Pos(), "import of %s: the core has no clock, no chance and no I/O", p)
		}
	}
}

func (h *house) walk(f *ast.File, pure bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if fn, ok := n.(*ast.FuncDecl); ok {
			if lines := h.fset.Position(fn.End()).Line - h.fset.Position(fn.Pos()).Line + 1; lines > longest {
				h.report(fn.Pos(), "%s has %d lines, %d at most", fn.Name.Name, lines, longest)
			}
		}
		for _, b := range pureBans {
			if !pure || n == nil {
				break
			}
			if what := b(n, &h.info); what != "" {
				h.report(n.Pos(), "%s", what)
			}
		}
		return true
	})
}

func TestHouseKeepsItsLaws(t *testing.T) {
	breaches, err := inspect(os.DirFS(".."))
	require.NoError(t, err)
	require.Empty(t, breaches, strings.Join(breaches, "\n"))
}
