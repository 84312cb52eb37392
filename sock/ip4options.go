package sock

import "github.com/sockspec/sockspec/tcpstate"

// IPv4 option kinds (include/uapi/linux/ip.h).
const (
	ipoptRR        = 7
	ipoptTimestamp = 68
	ipoptLSRR      = 131
	ipoptCIPSO     = 134
	ipoptSSRR      = 137
	ipoptRA        = 148
)

// SoundIP4Options judges a list as __ip_options_compile and ip_rcv_options do
// (net/ipv4/ip_options.c, ip_input.c). Source routes are refused: accept_source_route is off
// unless an administrator turns it on; so are CIPSO labels, of which no domain is configured.
func SoundIP4Options(b []byte) bool {
	var route, stamp bool // at most one each
	for len(b) > 0 {
		o, rest, ok := tcpstate.NextOption(b) // the grammar is TCP's
		if !ok {
			return false
		}
		n := 2 + len(o.Data)
		switch o.Kind {
		case tcpstate.KindEOL:
			return true
		case ipoptLSRR, ipoptSSRR, ipoptCIPSO:
			return false
		case ipoptRA:
			ok = len(o.Data) >= 2
		case ipoptRR:
			ok = !route && soundRecord(b, n)
			route = true
		case ipoptTimestamp:
			ok = !stamp && soundTimestamp(b, n)
			stamp = true
		}
		if !ok {
			return false
		}
		b = rest
	}
	return true
}

// soundRecord wants a record route's pointer past the option's head, and if it
// points into the option, room for an address there.
func soundRecord(b []byte, n int) bool {
	return n >= 3 && b[2] >= 4 && (int(b[2]) > n || int(b[2])+3 <= n)
}

// soundTimestamp does the same for a timestamp, whose entries may hold an address
// as well; a full list must be able to count one more miss (RFC 791 section 3.1).
func soundTimestamp(b []byte, n int) bool {
	if n < 4 || b[2] < 5 {
		return false
	}
	const withAddr, prespecified = 1, 3
	flag := b[3] & 15
	if int(b[2]) > n {
		return flag == prespecified || b[3]>>4 != 15
	}
	if int(b[2])+3 > n {
		return false
	}
	return flag != withAddr && flag != prespecified || int(b[2])+7 <= n
}
