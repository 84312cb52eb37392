package packetio

import "encoding/binary"

// Link types as capture files number them (tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRawBSD   = 12
	linkRawOpen  = 14
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// EtherTypes.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherVLAN = 0x8100
	etherQinQ = 0x88a8
)

// stripLink returns the IP packet in a frame, nil when the frame holds none;
// known is false for a link type that nothing here can read.
func stripLink(link uint32, b []byte) (ip []byte, known bool) {
	switch link {
	case linkRaw, linkRawBSD, linkRawOpen, linkIPv4, linkIPv6:
		return ipOnly(b), true
	case linkNull, linkLoop:
		// The address family's number differs between systems; the version will do.
		return ipAfter(b, 4), true
	case linkEthernet:
		return etherPayload(b, 12), true
	case linkSLL:
		return etherPayload(b, 14), true
	case linkSLL2:
		if len(b) < 2 || !isIPType(binary.BigEndian.Uint16(b)) {
			return nil, true
		}
		return ipAfter(b, 20), true
	}
	return nil, false
}

// etherPayload follows the EtherType at off, past up to two VLAN tags.
func etherPayload(b []byte, off int) []byte {
	for range 3 {
		if len(b) < off+2 {
			return nil
		}
		switch t := binary.BigEndian.Uint16(b[off:]); {
		case isIPType(t):
			return ipAfter(b, off+2)
		case t != etherVLAN && t != etherQinQ:
			return nil
		}
		off += 4
	}
	return nil
}

func isIPType(t uint16) bool { return t == etherIPv4 || t == etherIPv6 }

// ipAfter is the IP packet that starts at off.
func ipAfter(b []byte, off int) []byte {
	if len(b) < off {
		return nil
	}
	return ipOnly(b[off:])
}

// ipOnly is b if it can be an IP packet by its version.
func ipOnly(b []byte) []byte {
	if len(b) == 0 || b[0]>>4 != 4 && b[0]>>4 != 6 {
		return nil
	}
	return b
}
