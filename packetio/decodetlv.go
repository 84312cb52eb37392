package packetio

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

// checkTLVs is ip6_parse_tlv (net/ipv6/exthdrs.c): at most seven octets of padding in a
// row, all zero, at most eight options (max_hbh_opts_cnt, max_dst_opts_number), and
// unknown ones only where their first two bits allow skipping (RFC 8200 section 4.2).
func checkTLVs(b []byte, hopByHop bool) error {
	const maxOpts = 8
	pad, count, total := 0, 0, len(b)
	for len(b) > 0 {
		n := 1
		if b[0] != tlvPad1 {
			if len(b) < 2 || int(b[1])+2 > len(b) {
				return dropExtTLV
			}
			n = int(b[1]) + 2
		}
		if b[0] <= tlvPadN {
			pad += n
			if pad > 7 || !zeros(b[min(2, n):n]) {
				return dropExtTLV
			}
			b = b[n:]
			continue
		}
		pad = 0
		if count++; count > maxOpts {
			return dropExtTLV
		}
		if err := checkTLV(b[0], 2+total-len(b), n-2, hopByHop); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// checkTLV judges one option by its type, its offset in the header and its length.
func checkTLV(kind uint8, at, length int, hopByHop bool) error {
	switch {
	case hopByHop && kind == tlvRouterAlert:
		if length != 2 {
			return dropExtTLV
		}
	case hopByHop && kind == tlvJumbo:
		return dropJumbo
	case hopByHop && kind == tlvCalipso:
		return dropExtLabel
	case hopByHop && kind == tlvIOAM:
		if at%4 != 0 {
			return dropExtTLV
		}
	case kind>>6 != 0:
		return dropExtUnknown
	}
	return nil
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
