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

// opTarget is a target of op lists, which stand behind a setup of head octets.
type opTarget struct {
	name       string
	head, size int
	stacks     int // what its inputs do is told for each of them
	run        func(in []byte, w watch) error
	args       func(in []byte) []any // an input as the target takes it
	seeds      [][]byte
	// whole is how many of a hundred stories of its seeds and corpus have a script that tells all. Of connections that is nearly every one;
	// the rest of what a host can do has more to it than scripts have words for: errors about protocols that they do not know, both
	// families in one story, structures behind pointers. The name is here alone: build.sh takes it out of other files.
	whole int
}

// opTargets are all of them.
func opTargets() []opTarget {
	return []opTarget{connTarget(), pairTarget(), hostTarget(), optionTarget()}
}

func (o opTarget) check(t *testing.T, in []byte) {
	t.Helper()
	shrink.Target[[]byte]{
		Name: o.name,
		Run: func(t shrink.T, in []byte) {
			if err := o.run(in, watch{}); err != nil {
				t.Errorf("%v", err)
				t.FailNow()
			}
		},
		Shrink: func(in []byte, fails func([]byte) bool) []byte { return shrink.Ops(in, o.head, o.size, fails) },
		Args:   o.args,
		Tell: func(logf shrink.Logf, in []byte) {
			logf("%d ops:", (len(in)-o.head)/o.size)
			if err := shrink.Caught(func(shrink.T) { _ = o.run(in, watch{trace: Trace(logf)}) }); err != nil {
				logf("... %v", headline(err))
			}
			o.tellScripts(logf, in)
		},
	}.Check(t, in)
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
