//go:build linux

// Package seed asks the model and the live kernel for each of the rules that
// this project began with: the scripts whose first line names a rule run on
// both, and where none can, a case on the model is run.
package seed

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/fuzz/figures"
)

var ruleID = regexp.MustCompile(`\b(?:CR|AD|BI|LI|HQ|AC|CO|SR)-\d\d\b`)

// scriptsByRule are the bundled scripts whose first line names a rule.
func scriptsByRule(t *testing.T) map[string][]string {
	by := map[string][]string{}
	err := filepath.WalkDir(filepath.FromSlash("../../testdata/scripts"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".pkt") {
			return err
		}
		text, err := os.ReadFile(p)
		first, _, _ := strings.Cut(string(text), "\n")
		for _, id := range ruleID.FindAllString(first, -1) {
			by[id] = append(by[id], p)
		}
		return err
	})
	require.NoError(t, err)
	return by
}

// TestSeedRules runs every rule's scripts on the model and on the live kernel.
// A rule without script says why, and its cases are run on the model.
func TestSeedRules(t *testing.T) {
	available := kernel.Truth()
	byScript, byCase := scriptsByRule(t), casesByRule()
	require.NoError(t, figures.Check(`(\d+) of (\d+): (\d+) by scripts on both, (\d+) by Go cases alone`, len(rules), len(rules), len(byScript), len(rules)-len(byScript)))
	for _, r := range rules {
		paths := byScript[r.id]
		delete(byScript, r.id)
		t.Run(r.id, func(t *testing.T) {
			t.Log(r.says)
			if len(paths) == 0 {
				require.NotEmpty(t, r.alone, "no script shows the rule, and nothing says why")
				require.NotEmpty(t, byCase[r.id], "neither a script nor a case shows the rule")
				t.Logf("shown on the model alone: %s", r.alone)
				for _, c := range byCase[r.id] {
					t.Run(c.says, func(t *testing.T) { c.show(newBench(t)) })
				}
				return
			}
			require.Empty(t, byCase[r.id], "a case on the model says less than %s", paths)
			require.Empty(t, r.alone, "%s show the rule: the reason is out of date", paths)
			for _, p := range paths {
				name := strings.TrimSuffix(filepath.Base(p), ".pkt")
				t.Run(name+"/model", func(t *testing.T) { t.Parallel(); play(t, model.Stack{}, p) })
				t.Run(name+"/linux", func(t *testing.T) {
					t.Parallel()
					if available != nil {
						t.Skip(available)
					}
					play(t, kernel.Stack{}, p)
				})
			}
		})
	}
	require.Empty(t, byScript, "scripts that name a rule which there is not")
	for id := range byCase {
		require.True(t, slices.ContainsFunc(rules, func(r rule) bool { return r.id == id }), "a case names a rule which there is not: %s", id)
	}
}

// inCompany is held for reading by scripts that play beside others, and for writing by one that must be alone.
var inCompany sync.RWMutex

// play runs one script; nothing but a pass will do. Several run at once, beside other tests: the real clock gets the room that a
// busy machine needs, and a script that came too late in company plays again alone.
func play(t *testing.T, s conformance.Stack, path string) {
	parsed, err := script.ParseFile(path)
	require.NoError(t, err)
	run := func(company sync.Locker) conformance.Result {
		company.Lock()
		defer company.Unlock()
		return conformance.Run(context.Background(), parsed, s, conformance.Options{Args: []script.Option{{Name: "tolerance_usecs", Value: "20000", HasValue: true}}})
	}
	r := run(inCompany.RLocker())
	if s.Name() == (kernel.Stack{}).Name() && r.Failure != nil && r.Failure.What == "time" {
		t.Logf("%v, in company and after %d attempts: again alone", r.Failure, r.Attempts)
		r = run(&inCompany)
	}
	require.Equal(t, conformance.Pass, r.Verdict, "%s %v", r.Reason, r.Failure)
}
