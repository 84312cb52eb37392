package fuzz

import (
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Lengths of headers, octets.
const (
	ip4Header  = 20
	ip6Header  = 40
	fragHeader = 8 // IPv6's fragment header
)

// partSpec is a part of a datagram: its octets from start to end of what follows the IP header, zeros behind the datagram's own
// end.
type partSpec struct {
	start, end uint16
	more       bool
	id         uint16
	ecn        byte
	v6         bool
}

// String is how scripts write it.
func (s partSpec) String() string {
	more := ""
	if s.more {
		more = "+"
	}
	return fmt.Sprintf("frag %d:%d%s id %d", s.start, s.end, more, s.id)
}

// part is a fragment that arrives.
func part(most uint8, s partSpec) Act {
	a := arrives("["+s.String()+"]", most, onWire(s.wire()))
	if s.ecn != 0 {
		a.name += " with CE"
	}
	return a
}

// datagram is the whole packet that parts are of.
func (s partSpec) datagram() []byte {
	p := datagramTo(walkLocal.Port(), story.PartOctets)
	if s.v6 {
		p.Src, p.Dst = scenePeer6.Addr(), sceneLocal6.Addr()
	}
	return mustEncode(&p)
}

// wire is the fragment as it arrives.
func (s partSpec) wire() []byte {
	whole, head := s.datagram(), ip4Header
	if s.v6 {
		head = ip6Header
	}
	body := make([]byte, max(int(s.end), len(whole)-head))
	copy(body, whole[head:])
	body = body[s.start:s.end]
	b := append([]byte(nil), whole[:head]...)
	if s.v6 {
		b = append(b, b[6], 0)
		b = binary.BigEndian.AppendUint16(b, s.start|bit(s.more))
		b = binary.BigEndian.AppendUint32(b, uint32(s.id))
		b[6] = protoFragment
		binary.BigEndian.PutUint16(b[4:], uint16(fragHeader+len(body)))
		return append(b, body...)
	}
	b[1] |= s.ecn
	return append(header4(b, len(body), s.id, s.start/8|bit(s.more)<<13), body...)
}

// header4 completes a header of IPv4.
func header4(b []byte, octets int, id, bits uint16) []byte {
	binary.BigEndian.PutUint16(b[2:], uint16(ip4Header+octets))
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], bits)
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], ^tcpstate.Fold(tcpstate.Sum(0, b)))
	return b
}

func bit(b bool) uint16 {
	if b {
		return 1
	}
	return 0
}

// Numbers of IPv6's headers.
const (
	protoFragment    = 44
	protoDestination = 60
)

// behindFragment is a packet of IPv6 whose fragment header, of a datagram that is whole, precedes another header.
func behindFragment(next byte, rest ...byte) sock.Packet {
	b := partSpec{v6: true}.datagram()[:ip6Header]
	b = append(append(b, next, 0, 0, 0, 0, 0, 0, 1), rest...)
	b[6] = protoFragment
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-ip6Header))
	return sock.Packet{Src: scenePeer6.Addr(), Dst: sceneLocal6.Addr(), Proto: protoFragment, TTL: 64, Opaque: true, Wire: b}
}

// wrongSum is a packet whose last octet was changed on its way.
func wrongSum(p sock.Packet) sock.Packet {
	b := mustEncode(&p)
	b[len(b)-1] ^= 1
	return onWire(b)
}

func mustEncode(p *sock.Packet) []byte {
	b, err := packetio.Encode(nil, p)
	if err != nil {
		panic("a scene's packet: " + err.Error())
	}
	return b
}
