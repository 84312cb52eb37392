package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/fuzz/figures"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// standIn is the model in the place of the live kernel: on both, every script passes.
type standIn struct{ model.Stack }

func (standIn) Name() string { return "linux" }

// shownStacks are those of the README's samples.
func shownStacks() []stackEntry { return append([]stackEntry{{standIn{}, true}}, foreignStacks...) }

// sample is a command that the README shows, and what it prints.
type sample struct {
	args  []string
	shown string
}

var (
	console = regexp.MustCompile("(?ms)^```console\n\\$ go run ./cmd/sockspec ([^\n]*)\n(.*?)^```\n((?:[^`\n][^\n]*\n|\n){0,6}?```\n.*?^```\n)?")
	took    = regexp.MustCompile(`in [0-9.ms]+s\b`)
	spaces  = regexp.MustCompile(` +`) // how many depends on the longest name of all
	// gVisor's netstack has goroutines of its own: a script may pass in one run and differ in the next.
	unsteady = regexp.MustCompile(`(?m)(gvisor +|Linux: |skipped, |^)\d+ (passed, +\d+ differ|of \d+ scripts|diverged|passed, \d+ failed, \d+ skipped, \d+ diverged)`)
	quoted   = regexp.MustCompile(`'[^']*'|\S+`)
)

// readmeSamples are the commands with output, which comes in the same block or in the next one.
func readmeSamples(text string) (all []sample) {
	for _, m := range console.FindAllStringSubmatch(text, -1) {
		shown := m[2]
		if _, block, ok := strings.Cut(m[3], "```\n"); shown == "" && ok {
			shown = strings.TrimSuffix(block, "```\n")
		}
		args := quoted.FindAllString(m[1], -1)
		for i := range args {
			args[i] = strings.Trim(args[i], "'")
		}
		all = append(all, sample{args, shown})
	}
	return all
}

// missing is the first part of what is shown, from one "…" to the next, that was not printed in its order; "" if all were.
func (s sample) missing(printed string) string {
	plain := func(text string) string {
		return spaces.ReplaceAllString(unsteady.ReplaceAllString(took.ReplaceAllString(text, "in …"), "$1…"), " ")
	}
	have := strings.Split(plain(printed), "\n")
	for part := range strings.SplitSeq("\n"+plain(s.shown), "\n…") {
		want, at := strings.Split(strings.Trim(part, "\n"), "\n"), 0
		if want[0] == "" {
			continue // nothing between two gaps
		}
		for at+len(want) <= len(have) && !slices.Equal(have[at:at+len(want)], want) {
			at++
		}
		if at+len(want) > len(have) {
			return strings.Join(want, "\n")
		}
		have = have[at+len(want):]
	}
	return ""
}

// TestReadmeSamples: what the README shows of a command's output is what the command prints today.
func TestReadmeSamples(t *testing.T) {
	if len(foreignStacks) == 0 {
		t.Skip("gVisor's netstack is not built for this processor")
	}
	t.Chdir("../..") // as the README runs them
	_, text, err := figures.Readme()
	require.NoError(t, err)
	all := readmeSamples(text)
	require.GreaterOrEqual(t, len(all), 6)
	for _, s := range all {
		if s.args[0] == "campaign" {
			continue // a history's end may differ from run to run: gVisor's netstack has goroutines of its own
		}
		t.Run(s.args[0], func(t *testing.T) {
			require.NotEmpty(t, s.shown)
			if s.args[0] == "explore" { // a shortest way is found soon, all states are not
				s.args = append(s.args, "--states", "2000")
			}
			got := sockspec(t, shownStacks(), s.args...)
			require.Empty(t, s.missing(got.stdout), "sockspec %s prints something else; its end is\n%s", strings.Join(s.args, " "), end(got.stdout+got.stderr))
		})
	}
}

// groups are what the groups of re hold in what was printed.
func groups(printed, re string) (all []any) {
	for i, figure := range regexp.MustCompile(re).FindStringSubmatch(printed) {
		if i > 0 {
			all = append(all, figure)
		}
	}
	return all
}

// end is the last of a text.
func end(text string) string { return text[max(len(text)-2000, 0):] }

// A sample that is not so any more is found out, whatever comes between its parts.
func TestSamplesAreHeldToTheirOrder(t *testing.T) {
	s := sample{shown: "…\nb\nc, in 7ms\n…\ne\n"}
	require.Empty(t, s.missing("a\nb\nc, in 1m2.3s\nd\ne\nf\n"))
	require.Equal(t, "b\nc, in …", s.missing("b\nd\nc, in 7ms\ne\n"))
	require.Equal(t, "e", s.missing("e\nb\nc, in 7ms\n"))
	require.Len(t, readmeSamples("```console\n$ go run ./cmd/sockspec run -v 'a b'\nout\n```\n"), 1)
}

// TestReadmeFigures: what this package can count, the README says.
func TestReadmeFigures(t *testing.T) {
	edges := len(tcpstate.Edges())
	require.NoError(t, figures.Check(`(\d+) of (\d+) edges, all (\d+) rules`, edges, edges, len(rule.All())))
}

// The figures of the comparison that the README begins with.
func TestReadmeComparison(t *testing.T) {
	if len(foreignStacks) == 0 {
		t.Skip("gVisor's netstack is not built for this processor")
	}
	out := sockspec(t, shownStacks(), "check").stdout
	for _, line := range []string{
		`model +(\d+) passed,`, `linux +(\d+) passed,`,
		`Where gvisor differs from Linux: \d+ of (\d+) scripts`,
		`gvisor +\d+ passed, +\d+ differ, +(\d+) skipped`,
	} {
		want := groups(out, line)
		require.NotEmpty(t, want, "%s in %s", line, end(out))
		require.NoError(t, figures.Check(line, want...))
	}
}
