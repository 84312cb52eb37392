package gvisor

import (
	"fmt"
	"testing"

	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

const finAck = header.TCPFlagFin | header.TCPFlagAck

// Both families go through the whole life of a connection, segment by segment.
func TestConnectionHandshakeDataAndClose(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		t.Run(map[bool]string{false: "ipv4", true: "ipv6"}[v6], func(t *testing.T) {
			w := newWorld(t)
			w.v6 = v6
			fd, iss := w.established()
			require.EqualValues(t, 4, fd)
			require.Empty(t, w.packets())
			acked := peerISS + 1

			w.inject(segment{flags: header.TCPFlagAck | header.TCPFlagPsh, seq: acked, ack: iss + 1, data: "hello"})
			require.Equal(t, []string{fmt.Sprintf(". %d:%d ack %d", iss+1, iss+1, acked+5)}, w.packets())
			got := w.ok(sock.Call{Op: sock.OpRead, FD: fd, Len: 100})
			require.Equal(t, "hello", string(got.Data))
			require.EqualValues(t, 5, got.Value)

			require.EqualValues(t, 3, w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("abc")}).Value)
			require.Equal(t, []string{fmt.Sprintf("P. %d:%d ack %d", iss+1, iss+4, acked+5)}, w.packets())
			w.inject(segment{flags: header.TCPFlagAck, seq: acked + 5, ack: iss + 4})

			w.ok(sock.Call{Op: sock.OpClose, FD: fd})
			require.Equal(t, []string{fmt.Sprintf("F. %d:%d ack %d", iss+4, iss+4, acked+5)}, w.packets())
			w.inject(segment{flags: finAck, seq: acked + 5, ack: iss + 5})
			require.Equal(t, []string{fmt.Sprintf(". %d:%d ack %d", iss+5, iss+5, acked+6)}, w.packets())
		})
	}
}

func TestSegmentWithBadChecksumIsDropped(t *testing.T) {
	w := newWorld(t)
	w.listener(sockStream, 5)
	p := w.packet(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions})
	p[len(p)-1] ^= 1
	require.NoError(t, w.in.Inject(p))
	w.collect()
	require.Empty(t, w.packets())
}

func TestSynToClosedPortIsReset(t *testing.T) {
	w := newWorld(t)
	w.inject(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions})
	require.Equal(t, []string{fmt.Sprintf("R. 0:0 ack %d", peerISS+1)}, w.packets())
}

// connect begins a connection to the peer, port 80.
func (w *world) connect(t sock.Thread, kind int32) int32 {
	w.Helper()
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: kind}).Value)
	// A fixed local port, so that the peer knows where to answer.
	a, n := w.addr(w.local(), serverPort)
	w.ok(sock.Call{Op: sock.OpBind, FD: fd, Addr: a, AddrLen: n})
	a, n = w.addr(w.remote(), 80)
	w.start(t, sock.Call{Op: sock.OpConnect, FD: fd, Addr: a, AddrLen: n})
	return fd
}

func TestBlockingConnectReturnsWhenRefused(t *testing.T) {
	w := newWorld(t)
	w.connect(7, sockStream)
	w.blocked(7)
	iss := w.sentISS()
	w.inject(segment{flags: header.TCPFlagRst | header.TCPFlagAck, ack: iss + 1, from: 80})
	require.Equal(t, sock.Return{Thread: 7, Value: -1, Errno: econnrefused}, w.returned(7))
}

func TestBlockingConnectReturnsWhenEstablished(t *testing.T) {
	w := newWorld(t)
	fd := w.connect(7, sockStream)
	iss := w.sentISS()
	w.inject(segment{flags: header.TCPFlagSyn | header.TCPFlagAck, seq: peerISS, ack: iss + 1, from: 80, opts: synOptions})
	require.Equal(t, sock.Return{Thread: 7}, w.returned(7))
	require.Equal(t, []string{fmt.Sprintf(". %d:%d ack %d", iss+1, iss+1, peerISS+1)}, w.packets())
	peer := w.ok(sock.Call{Op: sock.OpGetpeername, FD: fd})
	require.Equal(t, "192.0.2.1:80", peer.Addr.AP.String())
	require.EqualValues(t, sizeofSockaddr4, peer.AddrLen)
}

func TestNonblockingConnectTellsItsProgress(t *testing.T) {
	w := newWorld(t)
	fd := w.connect(0, sockStream|sockNonblock)
	require.Equal(t, einprogress, w.returned(0).Errno)
	a, n := w.addr(w.remote(), 80)
	again := sock.Call{Op: sock.OpConnect, FD: fd, Addr: a, AddrLen: n}
	require.Equal(t, ealready, w.call(again).Errno)
	iss := w.sentISS()
	w.inject(segment{flags: header.TCPFlagSyn | header.TCPFlagAck, seq: peerISS, ack: iss + 1, from: 80, opts: synOptions})
	require.Zero(t, w.getInt(fd, solSocket, soError))
	// The first call after the handshake still tells that it succeeded.
	require.Zero(t, w.call(again).Errno)
	require.Equal(t, eisconn, w.call(again).Errno)
}

func TestConnectTimesOutInVirtualTime(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.in.Command("sysctl -q net.ipv4.tcp_syn_retries=2"))
	w.connect(7, sockStream)
	var times []sock.Time
	times = append(times, w.in.Now())
	w.events = nil
	w.pass(5_000_000)
	for _, ev := range w.events {
		times = append(times, ev.At)
	}
	require.Equal(t, []sock.Time{0, 1_000_000, 3_000_000}, times)
	w.events = nil
	w.pass(200_000_000)
	require.Equal(t, etimedout, w.returned(7).Errno)
}

func TestBlockingAcceptWaitsForTheHandshake(t *testing.T) {
	w := newWorld(t)
	l := w.listener(sockStream, 5)
	w.start(7, sock.Call{Op: sock.OpAccept, FD: l})
	w.start(8, sock.Call{Op: sock.OpAccept, FD: l, Flags: sockNonblock})
	w.inject(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions})
	w.blocked(7)
	iss := w.sentISS()
	w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss + 1})
	// Who came first is served first.
	ret := w.returned(7)
	require.EqualValues(t, 4, ret.Value)
	require.Equal(t, "192.0.2.1:40000", ret.Addr.AP.String())
	w.blocked(8)
}

func TestNonblockingAcceptOfNothingIsEAGAIN(t *testing.T) {
	w := newWorld(t)
	l := w.listener(sockStream|sockNonblock, 5)
	require.Equal(t, eagain, w.call(sock.Call{Op: sock.OpAccept, FD: l}).Errno)
}

func TestThreadWithABlockedCallIsBusy(t *testing.T) {
	w := newWorld(t)
	l := w.listener(sockStream, 5)
	w.start(7, sock.Call{Op: sock.OpAccept, FD: l})
	w.start(7, sock.Call{Op: sock.OpAccept, FD: l})
	require.Equal(t, ebusy, w.returned(7).Errno)
	w.blocked(7)
}

// Netstack takes no round trip from a handshake without timestamps, so that the
// first time-out is RFC 6298's 1 s, and each further one doubles.
func TestUnacknowledgedDataIsSentAgainInVirtualTime(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.in.Command("sysctl -q net.ipv4.tcp_recovery=0"))
	fd, iss := w.established()
	w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("abc")})
	want := fmt.Sprintf("P. %d:%d ack %d", iss+1, iss+4, peerISS+1)
	require.Equal(t, []string{want}, w.packets())
	w.pass(7_000_000)
	var times []sock.Time
	for _, ev := range w.events {
		require.Equal(t, want, describe(t, ev.Packet))
		times = append(times, ev.At)
	}
	require.Equal(t, []sock.Time{1_000_000, 3_000_000, 7_000_000}, times)
}

func TestUnreadDataTurnsCloseIntoReset(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss + 1, data: "x"})
	w.packets()
	w.ok(sock.Call{Op: sock.OpClose, FD: fd})
	require.Equal(t, []string{fmt.Sprintf("R. %d:%d ack %d", iss+1, iss+1, peerISS+2)}, w.packets())
}
