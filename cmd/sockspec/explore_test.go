package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExplorePrintsWhatItWalkedAndAShortestWay(t *testing.T) {
	got := sockspec(t, nil, "explore", "--states", "3000", "--scenario", "handshake", "--show", "SYN-SENT:ESTABLISHED", "--show", "syn-cookie")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "3000 states in ")
	require.Contains(t, got.stdout, "SYN-SENT:ESTABLISHED, in scenario handshake, by 3 moves:\ntwo ends\n  0: connect\n")
	require.Contains(t, got.stdout, "syn-cookie: no way found within these bounds")
}

// The same walk comes to the same result, whoever does it.
func TestExploreAsJSON(t *testing.T) {
	var one, two exploreRecord
	for workers, r := range map[string]*exploreRecord{"1": &one, "3": &two} {
		got := sockspec(t, nil, "explore", "--states", "2000", "--scenario", "backlog", "--scenario", "crossing", "--workers", workers, "--json")
		require.Equal(t, exitOK, got.code, got.stderr)
		require.NoError(t, json.Unmarshal([]byte(got.stdout), r))
		r.Seconds, r.Octets = 0, 0
		for i := range r.Walks {
			r.Walks[i].Seconds, r.Walks[i].Octets = 0, 0
		}
	}
	require.Equal(t, one, two)
	require.Equal(t, 2000, one.States)
	require.Len(t, one.Walks, 2)
}

// All that is printed for people is there for programs, and ways as lists of moves.
func TestExploreAsJSONHasWaysAndWhatIsShown(t *testing.T) {
	got := sockspec(t, nil, "explore", "--states", "3000", "--scenario", "handshake", "--json",
		"--show", "SYN-SENT:ESTABLISHED", "--show", "syn-cookie", "--show", "user-close")
	require.Equal(t, exitOK, got.code, got.stderr)
	var r exploreRecord
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &r))
	require.Contains(t, r.Pairs, "CLOSED:LISTEN")
	require.Contains(t, r.Diagram, "SYN-SENT")
	require.Positive(t, r.Octets)
	require.Equal(t, r.Walks[0].Octets, r.Octets)
	require.Len(t, r.Ways, r.Edges)
	require.Equal(t, exploreWay{To: "CLOSED:LISTEN", Scenario: "handshake", Start: "two ends", Moves: []string{}}, r.Ways[0])
	require.Equal(t, exploreWay{To: "CLOSED:SYN-SENT", Scenario: "handshake", Start: "two ends", Moves: []string{"0: connect"}}, r.Ways[1])
	require.Len(t, r.Show, 3)
	require.Equal(t, "SYN-SENT:ESTABLISHED", r.Show[0].To)
	require.Equal(t, "0: connect", r.Show[0].Moves[0])
	require.Len(t, r.Show[0].Moves, 3)
	require.Contains(t, r.Show[0].Script, "> c1: S 0:0(0)")
	require.Equal(t, exploreWay{To: "syn-cookie", Unsaid: "no way found within these bounds"}, r.Show[1])
	require.NotEmpty(t, r.Show[2].Moves)
}

// The summary says what was walked to its end, how far the rest was, and what was not begun.
func TestExploreSaysHowFarItCame(t *testing.T) {
	got := sockspec(t, nil, "explore", "--states", "2", "--scenario", "limits", "--scenario", "messages", "--scenario", "cookies")
	require.Regexp(t, `\nin part, so many moves deep: messages \(0\), cookies \(0\)\nnot begun: limits\n`, got.stdout)
	require.NotContains(t, got.stdout, "not reached", "what the scenarios left out have is not missed")
	got = sockspec(t, nil, "explore", "--states", "2")
	require.Contains(t, got.stdout, "not reached: syn-cookie, within these bounds\n")
	got = sockspec(t, nil, "explore", "--states", "800", "--scenario", "limits", "--scenario", "messages", "--scenario", "cookies")
	require.Regexp(t, `\nwalked to the end: messages\nin part, so many moves deep: limits \(\d\), cookies \(\d\)\nstates of`, got.stdout)
}

// A walk without a bound is only for what ends.
func TestExploreWithoutABoundNeedsScenariosThatEnd(t *testing.T) {
	for _, args := range [][]string{nil, {"--scenario", "limits", "--scenario", "rare"}} {
		got := sockspecContext(t, &impatient{Context: context.Background()}, nil, append([]string{"explore", "--states", "0"}, args...)...)
		require.Equal(t, exitMisuse, got.code)
		require.Regexp(t, "no end is known of (handshake|rare).*choose of those that end: fragments, limits, ", got.stderr)
	}
	got := sockspec(t, nil, "explore", "--states", "0", "--scenario", "limits")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "all there are")
	got = sockspec(t, nil, "explore", "--states", "0", "--depth", "2", "--scenario", "handshake")
	require.Equal(t, exitOK, got.code, got.stderr)
}

// impatient is a context that is cancelled when it was asked so often.
type impatient struct {
	context.Context
	left int
}

func (c *impatient) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Where nothing can be written, nothing is walked.
func TestExploreLooksAtItsDirectoryFirst(t *testing.T) {
	ctx := &impatient{Context: context.Background()}
	got := sockspecContext(t, ctx, nil, "explore", "--states", "500", "--scenario", "handshake", "--out", filepath.Join(os.DevNull, "x"))
	require.Equal(t, exitMisuse, got.code)
	require.Contains(t, got.stderr, "mkdir ")
	require.Zero(t, ctx.left, "it walked")
}

// A script that cannot be written costs nothing of what was walked.
func TestExploreReportsThoughAScriptCannotBeWritten(t *testing.T) {
	for _, flags := range [][]string{nil, {"--json"}} {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "edge-CLOSED-SYN_SENT.pkt"), 0o755))
		got := sockspec(t, nil, append([]string{"explore", "--states", "500", "--scenario", "handshake", "--out", dir}, flags...)...)
		require.Equal(t, exitMisuse, got.code)
		require.Contains(t, got.stderr, "is a directory")
		require.Contains(t, got.stdout, "500")
	}
}

// After an interrupt, scripts of what was walked by then are written all the same.
func TestExploreWritesScriptsAfterAnInterrupt(t *testing.T) {
	dir := t.TempDir()
	got := sockspecContext(t, &impatient{context.Background(), 8}, nil, "explore", "--states", "100000", "--scenario", "handshake", "--out", dir)
	require.Equal(t, exitInterrupted, got.code)
	require.Contains(t, got.stderr, "interrupted after ")
	require.Contains(t, got.stdout, "an interrupt")
	require.NotContains(t, got.stderr, "scripts of 0 edges")
	require.FileExists(t, filepath.Join(dir, "edge-SYN_SENT-ESTABLISHED.pkt"))
}

func TestExploreEndsAtAnInterruptWithWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got := sockspecContext(t, ctx, nil, "explore")
	require.Equal(t, exitInterrupted, got.code)
	require.Contains(t, got.stderr, "interrupted after ")
	require.Contains(t, got.stdout, "an interrupt")
}
