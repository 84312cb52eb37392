package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/figures"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// fewestBugs is how many there must be at least.
const fewestBugs = 60

// The table names what it is to name, each bug once, with the test that kills it.
// Sections 2.1 to 2.18 of RFC 2525 are all among the classes.
func TestTheTableIsWhole(t *testing.T) {
	bugs := allBugs()
	require.GreaterOrEqual(t, len(bugs), fewestBugs)
	require.NoError(t, figures.Check(`bugs planted in the core, one at a time \| (\d+), all killed`, len(bugs)))
	require.NoError(t, figures.Check(`find a bug planted for them \| (\d+) of (\d+)`, len(canaries), len(canaries)))
	names, classes := map[string]bool{}, map[string]bool{}
	for _, b := range bugs {
		require.False(t, names[b.Name], b.Name)
		require.NotEqual(t, b.Old, b.New, b.Name)
		require.Contains(t, expected, b.Name, "go run ./fuzz/plant -update")
		names[b.Name], classes[b.Class] = true, true
	}
	for i := range 18 {
		require.True(t, classes[fmt.Sprintf("RFC 2525 2.%d", i+1)], "RFC 2525 2.%d", i+1)
	}
}

// A command line that leaves nothing to plant is a mistake, not a success.
func TestNothingToPlantIsAMistake(t *testing.T) {
	require.Equal(t, 2, run(options{cores: 1, only: "no such bug"}, io.Discard))
	for _, what := range []string{"edge", "round trip over loopback", "tcpstate/rtt.go"} {
		var listed strings.Builder
		require.Equal(t, 0, run(options{cores: 1, only: what, list: true}, &listed))
		require.Contains(t, listed.String(), "round trip over loopback of no time")
	}
}

// Every bug is code that compiles where it is planted: a change of the core that it no longer fits fails here, not only where all are tried.
func TestEveryPlantedBugCompiles(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here to build the bugs with")
	}
	overlay, err := weave(root(t), t.TempDir(), allBugs())
	require.NoError(t, err)
	cmd := exec.Command("go", "build", "-overlay", overlay, "./queue", "./tcpstate", "./sock")
	cmd.Dir = root(t)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// TestPlantedBugsAreKilled tries a sample, all in package queue; the command
// tries all. What changes nothing survives, or the verdicts would be worth nothing.
func TestPlantedBugsAreKilled(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here to build the tests with")
	}
	same := file{"queue/fifo.go", []bug{{"nothing", "", "", `q.list.Len() >= q.limit`, `!(q.list.Len() < q.limit)`}}}
	bugs := number(1, append([]file{same}, queueBugs[:2]...)...)
	dir := t.TempDir()
	overlay, err := weave(root(t), dir, bugs)
	require.NoError(t, err)
	h, err := woven.Build(context.Background(), root(t), dir, overlay, []woven.Killer{{Package: "queue", Run: "FIFO|Ranges"}})
	require.NoError(t, err)
	r := newReport(bugs, false)
	// The expected test of one of them is wrong: others kill it all the same.
	expect := map[string]woven.Test{bugs[1].Name: expected[bugs[1].Name], bugs[2].Name: {Package: "queue", Name: "TestRangesIsASetOfOffsets"}}
	require.NoError(t, tryEach(context.Background(), h, r, bugs, expect, 2))
	require.Equal(t, bugs[:1], r.survivors)
	require.Len(t, r.killed, len(bugs)-1)
	require.Equal(t, expected[bugs[1].Name], r.killed[bugs[1].Name])
	require.NotContains(t, r.astray, bugs[1].Name)
	require.Contains(t, r.astray, bugs[2].Name)
	var said strings.Builder
	r.summary(&said)
	require.Contains(t, said.String(), "no test notices bug 1, nothing (, queue/fifo.go)")
}
