package main

import (
	"bytes"
	"context"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// full is a disk that takes so many octets and no more.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	f.left -= n
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// TestOutputLost: a command whose output does not arrive, not even its last octet, says so once and has not succeeded.
func TestOutputLost(t *testing.T) {
	dir := scripts(t, map[string]string{"good.pkt": passing})
	for _, args := range [][]string{
		{"run", dir}, {"run", "--json", dir}, {"run", "-v", dir}, {"check", "--stack", "model", dir}, {"rules"}, {"rules", "syn-ack-sent"},
		{"states"}, {"states", "--format", "dot"}, {"--help"},
	} {
		var all bytes.Buffer
		require.Equal(t, exitOK, run(context.Background(), args, &all, &bytes.Buffer{}), args)
		for _, room := range []int{0, all.Len() / 2} {
			var errs bytes.Buffer
			require.Equal(t, exitMisuse, run(context.Background(), args, &full{room}, &errs), args)
			require.Contains(t, errs.String(), "sockspec: standard output: no space left on device\n")
		}
	}
}
