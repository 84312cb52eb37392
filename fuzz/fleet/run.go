package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// result is what came of a target's time.
type result struct {
	target
	Execs  int64         // inputs run
	Took   time.Duration // as go test tells it, without the time to build
	New    int           // inputs added to the cached corpus
	Corpus int           // inputs in it, seeds among them
	Crash  string        // the file with the input that failed, "" without one
	Failed bool          // crashed, or did not even build
	Output string        // of a target that failed
}

// rate is inputs a second.
func (r *result) rate() int64 {
	if r.Took <= 0 {
		return 0
	}
	return int64(float64(r.Execs) / r.Took.Seconds())
}

// What go test says while it fuzzes (internal/fuzz/fuzz.go, testing/fuzz.go).
var (
	statusLine = regexp.MustCompile(`^fuzz: elapsed: (\S+), execs: (\d+) \(\d+/sec\), new interesting: (\d+) \(total: (\d+)\)`)
	crashLine  = regexp.MustCompile(`^\s*Failing input written to (\S+)`)
	// cutShort ends many a run whose time is up: go test reports its own
	// deadline as the target's failure (golang/go issue 48157 and others).
	cutShort = "context deadline exceeded"
)

// note reads a line of go test.
func (r *result) note(line string) {
	if m := statusLine.FindStringSubmatch(line); m != nil {
		r.Took, _ = time.ParseDuration(m[1])
		r.Execs, _ = strconv.ParseInt(m[2], 10, 64)
		r.New, _ = strconv.Atoi(m[3])
		r.Corpus, _ = strconv.Atoi(m[4])
	}
	if m := crashLine.FindStringSubmatch(line); m != nil {
		r.Crash = r.Dir + "/" + m[1]
	}
}

// storyTime is how long a target may shrink what it found.
const storyTime = 2 * time.Minute

// grace is how long a target has to end its workers once it is asked to.
const grace = 15 * time.Second

// fuzz runs a target in the module at root until its time is up, it fails, or
// ctx ends; what it found by then counts. The test binary is run without go
// test before it, which keeps an interrupt from it (cmd/go waits for a terminal
// to tell both).
func (t target) fuzz(ctx context.Context, root, fuzztime string, cores int, progress func(*result)) result {
	r := result{target: t}
	bin, cache, err := t.build(ctx, root)
	if err != nil {
		r.Failed, r.Output = ctx.Err() == nil, err.Error()
		return r
	}
	defer os.RemoveAll(filepath.Dir(bin))
	out := &sink{r: &r, progress: progress}
	cmd := exec.CommandContext(ctx, bin, "-test.run=^$", "-test.fuzz=^"+t.Name+"$", "-test.fuzztime="+fuzztime, "-test.parallel="+strconv.Itoa(cores),
		"-test.fuzzminimizetime=10s", "-test.fuzzcachedir="+cache)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(root, t.Dir), out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it keeps the corpus then
	cmd.WaitDelay = grace
	err = cmd.Run()
	r.Failed = r.Crash != "" || err != nil && ctx.Err() == nil && !strings.Contains(out.said.String(), cutShort)
	if r.Failed {
		r.Output = out.said.String() + t.story(ctx, bin, root, r.Crash)
	}
	return r
}

// story is what the target says of the file that it left, or of a seed, run again: the shortest input that fails too.
func (t target) story(ctx context.Context, bin, root, crash string) string {
	match := "^" + t.Name + "$"
	if crash != "" {
		match += "/^" + filepath.Base(crash) + "$"
	}
	cmd := exec.CommandContext(ctx, bin, "-test.run="+match, "-test.failfast", "-test.timeout="+storyTime.String())
	cmd.Dir = filepath.Join(root, t.Dir)
	out, _ := cmd.CombinedOutput() // it fails again
	return string(out[:min(len(out), mostOutput)])
}

// build makes the target's test binary in a directory of its own, and says where
// go test keeps the target's corpus.
func (t target) build(ctx context.Context, root string) (bin, cache string, err error) {
	dir, err := os.MkdirTemp("", "fleet")
	if err != nil {
		return "", "", err
	}
	bin = filepath.Join(dir, "fuzz.test")
	if _, err = output(ctx, root, "test", "-c", "-o", bin, "-fuzz", "^"+t.Name+"$", "./"+t.Dir); err == nil {
		var where, path string
		where, err = output(ctx, root, "env", "GOCACHE")
		if err == nil {
			path, err = output(ctx, root, "list", "./"+t.Dir)
		}
		cache = filepath.Join(where, "fuzz", filepath.FromSlash(path))
	}
	if err != nil {
		os.RemoveAll(dir)
	}
	return bin, cache, err
}

// output is what the go command says; if it fails, that is the error.
func output(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// sink reads what the target says, a line at a time.
type sink struct {
	r        *result
	progress func(*result)
	said     strings.Builder // status lines left out
	part     []byte          // of a line
}

// mostOutput bounds what is kept of a target's output, in octets.
const mostOutput = 1 << 16

func (s *sink) Write(b []byte) (int, error) {
	s.part = append(s.part, b...)
	for {
		i := bytes.IndexByte(s.part, '\n')
		if i < 0 {
			return len(b), nil
		}
		s.line(string(s.part[:i]))
		s.part = s.part[i+1:]
	}
}

func (s *sink) line(text string) {
	s.r.note(text)
	if strings.HasPrefix(text, "fuzz: elapsed:") {
		s.progress(s.r)
	} else if s.said.Len() < mostOutput {
		fmt.Fprintln(&s.said, text)
	}
}
