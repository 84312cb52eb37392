package packetio

import (
	"github.com/sockspec/sockspec/sock"
)

// Raw is what a [sock.Packet] leaves out: what a script wants to say or see of a
// packet beyond what the machine's answer depends on.
type Raw struct {
	// Options is the TCP option list in wire order. When encoding, nil means
	// Seg.Opts in Linux's layout, and an empty list means none at all; a list
	// that does not fill whole words is padded with EOL.
	Options []Option
	// Quoted is what an ICMP error quotes. When encoding, nil means a bare
	// header and eight octets made from ICMP.Quote.
	Quoted    []byte
	FlowLabel uint32 // IPv6, 20 bits; with ID and NoDF it stands in for the Packet's own
	ID        uint16 // IPv4 identification
	NoDF      bool   // IPv4: the don't-fragment bit is clear
	Reserved  uint8  // TCP: the three bits between data offset and AE
	// BadIPChecksum and BadChecksum ask for a wrong checksum of the IPv4 header, and
	// of the transport. Decoding drops such packets and leaves both false.
	BadIPChecksum, BadChecksum bool
}

// defaultRaw is what the packet itself says. The identification beside DF is the
// socket's own counter and means nothing (RFC 6864 section 4.1); SYN,ACK and RST
// carry 0.
func defaultRaw(p *sock.Packet) Raw { return Raw{NoDF: p.NoDF, ID: p.ID, FlowLabel: p.Flow} }

// DecodeRaw is [Decode] that also tells what Decode leaves out. r.Options is
// appended to r's former list cut to nothing, so that a caller who keeps r
// allocates no more; the octets in it and in r.Quoted belong to b.
func DecodeRaw(b []byte, p *sock.Packet, r *Raw) error {
	options := r.Options[:0]
	*r = Raw{}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	h, err := d.decode(b, p)
	if err != nil {
		return err
	}
	r.ID, r.NoDF, r.FlowLabel = h.id, h.noDF, h.flow
	switch {
	case p.Opaque: // a fragment, say: what its protocol is does not make it a header
	case p.Proto == sock.ProtoTCP:
		if options == nil {
			options = []Option{}
		}
		r.Reserved = h.body[12] >> 1 & 7
		// A broken list shows as OptMalformed already.
		r.Options, _ = ParseOptions(options, h.body[tcpHdrLen:tcpDataOffset(h.body)])
	case p.Proto == sock.ProtoICMP && sock.ICMPError4(p.ICMP.Type), p.Proto == sock.ProtoICMPv6 && sock.ICMPError6(p.ICMP.Type):
		r.Quoted = h.body[icmpHdrLen:]
	}
	return nil
}
