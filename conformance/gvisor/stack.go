package gvisor

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"

	"github.com/sockspec/sockspec/conformance"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// Stack is gVisor's netstack as a stack under test. The zero value is ready.
type Stack struct{}

var _ conformance.Stack = Stack{}

// Name is "gvisor".
func (Stack) Name() string { return "gvisor" }

// Available is always nil: netstack is linked in and needs no permission.
func (Stack) Available() error { return nil }

// The interfaces, by the numbers that a container would see.
const (
	loopbackNIC tcpip.NICID = 1
	linkNIC     tcpip.NICID = 2
)

// defaultTTL is netstack.DefaultTTL of the Sentry.
const defaultTTL = 64

// The least MTU that RFC 791 and RFC 8200 let a link have, and the most that
// the length field of IPv4 can describe.
const (
	minMTUv4 = 68
	minMTUv6 = 1280
	maxMTU   = 65535
)

// Start boots a fresh instance at time 0. An address family whose local
// address is the zero Addr stays without an address; MTU 0 means 1500. Setup
// errors name the field.
func (Stack) Start(s conformance.Setup) (conformance.Instance, error) {
	if s.Profile != "" {
		return nil, fmt.Errorf("gvisor: profile %q: %w: gVisor has one behaviour, and no profiles",
			s.Profile, conformance.ErrUnsupported)
	}
	if s.MTU == 0 {
		s.MTU = 1500
	}
	least := minMTUv4
	if s.LocalV6.IsValid() {
		least = minMTUv6
	}
	if s.MTU < least || s.MTU > maxMTU {
		return nil, fmt.Errorf("gvisor: MTU %d: must lie between %d and %d", s.MTU, least, maxMTU)
	}
	in := &Instance{clock: &clock{}, link: &link{mtu: uint32(s.MTU)}}
	in.link.send = in.packetOut
	in.stack = newStack(in.clock, s.Seed)
	if err := in.configure(s); err != nil {
		in.shut()
		return nil, err
	}
	// Whatever the boot itself has sent (nothing, today) is not the script's.
	if err := in.settle(); err != nil {
		in.shut()
		return nil, err
	}
	in.events = in.events[:0]
	return in, nil
}

// oneProcessor guards the process-wide GOMAXPROCS while newStack lowers it.
var oneProcessor sync.Mutex

// newStack makes the stack that runsc makes for a container. TCP starts one
// worker per processor as it is made; two workers could race where one input
// wakes several endpoints, over the loopback for one.
func newStack(c *clock, seed uint64) *stack.Stack {
	oneProcessor.Lock()
	defer oneProcessor.Unlock()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	return stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{
			tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6,
		},
		Clock:       c,
		HandleLocal: true,
		RandSource:  &random{state: seed},
		// Another stream, so that the two draw nothing in common.
		SecureRNG: &random{state: ^seed},
	})
}

// configure sets the options that runsc sets, and the interfaces, addresses
// and routes of the script's world.
func (in *Instance) configure(s conformance.Setup) error {
	sack, moderate := tcpip.TCPSACKEnabled(true), tcpip.TCPModerateReceiveBufferOption(true)
	ttl := tcpip.DefaultTTLOption(defaultTTL)
	for _, err := range []tcpip.Error{
		in.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &sack),
		in.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &moderate),
		in.stack.SetNetworkProtocolOption(ipv4.ProtocolNumber, &ttl),
		in.stack.SetNetworkProtocolOption(ipv6.ProtocolNumber, &ttl),
		in.stack.CreateNICWithOptions(loopbackNIC, loopback.New(), stack.NICOptions{Name: "lo"}),
		in.stack.CreateNICWithOptions(linkNIC, in.link, stack.NICOptions{Name: "tun0"}),
	} {
		if err != nil {
			return fmt.Errorf("gvisor: boot: %v", err)
		}
	}
	return in.address(s)
}

// address gives the interfaces their addresses and routes everything that is
// not local to the link, through the gateway of the family.
func (in *Instance) address(s conformance.Setup) error {
	var routes []tcpip.Route
	for _, f := range []struct {
		field       string
		nic         tcpip.NICID
		local, gate netip.Addr
		prefix      int
	}{
		{"loopback", loopbackNIC, netip.MustParseAddr("127.0.0.1"), netip.Addr{}, 8},
		{"loopback", loopbackNIC, netip.IPv6Loopback(), netip.Addr{}, 128},
		{"LocalV4", linkNIC, s.LocalV4, s.GatewayV4, s.PrefixV4},
		{"LocalV6", linkNIC, s.LocalV6, s.GatewayV6, s.PrefixV6},
	} {
		if !f.local.IsValid() {
			continue
		}
		if (f.field == "LocalV4") != f.local.Is4() && f.nic == linkNIC {
			return fmt.Errorf("gvisor: %s: %v is of the other family", f.field, f.local)
		}
		if f.prefix < 0 || f.prefix > f.local.BitLen() {
			return fmt.Errorf("gvisor: %s: prefix length %d: must lie between 0 and %d", f.field, f.prefix, f.local.BitLen())
		}
		addr := tcpip.ProtocolAddress{
			Protocol:          protocolOf(f.local),
			AddressWithPrefix: tcpip.AddressWithPrefix{Address: toAddress(f.local), PrefixLen: f.prefix},
		}
		if err := in.stack.AddProtocolAddress(f.nic, addr, stack.AddressProperties{}); err != nil {
			return fmt.Errorf("gvisor: %s: %v: %v", f.field, f.local, err)
		}
		routes = append(routes, tcpip.Route{Destination: addr.AddressWithPrefix.Subnet(), NIC: f.nic})
		if f.nic == linkNIC {
			all := header.IPv4EmptySubnet
			if f.local.Is6() {
				all = header.IPv6EmptySubnet
			}
			routes = append(routes, tcpip.Route{Destination: all, Gateway: toAddress(f.gate), NIC: f.nic})
		}
	}
	in.stack.SetRouteTable(routes)
	return nil
}
