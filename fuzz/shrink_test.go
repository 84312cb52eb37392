package fuzz

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
)

// failure is how a target of op lists fails: it shows the shortest input that
// fails too, as a corpus entry and as what happens step by step.
type failure struct {
	target     string
	head, size int
	run        func(in []byte, trace Trace) error
	args       func(in []byte) []any // as the target takes them
}

// tell shrinks an input that failed. The worker of a fuzzing run does not: go
// test shrinks by its own means there, with many runs that fail, and says how to
// run what it found again, which comes here.
func (f failure) tell(t *testing.T, in []byte, err error) {
	if w := flag.Lookup("test.fuzzworker"); w == nil || w.Value.String() != "true" {
		in = Shrink(in, f.head, f.size, func(in []byte) bool { return f.run(in, nil) != nil })
		err = f.run(in, t.Logf)
		file, text := CorpusEntry(f.target, f.args(in)...)
		t.Logf("%d ops; %s:\n%s", (len(in)-f.head)/f.size, file, text)
	}
	t.Fatal(err)
}

// whole is an input that the target takes in one piece.
func whole(in []byte) []any { return []any{in} }

// split is an input whose first octet the target takes by itself.
func split(in []byte) []any { return []any{in[0], in[1:]} }

// A failure that two ops of many cause is shrunk to these two, all other fields zero.
func TestShrinkKeepsTheOpsThatFail(t *testing.T) {
	var ops []Op
	for i := range 60 {
		ops = append(ops, Op{Kind: OpWait, Len: uint8(i + 1), Gap: 3, Opts: 7})
	}
	ops[17], ops[44] = Op{Kind: OpSend, Len: 9, Seq: 200}, Op{Kind: OpAbort, Wnd: 77}
	tries := 0
	fails := func(in []byte) bool { // an abort some time after a send of at least 4
		tries++
		sent := false
		for _, o := range Ops(in[setupSize:], mostOps) {
			sent = sent || o.Kind == OpSend && o.Len >= 4
			if sent && o.Kind == OpAbort {
				return true
			}
		}
		return false
	}
	got := Shrink(append([]byte{1, 2, 3, 4}, append(Bytes(ops), 9)...), setupSize, opSize, fails)
	require.Equal(t, append(make([]byte, setupSize), Bytes([]Op{{Kind: OpSend, Len: 4}, {Kind: OpAbort}})...), got)
	require.Less(t, tries, 1000)
}

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
	got := Shrink(in, setupSize, opSize, closes)
	require.True(t, closes(got))
	require.Len(t, got, setupSize+2*opSize, "connect, and the SYN-ACK: %x", got)
}

func TestInputThatDoesNotFailIsLeftAlone(t *testing.T) {
	never := func([]byte) bool { return false }
	require.Equal(t, []byte("abcdefgh"), Shrink([]byte("abcdefgh"), 4, 2, never))
	require.Equal(t, []byte("ab"), Shrink([]byte("ab"), 4, 2, never), "shorter than a setup")
}

// What is printed is what go test reads: entries that it wrote are the same.
func TestCorpusEntriesAreGoTests(t *testing.T) {
	_, text := CorpusEntry("FuzzX", byte(0xff), []byte{0, 'a', '"', 0xff})
	require.Equal(t, "go test fuzz v1\nbyte('ÿ')\n[]byte(\"\\x00a\\\"\\xff\")\n", text)
	files, err := filepath.Glob("testdata/fuzz/FuzzPair/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	want, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(want, []byte("go test fuzz v1\n[]byte(")))
}
