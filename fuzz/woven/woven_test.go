package woven

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a test binary says, by the way it ends.
func TestTheInnermostFailingTestIsNamed(t *testing.T) {
	require.Equal(t, "TestA/b/c.pkt", failing("=== RUN TestA\n--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/b/c.pkt (0.0s)\n--- FAIL: TestB (0s)\nFAIL\n"))
	require.Equal(t, "TestA/b", failing("panic: test timed out after 1s\n\trunning tests:\n\t\tTestA (1s)\n\t\tTestA/b (1s)\n\ngoroutine 1\n"))
	require.Empty(t, failing("fatal error: out of memory\n"))
	require.Equal(t, Killer{Package: "p", Run: `^TestA$/^b$/^c\.pkt$`}, Test{"p", "TestA/b/c.pkt"}.Killer())
}

// A change that makes a test talk without end takes no memory for it.
func TestBothEndsOfMuchThatIsSaidAreKept(t *testing.T) {
	var s said
	for _, p := range []string{"first", strings.Repeat("x", 5*saidEnd), "last"} {
		n, err := s.Write([]byte(p))
		require.NoError(t, err)
		require.Len(t, p, n)
	}
	require.Less(t, len(s), 3*saidEnd)
	require.Equal(t, "first", string(s[:5]))
	require.Equal(t, "last", string(s[len(s)-4:]))
}

// An end before all are tried is told, and the first error wins.
func TestEachEndsWithTheFirstError(t *testing.T) {
	bad := errors.New("bad")
	require.ErrorIs(t, Each(context.Background(), 2, 100, func(_ context.Context, i int) error {
		if i == 3 {
			return bad
		}
		return nil
	}), bad)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, Each(ctx, 2, 100, func(context.Context, int) error { return nil }), context.Canceled)
	require.NoError(t, Each(context.Background(), 2, 0, nil))
}
