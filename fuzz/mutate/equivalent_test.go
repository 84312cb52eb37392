package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every row of the table names a line that its file has, with that token at that
// place, and says why no test can kill the mutant.
func TestEveryEquivalentHasItsPlace(t *testing.T) {
	all, err := readEquivalents(equivalentText)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, e := range all {
		require.False(t, seen[e.id], "twice: %v", e)
		seen[e.id] = true
		var nth, col int
		f := strings.Split(e.id, "\t")
		_, err := fmt.Sscan(f[2]+" "+f[3], &nth, &col)
		require.NoError(t, err, "%v", e)
		src, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(e.file)))
		require.NoError(t, err)
		for line := range strings.Lines(string(src)) {
			if strings.TrimSpace(line) == f[1] {
				nth--
			}
		}
		require.LessOrEqual(t, nth, 0, "%v: its line is no more: follow the file's change", e)
		require.True(t, col > 0 && strings.HasPrefix(f[1][col-1:], f[4]), "%v: that token is not there", e)
	}
}

// A row without a reason is none; a row that is struck out leaves the others as they are.
func TestRowsCanBeStruckOut(t *testing.T) {
	const text = "# what it is\na.go\tx++\t1\t2\t++\t--\twhy\n\na.go\ty--\t1\t2\t--\t++\twhy not\n"
	all, err := readEquivalents(text)
	require.NoError(t, err)
	require.Equal(t, []equivalent{{"a.go\tx++\t1\t2\t++\t--", "a.go", "why"}, {"a.go\ty--\t1\t2\t--\t++", "a.go", "why not"}}, all)
	require.Equal(t, "# what it is\n\na.go\ty--\t1\t2\t--\t++\twhy not\n", strikeOut(text, map[string]bool{all[0].id: true}))
	for _, bad := range []string{"a.go\tx++\t1\t2\t++\t--\n", "a.go\tx++\t1\t2\t++\t--\t \n", "text\n"} {
		_, err := readEquivalents(text + bad)
		require.ErrorContains(t, err, "equivalent.tsv:5")
	}
}
