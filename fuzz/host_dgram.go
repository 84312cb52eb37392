package fuzz

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// What ops do beyond those of numHostOps, in runs whose setup has datagramOps.
// Older inputs don't, and mean what they always did.
const (
	hostDgram       = iota + numHostOps // a UDP, RAW or ping socket
	hostBind                            // bind alone
	hostSendTo                          // to an address, or to the one connected to
	hostRecvFrom                        //
	hostDatagram                        // a UDP, ICMP or RAW packet arrives
	hostDgramError                      // an error about a datagram sent
	hostDgramOption                     // setsockopt, memberships among them
	hostDisconnect                      // connect with AF_UNSPEC
	numDgramOps
)

// datagramOps is the bit of a run's setup that gives it the ops above.
const datagramOps = 64

// mostSent bounds the datagrams that errors can be about.
const mostSent = 8

// dgramKinds are the sockets that hostDgram opens: family, type, protocol.
var dgramKinds = [][3]int32{
	{sock.AF_INET, sock.SOCK_DGRAM, 0}, {sock.AF_INET6, sock.SOCK_DGRAM, 0},
	{sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_ICMP}, {sock.AF_INET6, sock.SOCK_DGRAM, sock.IPPROTO_ICMPV6},
	{sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_ICMP}, {sock.AF_INET6, sock.SOCK_RAW, sock.IPPROTO_ICMPV6},
	{sock.AF_INET, sock.SOCK_RAW, 253}, {sock.AF_INET6, sock.SOCK_RAW, 253},
	{sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_UDP}, {sock.AF_INET6, sock.SOCK_RAW, sock.IPPROTO_UDP},
	{sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_RAW}, {sock.AF_INET6, sock.SOCK_RAW, sock.IPPROTO_RAW},
}

// groups are multicast and broadcast addresses, by bit 4 of an op's Ack.
var groups = []netip.Addr{netip.MustParseAddr("224.0.0.9"), netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("ff02::9"), netip.MustParseAddr("192.168.255.255")}

// dgramOptions change what becomes of datagrams.
var dgramOptions = [][2]int32{
	{sock.IPPROTO_UDP, sock.UDP_CORK}, {sock.SOL_IP, sock.IP_RECVERR}, {sock.IPPROTO_IPV6, sock.IPV6_RECVERR}, {sock.SOL_SOCKET, sock.SO_REUSEADDR},
	{sock.SOL_SOCKET, sock.SO_REUSEPORT}, {sock.SOL_SOCKET, sock.SO_BROADCAST}, {sock.SOL_SOCKET, sock.SO_PEEK_OFF}, {sock.SOL_SOCKET, sock.SO_RCVBUF},
	{sock.SOL_SOCKET, sock.SO_SNDBUF}, {sock.SOL_IP, sock.IP_PKTINFO}, {sock.IPPROTO_IPV6, sock.IPV6_RECVPKTINFO}, {sock.SOL_IP, sock.IP_HDRINCL},
	{sock.IPPROTO_IPV6, sock.IPV6_HDRINCL}, {sock.IPPROTO_IPV6, sock.IPV6_CHECKSUM}, {sock.SOL_RAW, sock.ICMP_FILTER}, {sock.SOL_ICMPV6, sock.ICMPV6_FILTER},
	{sock.SOL_IP, sock.IP_MTU_DISCOVER}, {sock.IPPROTO_UDP, sock.UDP_SEGMENT}, {sock.IPPROTO_IPV6, sock.IPV6_ADDRFORM}, {sock.SOL_SOCKET, sock.SO_RCVTIMEO},
	{sock.SOL_IP, sock.IP_ADD_MEMBERSHIP}, {sock.SOL_IP, sock.IP_DROP_MEMBERSHIP}, {sock.IPPROTO_IPV6, sock.IPV6_ADD_MEMBERSHIP}, {sock.IPPROTO_IPV6, sock.IPV6_DROP_MEMBERSHIP},
	{sock.SOL_SOCKET, sock.SO_RXQ_OVFL}, {sock.SOL_IP, sock.IP_TTL}, {sock.IPPROTO_IPV6, sock.IPV6_V6ONLY}, {sock.SOL_SOCKET, sock.SO_ERROR},
}

// dgramAddr is the address that o chooses: a peer, one of the host's own, or a
// group.
func dgramAddr(o Op) netip.AddrPort {
	list := peerAddrs
	switch o.Ack >> 4 & 3 {
	case 1:
		list = groups
	case 2:
		list = hostAddrs
	}
	return netip.AddrPortFrom(choose(list, o.Ack&15), choose(hostPorts, o.Wnd))
}

// dgramCall makes o's bytes a call on sockets with datagrams; c has what all
// calls share.
func dgramCall(what byte, o Op, c *sock.Call) netip.AddrPort {
	addr := dgramAddr(o)
	switch what {
	case hostDgram:
		k := choose(dgramKinds, o.Ack)
		c.Op, c.Domain, c.Type, c.Proto = sock.OpSocket, k[0], k[1]|[]int32{0, sock.SOCK_NONBLOCK}[o.Wnd&1], k[2]
	case hostBind:
		c.Op = sock.OpBind
	case hostSendTo:
		c.Op, c.Data = sock.OpSend, message(o, addr.Addr())
		c.Flags = []int32{0, sock.MSG_DONTWAIT, sock.MSG_MORE, sock.MSG_PROBE, sock.MSG_OOB, sock.MSG_MORE | sock.MSG_DONTWAIT}[o.Opts%6]
		if o.Opts&64 != 0 {
			addr = netip.AddrPort{} // to the one connected to
		}
	case hostRecvFrom:
		c.Op = sock.OpRecv
		c.Flags = []int32{sock.MSG_DONTWAIT, sock.MSG_PEEK | sock.MSG_DONTWAIT, sock.MSG_TRUNC | sock.MSG_DONTWAIT, sock.MSG_ERRQUEUE, sock.MSG_PEEK | sock.MSG_TRUNC, sock.MSG_WAITALL, 0}[o.Opts%7]
	case hostDgramOption:
		option := choose(dgramOptions, o.Opts)
		c.Op, c.Level, c.Name, c.Data = sock.OpSetsockopt, option[0], option[1], optionValue(o, option[1])
	case hostDisconnect:
		c.Op, addr = sock.OpConnect, netip.AddrPort{}
	}
	return addr
}

// message is what is sent: an echo request, a whole packet of IPv4, or zeros.
func message(o Op, to netip.Addr) []byte {
	b := make([]byte, choose([]int{8, 0, 1, 20, 28, 100, 1472, 1473, 5000, 65507, 65535}, o.Len))
	if len(b) < 8 {
		return b
	}
	switch b[0] = 8; {
	case to.Is6():
		b[0] = 128
	case len(b) >= 20 && o.Opts&128 != 0:
		b[0], b[8], b[9] = 0x45, 9, choose([]byte{1, 17, 253}, o.Wnd)
		copy(b[16:], to.AsSlice())
	}
	return b
}

// optionValue is an int, or a membership: a group and an interface.
func optionValue(o Op, name int32) []byte {
	v := choose([]uint32{1, 0, 2, 5000, 1<<32 - 1, 1 << 31, 100}, o.Wnd)
	b := make([]byte, 32)
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	switch name {
	case sock.IP_ADD_MEMBERSHIP, sock.IP_DROP_MEMBERSHIP:
		copy(b, groups[o.Ack&1].AsSlice())
		copy(b[4:], hostAddrs[o.Wnd&1].AsSlice())
		return b[:8]
	case sock.IPV6_ADD_MEMBERSHIP, sock.IPV6_DROP_MEMBERSHIP:
		copy(b, groups[2].AsSlice())
		b[16] = o.Wnd & 3
		return b[:20]
	}
	return b[:[]int{4, 16, 32, 1}[o.Ack&3]]
}

// datagram delivers a UDP datagram, an ICMP message or a packet of a protocol
// that only RAW sockets know.
func (r *HostRun) datagram(o Op) error {
	i := o.Opts & 1 * 2
	p := sock.Packet{Src: peerAddrs[i], SrcPort: choose(hostPorts, o.Wnd>>4), Dst: hostAddrs[i], DstPort: choose(hostPorts, o.Wnd), Proto: sock.ProtoUDP, TTL: 64}
	if o.Opts&2 != 0 {
		p.Dst = groups[i]
	}
	p.Payload = make([]byte, choose([]int{8, 0, 1, 100, 1400, 60000}, o.Len))
	switch o.Ack % 4 {
	case 1: // an echo request, or the reply to an identifier
		p.Proto, p.ICMP.Type = sock.ProtoICMP, []uint8{8, 0}[o.Opts>>2&1]
		if p.Dst.Is6() {
			p.Proto, p.ICMP.Type = sock.ProtoICMPv6, []uint8{128, 129}[o.Opts>>2&1]
		}
		p.ICMP.MTU = uint32(p.DstPort)<<16 | uint32(o.Seq)
	case 2:
		if !p.Dst.Is6() {
			p.Proto, p.Opaque, p.Payload = 253, true, nil
			p.Wire = append([]byte{0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 253, 0, 0}, p.Src.AsSlice()...)
			p.Wire = append(append(p.Wire, p.Dst.AsSlice()...), make([]byte, 8)...)
		}
	case 3:
		p.NoCheck = true
	}
	return r.Deliver(p)
}

// dgramError delivers an error about a datagram that the host sent.
func (r *HostRun) dgramError(o Op) error {
	if len(r.sent) == 0 {
		return nil
	}
	sent := choose(r.sent, o.Seq)
	q := sent.quote
	p := sock.Packet{Src: peerAddrs[0], Dst: q.Src, Proto: sock.ProtoICMP, TTL: 64}
	p.ICMP.Type, p.ICMP.Code = []uint8{3, 11, 12, 5}[o.Ack&3], o.Ack>>2&15
	if q.Src.Is6() {
		p.Src, p.Proto, p.ICMP.Type = peerAddrs[2], sock.ProtoICMPv6, []uint8{1, 2, 3, 4}[o.Ack&3]
	}
	p.ICMP.MTU, p.ICMP.Quote = []uint32{1280, 576, 0, 68}[o.Opts&3], q
	p.Payload = sent.head
	return r.Deliver(p)
}

// sawDatagram remembers what an error may quote.
func (r *HostRun) sawDatagram(p *sock.Packet) {
	if len(r.sent) == mostSent {
		r.sent = append(r.sent[:0], r.sent[1:]...)
	}
	q := sock.Quote{Src: p.Src, Dst: p.Dst, SrcPort: p.SrcPort, DstPort: p.DstPort, Proto: p.Proto}
	r.sent = append(r.sent, sentDatagram{q, icmpHead(p)})
}

// sentDatagram is what an error may say of a datagram; head is the packet's
// beginning if it is ICMP, whose identifier no Quote has.
type sentDatagram struct {
	quote sock.Quote
	head  []byte
}

// icmpHead is an ICMP packet up to the identifier and number.
func icmpHead(p *sock.Packet) []byte {
	rest := append([]byte{p.ICMP.Type, p.ICMP.Code, 0, 0}, binary.BigEndian.AppendUint32(nil, p.ICMP.MTU)...)
	ends := append(p.Src.AsSlice(), p.Dst.AsSlice()...)
	switch p.Proto {
	case sock.ProtoICMP:
		return slices.Concat([]byte{0x45, 0, 0, 28, 0, 0, 0x40, 0, p.TTL, p.Proto, 0, 0}, ends, rest)
	case sock.ProtoICMPv6:
		return slices.Concat([]byte{0x60, 0, 0, 0, 0, 8, p.Proto, p.TTL}, ends, rest)
	}
	return nil
}
