package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// root is the module's directory.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	return dir
}

// at is the mutant of a kind at a token, after a text that is once in a file.
func at(t *testing.T, file, before, token, kind string) *mutant.Mutant {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(file)))
	require.NoError(t, err)
	head, _, ok := strings.Cut(string(src), before+token)
	require.True(t, ok, "%s: %s", file, before+token)
	head += before
	return &mutant.Mutant{File: file, Line: strings.Count(head, "\n") + 1, Col: len(head) - strings.LastIndex(head, "\n"), Kind: kind}
}

// TestMutantsMeetTheTests: one that must be killed is, one that never ends is, and
// one that no test comes to survives. Known equivalents are told from new ones,
// and those that die or are gone are named.
func TestMutantsMeetTheTests(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here to build the tests with")
	}
	dies := at(t, "queue/fifo.go", "q.list.Len() ", ">=", "CONDITIONALS_BOUNDARY")
	hangs := at(t, "queue/bytes.go", "for off := 0; off ", "<", "CONDITIONALS_NEGATION")
	unseen := at(t, "queue/waiters.go", "return -", "1", "ARITHMETIC_BASE")
	unseen.Col--
	apart := at(t, "queue/bytes.go", "= 1 ", "<<", "INVERT_BITWISE")
	o, err := parse([]string{"-package", "queue", "-cores", "2", "-v", "-goal", "80"})
	require.NoError(t, err)
	ks := []woven.Killer{{Package: "queue", Run: "FIFO|Bytes"}}
	path := filepath.Join(t.TempDir(), "cache", "mutate.tsv")
	try := func(known ...equivalent) (*report, string) {
		var said strings.Builder
		r := newReport(&said, o, known)
		require.NoError(t, o.meet(context.Background(), root(t), t.TempDir(), []*mutant.Mutant{dies, hangs, unseen, apart}, ks, readMemory(path), r))
		r.summary()
		return r, said.String()
	}

	r, said := try()
	require.Equal(t, map[string]int{"queue": 2}, r.by)
	require.Equal(t, []survivor{{unseen, false}}, r.survivors)
	require.Contains(t, said, "no test comes to a difference: strengthen one")
	require.Contains(t, said, "queue: 4 mutants, 0 not viable, 1 apart, 3 tried: 2 killed (1 by tests that do not end), 0 equivalent, 1 survive; score 66.7 % (66.7 % of all, equivalent or not), goal 80 %")
	by, ok := readMemory(path).of(dies)
	require.True(t, ok)
	require.Equal(t, "queue", by.Package)

	gone := equivalent{id: "queue/fifo.go\tno such line\t1\t1\t+\t-", file: "queue/fifo.go"}
	r, said = try(equivalent{dies.ID(), dies.File, "why"}, equivalent{unseen.ID(), unseen.File, "nobody asks"}, gone)
	require.Empty(t, r.survivors)
	require.Contains(t, said, "equivalent: nobody asks")
	require.Contains(t, said, "is killed: strike it out")
	require.Contains(t, said, "no such line | 1 | 1 | + | -: is no more: strike it out")
	require.Contains(t, said, "2 killed (1 by tests that do not end), 1 equivalent, 0 survive; score 100.0 % (66.7 % of all")
}

// The command line says what is wrong with it.
func TestWrongCommandLinesAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-package", "sock"}, {"-share", "2/2"}, {"-share", "1"}, {"-share", "1/2x"}, {"-only", "("}, {"-cores", "0"}, {"more"}, {"-goal", "x"}, {"-goal", "100.5"}, {"-goal", "-1"}, {"-goal", "NaN"}} {
		_, err := parse(args)
		require.Error(t, err, "%q", args)
	}
	o, err := parse([]string{"-share", "3/100"})
	require.NoError(t, err)
	require.Equal(t, share{3, 100}, o.share)
	require.Equal(t, packages, o.packages)
}

// A package below the goal fails the run; one of which nothing was tried does not.
func TestAScoreBelowTheGoalIsNoSuccess(t *testing.T) {
	o, err := parse([]string{"-goal", "75"})
	require.NoError(t, err)
	for _, c := range []struct {
		killed, survive, equivalent int
		good                        bool
	}{{3, 1, 0, true}, {2, 1, 0, false}, {3, 2, 1, true}, {0, 1, 1, true}, {0, 1, 0, false}} {
		r := newReport(&strings.Builder{}, o, nil)
		r.files["queue/a.go"] = &tally{woven: c.killed + c.survive, killed: c.killed, survive: c.survive, equivalent: c.equivalent}
		require.Equal(t, c.good, r.summary(), "%+v", c)
	}
}
