package fuzz

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/sockspec/sockspec/fuzz/shrink"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
)

// opTarget is a target of op lists: run does one, after a setup of head octets,
// and args are its input as the target takes it.
func opTarget(name string, head, size int, run func(in []byte, trace Trace) error, args func(in []byte) []any) shrink.Target[[]byte] {
	return shrink.Target[[]byte]{
		Name: name,
		Run: func(t shrink.T, in []byte) {
			if err := run(in, nil); err != nil {
				t.Errorf("%v", err)
				t.FailNow()
			}
		},
		Shrink: func(in []byte, fails func([]byte) bool) []byte { return shrink.Ops(in, head, size, fails) },
		Args:   args,
		Tell: func(logf shrink.Logf, in []byte) {
			logf("%d ops:", (len(in)-head)/size)
			_ = run(in, Trace(logf))
		},
	}
}

// whole is an input that the target takes in one piece.
func whole(in []byte) []any { return []any{in} }

// split is an input whose first octet the target takes by itself.
func split(in []byte) []any { return []any{in[0], in[1:]} }

// A law planted to fail in a real run is found again in fewer ops.
func TestShrinkOfARunOfAnEndpoint(t *testing.T) {
	in := dataSeeds[0].bytes()
	closes := func(in []byte) bool {
		setup, rest := ReadSetup(in)
		cover := &Coverage{}
		e := NewEndpoint(setup, cover)
		for _, o := range Ops(rest, mostOps) {
			if e.Do(o) != nil {
				return false
			}
		}
		return cover.HasState(tcpstate.Established)
	}
	require.True(t, closes(in))
	got := shrink.Ops(in, setupSize, opSize, closes)
	require.True(t, closes(got))
	require.Len(t, got, setupSize+2*opSize, "connect, and the SYN-ACK: %x", got)
}

// What is printed is what go test reads: the entries that it wrote are named and written so.
func TestCorpusEntriesAreThoseOfGoTest(t *testing.T) {
	files, err := filepath.Glob("testdata/fuzz/FuzzPair/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	want, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(want, []byte("go test fuzz v1\n[]byte(")))
}
