//go:build !linux

package packetio

import (
	"errors"
	"net/netip"
	"time"
)

// TUN is a TUN interface; only Linux has the kind that this package opens.
type TUN struct{}

// errNoTUN is the answer everywhere but on Linux.
var errNoTUN = &TUNError{Op: "open", Err: errors.ErrUnsupported, Hint: "the live kernel is compared on Linux only; the model and gVisor run here"}

// OpenTUN returns a *TUNError that wraps errors.ErrUnsupported.
func OpenTUN(string, bool) (*TUN, error) { return nil, errNoTUN }

// Name is empty.
func (*TUN) Name() string { return "" }

// Index is 0.
func (*TUN) Index() int { return 0 }

// Read returns errors.ErrUnsupported.
func (*TUN) Read([]byte) (int, error) { return 0, errNoTUN }

// Drain does nothing.
func (*TUN) Drain() {}

// Write returns errors.ErrUnsupported.
func (*TUN) Write([]byte) (int, error) { return 0, errNoTUN }

// SetReadDeadline returns errors.ErrUnsupported.
func (*TUN) SetReadDeadline(time.Time) error { return errNoTUN }

// Close returns errors.ErrUnsupported.
func (*TUN) Close() error { return errNoTUN }

// LinkConfig is what an interface needs before packets flow.
type LinkConfig struct {
	MTU    int
	Addrs  []netip.Prefix
	Routes []Route
}

// Route leads to a prefix through the interface.
type Route struct {
	Dst netip.Prefix
	Via netip.Addr
}

// ConfigureLink returns a *TUNError that wraps errors.ErrUnsupported.
func ConfigureLink(string, LinkConfig) error { return errNoTUN }

// InNetNS returns a *TUNError that wraps errors.ErrUnsupported.
func InNetNS(func() error) error { return errNoTUN }
