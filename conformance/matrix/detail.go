package matrix

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// detail is what a packet has that its words leave out: the ECN field, DF, AE, options of IP, which part of a datagram it is, what an
// ICMP error says of the MTU and how much it quotes, and the octets that a program wrote. Identifications, checksums, time stamps and flow
// labels are chance.
func detail(b []byte) string {
	h, ok := headersOf(b)
	if !ok {
		return ""
	}
	var list []string
	add := func(is bool, format string, args ...any) {
		if is {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	add(h.ecn != 0, "%s", [...]string{"", "ect1", "ect0", "ce"}[h.ecn])
	add(h.df, "df")
	add(h.atomic, "atomic")
	add(len(h.options) > 0, "options %s", digest(h.options))
	if h.at > 0 || h.more {
		if h.at == 0 && (h.proto == sock.ProtoUDP || h.proto == sock.ProtoICMP || h.proto == sock.ProtoICMPv6) {
			h.rest = h.rest[min(chosen, len(h.rest)):]
		}
		add(true, "part %d%s %s", h.at, map[bool]string{true: "+"}[h.more], digest(h.rest))
		return strings.Join(list, " ")
	}
	var q sock.Packet
	switch err := packetio.Decode(b, &q); {
	case err != nil || q.Opaque:
		add(true, "%s", digest(h.rest))
	case q.ICMP.Quote.Src.IsValid():
		add(true, "mtu %d (%d)", q.ICMP.MTU, len(b))
	case q.Proto == sock.ProtoICMP && q.ICMP.Type == timestampReply: // of this moment
	default:
		add(q.Proto == sock.ProtoTCP && q.Seg.Flags.Has(tcpstate.AE), "ae")
		add(q.NoCheck, "nocheck")
		add(len(q.Payload) > 0, "%s", digest(q.Payload))
	}
	return strings.Join(list, " ")
}

const (
	chosen         = 8 // octets that UDP and an echo begin with: ports, identifiers and sums
	timestampReply = 14
)

// ipHeaders are what the headers of IP tell.
type ipHeaders struct {
	ecn      byte
	df, more bool
	atomic   bool // a header of a part, and the whole behind it
	proto    byte
	at       int    // where a part of a datagram belongs in it, octets
	options  []byte // and extension headers
	rest     []byte
}

// headersOf reads them; false for a packet that is cut short.
func headersOf(b []byte) (h ipHeaders, ok bool) {
	const least4, least6, more4, df4, at4 = 20, 40, 0x2000, 0x4000, 0x1fff
	switch {
	case len(b) >= least4 && b[0]>>4 == 4 && len(b) >= int(b[0]&15)*4 && b[0]&15 >= 5:
		part := binary.BigEndian.Uint16(b[6:])
		h = ipHeaders{ecn: b[1] & 3, df: part&df4 != 0, more: part&more4 != 0, at: int(part&at4) * 8, proto: b[9]}
		h.options, h.rest = b[least4:b[0]&15*4], b[b[0]&15*4:]
		return h, true
	case len(b) >= least6 && b[0]>>4 == 6:
		h = ipHeaders{ecn: b[1] >> 4 & 3, rest: b[least6:]}
		h.extensions(b[6])
		return h, true
	}
	return h, false
}

// extensions takes IPv6's extension headers off the rest, as far as they are whole.
func (h *ipHeaders) extensions(next byte) {
	h.proto = next
	const hopByHop, routing, part, destination = 0, 43, 44, 60
	for len(h.rest) >= 8 {
		n := 8
		switch next {
		case part:
			v := binary.BigEndian.Uint16(h.rest[2:])
			h.at, h.more = int(v&^7), v&1 != 0
			h.atomic = h.at == 0 && !h.more
		case hopByHop, routing, destination:
			if n = int(h.rest[1])*8 + 8; n > len(h.rest) {
				return
			}
			h.options = append(h.options, h.rest[:n]...)
		default:
			return
		}
		next, h.rest = h.rest[0], h.rest[n:]
		h.proto = next
	}
}

// digest tells octets from others.
func digest(b []byte) string {
	h := fnv.New32a()
	_, _ = h.Write(b)
	return fmt.Sprintf("%d:%08x", len(b), h.Sum32())
}
