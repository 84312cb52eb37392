package fuzz

import (
	"net/netip"

	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// teller adds to a story what is done to one stack.
type teller struct {
	*story.Story

	first    map[netip.AddrPort]tcpstate.Seq // the stack's first number on a connection, by the peer's end
	accepted bool                            // an endpoint's story: the connection has a descriptor
	closed   bool                            // an endpoint's story: the descriptor is closed
}

// delivered adds a packet that arrives on a flow of a host.
func (s *teller) delivered(at tcpstate.Time, p sock.Packet, f hostFlow) {
	switch p.Proto {
	case sock.ProtoTCP:
		p.Seg = counted(p.Seg, flowISN, s.first[netip.AddrPortFrom(p.Src, p.SrcPort)], f.lastTS)
	case sock.ProtoICMP, sock.ProtoICMPv6:
		p.ICMP.Quote.Seq -= s.first[netip.AddrPortFrom(p.ICMP.Quote.Dst, p.ICMP.Quote.DstPort)]
	}
	s.Packet(at, p)
}

// counted is the segment with numbers that count from the first of either side; a time stamp's echo counts from lastTS.
func counted(s tcpstate.Segment, peer, own tcpstate.Seq, lastTS uint32) tcpstate.Segment {
	s.Seq -= peer
	if s.Flags.Has(ack) {
		s.Ack -= own
	}
	if s.Opts.Has(tcpstate.OptTS) && s.Flags.Has(ack) {
		s.Opts.TSEcr -= lastTS
	}
	for i := range s.Opts.SACK[:s.Opts.NSACK] {
		s.Opts.SACK[i].Start -= own
		s.Opts.SACK[i].End -= own
	}
	return s
}

// saw learns where a connection's numbers begin from the stack's own SYN.
func (s *teller) saw(p *sock.Packet) {
	if !p.Seg.Flags.Has(tcpstate.SYN) || p.Proto != sock.ProtoTCP {
		return
	}
	if s.first == nil {
		s.first = map[netip.AddrPort]tcpstate.Seq{}
	}
	s.first[netip.AddrPortFrom(p.Dst, p.DstPort)] = p.Seg.Seq
}
