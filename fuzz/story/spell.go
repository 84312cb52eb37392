package story

import (
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// endsOf names a connection: a port that the stack chose is 0.
func endsOf(local uint16, peer netip.AddrPort) ends {
	if local != scriptLocal.Port() {
		local = 0
	}
	return ends{local, peer}
}

// at is the connection between two ends, a new one if need be.
func (p *player) at(e ends) *conn {
	c := p.conns[e]
	if c == nil {
		p.labels++
		c = &conn{n: p.labels, port: e.local}
		p.conns[e] = c
	}
	return c
}

// label is the connection's in a script. Sockets that are made later take the place of those that have none.
func (c *conn) label() string { return fmt.Sprintf("c%d: ", c.n) }

// segment turns a story's segment into one that this stack understands.
func (p *player) segment(q *sock.Packet) string {
	c := p.at(endsOf(q.DstPort, netip.AddrPortFrom(q.Src, q.SrcPort)))
	q.DstPort = c.port
	s := &q.Seg
	if !c.met {
		c.met = true
		if c.peer = s.Seq; !s.Flags.Has(tcpstate.SYN) { // the engine counts from the first number that it sees
			c.peer = 0
		}
	}
	if s.Flags.Has(tcpstate.ACK) {
		s.Ack += c.first
		if s.Opts.Has(tcpstate.OptTS) {
			s.Opts.TSEcr = p.echo(c, s.Opts.TSEcr)
		}
		if len(c.stamps) == 0 || int(s.Len)+60 > 65535 { // nothing to echo, or no room for it
			s.Opts.Set &^= tcpstate.OptTS
		}
	}
	for i := range s.Opts.SACK[:s.Opts.NSACK] {
		s.Opts.SACK[i].Start += c.first
		s.Opts.SACK[i].End += c.first
	}
	if uint64(s.Seq-c.peer)+uint64(s.Len) > 1<<32-1 {
		p.failf("a segment across the wrap of its numbers, which no script can write")
	}
	return ""
}

// echo is the time stamp, among those that the stack sent, that is nearest to one so far from the last.
func (p *player) echo(c *conn, off uint32) uint32 {
	if len(c.stamps) == 0 {
		return 0
	}
	want := c.stamps[len(c.stamps)-1] + off
	if int32(off) > 0 {
		p.echoes = true
		return want
	}
	best := c.stamps[0]
	for _, v := range c.stamps {
		if abs(int32(v-want)) < abs(int32(best-want)) {
			best = v
		}
	}
	return best
}

func abs(v int32) int32 { return max(v, -v) }

// icmp turns a story's error into one that this stack understands.
func (p *player) icmp(q *sock.Packet) string {
	k := &q.ICMP.Quote
	c := p.at(endsOf(k.SrcPort, netip.AddrPortFrom(k.Dst, k.DstPort)))
	k.SrcPort = c.port
	rel := k.Seq
	k.Seq += c.first
	what := icmpName(q)
	if q.ICMP.MTU != 0 {
		what += fmt.Sprintf(" mtu %d", q.ICMP.MTU)
	}
	return fmt.Sprintf("%s%s [%d:%d(0)]", c.label(), what, rel, rel)
}

// tcpText spells a segment of a connection.
func tcpText(s *tcpstate.Segment, wire []byte, c *conn, inbound bool) string {
	from, to := c.first, c.peer
	if inbound {
		from, to = c.peer, c.first
	}
	return report.SpellSegment(s, wire, from, to)
}

// nearISS is how far from the first an initial number may be that is not drawn at random.
const nearISS = 1 << 20

// sent writes down a packet that the stack sent.
func (p *player) sent(ev *conformance.Event) {
	var q sock.Packet
	if err := packetio.Decode(ev.Packet, &q); err != nil && !shortError(&q) {
		p.unwritable(ev, &q, "a packet that no script can write: %w", err)
		return
	}
	if q.Proto != sock.ProtoTCP {
		p.sentOther(ev, &q)
		return
	}
	e := endsOf(q.SrcPort, netip.AddrPortFrom(q.Dst, q.DstPort))
	if e.peer.Addr() != p.peer || q.Src != p.local {
		p.unwritable(ev, &q, "scripts' packets go from one address to one other")
		return
	}
	c, s := p.at(e), &q.Seg
	switch {
	case s.Flags.Has(tcpstate.SYN) && !s.Flags.Has(tcpstate.ACK) && c.known && q.SrcPort != c.port && p.sockets > c.sockets: // another socket
		p.labels++
		*c = conn{n: p.labels, first: s.Seq, known: true, sockets: p.sockets}
	case s.Flags.Has(tcpstate.SYN) && (!c.known || c.first == s.Seq):
		c.first, c.known, c.sockets = s.Seq, true, p.sockets
	case s.Flags.Has(tcpstate.SYN) && s.Seq-c.first < nearISS: // tcp_timewait_state_process and tcp_twsk_unique put it a window beyond
	case s.Flags.Has(tcpstate.SYN) && !s.Flags.Has(tcpstate.ACK): // the socket connects once more
		*c = conn{n: c.n, first: s.Seq, known: true, sockets: p.sockets}
	case s.Flags.Has(tcpstate.SYN):
		p.failf("two connections of one name")
		return
	case s.Flags.Has(tcpstate.RST) && s.Seq == 0 && c.first != 0:
		p.unwritable(ev, &q, "a RST that begins at no number of the connection's")
		c.lost = true
		return
	}
	if c.lost {
		p.unwritable(ev, &q, "behind one that is left out")
		return
	}
	c.port = q.SrcPort
	if s.Opts.Has(tcpstate.OptTS) {
		c.stamps = append(c.stamps, s.Opts.TSVal)
	}
	l := line{at: ev.At, text: "> " + c.label() + tcpText(s, ev.Packet, c, false)}
	p.add(l)
	if mark := p.marked(ev); mark != "" {
		p.lines[len(p.lines)-1].shows = mark
	}
}

// unwritable leaves out a packet that the stack sent and no script can write: scripts pass with packets left over. Or it is why the
// story ends.
func (p *player) unwritable(ev *conformance.Event, q *sock.Packet, format string, args ...any) {
	if !p.leaves {
		p.failf(format, args...)
		return
	}
	p.deaf = p.deaf || q.Proto == sock.ProtoICMP || q.Proto == sock.ProtoICMPv6
	text := fmt.Sprintf("> %v to %v, protocol %d, %d octets", q.Src, q.Dst, q.Proto, len(ev.Packet))
	p.add(line{at: ev.At, text: text, left: fmt.Errorf(format, args...).Error()})
}
