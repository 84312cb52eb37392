//go:build linux

package campaign

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
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

// What a host tells routers of its own groups is none of the model's, and comes when Linux has it: over loopback a socket
// hears it, and what it reads then is no difference.
func TestAReportForRoutersEndsAHistory(t *testing.T) {
	c := againstLive(t)
	join := append(netip.MustParseAddr("ff02::9").AsSlice(), matrix.Int(sock.DevLoopback)...)
	d, _, err := c.Replay(matrix.World{}, []matrix.Step{
		called(sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET6, Type: sock.SOCK_RAW | sock.SOCK_NONBLOCK, Proto: sock.IPPROTO_ICMPV6}),
		called(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_IPV6, Name: sock.IPV6_ADD_MEMBERSHIP, Data: join}),
		Pause(100 * tcpstate.Millisecond), called(sock.Call{Op: sock.OpRecv, Len: 100})})
	require.Nil(t, d)
	require.ErrorIs(t, err, errLate)
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
