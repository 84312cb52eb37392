//go:build linux

package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/sock"
)

// found are histories that once differed, and that scripts have no words for.
var found = []struct {
	name  string
	steps []matrix.Step
}{
	{"the path of an echo reply is remembered without a socket (icmpv6_err)", []matrix.Step{
		six(matrix.Packet{Type: sock.ICMPv6PacketTooBig, MTU: 1300, QuoteProto: sock.ProtoICMPv6, Echo: true, Local: 8080}),
		six(matrix.Packet{Type: echoRequest6, Local: 8080, Seq: 1, Len: 1400}),
	}},
}

// six is an ICMPv6 message from the peer.
func six(q matrix.Packet) matrix.Step {
	q.Proto, q.Src, q.Dst = sock.ProtoICMPv6, ends[1][0], ends[1][1]
	return matrix.Step{Packet: &q}
}

// What random histories found stays mended.
func TestWhatWasFoundStaysMended(t *testing.T) {
	againstLive(t)
	for _, f := range found {
		t.Run(f.name, func(t *testing.T) {
			d, h, err := Replay(f.steps, kernel.Stack{}, model.Stack{})
			require.NoError(t, err)
			require.Nil(t, d, h.Script())
		})
	}
}
