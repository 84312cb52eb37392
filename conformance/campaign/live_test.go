//go:build linux

package campaign

import (
	"context"
	"flag"
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
	kinds = flag.String("kinds", "", "only these kinds of sockets, comma separated")
)

func againstLive(t *testing.T) *Campaign {
	if err := (kernel.Stack{}).Available(); err != nil {
		t.Skip(err)
	}
	c := &Campaign{Want: kernel.Stack{}, Got: model.Stack{}, Steps: 60}
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
	found, err := c.Run(context.Background(), *first, *seeds, 8, *most)
	require.NoError(t, err)
	for _, f := range found {
		t.Error(f)
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
