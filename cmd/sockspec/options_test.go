package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/sock"
)

var updateOptions = flag.Bool("update", false, "write OPTIONS.md anew")

// The page of options at the top of the repository is what the table says.
func TestOptionsPageIsTheTable(t *testing.T) {
	const page = "../../OPTIONS.md"
	var b bytes.Buffer
	writeOptions(&b, sock.Options())
	if *updateOptions {
		require.NoError(t, os.WriteFile(page, b.Bytes(), 0o644))
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(have), "run `go test ./cmd/sockspec -run TestOptionsPage -update`")
}

// The command narrows the table to a name, and knows when there is none.
func TestOptionsCommandNarrowsTheTable(t *testing.T) {
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run(t.Context(), []string{"options", "keepidle"}, &out, &errs))
	require.Contains(t, out.String(), "| TCP_KEEPIDLE | 4 | supported | rw | 4 | 1 to 32767 |")
	require.NotContains(t, out.String(), "SO_REUSEADDR")
	require.Equal(t, exitMisuse, run(t.Context(), []string{"options", "nonesuch"}, &out, &errs))
	require.Contains(t, errs.String(), `no option "nonesuch"`)
}
