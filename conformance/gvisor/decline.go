package gvisor

import (
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// declined are options of the SYN that a script has turned off by sysctl and
// that netstack always negotiates. The script can go on as long as nobody offers
// them: what the peer does not offer, netstack does not use either.
type declined struct {
	timestamps bool // tcp_timestamps=0
	scaling    bool // tcp_window_scaling=0
}

// active is the error for an active open, whose SYN would offer what was
// turned off; nil when nothing was.
func (d declined) active() error {
	switch {
	case d.timestamps:
		return unsupported("connect: netstack always offers timestamps, and tcp_timestamps is 0")
	case d.scaling:
		return unsupported("connect: netstack always offers window scaling, and tcp_window_scaling is 0")
	}
	return nil
}

// passive is the error for a SYN that offers what was turned off.
func (d declined) passive(packet []byte) error {
	if d == (declined{}) {
		return nil
	}
	segment := tcpOf(packet)
	if len(segment) < header.TCPMinimumSize || segment.Flags()&(header.TCPFlagSyn|header.TCPFlagAck) != header.TCPFlagSyn {
		return nil
	}
	if at := int(segment.DataOffset()); at < header.TCPMinimumSize || at > len(segment) {
		return nil
	}
	o := header.ParseSynOptions(segment.Options(), false)
	switch {
	case d.timestamps && o.TS:
		return unsupported("netstack answers a SYN's timestamps with its own, and tcp_timestamps is 0")
	case d.scaling && o.WS >= 0:
		return unsupported("netstack answers a SYN's window scale with its own, and tcp_window_scaling is 0")
	}
	return nil
}

// tcpOf is the TCP segment of an IP packet, nil when there is none at the place
// where a packet without extension headers has it.
func tcpOf(packet []byte) header.TCP {
	switch {
	case len(packet) >= header.IPv4MinimumSize && packet[0]>>4 == 4:
		ip := header.IPv4(packet)
		if n := int(ip.HeaderLength()); ip.TransportProtocol() == tcp.ProtocolNumber && n <= len(packet) {
			return header.TCP(packet[n:])
		}
	case len(packet) >= header.IPv6MinimumSize && packet[0]>>4 == 6:
		if header.IPv6(packet).NextHeader() == uint8(tcp.ProtocolNumber) {
			return header.TCP(packet[header.IPv6MinimumSize:])
		}
	}
	return nil
}
