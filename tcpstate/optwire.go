package tcpstate

import "encoding/binary"

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

// MaxOptionOctets is the room that the data offset leaves for options.
const MaxOptionOctets = 40

// WireOption is one TCP option as it stands on the wire. NOP and EOL have no Data.
type WireOption struct {
	Kind uint8
	Data []byte // without kind and length
}

// NextOption splits the first option off a list, which is not empty, by the rules of tcp_parse_options
// (net/ipv4/tcp_input.c): false when the list breaks off.
func NextOption(b []byte) (o WireOption, rest []byte, ok bool) {
	if b[0] <= KindNOP {
		return WireOption{Kind: b[0]}, b[1:], true
	}
	if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
		return WireOption{}, nil, false
	}
	return WireOption{Kind: b[0], Data: b[2:b[1]]}, b[b[1]:], true
}

// DecodeOptions fills in what the machine understands, by the rules of
// tcp_parse_options: odd lengths are skipped, the last of equal options counts,
// and what only a SYN may carry counts only there.
func DecodeOptions(b []byte, syn bool, o *Options) {
	*o = Options{}
	for len(b) > 0 {
		opt, rest, ok := NextOption(b)
		if !ok {
			o.Set |= OptMalformed
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
func decodeOption(opt WireOption, o *Options) {
	d := opt.Data
	switch {
	case opt.Kind == KindTS && len(d) == 8:
		o.TSVal = binary.BigEndian.Uint32(d)
		o.TSEcr = binary.BigEndian.Uint32(d[4:])
		o.Set |= OptTS
	case opt.Kind == KindSACK && len(d) >= 8 && len(d)%8 == 0:
		o.SACK = [MaxSACK]Range{}
		o.NSACK = uint8(min(len(d)/8, MaxSACK))
		for i := range int(o.NSACK) {
			o.SACK[i].Start = Seq(binary.BigEndian.Uint32(d[8*i:]))
			o.SACK[i].End = Seq(binary.BigEndian.Uint32(d[8*i+4:]))
		}
		o.Set |= OptSACK
	}
}

// decodeSynOption is for options that count on a SYN only.
func decodeSynOption(opt WireOption, o *Options) {
	d := opt.Data
	switch {
	case opt.Kind == KindMSS && len(d) == 2:
		// Linux takes an MSS of 0 for none.
		if mss := binary.BigEndian.Uint16(d); mss != 0 {
			o.MSS = mss
			o.Set |= OptMSS
		}
	case opt.Kind == KindWScale && len(d) == 1:
		o.WScale = d[0]
		o.Set |= OptWScale
	case opt.Kind == KindSACKOK && len(d) == 0:
		o.Set |= OptSACKOK
	case opt.Kind == KindFastOpen:
		decodeCookie(d, false, o)
	case opt.Kind == KindExp && len(d) >= 2 && binary.BigEndian.Uint16(d) == fastOpenMagic:
		decodeCookie(d[2:], true, o)
	}
}

// decodeCookie is tcp_parse_fastopen_option: a request is empty, a cookie has 4
// to 16 octets (RFC 7413 section 4.1.1). An odd length is as if the option were
// not there; an even one that does not fit also undoes an option before it.
func decodeCookie(cookie []byte, exp bool, o *Options) {
	n := len(cookie)
	if n%2 != 0 {
		return
	}
	o.Set &^= OptFastOpen
	o.Cookie = FastCookie{}
	if n == 0 || n >= 4 && n <= MaxFastCookie {
		o.Set |= OptFastOpen
		o.Cookie.Len, o.Cookie.Exp = uint8(n), exp
		copy(o.Cookie.Val[:], cookie)
	}
}
