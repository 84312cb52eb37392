package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func lines(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") }

func last(s string) string {
	l := lines(s)
	return l[len(l)-1]
}

// TestRunVerdicts: each kind of script has its line, the last line is the summary, and the exit code tells the worst.
func TestRunVerdicts(t *testing.T) {
	dir := scripts(t, map[string]string{"b/good.pkt": passing, "a/bad.pkt": failing, "c/skip.pkt": skipped, "c/notes.txt": "not one"})
	got := sockspec(t, nil, "run", dir)
	require.Equal(t, exitFailed, got.code)
	require.Empty(t, got.stderr)
	l := lines(got.stdout)
	require.Len(t, l, 3)
	bad := filepath.Join(dir, "a", "bad.pkt")
	require.True(t, strings.HasPrefix(l[0], "FAIL "+bad+":6: tcp_ack_seq: expected S. 0:0(0) ack 2"), l[0])
	require.Contains(t, l[0], "got S. 0:0(0) ack 1")
	require.Contains(t, l[0], "; rule syn-ack-sent: ")
	require.Contains(t, l[0], "RFC 9293 3.10.7.2")
	require.True(t, strings.HasPrefix(l[1], "SKIP "+filepath.Join(dir, "c", "skip.pkt")+": "), l[1])
	require.Contains(t, l[1], "sendfile")
	require.Equal(t, "1 passed, 1 failed, 1 skipped", l[2])
}

// TestRunPasses: a success says nothing but the summary.
func TestRunPasses(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": passing})
	got := sockspec(t, nil, "run", "--tolerance", "0", "--profile", "linux", "-D", "X=1,2", dir, filepath.Join(dir, "x.pkt"))
	require.Equal(t, outcome{exitOK, "1 passed, 0 failed, 0 skipped\n", ""}, got)
}

// TestRunDefines: a definition on the command line reaches the script.
func TestRunDefines(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": strings.Replace(passing, "ack 1", "ack WANT", 1)})
	require.Equal(t, exitOK, sockspec(t, nil, "run", "-DWANT=1", dir).code)
	require.Equal(t, exitFailed, sockspec(t, nil, "run", "--define", "WANT=2", dir).code)
}

// TestRunSyntaxError: a mistake shows its place, what was expected and the line with a caret, and does not stop the others.
func TestRunSyntaxError(t *testing.T) {
	dir := scripts(t, map[string]string{"broken.pkt": broken, "good.pkt": passing, "worse.pkt": failing})
	got := sockspec(t, nil, "run", dir)
	require.Equal(t, exitMisuse, got.code)
	require.Contains(t, got.stderr, filepath.Join(dir, "broken.pkt")+":3:")
	require.Contains(t, got.stderr, "expected ")
	require.Contains(t, got.stderr, "\n+0 bind(3, ..., = 0\n")
	require.Contains(t, got.stderr, "^\n")
	require.Equal(t, "1 passed, 1 failed, 0 skipped", last(got.stdout))
}

// TestRunBadOption: an option without sense is a mistake of the script's like one of syntax, not a failure of the stack.
func TestRunBadOption(t *testing.T) {
	for _, option := range []string{"--tolerance_usecs=abc", "--ip_version=ipv9", "--bind_port=99999", "--local_ip=300.1.1.1",
		"--mtu=0", "--tolerance_percent=NaN"} {
		dir := scripts(t, map[string]string{"bad.pkt": "// Title\n" + option + "\n" + passing, "good.pkt": passing})
		for _, command := range []string{"run", "check"} {
			got := sockspec(t, nil, command, dir)
			require.Equal(t, exitMisuse, got.code, got.stderr)
			require.Contains(t, got.stderr, "bad.pkt:2:1: found "+option+", expected ")
			require.Contains(t, got.stderr, "\n"+option+"\n^\n")
			require.True(t, strings.HasPrefix(last(got.stdout), "1 passed, 0 failed, 0 skipped"), got.stdout)
		}
	}
}

// TestRunUnknownName: a suite full of typos is not green.
func TestRunUnknownName(t *testing.T) {
	dir := scripts(t, map[string]string{"call.pkt": misspelt, "good.pkt": passing, "option.pkt": "--mtuu=1500\n" + passing})
	for _, command := range []string{"run", "check"} {
		got := sockspec(t, nil, command, dir)
		require.Equal(t, exitMisuse, got.code, got.stderr)
		require.Contains(t, got.stderr, "call.pkt:2:3: found call launch_missiles, expected ")
		require.Contains(t, got.stderr, "; did you mean --mtu?\n")
		require.True(t, strings.HasPrefix(last(got.stdout), "1 passed, 0 failed, 0 skipped"), got.stdout)
	}
}

// TestBrokenLine: one has, several have.
func TestBrokenLine(t *testing.T) {
	require.Equal(t, "1 of 1 script has a mistake and does not run", brokenLine(1, 1))
	require.Equal(t, "1 of 3 scripts has a mistake and does not run", brokenLine(1, 3))
	require.Equal(t, "2 of 3 scripts have mistakes and do not run", brokenLine(2, 3))
}

// TestRunAbsentStack: a stack that cannot run skips every script and says why and what would help.
func TestRunAbsentStack(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": passing})
	got := sockspec(t, []stackEntry{{absent{}, false}}, "run", "--stack", "absent", dir)
	require.Equal(t, exitOK, got.code)
	require.Equal(t, []string{"SKIP " + filepath.Join(dir, "x.pkt") + ": no such machine; buy one", "0 passed, 0 failed, 1 skipped"},
		lines(got.stdout))
}

// TestRunForeignFailureNamesLinuxRule: a stack that names no rules has its failures explained by the model's.
func TestRunForeignFailureNamesLinuxRule(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": passing})
	got := sockspec(t, []stackEntry{{odd{}, false}}, "run", "--stack", "odd", dir)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, lines(got.stdout)[0], "got no packet; Linux's rule syn-ack-sent: ")
	got = sockspec(t, []stackEntry{{odd{}, true}}, "run", "--stack", "odd", dir)
	require.NotContains(t, lines(got.stdout)[0], "rule", "one that is Linux and names no rules has none to print")
}

// TestRunVerbose: the trace is in script syntax, with the rules.
func TestRunVerbose(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": passing})
	got := sockspec(t, nil, "run", "-v", dir)
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stdout, "PASS "+filepath.Join(dir, "x.pkt")+"\n  0.000000 < S 0:0(0) win 1000 <mss 1000>\n")
	require.Regexp(t, `\n  0\.000000 > S\. 0:0\(0\) ack 1 win \d+ <mss 1460> +//@syn-ack-sent\n`, got.stdout)
}

// TestRunJSON: every line of standard output is an object of the documented shape; the summary is on standard error.
func TestRunJSON(t *testing.T) {
	dir := scripts(t, map[string]string{"a.pkt": failing, "b.pkt": passing, "c.pkt": skipped})
	got := sockspec(t, nil, "run", "--json", dir)
	require.Equal(t, exitFailed, got.code)
	require.Equal(t, "1 passed, 1 failed, 1 skipped\n", got.stderr)
	var recs []map[string]any
	for _, l := range lines(got.stdout) {
		var rec map[string]any
		require.NoError(t, json.Unmarshal([]byte(l), &rec), l)
		recs = append(recs, rec)
	}
	require.Len(t, recs, 3)
	require.Equal(t, "fail", recs[0]["verdict"])
	require.Equal(t, filepath.Join(dir, "a.pkt"), recs[0]["path"])
	require.Equal(t, "model", recs[0]["stack"])
	require.EqualValues(t, 6, recs[0]["line"])
	require.Equal(t, "S. 0:0(0) ack 2 <...>", recs[0]["expected"])
	require.Contains(t, recs[0]["got"], "S. 0:0(0) ack 1")
	require.Equal(t, []any{"syn-ack-sent"}, recs[0]["why"])
	require.Contains(t, recs[0], "elapsed")
	require.Equal(t, "pass", recs[1]["verdict"])
	require.NotContains(t, recs[1], "line")
	require.Equal(t, "skip", recs[2]["verdict"])
	require.Contains(t, recs[2]["reason"], "sendfile")
}

// TestRunInterrupted: what had run by then is printed, the summary too, and the exit code is the shell's for SIGINT.
func TestRunInterrupted(t *testing.T) {
	dir := scripts(t, map[string]string{"a.pkt": passing, "b.pkt": passing, "c.pkt": passing})
	ctx, cancel := context.WithCancel(context.Background())
	got := sockspecContext(t, ctx, []stackEntry{{stopping{stop: cancel}, false}}, "run", "--stack", "stopping", dir)
	require.Equal(t, exitInterrupted, got.code)
	require.Contains(t, got.stderr, "interrupted: 3 of 3 scripts did not run")
	require.Equal(t, "0 passed, 0 failed, 0 skipped", last(got.stdout))
}
