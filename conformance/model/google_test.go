package model_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
)

// googleDefines are the definitions that packetdrill's own runner gives to
// scripts over IPv4 (run_all.py).
var googleDefines = []script.Define{
	{Name: "TFO_COOKIE", Value: "3021b9d889017eeb"}, {Name: "CODE", Value: "host_unreachable"},
	{Name: "CMSG_LEVEL_IP", Value: "SOL_IP"}, {Name: "CMSG_TYPE_RECVERR", Value: "IP_RECVERR"},
}

// TestGoogleSuiteOnTheModel counts how many of packetdrill's own scripts the
// model passes. They are not part of this repository: SOCKSPEC_PACKETDRILL
// names a checkout's gtests/net/tcp.
func TestGoogleSuiteOnTheModel(t *testing.T) {
	root := os.Getenv("SOCKSPEC_PACKETDRILL")
	if root == "" {
		t.Skip("SOCKSPEC_PACKETDRILL does not name packetdrill's gtests/net/tcp")
	}
	var paths []string
	require.NoError(t, filepath.WalkDir(root, func(p string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(p, ".pkt") {
			paths = append(paths, p)
		}
		return err
	}))
	sort.Strings(paths)
	var n [4]int
	for _, p := range paths {
		s, err := script.ParseFile(p, googleDefines...)
		if err != nil {
			n[conformance.Skip]++
			t.Logf("SKIP %v", err)
			continue
		}
		r := conformance.Run(context.Background(), s, model.Stack{}, conformance.Options{})
		n[r.Verdict]++
		switch r.Verdict {
		case conformance.Skip:
			t.Logf("SKIP %s: %s", strings.TrimPrefix(p, root), r.Reason)
		case conformance.Fail:
			t.Logf("FAIL %s", r.Failure)
		}
	}
	t.Logf("%d passed, %d failed, %d skipped", n[conformance.Pass], n[conformance.Fail], n[conformance.Skip])
}
