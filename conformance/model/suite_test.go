package model_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
)

// scripts lists the suite.
func scripts(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.FromSlash("../../testdata/scripts"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(p, ".pkt") {
			paths = append(paths, p)
		}
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

// TestSuitePassesOnTheModelWithExactTimes: in virtual time nothing is late.
func TestSuitePassesOnTheModelWithExactTimes(t *testing.T) {
	for _, p := range scripts(t) {
		t.Run(filepath.ToSlash(strings.TrimPrefix(p, filepath.FromSlash("../../testdata/scripts/"))), func(t *testing.T) {
			s, err := script.ParseFile(p)
			require.NoError(t, err)
			r := conformance.Run(context.Background(), s, model.Stack{}, conformance.Options{HasTolerance: true})
			switch r.Verdict {
			case conformance.Skip:
				t.Fatalf("skipped: %s", r.Reason)
			case conformance.Fail:
				t.Fatal(r.Failure)
			}
		})
	}
}
