package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// part6 is the rest of a datagram of IPv6 behind these extension headers, the last
// of which names kind.
func part6(kind uint8, rest ...byte) Packet {
	p := Packet{Src: remoteV6, Dst: localV6, Proto: kind, Opaque: true, TTL: 9}
	p.Wire = append(appendIP(nil, &p), rest...)
	finishIP(p.Wire)
	return p
}

func TestAFragmentHeaderComesOnceAndNotInAJumbo(t *testing.T) {
	b := newBench(t)
	atomic := []byte{extFragment, 0, 0, 0, 0, 0, 0, 1}
	b.deliver(part6(extFragment, append(atomic, ProtoUDP, 0, 0, 0, 0, 0, 0, 1)...))
	require.Equal(t, rule.FragMisplaced, b.why())
	p := b.sent()
	require.Equal(t, []uint32{uint32(ICMPv6ParamProb), 0, 48}, []uint32{uint32(p.ICMP.Type), uint32(p.ICMP.Code), p.ICMP.MTU})
	b.deliver(part6(extFragment, ProtoUDP, 0, 0))
	require.Equal(t, rule.FragMisplaced, b.why())
	require.EqualValues(t, 40, b.sent().ICMP.MTU)
}

func TestExtensionHeadersBehindTheFragmentHeaderAreJudged(t *testing.T) {
	b := newBench(t)
	b.deliver(part6(extFragment, extDstOpts, 0, 0, 0, 0, 0, 0, 1, ProtoUDP, 9, 1, 4, 0, 0, 0, 0))
	require.Equal(t, rule.FragBadExtension, b.why())
	b.quiet()
}

// first4 is the first fragment of a datagram of that identification.
func first4(id uint16, src netip.Addr) Packet {
	p := Packet{Src: src, Dst: localV4, Proto: ProtoUDP, TTL: 9, NoDF: true, ID: id, Opaque: true}
	p.Wire = append(appendIP(nil, &p), make([]byte, 16)...)
	finishIP(p.Wire)
	p.Wire[6] |= fragMore4 >> 8
	sumIP4(p.Wire)
	return p
}

// Nobody fills the host's memory with fragments: ipfrag_high_thresh bounds them, and
// ipfrag_time ends them.
func TestFragmentsHaveBounds(t *testing.T) {
	b := newBench(t)
	n, src := 0, remoteV4
	for {
		p := first4(uint16(n), src)
		b.deliver(p)
		if len(b.whys) > 0 {
			break
		}
		n, src = n+1, src.Next()
	}
	require.Equal(t, rule.FragNoMemory, b.why())
	require.Equal(t, (4<<20)/(832+200)+1, n, "a buffer of 832 octets and a queue of 200 each")
	c := b.h.Clone()
	require.Equal(t, c.Fingerprint(), b.h.Fingerprint())
	b.run(30 * tcpstate.Second)
	require.Zero(t, b.h.frags.queues.Len())
	require.Zero(t, b.h.frags.mem)
	require.Zero(t, b.h.frags.peers.Len())
	require.Equal(t, n, c.frags.queues.Len(), "the copy still has them")
	require.NoError(t, c.Check())
	_, ok := b.h.Deadline()
	require.False(t, ok)
}

// Over loopback IPv6's longest datagram does not fit, and arrives nonetheless.
func TestALongDatagramToOurselvesComesWhole(t *testing.T) {
	b := newBench(t)
	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_DGRAM})
	b.ok(bindCall(fd, in6(netip.IPv6Loopback(), 7000)))
	b.ok(connectCall(fd, in6(netip.IPv6Loopback(), 7000)))
	b.ok(sendCall(fd, string(make([]byte, 65527))))
	require.EqualValues(t, 65527, b.call(recvCall(fd, 65535, 0)).Value)
	require.EqualValues(t, 2, b.h.Counters()[MibIP6ReasmReqds])
}
