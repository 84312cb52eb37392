package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPartsAreWhatAnOffloadedSegmentStandsFor: as many as its octets fill, the last in
// part, and one at least (gso_segs).
func TestPartsAreWhatAnOffloadedSegmentStandsFor(t *testing.T) {
	for _, c := range []struct{ n, size, joined, want uint32 }{
		{0, 0, 0, 1}, {1460, 0, 0, 1}, {0, 0, 3, 4}, {0, 1000, 0, 1}, {1, 1000, 0, 1}, {1000, 1000, 0, 1}, {1001, 1000, 0, 2}, {3000, 1000, 0, 3},
	} {
		s := Segment{Len: c.n, Size: c.size, Joined: c.joined}
		require.Equal(t, c.want, s.Parts(), "%d octets by %d, %d joined", c.n, c.size, c.joined)
	}
}

// TestABareAckDoesNothingElse: whatever else it says of congestion or hurry.
func TestABareAckDoesNothingElse(t *testing.T) {
	for _, c := range []struct {
		n     uint32
		flags Flags
		want  bool
	}{
		{0, ACK, true}, {0, ACK | PSH, true}, {0, ACK | ECE | CWR, true},
		{1, ACK, false}, {1, FIN | ACK, false}, {0, 0, false}, {0, FIN | ACK, false}, {0, SYN | ACK, false}, {0, RST | ACK, false}, {0, URG | ACK, false},
	} {
		s := Segment{Len: c.n, Flags: c.flags}
		require.Equal(t, c.want, s.BareAck(), "%d octets, %v", c.n, c.flags)
	}
}

// TestThereAreNoEdgesBeyondTheStates: nor is it a panic to ask.
func TestThereAreNoEdgesBeyondTheStates(t *testing.T) {
	for s := range State(numStates + 2) {
		require.False(t, LegalEdge(numStates, s))
		require.False(t, LegalEdge(s, numStates))
		require.False(t, LegalEdge(numStates+1, s))
	}
}

// TestNothingIsSentAfterAShutdownOrAnError: no octet of a write that comes then is taken.
func TestNothingIsSentAfterAShutdownOrAnError(t *testing.T) {
	for _, c := range []struct {
		broken func(*Conn)
		want   uint32
	}{
		{func(c *Conn) { c.shut = ShutWrite }, 0}, {func(c *Conn) { c.err = EHOSTUNREACH }, 0}, {func(c *Conn) {}, 10},
	} {
		w := established(t, plainOpts)
		w.lax = true
		c.broken(w.c)
		out := w.do(Input{Kind: Send, N: 10})
		require.Equal(t, Sent, out[0].Kind)
		require.Equal(t, c.want, out[0].N)
	}
}
