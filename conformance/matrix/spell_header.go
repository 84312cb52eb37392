package matrix

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// header blanks what is chance in the headers that RAW and ping sockets read: in IPv4's of what the stack sent to itself the
// identification, in UDP's a port and in an echo's an identifier that the stack chose, and what any of them does to a checksum.
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
	switch {
	case icmp < len(data) && s.isUDP(data, icmp):
		for _, i := range drawnUDP(data[icmp:]) {
			chance = append(chance, icmp+i)
		}
	case icmp < len(data) && (data[icmp] < text || data[icmp] >= 0x80):
		if at, ok := quotedTCP(data[icmp:]); ok {
			data = s.relative(data, icmp+at)
		}
		for _, i := range append(drawn(data[icmp:]), labels(data[icmp:])...) {
			chance = append(chance, icmp+i)
		}
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

// isUDP reports whether a RAW socket read a datagram of UDP, whose header is at the place given: IPv4's header says so, and of IPv6,
// which has none here, a length that is right does.
func (s *speller) isUDP(data []byte, at int) bool {
	const proto4, length = 9, 4
	switch {
	case !slices.Contains(s.protos, uint16(sock.ProtoUDP)):
		return false
	case at > 0:
		return len(data) > proto4 && data[proto4] == sock.ProtoUDP
	}
	return len(data) >= length+2 && int(binary.BigEndian.Uint16(data[length:])) == len(data)
}

// drawnUDP are the places of a UDP header that depend on ports that the stack chose.
func drawnUDP(udp []byte) []int {
	const checksum = 6
	var list []int
	for port := 0; port+2 <= min(len(udp), 4); port += 2 {
		if !ours(binary.BigEndian.Uint16(udp[port:])) {
			list = append(list, port, port+1, checksum, checksum+1)
		}
	}
	return list
}

// numberAt is where a segment has its sequence number, which chance began.
const numberAt = 4

// relative is data in which the sequence number of a quoted segment, whose header is at the place given, counts as it did in the packet
// that quoted it. Of a number that was not read whole nothing is told.
func (s *speller) relative(data []byte, at int) []byte {
	if len(data) <= at+numberAt {
		return data
	}
	data = slices.Clone(data)
	octets := data[at+numberAt : min(at+numberAt+4, len(data))]
	if len(octets) < 4 {
		for i := range octets {
			octets[i] = '?'
		}
	} else if n, ok := s.quoted[binary.BigEndian.Uint32(octets)]; ok {
		binary.BigEndian.PutUint32(octets, n)
	}
	return data
}

// labels are the places of the flow label in the header that an ICMPv6 error quotes.
func labels(icmp []byte) []int {
	const header = 8
	if len(icmp) <= header || icmp[0] == 0 || !sock.ICMPError6(icmp[0]) || icmp[header]>>4 != 6 {
		return nil
	}
	return []int{header + 1, header + 2, header + 3}
}

// quotedTCP is where an ICMP error has the header of the segment that it quotes; false if it quotes none.
func quotedTCP(icmp []byte) (at int, ok bool) {
	const (
		proto4, header4 = 8 + 9, 8 + 20
		proto6, header6 = 8 + 6, 8 + 40
	)
	switch {
	case sock.ICMPError4(icmp[0]) && len(icmp) > header4 && icmp[8]>>4 == 4:
		return header4, icmp[proto4] == sock.ProtoTCP
	case icmp[0] != 0 && sock.ICMPError6(icmp[0]) && len(icmp) > header6 && icmp[8]>>4 == 6:
		return header6, icmp[proto6] == sock.ProtoTCP
	}
	return 0, false
}

// drawn are the places of an ICMP message that depend on a port or an identifier that the stack chose: where that is, in the message
// itself or in what an error quotes, and the checksum.
func drawn(icmp []byte) []int {
	const checksum = 2
	at := []int{4} // an echo's identifier
	tcp, quotes := quotedTCP(icmp)
	switch {
	case len(bytes.Trim(icmp, "\x00")) == 0:
		return nil // what a call did not fill
	case quotes && ours(binary.BigEndian.Uint16(icmp[tcp:])):
		return []int{checksum, checksum + 1}
	case quotes:
		return []int{checksum, checksum + 1, tcp, tcp + 1}
	case sock.ICMPError4(icmp[0]) && len(icmp) > 8 && icmp[8]>>4 == 4:
		at = []int{28, 32} // a source port, or an identifier
	case icmp[0] != 0 && sock.ICMPError6(icmp[0]) && len(icmp) > 8 && icmp[8] == 0x60:
		at = []int{48, 52}
	}
	var list []int
	for _, i := range at {
		if len(icmp) < i+2 || !ours(binary.BigEndian.Uint16(icmp[i:])) {
			list = append(list, checksum, checksum+1, i, i+1)
		}
	}
	return list
}
