//go:build linux

package kernel

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/stretchr/testify/require"
)

// One bundled script of each kind; the command `sockspec run --stack linux testdata/scripts` has them all.
func TestBundledScriptsPassOnTheLiveKernel(t *testing.T) {
	needKernel(t)
	dirs, err := filepath.Glob("../../testdata/scripts/*")
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	var wg sync.WaitGroup
	results := make([]conformance.Result, len(dirs))
	for i, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.pkt"))
		require.NoError(t, err)
		if len(files) == 0 {
			continue
		}
		s, err := script.ParseFile(files[0])
		require.NoError(t, err)
		wg.Add(1)
		go func() {
			defer wg.Done()
			results[i] = conformance.Run(context.Background(), s, Stack{}, conformance.Options{Args: []script.Option{patient}})
		}()
	}
	wg.Wait()
	for i, r := range results {
		require.NotEqual(t, conformance.Fail, r.Verdict, "%s: %v", dirs[i], r.Failure)
	}
}
