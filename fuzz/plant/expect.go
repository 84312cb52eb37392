package main

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// expectText has a line per bug: its name, the package and the test that is
// expected to kill it. It saves time and tells readers what guards what; a bug
// that its test misses still meets all others.
//
//go:embed expect.txt
var expectText string

// expected is expect.txt, by the bugs' names.
var expected = readExpected(expectText)

func readExpected(text string) map[string]woven.Test {
	all := map[string]woven.Test{}
	for line := range strings.Lines(text) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
			all[f[0]] = woven.Test{Package: f[1], Name: f[2]}
		}
	}
	return all
}

// writeExpected puts who killed what in the place of what is known of these
// bugs, and leaves out bugs that are no more.
func writeExpected(path string, killed map[string]woven.Test) error {
	all := maps.Clone(expected)
	maps.Copy(all, killed)
	names := map[string]bool{}
	for _, b := range allBugs() {
		names[b.Name] = true
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if t := all[name]; names[name] && t.Name != "" {
			fmt.Fprintf(&text, "%s\t%s\t%s\n", name, t.Package, t.Name)
		}
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

// alone are killers that run the tests which some bugs are expected to meet,
// one a package, parts of tests with the whole.
func alone(some []numbered, expect map[string]woven.Test) (ks []woven.Killer) {
	byPackage := map[string]map[string]bool{}
	for _, b := range some {
		if t, ok := expect[b.Name]; ok {
			if byPackage[t.Package] == nil {
				byPackage[t.Package] = map[string]bool{}
			}
			whole, _, _ := strings.Cut(t.Name, "/")
			byPackage[t.Package][whole] = true
		}
	}
	for _, p := range slices.Sorted(maps.Keys(byPackage)) {
		run := "^(" + strings.Join(slices.Sorted(maps.Keys(byPackage[p])), "|") + ")$"
		ks = append(ks, woven.Killer{Package: p, Run: run})
	}
	return ks
}
