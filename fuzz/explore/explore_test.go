package explore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// testStates is what is walked with every go test; sockspec explore goes on from there.
const testStates = 150_000

// unreached are the rules that no walk of testStates shows, each with the reason.
var unreached = map[string]string{
	"SOCKET_FILTER": "hooks are functions in Go; sock's own tests have them", "cgroup-refuses": "hooks are functions in Go; sock's own tests have them",
	"no-memory": "hooks are functions in Go; sock's own tests have them", "security-refuses": "hooks are functions in Go; sock's own tests have them",
	"fin-wait-2-timeout": "an orphan becomes a timewait bucket before its keepalive timer could fire",
	"challenge-limit":    "takes more challenge ACKs than a walk has moves", "icmp-limited": "takes more messages than a walk has moves",
	"SOCKET_RCVBUFF": "takes more datagrams than a walk has moves", "raw-rcvbuf": "takes more datagrams than a walk has moves",
	"rack-timeout": "takes a reordering that lasts, and the moves to show it", "user-option": "no seed sets such an option",
	"syn-queue-full": "the sysctl that takes away cookies is no move", "migrated": "the sysctl that migrates requests is no move",
	"icmp-echo-ignored": "the sysctl is no move", "TCP_MINTTL": "no seed sets IP_MINTTL", "timewait-reused": "takes two connections of one name",
	"thread-gone": "no seed ends a thread", "thread-ends": "no seed ends a thread", "martian": "no seed has such an address", "no-route": "walks have a way to everyone",
	"icmp-no-route": "walks have a way to everyone", "icmp-to-many": "no seed sends to many", "icmp-discarded": "no seed has such a message", "UDP_CSUM": "the seeds' checksums are right",
	"raw-checksum": "the seeds' checksums are right",
}

// Every law holds in every state within the bounds, every legal edge of the diagram is walked, and every rule is shown, or says why not.
func TestWalksKeepTheLawsAndReachEveryEdgeAndRule(t *testing.T) {
	rep, err := Run(context.Background(), Options{States: testStates})
	require.NoError(t, err)
	if w := rep.Broken(); w != nil {
		t.Fatalf("%s: %v\n%v", w.Name, w.Broken, w.Way)
	}
	for _, w := range rep.Walks {
		t.Logf("%-10s %7d states, %8d moves, depth %2d, %.0f states/s; %s", w.Name, w.States, w.Moves, w.Depth, w.Rate(), w.Stopped)
	}
	for _, e := range tcpstate.Edges() {
		require.True(t, rep.Cover.HasEdge(e.From, e.To), "%v to %v on %s", e.From, e.To, e.On)
	}
	for _, id := range rule.All() {
		switch why, listed := unreached[id.String()]; {
		case rep.Cover.HasRule(id) && listed:
			t.Errorf("%s is reached: take it off the list (%s)", id, why)
		case !rep.Cover.HasRule(id) && !listed:
			t.Errorf("%s is reached by no walk", id)
		}
	}
}
