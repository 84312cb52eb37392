package packetio

import (
	"github.com/google/gopacket"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// quoteDrops are the drops that the faults of a quote lead to.
var quoteDrops = [...]*DropError{
	sock.QuoteShort: dropQuoteShort, sock.QuoteIHL: dropQuoteIHL, sock.QuoteShort6: dropQuote6, sock.QuoteExt: dropQuoteExt,
}

// icmpHeader reads the eight octets that ICMPv4 and ICMPv6 lay out alike.
func (d *decoder) icmpHeader(h *ipHeader, p *sock.Packet) error {
	m := &d.icmp4
	if m.DecodeFromBytes(h.body, gopacket.NilDecodeFeedback) != nil {
		return dropICMPShort
	}
	p.ICMP.Type, p.ICMP.Code = m.TypeCode.Type(), m.TypeCode.Code()
	p.ICMP.MTU = uint32(m.Id)<<16 | uint32(m.Seq)
	p.Payload = m.Payload
	return nil
}

// decodeICMP4 is icmp_rcv (net/ipv4/icmp.c) up to the handlers.
func (d *decoder) decodeICMP4(h *ipHeader, p *sock.Packet) error {
	if tcpstate.Fold(tcpstate.Sum(0, h.body)) != 0xffff {
		return dropICMPCsum
	}
	if err := d.icmpHeader(h, p); err != nil {
		return err
	}
	t := p.ICMP.Type
	switch {
	case !sock.ICMPKnown4(t):
		return dropICMPType
	case !sock.ICMPError4(t):
		return nil
	}
	if t == sock.ICMPDestUnreach && p.ICMP.Code&15 == sock.ICMPFragNeeded {
		p.ICMP.MTU &= 0xffff // RFC 1191: the upper half is unused
	}
	if f := p.ICMP.Quote.Read4(p.Payload); f == sock.QuoteShort && t == sock.ICMPRedirect {
		return dropRedirect
	} else if f != sock.QuoteSound {
		return quoteDrops[f]
	}
	return nil
}

// decodeICMP6 is icmpv6_rcv (net/ipv6/icmp.c) up to the handlers.
func (d *decoder) decodeICMP6(h *ipHeader, p *sock.Packet) error {
	if !h.soundChecksum(sock.ProtoICMPv6) {
		return dropICMPCsum
	}
	if err := d.icmpHeader(h, p); err != nil {
		return err
	}
	if !sock.ICMPError6(p.ICMP.Type) {
		return nil
	}
	if f := p.ICMP.Quote.Read6(p.Payload); f != sock.QuoteSound {
		return quoteDrops[f]
	}
	return nil
}
