package conformance

import (
	"errors"
	"net/netip"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Stack is a TCP/IP implementation that scripts can be run on.
type Stack interface {
	// Name is what --stack calls it: one lower-case word.
	Name() string
	// Available is nil when scripts can run here; otherwise it says why not
	// and what would allow it.
	Available() error
	// Start boots a fresh, isolated instance at time 0.
	Start(Setup) (Instance, error)
}

// Setup is the world that an instance wakes up in: one point-to-point link of
// IP packets, one local address of each family, everything else behind Gateway.
type Setup struct {
	LocalV4, RemoteV4, GatewayV4 netip.Addr
	LocalV6, RemoteV6, GatewayV6 netip.Addr
	PrefixV4, PrefixV6           int
	MTU                          int    // of the link, octets
	Seed                         uint64 // of everything that the stack draws at random, where it lets us
	Profile                      string // "" or a profile's name, for stacks that have profiles
}

// EventKind says what an instance reports.
type EventKind uint8

// The reports.
const (
	_ EventKind = iota
	// PacketOut: the stack sent Packet.
	PacketOut
	// CallDone: a system call returned.
	CallDone
	// Ruled: the stack named a rule that shows in no packet (a drop, say).
	Ruled
)

// Event is one thing that an instance did, and when by its own clock.
type Event struct {
	Kind   EventKind
	At     sock.Time
	Packet []byte      // PacketOut: an IP packet, valid until the next call of the instance
	Return sock.Return // CallDone
	Why    []string    // the rules behind it, where the stack names any
	// From and To are a change of a connection's state that a Ruled event is about; equal where it is about none.
	From, To tcpstate.State
}

// Instance is a running stack. One goroutine drives it.
type Instance interface {
	// Now is the instance's clock, in microseconds since Start.
	Now() sock.Time
	// Call starts a system call on a thread. The outcome comes as an Event,
	// at once or when whatever it waits for has happened.
	Call(sock.Thread, sock.Call) error
	// Inject hands the stack an IP packet that arrives from the link.
	Inject(packet []byte) error
	// Advance lets time pass until the next event or until the given time,
	// whichever is first; ok tells which. It returns events in order of time.
	// Advance(Now()) polls.
	Advance(until sock.Time) (ev Event, ok bool, err error)
	// Command carries out a shell command of a script as far as the stack can:
	// "sysctl -q net.ipv4.tcp_sack=0" is understood by all.
	Command(cmd string) error
	// Close ends the instance and frees all that it held.
	Close() error
}

// ErrUnsupported is wrapped by errors that mean "this stack has no such thing":
// the script is skipped, with the error's text as the reason.
var ErrUnsupported = errors.New("not supported by this stack")
