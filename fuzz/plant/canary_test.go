package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var canaryFlag = flag.Bool("canary", false, "let each fuzz target look for its canary")

// Every fuzz target of the module has a canary, whose text is there to be replaced.
func TestEveryTargetHasACanary(t *testing.T) {
	list, err := os.ReadFile(filepath.Join(root(t), "fuzz", "fleet", "targets.txt"))
	require.NoError(t, err)
	for line := range strings.Lines(string(list)) {
		dir, rest, _ := strings.Cut(line, " ")
		target, _, _ := strings.Cut(rest, " ")
		require.True(t, slices.ContainsFunc(canaries, func(c canary) bool { return c.Package == dir && c.Target == target }), "%s has none", target)
	}
	_, err = weave(root(t), t.TempDir(), numberedCanaries())
	require.NoError(t, err)
}

// TestCanariesAreFound: a fuzz target finds the bug that was planted for it,
// within canaryTime, with the seeds that it has.
func TestCanariesAreFound(t *testing.T) {
	if !*canaryFlag {
		t.Skip("run by a flag: -canary, some minutes")
	}
	dir := t.TempDir()
	overlay, err := weave(root(t), dir, numberedCanaries())
	require.NoError(t, err)
	var built []string
	for i, c := range canaries {
		t.Run(c.Target, func(t *testing.T) {
			bin := filepath.Join(dir, strings.ReplaceAll(c.Package, "/", "_")+".test")
			if !slices.Contains(built, bin) {
				require.NoError(t, buildCanary(context.Background(), root(t), overlay, c.Package, bin))
				built = append(built, bin)
			}
			begun := time.Now()
			found, bySeeds, out, err := c.find(context.Background(), root(t), bin, t.TempDir(), i)
			require.NoError(t, err)
			require.True(t, found, "%s does not find: %s\n%s", c.Target, c.Name, out)
			how := "by mutation"
			if bySeeds {
				how = "by a seed"
			}
			t.Logf("%s in %.1f s: %s", how, time.Since(begun).Seconds(), c.Name)
		})
	}
}
