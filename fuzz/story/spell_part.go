package story

import (
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/sock"
)

// farMark is the TTL of a packet that comes from afar, or the label of one that comes by another path. The others have a TTL that
// is large enough for all there is, and no label.
func farMark(q *sock.Packet) string {
	if q.TTL == FarTTL {
		return fmt.Sprintf("[ttl %d] ", q.TTL)
	}
	if q.Flow != 0 {
		return fmt.Sprintf("[flowlabel %#x] ", q.Flow)
	}
	return ""
}

// adorned reports whether a packet's IP header has more to it than scripts write: options, extension headers, a DSCP.
func adorned(q *sock.Packet) bool {
	const words = 5 // of an IPv4 header without options
	options := len(q.Wire) > 0 && !q.IPv6() && q.Wire[0]&15 > words
	return options || q.Ext > 0 || q.TOS != 0
}

// fragment is what the headers of a fragment say.
type fragment struct {
	start, end int
	more       bool
	id         uint32
	body       []byte
}

// readFragment finds it in a packet; false for a packet that is whole.
func readFragment(b []byte) (f fragment, ok bool) {
	bits := 0
	switch {
	case b[0]>>4 == 4:
		bits = int(binary.BigEndian.Uint16(b[6:]))
		f = fragment{start: bits & 0x1fff * 8, more: bits&0x2000 != 0, id: uint32(binary.BigEndian.Uint16(b[4:])), body: b[20:]}
	case b[6] == 44 && b[40] == sock.ProtoUDP:
		bits = int(binary.BigEndian.Uint16(b[42:]))
		f = fragment{start: bits &^ 7, more: bits&1 != 0, id: binary.BigEndian.Uint32(b[44:]), body: b[48:]}
	}
	f.end = f.start + len(f.body)
	return f, f.start > 0 || f.more
}

// part spells a fragment that arrives. All of them are of one kind of datagram.
func (p *player) part(q *sock.Packet) string {
	f, ok := readFragment(q.Wire)
	if !ok {
		p.failf("a packet of protocol %d whose header or checksum no script can write", q.Proto)
		return ""
	}
	mark := ""
	if q.Seg.ECN != 0 {
		mark = fmt.Sprintf("tos %#02x, ", uint8(q.Seg.ECN))
	}
	return fmt.Sprintf("[%sfrag %d:%d%s id %d] udp %d > %d (%d)", mark, f.start, f.end, plus(f.more), f.id, scriptPeer.Port(), scriptLocal.Port(), PartOctets)
}

func plus(more bool) string {
	if more {
		return "+"
	}
	return ""
}

// udpHeader is the length of UDP's header, octets.
const udpHeader = 8

// partLeaves spells a fragment that leaves: the first says of what. "" for what no script can write.
func (p *player) partLeaves(q *sock.Packet) string {
	f, ok := readFragment(q.Wire)
	if !ok || q.Proto != sock.ProtoUDP {
		return ""
	}
	if h := f.body; f.start == 0 && binary.BigEndian.Uint16(h) == scriptLocal.Port() { // another port is one that the stack chose
		p.parts[uint16(f.id)] = fmt.Sprintf("udp %d > %d (%d)", binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:]), binary.BigEndian.Uint16(h[4:])-udpHeader)
	}
	of, ok := p.parts[uint16(f.id)]
	if !ok {
		return ""
	}
	return fmt.Sprintf("[frag %d:%d%s] %s", f.start, f.end, plus(f.more), of)
}

// shortError reports whether a packet is an ICMPv6 error that quotes too little to be read, and reads what scripts name of it: a
// fragment can be shorter than what an error should quote.
func shortError(q *sock.Packet) bool {
	if !q.Opaque || q.Proto != sock.ProtoICMPv6 || len(q.Wire) < 48 {
		return false
	}
	q.Opaque, q.ICMP.Type, q.ICMP.Code = false, q.Wire[40], q.Wire[41]
	q.ICMP.Quote.Src = q.Dst
	return true
}
