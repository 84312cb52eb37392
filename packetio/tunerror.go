package packetio

import "fmt"

// MaxPacket is the length in octets of the longest IP packet that IPv4's
// total length can say; a buffer of this size holds whatever a TUN device yields.
const MaxPacket = 65535

// TUNError says which step of setting up an interface failed, and what to do.
type TUNError struct {
	Op   string // name, open, create, offload, index, up, address, route
	Name string // the interface, or the address or route and the interface
	Err  error  // the system's answer
	Hint string // what is missing and how to allow it; may be empty
}

// Error spells all four parts.
func (e *TUNError) Error() string {
	s := fmt.Sprintf("packetio: TUN %s %q: %v", e.Op, e.Name, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the system's answer to errors.Is.
func (e *TUNError) Unwrap() error { return e.Err }
