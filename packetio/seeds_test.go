package packetio

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// decodeSeeds are packets of every kind, good ones and such as are dropped:
// TestSeedsReachEveryPacket holds them to it.
func decodeSeeds(t testing.TB) (all [][]byte) {
	for _, v6 := range []bool{false, true} {
		all = append(all, tcpSeeds(t, v6)...)
		all = append(all, udpSeeds(t, v6)...)
		all = append(all, icmpSeeds(t, v6)...)
	}
	all = append(all, headerSeeds(t)...)
	for _, c := range slices.Concat(spoiltIPv4(), spoiltTransport(), spoiltICMP(), spoiltIPv6()) {
		var b []byte
		if c.good.Src.IsValid() {
			b = encode(t, c.good)
		}
		all = append(all, c.spoil(t, b))
	}
	return all
}

// tcpSeeds have every flag, every mark of ECN and every option.
func tcpSeeds(t testing.TB, v6 bool) (all [][]byte) {
	p := tcpPacket(v6, "payload")
	all = append(all, encode(t, p))
	p.TOS, p.Seg.Urg, p.Seg.Flags = 0x10, 3, tcpstate.FIN|tcpstate.RST|tcpstate.URG|tcpstate.ECE|tcpstate.CWR|tcpstate.AE
	if p.Flow = 0xabcde; !v6 {
		p.ID, p.NoDF, p.Flow = 77, true, 0
	}
	for ecn := tcpstate.NotECT; ecn <= tcpstate.CE; ecn++ {
		p.Seg.ECN = ecn
		all = append(all, encode(t, p))
	}
	ts := tcpstate.OptTS
	for _, o := range []tcpstate.Options{
		{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | ts | tcpstate.OptWScale, MSS: 1460, WScale: 7, TSVal: 1, TSEcr: 2},
		{Set: tcpstate.OptFastOpen}, {Set: tcpstate.OptFastOpen, Cookie: fastCookie(false)}, {Set: tcpstate.OptFastOpen, Cookie: fastCookie(true)},
		{Set: ts | tcpstate.OptSACK, TSVal: 1, NSACK: 2, SACK: [4]tcpstate.Range{{Start: edge, End: 256}, {Start: 1, End: 2}}},
	} {
		p.Seg.Opts = o
		if p.Seg.Flags = tcpstate.SYN; o.Has(tcpstate.OptSACK) {
			p.Seg.Flags = tcpstate.ACK
		}
		all = append(all, encode(t, p))
	}
	// A list that breaks off, options that nobody knows, bits that are reserved.
	p.Seg.Opts = tcpstate.Options{}
	r := Raw{ID: p.ID, NoDF: p.NoDF, FlowLabel: p.Flow, Reserved: 5, Options: []Option{{Kind: KindNOP}, {Kind: 77, Data: []byte("what")}, {Kind: KindEOL}}}
	all = append(all, raw(p, r)(t, nil))
	r.Options = []Option{{Kind: KindNOP}, {Kind: KindNOP}, {Kind: 77}}
	b := raw(p, r)(t, nil)
	b[len(b)-len(p.Payload)-1] = 9 // beyond the header
	return append(all, repair(b))
}

// udpSeeds are with a checksum and without, and one that IPv6 lets be without a length.
func udpSeeds(t testing.TB, v6 bool) (all [][]byte) {
	p := tcpPacket(v6, "payload")
	p.Proto = sock.ProtoUDP
	all = append(all, encode(t, p))
	p.NoCheck = true
	all = append(all, encode(t, p))
	at := map[bool]int{false: 20, true: 40}[v6]
	b := encode(t, p)
	b[at+5] = 0
	all = append(all, b)
	b = encode(t, p)
	b[at+5] -= 3 // shorter than the packet has room for
	return append(all, b)
}

// icmpSeeds are every type, errors with what they quote.
func icmpSeeds(t testing.TB, v6 bool) (all [][]byte) {
	about := []uint8{sock.ProtoTCP, sock.ProtoUDP, 132}
	for kind := range 256 {
		p := icmpError(v6)
		p.ICMP.Type, p.ICMP.Quote.Seq = uint8(kind), edge
		switch known := kind <= 18 && !v6 || v6 && (kind <= 4 || kind >= 128 && kind < 138); {
		case !known:
			continue
		case v6 && !sock.ICMPError6(p.ICMP.Type), !v6 && !sock.ICMPError4(p.ICMP.Type):
			p.ICMP.Quote, p.Payload, p.ICMP.MTU = sock.Quote{}, []byte("echo"), 0x10002
		default:
			p.ICMP.Quote.Proto, p.ICMP.Code, p.ICMP.MTU = about[kind%3], uint8(kind%4), 1280
			if p.ICMP.Quote.Proto != sock.ProtoTCP {
				p.ICMP.Quote.Seq = 0
			}
			if p.ICMP.Quote.Proto == 132 {
				p.ICMP.Quote.SrcPort, p.ICMP.Quote.DstPort = 0, 0
			}
		}
		all = append(all, encode(t, p))
	}
	p := icmpError(v6)
	if p.ICMP.Code = sock.ICMPFragNeeded; v6 {
		p.ICMP.Quote = sock.Quote{} // nothing usable
	}
	return append(all, encode(t, p))
}

// headerSeeds have IPv4 options, IPv6 extension headers, fragments, protocols that nobody knows, and a link's padding.
func headerSeeds(t testing.TB) (all [][]byte) {
	v4, v6 := encode(t, tcpPacket(false, "hi")), encode(t, tcpPacket(true, "hi"))
	with := func(b []byte, change func(b []byte)) []byte {
		b = slices.Clone(b)
		change(b)
		if b[0]>>4 == 4 {
			return resum(b)
		}
		return b
	}
	options := slices.Insert(slices.Clone(v4), ip4HdrLen, 1, 1, 1, 0)
	all = append(all, with(options, func(b []byte) { b[0], b[3] = 0x46, b[3]+4 }))
	for _, proto := range []byte{sock.ProtoTCP, sock.ProtoUDP, sock.ProtoICMP} {
		all = append(all, with(v4, func(b []byte) { b[6], b[9] = 0x20, proto }))
	}
	all = append(all, with(v4, func(b []byte) { b[9] = 200 }), with(v4, func(b []byte) { b[9] = sock.ProtoICMPv6 }), append(slices.Clone(v4), 0, 0, 0))
	pad := []byte{0, 0, 1, 4, 0, 0, 0, 0}
	all = append(all, ext(v6, extHopByHop, slices.Clone(pad)...), ext(v6, extDstOpts, slices.Clone(pad)...), ext(v6, extRouting, make([]byte, 8)...))
	all = append(all, ext(v6, extFragment, make([]byte, 8)...), ext(v6, extFragment, 0, 0, 0, 1, 0, 0, 0, 7), with(v6, func(b []byte) { b[6] = 200 }))
	all = append(all, with(v6, func(b []byte) { b[6] = sock.ProtoICMP }))
	open := ext(v6, extHopByHop, slices.Clone(pad)...)
	binary.BigEndian.PutUint16(open[4:], 0) // the length may stand in an option
	return append(all, open, append(slices.Clone(v6), 0, 0, 0))
}
