package story

import (
	"fmt"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
)

// udp spells a datagram that arrives. A script names the ports on both sides.
func (p *player) udp(q *sock.Packet) string {
	if q.NoCheck {
		p.failf("a datagram without a checksum")
	}
	return fmt.Sprintf("udp %d > %d (%d)", q.SrcPort, q.DstPort, len(q.Payload))
}

// echoHeader is the octets of an ICMP message before its data.
const echoHeader = 8

// message spells an ICMP message that arrives, and makes it one that a script can write.
func (p *player) message(q *sock.Packet) string {
	k := &q.ICMP.Quote
	switch {
	case k.Src.IsValid() && k.Proto == sock.ProtoTCP:
		return p.icmp(q)
	case k.Src.IsValid() && k.Proto == sock.ProtoUDP:
		if k.SrcPort != scriptLocal.Port() || k.DstPort != scriptPeer.Port() {
			p.failf("an ICMP message about a datagram from port %d to %d", k.SrcPort, k.DstPort)
		}
		if q.Payload = nil; q.ICMP.Code != sock.ICMPFragNeeded || q.ICMP.Type != sock.ICMPDestUnreach {
			q.ICMP.MTU = 0
			return icmpName(q) + " [udp (0)]"
		}
		return fmt.Sprintf("%s mtu %d [udp (0)]", icmpName(q), q.ICMP.MTU)
	case k.Src.IsValid():
		p.failf("an ICMP message about protocol %d", k.Proto)
	}
	q.ICMP.MTU &^= 0xFFFF // the number of an echo, which scripts leave 0
	clear(q.Payload)
	return fmt.Sprintf("%s id %d [raw (%d)]", icmpName(q), q.ICMP.MTU>>16, echoHeader+len(q.Payload))
}

// icmpName is a message's name, or its numbers.
func icmpName(q *sock.Packet) string {
	list := icmpNames
	if q.Proto == sock.ProtoICMPv6 {
		list = icmp6Names
	}
	if what, ok := list[[2]uint8{q.ICMP.Type, q.ICMP.Code}]; ok {
		return "icmp " + what
	}
	return fmt.Sprintf("icmp type_%d code_%d", q.ICMP.Type, q.ICMP.Code)
}

// sentOther writes down a packet that is no TCP segment.
func (p *player) sentOther(ev *conformance.Event, q *sock.Packet) {
	text := ""
	switch {
	case q.Src != p.local || q.Dst != p.peer:
		p.unwritable(ev, q, "scripts' packets go from one address to one other")
		return
	case q.Opaque:
		if text = p.partLeaves(q); text == "" {
			p.unwritable(ev, q, "a packet of protocol %d leaves", q.Proto)
			return
		}
	case q.Proto == sock.ProtoUDP && q.SrcPort != scriptLocal.Port():
		p.unwritable(ev, q, "a datagram from a port that the stack chose")
		return
	case q.Proto == sock.ProtoUDP:
		text = fmt.Sprintf("udp %d > %d (%d)", q.SrcPort, q.DstPort, len(q.Payload))
	case p.deaf && q.Proto != sock.ProtoUDP:
		p.unwritable(ev, q, "behind one that is left out")
		return
	case q.ICMP.Quote.Src.IsValid():
		text = icmpName(q)
	default: // a ping socket's identifier may be the stack's choice
		text = fmt.Sprintf("%s [raw (%d)]", icmpName(q), echoHeader+len(q.Payload))
	}
	p.add(line{at: ev.At, text: "> " + text})
	if mark := p.marked(ev); mark != "" {
		p.lines[len(p.lines)-1].shows = mark
	}
}
