package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// rehashes are the reasons that outputs give for another path, in order.
func rehashes(out []Output) (why []rule.ID) {
	for i := range out {
		if out[i].Kind == Rehash {
			why = append(why, out[i].Why)
		}
	}
	return why
}

func TestRehashComesBeforeWhatATimeOutSendsAgain(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.now, _ = w.c.Deadline()
	out := w.do(Input{Kind: Timeout})
	require.Equal(t, []rule.ID{rule.RehashTimeout}, rehashes(out))
	require.Equal(t, Rehash, out[0].Kind)
	require.Equal(t, Emit, out[1].Kind)
}

func TestRehashFollowsOldDataUnderAnotherFlowLabel(t *testing.T) {
	w := established(t, Options{Set: OptMSS | OptSACKOK, MSS: 1000})
	data := Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1), Flags: ACK | PSH, Wnd: 1000, Len: 100}
	rcv := func(label uint32) []rule.ID {
		return rehashes(w.do(Input{Kind: SegmentArrives, Seg: data, Label: label}))
	}
	require.Empty(t, rcv(1), "new data under a label that is new")
	require.Empty(t, rcv(1), "the same again: the network has doubled it")
	require.Equal(t, []rule.ID{rule.RehashDuplicate}, rcv(0xfffff))
	require.Empty(t, rcv(0xfffff))
	data.Seq = data.Seq.Add(200)
	require.Empty(t, rcv(3), "beyond a hole")
	data.Seq = data.Seq.Sub(200)
	require.Empty(t, rcv(3), "data beyond a hole counts as the latest")
	w.call(Send, 1000)
	for out := []Output(nil); rehashes(out) == nil; out = w.do(Input{Kind: Timeout}) {
		w.now, _ = w.c.Deadline() // a tail loss probe first
	}
	require.Empty(t, rcv(4), "our own time-out has chosen a new path")
}
