package campaign

import (
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/tcpstate"
	"pgregory.net/rapid"
)

// pauses are how long a history may wait for what comes by itself: a delayed ACK (40 ms and more), a retransmission (200 ms and
// twice as much each time), a keepalive probe or what a FIN_WAIT2 lasts (a second at least), the time-outs of calls.
var pauses = []tcpstate.Duration{50 * tcpstate.Millisecond, 120 * tcpstate.Millisecond, 250 * tcpstate.Millisecond, 500 * tcpstate.Millisecond,
	tcpstate.Second, 3 * tcpstate.Second}

// paused is the name of a pause among steps, which one that is made shorter keeps, other than waits for timers that are near.
const paused = "pause"

func pause(t *rapid.T) matrix.Step {
	return matrix.Step{Name: paused, Wait: rapid.SampledFrom(pauses).Draw(t, "for")}
}
