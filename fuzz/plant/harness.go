package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// killer is a test binary, and which of its tests run.
type killer struct {
	Package   string // path from the module's root
	Run, Skip string // -test.run, -test.skip
}

// unfit are tests that ask the live kernel, which knows of no bug, and those
// that measure rather than judge.
const unfit = "Live|Agree|EverySysctl|FragmentsHaveBounds|ACrowd"

// killers are those that a bug meets, fastest first. The last ones see little
// that the others do not.
var killers = []killer{
	{"conformance/model", "TestSuitePasses", ""},
	{"queue", "", ""},
	{"tcpstate", "", ""},
	{"sock", "", unfit},
	{"fuzz", "Conn|Duo", ""},
	{"fuzz", "Pair", ""},
	{"fuzz", "Host|TestSeeds", "HouseKeeps"},
}

// harness is the program with all bugs in it, built.
type harness struct {
	root, bin string
	killers   []killer
}

// build weaves the bugs in and builds the killers, all at once. root is the
// module's directory, dir a place for what it makes.
func build(ctx context.Context, root, dir string, bugs []numbered, ks []killer) (*harness, error) {
	overlay, err := weave(root, dir, bugs)
	if err != nil {
		return nil, err
	}
	h := &harness{root, filepath.Join(dir, "bin") + string(filepath.Separator), ks}
	args := []string{"test", "-c", "-vet=off", "-overlay", overlay, "-o", h.bin}
	seen := map[string]bool{}
	for _, k := range ks {
		if !seen[k.Package] {
			args = append(args, "./"+k.Package)
		}
		seen[k.Package] = true
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return nil, context.Canceled
	case err != nil:
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return h, nil
}

// verdict is what became of a bug under one killer.
type verdict struct {
	Killed bool
	By     test   // that failed first
	Hung   bool   // it did not end
	Output string // of all
	CPU    time.Duration
}

// grace is how long a test binary may take to say which test did not end.
const grace = 10 * time.Second

// run plants bug n (0: none) and lets a killer run, at most for a time. An error
// means that it gives no verdict.
func (h *harness) run(ctx context.Context, k killer, n int, most time.Duration) (v verdict, err error) {
	limit, cancel := context.WithTimeout(ctx, most+grace)
	defer cancel()
	cmd := exec.CommandContext(limit, h.bin+path.Base(k.Package)+".test",
		"-test.failfast", "-test.timeout", most.String(), "-test.run", k.Run, "-test.skip", k.Skip)
	cmd.Dir = filepath.Join(h.root, filepath.FromSlash(k.Package))
	// Random cases are the same each time, and nothing is left behind.
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", envName, n), "GOMAXPROCS=1", "GOMEMLIMIT=1GiB", "RAPID_SEED=1", "RAPID_NOFAILFILE=1")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if s := cmd.ProcessState; s != nil {
		v.CPU = s.UserTime() + s.SystemTime()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return v, nil
	case ctx.Err() != nil || errors.As(err, &exit) && exit.String() == "signal: interrupt":
		return v, context.Canceled // a terminal's Ctrl-C reaches the tests too
	case exit == nil && limit.Err() == nil:
		return v, err
	}
	v.Killed, v.Output = true, string(out)
	v.By, v.Hung = test{k.Package, failing(v.Output)}, limit.Err() != nil || strings.Contains(v.Output, "panic: test timed out")
	return v, nil
}

var (
	failLine = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	hungLine = regexp.MustCompile(`(?m)^\t\t(\S+) \(`)
)

// failing is the first test that failed, the innermost of those that it is part
// of; empty if none says so.
func failing(out string) (name string) {
	line := failLine
	if _, after, hung := strings.Cut(out, "running tests:\n"); hung {
		out, line = after, hungLine
	}
	for _, m := range line.FindAllStringSubmatch(out, -1) {
		if name == "" || strings.HasPrefix(m[1], name+"/") {
			name = m[1]
		}
	}
	return name
}
