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

var (
	canaryFlag  = flag.Bool("canary", false, "let each fuzz target look for its canary")
	deepFlag    = flag.Bool("deep", false, "with -canary, those too that no seed shows")
	storiesFlag = flag.Bool("stories", false, "show what each target tells of its canary")
)

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
// within canaryTime, with the seeds that it has. It tells a story of what it
// found, whose test, if it prints one, fails with the bug and passes without;
// and whose scripts, if it prints any, can be read.
func TestCanariesAreFound(t *testing.T) {
	if !*canaryFlag {
		t.Skip("run by a flag: -canary, some minutes")
	}
	dir := t.TempDir()
	overlay, err := weave(root(t), dir, numberedCanaries())
	require.NoError(t, err)
	built, told := map[string]string{}, map[string]*pasted{}
	for i, c := range allCanaries() {
		if i >= len(canaries) && !*deepFlag {
			break
		}
		t.Run(c.Target, func(t *testing.T) {
			bin := built[c.Package]
			if bin == "" {
				bin = filepath.Join(dir, strings.ReplaceAll(c.Package, "/", "_")+".test")
				require.NoError(t, buildCanary(context.Background(), root(t), overlay, c.Package, bin))
				built[c.Package], told[c.Package] = bin, &pasted{map[string]string{}, map[string]int{}}
			}
			begun, work := time.Now(), t.TempDir()
			found, bySeeds, out, err := c.find(context.Background(), root(t), bin, work, i)
			require.NoError(t, err)
			require.True(t, found, "%s does not find: %s\n%s", c.Target, c.Name, out)
			how := "by mutation"
			if bySeeds {
				require.Less(t, i, len(canaries), "a seed shows it: make it lie deeper")
				how = "by a seed"
			}
			t.Logf("%s in %.1f s: %s", how, time.Since(begun).Seconds(), c.Name)
			story, err := testRun(bin, work, "^"+c.Target+"$", firstCanary+i)
			require.Error(t, err)
			require.Contains(t, story, "corpus entry testdata/fuzz/"+c.Target+"/")
			scripts(t, c.Target, story)
			if *storiesFlag {
				t.Log(story)
			}
			told[c.Package].add(root(t), c.Package, story, firstCanary+i)
		})
	}
	for pkg, p := range told {
		if len(p.tests) == 0 {
			continue // its targets tell what happened step by step, and no test
		}
		t.Run("what is printed for "+pkg, func(t *testing.T) { p.fail(t, root(t), t.TempDir(), overlay, pkg) })
	}
}
