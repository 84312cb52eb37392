package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the module's directory.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	return dir
}

const sample = `package p

func f(a, b int) int {
	if a < b || b == 7 {
		g()
		return 1 * 2 + a
	}
	g()
	return b
}
`

func weaveSample(bugs ...bug) (string, error) {
	return weaveFile(sample, number(1, file{"p.go", bugs}))
}

// Both the bug and the program as it is stand in the woven file, two bugs in one place too.
func TestWeavingKeepsTheProgram(t *testing.T) {
	out, err := weaveSample(
		bug{Name: "edge", Old: "a < b", New: "a <= b"}, bug{Name: "always", Old: "a < b", New: "true"},
		bug{Name: "value", Near: "1 * 2", Old: "a", New: "b"}, bug{Name: "left out", Near: "}\n\tg", Old: "g()"})
	require.NoError(t, err)
	require.Contains(t, out, `package p; import "github.com/sockspec/sockspec/planted"`)
	require.Contains(t, out, "if (planted.On(2) && (true) || !planted.On(2) && ((planted.On(1) && (a <= b) || !planted.On(1) && (a < b)))) || b == 7 {")
	require.Contains(t, out, "1 * 2 + planted.Pick(3, b, a)")
	require.Contains(t, out, "if planted.On(4) {\n\n} else {\ng()\n}")
}

// A table that does not fit the file any more says so.
func TestABugThatHasNoPlaceIsAnError(t *testing.T) {
	for _, c := range []struct {
		bug  bug
		want string
	}{
		{bug{Old: "a > b"}, "occurs 0 times"},
		{bug{Old: "g()"}, "occurs 2 times"},
		{bug{Near: "return b", Old: "a"}, "does not come after"},
		{bug{Old: "2 + a"}, "neither an expression nor statements"},
		{bug{Old: "b || b"}, "neither an expression nor statements"},
	} {
		_, err := weaveSample(c.bug)
		require.ErrorContains(t, err, c.want)
	}
	_, err := weaveSample(bug{Old: "a < b"}, bug{Old: "a < b || b == 7"})
	require.ErrorContains(t, err, "overlaps")
}

// Every bug of the tables has its place in the files as they are.
func TestEveryBugHasItsPlace(t *testing.T) {
	_, err := weave(root(t), t.TempDir(), allBugs())
	require.NoError(t, err)
}
