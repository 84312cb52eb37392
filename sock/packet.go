package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// Protocol numbers of the IP header (IANA; include/uapi/linux/in.h).
const (
	ProtoICMP   uint8 = 1
	ProtoTCP    uint8 = 6
	ProtoUDP    uint8 = 17
	ProtoICMPv6 uint8 = 58
)

// Packet is one IP packet, decoded, as a [Host] receives and sends it. What it
// leaves out is the codec's affair: checksums, options, extension headers. The
// address family is Src's and Dst's: both IPv4 (never IPv4-mapped) or both IPv6,
// without zones.
//
// Proto says which of the rest counts: TCP uses Seg, UDP nothing more, ICMP
// uses ICMP; ports are TCP's and UDP's. A Packet is plain data except for
// Payload and Wire, which whoever keeps the packet beyond the call must copy.
type Packet struct {
	Src, Dst netip.Addr
	SrcPort  uint16
	DstPort  uint16
	Proto    uint8 // ProtoTCP, ProtoUDP, ProtoICMP, ProtoICMPv6; any other only with Opaque
	TTL      uint8 // or IPv6's hop limit; 64 in what a Host sends unless an option says otherwise
	// TOS is the DSCP in the upper six bits, as IP_TOS and IPV6_TCLASS have it.
	// The lower two bits are zero: the ECN field is Seg.ECN, whatever Proto is.
	TOS uint8
	// Seg is the TCP segment. Seg.Len always equals len(Payload).
	Seg  tcpstate.Segment
	ICMP ICMP
	// Payload is the TCP or UDP payload, or what follows the eight octets of
	// ICMP header. In an ICMP error that is the packet that it quotes; an error
	// without it is sent with a quote made from ICMP.Quote.
	Payload []byte

	ID   uint16 // IPv4's identification
	NoDF bool   // IPv4's don't-fragment bit is clear
	Flow uint32 // IPv6's flow label, 20 bits
	// NoCheck: the UDP datagram carries no checksum (SO_NO_CHECK,
	// UDP_NO_CHECK6_TX). Over IPv6 only sockets that say so take it.
	NoCheck bool
	// Dev is the index of the interface that the packet arrived at, [DevLink]
	// if it is 0. It means nothing in what a Host sends.
	Dev int32

	// Wire is the whole packet as it is on the wire, which RAW sockets and the
	// quotes of ICMP errors need; nil means that it is to be made from the rest.
	Wire []byte
	// Ext is how many octets of IPv6 extension headers Wire has before the
	// header that Proto names.
	Ext uint16
	// Opaque: only the IP header is decoded, the rest is in Wire alone. A Host
	// sends what a RAW socket wrote like that, and wants packets like that of
	// which it has no protocol, or whose transport header or checksum is broken:
	// RAW sockets receive them, and nobody else.
	Opaque bool
	// truesize is what the memory that carries it is charged while it is under
	// way within the host, octets; 0 for what came from the link in one piece. room
	// is how many octets more have a place there.
	truesize, room int32
	// gso is the size of the datagrams of UDP, or of the segments of TCP, that Payload is
	// yet to be cut to, octets; 0 for one that is whole. It never leaves the host so
	// (skb_shinfo.gso_size).
	gso int32
	tag tag // what the sender's socket gave it; whatever came from the link has none
	// partial: its transport has no checksum yet, but the pseudo-header's sum in
	// its place (CHECKSUM_PARTIAL); nobody checks it. With summed it never is so.
	partial, summed bool
	// toMany: the way out was that to a group or a broadcast address, whatever
	// address a RAW socket's header names.
	toMany bool
	looped bool // it never left the host
	BadSum bool // the transport's checksum is wrong: with Opaque when it arrived, else once a program had cut it
}

// charged is the segment with what its memory costs.
func (p *Packet) charged() tcpstate.Segment {
	s := p.Seg
	s.Charge, s.Room, s.Size = p.truesize, p.room, uint32(p.gso)
	return s
}

// tag is what a socket gives to what it sends, for routing and queueing. Within the
// host it arrives with it (skb->mark, skb->priority).
type tag struct{ mark, priority int32 }

// The indexes of a host's interfaces, as a new network namespace numbers them.
const (
	DevLoopback int32 = 1
	DevLink     int32 = 2
)

// name is the connection that the packet belongs to, as its receiver has it.
func (p *Packet) name() flow {
	return flow{netip.AddrPortFrom(p.Dst, p.DstPort), netip.AddrPortFrom(p.Src, p.SrcPort)}
}

// IPv6 reports whether the packet travels in IPv6.
func (p *Packet) IPv6() bool { return p.Src.Is6() }

// ICMP is an ICMP or ICMPv6 message. For an error it holds what can be told of
// the packet that the error quotes; routers need to quote no more than eight
// octets beyond the IP header (RFC 792), which covers all fields of Quote.
type ICMP struct {
	Type, Code uint8
	// MTU is the next hop's, in octets: of "fragmentation needed" (RFC 1191,
	// 0 from old routers) and of "packet too big" (RFC 4443 section 3.2).
	// For every other message it is the second word of the header as sent.
	MTU   uint32
	Quote Quote
}

// Quote is the packet that an ICMP error is about, from its own point of view:
// Src is the host that sent it, so for errors that reach us, one of ours.
// The zero Quote (Src invalid) means that nothing usable was quoted.
type Quote struct {
	Src, Dst netip.Addr
	SrcPort  uint16 // TCP and UDP
	DstPort  uint16
	Proto    uint8
	Seq      tcpstate.Seq // TCP
}

// ICMP types and codes that the socket layer tells apart (include/uapi/linux/icmp.h,
// icmpv6.h).
const (
	ICMPEchoReply      uint8 = 0
	ICMPDestUnreach    uint8 = 3
	ICMPSourceQuench   uint8 = 4
	ICMPRedirect       uint8 = 5
	ICMPEcho           uint8 = 8
	ICMPTimeExceeded   uint8 = 11
	ICMPParameterProb  uint8 = 12
	ICMPFragNeeded     uint8 = 4 // code of ICMPDestUnreach
	ICMPPortUnreach    uint8 = 3 // code of ICMPDestUnreach
	ICMPv6DestUnreach  uint8 = 1
	ICMPv6PacketTooBig uint8 = 2
	ICMPv6TimeExceeded uint8 = 3
	ICMPv6ParamProb    uint8 = 4
	ICMPv6PortUnreach  uint8 = 4 // code of ICMPv6DestUnreach
)
