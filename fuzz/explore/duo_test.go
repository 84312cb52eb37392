package explore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz"
)

func TestTwoEndpointsKeepEveryLawInEveryStateWithinBounds(t *testing.T) {
	c := fuzz.DuoConfig{Setup: [2]fuzz.Setup{{Plain: 7, MTU: 1500}, {Passive: true, Plain: 7, MTU: 1500}}, Writes: [2]uint8{1, 0}, Octets: 1000, Channel: 6,
		Trouble: fuzz.Trouble{1, 1, 1, 1}, Ends: fuzz.EndShutdown | fuzz.EndClose | fuzz.EndAbort}
	s := Search{Roots: []Root{{"client and server", duo{fuzz.NewDuo(c)}}}, States: 50_000, SettleEach: 1}
	r := s.Run(context.Background())
	require.NoError(t, r.Broken, "%v", r.Way)
	t.Log(r.States, r.Moves, r.Depth, r.Stopped, r.Rate())
}
