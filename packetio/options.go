package packetio

import (
	"fmt"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Option is one TCP option as it stands on the wire. NOP and EOL have no Data.
type Option = tcpstate.WireOption

// TCP option kinds (IANA; include/net/tcp.h).
const (
	KindEOL      = tcpstate.KindEOL
	KindNOP      = tcpstate.KindNOP
	KindMSS      = tcpstate.KindMSS
	KindWScale   = tcpstate.KindWScale
	KindSACKOK   = tcpstate.KindSACKOK
	KindSACK     = tcpstate.KindSACK
	KindTS       = tcpstate.KindTS
	KindFastOpen = tcpstate.KindFastOpen
	KindExp      = tcpstate.KindExp
)

// wireLen is the octets that the option takes.
func wireLen(o *Option) int {
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

// ParseOptions appends the options of a TCP header's option area in wire order,
// NOP and EOL included; what follows EOL is padding and left out. Data points
// into b. A list that breaks off yields what came before and an error that names the offset.
func ParseOptions(list []Option, b []byte) ([]Option, error) {
	for rest := b; len(rest) > 0; {
		o, next, ok := tcpstate.NextOption(rest)
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
