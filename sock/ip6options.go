package sock

// The options of IPv6's hop-by-hop and destination headers that Linux knows
// (include/uapi/linux/in6.h).
const (
	tlvPad1        = 0
	tlvPadN        = 1
	tlvRouterAlert = 5
	tlvCalipso     = 7
	tlvIOAM        = 49
	tlvJumbo       = 0xC2
)

// OptionFault says what is wrong with a list of IPv6 options.
type OptionFault uint8

// The faults. Linux drops a packet that has one.
const (
	OptionsSound   OptionFault = iota
	OptionsBroken              // lengths or padding
	OptionsJumbo               // a jumbo payload
	OptionsLabel               // a CALIPSO label, and no domain is configured
	OptionsUnknown             // an unknown option that forbids skipping
)

// IP6Options is ip6_parse_tlv (net/ipv6/exthdrs.c): at most seven octets of padding in a
// row, all zero, at most eight options (max_hbh_opts_cnt, max_dst_opts_number), and
// unknown ones only where their first two bits allow skipping (RFC 8200 section 4.2).
func IP6Options(b []byte, hopByHop bool) OptionFault {
	const maxOpts = 8
	pad, count, total := 0, 0, len(b)
	for len(b) > 0 {
		n := 1
		if b[0] != tlvPad1 {
			if len(b) < 2 || int(b[1])+2 > len(b) {
				return OptionsBroken
			}
			n = int(b[1]) + 2
		}
		if b[0] <= tlvPadN {
			pad += n
			if pad > 7 || !zeros(b[min(2, n):n]) {
				return OptionsBroken
			}
			b = b[n:]
			continue
		}
		pad = 0
		if count++; count > maxOpts {
			return OptionsBroken
		}
		if f := optionFault(b[0], 2+total-len(b), n-2, hopByHop); f != OptionsSound {
			return f
		}
		b = b[n:]
	}
	return OptionsSound
}

// optionFault judges one option by its type, its offset in the header and its length.
func optionFault(kind uint8, at, length int, hopByHop bool) OptionFault {
	switch {
	case hopByHop && kind == tlvRouterAlert:
		if length != 2 {
			return OptionsBroken
		}
	case hopByHop && kind == tlvJumbo:
		return OptionsJumbo
	case hopByHop && kind == tlvCalipso:
		return OptionsLabel
	case hopByHop && kind == tlvIOAM:
		if at%4 != 0 {
			return OptionsBroken
		}
	case kind>>6 != 0:
		return OptionsUnknown
	}
	return OptionsSound
}

// zeros reports whether all octets are zero.
func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// RouteOff reports whether IPv6 routing headers of the type are off until an
// administrator turns them on: RPL's and segment routing's.
func RouteOff(kind uint8) bool {
	const rpl, segments = 3, 4
	return kind == rpl || kind == segments
}

// skipExtensions6 walks the extension headers of b from off on, where one of that
// kind stands, as ip6_protocol_deliver_rcu does; false where one is broken. It
// stops at a fragment header. Each header takes at least eight octets.
func skipExtensions6(b []byte, off int, kind uint8) (int, uint8, bool) {
	for kind == extDstOpts || kind == extRouting {
		if len(b) < off+8 {
			return 0, 0, false
		}
		n := (int(b[off+1]) + 1) * 8
		switch {
		case len(b) < off+n:
			return 0, 0, false
		case kind == extDstOpts && IP6Options(b[off+2:off+n], false) != OptionsSound,
			kind == extRouting && (RouteOff(b[off+2]) || b[off+3] != 0):
			return 0, 0, false
		}
		off, kind = off+n, b[off]
	}
	return off, kind, true
}
