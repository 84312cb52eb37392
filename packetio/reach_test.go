package packetio

import (
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// packets is what there is in a packet, and what it can be dropped for.
type packets struct {
	reach.Set
	said strings.Builder
}

// decode does what checkDecode does with a packet, and notes what comes of it.
func (r *packets) decode(b []byte) (good bool) {
	var p sock.Packet
	var more Raw
	err := DecodeRaw(b, &p, &more)
	if err != nil {
		fmt.Fprintln(&r.said, err)
		r.See(version(&p)+"broken transport", p.Opaque)
		r.See(version(&p)+"broken checksum", p.BadSum)
		return false
	}
	if _, err := Options(b); err != nil {
		fmt.Fprintln(&r.said, err)
	}
	if _, err := Encode(nil, &p); err != nil {
		r.See("options that do not fit Linux's layout", true)
	}
	r.Fields(p)
	r.Fields(more)
	r.See(version(&p)+"padding", len(p.Wire) < len(b))
	for proto, name := range protocols {
		r.See(version(&p)+name, p.Proto == proto)
		r.See("opaque "+name, p.Proto == proto && p.Opaque && !p.IPv6())
	}
	r.See(version(&p)+"another protocol", protocols[p.Proto] == "")
	if p.Proto == sock.ProtoTCP && !p.Opaque {
		r.segment(version(&p), &p.Seg)
	}
	return true
}

var protocols = map[uint8]string{sock.ProtoTCP: "TCP", sock.ProtoUDP: "UDP", sock.ProtoICMP: "ICMP", sock.ProtoICMPv6: "ICMPv6"}

func version(p *sock.Packet) string {
	if p.IPv6() {
		return "IPv6 "
	}
	return "IPv4 "
}

// segment notes flags, options and marks.
func (r *packets) segment(family string, s *tcpstate.Segment) {
	for i := range bits.Len16(uint16(tcpstate.AE)) {
		r.See(fmt.Sprintf("%sflag %v", family, tcpstate.Flags(1<<i)), s.Flags.Has(1<<i))
	}
	for set := tcpstate.OptMSS; set <= tcpstate.OptMalformed; set <<= 1 {
		r.See(fmt.Sprintf("%soption %d", family, set), s.Opts.Has(set))
	}
	for ecn := tcpstate.NotECT; ecn <= tcpstate.CE; ecn++ {
		r.See(fmt.Sprintf("%sECN %d", family, ecn), s.ECN == ecn)
	}
}

// The seeds hold every field of a packet, every flag and option in both families,
// and are dropped for every reason; some are so by their checksum alone.
func TestSeedsReachEveryPacket(t *testing.T) {
	r := packets{Set: reach.Set{}}
	repaired := false
	for _, b := range decodeSeeds(t) {
		good := r.decode(b)
		repaired = r.decode(repair(b)) && !good || repaired
	}
	require.NoError(t, r.Messages(r.said.String(), "drop.go", "options.go"))
	r.See("a packet that repair repairs", repaired)
	require.Empty(t, r.Missed(map[string]string{
		"Packet.Dev":        "a host's: no packet says where it came in",
		"Packet.BadSum":     "of packets that are dropped",
		"Segment.Charge":    "a host's: what the memory costs that brought it",
		"Segment.Room":      "a host's, too",
		"Segment.Size":      "a host's: what of its own stays in the host, offloaded",
		"Segment.Heard":     "of what comes from the host itself",
		"Segment.Joined":    "a host's: what waits there for a call",
		"Raw.BadIPChecksum": "for encoding: such a packet is dropped",
		"Raw.BadChecksum":   "for encoding: such a packet is dropped",
	}), "no seed has these")
}
