package script

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFileOfUpToFourMebibytesIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pkt")
	const event = "0 close(3) = 0\n"
	text := event + strings.Repeat(" ", MaxSize-len(event))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	s, err := ParseFile(path)
	require.NoError(t, err)
	require.Len(t, s.Events, 1)
	require.NoError(t, os.WriteFile(path, []byte(text+" "), 0o666))
	_, err = ParseFile(path)
	requireTooLarge(t, path, err)
}

func TestEndlessFileIsNotReadToItsEnd(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("no endless file here:", err)
	}
	_, err := ParseFile("/dev/zero")
	requireTooLarge(t, "/dev/zero", err)
}

func requireTooLarge(t *testing.T, path string, err error) {
	t.Helper()
	require.ErrorIs(t, err, ErrTooLarge)
	var pe *fs.PathError
	require.ErrorAs(t, err, &pe)
	require.Equal(t, path, pe.Path)
}
