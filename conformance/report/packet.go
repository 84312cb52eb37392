package report

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// flow is one direction of a connection.
type flow struct{ src, dst netip.AddrPort }

func (f flow) back() flow { return flow{f.dst, f.src} }

// Speller spells packets as scripts do, with sequence numbers relative to each direction's SYN. Packets have to come in their
// order. The zero value is ready.
type Speller struct{ first map[flow]tcpstate.Seq }

// Spell is the packet without direction and time.
func (s *Speller) Spell(packet []byte) string {
	var p sock.Packet
	if err := packetio.Decode(packet, &p); err != nil {
		return "malformed: " + err.Error()
	}
	if p.Opaque {
		return fmt.Sprintf("ip protocol %d (%d)", p.Proto, len(packet))
	}
	switch p.Proto {
	case sock.ProtoTCP:
		return s.tcp(packet, &p)
	case sock.ProtoUDP:
		return fmt.Sprintf("udp (%d)", len(p.Payload))
	}
	return fmt.Sprintf("icmp type_%d code_%d", p.ICMP.Type, p.ICMP.Code)
}

func (s *Speller) tcp(packet []byte, p *sock.Packet) string {
	seg := &p.Seg
	dir := flow{netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)}
	if seg.Flags&tcpstate.SYN != 0 {
		if s.first == nil {
			s.first = map[flow]tcpstate.Seq{}
		}
		s.first[dir] = seg.Seq
	}
	var b strings.Builder
	from := uint32(seg.Seq - s.first[dir])
	fmt.Fprintf(&b, "%s %d:%d(%d)", letters(seg.Flags), from, from+uint32(len(p.Payload)), len(p.Payload))
	if seg.Flags&tcpstate.ACK != 0 {
		fmt.Fprintf(&b, " ack %d", uint32(seg.Ack-s.first[dir.back()]))
	}
	fmt.Fprintf(&b, " win %d", seg.Wnd)
	if seg.Flags&tcpstate.URG != 0 {
		fmt.Fprintf(&b, " urg %d", seg.Urg)
	}
	if opts := SpellOptions(packet, uint32(s.first[dir.back()])); opts != "" {
		fmt.Fprintf(&b, " <%s>", opts)
	}
	return b.String()
}

var ecnMarks = [...]string{"", "[ect1] ", "[ect0] ", "[ce] "}

// SpellSegment spells a segment as a script's line has it, its sequence numbers counted from its sender's first and those that it
// acknowledges from its receiver's. Its options are those of the packet.
func SpellSegment(s *tcpstate.Segment, packet []byte, first, peerFirst tcpstate.Seq) string {
	from := uint32(s.Seq - first)
	text := fmt.Sprintf("%s%s %d:%d(%d)", ecnMarks[s.ECN&3], DotLast(s.Flags), from, uint64(from)+uint64(s.Len), s.Len)
	if s.Flags.Has(tcpstate.ACK) {
		text += fmt.Sprintf(" ack %d", uint32(s.Ack-peerFirst))
	}
	text += fmt.Sprintf(" win %d", s.Wnd)
	if s.Flags.Has(tcpstate.URG) {
		text += fmt.Sprintf(" urg %d", s.Urg)
	}
	if opts := SpellOptions(packet, uint32(peerFirst)); opts != "" {
		text += " <" + opts + ">"
	}
	return text
}

// DotLast spells control bits with ACK's behind the others, where scripts have it.
func DotLast(f tcpstate.Flags) string {
	text := (f &^ tcpstate.ACK).String()
	switch {
	case !f.Has(tcpstate.ACK):
		return text
	case f == tcpstate.ACK:
		return "."
	}
	return text + "."
}

// letters spells the control bits in the order of packetdrill's printer; none at all is "-".
func letters(f tcpstate.Flags) string {
	var b strings.Builder
	for _, l := range [...]struct {
		bit    tcpstate.Flags
		letter byte
	}{{tcpstate.SYN, 'S'}, {tcpstate.FIN, 'F'}, {tcpstate.RST, 'R'}, {tcpstate.PSH, 'P'}, {tcpstate.ACK, '.'},
		{tcpstate.URG, 'U'}, {tcpstate.ECE, 'E'}, {tcpstate.CWR, 'W'}} {
		if f.Has(l.bit) {
			b.WriteByte(l.letter)
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	return b.String()
}

// SpellOptions spells a TCP segment's options; SACK blocks are relative to the number that the peer began with.
func SpellOptions(packet []byte, peerFirst uint32) string {
	list, err := packetio.Options(packet)
	parts := make([]string, 0, len(list)+1)
	for _, o := range list {
		parts = append(parts, spellOption(o, peerFirst))
	}
	if err != nil {
		parts = append(parts, "broken")
	}
	return strings.Join(parts, ",")
}

func spellOption(o packetio.Option, peerFirst uint32) string {
	be := binary.BigEndian
	switch n := len(o.Data); {
	case o.Kind == packetio.KindNOP:
		return "nop"
	case o.Kind == packetio.KindEOL:
		return "eol"
	case o.Kind == packetio.KindMSS && n == 2:
		return fmt.Sprintf("mss %d", be.Uint16(o.Data))
	case o.Kind == packetio.KindWScale && n == 1:
		return fmt.Sprintf("wscale %d", o.Data[0])
	case o.Kind == packetio.KindSACKOK && n == 0:
		return "sackOK"
	case o.Kind == packetio.KindTS && n == 8:
		return fmt.Sprintf("TS val %d ecr %d", be.Uint32(o.Data), be.Uint32(o.Data[4:]))
	case o.Kind == packetio.KindFastOpen:
		return strings.TrimSpace(fmt.Sprintf("FO %x", o.Data))
	case o.Kind == packetio.KindSACK && n%8 == 0 && n > 0:
		s := "sack"
		for d := o.Data; len(d) > 0; d = d[8:] {
			s += fmt.Sprintf(" %d:%d", be.Uint32(d)-peerFirst, be.Uint32(d[4:])-peerFirst)
		}
		return s
	}
	return strings.TrimSpace(fmt.Sprintf("kind %d %x", o.Kind, o.Data))
}

// WriteTrace prints packets a line each, as a script would have them, with the rules behind them as a comment.
func WriteTrace(w io.Writer, trace []conformance.Traced) {
	var s Speller
	for _, p := range trace {
		line := fmt.Sprintf("%10.6f %s %s", float64(p.At)/1e6, arrow(p.Inbound), s.Spell(p.Packet))
		if len(p.Why) > 0 {
			line = fmt.Sprintf("%-72s //@%s", line, strings.Join(p.Why, ","))
		}
		fmt.Fprintln(w, line)
	}
}

// arrow is a script's mark for a packet's direction.
func arrow(inbound bool) string {
	if inbound {
		return "<"
	}
	return ">"
}
