package fuzz

import "github.com/sockspec/sockspec/tcpstate"

// Flaw spoils the ends of a Duo on purpose, so that a test sees the laws of a walk fail.
type Flaw uint8

// The flaws. Those of timers are what an endpoint would be that forgets to arm one: the laws of a single endpoint would tell at
// once, those of a walk must tell, too.
const (
	NoFlaw     Flaw = iota
	FinOnce         // a FIN is sent once and never again
	DeadData        // no timer fires while the connection is established
	DeadClose       // no timer fires of an end that closes
	DeadWait        // TIME-WAIT never ends
	Untold          // nobody is told that there is something to read
	UntoldRoom      // nobody is told that there is room to write
	DeafWait        // TIME-WAIT does not answer a FIN that comes again
	Brusque         // close resets, as if there were always data that nobody read
)

// mutes reports whether end i never sends a segment.
func (d *Duo) mutes(i int, s *tcpstate.Segment) bool {
	return d.Flaw == FinOnce && s.Flags.Has(tcpstate.FIN) && d.sent[i]&msgFin != 0
}

// dead reports whether the timers of an end never fire.
func (f Flaw) dead(e *Endpoint) bool {
	switch e.State() {
	case tcpstate.Established:
		return f == DeadData
	case tcpstate.FinWait1, tcpstate.Closing, tcpstate.LastAck:
		return f == DeadClose
	case tcpstate.TimeWait:
		return f == DeadWait
	}
	return false
}
