package fuzz

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// wireOptions are lists of options of IPv4's header, good ones and bad ones; and
// of IPv6's hop-by-hop and destination headers, without their first two octets.
var (
	wireOptions = [][]byte{
		{1, 1, 1, 0}, {7, 7, 4, 0, 0, 0, 0, 0}, {7, 7, 6, 0, 0, 0, 0, 0}, {68, 8, 5, 0, 0, 0, 0, 0}, {68, 8, 9, 0xf0, 0, 0, 0, 0}, {68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0},
		{148, 4, 0, 0}, {131, 7, 4, 0, 0, 0, 0, 0}, {68, 4, 1, 0}, {68, 12, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0},
	}
	wireOptions6 = [][]byte{
		{1, 4, 0, 0, 0, 0}, {5, 2, 0, 0, 1, 0}, {0xc2, 4, 0, 1, 0, 0}, {7, 4, 0, 0, 0, 0}, {49, 4, 0, 0, 0, 0}, {0, 0, 49, 2, 0, 0}, {0x1e, 4, 0, 0, 0, 0}, {0x41, 4, 0, 0, 0, 0},
		{0x80, 4, 0, 0, 0, 0}, {5, 4, 0, 0, 0, 0}, {1, 9, 0, 0, 0, 0}, {1, 4, 1, 0, 0, 0},
	}
)

// Types of IPv6's headers that wire packets have.
const (
	headerHopByHop = 0
	headerRouting  = 43
)

// wire delivers a packet as the codec reads it: what it drops reaches nobody but RAW sockets.
func (r *HostRun) wire(o Op) error {
	var d *packetio.DropError
	var p sock.Packet
	if err := packetio.Decode(r.wirePacket(o), &p); err != nil && (!errors.As(err, &d) || !p.Opaque) {
		return nil
	}
	return r.Deliver(p)
}

// wirePacket makes o's bytes a packet: Ack says of what kind, Opts what is in it and in which family.
func (r *HostRun) wirePacket(o Op) []byte {
	p := wireBase(o)
	if o.Ack&7 == 7 && len(r.sent) > 0 { // an error that quotes as much as fits
		sent := choose(r.sent, o.Seq).quote
		quoted := sock.Packet{Src: sent.Src, Dst: sent.Dst, SrcPort: sent.SrcPort, DstPort: sent.DstPort, Proto: sent.Proto, TTL: 1, Payload: make([]byte, 16)}
		b, err := packetio.Encode(nil, &quoted)
		if err != nil {
			return nil
		}
		p = sock.Packet{Src: choose(peerAddrs[:1], 0), Dst: sent.Src, Proto: sock.ProtoICMP, TTL: 64, Payload: b}
		if p.ICMP.Type, p.ICMP.Code, p.ICMP.MTU = choose([]uint8{3, 11, 12, 5}, o.Len), o.Len>>2&15, 1280; sent.Src.Is6() {
			p.Src, p.Proto, p.ICMP.Type = peerAddrs[2], sock.ProtoICMPv6, choose([]uint8{1, 2, 3, 4}, o.Len)
		}
	}
	b, err := packetio.Encode(nil, &p)
	if err != nil {
		return nil
	}
	v6 := p.IPv6()
	switch {
	case o.Ack&7 == 1 && v6:
		return piece6(b, o)
	case o.Ack&7 == 1:
		return piece4(b, o)
	case o.Ack&7 == 2 && v6:
		return headed(b, headerHopByHop, choose(wireOptions6, o.Len))
	case o.Ack&7 == 2:
		return optioned(b, choose(wireOptions, o.Len))
	case o.Ack&7 == 3 && v6:
		return headed(b, protoDestination, choose(wireOptions6, o.Len))
	case o.Ack&7 == 4 && v6:
		return headed(b, headerRouting, []byte{o.Len & 7, o.Len >> 3 & 1, 0, 0, 0, 0})
	case o.Ack&7 == 5:
		b[len(b)-1] ^= 1 // its checksum is wrong
	}
	return b
}

// wireBase is the packet to start from: of UDP, ICMP, TCP or of a protocol that nobody knows.
func wireBase(o Op) sock.Packet {
	i := o.Opts & 1 * 2
	p := sock.Packet{Src: peerAddrs[i], SrcPort: choose(peerPorts, o.Seq), Dst: hostAddrs[i], DstPort: choose(hostPorts, o.Wnd), Proto: sock.ProtoUDP, TTL: 64, Payload: make([]byte, 40)}
	if o.Opts&2 != 0 {
		p.Dst = groups[i]
	}
	if o.Wnd&128 != 0 { // from oneself: a packet that no network brings
		p.Src = hostAddrs[i]
	}
	switch o.Opts >> 2 & 3 {
	case 1:
		p.Proto, p.ICMP.Type, p.ICMP.MTU = sock.ProtoICMP, choose([]uint8{8, 0, 13, 9, 17}, o.Opts>>4), uint32(p.DstPort)<<16
		if i == 2 {
			p.Proto, p.ICMP.Type = sock.ProtoICMPv6, choose([]uint8{128, 129, 135, 143, 200}, o.Opts>>4)
		}
	case 2:
		p.Proto, p.Seg = sock.ProtoTCP, tcpstate.Segment{Flags: choose(SegmentFlags, o.Opts>>4+3), Seq: flowISN, Len: 40, Wnd: 1000}
	case 3:
		p.Proto = sock.ProtoUDP
		p.Dst = netip.AddrFrom4([4]byte{192, 168, 0, 77}) // nobody here
		if i == 2 {
			p.Dst = netip.MustParseAddr("fd00::77")
		}
	}
	return p
}

// pieceOf is the part that o chooses of what follows the IP header: where it is and whether more comes.
func pieceOf(body []byte, o Op) (start, end int, more bool) {
	start = choose([]int{0, 8, 16, 24, 40}, o.Len&7)
	end = choose([]int{len(body), 8, 16, 24, 32, 40}, o.Len>>3&7)
	start = min(start, len(body))
	return start, min(max(start, end), len(body)), o.Len&0x80 == 0 && end < len(body)
}

// piece4 is a fragment of a packet of IPv4.
func piece4(b []byte, o Op) []byte {
	start, end, more := pieceOf(b[ip4Header:], o)
	head := append([]byte(nil), b[:ip4Header]...)
	head[1] |= o.Wnd >> 2 & 3
	return append(header4(head, end-start, uint16(o.Seq>>2), uint16(start/8)|bit(more)<<13), b[ip4Header:][start:end]...)
}

// piece6 is a fragment of a packet of IPv6.
func piece6(b []byte, o Op) []byte {
	start, end, more := pieceOf(b[ip6Header:], o)
	out := append(append([]byte(nil), b[:ip6Header]...), b[6], 0)
	out = binary.BigEndian.AppendUint16(out, uint16(start)|bit(more))
	out = binary.BigEndian.AppendUint32(out, uint32(o.Seq>>2))
	out[6] = protoFragment
	out[1] |= o.Wnd >> 2 & 3 << 4
	binary.BigEndian.PutUint16(out[4:], uint16(fragHeader+end-start))
	return append(out, b[ip6Header:][start:end]...)
}

// headed is a packet of IPv6 with one more header before what it carries.
func headed(b []byte, kind byte, rest []byte) []byte {
	out := append(append([]byte(nil), b[:ip6Header]...), b[6], byte((len(rest)+2)/8-1))
	out = append(append(out, rest...), b[ip6Header:]...)
	out[6] = kind
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-ip6Header))
	return out
}

// optioned is a packet of IPv4 with options.
func optioned(b, options []byte) []byte {
	words := (len(options) + 3) / 4
	options = append(append([]byte(nil), options...), make([]byte, 4*words-len(options))...)
	out := append(append(append([]byte(nil), b[:ip4Header]...), options...), b[ip4Header:]...)
	out[0] += byte(words)
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	out[10], out[11] = 0, 0
	binary.BigEndian.PutUint16(out[10:], ^tcpstate.Fold(tcpstate.Sum(0, out[:ip4Header+4*words])))
	return out
}
