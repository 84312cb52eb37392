package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// One input that sets off more than maxRounds loses packets, and says so; who
// was woken goes on with the next.
func TestRoundsOfOneInputAreBounded(t *testing.T) {
	h := newBench(t).h
	for id := range Thread(2) {
		h.thread(id)
	}
	h.run = make([]Thread, maxRounds+1)
	h.loop = append(h.loop, Packet{Dst: netip.IPv6Loopback()})
	h.run[maxRounds] = 1
	out := h.Tick(1, nil)
	require.Len(t, out, 1)
	require.Equal(t, Dropped, out[0].Kind)
	require.NoError(t, h.Check())
	at, on := h.Deadline()
	require.True(t, on)
	require.Equal(t, h.Now(), at)
	require.Equal(t, h.Fingerprint(), h.Clone().Fingerprint())
	require.Empty(t, h.Tick(at, nil))
	require.Empty(t, h.run)
}
