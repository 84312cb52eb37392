package gvisor

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"pgregory.net/rapid"
)

func TestStackIsAlwaysAvailable(t *testing.T) {
	require.Equal(t, "gvisor", Stack{}.Name())
	require.NoError(t, Stack{}.Available())
}

func TestBootIsSilentAndAtTimeZero(t *testing.T) {
	w := newWorld(t)
	require.Zero(t, w.in.Now())
	w.pass(600_000_000)
	require.Empty(t, w.events, "neighbour discovery, multicast reports and the like")
	require.EqualValues(t, 600_000_000, w.in.Now())
}

func TestBadSetupIsRefusedByField(t *testing.T) {
	for want, change := range map[string]func(*conformance.Setup){
		"MTU 67":        func(s *conformance.Setup) { s.MTU, s.LocalV6 = 67, netip.Addr{} },
		"MTU 1279":      func(s *conformance.Setup) { s.MTU = 1279 },
		"MTU 65536":     func(s *conformance.Setup) { s.MTU = 65536 },
		"LocalV4":       func(s *conformance.Setup) { s.LocalV4 = s.LocalV6 },
		"LocalV6":       func(s *conformance.Setup) { s.LocalV6 = s.LocalV4 },
		"prefix length": func(s *conformance.Setup) { s.PrefixV4 = 33 },
	} {
		s := setup()
		change(&s)
		_, err := Stack{}.Start(s)
		require.ErrorContains(t, err, want)
	}
	s := setup()
	s.Profile = "Linux24"
	_, err := Stack{}.Start(s)
	require.ErrorIs(t, err, conformance.ErrUnsupported)
}

func TestFamilyWithoutAddressIsUnreachable(t *testing.T) {
	s := setup()
	s.LocalV6, s.GatewayV6 = netip.Addr{}, netip.Addr{}
	w := newWorldWith(t, s)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet6, Type: sockStream}).Value)
	a, n := w.addr(s.RemoteV6, 80)
	require.NotZero(t, w.call(sock.Call{Op: sock.OpConnect, FD: fd, Addr: a, AddrLen: n}).Errno)
}

func TestMTUBoundsSegments(t *testing.T) {
	s := setup()
	s.MTU = 1300
	w := newWorldWith(t, s)
	fd, _ := w.established()
	w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: make([]byte, 5000)})
	require.NotEmpty(t, w.events)
	total := 0
	for _, ev := range w.events {
		require.LessOrEqual(t, len(ev.Packet), 1300)
		total += len(header.TCP(payload(t, ev.Packet)).Payload())
	}
	require.Equal(t, 5000, total)
}

// The accept queue holds backlog + 1, as Linux's does.
func TestListenBacklogIsOneMoreThanAskedFor(t *testing.T) {
	w := newWorld(t)
	l := w.listener(sockStream|sockNonblock, 1)
	for i := range uint16(4) {
		w.inject(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions, from: peerPort + i})
		if len(w.events) > 0 {
			w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: w.sentISS() + 1, from: peerPort + i})
		}
	}
	accepted := 0
	for w.call(sock.Call{Op: sock.OpAccept, FD: l}).Errno == 0 {
		accepted++
	}
	require.Equal(t, 2, accepted)
}

func TestAddressesAreChecked(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	v4, n4 := w.addr(w.setup.LocalV4, 8080)
	v6, n6 := w.addr(w.setup.LocalV6, 8080)
	foreign, _ := w.addr(w.setup.RemoteV4, 8080)
	odd := sock.Addr{Family: 77}
	for _, c := range []struct {
		op   sock.Op
		addr sock.Addr
		n    int32
		want sock.Errno
	}{
		{sock.OpBind, v4, 15, einval},
		{sock.OpBind, v6, n6, eafnosupport},
		{sock.OpBind, odd, 16, eafnosupport},
		{sock.OpBind, foreign, n4, eaddrnotavail},
		{sock.OpBind, v4, n4, 0},
		{sock.OpBind, v4, n4, einval},
		{sock.OpConnect, sock.Addr{}, 0, einval},
		{sock.OpConnect, v6, n6, einval},
		{sock.OpConnect, odd, 16, eafnosupport},
		{sock.OpConnect, sock.Addr{Family: afUnspec}, 16, eafnosupport},
	} {
		require.Equal(t, c.want, w.call(sock.Call{Op: c.op, FD: fd, Addr: c.addr, AddrLen: c.n}).Errno, "%+v", c)
	}
	second := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	require.Equal(t, eaddrinuse, w.call(sock.Call{Op: sock.OpBind, FD: second, Addr: v4, AddrLen: n4}).Errno)
	require.Equal(t, "192.168.0.1:8080", w.ok(sock.Call{Op: sock.OpGetsockname, FD: fd}).Addr.AP.String())
	require.Equal(t, enotconn, w.call(sock.Call{Op: sock.OpGetpeername, FD: fd}).Errno)
}

// An IPv6 socket serves IPv4 peers under mapped addresses.
func TestDualStackSocketShowsMappedAddresses(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet6, Type: sockStream}).Value)
	any6 := sock.Addr{Family: afInet6, AP: netip.AddrPortFrom(netip.IPv6Unspecified(), serverPort)}
	w.ok(sock.Call{Op: sock.OpBind, FD: fd, Addr: any6, AddrLen: sizeofSockaddr6})
	w.ok(sock.Call{Op: sock.OpListen, FD: fd, N: 5})
	w.handshake()
	ret := w.ok(sock.Call{Op: sock.OpAccept, FD: fd})
	require.Equal(t, "[::ffff:192.0.2.1]:40000", ret.Addr.AP.String())
	require.EqualValues(t, sizeofSockaddr6, ret.AddrLen)
}

func TestLoopbackConnects(t *testing.T) {
	w := newWorld(t)
	l := w.listener(sockStream, 5)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	a, n := w.addr(w.local(), serverPort)
	w.ok(sock.Call{Op: sock.OpConnect, FD: fd, Addr: a, AddrLen: n})
	w.ok(sock.Call{Op: sock.OpAccept, FD: l})
	require.Empty(t, w.packets(), "what stays on the host does not reach the link")
}

func TestOnlyIPPacketsCanBeInjected(t *testing.T) {
	w := newWorld(t)
	require.ErrorContains(t, w.in.Inject(nil), "empty")
	require.ErrorContains(t, w.in.Inject([]byte{0x55}), "version 5")
	require.NoError(t, w.in.Inject([]byte{0x45}))
	require.NoError(t, w.in.Inject([]byte{0x60, 0}))
}

// Nothing that comes over the link or from a program panics.
func TestAnyInputIsAnsweredWithoutPanic(t *testing.T) {
	w := newWorld(t)
	_, iss := w.established()
	rapid.Check(t, func(t *rapid.T) {
		p := w.packet(segment{
			flags: header.TCPFlags(rapid.Byte().Draw(t, "flags")),
			seq:   peerISS + uint32(rapid.IntRange(-3, 9).Draw(t, "seq")),
			ack:   iss + uint32(rapid.IntRange(-3, 9).Draw(t, "ack")),
			opts:  rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "options"),
			data:  rapid.StringN(0, 4, 16).Draw(t, "data"),
			from:  uint16(rapid.IntRange(peerPort, peerPort+2).Draw(t, "port")),
		})
		if rapid.Bool().Draw(t, "break") {
			p[rapid.IntRange(0, len(p)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "xor")
		}
		_ = w.in.Inject(p[:rapid.IntRange(1, len(p)).Draw(t, "cut")])
		_ = w.in.Call(sock.Thread(rapid.IntRange(0, 3).Draw(t, "thread")), sock.Call{
			Op: sock.Op(rapid.IntRange(0, 25).Draw(t, "op")), FD: rapid.Int32Range(-1, 9).Draw(t, "fd"),
			Domain: rapid.SampledFrom([]int32{0, 2, 10, 1}).Draw(t, "domain"), Type: rapid.Int32Range(0, 5).Draw(t, "type"),
			Level: rapid.SampledFrom([]int32{0, 1, 6, 41, 99}).Draw(t, "level"), Name: rapid.Int32Range(-1, 70).Draw(t, "name"),
			N: rapid.Int64Range(-1, 5).Draw(t, "n"), Len: rapid.Int32Range(-1, 100).Draw(t, "len"),
			Data: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"), Arg: rapid.Int64().Draw(t, "arg"),
			Flags: rapid.Int32().Draw(t, "msg"), AddrLen: rapid.Int32Range(-1, 30).Draw(t, "addrlen"),
			Addr:    sock.Addr{Family: rapid.SampledFrom([]uint16{0, 2, 10}).Draw(t, "family"), AP: netip.AddrPortFrom(w.remote(), 80)},
			Poll:    []sock.PollFD{{FD: rapid.Int32Range(-1, 9).Draw(t, "pollfd"), Events: rapid.Uint32().Draw(t, "events")}},
			Timeout: rapid.Int64Range(-1, 5).Draw(t, "timeout"),
		})
		_, _, err := w.in.Advance(w.in.Now() + sock.Time(rapid.IntRange(0, 2_000_000).Draw(t, "time")))
		require.NoError(t, err)
	})
}

// One scripted connection: handshake, data both ways, close both ways.
func BenchmarkConnection(b *testing.B) {
	w := newWorld(b)
	l := w.listener(sockStream, 5)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		port := uint16(1024 + n%60000)
		w.inject(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions, from: port})
		iss := w.sentISS()
		w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss + 1, from: port})
		fd := int32(w.ok(sock.Call{Op: sock.OpAccept, FD: l}).Value)
		w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss + 1, data: "hello", from: port})
		w.ok(sock.Call{Op: sock.OpRead, FD: fd, Len: 100})
		w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("hello")})
		w.inject(segment{flags: finAck, seq: peerISS + 6, ack: iss + 6, from: port})
		w.ok(sock.Call{Op: sock.OpClose, FD: fd})
		w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 7, ack: iss + 7, from: port})
		w.events = w.events[:0]
	}
}

// What a script pays before its first line.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		in, err := Stack{}.Start(setup())
		require.NoError(b, err)
		require.NoError(b, in.Close())
	}
}

// Example runs a refused connection attempt.
func Example() {
	in, err := Stack{}.Start(setup())
	if err != nil {
		panic(err)
	}
	defer in.Close()
	_ = in.Call(0, sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream})
	ev, _, _ := in.Advance(0)
	fmt.Println("descriptor", ev.Return.Value, "at", ev.At)
	// Output: descriptor 3 at 0
}
