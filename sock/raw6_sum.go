package sock

import (
	"math/bits"

	"github.com/sockspec/sockspec/tcpstate"
)

// run is where octets of a call lie in one of the buffers of what is corked: from
// which place behind the IP header on, and how many.
type run struct{ at, n int }

// note files where octets of the call went: the first two places.
func (c *cork) note(at, n int) {
	for i := range c.begun {
		if r := &c.begun[i]; r.n == 0 {
			*r = run{at, n}
			return
		}
	}
}

// raw6Skew is by how much Linux errs when it sums up what a call adds to what is
// corked, in one's complement. It reads the first octets of a message of ICMPv6 or
// Mobile IPv6 ahead of the others (rawv6_probe_proto_opt), and then takes those
// behind them in the same buffer to begin at an even place, wherever they do
// (raw6_getfrag: odd = 0). Added behind an odd number of octets, such a message
// leaves with a wrong checksum.
func (c *cork) raw6Skew(data []byte, ahead int) (skew uint64) {
	for _, r := range c.begun {
		k := min(ahead, r.n)
		if rest := data[k:r.n]; (r.at+k)&1 == 1 && k > 0 {
			sum := tcpstate.Fold(tcpstate.Sum(0, rest))
			skew += uint64(sum) + uint64(^bits.ReverseBytes16(sum))
		}
		data, ahead = data[r.n:], ahead-k
	}
	return skew
}

// raw6Ahead is how many octets of a protocol's messages are read ahead.
func raw6Ahead(proto uint8) int {
	switch proto {
	case IPPROTO_ICMPV6:
		return 2
	case protoMobility:
		return 4
	}
	return 0
}
