package campaign

import (
	"net/netip"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"pgregory.net/rapid"
)

// conn is a connection as the peer knows it, in numbers that count from each side's SYN.
type conn struct {
	local    int // as matrix.Packet has it
	remote   uint16
	src, dst netip.Addr // the peer and the stack
	next     uint32     // the next number that the peer would use; 0 before its SYN
	got      uint32     // what has come from the stack; 0 before its SYN
	una      uint32     // what the peer has acknowledged
}

// peer plays the other end of all connections over the link.
type peer struct {
	conns   []*conn
	callers uint16 // connections that it has opened
}

// listenPorts are where the stack listens, callerPort the first port that the peer calls from, servers where it listens.
var listenPorts = []uint16{8080, 8081}

const (
	callerPort = 5000
	maxCallers = 15
	firstServe = 9000
)

// hear notes what the stack sent.
func (p *peer) hear(seen []matrix.Seen) {
	for _, s := range seen {
		if s.Proto != sock.ProtoTCP || s.Flags.Has(tcpstate.RST) {
			continue
		}
		c := p.find(s.Local, s.Remote)
		if c == nil {
			if !s.Flags.Has(tcpstate.SYN) {
				continue
			}
			c = &conn{local: s.Local, remote: s.Remote, src: s.Dst, dst: s.Src}
			p.conns = append(p.conns, c)
		}
		end := s.Seq + s.Len
		if s.Flags.Has(tcpstate.SYN) {
			end++
		}
		if s.Flags.Has(tcpstate.FIN) {
			end++
		}
		if int32(end-c.got) > 0 {
			c.got = end
		}
	}
}

func (p *peer) find(local int, remote uint16) *conn {
	for _, c := range p.conns {
		if c.local == local && c.remote == remote {
			return c
		}
	}
	return nil
}

// ends are the link's addresses by family: the peer's and the stack's.
var ends = [][2]netip.Addr{
	{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.168.0.1")},
	{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fd3d:fa7b:d17d:6::6")},
}

// draw draws a packet from the peer.
func (p *peer) draw(t *rapid.T) matrix.Step {
	if len(p.conns) == 0 || p.callers < maxCallers && rapid.IntRange(0, 4).Draw(t, "new connection") == 0 {
		return p.call(t)
	}
	c := rapid.SampledFrom(p.conns).Draw(t, "connection")
	if rapid.IntRange(0, 11).Draw(t, "wild") == 0 {
		return c.wild(t)
	}
	if c.next == 0 {
		return c.answer(t)
	}
	return c.talk(t)
}

// call is a SYN from a port that has not called yet.
func (p *peer) call(t *rapid.T) matrix.Step {
	family := rapid.SampledFrom(ends).Draw(t, "family")
	c := &conn{local: int(rapid.SampledFrom(listenPorts).Draw(t, "port")), remote: callerPort + p.callers%maxCallers, src: family[0], dst: family[1]}
	p.callers++
	p.conns = append(p.conns, c)
	return c.packet(matrix.Packet{Flags: tcpstate.SYN, MSS: 1000}, &c.next)
}

// answer is what may come for a SYN of the stack's, or once more for one of the peer's that it lost.
func (c *conn) answer(t *rapid.T) matrix.Step {
	switch rapid.IntRange(0, 7).Draw(t, "answer") {
	case 0:
		return c.packet(matrix.Packet{Flags: tcpstate.RST | tcpstate.ACK}, nil)
	case 1:
		return c.packet(matrix.Packet{Flags: tcpstate.SYN, MSS: 1000}, &c.next) // both open at once
	case 2:
		return c.unreachable(t)
	}
	return c.packet(matrix.Packet{Flags: tcpstate.SYN | tcpstate.ACK, MSS: rapid.SampledFrom([]uint16{1000, 0, 536}).Draw(t, "MSS")}, &c.next)
}

// talk is a segment that suits an open connection.
func (c *conn) talk(t *rapid.T) matrix.Step {
	n := rapid.SampledFrom([]int{1, 3, 10, 100, 1000}).Draw(t, "octets")
	q := matrix.Packet{Flags: tcpstate.ACK, Window: rapid.SampledFrom([]uint16{10_000, 10_000, 10_000, 2000, 0}).Draw(t, "window")}
	switch rapid.IntRange(0, 15).Draw(t, "segment") {
	case 0, 1, 2, 3:
		return c.packet(q, nil) // acknowledges everything
	case 4, 5, 6, 7, 8:
		q.Flags, q.Len = tcpstate.ACK|tcpstate.PSH, n
	case 9, 10:
		q.Flags = tcpstate.ACK | tcpstate.FIN
	case 11:
		q.Flags = tcpstate.RST
	case 12:
		q.Flags, q.Len, q.Urgent = tcpstate.ACK|tcpstate.PSH|tcpstate.URG, n, uint16(rapid.IntRange(1, n).Draw(t, "urgent"))
	case 13: // with a hole before it
		q.Len = n
		s := c.packet(q, nil)
		s.Packet.Seq += uint32(rapid.IntRange(1, 20).Draw(t, "hole"))
		return s
	case 14: // once more
		q.Len = int(min(c.next-1, uint32(n)))
		s := c.packet(q, nil)
		s.Packet.Seq -= uint32(q.Len)
		return s
	default:
		return c.unreachable(t)
	}
	return c.packet(q, &c.next)
}

// wild is a segment that may be anything near the connection's numbers.
func (c *conn) wild(t *rapid.T) matrix.Step {
	s := c.packet(matrix.Packet{
		Flags:  tcpstate.Flags(rapid.IntRange(0, 63).Draw(t, "flags")),
		Len:    rapid.SampledFrom([]int{0, 0, 1, 5}).Draw(t, "octets"),
		Window: rapid.SampledFrom([]uint16{10_000, 0, 1}).Draw(t, "window"),
	}, nil)
	s.Packet.Seq += uint32(rapid.IntRange(-3, 3).Draw(t, "seq off by"))
	s.Packet.Ack += uint32(rapid.IntRange(-3, 3).Draw(t, "ack off by"))
	if s.Packet.Flags.Has(tcpstate.URG) {
		s.Packet.Urgent = uint16(rapid.IntRange(0, 6).Draw(t, "urgent"))
	}
	return s
}

// unreachable is an ICMP error about what the stack sent last.
func (c *conn) unreachable(t *rapid.T) matrix.Step {
	q := matrix.Packet{Proto: sock.ProtoICMP, Type: sock.ICMPDestUnreach, Code: uint8(rapid.IntRange(0, 3).Draw(t, "code")),
		QuoteProto: sock.ProtoTCP, Src: c.src, Dst: c.dst, Remote: c.remote, Local: c.local, Seq: c.una}
	if c.src.Is6() {
		q.Proto, q.Type = sock.ProtoICMPv6, sock.ICMPv6DestUnreach
	}
	return matrix.Step{Packet: &q}
}

// packet fills in the connection and the numbers that are due. next, if given, moves on by what the segment takes up.
func (c *conn) packet(q matrix.Packet, next *uint32) matrix.Step {
	q.Proto, q.Src, q.Dst, q.Remote, q.Local, q.Seq = sock.ProtoTCP, c.src, c.dst, c.remote, c.local, c.next
	if q.Flags.Has(tcpstate.SYN) && q.Window == 0 {
		q.Seq, q.Window = 0, 10_000
	}
	if q.Flags.Has(tcpstate.ACK) {
		q.Ack, c.una = c.got, c.got
	}
	if next != nil {
		*next = q.Seq + uint32(q.Len)
		if q.Flags.Has(tcpstate.SYN) || q.Flags.Has(tcpstate.FIN) {
			*next++
		}
	}
	return matrix.Step{Packet: &q}
}
