package mutant

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// isTest matches the functions that the go command runs one after the other.
var isTest = regexp.MustCompile(`^(Test|Fuzz|Example)($|[^a-z])`)

// WeaveTests lets each test of a package, by its path from the module's directory
// root, say that it begins: what is seen from there on is seen by it. It adds the
// files to an overlay's, and returns the tests in the order of their numbers,
// which begin with 1: what is seen by 0 is seen before any test.
func WeaveTests(root, pkg string, files map[string]string) (tests []string, err error) {
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pkg), "*_test.go"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		out, err := weaveTests(string(text), &tests)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		if out != string(text) {
			files[path.Join(pkg, filepath.Base(p))] = out
		}
	}
	return tests, nil
}

// weaveTests is a file's text whose tests say that they begin. It adds their names.
func weaveTests(text string, tests *[]string) (string, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	out, at := &strings.Builder{}, 0
	put := func(p token.Pos, what string) {
		end := fset.Position(p).Offset
		out.WriteString(text[at:end] + what)
		at = end
	}
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Body == nil || !isTest.MatchString(f.Name.Name) || f.Name.Name == "TestMain" {
			continue
		}
		if at == 0 {
			put(tree.Name.End(), woven.Import)
		}
		*tests = append(*tests, f.Name.Name)
		put(f.Body.Lbrace+1, fmt.Sprintf(" planted.Enter(%d); ", len(*tests)))
	}
	return out.String() + text[at:], nil
}
