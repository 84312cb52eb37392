package matrix

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
)

// header blanks what is chance in the headers that RAW and ping sockets read: in IPv4's of what the stack sent to itself the
// identification, in an echo's an identifier that the stack chose, and what either does to a checksum.
func (s *speller) header(data []byte) []byte {
	const (
		ip4  = 0x45 // a header without options
		text = 0x20 // no type of ICMP looks like an octet of ours
	)
	var chance []int
	icmp := 0
	if len(s.protos) > 0 && len(data) > 0 && data[0] == ip4 {
		icmp = 20
		if len(data) < 16 || netip.AddrFrom4([4]byte(data[12:])) != peerV4 {
			chance = []int{4, 5, 10, 11}
		}
	}
	if icmp < len(data) && (data[icmp] < text || data[icmp] >= 0x80) && !s.told(data[icmp:]) {
		chance = append(chance, icmp+2, icmp+3, icmp+4, icmp+5)
	}
	if len(chance) == 0 {
		return data
	}
	data = slices.Clone(data)
	for _, i := range chance {
		if i < len(data) {
			data[i] = '?'
		}
	}
	return data
}

// told reports an ICMP message whose identifier steps name, or that is nothing but zeros: what a call did not fill.
func (s *speller) told(icmp []byte) bool {
	if len(icmp) < 6 {
		return len(bytes.Trim(icmp, "\x00")) == 0
	}
	return ours(binary.BigEndian.Uint16(icmp[4:]))
}
