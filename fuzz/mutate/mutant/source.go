package mutant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// source is a package with its types.
type source struct {
	fset  *token.FileSet
	pkg   *types.Package
	info  types.Info
	files map[string]*file // by the path from the module's root
}

// file is one of its files.
type file struct {
	*source
	text   string
	lines  []string
	tree   *ast.File
	parent map[ast.Node]ast.Node
	at     map[[2]int]ast.Node // whose token is at this line and column
	known  map[change]bool
	sites  map[ast.Node][]*Mutant // those that can be woven
}

// load reads and checks the package in a directory, by its path from the
// module's directory root. What it imports comes from the go command's export data.
func load(ctx context.Context, root, dir string) (*source, error) {
	names, exports, err := list(ctx, root, dir)
	if err != nil {
		return nil, err
	}
	s := &source{fset: token.NewFileSet(), files: map[string]*file{}, info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	var trees []*ast.File
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(dir), name))
		if err != nil {
			return nil, err
		}
		f, err := s.add(path.Join(dir, name), string(text))
		if err != nil {
			return nil, err
		}
		trees = append(trees, f.tree)
	}
	lookup := func(p string) (io.ReadCloser, error) { return os.Open(exports[p]) }
	conf := types.Config{Importer: importer.ForCompiler(s.fset, "gc", lookup)}
	s.pkg, err = conf.Check(dir, s.fset, trees, &s.info)
	return s, err
}

// list asks the go command for a package's files and for the export data of all
// that it imports, by import path.
func list(ctx context.Context, root, dir string) (files []string, exports map[string]string, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Export,GoFiles,DepOnly", "./"+dir)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = fmt.Errorf("go %q: %w\n%s", cmd.Args, err, exit.Stderr)
		}
		return nil, nil, err
	}
	exports = map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export string
			GoFiles            []string
			DepOnly            bool
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return files, exports, nil
		} else if err != nil {
			return nil, nil, err
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			files = p.GoFiles
		}
	}
}

// add parses a file and notes where its nodes are.
func (s *source) add(name, text string) (*file, error) {
	tree, err := parser.ParseFile(s.fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &file{source: s, text: text, lines: strings.Split(text, "\n"), tree: tree,
		parent: map[ast.Node]ast.Node{}, at: map[[2]int]ast.Node{}, known: map[change]bool{}, sites: map[ast.Node][]*Mutant{}}
	var above []ast.Node
	ast.Inspect(tree, func(n ast.Node) bool {
		if n == nil {
			above = above[:len(above)-1]
			return true
		}
		if len(above) > 0 {
			f.parent[n] = above[len(above)-1]
		}
		above = append(above, n)
		if tok, at := tokenOf(n); tok != nil {
			p := s.fset.Position(at)
			f.at[[2]int{p.Line, p.Column}] = n
		}
		return true
	})
	s.files[name] = f
	return f, nil
}

// offset is where a place is in the file's text.
func (f *file) offset(p token.Pos) int { return f.fset.Position(p).Offset }

// isConst reports whether an expression is a constant.
func (f *file) isConst(e ast.Expr) bool { return f.info.Types[e].Value != nil }
