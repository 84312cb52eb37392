package fuzz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Linux's milliseconds of 32 bits go round in 50 days: what has waited for half of them is sent again every two minutes for weeks,
// which is no endpoint that never ends.
func TestAnEndpointThatWaitedForWeeksIsNotCalledEndless(t *testing.T) {
	lead := leadOf(seed{"weeks", zero, nil}, nil)
	for _, o := range then(active, []Op{set(keepalive, 0), set(keepidle, 0), send(k1000), {Kind: OpWait, Gap: days}}) {
		require.NoError(t, lead.Start.end.Do(o))
	}
	require.NoError(t, lead.Start.Settle())
}
