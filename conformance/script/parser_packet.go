package script

import (
	"fmt"
	"net/netip"
)

// packet reads a packet from its direction on.
func (p *parser) packet() *Packet {
	dir := p.advance()
	pkt := &Packet{Pos: dir.pos}
	if dir.is(">") {
		pkt.Direction = Outbound
	}
	pkt.Conn = p.label()
	for p.peek().isWord("ipv4", "ipv6", "gre", "GREv0", "mpls") {
		pkt.Outer = append(pkt.Outer, p.header())
	}
	ip := p.peek()
	pkt.IP = p.ipSpec()
	switch t := p.peek(); {
	case t.isWord("udp"):
		p.advance()
		pkt.Ports = p.ports()
		pkt.UDP = &UDP{Pos: t.pos, Len: p.payload("a UDP payload length")}
		if pkt.IP.ECN != ECNNotStated && pkt.IP.ECN != ECT01 && pkt.IP.ECN != WholeTOS {
			p.fail(ip, "[tos 0x..] for a UDP packet", "ECN marks are for TCP and ICMP packets")
		}
	case t.isWord("icmp"):
		pkt.ICMP = p.icmp()
	default:
		if p.acceptWord("encap") {
			p.keyword("psp")
			spi := p.peek()
			p.keyword("spi")
			pkt.PSP = &PSP{Pos: spi.pos, SPI: uint32(p.anyNumber("an SPI", maxU32))}
		}
		pkt.Ports = p.ports()
		pkt.TCP = p.tcp(pkt)
	}
	if pkt.IP.ECN == ECT01 && pkt.Direction == Inbound {
		p.fail(ip, "one ECN mark for an inbound packet", "[ect01] means either; write [ect0] or [ect1]")
	}
	return pkt
}

// payload reads `(len)`.
func (p *parser) payload(what string) uint16 {
	p.punct("(", "a payload length stands in parentheses")
	n := p.number(what, maxU16)
	p.punct(")", "")
	return uint16(n)
}

// ports reads `src > dst`, or nothing.
func (p *parser) ports() *Ports {
	if p.peek().kind != tokInt || !p.peekAt(1).is(">") {
		return nil
	}
	ports := &Ports{Pos: p.peek().pos}
	ports.Src = uint16(p.number("a port", maxU16))
	p.punct(">", "")
	ports.Dst = uint16(p.number("a port", maxU16))
	return ports
}

// header reads one encapsulating header with its colon.
func (p *parser) header() Header {
	t := p.advance()
	h := Header{Pos: t.pos}
	switch t.text {
	case "ipv4":
		h.Kind, h.IP = HeaderIPv4, p.ipSpec()
		h.Src = p.address(tokIPv4)
		p.punct(">", "an IP header is written ipv4 SRC > DST:")
		h.Dst = p.address(tokIPv4)
	case "ipv6":
		h.Kind, h.IP = HeaderIPv6, p.ipSpec()
		h.Src = p.address(tokIPv6)
		p.punct(">", "an IP header is written ipv6 SRC > DST:")
		h.Dst = p.address(tokIPv6)
	case "mpls":
		h.Kind, h.Labels = HeaderMPLS, p.mplsStack()
	default:
		h.Kind = HeaderGRE
		p.accept(",")
		if !p.peek().is(":") {
			h.GRE = p.gre()
		}
	}
	p.punct(":", "a header ends with a colon")
	return h
}

func (p *parser) address(kind tokenKind) netip.Addr {
	t := p.peek()
	version := map[tokenKind]string{tokIPv4: "4", tokIPv6: "6"}[kind]
	addr, err := netip.ParseAddr(t.text)
	if t.kind != kind || err != nil {
		p.fail(t, "an IPv"+version+" address", "")
		return netip.Addr{}
	}
	p.advance()
	return addr
}

// mplsStack reads `(label N, tc N, [S], ttl N)` any number of times.
func (p *parser) mplsStack() []MPLSLabel {
	var stack []MPLSLabel
	for p.peek().is("(") {
		l := MPLSLabel{Pos: p.advance().pos}
		p.keyword("label")
		l.Label = uint32(p.number("an MPLS label", maxU20))
		p.punct(",", "")
		p.keyword("tc")
		l.TC = uint8(p.number("an MPLS traffic class", 7))
		p.punct(",", "")
		if p.accept("[") {
			p.keyword("S")
			p.punct("]", "")
			p.punct(",", "")
			l.Bottom = true
		}
		p.keyword("ttl")
		l.TTL = uint8(p.number("an MPLS TTL", maxU8))
		p.punct(")", "")
		stack = append(stack, l)
	}
	return stack
}

// gre reads `flags [..], sum N, off N, key N, seq N`; the commas may be missing, and key may have an equals sign.
func (p *parser) gre() *GRE {
	g := &GRE{Pos: p.peek().pos}
	if !p.acceptWord("flags", "Flags") {
		p.fail(p.peek(), `"flags" or ":" after gre`, "")
	}
	if p.accept("[") {
		g.Flags = p.greFlags()
	} else {
		g.Flags = uint16(p.anyNumber("GRE flags", maxU16))
	}
	p.accept(",")
	p.keyword("sum")
	g.Checksum = uint16(p.anyNumber("a GRE checksum", maxU16))
	p.accept(",")
	p.keyword("off")
	g.Offset = uint16(p.anyNumber("a GRE offset", maxU16))
	p.accept(",")
	p.keyword("key")
	p.accept("=")
	g.Key = uint32(p.anyNumber("a GRE key", maxU32))
	p.accept(",")
	p.keyword("seq")
	g.Sequence = uint32(p.anyNumber("a GRE sequence number", maxU32))
	return g
}

var greFlagWords = map[string]uint16{"checksum": GREChecksum, "key": GREKey, "sequence#": GRESequence}

// greFlags reads `none` or `checksum present, key present, sequence# present` up to the bracket.
func (p *parser) greFlags() uint16 {
	var flags uint16
	for p.err == nil {
		t := p.peek()
		if bit, ok := greFlagWords[t.text]; ok && t.kind == tokWord {
			p.advance()
			p.keyword("present")
			flags |= bit
		} else {
			p.keyword("none")
		}
		if !p.accept(",") {
			break
		}
	}
	p.punct("]", "")
	return flags
}

// icmp reads `icmp type [code] [mtu N] [id N] [[quoted]]`.
func (p *parser) icmp() *ICMP {
	m := &ICMP{Pos: p.advance().pos}
	t := p.peek()
	if !icmpKnown(t.text) || t.kind != tokWord {
		p.fail(t, "an ICMP type", fmt.Sprintf("one of %v", icmpTypeNames()))
		return m
	}
	p.advance()
	m.Type = t.text
	if c := p.peek(); c.kind == tokWord && !c.isWord("mtu", "id") {
		p.advance()
		m.Code = c.text
		if _, _, ok := icmpNumbers(m.Type, m.Code); !ok {
			p.fail(c, "a code of ICMP "+m.Type, nameMend(c))
		}
	}
	if p.acceptWord("mtu") {
		m.MTU, m.HasMTU = p.number("an MTU", maxU32), true
	}
	if p.acceptWord("id") {
		m.ID, m.HasID = uint16(p.number("an echo identifier", maxU16)), true
	}
	if p.accept("[") {
		p.quotedPacket(m)
		p.punct("]", "")
	}
	return m
}

// quotedPacket reads what an ICMP error quotes.
func (p *parser) quotedPacket(m *ICMP) {
	switch {
	case p.acceptWord("udp"):
		m.Echo, m.Len = EchoUDP, p.payload("a payload length")
	case p.acceptWord("raw"):
		m.Echo, m.Len = EchoRaw, p.payload("a payload length")
	default:
		m.Echo = EchoTCP
		m.Seq, m.Len = p.seqRange()
	}
}
