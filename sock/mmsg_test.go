package sock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// twoSocks is a socket that receives on port 53, and one that sends to it.
func twoSocks(b *bench) (rx, tx int32) {
	at := in4(loopback4, 53)
	rx, tx = b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM}), b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	b.ok(bindCall(rx, at))
	b.ok(connectCall(tx, at))
	return rx, tx
}

// also makes a call that another thread's return may come with.
func (b *bench) also(c Call) int32 {
	b.start(1, c)
	return int32(b.returned(1).Value)
}

func room(n int) (list []Msg) {
	for range n {
		list = append(list, Msg{Len: 9})
	}
	return list
}

// recvmmsg waits for each message, and returns when it has all.
func TestABatchWaitsForItsLastMessage(t *testing.T) {
	b := newBench(t)
	rx, tx := twoSocks(b)
	b.parked(2, Call{Op: OpRecvmmsg, FD: rx, Msgs: room(2)})
	b.also(Call{Op: OpSend, FD: tx, Data: []byte("one")})
	require.True(t, b.born[2])
	twin := b.h.Clone()
	require.Equal(t, b.h.Fingerprint(), twin.Fingerprint())
	b.also(Call{Op: OpSend, FD: tx, Data: []byte("three")})
	r := b.returned(2)
	require.EqualValues(t, 2, r.Value)
	require.Equal(t, []string{"one", "three"}, []string{string(r.Msgs[0].Data), string(r.Msgs[1].Data)})
}

// With MSG_WAITFORONE it waits for the first only.
func TestABatchWaitsForOne(t *testing.T) {
	b := newBench(t)
	rx, tx := twoSocks(b)
	b.parked(2, Call{Op: OpRecvmmsg, FD: rx, Msgs: room(3), Flags: MSG_WAITFORONE})
	b.also(Call{Op: OpSendmmsg, FD: tx, Msgs: []Msg{{Data: []byte("one")}, {Data: []byte("two")}}})
	r := b.returned(2)
	require.EqualValues(t, 2, r.Value)
	require.Equal(t, "two", string(r.Msgs[1].Data))
}

// The time-out is looked at after a message only; what is left of it is told.
func TestABatchLooksAtTheClockAfterAMessage(t *testing.T) {
	b := newBench(t)
	rx, tx := twoSocks(b)
	limit := []byte{1, 15: 0}
	b.parked(2, Call{Op: OpRecvmmsg, FD: rx, Msgs: room(2), Data: limit})
	b.now = b.now.Add(5 * tcpstate.Second)
	b.take(b.h.Tick(b.now, nil))
	require.True(t, b.born[2])
	b.also(Call{Op: OpSend, FD: tx, Data: []byte("one")})
	r := b.returned(2)
	require.EqualValues(t, 1, r.Value)
	require.Equal(t, make([]byte, 16), r.Data)

	b.also(Call{Op: OpSend, FD: tx, Data: []byte("one")})
	b.parked(2, Call{Op: OpRecvmmsg, FD: rx, Msgs: room(2), Data: limit})
	b.now = b.now.Add(250 * tcpstate.Millisecond)
	b.also(Call{Op: OpSend, FD: tx, Data: []byte("two")})
	r = b.returned(2)
	require.EqualValues(t, 2, r.Value)
	require.EqualValues(t, 750*time.Millisecond, rd64(r.Data[8:]))
}

// An error after the first message is the socket's then; a signal's, too.
func TestABatchKeepsAnErrorForLater(t *testing.T) {
	b := newBench(t)
	rx, tx := twoSocks(b)
	b.ok(setCall(rx, SOL_SOCKET, SO_RCVTIMEO, []byte{9, 15: 0}))
	b.parked(2, Call{Op: OpRecvmmsg, FD: rx, Msgs: room(2)})
	b.also(Call{Op: OpSend, FD: tx, Data: []byte("one")})
	b.take(b.h.Interrupt(b.now, 2, nil))
	require.EqualValues(t, 1, b.returned(2).Value)
	require.EqualValues(t, EINTR, b.get(rx, SOL_SOCKET, SO_ERROR))
}

// A stream's batch goes on where a message had to wait for room.
func TestABatchOfAStreamWaitsForRoom(t *testing.T) {
	b := newBench(t)
	l := b.ok(socketCall(0))
	b.ok(bindCall(l, in4(loopback4, 80)))
	b.ok(listenCall(l, 1))
	c := b.ok(socketCall(0))
	b.ok(connectCall(c, in4(loopback4, 80)))
	s := b.ok(acceptCall(l))
	big := make([]byte, 3<<20)
	b.parked(2, Call{Op: OpSendmmsg, FD: c, Msgs: []Msg{{Data: []byte("first")}, {Data: big}, {Data: big}}})
	total := 0
	for range 100000 {
		if !b.born[2] || len(b.done) > 0 {
			break
		}
		total += int(b.also(recvCall(s, 1<<16, MSG_DONTWAIT)))
	}
	r := b.returned(2)
	require.EqualValues(t, 3, r.Value)
	require.EqualValues(t, []int32{5, 3 << 20, 3 << 20}, []int32{r.Msgs[0].Len, r.Msgs[1].Len, r.Msgs[2].Len})
	require.NotZero(t, total)
}
