package gvisor

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// setup is the world of packetdrill's defaults.
func setup() conformance.Setup {
	return conformance.Setup{
		LocalV4: netip.MustParseAddr("192.168.0.1"), RemoteV4: netip.MustParseAddr("192.0.2.1"),
		GatewayV4: netip.MustParseAddr("192.168.0.2"), PrefixV4: 16,
		LocalV6: netip.MustParseAddr("fd3d:fa7b:d17d::1"), RemoteV6: netip.MustParseAddr("2001:db8::1"),
		GatewayV6: netip.MustParseAddr("fd3d:fa7b:d17d::2"), PrefixV6: 48,
		MTU: 1500, Seed: 1,
	}
}

// peerISS sits just below 2^32, so that every test crosses the wrap.
var peerISS = uint32(0xfffffffd)

const (
	serverPort = 8080
	peerPort   = 40000
)

// world drives an instance from a test.
type world struct {
	testing.TB
	in     conformance.Instance
	setup  conformance.Setup
	v6     bool
	events []conformance.Event // seen, not yet asked for
}

func newWorld(t testing.TB) *world {
	return newWorldWith(t, setup())
}

func newWorldWith(t testing.TB, s conformance.Setup) *world {
	in, err := Stack{}.Start(s)
	require.NoError(t, err)
	w := &world{TB: t, in: in, setup: s}
	t.Cleanup(func() { require.NoError(t, in.Close()) })
	return w
}

// local and remote are the addresses of the family under test.
func (w *world) local() netip.Addr {
	if w.v6 {
		return w.setup.LocalV6
	}
	return w.setup.LocalV4
}

func (w *world) remote() netip.Addr {
	if w.v6 {
		return w.setup.RemoteV6
	}
	return w.setup.RemoteV4
}

func (w *world) addr(ip netip.Addr, port uint16) (sock.Addr, int32) {
	a := sock.Addr{Family: afInet, AP: netip.AddrPortFrom(ip, port)}
	if ip.Is6() {
		a.Family = afInet6
		return a, sizeofSockaddr6
	}
	return a, sizeofSockaddr4
}

// collect takes the events that are due now.
func (w *world) collect() {
	for {
		ev, ok, err := w.in.Advance(w.in.Now())
		require.NoError(w, err)
		if !ok {
			return
		}
		w.events = append(w.events, ev)
	}
}

// start begins a call; its outcome comes as an event.
func (w *world) start(t sock.Thread, c sock.Call) {
	require.NoError(w, w.in.Call(t, c))
	w.collect()
}

// call makes a call that must return at once.
func (w *world) call(c sock.Call) sock.Return {
	w.Helper()
	w.start(0, c)
	return w.returned(0)
}

// ok makes a call that must succeed at once.
func (w *world) ok(c sock.Call) sock.Return {
	w.Helper()
	ret := w.call(c)
	require.Zero(w, ret.Errno, "errno of %+v", c)
	return ret
}

// returned takes the return of the thread's call, which must have come.
func (w *world) returned(t sock.Thread) sock.Return {
	w.Helper()
	for i, ev := range w.events {
		if ev.Kind == conformance.CallDone && ev.Return.Thread == t {
			w.events = append(w.events[:i], w.events[i+1:]...)
			return ev.Return
		}
	}
	require.Fail(w, "the call has not returned", "thread %d, events %v", t, w.events)
	return sock.Return{}
}

// blocked asserts that the thread's call has not returned.
func (w *world) blocked(t sock.Thread) {
	w.Helper()
	for _, ev := range w.events {
		require.False(w, ev.Kind == conformance.CallDone && ev.Return.Thread == t, "thread %d returned %+v", t, ev.Return)
	}
}

// packets takes the packets that the stack has sent, in words.
func (w *world) packets() []string {
	var seen []string
	kept := w.events[:0]
	for _, ev := range w.events {
		if ev.Kind == conformance.PacketOut {
			seen = append(seen, describe(w, ev.Packet))
		} else {
			kept = append(kept, ev)
		}
	}
	w.events = kept
	return seen
}

// pass lets time pass until t and takes what happens.
func (w *world) pass(t sock.Time) {
	for {
		ev, ok, err := w.in.Advance(t)
		require.NoError(w, err)
		if !ok {
			return
		}
		w.events = append(w.events, ev)
	}
}

// segment is a TCP segment from the peer.
type segment struct {
	flags    header.TCPFlags
	seq, ack uint32
	win      uint16
	opts     []byte
	data     string
	from, to uint16
}

// synOptions is what a Linux peer offers: MSS 1460, SACK, no timestamps, scale 0.
var synOptions = []byte{2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 0}

// inject delivers a segment from the peer and takes what happens.
func (w *world) inject(s segment) {
	w.Helper()
	require.NoError(w, w.in.Inject(w.packet(s)))
	w.collect()
}

// packet builds an IP packet with right checksums.
func (w *world) packet(s segment) []byte {
	if s.from == 0 {
		s.from = peerPort
	}
	if s.to == 0 {
		s.to = serverPort
	}
	if s.win == 0 {
		s.win = 65535
	}
	length := header.TCPMinimumSize + len(s.opts) + len(s.data)
	b, at := w.network(length)
	tcp := header.TCP(b[at:])
	tcp.Encode(&header.TCPFields{
		SrcPort: s.from, DstPort: s.to, SeqNum: s.seq, AckNum: s.ack,
		DataOffset: uint8(header.TCPMinimumSize + len(s.opts)), Flags: s.flags, WindowSize: s.win,
	})
	copy(tcp[header.TCPMinimumSize:], s.opts)
	copy(tcp[header.TCPMinimumSize+len(s.opts):], s.data)
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, toAddress(w.remote()), toAddress(w.local()), uint16(length))
	tcp.SetChecksum(^checksum.Checksum(tcp, sum))
	return b
}

// network builds the IP header, and tells where the payload begins.
func (w *world) network(payload int) ([]byte, int) {
	if w.v6 {
		b := make([]byte, header.IPv6MinimumSize+payload)
		header.IPv6(b).Encode(&header.IPv6Fields{
			PayloadLength: uint16(payload), TransportProtocol: header.TCPProtocolNumber, HopLimit: 64,
			SrcAddr: toAddress(w.remote()), DstAddr: toAddress(w.local()),
		})
		return b, header.IPv6MinimumSize
	}
	b := make([]byte, header.IPv4MinimumSize+payload)
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{
		TotalLength: uint16(len(b)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber),
		SrcAddr: toAddress(w.remote()), DstAddr: toAddress(w.local()),
	})
	ip.SetChecksum(^ip.CalculateChecksum())
	return b, header.IPv4MinimumSize
}

// payload is the transport part of an IP packet whose checksums hold.
func payload(t require.TestingT, b []byte) []byte {
	var src, dst tcpip.Address
	var p []byte
	if b[0]>>4 == 6 {
		ip := header.IPv6(b)
		src, dst, p = ip.SourceAddress(), ip.DestinationAddress(), ip.Payload()
	} else {
		ip := header.IPv4(b)
		require.True(t, ip.IsChecksumValid(), "IPv4 header checksum")
		src, dst, p = ip.SourceAddress(), ip.DestinationAddress(), ip.Payload()
	}
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, src, dst, uint16(len(p)))
	require.Equal(t, uint16(0xffff), checksum.Checksum(p, sum), "TCP checksum")
	return p
}

// describe is a sent segment in words, its sequence number relative to nothing.
func describe(t require.TestingT, b []byte) string {
	tcp := header.TCP(payload(t, b))
	return fmt.Sprintf("%v %d:%d ack %d", flagWord(tcp.Flags()),
		tcp.SequenceNumber(), tcp.SequenceNumber()+uint32(len(tcp.Payload())), tcp.AckNumber())
}

func flagWord(f header.TCPFlags) string {
	word := ""
	for i, c := range "FSRP.U" {
		if f&(1<<i) != 0 {
			word += string(c)
		}
	}
	return word
}

// sentISS takes the first packet, a SYN or SYN-ACK, and returns its sequence number.
func (w *world) sentISS() uint32 {
	w.Helper()
	for i, ev := range w.events {
		if ev.Kind == conformance.PacketOut {
			tcp := header.TCP(payload(w, ev.Packet))
			require.NotZero(w, tcp.Flags()&header.TCPFlagSyn, "a SYN is expected: %s", describe(w, ev.Packet))
			w.events = append(w.events[:i], w.events[i+1:]...)
			return tcp.SequenceNumber()
		}
	}
	require.Fail(w, "no packet was sent")
	return 0
}

// listener opens a listening socket on serverPort.
func (w *world) listener(kind int32, backlog int64) int32 {
	w.Helper()
	domain := int32(afInet)
	if w.v6 {
		domain = afInet6
	}
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: domain, Type: kind}).Value)
	a, n := w.addr(w.local(), serverPort)
	w.ok(sock.Call{Op: sock.OpBind, FD: fd, Addr: a, AddrLen: n})
	w.ok(sock.Call{Op: sock.OpListen, FD: fd, N: backlog})
	return fd
}

// handshake brings a connection from the peer to ESTABLISHED and returns the
// stack's initial sequence number.
func (w *world) handshake() uint32 {
	w.Helper()
	w.inject(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions})
	iss := w.sentISS()
	w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss + 1})
	return iss
}

// established accepts a connection and returns its descriptor.
func (w *world) established() (fd int32, iss uint32) {
	w.Helper()
	l := w.listener(sockStream, 5)
	iss = w.handshake()
	return int32(w.ok(sock.Call{Op: sock.OpAccept, FD: l}).Value), iss
}

// setInt is setsockopt with an int.
func setInt(fd, level, name, v int32) sock.Call {
	return sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: level, Name: name, Data: int32Bytes(v)}
}

// getInt is getsockopt of an int.
func (w *world) getInt(fd, level, name int32) int32 {
	w.Helper()
	ret := w.ok(sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: level, Name: name, Len: 4})
	require.Len(w, ret.Data, 4)
	return int32(binary.LittleEndian.Uint32(ret.Data))
}
