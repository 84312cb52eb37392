package packetio

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/sock"
)

// spoilt is a good packet, what is done to it, and the reason that Linux would drop it for. Without
// a good packet, spoil makes the bad one.
type spoilt struct {
	name  string
	want  DropReason
	good  sock.Packet
	spoil func(t testing.TB, b []byte) []byte
}

// spoiltIPv4 spoils the IPv4 header.
func spoiltIPv4() []spoilt {
	tcp4, none := tcpPacket(false, "hi"), sock.Packet{}
	return []spoilt{
		{"no octets", HdrTrunc, tcp4, func(testing.TB, []byte) []byte { return nil }},
		{"version 5", UnhandledProto, tcp4, func(_ testing.TB, b []byte) []byte { b[0] = 0x55; return b }},
		{"19 octets of IPv4", IPInHdr, tcp4, func(_ testing.TB, b []byte) []byte { return b[:19] }},
		{"IPv4 header length 4", IPInHdr, tcp4, func(_ testing.TB, b []byte) []byte { b[0] = 0x44; return b }},
		{"IPv4 header longer than the packet", IPInHdr, tcp4, func(_ testing.TB, b []byte) []byte { b[0] = 0x4f; return b[:42] }},
		{"IPv4 checksum", IPCsum, tcp4, func(_ testing.TB, b []byte) []byte { b[8]--; return b }},
		{"IPv4 checksum on request", IPCsum, none, raw(tcp4, Raw{BadIPChecksum: true})},
		{"IPv4 cut short", PktTooSmall, tcp4, func(_ testing.TB, b []byte) []byte { return b[:len(b)-1] }},
		{"IPv4 total length 0", IPInHdr, tcp4, func(_ testing.TB, b []byte) []byte { b[2], b[3] = 0, 0; return resum(b) }},
		{"IPv4 option of length 1", IPInHdr, tcp4, func(_ testing.TB, b []byte) []byte {
			b = append(append(append([]byte{}, b[:20]...), 7, 1, 0, 0), b[20:]...)
			b[0], b[3] = 0x46, b[3]+4
			return resum(b)
		}},
		{"IPv4 source route", IPInHdr, tcp4, func(_ testing.TB, b []byte) []byte {
			b = append(append(append([]byte{}, b[:20]...), 131, 7, 4, 1, 1, 1, 1, 0), b[20:]...)
			b[0], b[3] = 0x47, b[3]+8
			return resum(b)
		}},
	}
}

// spoiltTransport spoils TCP and UDP.
func spoiltTransport() []spoilt {
	tcp4, tcp6, none := tcpPacket(false, "hi"), tcpPacket(true, "hi"), sock.Packet{}
	udp4, udp6 := tcp4, tcp6
	udp4.Proto, udp6.Proto = sock.ProtoUDP, sock.ProtoUDP
	return []spoilt{
		{"TCP of 19 octets", HdrTrunc, tcp4, func(_ testing.TB, b []byte) []byte { b[3] = 39; return resum(b) }},
		{"TCP data offset 4", PktTooSmall, tcp4, func(_ testing.TB, b []byte) []byte { b[32] = 0x40; return b }},
		{"TCP data offset beyond the packet", HdrTrunc, tcp4, func(_ testing.TB, b []byte) []byte { b[32] = 0x60; return b }},
		{"TCP checksum", TCPCsum, tcp4, func(_ testing.TB, b []byte) []byte { b[41] ^= 1; return b }},
		{"TCP checksum on request", TCPCsum, none, raw(tcp4, Raw{BadChecksum: true})},
		{"TCP checksum in IPv6", TCPCsum, none, raw(tcp6, Raw{BadChecksum: true})},
		{"UDP of 7 octets", HdrTrunc, udp4, func(_ testing.TB, b []byte) []byte { b[3] = 27; return resum(b) }},
		{"UDP length 7", PktTooSmall, udp4, func(_ testing.TB, b []byte) []byte { b[25] = 7; return b }},
		{"UDP length beyond the packet", PktTooSmall, udp4, func(_ testing.TB, b []byte) []byte { b[25] = 11; return b }},
		{"UDP checksum", UDPCsum, none, raw(udp4, Raw{BadChecksum: true})},
	}
}

// spoiltICMP spoils ICMP and what it quotes.
func spoiltICMP() []spoilt {
	none := sock.Packet{}
	return []spoilt{
		{"ICMP checksum", ICMPCsum, icmpError(false), func(_ testing.TB, b []byte) []byte { b[21] ^= 1; return b }},
		{"ICMPv6 checksum", ICMPCsum, icmpError(true), func(_ testing.TB, b []byte) []byte { b[41] ^= 1; return b }},
		{"ICMP of 0 octets", ICMPCsum, icmpError(false), func(_ testing.TB, b []byte) []byte { b[3] = 20; return resum(b) }},
		{"ICMP of 4 octets", HdrTrunc, icmpError(false), func(_ testing.TB, b []byte) []byte {
			b[3] = 24
			copy(b[20:], []byte{8, 0, 0xf7, 0xff})
			return resum(b)
		}},
		{"ICMP type 19", UnhandledProto, none, quoting(false, 19, nil)},
		{"ICMP error quotes 19 octets", HdrTrunc, none, quoting(false, sock.ICMPTimeExceeded, make([]byte, 19))},
		{"ICMP redirect quotes 19 octets", PktTooSmall, none, quoting(false, sock.ICMPRedirect, make([]byte, 19))},
		{"ICMP error quotes header length 0", IPInHdr, none, quoting(false, sock.ICMPTimeExceeded, make([]byte, 28))},
		{"ICMPv6 error quotes 39 octets", PktTooSmall, none, quoting(true, 1, make([]byte, 39))},
		{"ICMPv6 error quotes 47 octets", PktTooSmall, none, quoting(true, 1, append([]byte{0x60, 5: 0, 6: 6}, make([]byte, 40)...))},
		{"ICMPv6 error quotes no next header", IPv6BadExtHdr, none, quoting(true, 1, append([]byte{0x60, 5: 0, 6: 59}, make([]byte, 41)...))},
	}
}

// spoiltIPv6 spoils the IPv6 header and its extensions.
func spoiltIPv6() []spoilt {
	tcp6 := tcpPacket(true, "hi")
	return []spoilt{
		{"39 octets of IPv6", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte { return b[:39] }},
		{"IPv6 cut short", PktTooSmall, tcp6, func(_ testing.TB, b []byte) []byte { return b[:len(b)-1] }},
		{"IPv6 payload length 0", HdrTrunc, tcp6, func(_ testing.TB, b []byte) []byte { b[4], b[5] = 0, 0; return b }},
		{"jumbo payload", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte {
			b = ext(b, extHopByHop, 0, 0, 0xc2, 4, 0, 1, 0, 0)
			b[4], b[5] = 0, 0
			return b
		}},
		{"segment routing", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extRouting, 0, 0, 4, 0, 0, 0, 0, 0) }},
		{"a CALIPSO label", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extHopByHop, 0, 0, 7, 4, 0, 0, 0, 0) }},
		{"IOAM out of step", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extHopByHop, 0, 0, 49, 1, 0, 1, 1, 0) }},
		{"hop-by-hop options cut short", HdrTrunc, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extHopByHop, 0, 9, 1, 4, 0, 0, 0, 0) }},
		{"eight octets of padding", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte {
			return ext(b, extDstOpts, 0, 1, 1, 6, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0)
		}},
		{"padding that is not zero", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extDstOpts, 0, 0, 1, 4, 0, 0, 9, 0) }},
		{"an option longer than its header", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extDstOpts, 0, 0, 1, 5, 0, 0, 0, 0) }},
		{"an option that must be known", UnhandledProto, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extDstOpts, 0, 0, 0x41, 4, 0, 0, 0, 0) }},
		{"nine options", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte {
			return ext(b, extDstOpts, 0, 2, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 0x1e, 0, 1, 2, 0, 0)
		}},
		{"routing with a segment left", IPInHdr, tcp6, func(_ testing.TB, b []byte) []byte { return ext(b, extRouting, 0, 0, 0, 1, 0, 0, 0, 0) }},
	}
}

// raw has a packet made with its headers as told.
func raw(p sock.Packet, r Raw) func(testing.TB, []byte) []byte {
	return func(t testing.TB, _ []byte) []byte {
		b, err := EncodeRaw(nil, &p, &r)
		require.NoError(t, err)
		return b
	}
}

// quoting has an ICMP message made that quotes these octets.
func quoting(v6 bool, kind uint8, quoted []byte) func(testing.TB, []byte) []byte {
	p := sock.Packet{Proto: sock.ProtoICMP, ICMP: sock.ICMP{Type: kind}}
	if p.Src, p.Dst = pair(v6); v6 {
		p.Proto = sock.ProtoICMPv6
	}
	return raw(p, Raw{Quoted: quoted})
}

// icmpError is a good error about a TCP segment.
func icmpError(v6 bool) sock.Packet {
	p := sock.Packet{TTL: 64, Proto: sock.ProtoICMP, ICMP: sock.ICMP{Type: sock.ICMPDestUnreach}}
	if p.Src, p.Dst = pair(v6); v6 {
		p.Proto, p.ICMP.Type = sock.ProtoICMPv6, sock.ICMPv6DestUnreach
	}
	p.ICMP.Quote = sock.Quote{Src: p.Dst, Dst: p.Src, Proto: sock.ProtoTCP, SrcPort: 1, DstPort: 2}
	return p
}
