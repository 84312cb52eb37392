package script

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// suiteDefines are the names that Google's run_all.py defines for its IPv4 runs.
var suiteDefines = []Define{
	{Name: "TFO_COOKIE", Value: "3021b9d889017eeb"},
	{Name: "CMSG_LEVEL_IP", Value: "SOL_IP"},
	{Name: "CMSG_TYPE_RECVERR", Value: "IP_RECVERR"},
	{Name: "CODE", Value: "host_unreachable"},
}

func TestGoogleSuiteParsesAndPrintsBack(t *testing.T) {
	root := os.Getenv("SOCKSPEC_PACKETDRILL")
	if root == "" {
		t.Skip("set SOCKSPEC_PACKETDRILL to the directory gtests/net/tcp of google/packetdrill to parse its scripts")
	}
	count := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".pkt") {
			return err
		}
		count++
		t.Run(strings.TrimPrefix(path, root), func(t *testing.T) {
			s, err := ParseFile(path, suiteDefines...)
			require.NoError(t, err)
			requireRoundTrip(t, s)
		})
		return nil
	})
	require.NoError(t, err)
	require.NotZero(t, count, "no .pkt file under %s", root)
	t.Logf("%d scripts", count)
}
