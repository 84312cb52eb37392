package shrink

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// teller is a *testing.T that is told of a failure.
type teller struct {
	testing.TB
	said   strings.Builder
	failed error
}

func (t *teller) Helper()                      {}
func (t *teller) Logf(format string, a ...any) { fmt.Fprintf(&t.said, format+"\n", a...) }
func (t *teller) Fatal(a ...any)               { t.failed = a[0].(error) }

// target fails when its input has a b after an a, in the given way.
func target(fail func(T)) Target[[]byte] {
	return Target[[]byte]{
		Name: "FuzzX",
		Run: func(t T, in []byte) {
			if a := bytes.IndexByte(in, 'a'); a >= 0 && bytes.IndexByte(in[a:], 'b') > 0 {
				fail(t)
			}
		},
		Shrink: Octets,
		Args:   func(in []byte) []any { return []any{in} },
		Tell:   func(logf Logf, in []byte) { logf("%d octets", len(in)) },
	}
}

// However a target fails, the shortest input is told, and how that one fails.
func TestAFailureIsToldShort(t *testing.T) {
	cause := errors.New("the cause")
	for name, fail := range map[string]func(T){
		"a check":           func(t T) { require.NoError(t, cause) },
		"a check that goes": func(t T) { t.Errorf("%w", cause) },
		"a panic":           func(T) { panic(cause) },
		"a bug":             func(T) { _ = []int{}[len(cause.Error())] },
	} {
		to := &teller{}
		target(fail).Check(to, []byte("much that is noise, an a, more noise, a b and more"))
		require.Equal(t, "2 octets\ncorpus entry testdata/fuzz/FuzzX/da8c875d2f5d5682:\ngo test fuzz v1\n[]byte(\"ab\")\n\n", to.said.String(), name)
		require.Regexp(t, "the cause|out of range", to.failed, name)
	}
	panicked := &teller{}
	target(func(T) { panic(cause) }).Check(panicked, []byte("ab"))
	require.Contains(t, panicked.failed.Error(), "target_test.go", "a panic tells where")
}

func TestWhatPassesIsNotTold(t *testing.T) {
	to := &teller{}
	target(func(T) {}).Check(to, []byte("ab"))
	require.NoError(t, to.failed)
	require.Empty(t, to.said.String())
}

// What tells may fail where the target does: what it said before is kept.
func TestATaleThatBreaksOffIsToldSoFar(t *testing.T) {
	x := target(func(T) { panic("boom") })
	x.Tell = func(logf Logf, _ []byte) {
		logf("so far")
		panic("boom")
	}
	to := &teller{}
	x.Check(to, []byte("xaxbx"))
	require.Regexp(t, `^so far\n\.\.\. panic: boom\ncorpus entry `, to.said.String())
}
