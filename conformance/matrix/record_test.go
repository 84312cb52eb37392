//go:build linux

package matrix

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/kernel"
)

var record = flag.String("record", "", "record the cells of these kinds, or \"all\", from the live kernel")

var missing = flag.Bool("missing", false, "with -record: only the cells that the data has not")

const dataDir = "../../testdata/matrix"

// TestRecord asks the live kernel what it does in each cell, until it has given the same answer twice running.
func TestRecord(t *testing.T) {
	if *record == "" {
		t.Skip("only with -record")
	}
	stack := kernel.Stack{}
	require.NoError(t, stack.Available())
	d := &Data{texts: map[key]string{}}
	if *missing {
		d = recorded(t)
	}
	d.Kernel = release(t)
	var cells []Cell
	for _, c := range Cells() {
		if *record == "all" || strings.Contains(","+*record+",", ","+c.Kind+",") {
			cells = append(cells, c)
		}
	}
	texts := make([]string, len(cells))
	each(context.Background(), len(cells), min(stack.Parallel(), 16), func(i int) {
		had := false
		if texts[i], had = d.Want(&cells[i]); !had {
			texts[i] = twice(t, &cells[i], stack)
		}
	})
	kinds := map[string]bool{}
	for i := range cells {
		d.texts[cells[i].key()] = texts[i]
		kinds[cells[i].Kind] = true
	}
	for k := range kinds {
		require.NoError(t, os.WriteFile(filepath.Join(dataDir, k+".txt"), []byte(d.fileOf(k, cells)), 0o644))
	}
}

// twice plays a cell until two runs in a row agree.
func twice(t *testing.T, c *Cell, s conformance.Stack) string {
	last := ""
	for range 20 {
		text, err := c.Run(s)
		if errors.Is(err, conformance.ErrUnsupported) {
			return "unsupported"
		}
		if err != nil {
			t.Errorf("%s %s %s: %v", c.Kind, c.State, c.Call, err)
			return ""
		}
		if text == last {
			return text
		}
		last = text
	}
	t.Errorf("%s %s %s: never the same twice: %s", c.Kind, c.State, c.Call, last)
	return last
}

func release(t *testing.T) string {
	var u unix.Utsname
	require.NoError(t, unix.Uname(&u))
	return unix.ByteSliceToString(u.Release[:])
}
