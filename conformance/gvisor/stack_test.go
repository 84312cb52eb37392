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

// Nothing that comes over the link or from a program panics, and the instance
// always comes to rest.
func TestAnyInputIsAnsweredWithoutPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, err := Stack{}.Start(setup())
		require.NoError(t, err)
		w := &world{TB: testingTB{t: t}, in: in, setup: setup()}
		_, iss := w.established()
		for range 40 {
			require.NoError(t, in.Inject(anySegment(t, w, iss)))
			if err := in.Call(sock.Thread(rapid.IntRange(0, 5).Draw(t, "thread")), anyCall(t, w)); err != nil {
				require.ErrorIs(t, err, conformance.ErrUnsupported)
			}
			until := in.Now() + sock.Time(rapid.IntRange(0, 2_000_000).Draw(t, "time"))
			for ok := true; ok; {
				_, ok, err = in.Advance(until)
				require.NoError(t, err)
			}
		}
		require.NoError(t, in.Close())
	})
}

// testingTB lends a rapid test to helpers that want a testing.TB.
type testingTB struct {
	testing.TB
	t *rapid.T
}

func (b testingTB) Errorf(format string, args ...any) { b.t.Errorf(format, args...) }
func (b testingTB) FailNow()                          { b.t.FailNow() }
func (b testingTB) Helper()                           {}

// anySegment is a segment near the connection's windows, perhaps damaged.
func anySegment(t *rapid.T, w *world, iss uint32) []byte {
	p := w.packet(segment{
		flags: header.TCPFlags(rapid.Byte().Draw(t, "flags")),
		seq:   peerISS + uint32(rapid.IntRange(-3, 9).Draw(t, "seq")),
		ack:   iss + uint32(rapid.IntRange(-3, 9).Draw(t, "ack")),
		opts:  rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "options"),
		data:  rapid.StringN(0, 4, 16).Draw(t, "data"),
		from:  uint16(rapid.IntRange(peerPort, peerPort+2).Draw(t, "port")),
	})
	if rapid.Bool().Draw(t, "break") {
		p[rapid.IntRange(1, len(p)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "xor")
		p = p[:rapid.IntRange(1, len(p)).Draw(t, "cut")]
	}
	return p
}

// anyCall is a system call, often one that makes sense.
func anyCall(t *rapid.T, w *world) sock.Call {
	ip := rapid.SampledFrom([]netip.Addr{w.local(), w.remote(), netip.IPv4Unspecified(), {}}).Draw(t, "address")
	fd := rapid.Int32Range(2, 7)
	return sock.Call{
		Op: sock.Op(rapid.IntRange(0, 23).Draw(t, "op")), FD: fd.Draw(t, "fd"),
		Domain: rapid.SampledFrom([]int32{0, afInet, afInet6, afUnix}).Draw(t, "domain"),
		Type:   rapid.Int32Range(0, 5).Draw(t, "type"),
		Level:  rapid.SampledFrom([]int32{solIP, solSocket, solTCP, solIPv6, 99}).Draw(t, "level"),
		Name:   rapid.Int32Range(-1, 70).Draw(t, "name"),
		N:      rapid.Int64Range(-1, 5).Draw(t, "n"), Arg: rapid.Int64().Draw(t, "arg"),
		Len: rapid.Int32Range(-1, 100).Draw(t, "len"), Data: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"),
		Flags:   rapid.SampledFrom([]int32{0, msgDontwait, msgPeek, msgWaitall, msgTrunc | msgPeek, sockNonblock, -1}).Draw(t, "flags"),
		AddrLen: rapid.SampledFrom([]int32{16, 28, 0, -1}).Draw(t, "addrlen"),
		Addr: sock.Addr{
			Family: rapid.SampledFrom([]uint16{afInet, afInet6, afUnspec}).Draw(t, "family"),
			AP:     netip.AddrPortFrom(ip, rapid.SampledFrom([]uint16{80, serverPort, 0}).Draw(t, "port")),
		},
		Poll:    []sock.PollFD{{FD: fd.Draw(t, "polled"), Events: rapid.Uint32().Draw(t, "events")}},
		Timeout: rapid.Int64Range(-1, 5).Draw(t, "timeout"),
	}
}

// lean drives an instance without the world's bookkeeping, for benchmarks.
type lean struct {
	*world
	iss uint32
}

// take drains the events and remembers the sequence number of a SYN-ACK.
func (l *lean) take() (ret sock.Return) {
	for {
		ev, ok, err := l.in.Advance(l.in.Now())
		switch {
		case err != nil:
			l.Fatal(err)
		case !ok:
			return ret
		case ev.Kind == conformance.CallDone:
			ret = ev.Return
		case header.TCP(ev.Packet[20:]).Flags()&header.TCPFlagSyn != 0:
			l.iss = header.TCP(ev.Packet[20:]).SequenceNumber()
		}
	}
}

func (l *lean) segment(s segment) {
	if err := l.in.Inject(l.packet(s)); err != nil {
		l.Fatal(err)
	}
	l.take()
}

func (l *lean) do(c sock.Call) sock.Return {
	if err := l.in.Call(0, c); err != nil {
		l.Fatal(err)
	}
	return l.take()
}

// One scripted connection: handshake, data both ways, close both ways.
func BenchmarkConnection(b *testing.B) {
	w := &lean{world: newWorld(b)}
	l := w.listener(sockStream, 5)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		port := uint16(1024 + n%60000)
		w.segment(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions, from: port})
		w.segment(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: w.iss + 1, from: port})
		fd := int32(w.do(sock.Call{Op: sock.OpAccept, FD: l}).Value)
		w.segment(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: w.iss + 1, data: "hello", from: port})
		if w.do(sock.Call{Op: sock.OpRead, FD: fd, Len: 100}).Value != 5 {
			b.Fatal("no data")
		}
		w.do(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("hello")})
		w.segment(segment{flags: finAck, seq: peerISS + 6, ack: w.iss + 6, from: port})
		w.do(sock.Call{Op: sock.OpClose, FD: fd})
		w.segment(segment{flags: header.TCPFlagAck, seq: peerISS + 7, ack: w.iss + 7, from: port})
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

// A call's outcome is an event.
func Example() {
	in, _ := Stack{}.Start(setup())
	defer in.Close()
	_ = in.Call(0, sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream})
	ev, _, _ := in.Advance(0)
	fmt.Println("descriptor", ev.Return.Value, "at", ev.At)
	// Output: descriptor 3 at 0
}
