package packetio

import (
	"net/netip"

	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Addresses of the documentation ranges.
var (
	v4a = netip.MustParseAddr("192.0.2.1")
	v4b = netip.MustParseAddr("198.51.100.2")
	v6a = netip.MustParseAddr("2001:db8::1")
	v6b = netip.MustParseAddr("2001:db8:ffff::2")
)

// edge is an initial sequence number just below the wrap.
const edge = tcpstate.Seq(0xffffff00)

// pair is a source and a destination of one family.
func pair(v6 bool) (src, dst netip.Addr) {
	if v6 {
		return v6a, v6b
	}
	return v4a, v4b
}

// tcpPacket is a plain segment to start from.
func tcpPacket(v6 bool, payload string) sock.Packet {
	src, dst := pair(v6)
	return sock.Packet{
		Src: src, Dst: dst, SrcPort: 40000, DstPort: 80, Proto: sock.ProtoTCP, TTL: 64,
		Seg: tcpstate.Segment{Seq: edge, Ack: edge + 7, Len: uint32(len(payload)),
			Flags: tcpstate.ACK | tcpstate.PSH, Wnd: 65535},
		Payload: []byte(payload),
	}
}

// genAddrs draws two addresses of one family.
func genAddrs(t *rapid.T) (src, dst netip.Addr) {
	if rapid.Bool().Draw(t, "v6") {
		gen := rapid.SliceOfN(rapid.Byte(), 16, 16)
		return netip.AddrFrom16([16]byte(gen.Draw(t, "src"))), netip.AddrFrom16([16]byte(gen.Draw(t, "dst")))
	}
	gen := rapid.SliceOfN(rapid.Byte(), 4, 4)
	return netip.AddrFrom4([4]byte(gen.Draw(t, "src"))), netip.AddrFrom4([4]byte(gen.Draw(t, "dst")))
}

// genPacket draws a packet that Decode can return, so that a round trip is exact.
func genPacket(t *rapid.T) sock.Packet {
	p := sock.Packet{
		TTL:     rapid.Byte().Draw(t, "ttl"),
		TOS:     rapid.Byte().Draw(t, "tos") &^ 3,
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "payload"),
	}
	p.Src, p.Dst = genAddrs(t)
	if p.IPv6() {
		p.Flow = rapid.Uint32Range(0, 0xfffff).Draw(t, "flow")
	} else {
		p.ID, p.NoDF = rapid.Uint16().Draw(t, "id"), rapid.Bool().Draw(t, "nodf")
	}
	p.Proto = rapid.SampledFrom([]uint8{sock.ProtoTCP, sock.ProtoTCP, sock.ProtoUDP, sock.ProtoICMP}).Draw(t, "proto")
	switch p.Proto {
	case sock.ProtoTCP:
		genPorts(t, &p.SrcPort, &p.DstPort)
		p.Seg = genSegment(t, len(p.Payload))
	case sock.ProtoUDP:
		genPorts(t, &p.SrcPort, &p.DstPort)
		p.NoCheck = rapid.Bool().Draw(t, "no checksum")
	default:
		genICMP(t, &p)
	}
	p.Seg.ECN = tcpstate.ECN(rapid.IntRange(0, 3).Draw(t, "ecn"))
	return p
}

func genPorts(t *rapid.T, src, dst *uint16) {
	*src, *dst = rapid.Uint16().Draw(t, "sport"), rapid.Uint16().Draw(t, "dport")
}

// genSegment draws a segment whose options fit and belong to its flags.
func genSegment(t *rapid.T, payload int) tcpstate.Segment {
	s := tcpstate.Segment{
		Seq:   tcpstate.Seq(rapid.Uint32().Draw(t, "seq")),
		Ack:   tcpstate.Seq(rapid.Uint32().Draw(t, "ack")),
		Flags: tcpstate.Flags(rapid.Uint16Range(0, 511).Draw(t, "flags")),
		Wnd:   rapid.Uint16().Draw(t, "wnd"),
		Urg:   rapid.Uint16().Draw(t, "urg"),
		Len:   uint32(payload),
	}
	o := &s.Opts
	if s.Flags.Has(tcpstate.SYN) {
		if o.Set = tcpstate.OptionSet(rapid.ByteRange(0, 63).Draw(t, "opts")) &^ tcpstate.OptSACK; o.Has(tcpstate.OptMSS) {
			o.MSS = rapid.Uint16Range(1, 65535).Draw(t, "mss")
		}
		if o.Has(tcpstate.OptWScale) {
			o.WScale = rapid.Byte().Draw(t, "wscale")
		}
	} else if rapid.Bool().Draw(t, "ts") {
		o.Set = tcpstate.OptTS
	}
	room := 4
	if o.Has(tcpstate.OptTS) {
		o.TSVal, o.TSEcr = rapid.Uint32().Draw(t, "val"), rapid.Uint32().Draw(t, "ecr")
		room = 3
	}
	if !s.Flags.Has(tcpstate.SYN) {
		o.NSACK = uint8(rapid.IntRange(0, room).Draw(t, "nsack"))
	}
	for i := range int(o.NSACK) {
		o.Set |= tcpstate.OptSACK
		o.SACK[i] = tcpstate.Range{Start: tcpstate.Seq(rapid.Uint32().Draw(t, "lo")), End: tcpstate.Seq(rapid.Uint32().Draw(t, "hi"))}
	}
	return s
}

// genICMP draws an error with its quote, or an echo with its payload.
func genICMP(t *rapid.T, p *sock.Packet) {
	errs, echo := []uint8{3, 4, 5, 11, 12}, uint8(8)
	if p.Src.Is6() {
		p.Proto, errs, echo = sock.ProtoICMPv6, []uint8{1, 2, 3, 4, 100}, 128
	}
	p.ICMP.Code = rapid.ByteRange(0, 15).Draw(t, "code")
	p.ICMP.MTU = rapid.Uint32Range(0, 65535).Draw(t, "mtu")
	if rapid.Bool().Draw(t, "echo") {
		p.ICMP.Type = echo
		return
	}
	p.Payload = nil
	p.ICMP.Type = rapid.SampledFrom(errs).Draw(t, "type")
	if rapid.Bool().Draw(t, "nothing quoted") {
		return
	}
	q := &p.ICMP.Quote
	q.Src, q.Dst = p.Dst, p.Src
	q.Proto = rapid.SampledFrom([]uint8{6, 17, 132}).Draw(t, "quoted")
	if q.Proto != 132 {
		genPorts(t, &q.SrcPort, &q.DstPort)
	}
	if q.Proto == 6 {
		q.Seq = tcpstate.Seq(rapid.Uint32().Draw(t, "quoted seq"))
	}
}
