package fuzz

import (
	"net/netip"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Story is what was done to one stack from outside, so that it can be done again to another: a world that has one adds to it.
type Story struct {
	Sysctls [][2]string
	MTU     uint32 // of the link, octets; 0 is 1500
	Deeds   []Deed
	// Unsaid names the first thing that no script can say, "" for none.
	Unsaid string

	first    map[netip.AddrPort]tcpstate.Seq // the stack's first number on a connection, by the peer's end
	accepted bool                            // an endpoint's story: the connection has a descriptor
}

// Deed is one thing that was done. Time that passed until a timer fired is a deed too.
type Deed struct {
	At     tcpstate.Time
	Thread sock.Thread
	Call   *sock.Call
	// Packet is one that arrived. Its sequence numbers count from the first of either side, a time stamp's echo from the one
	// that the stack sent last. A port of the stack's that no bind named is one that it chose.
	Packet *sock.Packet
	Tick   bool // a timer fired
	Signal bool // to Thread
}

// unsaid notes why the story cannot be told; the first reason stays.
func (s *Story) unsaid(why string) {
	if s.Unsaid == "" {
		s.Unsaid = why
	}
}

func (s *Story) call(at tcpstate.Time, th sock.Thread, c sock.Call) {
	s.Deeds = append(s.Deeds, Deed{At: at, Thread: th, Call: &c})
}

func (s *Story) tick(at tcpstate.Time) { s.Deeds = append(s.Deeds, Deed{At: at, Tick: true}) }

// packet adds one that arrives on a flow.
func (s *Story) packet(at tcpstate.Time, p sock.Packet, f hostFlow) {
	p.Payload = append([]byte(nil), p.Payload...)
	p.Wire = append([]byte(nil), p.Wire...)
	switch p.Proto {
	case sock.ProtoTCP:
		p.Seg = counted(p.Seg, flowISN, s.first[netip.AddrPortFrom(p.Src, p.SrcPort)], f.lastTS)
	case sock.ProtoICMP, sock.ProtoICMPv6:
		p.ICMP.Quote.Seq -= s.first[netip.AddrPortFrom(p.ICMP.Quote.Dst, p.ICMP.Quote.DstPort)]
	}
	s.Deeds = append(s.Deeds, Deed{At: at, Packet: &p})
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
func (s *Story) saw(p *sock.Packet) {
	if !p.Seg.Flags.Has(tcpstate.SYN) || p.Proto != sock.ProtoTCP {
		return
	}
	if s.first == nil {
		s.first = map[netip.AddrPort]tcpstate.Seq{}
	}
	s.first[netip.AddrPortFrom(p.Dst, p.DstPort)] = p.Seg.Seq
}
