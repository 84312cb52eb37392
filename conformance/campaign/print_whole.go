package campaign

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// stamps are the time stamps that the stack has sent on a connection: by its own clock, of which scripts count from firstStamp.
type stamps struct{ first, last uint32 }

const firstStamp = 1000

// stamped gives the packet's time stamp its value, of which its text has the echo alone, and notes it.
func (w *writer) stamped(s *matrix.Seen, body string) string {
	if !s.Stamped {
		return body
	}
	k := key{s.Local, s.Remote}
	c := w.stamps[k]
	if c == nil {
		c = &stamps{first: s.Stamp}
		w.stamps[k] = c
	}
	c.last = s.Stamp
	return strings.ReplaceAll(body, "TS ecr", fmt.Sprintf("TS val %d ecr", firstStamp+s.Stamp-c.first))
}

// chosen is the port that the stack chose last for one of the peer's: the code of the latest connection there; 0 for none.
func (w *writer) chosen(remote uint16) (local int) {
	for i := range w.now {
		for _, s := range w.history.Outcomes[i].Seen {
			if s.Remote == remote && s.Local < 0 {
				local = s.Local
			}
		}
	}
	return local
}

// whole writes a packet that was given in full.
func (w *writer) whole(q *sock.Packet) {
	local := int(q.DstPort)
	if k := &q.ICMP.Quote; k.Src.IsValid() && k.Proto == sock.ProtoTCP && q.Proto != sock.ProtoTCP {
		if local = int(k.SrcPort); local == 0 {
			local = w.chosen(k.DstPort)
		}
		w.line("%s < %sicmp type_%d code_%d%s [%d:%d(0)]", w.at(w.now), w.label(local, k.DstPort), q.ICMP.Type, q.ICMP.Code, mtuOf(q), k.Seq, k.Seq)
		return
	}
	switch {
	case q.Proto == sock.ProtoUDP && !q.Opaque && q.DstPort != 0:
		w.line("%s < udp %d > %d (%d)", w.at(w.now), q.SrcPort, q.DstPort, len(q.Payload))
		return
	case q.Proto != sock.ProtoTCP || q.Opaque:
		w.line("// %s the peer sends %s", w.at(w.now), rawText(q))
		return
	}
	if local == 0 {
		local = w.chosen(q.SrcPort)
	}
	k := key{local, q.SrcPort}
	if _, known := w.first[k]; !known && q.Seg.Flags.Has(tcpstate.SYN) {
		w.first[k] = q.Seg.Seq
	}
	counted := *q
	counted.Seg.Seq -= w.first[k]
	q = &counted
	text := fmt.Sprintf("%s < %s%s", w.at(w.now), w.label(local, q.SrcPort), w.segment(q, w.stamps[k]))
	if uint64(q.Seg.Seq)+uint64(q.Seg.Len) >= 1<<32 {
		text = "// numbers of scripts end at 4294967295: " + text
	}
	w.line("%s", text)
}

// rawText is a packet that no script can write: from where to where, its protocol, and its octets in hexadecimal but for zeros at the end.
func rawText(q *sock.Packet) string {
	text := fmt.Sprintf("%v > %v, protocol %d", q.Src, q.Dst, q.Proto)
	b, err := packetio.Encode(nil, q)
	if err != nil {
		return fmt.Sprintf("%s, which cannot be encoded: %v", text, err)
	}
	meat := bytes.TrimRight(b, "\x00")
	if text += fmt.Sprintf(": %x", meat); len(meat) < len(b) {
		text += fmt.Sprintf(" and %d zeros", len(b)-len(meat))
	}
	return text
}

func mtuOf(q *sock.Packet) string {
	if q.ICMP.MTU == 0 {
		return ""
	}
	return fmt.Sprintf(" mtu %d", q.ICMP.MTU)
}

// segment spells a segment with its options.
func (w *writer) segment(k *sock.Packet, c *stamps) string {
	q := *k
	s := &q.Seg
	switch {
	case !s.Flags.Has(tcpstate.ACK):
	case c == nil:
		s.Opts.TSEcr = 0
	default:
		s.Opts.TSEcr += firstStamp + c.last - c.first
	}
	b, err := packetio.Encode(nil, &q)
	if err != nil {
		b = nil // no such packet is: what it would hold has no options
	}
	return report.SpellSegment(s, b, 0, 0)
}
