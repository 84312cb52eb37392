package fuzz

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	targetFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)
	targetLine = regexp.MustCompile(`go test \./(\S+) -run '\^\$' -fuzz '\^(Fuzz\w+)\$'`)
)

// A fuzz target that nobody can find is not run: the package's page lists all of them.
func TestPageListsEveryFuzzTarget(t *testing.T) {
	page, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var listed, found []string
	for _, m := range targetLine.FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1]+" "+m[2])
	}
	tree := os.DirFS("..")
	require.NoError(t, fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		src, err := fs.ReadFile(tree, name)
		for _, m := range targetFunc.FindAllSubmatch(src, -1) {
			found = append(found, path.Dir(name)+" "+string(m[1]))
		}
		return err
	}))
	slices.Sort(listed)
	slices.Sort(found)
	require.Equal(t, found, listed)
}
