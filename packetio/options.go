package packetio

import (
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// TCP option kinds (IANA; include/net/tcp.h).
const (
	KindEOL      uint8 = 0
	KindNOP      uint8 = 1
	KindMSS      uint8 = 2
	KindWScale   uint8 = 3
	KindSACKOK   uint8 = 4
	KindSACK     uint8 = 5
	KindTS       uint8 = 8
	KindFastOpen uint8 = 34
	KindExp      uint8 = 254
)

// fastOpenMagic marks the experimental fast open option (RFC 7413 section 4.1.1, TCPOPT_FASTOPEN_MAGIC).
const fastOpenMagic = 0xF989

// maxOptions is the room that the data offset leaves, in octets.
const maxOptions = 40

// Option is one TCP option as it stands on the wire. NOP and EOL have no Data.
type Option struct {
	Kind uint8
	Data []byte // without kind and length
}

// wireLen is the octets that the option takes.
func (o *Option) wireLen() int {
	if o.Kind <= KindNOP {
		return 1
	}
	return 2 + len(o.Data)
}

// AppendOption writes the option to the end of b; Data beyond 253 octets is
// cut, as no length octet could say it.
func AppendOption(b []byte, o Option) []byte {
	if o.Kind <= KindNOP {
		return append(b, o.Kind)
	}
	data := o.Data[:min(len(o.Data), 253)]
	b = append(b, o.Kind, uint8(2+len(data)))
	return append(b, data...)
}

// nextOption splits the first option off a list by the rules of tcp_parse_options
// (net/ipv4/tcp_input.c): false when the list breaks off.
func nextOption(b []byte) (o Option, rest []byte, ok bool) {
	if b[0] <= KindNOP {
		return Option{Kind: b[0]}, b[1:], true
	}
	if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
		return Option{}, nil, false
	}
	return Option{Kind: b[0], Data: b[2:b[1]]}, b[b[1]:], true
}

// ParseOptions appends the options of a TCP header's option area in wire order,
// NOP and EOL included; what follows EOL is padding and left out. Data points
// into b. A list that breaks off yields what came before and an error that names the offset.
func ParseOptions(list []Option, b []byte) ([]Option, error) {
	for rest := b; len(rest) > 0; {
		o, next, ok := nextOption(rest)
		if !ok {
			return list, fmt.Errorf("packetio: TCP option kind %d at offset %d of %d: its length does not fit",
				rest[0], len(b)-len(rest), len(b))
		}
		list = append(list, o)
		if o.Kind == KindEOL {
			break
		}
		rest = next
	}
	return list, nil
}

// Options lists the TCP options of an IP packet in wire order, as [ParseOptions]
// does. A packet that [Decode] drops or that is not TCP is an error; a list that
// breaks off is an error beside the options before it.
func Options(packet []byte) ([]Option, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	h, err := d.splitIP(packet)
	if err != nil {
		return nil, err
	}
	if h.proto != sock.ProtoTCP {
		return nil, fmt.Errorf("packetio: options of protocol %d asked for, only TCP has them", h.proto)
	}
	if err := checkTCP(&h); err != nil {
		return nil, err
	}
	return ParseOptions(nil, h.body[tcpHdrLen:tcpDataOffset(h.body)])
}

// decodeOptions fills in what the machine understands, by the rules of
// tcp_parse_options: odd lengths are skipped, the last of equal options counts,
// and what only a SYN may carry counts only there.
func decodeOptions(b []byte, syn bool, o *tcpstate.Options) {
	*o = tcpstate.Options{}
	for len(b) > 0 {
		opt, rest, ok := nextOption(b)
		if !ok {
			o.Set |= tcpstate.OptMalformed
			return
		}
		if opt.Kind == KindEOL {
			return
		}
		if syn {
			decodeSynOption(opt, o)
		}
		decodeOption(opt, o)
		b = rest
	}
}

// decodeOption is for options that any segment may carry.
func decodeOption(opt Option, o *tcpstate.Options) {
	d := opt.Data
	switch {
	case opt.Kind == KindTS && len(d) == 8:
		o.TSVal = binary.BigEndian.Uint32(d)
		o.TSEcr = binary.BigEndian.Uint32(d[4:])
		o.Set |= tcpstate.OptTS
	case opt.Kind == KindSACK && len(d) >= 8 && len(d)%8 == 0:
		o.SACK = [tcpstate.MaxSACK]tcpstate.Range{}
		o.NSACK = uint8(min(len(d)/8, tcpstate.MaxSACK))
		for i := range int(o.NSACK) {
			o.SACK[i].Start = tcpstate.Seq(binary.BigEndian.Uint32(d[8*i:]))
			o.SACK[i].End = tcpstate.Seq(binary.BigEndian.Uint32(d[8*i+4:]))
		}
		o.Set |= tcpstate.OptSACK
	}
}

// decodeSynOption is for options that count on a SYN only.
func decodeSynOption(opt Option, o *tcpstate.Options) {
	d := opt.Data
	switch {
	case opt.Kind == KindMSS && len(d) == 2:
		// Linux takes an MSS of 0 for none.
		if mss := binary.BigEndian.Uint16(d); mss != 0 {
			o.MSS = mss
			o.Set |= tcpstate.OptMSS
		}
	case opt.Kind == KindWScale && len(d) == 1:
		o.WScale = d[0]
		o.Set |= tcpstate.OptWScale
	case opt.Kind == KindSACKOK && len(d) == 0:
		o.Set |= tcpstate.OptSACKOK
	case opt.Kind == KindFastOpen && cookieFits(d):
		o.Set |= tcpstate.OptFastOpen
	case opt.Kind == KindExp && len(d) >= 2 && binary.BigEndian.Uint16(d) == fastOpenMagic && cookieFits(d[2:]):
		o.Set |= tcpstate.OptFastOpen
	}
}

// cookieFits is tcp_parse_fastopen_option's test: a request is empty, a cookie
// has 4 to 16 octets, and an even number of them (RFC 7413 section 4.1.1).
func cookieFits(cookie []byte) bool {
	n := len(cookie)
	return n == 0 || n%2 == 0 && n >= 4 && n <= 16
}
