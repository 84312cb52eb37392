package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

func TestServerEndToEnd(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	p.send(tcpstate.ACK|tcpstate.PSH, "hello")
	r := b.call(recvCall(fd, 100, 0))
	require.Equal(t, "hello", string(r.Data))
	b.run(tcpstate.Second)
	b.wire = nil
	require.EqualValues(t, 5, b.ok(sendCall(fd, "world")))
	q := p.see()
	require.Equal(t, "world", string(q.Payload))
	p.send(tcpstate.ACK, "")
	p.send(tcpstate.FIN|tcpstate.ACK, "")
	b.wire = nil
	b.run(tcpstate.Second)
	b.wire = nil
	require.EqualValues(t, 0, b.ok(recvCall(fd, 100, 0)))
	b.ok(closeCall(fd))
	q = p.see()
	require.True(t, q.Seg.Flags.Has(tcpstate.FIN))
	p.send(tcpstate.ACK, "")
}

func TestClientEndToEnd(t *testing.T) {
	b := newBench(t)
	fd, p := b.connected()
	b.ok(connectCall(fd, in4(remoteV4, testPort)))
	b.fails(EISCONN, connectCall(fd, in4(remoteV4, testPort)))
	require.EqualValues(t, 3, b.ok(sendCall(fd, "abc")))
	require.Equal(t, "abc", string(p.see().Payload))
}

// AC-13: a client and a server of one host, backlog 1.
func TestLoopbackPair(t *testing.T) {
	b := newBench(t)
	l := b.listener(1)
	b.parked(2, acceptCall(l))
	c := b.ok(socketCall())
	b.start(1, connectCall(c, in4(localV4, testPort)))
	require.Len(t, b.done, 2, "both ends return")
	require.Zero(t, b.returned(1).Errno)
	s := int32(b.returned(2).Value)
	b.ok(closeCall(l))
	b.ok(sendCall(c, "ping"))
	require.Equal(t, "ping", string(b.call(recvCall(s, 10, 0)).Data))
	b.parked(2, recvCall(c, 10, 0))
	b.start(1, sendCall(s, "pong"))
	require.EqualValues(t, 4, b.returned(1).Value)
	require.Equal(t, "pong", string(b.returned(2).Data))
	b.ok(closeCall(s))
	require.EqualValues(t, 0, b.ok(recvCall(c, 10, 0)))
	b.ok(closeCall(c))
	b.quiet()
	b.run(120 * tcpstate.Second)
	require.Empty(t, b.h.flows)
	require.Empty(t, b.h.ports)
	for _, s := range b.h.socks {
		require.Nil(t, s)
	}
	_, ok := b.h.Deadline()
	require.False(t, ok)
}

// doneOf is what came of a call, and how often it returned.
func doneOf(out []Effect) (r Return, n int) {
	for _, e := range out {
		if e.Kind == Done {
			r = e.Return
			n++
		}
	}
	return r, n
}
