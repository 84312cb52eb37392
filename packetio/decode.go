package packetio

import (
	"encoding/binary"
	"sync"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// decoder holds the layers that gopacket decodes into, to be used again.
type decoder struct {
	ip4   layers.IPv4
	ip6   layers.IPv6
	tcp   layers.TCP
	udp   layers.UDP
	icmp4 layers.ICMPv4
}

// decoders keeps Decode free of allocation and safe for concurrent use.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Decode reads one IP packet into p, whose former content is lost; p.Payload
// points into b. It refuses what Linux drops before it looks up a socket, with a
// *[DropError]. A broken TCP option list is no such case: what came before the
// break counts, and p.Seg.Opts says OptMalformed. Nor is a protocol that is
// unknown here, nor a fragment: p is Opaque then.
//
// RAW sockets look at packets before their transport does. So where only the
// transport is broken, p holds the IP header beside the error, Opaque set, and a
// Host wants it delivered all the same; of other broken packets p holds nothing.
//
// IPv4 options and IPv6 extension headers are checked and skipped. Bits that a
// receiver must ignore (RFC 9293 section 3.1's reserved ones) are, see [DecodeRaw].
func Decode(b []byte, p *sock.Packet) error {
	d := decoders.Get().(*decoder)
	_, err := d.decode(b, p)
	decoders.Put(d)
	return err
}

// decode does Decode's work and returns the IP header's remains.
func (d *decoder) decode(b []byte, p *sock.Packet) (ipHeader, error) {
	*p = sock.Packet{}
	h, err := d.splitIP(b)
	if err != nil {
		return h, err
	}
	h.fill(b, p)
	switch {
	case h.part:
		p.Opaque = true
	case h.proto == sock.ProtoTCP:
		err = d.decodeTCP(&h, p)
	case h.proto == sock.ProtoUDP:
		err = d.decodeUDP(&h, p)
	case h.proto == sock.ProtoICMP && h.src.Is4():
		err = d.decodeICMP4(&h, p)
	case h.proto == sock.ProtoICMPv6 && h.src.Is6():
		err = d.decodeICMP6(&h, p)
	default:
		p.Opaque = true
	}
	if err != nil {
		ext := p.Ext
		*p = sock.Packet{}
		h.fill(b, p)
		p.Ext = ext // the body may have been cut to UDP's length
		p.Opaque, p.BadSum = true, err == dropTCPCsum || err == dropUDPCsum || err == dropICMPCsum
		return h, err
	}
	return h, nil
}

// fill sets what the IP header tells.
func (h *ipHeader) fill(b []byte, p *sock.Packet) {
	p.Src, p.Dst, p.Proto, p.TTL = h.src, h.dst, h.proto, h.ttl
	p.TOS, p.Seg.ECN = h.tos&^3, tcpstate.ECN(h.tos&3)
	p.ID, p.NoDF, p.Flow = h.id, h.noDF, h.flow
	p.Wire = b[:h.length]
	if h.src.Is6() {
		p.Ext = uint16(h.length - ip6HdrLen - len(h.body))
	}
}

// checkTCP is the head of tcp_v4_rcv and tcp_v6_rcv.
func checkTCP(h *ipHeader) error {
	b := h.body
	switch {
	case len(b) < tcpHdrLen:
		return dropTCPShort
	case tcpDataOffset(b) < tcpHdrLen:
		return dropTCPOffset
	case tcpDataOffset(b) > len(b):
		return dropTCPShort
	case !h.soundChecksum(sock.ProtoTCP):
		return dropTCPCsum
	}
	return nil
}

// tcpDataOffset is the length of the TCP header that starts b, in octets.
func tcpDataOffset(b []byte) int { return int(b[12]>>4) * 4 }

// soundChecksum sums the transport header and payload with the pseudo-header.
func (h *ipHeader) soundChecksum(proto uint8) bool {
	return tcpstate.Fold(tcpstate.Sum(tcpstate.Pseudo(h.addrs, proto, len(h.body)), h.body)) == 0xffff
}

// decodeTCP reads header, options and payload.
func (d *decoder) decodeTCP(h *ipHeader, p *sock.Packet) error {
	if err := checkTCP(h); err != nil {
		return err
	}
	// The lengths are sound, so gopacket's only complaint left is a broken
	// option list, which Linux does not mind.
	_ = d.tcp.DecodeFromBytes(h.body, gopacket.NilDecodeFeedback)
	t := &d.tcp
	p.SrcPort, p.DstPort = uint16(t.SrcPort), uint16(t.DstPort)
	p.Payload = t.Payload
	p.Seg = tcpstate.Segment{
		Seq:    tcpstate.Seq(t.Seq),
		Ack:    tcpstate.Seq(t.Ack),
		Len:    uint32(len(t.Payload)),
		Flags:  tcpFlags(h.body),
		Wnd:    t.Window,
		Urg:    t.Urgent,
		HdrLen: uint8(len(t.Contents)),
		ECN:    p.Seg.ECN,
	}
	tcpstate.DecodeOptions(t.Contents[tcpHdrLen:], t.SYN, &p.Seg.Opts)
	return nil
}

// tcpFlags is the nine control bits from CWR to FIN and AE above them;
// [tcpstate.Flags] has them in the wire's order.
func tcpFlags(b []byte) tcpstate.Flags {
	return tcpstate.Flags(binary.BigEndian.Uint16(b[12:]) & 0x1ff)
}

// decodeUDP is the head of __udp4_lib_rcv and __udp6_lib_rcv.
func (d *decoder) decodeUDP(h *ipHeader, p *sock.Packet) error {
	if len(h.body) < udpHdrLen {
		return dropUDPShort
	}
	n := int(binary.BigEndian.Uint16(h.body[4:]))
	if n == 0 && h.src.Is6() {
		n = len(h.body) // RFC 2675 section 4
	}
	if n < udpHdrLen || n > len(h.body) {
		return dropUDPLength
	}
	h.body = h.body[:n]
	// A zero checksum is none; over IPv6 it is for the socket to refuse (RFC 6935).
	bare := h.body[6] == 0 && h.body[7] == 0
	if !bare && !h.soundChecksum(sock.ProtoUDP) {
		return dropUDPCsum
	}
	if err := d.udp.DecodeFromBytes(h.body, gopacket.NilDecodeFeedback); err != nil {
		return dropUDPLength
	}
	p.SrcPort, p.DstPort = uint16(d.udp.SrcPort), uint16(d.udp.DstPort)
	p.Payload, p.NoCheck = d.udp.Payload, bare
	return nil
}
