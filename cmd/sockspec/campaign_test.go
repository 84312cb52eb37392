package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/script"
)

// TestCampaignOfLikeStacks: a stack that does as the model does differs in no history.
func TestCampaignOfLikeStacks(t *testing.T) {
	got := sockspec(t, []stackEntry{{twin{}, false}}, "campaign", "--stack", "twin", "--histories", "300")
	require.Equal(t, exitOK, got.code, got.stdout)
	require.Regexp(t, `^twin: 0 histories differ, in 0 ways; 300 histories, \d{4} calls, \d{4} packets and \d{3,4} pauses compared(; \d ended by a timer that came between)?\n$`, got.stdout)
	require.Empty(t, got.stderr)
}

// TestCampaignFindsWhatAStackDoesOtherwise: each difference once, as short as can be, as a script that parses, on paper and on disk.
func TestCampaignFindsWhatAStackDoesOtherwise(t *testing.T) {
	dir := t.TempDir()
	got := sockspec(t, []stackEntry{{odd{}, false}}, "campaign", "--stack", "odd", "--kind", "tcp4", "--histories", "200", "--findings", "2", "--workers", "1", "--out", dir)
	require.Equal(t, exitFailed, got.code, got.stdout)
	require.Contains(t, got.stdout, "packets: odd sends nothing, the model sends 8080>192.0.2.1:5000 R.")
	require.Regexp(t, `^odd: \d+ histories differ, in [12] ways; `, last(got.stdout))
	seeds := regexp.MustCompile(`(?m)^DIFF seed \d+`).FindAllString(got.stdout, -1)
	require.True(t, strings.HasPrefix(last(got.stdout), fmt.Sprintf("odd: %d histories", len(seeds))), "each is told of, be it like another")
	files, err := filepath.Glob(filepath.Join(dir, "seed-*.pkt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		require.Contains(t, got.stdout, string(text))
		s, err := script.Parse(f, text)
		require.NoError(t, err)
		require.Less(t, len(s.Events), 12, "%s", text)
	}
}

// TestCampaignIgnores: what matches is not compared; and the same number is the same history.
func TestCampaignIgnores(t *testing.T) {
	args := []string{"campaign", "--stack", "odd", "--kind", "tcp4", "--histories", "100", "--workers", "1"}
	all := sockspec(t, []stackEntry{{odd{}, false}}, args...)
	require.Equal(t, all, sockspec(t, []stackEntry{{odd{}, false}}, args...))
	got := sockspec(t, []stackEntry{{odd{}, false}}, append(args, "--ignore", ".+")...)
	require.Less(t, len(got.stdout), len(all.stdout))
}

// TestCampaignPlaysListsOfFuzzTargets: --from picks where histories come from, and what such a list shows comes out as a script.
func TestCampaignPlaysListsOfFuzzTargets(t *testing.T) {
	for _, from := range originNames() {
		got := sockspec(t, []stackEntry{{odd{}, false}}, "campaign", "--stack", "odd", "--from", from, "--histories", "60", "--findings", "1", "--workers", "1")
		require.Equal(t, exitFailed, got.code, got.stdout)
		require.Contains(t, got.stdout, "// Found by random calls", from)
	}
}

// TestCampaignStops on Ctrl-C with what it has.
func TestCampaignStops(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	got := sockspecContext(t, ctx, []stackEntry{{stopping{stop: stop}, false}}, "campaign", "--stack", "stopping", "--workers", "1")
	require.Equal(t, exitInterrupted, got.code)
	require.Regexp(t, `^stopping: 0 histories differ, in 0 ways; 1 histories`, got.stdout)
	require.Equal(t, "interrupted after 1 histories\n", got.stderr)
}

// TestCampaignMisuse: what is wrong with the command line is told beside what is right.
func TestCampaignMisuse(t *testing.T) {
	for want, args := range map[string][]string{
		"the others are compared with it":                   {"--stack", "model"},
		`no stack "nosuch"`:                                 {"--stack", "nosuch"},
		`no kind of socket "nosuch"`:                        {"--stack", "odd", "--kind", "nosuch"},
		"--ignore: error parsing regexp":                    {"--stack", "odd", "--ignore", "("},
		`no histories from "nosuch"`:                        {"--stack", "odd", "--from", "nosuch"},
		"--kind is about histories from calls":              {"--stack", "odd", "--from", "FuzzConn", "--kind", "tcp4"},
		"--findings is 1 or more":                           {"--stack", "odd", "--findings", "0"},
		"--workers 0 to 256":                                {"--stack", "odd", "--workers", "257"},
		"absent: cannot run here: no such machine; buy one": {"--stack", "absent"},
		"not a directory":                                   {"--stack", "odd", "--out", "campaign_test.go"},
	} {
		got := sockspec(t, []stackEntry{{odd{}, false}, {absent{}, false}}, append([]string{"campaign"}, args...)...)
		require.Equal(t, exitMisuse, got.code, args)
		require.Contains(t, got.stderr, want)
		require.Empty(t, got.stdout)
	}
}
