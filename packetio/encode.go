package packetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// ErrTooLong is wrapped by errors about packets of more than [MaxPacket] octets.
var ErrTooLong = errors.New("longer than an IP packet can be")

// encoder holds the layers that gopacket serializes, and room for options and quotes.
type encoder struct {
	ip4   layers.IPv4
	ip6   layers.IPv6
	tcp   layers.TCP
	udp   layers.UDP
	icmp4 layers.ICMPv4
	out   tail
	opts  []byte
	quote []byte
	addrs [32]byte
}

// encoders keeps Encode free of allocation and safe for concurrent use.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Encode appends p to dst as Linux would put it on the wire: options in the layout of
// [tcpstate.AppendOptions], DF as p says, checksums filled in. An Opaque packet goes out as
// it is in p.Wire.
// The packet may be longer than any MTU, up to [MaxPacket] octets; segmentation
// is a card's task. Seg.HdrLen is not looked at: the options say how long the
// header is.
//
// A packet that cannot be is an error that names the field, and dst comes back as it was.
func Encode(dst []byte, p *sock.Packet) ([]byte, error) {
	r := defaultRaw(p)
	return EncodeRaw(dst, p, &r)
}

// EncodeRaw is [Encode] with a say over all that a packet's headers hold.
func EncodeRaw(dst []byte, p *sock.Packet, r *Raw) ([]byte, error) {
	if p.Opaque {
		return appendOpaque(dst, p)
	}
	if err := checkAddrs(p); err != nil {
		return dst, err
	}
	e := encoders.Get().(*encoder)
	out, err := e.encode(dst, p, r)
	e.out.b = nil
	encoders.Put(e)
	return out, err
}

// appendOpaque writes what a RAW socket has sent, whatever it is.
func appendOpaque(dst []byte, p *sock.Packet) ([]byte, error) {
	if n := len(p.Wire); n == 0 || n > MaxPacket {
		return dst, fmt.Errorf("packetio: opaque packet of %d octets, want 1 to %d in Wire", n, MaxPacket)
	}
	return append(dst, p.Wire...), nil
}

// checkAddrs refuses what no IP header can hold.
func checkAddrs(p *sock.Packet) error {
	switch {
	case !p.Src.IsValid() || !p.Dst.IsValid():
		return errors.New("packetio: packet without source or destination address")
	case p.Src.Is4() != p.Dst.Is4():
		return fmt.Errorf("packetio: source %v and destination %v are of different families", p.Src, p.Dst)
	case p.Seg.ECN > tcpstate.CE:
		return fmt.Errorf("packetio: ECN codepoint %d, there are 0 to 3", p.Seg.ECN)
	}
	return nil
}

// encode lays out the packet from its end to its front.
func (e *encoder) encode(dst []byte, p *sock.Packet, r *Raw) ([]byte, error) {
	hdr, payload, err := e.measure(p, r)
	if err != nil {
		return dst, err
	}
	ipLen := ip4HdrLen
	if p.Src.Is6() {
		ipLen = ip6HdrLen
	}
	total := ipLen + hdr + len(payload)
	if total > MaxPacket {
		return dst, fmt.Errorf("packetio: packet of %d octets, %w: %d", total, ErrTooLong, MaxPacket)
	}
	start := len(dst)
	out := slices.Grow(dst, total)[:start+total]
	copy(out[start+ipLen+hdr:], payload)
	e.out = tail{b: out[start:], start: ipLen + hdr}
	if err = e.transport(p, r, hdr, len(payload)); err == nil {
		err = e.network(p, r)
	}
	if err != nil {
		return dst, fmt.Errorf("packetio: %w", err)
	}
	e.checksums(p, r)
	return out, nil
}

// measure returns the length of the transport header and what follows it.
func (e *encoder) measure(p *sock.Packet, r *Raw) (hdr int, payload []byte, err error) {
	switch {
	case p.Proto == sock.ProtoTCP:
		if p.Seg.Len != uint32(len(p.Payload)) {
			return 0, nil, fmt.Errorf("packetio: Seg.Len is %d with %d octets of payload", p.Seg.Len, len(p.Payload))
		}
		err = e.options(p, r)
		return tcpHdrLen + len(e.opts), p.Payload, err
	case p.Proto == sock.ProtoUDP:
		return udpHdrLen, p.Payload, nil
	case p.Proto == sock.ProtoICMP && p.Src.Is4() && sock.ICMPError4(p.ICMP.Type),
		p.Proto == sock.ProtoICMPv6 && p.Src.Is6() && sock.ICMPError6(p.ICMP.Type):
		payload, err = e.quoted(p, r)
		return icmpHdrLen, payload, err
	case p.Proto == sock.ProtoICMP && p.Src.Is4(), p.Proto == sock.ProtoICMPv6 && p.Src.Is6():
		return icmpHdrLen, p.Payload, nil
	}
	return 0, nil, fmt.Errorf("packetio: protocol %d from %v: want TCP, UDP, or the family's own ICMP", p.Proto, p.Src)
}

// options fills e.opts with whole words of TCP options.
func (e *encoder) options(p *sock.Packet, r *Raw) (err error) {
	if r.Options == nil {
		e.opts, err = tcpstate.AppendOptions(e.opts[:0], &p.Seg.Opts)
		return err
	}
	e.opts = e.opts[:0]
	for i := range r.Options {
		o := &r.Options[i]
		if n := len(e.opts) + wireLen(o); n > tcpstate.MaxOptionOctets {
			return fmt.Errorf("packetio: option %d (kind %d) ends at octet %d, a header has room for %d octets of options",
				i, o.Kind, n, tcpstate.MaxOptionOctets)
		}
		e.opts = AppendOption(e.opts, *o)
	}
	for len(e.opts)%4 != 0 {
		e.opts = append(e.opts, KindEOL)
	}
	return nil
}

// transport writes the header of TCP, UDP or ICMP, its checksum zero.
func (e *encoder) transport(p *sock.Packet, r *Raw, hdr, payload int) error {
	switch p.Proto {
	case sock.ProtoTCP:
		return e.tcpHeader(p, r, hdr)
	case sock.ProtoUDP:
		e.udp = layers.UDP{SrcPort: layers.UDPPort(p.SrcPort), DstPort: layers.UDPPort(p.DstPort), Length: uint16(hdr + payload)}
		return e.udp.SerializeTo(&e.out, gopacket.SerializeOptions{})
	}
	// ICMPv6's eight octets are laid out as ICMPv4's (RFC 792, RFC 4443).
	e.icmp4 = layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(p.ICMP.Type, p.ICMP.Code),
		Id: uint16(p.ICMP.MTU >> 16), Seq: uint16(p.ICMP.MTU)}
	return e.icmp4.SerializeTo(&e.out, gopacket.SerializeOptions{})
}

// tcpHeader writes the TCP header. The options go in as padding, which gopacket
// copies as it is: the layout is Linux's or the script's, broken lists included.
func (e *encoder) tcpHeader(p *sock.Packet, r *Raw, hdr int) error {
	s, f := &p.Seg, p.Seg.Flags
	if f&^(2*tcpstate.AE-1) != 0 {
		return fmt.Errorf("segment flags %#x hold bits beyond AE", uint16(f))
	}
	e.tcp = layers.TCP{
		SrcPort: layers.TCPPort(p.SrcPort), DstPort: layers.TCPPort(p.DstPort),
		Seq: uint32(s.Seq), Ack: uint32(s.Ack), DataOffset: uint8(hdr / 4),
		FIN: f.Has(tcpstate.FIN), SYN: f.Has(tcpstate.SYN), RST: f.Has(tcpstate.RST),
		PSH: f.Has(tcpstate.PSH), ACK: f.Has(tcpstate.ACK), URG: f.Has(tcpstate.URG),
		ECE: f.Has(tcpstate.ECE), CWR: f.Has(tcpstate.CWR), NS: f.Has(tcpstate.AE),
		Window: s.Wnd, Urgent: s.Urg, Padding: e.opts,
	}
	if err := e.tcp.SerializeTo(&e.out, gopacket.SerializeOptions{}); err != nil {
		return err
	}
	e.out.Bytes()[12] |= r.Reserved & 7 << 1
	return nil
}

// network writes the IP header.
func (e *encoder) network(p *sock.Packet, r *Raw) error {
	tos := p.TOS&^3 | uint8(p.Seg.ECN)
	if p.Src.Is6() {
		src, dst := p.Src.As16(), p.Dst.As16()
		copy(e.addrs[:], src[:])
		copy(e.addrs[16:], dst[:])
		e.ip6 = layers.IPv6{Version: 6, TrafficClass: tos, FlowLabel: r.FlowLabel & 0xfffff,
			NextHeader: layers.IPProtocol(p.Proto), HopLimit: p.TTL, SrcIP: e.addrs[:16], DstIP: e.addrs[16:]}
		return e.ip6.SerializeTo(&e.out, gopacket.SerializeOptions{FixLengths: true})
	}
	src, dst := p.Src.As4(), p.Dst.As4()
	copy(e.addrs[:], src[:])
	copy(e.addrs[4:], dst[:])
	e.ip4 = layers.IPv4{Version: 4, TOS: tos, Id: r.ID, Flags: layers.IPv4DontFragment, TTL: p.TTL,
		Protocol: layers.IPProtocol(p.Proto), SrcIP: e.addrs[:4], DstIP: e.addrs[4:8]}
	if r.NoDF {
		e.ip4.Flags = 0
	}
	return e.ip4.SerializeTo(&e.out, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true})
}

// checksums fills in the transport's checksum, and spoils what was asked to be wrong.
func (e *encoder) checksums(p *sock.Packet, r *Raw) {
	pkt := e.out.Bytes()
	addrs, body := pkt[12:20], pkt[ip4HdrLen:]
	if p.Src.Is6() {
		addrs, body = pkt[8:40], pkt[ip6HdrLen:]
	} else if r.BadIPChecksum {
		pkt[11] ^= 1
	}
	at, acc := 2, uint64(0)
	switch p.Proto {
	case sock.ProtoTCP:
		at, acc = 16, tcpstate.Pseudo(addrs, p.Proto, len(body))
	case sock.ProtoUDP:
		at, acc = 6, tcpstate.Pseudo(addrs, p.Proto, len(body))
	case sock.ProtoICMPv6:
		acc = tcpstate.Pseudo(addrs, p.Proto, len(body))
	}
	c := ^tcpstate.Fold(tcpstate.Sum(acc, body))
	if p.Proto == sock.ProtoUDP && c == 0 {
		c = 0xffff // 0 would mean "none" (RFC 768)
	}
	if p.Proto == sock.ProtoUDP && p.NoCheck {
		return // left at zero
	}
	if r.BadChecksum {
		c ^= 2 // one bit never turns one right sum into another; UDP's is not 2 by then, or harmless
	}
	binary.BigEndian.PutUint16(body[at:], c)
}
