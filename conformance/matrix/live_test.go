//go:build linux

package matrix

import (
	"context"
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/kernel"
)

var full = flag.Bool("full", false, "ask the live kernel about every cell, not only some")

// some is how many cells share one that is asked again: enough to notice a kernel that has changed, in seconds.
const some = 61

// The live kernel does what the data say that it did. A kernel of another release than the data's may differ in places.
func TestLiveKernelStillDoesSo(t *testing.T) {
	stack := kernel.Stack{}
	if err := kernel.Truth(); err != nil {
		t.Skip(err)
	}
	d := recorded(t)
	cells := Cells()
	if !*full {
		var few []Cell
		for i := 0; i < len(cells); i += some {
			few = append(few, cells[i])
		}
		cells = few
	}
	agree := 0
	for _, r := range Play(context.Background(), cells, stack, d, nil) {
		if r.Agrees() {
			agree++
			continue
		}
		require.NoError(t, r.Err)
		if release(t) == d.Kernel {
			t.Errorf("%s, %s, %s:\nrecorded %s\nnow      %s", r.Cell.Kind, r.Cell.State, r.Cell.Call, r.Want, r.Got)
		} else {
			t.Logf("%s, %s, %s:\nLinux %s %s\nthis kernel %s", r.Cell.Kind, r.Cell.State, r.Cell.Call, d.Kernel, r.Want, r.Got)
		}
	}
	require.GreaterOrEqual(t, agree*100, len(cells)*98, "%d of %d cells agree", agree, len(cells))
	t.Logf("%d of %d cells of Linux %s agree with this kernel, %s", agree, len(cells), d.Kernel, release(t))
}
