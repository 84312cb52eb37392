package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// What is sent again holds the octets that it held at first, from its first to its last, also where a part of them has been
// acknowledged (RFC 9293 3.8.1; RFC 2525 2.4 calls anything else inconsistent).
func TestARetransmissionHoldsTheOctetsOfTheFirstTransmission(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.ok(sendCall(fd, "abcdefghij"))
	first := b.sent()
	require.Equal(t, "abcdefghij", string(first.Payload))
	for range 3 { // a loss probe, and two time-outs
		again := b.next()
		require.Equal(t, first.Seg.Seq, again.Seg.Seq)
		require.Equal(t, "abcdefghij", string(again.Payload))
	}
	p.ack = first.Seg.Seq.Add(4)
	p.send(tcpstate.ACK, "")
	for range 2 {
		b.wire = nil
		again := b.next()
		require.Equal(t, first.Seg.Seq.Add(4), again.Seg.Seq)
		require.Equal(t, "efghij", string(again.Payload))
	}
}

// next lets time pass until the host sends a packet.
func (b *bench) next() Packet {
	b.Helper()
	for range 10 {
		at, ok := b.h.Deadline()
		require.True(b, ok, "no timer will send anything")
		if b.run(at.Sub(b.now)); len(b.wire) > 0 {
			break
		}
	}
	return b.sent()
}
