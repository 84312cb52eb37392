package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMatrixOfTheModel: the model agrees with Linux, and the last line says in how many cells.
func TestMatrixOfTheModel(t *testing.T) {
	got := sockspec(t, nil, "matrix", "--kind", "tcp6")
	require.Equal(t, exitOK, got.code, got.stdout)
	require.Empty(t, got.stderr)
	require.Regexp(t, `^model: \d{4} agree with Linux 6\.\d+\S*, 0 differ.*, 0 skipped$`, last(got.stdout))
}

// TestMatrixNamesEachDifference: call, kind, state, what Linux does and what the stack does; each stack has its last line.
func TestMatrixNamesEachDifference(t *testing.T) {
	got := sockspec(t, []stackEntry{{odd{}, false}}, "matrix", "--stack", "odd", "--stack", "model", "--kind", "tcp46")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stdout, `DIFF tcp46, listen-1, accept nonblock: Linux = fd @[::ffff:192.0.2.1]:5000/28; odd = -1 EAGAIN`+"\n")
	l := lines(got.stdout)
	require.Regexp(t, `^model: \d+ agree`, l[len(l)-2])
	require.Regexp(t, `^odd: \d+ agree with Linux \S+, \d+ differ, 0 skipped$`, l[len(l)-1])
}

// TestMatrixJSON: every line of standard output is a cell of the documented shape.
func TestMatrixJSON(t *testing.T) {
	got := sockspec(t, []stackEntry{{odd{}, false}}, "matrix", "--stack", "odd", "--kind", "tcp46", "--json")
	require.Equal(t, exitFailed, got.code)
	require.Regexp(t, `^odd: `, got.stderr)
	verdicts := map[string]int{}
	for _, l := range lines(got.stdout) {
		var rec map[string]string
		require.NoError(t, json.Unmarshal([]byte(l), &rec), l)
		verdicts[rec["verdict"]]++
		for _, key := range []string{"stack", "kind", "state", "call", "linux", "got"} {
			require.NotEmpty(t, rec[key], l)
		}
	}
	require.Positive(t, verdicts["agree"])
	require.Positive(t, verdicts["differ"])
}

// TestMatrixAbsentStack: a stack that cannot run says why; that is no failure.
func TestMatrixAbsentStack(t *testing.T) {
	got := sockspec(t, []stackEntry{{absent{}, false}}, "matrix", "--stack", "absent")
	require.Equal(t, outcome{exitOK, "absent: cannot run here: no such machine; buy one\n", ""}, got)
}

// TestMatrixMisuse: wrong names are told beside the right ones.
func TestMatrixMisuse(t *testing.T) {
	for _, args := range [][]string{{"--stack", "nosuch"}, {"--kind", "nosuch"}, {"extra"}} {
		got := sockspec(t, nil, append([]string{"matrix"}, args...)...)
		require.Equal(t, exitMisuse, got.code)
		require.Contains(t, got.stderr, args[len(args)-1])
		require.Empty(t, got.stdout)
	}
}

// TestMatrixInterrupted: what had run by then is counted, and the exit code is the shell's for SIGINT.
func TestMatrixInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	got := sockspecContext(t, ctx, []stackEntry{{stopping{stop: cancel}, false}}, "matrix", "--stack", "stopping", "--kind", "tcp4")
	require.Equal(t, exitInterrupted, got.code)
	require.Regexp(t, `^interrupted: \d+ of \d+ cells did not run\n$`, got.stderr)
	require.True(t, strings.HasPrefix(last(got.stdout), "stopping: "), got.stdout)
}
