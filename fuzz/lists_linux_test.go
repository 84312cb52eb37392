package fuzz

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/model"
)

// The live kernel does what the model does under random inputs of the fuzz targets: SACK blocks, time stamps, ECN, ACKs of parts, what
// one end of a pair gets to see, and whatever a host is given. `sockspec campaign` plays others, and more.
func TestRandomInputsAgreeWithTheLiveKernel(t *testing.T) {
	if err := kernel.Truth(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("it waits")
	}
	n := 40
	if os.Getenv("SOCKSPEC_FULL") != "" {
		n = 2000
	}
	for _, l := range Lists() {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			c := &campaign.Campaign{Other: kernel.Stack{}, Model: model.Stack{}, Lists: []campaign.Lists{l}}
			require.NoError(t, c.Run(context.Background(), 1, n, 40, func(f *campaign.Finding) bool {
				if f.Real() {
					t.Error(f)
				}
				return f.Real()
			}))
			t.Log(c.Tally())
		})
	}
}
