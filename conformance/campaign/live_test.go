//go:build linux

package campaign

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
)

var (
	seeds = flag.Int("seeds", 40, "how many histories to compare with the live kernel")
	anew  = flag.Bool("anew", false, "draw histories by rapid's own seed too")
	first = flag.Int("first", 1, "the first history's seed")
	most  = flag.Int("findings", 1, "go on until so many histories differ")
	waits = flag.Int("waits", 0, "how often at most a history waits for what comes by itself, up to 3 s each")
	many  = flag.Int("workers", 0, "how many histories at once; 0: 8, or 32 with -waits")
	save  = flag.String("save", "", "a directory where each difference is left as a script")
	kinds = flag.String("kinds", "", "only these kinds of sockets, comma separated")
)

func againstLive(t *testing.T) *Campaign {
	if err := (kernel.Stack{}).Available(); err != nil {
		t.Skip(err)
	}
	c := &Campaign{Want: kernel.Stack{}, Got: model.Stack{}, Steps: 60, Pauses: *waits}
	for _, k := range matrix.Kinds {
		if chosen(k) {
			c.Kinds = append(c.Kinds, k)
		}
	}
	return c
}

// Random calls and packets come out on the model as they do on the live kernel: the same histories each time, or those of
// other seeds.
func TestModelFollowsTheLiveKernel(t *testing.T) {
	c := againstLive(t)
	compareSeeds(t, c, *first, *seeds)
}

// The same where time passes: retransmissions, delayed ACKs, keepalive probes, time-outs of calls.
func TestModelFollowsTheLiveKernelInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits")
	}
	c := againstLive(t)
	c.Pauses = max(*waits, 2)
	compareSeeds(t, c, *first+500_000, *seeds)
}

func compareSeeds(t *testing.T, c *Campaign, first, seeds int) {
	workers := *many
	if workers == 0 {
		workers = 8
		if c.Pauses > 0 {
			workers = 32
		}
	}
	found, err := c.Run(context.Background(), first, seeds, workers, *most)
	require.NoError(t, err)
	for _, f := range found {
		t.Error(f)
		if *save != "" {
			require.NoError(t, os.MkdirAll(*save, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(*save, fmt.Sprintf("seed-%d.pkt", f.Seed)), []byte(f.File()), 0o644))
		}
	}
	t.Log(c.Tally())
}

// The same with histories that are new each time, if asked for.
func TestModelFollowsTheLiveKernelAnew(t *testing.T) {
	if !*anew {
		t.Skip("only with -anew")
	}
	c := againstLive(t)
	rapid.Check(t, c.Check)
	t.Log(c.Tally())
}
