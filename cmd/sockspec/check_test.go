package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
)

// TestCheckDivergence: what another stack does otherwise is shown with place, behaviour, both sides and the rule, and is no failure.
func TestCheckDivergence(t *testing.T) {
	dir := scripts(t, map[string]string{"listen/synack.pkt": passing})
	got := sockspec(t, []stackEntry{{odd{}, false}}, "check", dir)
	require.Equal(t, exitOK, got.code, got.stderr)
	path := filepath.Join(dir, "listen", "synack.pkt")
	for _, want := range []string{
		"model       odd\n",
		"\n  synack",
		"pass        differs\n",
		"Where odd differs from Linux: 1 of 1 scripts",
		"odd " + path + ":6: packet\n",
		"\n  A listener answers SYN with SYN-ACK (RFC 9293 3.10.7.2)\n",
		"\n  expected      S. 0:0(0) ack 1 <...>\n",
		"\n  came          no packet\n",
		"\n  Linux's rule  syn-ack-sent: ",
		"\n    1  no packet of syn-ack-sent: ",
		"\nmodel     1 passed,    0 failed,    0 skipped, in ",
		"\nodd       0 passed,    1 differ,    0 skipped, in ",
	} {
		require.Contains(t, got.stdout, want)
	}
	require.NotContains(t, got.stdout, "Mistakes")
	require.Equal(t, "1 passed, 0 failed, 0 skipped, 1 diverged", last(got.stdout))
}

// TestCheckMistake: a script that Linux itself does not pass is a failure.
func TestCheckMistake(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": failing})
	got := sockspec(t, nil, "check", dir)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stdout, "Mistakes: ")
	require.Contains(t, got.stdout, "FAIL\n")
	require.Equal(t, "0 passed, 1 failed, 0 skipped, 0 diverged", last(got.stdout))
}

// TestCheckAbsentStack: the line of a stack that cannot run says why, and the rest runs.
func TestCheckAbsentStack(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": passing, "y.pkt": skipped})
	got := sockspec(t, []stackEntry{{absent{}, true}, {odd{}, false}}, "check", dir)
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stdout, "\nabsent  not available here: no such machine; buy one\n")
	require.Contains(t, got.stdout, "What model cannot run, and why")
	require.Contains(t, got.stdout, "sendfile")
	require.Equal(t, "1 passed, 0 failed, 2 skipped, 1 diverged", last(got.stdout))
}

// TestCheckStacks: --stack chooses what stands beside the model.
func TestCheckStacks(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": passing})
	stacks := []stackEntry{{absent{}, true}, {odd{}, false}}
	got := sockspec(t, stacks, "check", "--stack", "odd", dir)
	require.Contains(t, got.stdout, "odd")
	require.NotContains(t, got.stdout, "absent")
	got = sockspec(t, stacks, "check", "--stack", "model", dir)
	require.NotContains(t, got.stdout, "odd")
}

// TestCheckBundledSuite: the suite travels inside the program, parses, and runs on the model wherever the program is called.
func TestCheckBundledSuite(t *testing.T) {
	t.Chdir(t.TempDir())
	got := sockspec(t, nil, "check")
	require.Contains(t, []int{exitOK, exitFailed}, got.code, got.stderr)
	require.Empty(t, got.stderr)
	require.Contains(t, got.stdout, "\nlisten ")
	require.Regexp(t, `\d\d\d passed, \d+ failed, \d+ skipped, 0 diverged\n$`, got.stdout)
}

// TestCheckSyntaxError: a script with a mistake is reported and left out.
func TestCheckSyntaxError(t *testing.T) {
	dir := scripts(t, map[string]string{"x.pkt": passing, "y.pkt": broken})
	got := sockspec(t, nil, "check", dir)
	require.Equal(t, exitMisuse, got.code)
	require.Contains(t, got.stderr, "y.pkt:3:")
	require.Equal(t, "1 passed, 0 failed, 0 skipped, 0 diverged", last(got.stdout))
}

// TestCheckOut: all files of the report are there and can be read by what reads such files.
func TestCheckOut(t *testing.T) {
	dir := scripts(t, map[string]string{"listen/synack.pkt": passing, "listen/bad.pkt": failing})
	out := filepath.Join(t.TempDir(), "new", "report")
	t.Chdir(dir)
	got := sockspec(t, []stackEntry{{odd{}, false}}, "check", "--out", out, "listen")
	require.Equal(t, exitFailed, got.code, got.stderr)
	require.Contains(t, got.stdout, "Report: "+filepath.Join(out, "report.html"))

	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "captures/odd/listen/synack.pcapng")

	text, err := os.ReadFile(filepath.Join(out, "junit.xml"))
	require.NoError(t, err)
	var suites junit.Testsuites
	require.NoError(t, xml.Unmarshal(text, &suites))
	require.Equal(t, 4, suites.Tests)
	require.Equal(t, 3, suites.Failures) // bad.pkt on both, synack.pkt on odd

	capture, err := os.ReadFile(filepath.Join(out, "captures", "odd", "listen", "synack.pcapng"))
	require.NoError(t, err)
	packets, err := packetio.ReadCapture(bytes.NewReader(capture))
	require.NoError(t, err)
	require.Len(t, packets, 1)
	require.Equal(t, "script line 5", packets[0].Comment)
	require.FileExists(t, filepath.Join(out, "captures", "model", "listen", "bad.pcapng"))
}

// TestRules: the table, a part of it, and one rule with the scripts that show it.
func TestRules(t *testing.T) {
	all := sockspec(t, nil, "rules")
	require.Equal(t, exitOK, all.code)
	require.Greater(t, len(lines(all.stdout)), 100)
	some := sockspec(t, nil, "rules", "CHALLENGE")
	require.Contains(t, some.stdout, "challenge-ack-syn")
	require.Less(t, len(lines(some.stdout)), 20)
	one := sockspec(t, nil, "rules", "syn-ack-sent")
	require.Contains(t, one.stdout, "\n  RFC    9293 3.10.7.2\n")
	require.Regexp(t, `\n  shown  \S+\.pkt: `, one.stdout)
}

// TestStates: both drawings hold every edge of the table.
func TestStates(t *testing.T) {
	mermaid, dot := sockspec(t, nil, "states"), sockspec(t, nil, "states", "--format", "dot")
	require.Contains(t, mermaid.stdout, "    LISTEN --> CLOSED: close()\n")
	require.Contains(t, dot.stdout, `    "LISTEN" -> "CLOSED" [label="close()"];`)
	require.Equal(t, len(tcpstate.Edges()), strings.Count(dot.stdout, "->"))
	require.Equal(t, len(tcpstate.Edges())+1, strings.Count(mermaid.stdout, "-->"))
}

// TestReadmeDiagram: the README's state diagram is what the table says today.
func TestReadmeDiagram(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "```mermaid\n")
	require.True(t, ok, "README.md has no mermaid block: put the output of `sockspec states` there")
	block, _, _ := strings.Cut(rest, "```")
	require.Equal(t, sockspec(t, nil, "states").stdout, block, "put the output of `sockspec states` into README.md")
}
