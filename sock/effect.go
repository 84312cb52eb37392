package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// EffectKind says what a Host did.
type EffectKind uint8

// The effects.
const (
	_ EffectKind = iota
	// Transmit: Packet leaves the host.
	Transmit
	// Loop: Packet was sent to an address of the host itself and is being
	// delivered there; nothing is to be done.
	Loop
	// Done: a system call returned Return.
	Done
	// Parked: the call of Return.Thread waits; its Done comes later.
	Parked
	// Dropped: the packet that arrived, or part of it, was discarded.
	Dropped
	// Changed: the state of socket Sock's TCP went From → To.
	Changed
	// Noted: something happened that shows in nothing else; Why says what.
	Noted
	// Woken: Return.Thread looks again whether its call can go on.
	Woken
)

// Effect is one consequence of an input, and the rule that it follows from.
// What its slices refer to stays valid until the host's next input.
type Effect struct {
	Kind   EffectKind
	Why    rule.ID // never zero
	Sock   int32   // the socket concerned, by the host's own numbering; -1 for none
	From   tcpstate.State
	To     tcpstate.State
	Packet Packet
	Return Return
}
