package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// synOf makes a call and gives the SYN that it sends to this host itself, and
// whether a TIME-WAIT gave way.
func (b *bench) synOf(c Call) (syn tcpstate.Segment, reused bool) {
	b.Helper()
	for _, e := range b.h.Call(b.now, 1, c, nil) {
		reused = reused || e.Why == rule.TimeWaitReused
		if e.Kind == Loop && e.Packet.Seg.Flags == tcpstate.SYN {
			syn = e.Packet.Seg
		}
	}
	require.NoError(b, b.h.Check())
	return syn, reused
}

// A connect that takes the name of a TIME-WAIT goes on where that one's numbers
// and timestamps ended: 65537 beyond SND.NXT, the peer's last timestamp echoed.
func TestConnectTakesTheNameOfATimeWait(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.h.SetSysctl("net.ipv4.ip_local_port_range", "40000 40000"))
	b.listener(5)
	connect := func() (int32, tcpstate.Segment, bool) {
		fd := b.ok(socketCall(SOCK_NONBLOCK))
		syn, reused := b.synOf(connectCall(fd, in4(loopback4, testPort)))
		return fd, syn, reused
	}
	fd, first, reused := connect()
	require.False(t, reused)
	child := b.ok(acceptCall(3))
	b.ok(sendCall(fd, "abc"))
	b.ok(recvCall(child, 9, 0))
	b.ok(closeCall(fd))
	b.ok(closeCall(child))
	b.now = b.now.Add(900 * tcpstate.Millisecond)
	fd = b.ok(socketCall(SOCK_NONBLOCK))
	b.fails(EADDRNOTAVAIL, connectCall(fd, in4(loopback4, testPort)))

	b.now = b.now.Add(200 * tcpstate.Millisecond)
	_, second, reused := connect()
	require.True(t, reused)
	require.Equal(t, first.Seq.Add(1+3+1+65537), second.Seq, "SYN, data and FIN of the first, and some")
	require.NotZero(t, second.Opts.TSEcr)
	require.EqualValues(t, 1100, second.Opts.TSVal-first.Opts.TSVal, "one clock for both, in milliseconds")
	b.ok(acceptCall(3))
}
