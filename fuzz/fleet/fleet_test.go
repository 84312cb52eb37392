package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var anyName = regexp.MustCompile("")

func TestLinesOfGoTestAreCounted(t *testing.T) {
	r := result{target: target{Dir: "queue"}}
	for _, line := range []string{
		"fuzz: elapsed: 0s, gathering baseline coverage: 0/192 completed",
		"fuzz: elapsed: 3s, execs: 325017 (108336/sec), new interesting: 11 (total: 202)",
		"fuzz: elapsed: 6s, execs: 680218 (118402/sec), new interesting: 12 (total: 203)",
	} {
		r.note(line)
	}
	require.EqualValues(t, 680218, r.Execs)
	require.Equal(t, 6*time.Second, r.Took)
	require.EqualValues(t, 113369, r.rate())
	require.Equal(t, 12, r.New)
	require.Equal(t, 203, r.Corpus)
	require.Empty(t, r.Crash)
	r.note("    Failing input written to testdata/fuzz/FuzzFIFO/582528ddfad69eb5")
	require.Equal(t, "queue/testdata/fuzz/FuzzFIFO/582528ddfad69eb5", r.Crash)
}

func TestSummaryTellsFailures(t *testing.T) {
	var b strings.Builder
	summary(&b, []result{
		{target: target{"queue", "FuzzA", ""}, Execs: 100, Took: time.Second, New: 2, Corpus: 9},
		{target: target{"sock", "FuzzB", ""}, Execs: 5, Took: time.Second, Crash: "sock/testdata/fuzz/FuzzB/1", Failed: true, Output: "what happened"},
	})
	require.Regexp(t, `FuzzA +100 +100 +2 +9 +0`, b.String())
	require.Regexp(t, `all +105 +2 +1`, b.String())
	require.Contains(t, b.String(), "what happened")
	require.Contains(t, b.String(), "go test ./sock -run FuzzB")
}

// module writes a module with one fuzz target.
func module(t *testing.T, body string) string {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n\ngo 1.24\n"), 0o644))
	src := "package m\n\nimport \"testing\"\n\nfunc FuzzM(f *testing.F) {\n\tf.Add([]byte(\"ab\"))\n\tf.Fuzz(func(t *testing.T, in []byte) {\n" + body + "\n\t})\n}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "m_test.go"), []byte(src), 0o644))
	return dir
}

func quiet(*result) {}

func TestTargetsThatFailAreTold(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module three times")
	}
	m := target{Dir: ".", Name: "FuzzM"}
	ctx := context.Background()

	good := m.fuzz(ctx, module(t, ""), "50x", 1, quiet)
	require.False(t, good.Failed, good.Output)
	require.GreaterOrEqual(t, good.Execs, int64(50))

	bad := m.fuzz(ctx, module(t, "if len(in) != 2 { t.Fatal(\"found\") }"), "5000x", 1, quiet)
	require.True(t, bad.Failed)
	require.Contains(t, bad.Crash, "testdata/fuzz/FuzzM/")
	require.Contains(t, bad.Output, "found")
	require.Contains(t, bad.Output, "--- FAIL: FuzzM/"+filepath.Base(bad.Crash), "run again, for its story")

	broken := m.fuzz(ctx, module(t, "undefined()"), "50x", 1, quiet)
	require.True(t, broken.Failed, "it does not build")
	require.Empty(t, broken.Crash)
}

func TestInterruptEndsARunWithWhatItHas(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	m := target{Dir: ".", Name: "FuzzM"}
	r := m.fuzz(ctx, module(t, ""), "10m", 1, func(r *result) {
		if r.Execs > 0 {
			stop()
		}
	})
	require.False(t, r.Failed, r.Output)
	require.Positive(t, r.Execs)
	require.Equal(t, 130, exitCode(ctx, []result{r}))
}

// The command line says what is wrong with it, before anything runs.
func TestWrongCommandLinesAreRefused(t *testing.T) {
	good := options{minutes: 1, cores: 1}
	for _, wrong := range []func(o *options){
		func(o *options) { o.only = "(" }, func(o *options) { o.only = "no such target" }, func(o *options) { o.cores = 0 },
		func(o *options) { o.minutes = 0 }, func(o *options) { o.minutes = math.NaN() }, func(o *options) { o.minutes = math.Inf(1) },
		func(o *options) { o.each = "foo" }, func(o *options) { o.each = "-5s" }, func(o *options) { o.each = "0x" }, func(o *options) { o.each = "10" },
	} {
		o := good
		wrong(&o)
		require.Equal(t, 2, run(o), "%+v", o)
	}
	for _, each := range []string{"", "3000x", "30s", "1m30s"} {
		o := good
		o.each = each
		all, err := o.targets()
		require.NoError(t, err)
		require.Greater(t, len(all), 10)
	}
}

func TestListReadsBack(t *testing.T) {
	require.Len(t, targets(regexp.MustCompile("^FuzzConn$")), 1)
	for _, tg := range targets(anyName) {
		require.NotEmpty(t, tg.About)
		require.DirExists(t, filepath.Join("..", "..", tg.Dir))
	}
}
