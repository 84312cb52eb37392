package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/stretchr/testify/require"
)

// TestJUnit: a suite for each stack, with the verdicts, and messages that XML can hold whatever the stack said.
func TestJUnit(t *testing.T) {
	r := example(t)
	r.Divergences[0].Result.Failure.Got = "octets \x00\x1b ]]> \xff"
	var b bytes.Buffer
	require.NoError(t, r.JUnit(&b))
	var got junit.Testsuites
	require.NoError(t, xml.Unmarshal(b.Bytes(), &got))
	require.Len(t, got.Suites, 2)
	require.Equal(t, "model", got.Suites[0].Name)
	require.Equal(t, 4, got.Suites[0].Tests)
	require.Equal(t, 1, got.Suites[0].Failures)
	require.Equal(t, "failure", got.Suites[0].Testcases[3].Failure.Type)
	fin := got.Suites[1].Testcases[0]
	require.Equal(t, "close/fin.pkt", fin.Name)
	require.Equal(t, "deaf.close", fin.Classname)
	require.Equal(t, "divergence", fin.Failure.Type)
	require.Contains(t, fin.Failure.Data, "; Linux's rule ")
	require.Contains(t, fin.Failure.Data, "octets  ]]> ?")
}

// TestCapture: what crossed the link is read back, with the script's lines and what was expected beside the packets.
func TestCapture(t *testing.T) {
	d := example(t).Mistakes[0]
	var b bytes.Buffer
	require.NoError(t, d.Capture(&b))
	got, err := packetio.ReadCapture(&b)
	require.NoError(t, err)
	require.Len(t, got, len(d.Result.Trace))
	for i := range got {
		require.Equal(t, d.Result.Trace[i].Packet, got[i].Data)
		require.EqualValues(t, d.Result.Trace[i].At, got[i].Time.UnixMicro())
	}
	require.Contains(t, got[len(got)-1].Comment, "expected . 1:1(0) ack 3")
	require.Contains(t, got[len(got)-1].Comment, "rule ")
}

// TestCapturePathStaysInside: no script's path leads out of the report's directory.
func TestCapturePathStaysInside(t *testing.T) {
	for path, want := range map[string]string{
		"listen/x.pkt":         "captures/odd/listen/x.pcapng",
		"/abs/x.pkt":           "captures/odd/abs/x.pcapng",
		"../../../etc/x.pkt":   "captures/odd/etc/x.pcapng",
		"./a/../b/x":           "captures/odd/b/x.pcapng",
		"a:b/x.pkt":            "captures/odd/a_b/x.pcapng",
		"captures/../../x.pkt": "captures/odd/x.pcapng",
	} {
		d := Divergence{Item: &Item{Path: path}, Column: &Column{Stack: "odd"}}
		require.Equal(t, want, d.CapturePath())
	}
}

// TestWriteFileLeavesNoHalves: a file that could not be written whole is not there.
func TestWriteFileLeavesNoHalves(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	broken := errors.New("broken")
	require.ErrorIs(t, writeFile(name, func(w io.Writer) error {
		_, _ = w.Write(make([]byte, 10000))
		return broken
	}), broken)
	require.NoFileExists(t, name)
}

// TestWriteTwice: a report may be written over an older one.
func TestWriteTwice(t *testing.T) {
	r, dir := example(t), t.TempDir()
	require.NoError(t, r.Write(dir))
	require.NoError(t, r.Write(dir))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)
}

// TestSkippedGroups: equal reasons count as one, whatever line and phrase they came with.
func TestSkippedGroups(t *testing.T) {
	skip := func(reason string) *conformance.Result {
		return &conformance.Result{Verdict: conformance.Skip, Reason: reason}
	}
	c := &Column{Stack: "odd", Results: []*conformance.Result{
		skip("line 3: odd: not supported by this stack: sysctl a: none"),
		nil,
		skip("line 6: connect: odd: not supported by this stack: connect: no way"),
		skip("line 8: connect: odd: not supported by this stack: connect: no way"),
		skip("line 9: syn_queue: not supported by this stack"),
	}}
	got := c.Skipped()
	require.Len(t, got, 3)
	require.Equal(t, "connect: no way", got[0].Reason)
	require.Len(t, got[0].Paths, 2)
	require.Equal(t, "sysctl a: none", got[1].Reason)
	require.Equal(t, "syn_queue: not supported by this stack", got[2].Reason)
}
