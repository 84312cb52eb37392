package sock

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// echo4 is a request for an echo.
func echo4(data string) Packet {
	return Packet{Src: remoteV4, Dst: localV4, Proto: ProtoICMP, TTL: 9, TOS: 0x20,
		ICMP: ICMP{Type: ICMPEcho, Code: 3, MTU: 0x12340001}, Payload: []byte(data), ID: 9}
}

// echo6 is one in IPv6.
func echo6(data string) Packet {
	return Packet{Src: remoteV6, Dst: localV6, Proto: ProtoICMPv6, TTL: 9,
		ICMP: ICMP{Type: icmp6Echo, MTU: 0x12340001}, Payload: []byte(data)}
}

func TestAnEchoComesBackAsItWas(t *testing.T) {
	b := newBench(t)
	b.deliver(echo4("odd"))
	p := b.sent()
	require.Equal(t, Packet{Src: localV4, Dst: remoteV4, Proto: ProtoICMP, TTL: 64, TOS: 0x20, NoDF: true, ID: 1,
		ICMP: ICMP{Code: 3, MTU: 0x12340001}, Payload: []byte("odd")}, p)
	b.deliver(echo6(""))
	p = b.sent()
	require.EqualValues(t, icmp6EchoReply, p.ICMP.Type)
	require.Equal(t, localV6, p.Src)
}

func TestSysctlsSilenceEchoes(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.h.SetSysctl("net.ipv4.icmp_echo_ignore_all", "1"))
	b.deliver(echo4(""))
	require.Equal(t, rule.ICMPEchoIgnored, b.why())
	require.NoError(t, b.h.SetSysctl("net.ipv6.icmp.echo_ignore_all", "1"))
	b.deliver(echo6(""))
	require.Equal(t, rule.ICMPEchoIgnored, b.why())
	b.quiet()
	many := echo4("")
	many.Dst = limitedBroadcast
	require.NoError(t, b.h.SetSysctl("net.ipv4.icmp_echo_ignore_all", "0"))
	b.deliver(many)
	require.Equal(t, rule.ICMPToMany, b.why())
	require.NoError(t, b.h.SetSysctl("net.ipv4.icmp_echo_ignore_broadcasts", "0"))
	b.deliver(many)
	p := b.sent()
	require.Equal(t, localV4, p.Src)
}

func TestTheTimeOfDayIsTold(t *testing.T) {
	b := newBench(t)
	p := echo4("abcdefghijkl")
	p.ICMP.Type = icmpTimestamp
	b.deliver(p)
	q := b.sent()
	require.EqualValues(t, icmpTimestampReply, q.ICMP.Type)
	require.Equal(t, "abcd", string(q.Payload[:4]))
	require.Equal(t, q.Payload[4:8], q.Payload[8:])
	p.Payload = p.Payload[:3]
	b.deliver(p)
	require.Equal(t, rule.ICMPDiscarded, b.why())
}

// udpTo is a datagram to a port that nobody has.
func udpTo(n int, v6 bool) Packet {
	p := Packet{Src: remoteV4, Dst: localV4, SrcPort: 7, DstPort: 9, Proto: ProtoUDP, TTL: 64, TOS: 0x1c, Payload: make([]byte, n)}
	if v6 {
		p.Src, p.Dst = remoteV6, localV6
	}
	return p
}

func TestAnErrorQuotesAsMuchAsFits(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ size, want int }{{0, 28}, {520, 548}, {521, 548}, {1400, 548}} {
		p := udpTo(c.size, false)
		wire := appendWire(nil, &p)
		b.deliver(p)
		b.whys = nil
		q := b.sent()
		require.True(t, bytes.Equal(wire[:c.want], q.Payload))
		require.Equal(t, uint8(0xdc), q.TOS, "precedence of internet control")
		require.True(t, q.NoDF)
		require.Equal(t, Quote{Src: remoteV4, Dst: localV4, SrcPort: 7, DstPort: 9, Proto: ProtoUDP}, q.ICMP.Quote)
	}
	for _, c := range []struct{ size, want int }{{0, 48}, {1400, 1232}} {
		b.deliver(udpTo(c.size, true))
		b.whys = nil
		require.Len(t, b.sent().Payload, c.want)
	}
}

func TestErrorsAreNotAnsweredWithErrors(t *testing.T) {
	b := newBench(t)
	p := Packet{Src: remoteV6, Dst: localV6, Proto: 200, Opaque: true}
	p.Wire = appendIP(nil, &p)
	for name, spoil := range map[string]func(p *Packet){
		"from nobody": func(p *Packet) { p.Src = mustAddr("::") },
		"to many":     func(p *Packet) { p.Dst = mustAddr("ff02::1") },
	} {
		q := p
		spoil(&q)
		b.deliver(q)
		b.whys = nil
		require.Empty(t, b.wire, name)
	}
	b.deliver(p)
	q := b.sent()
	require.EqualValues(t, []uint8{ICMPv6ParamProb, icmp6UnknownHeader}, []uint8{q.ICMP.Type, q.ICMP.Code})
	require.EqualValues(t, 6, q.ICMP.MTU, "where IPv6's header names the protocol")
}

func TestAnUnknownHeaderBehindOthersIsPointedAt(t *testing.T) {
	b := newBench(t)
	p := Packet{Src: remoteV6, Dst: localV6, Proto: 200, Opaque: true, Ext: 24}
	p.Wire = appendIP(nil, &p)
	p.Wire[6] = extHopByHop
	p.Wire = append(p.Wire, extFragment, 0, 1, 4, 0, 0, 0, 0, extDstOpts, 0, 0, 0, 0, 0, 0, 1, 200, 0, 1, 4, 0, 0, 0, 0)
	b.deliver(p)
	require.EqualValues(t, 56, b.sent().ICMP.MTU)
}

// A destination gets six errors at once, then one in a second (icmp_ratelimit).
func TestErrorsToOneHostAreLimited(t *testing.T) {
	b := newBench(t)
	sent := func(v6 bool) bool {
		b.wire = nil
		b.deliver(udpTo(1, v6))
		b.whys = nil
		return len(b.wire) == 1
	}
	for range 6 {
		require.True(t, sent(false))
	}
	require.False(t, sent(false))
	for range 6 {
		require.True(t, sent(true), "each address has its own")
	}
	require.False(t, sent(true))
	b.now = b.now.Add(100 * tcpstate.Millisecond)
	require.True(t, sent(true), "IPv6 waits a tenth")
	require.False(t, sent(false))
	b.now = b.now.Add(900 * tcpstate.Millisecond)
	require.True(t, sent(false))
	require.False(t, sent(false))

	require.NoError(t, b.h.SetSysctl("net.ipv4.icmp_ratemask", "0"))
	for range 20 {
		require.True(t, sent(false))
	}
}

// All errors together are bounded by icmp_msgs_burst and icmp_msgs_per_sec.
func TestAllErrorsAreLimited(t *testing.T) {
	b := newBench(t)
	from := remoteV4
	n := 0
	for range 500 {
		from = from.Next()
		p := udpTo(1, false)
		p.Src = from
		b.wire = nil
		b.deliver(p)
		n += len(b.wire)
	}
	require.True(t, 25 < n && n < 100, "%d of 50 or so", n)
	b.wire = nil
	require.NoError(t, b.h.SetSysctl("net.ipv6.icmp.ratemask", "1-3,130"))
	text, _ := b.h.Sysctl("net.ipv6.icmp.ratemask")
	require.Equal(t, "1-3,130", text)
	require.ErrorContains(t, b.h.SetSysctl("net.ipv6.icmp.ratemask", "256"), "below 256")
}

// An echo reply of nothing but zeros has a checksum of 0, which is wrong: Linux begins the sum with all ones (icmp_push_reply).
func TestAnEchoReplyOfZerosHasNoChecksum(t *testing.T) {
	b := newBench(t)
	ask := Packet{Src: remoteV4, Dst: localV4, Proto: ProtoICMP, TTL: 64, ICMP: ICMP{Type: ICMPEcho}, Payload: make([]byte, 9)}
	b.deliver(ask)
	q := b.sent()
	require.True(t, q.Opaque)
	require.Equal(t, make([]byte, 8+9), q.Wire[ip4HdrLen:])
	ask.ICMP.MTU = 1
	b.deliver(ask)
	require.False(t, b.sent().Opaque)
}
