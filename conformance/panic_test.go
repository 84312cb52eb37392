package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// TestAStackThatPanicsFailsTheScript: at the line that it did so, and the scripts after it are played.
func TestAStackThatPanicsFailsTheScript(t *testing.T) {
	f := &fake{call: func(f *fake, th sock.Thread, c sock.Call) {
		if c.Op == sock.OpListen {
			panic("boom")
		}
		f.answer(th, c)
	}}
	res := play(t, f, "0 socket(..., SOCK_STREAM, 0) = 0\n+0 bind(0, ..., ...) = 0\n+0 listen(0, 1) = 0\n")
	requireFail(t, res, 3, "run")
	require.Contains(t, res.Failure.Got, "panics: boom at conformance/panic_test.go:")
	require.True(t, f.closed)
}

// brittle panics when it is closed.
type brittle struct{ *fake }

func (b brittle) Start(s Setup) (Instance, error) {
	_, err := b.fake.Start(s)
	return b, err
}

func (brittle) Close() error { panic("bang") }

// TestAStackThatPanicsAsItIsClosedFailsTheScript: unless something else has failed it before.
func TestAStackThatPanicsAsItIsClosedFailsTheScript(t *testing.T) {
	for listened, want := range map[string]string{"0": "closing the stack: panics: bang at conformance/panic_test.go:", "-1 EINVAL (Invalid argument)": "0"} {
		f := &fake{}
		f.call = func(f *fake, th sock.Thread, c sock.Call) { f.answer(th, c) }
		s, err := script.Parse("test.pkt", []byte("0 socket(..., SOCK_STREAM, 0) = 0\n+0 listen(0, 1) = "+listened+"\n"))
		require.NoError(t, err)
		r := Run(t.Context(), s, brittle{f}, Options{})
		require.Equal(t, Fail, r.Verdict)
		require.Contains(t, r.Failure.Got, want)
	}
}

// TestAPanicTellsWhereItCameUp: below the runtime's own frames, be it raised by hand or by the processor.
func TestAPanicTellsWhereItCameUp(t *testing.T) {
	var none *fake
	for name, play := range map[string]func() error{
		"by hand":          func() error { panic("boom") },
		"by the processor": func() error { none.now = 1; return nil },
	} {
		var bug *Panic
		require.ErrorAs(t, Guard(play), &bug, name)
		require.Contains(t, bug.Where, "conformance/panic_test.go:", name)
	}
	require.NoError(t, Guard(func() error { return nil }))
}
