package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/stretchr/testify/require"
)

// odd is the model with one thing done otherwise: it never hears a SYN.
type odd struct{ model.Stack }

func (odd) Name() string { return "odd" }

func (o odd) Start(s conformance.Setup) (conformance.Instance, error) {
	in, err := o.Stack.Start(s)
	return oddInstance{in}, err
}

type oddInstance struct{ conformance.Instance }

func (in oddInstance) Inject(packet []byte) error {
	if len(packet) >= 40 && packet[33]&2 != 0 { // the flags of a TCP header behind a bare IPv4 one
		return nil
	}
	return in.Instance.Inject(packet)
}

// twin is the model by another name.
type twin struct{ model.Stack }

func (twin) Name() string { return "twin" }

// absent cannot run here.
type absent struct{ model.Stack }

func (absent) Name() string     { return "absent" }
func (absent) Available() error { return errors.New("no such machine; buy one") }

// stopping stands for a user who presses Ctrl-C as soon as a script has started.
type stopping struct {
	model.Stack
	stop func()
}

func (stopping) Name() string { return "stopping" }

func (s stopping) Start(setup conformance.Setup) (conformance.Instance, error) {
	s.stop()
	return s.Stack.Start(setup)
}

// outcome is what a run of the program left.
type outcome struct {
	code           int
	stdout, stderr string
}

// sockspec runs the program with the model, the given stacks and nothing else.
func sockspec(t *testing.T, stacks []stackEntry, args ...string) outcome {
	t.Helper()
	return sockspecContext(t, context.Background(), stacks, args...)
}

func sockspecContext(t *testing.T, ctx context.Context, stacks []stackEntry, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{ctx: ctx, stdout: &output{w: &out}, stderr: &errs, stacks: append([]stackEntry{{model.Stack{}, true}}, stacks...)}
	code := p.run(args)
	return outcome{code, out.String(), errs.String()}
}

const (
	passing = `// A listener answers SYN with SYN-ACK (RFC 9293 3.10.7.2)
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000>
+0 > S. 0:0(0) ack 1 <...>
`
	failing = `// A claim that is wrong
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000>
+0 > S. 0:0(0) ack 2 <...>
`
	skipped = `// A call that Google's runner has and this one has not
0 sendfile(3, 4, [0], 10) = 10
`
	misspelt = `// A call that nobody has
0 launch_missiles(3) = 0
`
	broken = `// A mistake
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., = 0
`
)

// scripts writes files below a fresh directory and returns it.
func scripts(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	return dir
}
