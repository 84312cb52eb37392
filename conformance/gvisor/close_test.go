package gvisor

import (
	"runtime"
	"testing"
	"time"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// everyState leaves endpoints in every state that can be reached, blocked
// calls, and timers that are armed.
func everyState(t testing.TB, in conformance.Instance) {
	w := &world{TB: t, in: in, setup: setup()}
	l := w.listener(sockStream, 20)
	half := segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions, from: 50000}
	w.inject(half) // SYN-RECEIVED
	w.events = nil
	var fds []int32
	var iss []uint32
	for i := range uint16(7) {
		w.inject(segment{flags: header.TCPFlagSyn, seq: peerISS, opts: synOptions, from: peerPort + i})
		iss = append(iss, w.sentISS())
		w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss[i] + 1, from: peerPort + i})
		if i < 6 { // the seventh waits in the accept queue
			fds = append(fds, int32(w.ok(sock.Call{Op: sock.OpAccept, FD: l}).Value))
		}
	}
	fin := func(i int, ack uint32) {
		w.inject(segment{flags: finAck, seq: peerISS + 1, ack: iss[i] + ack, from: peerPort + uint16(i)})
	}
	end := func(i int) { w.ok(sock.Call{Op: sock.OpClose, FD: fds[i]}) }
	w.start(1, sock.Call{Op: sock.OpRead, FD: fds[0], Len: 10}) // ESTABLISHED, a reader
	end(1)                                                      // FIN-WAIT-1
	end(2)
	w.inject(segment{flags: header.TCPFlagAck, seq: peerISS + 1, ack: iss[2] + 2, from: peerPort + 2}) // FIN-WAIT-2
	end(3)
	fin(3, 2) // TIME-WAIT
	fin(4, 1) // CLOSE-WAIT
	fin(5, 1)
	end(5) // LAST-ACK
	w.start(2, sock.Call{Op: sock.OpAccept, FD: l})
	w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet6, Type: sockDgram})
	fd := int32(w.ok(sock.Call{Op: sock.OpSocket, Domain: afInet, Type: sockStream}).Value)
	a, n := w.addr(w.remote(), 80)
	w.start(3, sock.Call{Op: sock.OpConnect, FD: fd, Addr: a, AddrLen: n}) // SYN-SENT
	w.start(4, sock.Call{Op: sock.OpPoll, Poll: []sock.PollFD{{FD: fds[0], Events: 1}}, Timeout: 60000})
}

func TestCloseLeavesNoGoroutineAndNoEndpoint(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	endpoints := len(tcpip.GetDanglingEndpoints())
	for range 20 {
		in, err := Stack{}.Start(setup())
		require.NoError(t, err)
		everyState(t, in)
		stack := in.(*Instance).stack
		require.NoError(t, in.Close())
		require.Empty(t, stack.RegisteredEndpoints())
		require.Empty(t, stack.CleanupEndpoints())
	}
	require.Len(t, tcpip.GetDanglingEndpoints(), endpoints)
	// A goroutine whose last statement has run may still be counted.
	for range 1000 {
		if runtime.NumGoroutine() <= goroutines {
			return
		}
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
}

func TestClosedInstanceRefusesEverything(t *testing.T) {
	in, err := Stack{}.Start(setup())
	require.NoError(t, err)
	require.NoError(t, in.Close())
	require.NoError(t, in.Close())
	_, _, err = in.Advance(1)
	for _, err := range []error{err, in.Call(0, sock.Call{Op: sock.OpSocket}), in.Inject([]byte{0x45}), in.Command("sysctl")} {
		require.ErrorIs(t, err, errClosed)
	}
}

// A call that has returned stands in no queue and has no timer.
func TestReturnedCallsLeaveNothingBehind(t *testing.T) {
	w := newWorld(t)
	fd, iss := w.established()
	in := w.in.(*Instance)
	armed := len(in.clock.armed)
	w.ok(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: solSocket, Name: soRcvtimeo, Data: timevalData(9, 0)})
	w.start(1, sock.Call{Op: sock.OpRead, FD: fd, Len: 1})
	w.start(2, sock.Call{Op: sock.OpPoll, Poll: []sock.PollFD{{FD: fd, Events: 1}}, Timeout: 60000})
	a, n := w.addr(w.remote(), 80)
	require.Equal(t, eisconn, w.call(sock.Call{Op: sock.OpConnect, FD: fd, Addr: a, AddrLen: n}).Errno)
	require.Len(t, in.clock.armed, armed+2)
	w.data(iss, 0, "xy")
	w.returned(1)
	w.returned(2)
	f := in.file(fd)
	require.True(t, f.queue.IsEmpty())
	require.Equal(t, 1, f.refs)
	require.Len(t, in.clock.armed, armed)
	require.Empty(t, in.parked)
}
