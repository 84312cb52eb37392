//go:build linux

package campaign

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
)

func againstLive(t *testing.T) *Campaign {
	if err := kernel.Truth(); err != nil {
		t.Skip(err)
	}
	return &Campaign{Other: kernel.Stack{}, Model: model.Stack{}, Steps: 60, Kinds: matrix.Kinds}
}

// compareSeeds plays the same few histories each time; `sockspec campaign` plays others, and more.
func compareSeeds(t *testing.T, c *Campaign, first, seeds, workers int) {
	require.NoError(t, c.Run(context.Background(), first, seeds, workers, func(f *Finding) bool {
		if !f.Real() {
			t.Logf("Linux does both (as the model in %d of %d plays, with other pauses in %d of %d): %v", f.Agreed, f.Plays, f.InTime, f.Shaken, f)
			return true
		}
		t.Error(f)
		return false
	}))
	t.Log(c.Tally())
}

// Random calls and packets come out on the model as they do on the live kernel.
func TestModelFollowsTheLiveKernel(t *testing.T) {
	c := againstLive(t)
	compareSeeds(t, c, 1, 30, 8)
	c.Kinds = nil
	for _, k := range matrix.Kinds {
		if strings.HasPrefix(k.Name, "tcp") {
			c.Kinds = append(c.Kinds, k)
		}
	}
	compareSeeds(t, c, 1, 40, 8)
}

// The same where time passes: retransmissions, delayed ACKs, keepalive probes, time-outs of calls.
func TestModelFollowsTheLiveKernelInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits")
	}
	c := againstLive(t)
	c.Pauses = 2
	compareSeeds(t, c, 500_001, 40, 32)
}
