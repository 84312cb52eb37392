package gvisor

import (
	"fmt"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// link is the instance's point-to-point link of IP packets, a TUN device
// without a file. Unlike netstack's channel endpoint it never drops: a burst of
// any length reaches the script. It offers no offloads, so that netstack
// computes and verifies every checksum and sends no packet above the MTU.
type link struct {
	mtu        uint32
	send       func(packet []byte)
	dispatcher stack.NetworkDispatcher
}

// inject delivers an IP packet from the link, of the family that its version
// field names.
func (l *link) inject(packet []byte) error {
	if len(packet) == 0 {
		return fmt.Errorf("gvisor: inject: empty packet: give an IPv4 or IPv6 packet")
	}
	var proto tcpip.NetworkProtocolNumber
	switch v := packet[0] >> 4; v {
	case 4:
		proto = header.IPv4ProtocolNumber
	case 6:
		proto = header.IPv6ProtocolNumber
	default:
		return fmt.Errorf("gvisor: inject: IP version %d: give an IPv4 or IPv6 packet", v)
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(packet)})
	defer pkt.DecRef()
	if l.dispatcher != nil {
		l.dispatcher.DeliverNetworkPacket(proto, pkt)
	}
	return nil
}

// WritePackets implements stack.LinkWriter.
func (l *link) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	n := 0
	for _, pkt := range pkts.AsSlice() {
		out := make([]byte, 0, pkt.Size())
		for _, part := range pkt.AsSlices() {
			out = append(out, part...)
		}
		l.send(out)
		n++
	}
	return n, nil
}

// Attach implements stack.NetworkLinkEndpoint.
func (l *link) Attach(d stack.NetworkDispatcher) { l.dispatcher = d }

// IsAttached implements stack.NetworkLinkEndpoint.
func (l *link) IsAttached() bool { return l.dispatcher != nil }

// MTU implements stack.NetworkLinkEndpoint.
func (l *link) MTU() uint32 { return l.mtu }

// SetMTU implements stack.NetworkLinkEndpoint.
func (l *link) SetMTU(mtu uint32) { l.mtu = mtu }

// Capabilities implements stack.NetworkLinkEndpoint: none.
func (l *link) Capabilities() stack.LinkEndpointCapabilities { return stack.CapabilityNone }

// ARPHardwareType implements stack.NetworkLinkEndpoint: no link addresses.
func (l *link) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }

// MaxHeaderLength implements stack.NetworkLinkEndpoint: no link header.
func (l *link) MaxHeaderLength() uint16 { return 0 }

// LinkAddress implements stack.NetworkLinkEndpoint.
func (l *link) LinkAddress() tcpip.LinkAddress { return "" }

// SetLinkAddress implements stack.NetworkLinkEndpoint.
func (l *link) SetLinkAddress(tcpip.LinkAddress) {}

// AddHeader implements stack.NetworkLinkEndpoint.
func (l *link) AddHeader(*stack.PacketBuffer) {}

// ParseHeader implements stack.NetworkLinkEndpoint.
func (l *link) ParseHeader(*stack.PacketBuffer) bool { return true }

// Wait implements stack.NetworkLinkEndpoint: there is no worker to wait for.
func (l *link) Wait() {}

// Close implements stack.NetworkLinkEndpoint.
func (l *link) Close() {}

// SetOnCloseAction implements stack.NetworkLinkEndpoint.
func (l *link) SetOnCloseAction(func()) {}
