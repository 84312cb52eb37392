package gvisor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// data injects octets of the peer's stream, from offset off on.
func (w *world) data(iss uint32, off uint32, s string) {
	w.Helper()
	w.inject(segment{flags: header.TCPFlagAck | header.TCPFlagPsh, seq: peerISS + 1 + off, ack: iss + 1, data: s})
	w.packets()
}

func timevalData(sec, usec int64) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(sec))
	return binary.LittleEndian.AppendUint64(b, uint64(usec))
}

func TestReadBlocksUntilData(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.start(7, sock.Call{Op: sock.OpRead, FD: fd, Len: 2})
	w.pass(1000)
	w.blocked(7)
	w.data(iss, 0, "abc")
	ret := w.returned(7)
	require.Equal(t, "ab", string(ret.Data))
	require.EqualValues(t, 2, ret.Value)
	require.Equal(t, "c", string(w.ok(sock.Call{Op: sock.OpRead, FD: fd, Len: 2}).Data))
}

func TestReadOfHugeLengthTakesWhatIsThere(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.data(iss, 0, "abc")
	require.Equal(t, "abc", string(w.ok(sock.Call{Op: sock.OpRead, FD: fd, Len: 1<<31 - 1}).Data))
}

func TestWaitallWaitsForTheWhole(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.start(7, sock.Call{Op: sock.OpRecv, FD: fd, Len: 5, Flags: msgWaitall})
	w.data(iss, 0, "abc")
	w.blocked(7)
	w.data(iss, 3, "defg")
	require.Equal(t, "abcde", string(w.returned(7).Data))
}

func TestPeekLeavesAndTruncDiscards(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.data(iss, 0, "abcdef")
	recv := func(flags int32) sock.Return {
		return w.ok(sock.Call{Op: sock.OpRecv, FD: fd, Len: 3, Flags: flags})
	}
	require.Equal(t, "abc", string(recv(msgPeek).Data))
	ret := recv(msgTrunc)
	require.EqualValues(t, 3, ret.Value)
	require.Empty(t, ret.Data)
	require.Equal(t, "def", string(recv(0).Data))
	require.Equal(t, eagain, w.call(sock.Call{Op: sock.OpRecv, FD: fd, Len: 3, Flags: msgDontwait}).Errno)
	require.Equal(t, eagain, w.call(sock.Call{Op: sock.OpRecv, FD: fd, Len: 3, Flags: msgErrqueue}).Errno)
	require.Equal(t, einval, w.call(sock.Call{Op: sock.OpRecv, FD: fd, Len: 3, Flags: 0x10}).Errno)
}

func TestReadTimesOutWithEAGAIN(t *testing.T) {
	w := newWorld(t)
	fd, _ := w.established()
	w.ok(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solSocket, Name: soRcvtimeo, Data: timevalData(1, 500_000)})
	got := w.ok(sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: solSocket, Name: soRcvtimeo, Len: 16})
	require.Equal(t, timevalData(1, 500_000), got.Data)
	w.start(7, sock.Call{Op: sock.OpRead, FD: fd, Len: 1})
	w.pass(1_499_999)
	w.blocked(7)
	w.pass(1_500_000)
	require.Equal(t, eagain, w.returned(7).Errno)
	bad := sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solSocket, Name: soRcvtimeo, Data: timevalData(1, 1_000_000)}
	require.Equal(t, edom, w.call(bad).Errno)
}

func TestEndOfStreamReadsZero(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.inject(segment{flags: finAck, seq: peerISS + 1, ack: iss + 1})
	require.Zero(t, w.ok(sock.Call{Op: sock.OpRead, FD: fd, Len: 1}).Value)
	w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("x")})
}

func TestResetEndsABlockedReadAndLaterWrites(t *testing.T) {
	w := newWorld(t)
	fd, _ := w.established()
	w.start(7, sock.Call{Op: sock.OpRead, FD: fd, Len: 1})
	w.inject(segment{flags: header.TCPFlagRst, seq: peerISS + 1})
	require.Equal(t, econnreset, w.returned(7).Errno)
	ret := w.call(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("x")})
	require.Equal(t, epipe, ret.Errno)
	require.False(t, ret.SIGPIPE, "the Sentry sends no signal for a socket")
}

// A write larger than the buffer blocks until the peer has taken enough.
func TestWriteBlocksUntilAllIsTaken(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.in.Command(`sysctl -q net.ipv4.tcp_wmem="4096 4096 4096"`))
	fd, iss := w.established()
	w.start(7, sock.Call{Op: sock.OpWrite, FD: fd, Data: bytes.Repeat([]byte("x"), 20_000)})
	w.blocked(7)
	sent := 0
	for range 30 {
		for _, ev := range w.events {
			if ev.Packet != nil {
				sent += len(header.TCP(payload(t, ev.Packet)).Payload())
			}
		}
		w.packets()
		if sent == 20_000 {
			break
		}
		w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss + 1 + uint32(sent)})
	}
	require.Equal(t, 20_000, sent)
	require.EqualValues(t, 20_000, w.returned(7).Value)
}

func TestNonblockingWriteTakesAPart(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.in.Command(`sysctl -q net.ipv4.tcp_wmem="4096 4096 4096"`))
	fd, _ := w.established()
	w.ok(sock.Call{Op: sock.OpFcntl, FD: fd, N: fSetfl, Arg: oRdwr | oNonblock})
	require.EqualValues(t, oRdwr|oNonblock, w.ok(sock.Call{Op: sock.OpFcntl, FD: fd, N: fGetfl}).Value)
	big := bytes.Repeat([]byte("x"), 100_000)
	taken := w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: big}).Value
	require.Greater(t, taken, int64(0))
	require.Less(t, taken, int64(len(big)))
	for range 20 {
		if ret := w.call(sock.Call{Op: sock.OpWrite, FD: fd, Data: big}); ret.Errno != 0 {
			require.Equal(t, eagain, ret.Errno)
			return
		}
	}
	require.Fail(t, "the send buffer never fills")
}

func TestSendOnUnconnectedSocketIsEPIPE(t *testing.T) {
	w := newWorld(t)
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	require.Equal(t, epipe, w.call(sock.Call{Op: sock.OpSend, FD: fd, Data: []byte("x")}).Errno)
	require.Equal(t, enotconn, w.call(sock.Call{Op: sock.OpRecv, FD: fd, Len: 1}).Errno)
	require.Equal(t, enotconn, w.call(sock.Call{Op: sock.OpShutdown, FD: fd, N: 2}).Errno)
	require.Equal(t, einval, w.call(sock.Call{Op: sock.OpShutdown, FD: fd, N: 3}).Errno)
}

func TestIoctlTellsQueueLengths(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.data(iss, 0, "abcdef")
	require.Equal(t, int32Bytes(6), w.ok(sock.Call{Op: sock.OpIoctl, FD: fd, N: siocInq}).Data)
	// Netstack's TCP tells nothing of its send queue.
	require.Equal(t, enoprotoopt, w.call(sock.Call{Op: sock.OpIoctl, FD: fd, N: siocOutq}).Errno)
	w.ok(sock.Call{Op: sock.OpIoctl, FD: fd, N: fionbio, Arg: 1})
	require.EqualValues(t, oRdwr|oNonblock, w.ok(sock.Call{Op: sock.OpFcntl, FD: fd, N: fGetfl}).Value)
	require.Equal(t, enotty, w.call(sock.Call{Op: sock.OpIoctl, FD: fd, N: 1}).Errno)
}

func TestPollWaitsForEventsOrTime(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	const in, out = 1, 4
	ret := w.ok(sock.Call{Op: sock.OpPoll, Timeout: -1, Poll: []sock.PollFD{{FD: fd, Events: in | out}, {FD: -1}, {FD: 99}}})
	require.Equal(t, []sock.PollFD{{FD: fd, Events: in | out, Revents: out}, {FD: -1}, {FD: 99, Revents: pollNval}}, ret.Poll)
	require.EqualValues(t, 2, ret.Value)

	w.start(7, sock.Call{Op: sock.OpPoll, Timeout: 10, Poll: []sock.PollFD{{FD: fd, Events: in}}})
	w.pass(9_999)
	w.blocked(7)
	w.pass(10_000)
	require.Zero(t, w.returned(7).Value)

	w.start(7, sock.Call{Op: sock.OpPoll, Timeout: -1, Poll: []sock.PollFD{{FD: fd, Events: in}}})
	w.data(iss, 0, "x")
	require.EqualValues(t, in, w.returned(7).Poll[0].Revents)
}

func TestLingerZeroResets(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.ok(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solSocket, Name: soLinger, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0}})
	w.ok(sock.Call{Op: sock.OpClose, FD: fd})
	require.Equal(t, []string{fmt.Sprintf("R. %d:%d ack %d", iss+1, iss+1, peerISS+1)}, w.packets())
}

func TestLingerMakesCloseWait(t *testing.T) {
	linger := []byte{1, 0, 0, 0, 3, 0, 0, 0}
	t.Run("until the time is over", func(t *testing.T) {
		w := newWorld(t)
		fd, _ := w.established()
		w.ok(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solSocket, Name: soLinger, Data: linger})
		got := w.ok(sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: solSocket, Name: soLinger, Len: 8})
		require.Equal(t, linger, got.Data)
		w.start(7, sock.Call{Op: sock.OpClose, FD: fd})
		w.pass(2_999_999)
		w.blocked(7)
		require.Equal(t, ebadf, w.call(sock.Call{Op: sock.OpRead, FD: fd, Len: 1}).Errno)
		w.pass(3_000_000)
		require.Zero(t, w.returned(7).Errno)
	})
	t.Run("until the connection has ended", func(t *testing.T) {
		w := newWorld(t)
		fd, iss := w.established()
		w.ok(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solSocket, Name: soLinger, Data: linger})
		w.start(7, sock.Call{Op: sock.OpClose, FD: fd})
		w.inject(segment{flags: finAck, seq: peerISS + 1, ack: iss + 2})
		require.Zero(t, w.returned(7).Errno)
		require.Zero(t, w.in.Now())
	})
}

func TestDescriptorsAreTheLowestFree(t *testing.T) {
	w := newWorld(t)
	open := sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}
	for want := int64(3); want < 7; want++ {
		require.Equal(t, want, w.ok(open).Value)
	}
	w.ok(sock.Call{Op: sock.OpClose, FD: 4})
	require.Equal(t, ebadf, w.call(sock.Call{Op: sock.OpClose, FD: 4}).Errno)
	require.EqualValues(t, 4, w.ok(sock.Call{Op: sock.OpDup, FD: 3}).Value)
	require.EqualValues(t, 10, w.ok(sock.Call{Op: sock.OpFcntl, FD: 3, N: fDupfd, Arg: 10}).Value)
	require.EqualValues(t, 7, w.ok(open).Value)
	for range maxFiles {
		if ret := w.call(open); ret.Errno != 0 {
			require.Equal(t, emfile, ret.Errno)
			return
		}
	}
	require.Fail(t, "descriptors never run out")
}

// Only the last descriptor closes the connection.
func TestDupKeepsTheConnection(t *testing.T) {
	w := newWorld(t)
	fd, _ := w.established()
	second := int32(w.ok(sock.Call{Op: sock.OpDup, FD: fd}).Value)
	w.ok(sock.Call{Op: sock.OpClose, FD: fd})
	require.Empty(t, w.packets())
	w.ok(sock.Call{Op: sock.OpClose, FD: second})
	require.Len(t, w.packets(), 1)
}

// A descriptor that is closed under a blocked call lives until that returns.
func TestBlockedCallKeepsTheSocketOpen(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	w.start(7, sock.Call{Op: sock.OpRead, FD: fd, Len: 1})
	w.ok(sock.Call{Op: sock.OpClose, FD: fd})
	require.Empty(t, w.packets())
	w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss + 1, data: "x"})
	require.Equal(t, "x", string(w.returned(7).Data))
	require.Contains(t, w.packets(), fmt.Sprintf("F. %d:%d ack %d", iss+1, iss+1, peerISS+2))
}

func TestDatagramsHaveAddresses(t *testing.T) {
	w := newWorld(t)
	var fds [2]int32
	for i := range fds {
		fds[i] = int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockDgram}).Value)
		a, n := w.addr(w.local(), uint16(5000+i))
		w.ok(sock.Call{Op: sock.OpBind, FD: fds[i], Addr: a, AddrLen: n})
	}
	w.start(7, sock.Call{Op: sock.OpRecv, FD: fds[1], Len: 2})
	a, n := w.addr(w.local(), 5001)
	w.ok(sock.Call{Op: sock.OpSend, FD: fds[0], Data: []byte("abc"), Addr: a, AddrLen: n})
	ret := w.returned(7)
	require.Equal(t, "ab", string(ret.Data))
	require.EqualValues(t, msgTrunc, ret.MsgFlags)
	require.Equal(t, "192.168.0.1:5000", ret.Addr.AP.String())
}

// An ICMP error about a segment that was sent waits in the error queue.
func TestErrorQueueTellsICMPErrors(t *testing.T) {
	w := newWorld(t)
	fd, _ := w.established()
	w.ok(setInt(fd, solIP, ipRecverr, 1))
	w.ok(sock.Call{Op: sock.OpWrite, FD: fd, Data: []byte("abc")})
	quoted := w.events[0].Packet
	w.events = nil
	b := make([]byte, header.IPv4MinimumSize+header.ICMPv4MinimumSize+len(quoted))
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{
		TotalLength: uint16(len(b)), TTL: 64, Protocol: uint8(header.ICMPv4ProtocolNumber),
		SrcAddr: toAddress(w.remote()), DstAddr: toAddress(w.local()),
	})
	ip.SetChecksum(^ip.CalculateChecksum())
	icmp := header.ICMPv4(b[header.IPv4MinimumSize:])
	copy(icmp[header.ICMPv4MinimumSize:], quoted)
	icmp.SetType(header.ICMPv4DstUnreachable)
	icmp.SetCode(header.ICMPv4HostUnreachable)
	icmp.SetChecksum(header.ICMPv4Checksum(icmp, 0))
	require.NoError(t, w.in.Inject(b))

	ret := w.ok(sock.Call{Op: sock.OpRecv, FD: fd, Len: 100, Flags: msgErrqueue})
	require.EqualValues(t, msgErrqueue, ret.MsgFlags)
	require.Equal(t, "192.0.2.1:40000", ret.Addr.AP.String())
	require.Len(t, ret.Control, 1)
	c := ret.Control[0]
	require.EqualValues(t, []int32{solIP, ipRecverr}, []int32{c.Level, c.Type})
	require.Len(t, c.Data, 32)
	// ee_errno, ee_origin = SO_EE_ORIGIN_ICMP, ee_type, ee_code.
	require.Equal(t, []byte{byte(ehostunreach), 0, 0, 0, 2, 3, 1, 0}, c.Data[:8])
	require.Equal(t, eagain, w.call(sock.Call{Op: sock.OpRecv, FD: fd, Len: 100, Flags: msgErrqueue}).Errno)
}
