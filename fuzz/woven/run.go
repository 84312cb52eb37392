package woven

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

// Verdict is what became of a change under one killer.
type Verdict struct {
	Killed bool
	By     Test   // that failed first
	Hung   bool   // it did not end
	Output string // of all, without the middle of much
	CPU    time.Duration
}

// Unchanged is the error that a test fails without a change.
func (v *Verdict) Unchanged() error {
	return fmt.Errorf("without a change %v fails: mend that first\n%s", v.By, v.Output)
}

// grace is how long a test binary may take to say which test did not end.
const grace = 10 * time.Second

// Run puts change n on (0: none) and lets a killer run, at most for a time. env
// adds to its environment. An error means that it gives no verdict.
func (h *Harness) Run(ctx context.Context, k Killer, n int, most time.Duration, env ...string) (v Verdict, err error) {
	limit, cancel := context.WithTimeout(ctx, most+grace)
	defer cancel()
	cmd := exec.CommandContext(limit, h.bin+path.Base(k.Package)+".test",
		"-test.failfast", "-test.timeout", most.String(), "-test.run", k.Run, "-test.skip", k.Skip)
	cmd.Dir = filepath.Join(h.root, filepath.FromSlash(k.Package))
	// Random cases are the same each time, and nothing is left behind.
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", EnvName, n), "GOMAXPROCS=1", "GOMEMLIMIT=1GiB", "RAPID_SEED=1", "RAPID_NOFAILFILE=1")
	cmd.Env = append(cmd.Env, env...)
	cmd.WaitDelay = time.Second
	var out said
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if s := cmd.ProcessState; s != nil {
		v.CPU = s.UserTime() + s.SystemTime()
	}
	var exit *exec.ExitError
	isExit := errors.As(err, &exit)
	switch {
	case err == nil:
		return v, nil
	case ctx.Err() != nil || isExit && exit.String() == "signal: interrupt":
		return v, context.Canceled // a terminal's Ctrl-C reaches the tests too
	case !isExit && limit.Err() == nil:
		return v, err
	}
	v.Killed, v.Output = true, string(out)
	v.By = Test{k.Package, failing(v.Output)}
	// The kernel kills what has used up its processor time.
	v.Hung = limit.Err() != nil || isExit && exit.String() == "signal: killed" || strings.Contains(v.Output, "panic: test timed out")
	return v, nil
}

// said keeps both ends of what a test says: a change may make it say a lot.
type said []byte

const saidEnd = 128 << 10 // octets

func (s *said) Write(p []byte) (int, error) {
	*s = append(*s, p...)
	if len(*s) > 4*saidEnd {
		*s = append((*s)[:saidEnd], (*s)[len(*s)-saidEnd:]...)
	}
	return len(p), nil
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
