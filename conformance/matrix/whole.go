package matrix

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// far end of what the stack sent, by protocol.
type far struct {
	proto uint8
	end   netip.AddrPort
}

// lately is a port that the stack chose, and when it sent from it last.
type lately struct {
	port uint16
	at   sock.Time
}

// atOnce is how close together the timers of two connections fire whose order is chance, microseconds.
const atOnce = 10 * tcpstate.Millisecond

// chose notes the port that the stack sends from, for packets to "the port that it chose": of two that it sends from at once it is the
// one that came up later.
func (s *speller) chose(q *sock.Packet, at sock.Time) {
	if ours(q.SrcPort) {
		return
	}
	if s.newest == nil {
		s.newest = map[far]lately{}
	}
	to := far{q.Proto, netip.AddrPortFrom(q.Dst, q.DstPort)}
	if old, known := s.newest[to]; known && at.Sub(old.at) < atOnce && slices.Index(s.ports, q.SrcPort) < slices.Index(s.ports, old.port) {
		return
	}
	s.newest[to] = lately{q.SrcPort, at}
}

// stamp notes the time stamp of a segment that the stack sends.
func (s *speller) stamp(q *sock.Packet) {
	if !q.Seg.Opts.Has(tcpstate.OptTS) {
		return
	}
	if s.stamps == nil {
		s.stamps = map[ends]uint32{}
	}
	s.stamps[endsOut(q)] = q.Seg.Opts.TSVal
}

// whole is the packet of a step's Whole for this instance: with its ports and its numbers, and octets that tell their place.
func (s *speller) whole(k *sock.Packet) *sock.Packet {
	q := *k
	switch {
	case q.Opaque:
	case q.Proto == sock.ProtoTCP:
		if q.DstPort == 0 {
			q.DstPort = s.newest[far{q.Proto, netip.AddrPortFrom(q.Src, q.SrcPort)}].port
		}
		s.renumber(&q)
	case q.Proto == sock.ProtoUDP && q.DstPort == 0:
		q.DstPort = s.newest[far{q.Proto, netip.AddrPortFrom(q.Src, q.SrcPort)}].port
	case q.ICMP.Quote.Src.IsValid():
		s.quotation(&q.ICMP.Quote)
	}
	return &q
}

// renumber turns a segment's numbers into those of the connection.
func (s *speller) renumber(q *sock.Packet) {
	g, c := &q.Seg, endsIn(q)
	if len(q.Payload) > 0 {
		q.Payload = octets(uint32(g.Seq)-1, len(q.Payload))
	}
	g.Seq += peerISS
	if g.Flags.Has(tcpstate.ACK) {
		g.Ack += s.first[c]
		if stamp, sent := s.stamps[c]; sent {
			g.Opts.TSEcr += stamp
		} else {
			g.Opts.TSEcr = 0 // an echo of nothing, behind a SYN cookie, is read as options that depend on a secret
		}
	}
	for i := range g.Opts.SACK[:g.Opts.NSACK] {
		g.Opts.SACK[i].Start += s.first[c]
		g.Opts.SACK[i].End += s.first[c]
	}
}

// quotation turns what an error quotes into what the stack sent.
func (s *speller) quotation(k *sock.Quote) {
	if k.SrcPort == 0 {
		k.SrcPort = s.newest[far{k.Proto, netip.AddrPortFrom(k.Dst, k.DstPort)}].port
	}
	if k.Proto == sock.ProtoTCP {
		n := uint32(k.Seq)
		k.Seq += s.first[ends{netip.AddrPortFrom(k.Src, k.SrcPort), netip.AddrPortFrom(k.Dst, k.DstPort)}]
		s.quote(uint32(k.Seq), n)
	}
}
