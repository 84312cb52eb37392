//go:build linux

package kernel

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// drawsSetup is a link with an address of each family.
var drawsSetup = conformance.Setup{
	LocalV4: netip.MustParseAddr("192.168.0.1"), RemoteV4: netip.MustParseAddr("192.0.2.1"), GatewayV4: netip.MustParseAddr("192.168.0.2"),
	LocalV6: netip.MustParseAddr("fd3d:0a0b:17d6::1"), RemoteV6: netip.MustParseAddr("fd3d:fa7b:d17d::"), GatewayV6: netip.MustParseAddr("fd3d:0a0b:17d6:8888::"),
	PrefixV4: 16, PrefixV6: 48, MTU: 1500, Seed: 1,
}

// endless lifts the limits on ICMP and what is drawn by chance.
var endless = []string{
	"net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratemask=2", "net.ipv4.icmp_msgs_per_sec=1000000", "net.ipv4.icmp_msgs_burst=1000000",
}

// drawer is a stack that packets are shown to.
type drawer struct {
	in   conformance.Instance
	mark uint16
}

func newDrawer(t *testing.T, s conformance.Stack) *drawer {
	in, err := s.Start(drawsSetup)
	require.NoError(t, err)
	t.Cleanup(func() { _ = in.Close() })
	for _, c := range endless {
		require.NoError(t, in.Command("sysctl -q "+c), c)
	}
	return &drawer{in: in}
}

// show injects a packet and then a request for an echo that is surely answered;
// what leaves before that answer is the answer to the packet.
func (d *drawer) show(t require.TestingT, b []byte) (drawn []string) {
	d.mark++
	ask := sock.Packet{Src: drawsSetup.RemoteV4, Dst: drawsSetup.LocalV4, TTL: 1, Proto: sock.ProtoICMP,
		ICMP: sock.ICMP{Type: sock.ICMPEcho, MTU: 0xfeed0000 | uint32(d.mark)}}
	marker, err := packetio.Encode(nil, &ask)
	require.NoError(t, err)
	_ = d.in.Inject(b) // a device refuses what is no IP packet
	require.NoError(t, d.in.Inject(marker))
	until := d.in.Now().Add(tcpstate.Second)
	for range 100 {
		ev, ok, err := d.in.Advance(until)
		require.NoError(t, err)
		require.True(t, ok, "the marker is not answered")
		if ev.Kind != conformance.PacketOut {
			continue
		}
		if len(ev.Packet) == 28 && ev.Packet[9] == sock.ProtoICMP && binary.BigEndian.Uint32(ev.Packet[24:]) == ask.ICMP.MTU {
			return drawn
		}
		drawn = append(drawn, plainPacket(ev.Packet))
	}
	require.Fail(t, "a flood of packets")
	return nil
}

// plainPacket is a packet without what is drawn by chance: identification and
// flow label, the time of day, the sequence number of a SYN-ACK.
func plainPacket(b []byte) string {
	b = append([]byte{}, b...)
	if b[0]>>4 == 6 {
		b[1], b[2], b[3] = b[1]&0xf0, 0, 0
		return hex.EncodeToString(b)
	}
	b[4], b[5], b[10], b[11] = 0, 0, 0, 0
	if b[9] == sock.ProtoICMP && len(b) >= 40 && b[20] == 14 {
		copy(b[22:24], []byte{0, 0})
		copy(b[32:40], make([]byte, 8))
	}
	return hex.EncodeToString(b)
}

// drawPacket draws a packet of any protocol to one of the host's addresses, or
// to a group or broadcast address, sound or spoilt.
func drawPacket(t *rapid.T) []byte {
	v6 := rapid.Bool().Draw(t, "v6")
	s := &drawsSetup
	p := sock.Packet{TTL: rapid.SampledFrom([]uint8{0, 1, 64}).Draw(t, "ttl"), TOS: rapid.Byte().Draw(t, "tos") &^ 3, NoDF: rapid.Bool().Draw(t, "df"),
		Payload: make([]byte, rapid.SampledFrom([]int{0, 1, 3, 4, 8, 30, 519, 520, 521, 1184, 1185, 1400}).Draw(t, "size")), SrcPort: 9000, DstPort: 9001}
	copy(p.Payload, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "payload"))
	p.Src, p.Dst = s.RemoteV4, rapid.SampledFrom([]netip.Addr{s.LocalV4, s.LocalV4, s.LocalV4, s.LocalV4, netip.MustParseAddr("224.0.0.1"),
		netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("192.168.255.255"), netip.MustParseAddr("10.9.9.9")}).Draw(t, "dst4")
	if v6 {
		p.Src, p.Dst = s.RemoteV6, rapid.SampledFrom([]netip.Addr{s.LocalV6, s.LocalV6, s.LocalV6, netip.MustParseAddr("ff02::1")}).Draw(t, "dst6")
	}
	p.Seg.ECN = tcpstate.ECN(rapid.IntRange(0, 3).Draw(t, "ecn"))
	p.Proto = rapid.SampledFrom([]uint8{1, 1, 1, 17, 17, 6, 2, 58, 59, 103, 136, 200, 201, 255}).Draw(t, "protocol")
	switch {
	case p.Proto == sock.ProtoTCP:
		p.Seg.Flags, p.Seg.Seq, p.Seg.Ack, p.Seg.Len = tcpstate.Flags(rapid.Uint16Range(0, 511).Draw(t, "flags")), 1<<32-3, 7, uint32(len(p.Payload))
	case p.Proto == sock.ProtoICMP:
		if v6 {
			p.Proto = sock.ProtoICMPv6
		}
		p.ICMP = sock.ICMP{Type: rapid.SampledFrom([]uint8{0, 3, 4, 5, 8, 8, 11, 12, 13, 13, 15, 17, 42, 128, 128, 129, 1, 2}).Draw(t, "type"),
			Code: rapid.ByteRange(0, 2).Draw(t, "code"), MTU: 0x10002}
	}
	if b, err := packetio.Encode(nil, &p); err == nil {
		return spoil(t, b)
	}
	// Of a protocol that the codec has no header for.
	q := p
	q.Proto, q.Seg, q.NoCheck = sock.ProtoUDP, tcpstate.Segment{ECN: p.Seg.ECN}, true
	b, err := packetio.Encode(nil, &q)
	require.NoError(t, err)
	if v6 {
		b[6] = p.Proto
	} else {
		b[9] = p.Proto
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], ^tcpstate.Fold(tcpstate.Sum(0, b[:20])))
	}
	return spoil(t, b)
}

// spoil turns a bit of the transport over now and then.
func spoil(t *rapid.T, b []byte) []byte {
	if rapid.IntRange(0, 7).Draw(t, "spoil") == 0 && len(b) > 40 {
		b[rapid.IntRange(40, len(b)-1).Draw(t, "where")] ^= 1
	}
	return b
}

// What a packet draws from a host without sockets: an echo, an ICMP error, a
// RST, or nothing; octet by octet as from the live kernel.
func TestWhatPacketsDrawIsWhatTheKernelAnswers(t *testing.T) {
	needKernel(t)
	k, m := newDrawer(t, Stack{}), newDrawer(t, model.Stack{})
	answers := 0
	rapid.Check(t, func(rt *rapid.T) {
		b := drawPacket(rt)
		want := k.show(rt, b)
		require.Equal(rt, want, m.show(rt, b), "kernel, model: what %x draws", b)
		answers += len(want)
	})
	t.Logf("%d answers", answers)
}
