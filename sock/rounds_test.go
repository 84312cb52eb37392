package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// One input that sets off more than maxRounds loses packets, and says so; who
// was woken goes on with the next.
func TestRoundsOfOneInputAreBounded(t *testing.T) {
	h := newBench(t).h
	for id := range Thread(2) {
		h.thread(id)
	}
	h.enter(1, nil)
	h.run = append(h.run, 1)
	for range 3 {
		h.loop = append(h.loop, Packet{Src: netip.IPv6Loopback(), Dst: netip.IPv6Loopback(), Proto: extNone})
	}
	h.settleWithin(2)
	out := h.leave()
	require.Len(t, out, 3)
	require.Equal(t, rule.NotTCP, out[1].Why, "nobody wants it")
	require.Equal(t, Dropped, out[2].Kind)
	require.Equal(t, rule.NoMemory, out[2].Why)
	require.NoError(t, h.Check())
	require.Empty(t, h.run)
}
