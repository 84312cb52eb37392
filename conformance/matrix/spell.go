package matrix

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// speller spells results and packets of one instance so that chance does not show: it knows the ephemeral ports by the order in
// which they came up, and the numbers that each side began with.
type speller struct {
	tcp   report.Speller
	ports []uint16 // ephemeral ones, as they came up
	first map[ends]tcpstate.Seq
	next  map[ends]tcpstate.Seq // behind what the stack sent furthest
	// quoted are the sequence numbers that ICMP errors for the stack quoted, as packets had them.
	quoted map[uint32]uint32
	// protos are the protocols of RAW sockets, which stand where others have their port.
	protos []uint16
	raw    bool            // it is about one of those
	newest map[far]lately  // ports that the stack chose, by where it sent from them last
	stamps map[ends]uint32 // time stamps sent last
}

// ends are those of a connection.
type ends struct{ local, remote netip.AddrPort }

// endsOut are the ends that the stack's packet names, endsIn those that one for the stack does.
func endsOut(q *sock.Packet) ends {
	return ends{netip.AddrPortFrom(q.Src, q.SrcPort), netip.AddrPortFrom(q.Dst, q.DstPort)}
}

func endsIn(q *sock.Packet) ends {
	return ends{netip.AddrPortFrom(q.Dst, q.DstPort), netip.AddrPortFrom(q.Src, q.SrcPort)}
}

// ours reports a port that steps name; any other is the stack's choice, be it from ip_local_port_range or an identifier of an
// echo, which may be any number.
func ours(n uint16) bool {
	const some = 20
	return n == 0 || n >= callers && n < callers+some || n >= here && n < here+some || n >= there && n < there+some
}

// port names a port of the stack.
func (s *speller) port(n uint16) string {
	if s.raw && slices.Contains(s.protos, n) {
		return fmt.Sprint(n)
	}
	return s.id(n)
}

// id names a port, or the identifier of an echo, which may be the number of a protocol by chance.
func (s *speller) id(n uint16) string {
	if ours(n) {
		return fmt.Sprint(n)
	}
	for i, known := range s.ports {
		if known == n {
			return fmt.Sprintf("e%d", i+1)
		}
	}
	s.ports = append(s.ports, n)
	return fmt.Sprintf("e%d", len(s.ports))
}

// local is the port that a packet's Local stands for, 0 when there is none as yet.
func (s *speller) local(n int) uint16 {
	switch {
	case n >= 0:
		return uint16(n)
	case -n <= len(s.ports):
		return s.ports[-n-1]
	}
	return 0
}

// packet is the packet for this instance, with its numbers.
func (s *speller) packet(k *Packet) *sock.Packet {
	q := &sock.Packet{Src: k.Src, Dst: k.Dst, Proto: k.Proto, TTL: 64, SrcPort: k.Remote, DstPort: s.local(k.Local)}
	if k.Len > 0 {
		q.Payload = octets(k.Seq-1, k.Len)
	}
	switch k.Proto {
	case sock.ProtoTCP:
		q.Seg = tcpstate.Segment{Flags: k.Flags, Seq: peerISS.Add(k.Seq), Len: uint32(k.Len), Wnd: k.Window, Urg: k.Urgent}
		if k.Flags.Has(tcpstate.ACK) {
			q.Seg.Ack = s.first[endsIn(q)].Add(k.Ack)
		}
		if k.MSS > 0 {
			q.Seg.Opts = tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptWScale, MSS: k.MSS}
		}
	case sock.ProtoICMP, sock.ProtoICMPv6:
		q.ICMP = sock.ICMP{Type: k.Type, Code: k.Code, MTU: k.MTU}
		if k.QuoteProto != 0 {
			seq := s.first[endsIn(q)].Add(k.Seq)
			q.ICMP.Quote = sock.Quote{Src: k.Dst, Dst: k.Src, SrcPort: q.DstPort, DstPort: k.Remote, Proto: k.QuoteProto, Seq: seq}
			s.quote(uint32(seq), k.Seq)
		} else {
			q.ICMP.MTU = uint32(q.DstPort)<<16 | k.MTU // identifier and sequence number
		}
		if k.Echo {
			q.Payload = quotedEcho(k, q.DstPort)
		}
		q.SrcPort, q.DstPort = 0, 0
	}
	return q
}

// quote notes a sequence number that the stack is about to see quoted.
func (s *speller) quote(seq, n uint32) {
	if s.quoted == nil {
		s.quoted = map[uint32]uint32{}
	}
	s.quoted[seq] = n
}

// quotedEcho is the header of an echo request that the stack sent, for an error to quote.
func quotedEcho(k *Packet, id uint16) []byte {
	if k.Dst.Is6() {
		b := append([]byte{6 << 4, 0, 0, 0, 0, 8, k.QuoteProto, 64}, k.Dst.AsSlice()...)
		return append(append(b, k.Src.AsSlice()...), 128, 0, 0, 0, byte(id>>8), byte(id), 0, 1)
	}
	b := append([]byte{0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, k.QuoteProto, 0, 0}, k.Dst.AsSlice()...)
	return append(append(b, k.Src.AsSlice()...), 8, 0, 0, 0, byte(id>>8), byte(id), 0, 1)
}

// inbound notes a packet that the stack is about to get.
func (s *speller) inbound(b []byte) { s.tcp.Spell(b) }

// clock are the values of timestamps: the stack's own clock.
var clock = regexp.MustCompile(`TS val \d+ ecr (\d+)`)

// places are a segment's first and last number.
var places = regexp.MustCompile(`\d+:\d+\(`)

// nowhere is an ACK of what the stack has sent to itself: a number that nobody saw begin.
var nowhere = regexp.MustCompile(`ack \d{7,}`)

// outbound spells a packet of the stack's: the connection's ends, and the rest as a script has it.
func (s *speller) outbound(b []byte, at sock.Time) string {
	var q sock.Packet
	if err := packetio.Decode(b, &q); err != nil {
		return s.foreign(b)
	}
	prefix := ""
	if q.TTL != 64 {
		prefix += fmt.Sprintf("[ttl %d] ", q.TTL)
	}
	if q.TOS != 0 {
		prefix += fmt.Sprintf("[tos %#x] ", q.TOS)
	}
	if q.Proto == sock.ProtoICMP || q.Proto == sock.ProtoICMPv6 {
		return prefix + s.icmp(&q)
	}
	prefix += fmt.Sprintf("%s>%s ", s.port(q.SrcPort), netip.AddrPortFrom(q.Dst, q.DstPort))
	s.chose(&q, at)
	switch q.Proto {
	case sock.ProtoTCP:
		s.follow(&q)
		s.stamp(&q)
		text := clock.ReplaceAllString(s.tcp.Spell(b), "TS ecr $1")
		if s.absolute(&q) {
			text = nowhere.ReplaceAllString(places.ReplaceAllString(text, "zero("), "ack far")
		}
		return prefix + text
	case sock.ProtoUDP:
		return prefix + fmt.Sprintf("udp (%d)", len(q.Payload))
	}
	return s.foreign(b)
}

// follow notes where the numbers of the connection begin and how far they have come.
func (s *speller) follow(q *sock.Packet) {
	if s.first == nil {
		s.first, s.next = map[ends]tcpstate.Seq{}, map[ends]tcpstate.Seq{}
	}
	at, end := endsOut(q), q.Seg.End()
	if q.Seg.Flags.Has(tcpstate.SYN) {
		s.first[at], s.next[at] = q.Seg.Seq, end
	} else if next, known := s.next[at]; known && !q.Seg.Flags.Has(tcpstate.RST) && end.Greater(next) {
		s.next[at] = end
	}
}

// absolute reports whether the number is 0 of a RST for which there was none to answer with: not the number that was acknowledged,
// whatever it is, nor that of a connection that has just come to it.
func (s *speller) absolute(q *sock.Packet) bool {
	if !q.Seg.Flags.Has(tcpstate.RST) || q.Seg.Seq != 0 {
		return false
	}
	next, known := s.next[endsOut(q)]
	return !known || q.Seg.Flags.Has(tcpstate.ACK) && next != 0
}

func (s *speller) icmp(q *sock.Packet) string {
	text := fmt.Sprintf("%s icmp type_%d code_%d", q.Dst, q.ICMP.Type, q.ICMP.Code)
	if q.ICMP.Quote.Src.IsValid() {
		k := &q.ICMP.Quote
		to := strings.TrimSuffix(netip.AddrPortFrom(k.Dst, 0).String(), "0")
		return text + fmt.Sprintf(" quote %s>%s%s", s.port(k.SrcPort), to, s.port(k.DstPort))
	}
	return text + fmt.Sprintf(" id %s seq %d (%d)", s.id(uint16(q.ICMP.MTU>>16)), uint16(q.ICMP.MTU), len(q.Payload))
}

// seen is a packet that has been spelled; false for those that nobody could answer.
func (s *speller) seen(b []byte) (Seen, bool) {
	var q sock.Packet
	if packetio.Decode(b, &q) != nil {
		return Seen{}, false
	}
	v := Seen{Proto: q.Proto, Src: q.Src, Dst: q.Dst, Local: s.code(q.SrcPort), Remote: q.DstPort, Flags: q.Seg.Flags, Len: q.Seg.Len,
		Payload: len(q.Payload)}
	if (q.Proto == sock.ProtoICMP || q.Proto == sock.ProtoICMPv6) && !q.ICMP.Quote.Src.IsValid() {
		v.Local = s.code(uint16(q.ICMP.MTU >> 16))
	}
	v.Seq = q.Seg.Seq.Since(s.first[endsOut(&q)])
	v.Ack = q.Seg.Ack.Since(peerISS)
	v.Stamped, v.Stamp = q.Seg.Opts.Has(tcpstate.OptTS), q.Seg.Opts.TSVal
	return v, true
}

// code is the inverse of local.
func (s *speller) code(n uint16) int {
	if i := slices.Index(s.ports, n); i >= 0 {
		return -i - 1
	}
	return int(n)
}

// foreign spells a packet of a protocol that the codec does not know, as raw sockets send them.
func (s *speller) foreign(b []byte) string {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return fmt.Sprintf("%s proto %d ttl %d (%d)", netip.AddrFrom4([4]byte(b[16:])), b[9], b[8], len(b)-int(b[0]&15)*4)
	case len(b) >= 40 && b[0]>>4 == 6:
		return fmt.Sprintf("%s proto %d ttl %d (%d)", netip.AddrFrom16([16]byte(b[24:])), b[6], b[7], len(b)-40)
	}
	return fmt.Sprintf("malformed (%d)", len(b))
}
