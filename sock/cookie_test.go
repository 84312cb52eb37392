package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// cookieFrom makes port's SYN draw a cookie and returns the peer with it.
func (b *bench) cookieFrom(port uint16) *peer {
	b.Helper()
	b.sysctl("net.ipv4.tcp_syncookies", "2")
	p := b.newPeer(port)
	p.syn()
	p.see()
	return p
}

// An ACK that a newer request of the same client disowns may be an older cookie:
// its connection finds the name taken, and nobody is told.
func TestACookieOlderThanARequestIsDropped(t *testing.T) {
	b := newBench(t)
	fd := b.listener(1)
	p := b.cookieFrom(4000)
	b.sysctl("net.ipv4.tcp_syncookies", "1")
	b.newPeer(4000).syn()
	require.NotEqual(t, p.ack, b.sent().Seg.Seq.Add(1), "a request of its own")
	p.send(tcpstate.ACK, "")
	b.quiet()
	require.Equal(t, rule.CookieAccepted, b.why())
	r, a := b.queued(fd)
	require.Equal(t, []int{1, 0}, []int{r, a})
	require.EqualValues(t, 1, b.h.count[MibSyncookiesRecv])
	require.EqualValues(t, 1, b.h.count[MibPassiveOpens], "made, and let go of")
}

// Cookies are looked at for two minutes after one was sent, give or take the
// second by which the time that is kept may lag behind.
func TestCookiesAreLookedAtForTwoMinutes(t *testing.T) {
	b := newBench(t)
	b.listener(1)
	b.cookieFrom(4000)
	b.now = b.now.Add(cookieStep)
	b.cookieFrom(4001) // within a second: not noted
	b.now = b.now.Add(cookieAge - cookieStep)
	b.cookieAck(t, 1)
	b.now = b.now.Add(1)
	b.cookieAck(t, 1) // not looked at: not counted
	b.cookieFrom(4002)
	b.cookieAck(t, 2)
}

// cookieAck sends an ACK that is no cookie; so many have been found wanting then.
func (b *bench) cookieAck(t *testing.T, failed int) {
	b.newPeer(5000).send(tcpstate.ACK, "")
	require.Equal(t, "R", b.sent().Seg.Flags.String())
	b.whys = nil
	require.EqualValues(t, failed, b.h.count[MibSyncookiesFailed])
}

// Listeners that share a port look at each other's cookies.
func TestReusePortListenersShareTheTimeOfTheLastCookie(t *testing.T) {
	b := newBench(t)
	for range 4 {
		fd := b.ok(socketCall())
		b.set(fd, SOL_SOCKET, SO_REUSEPORT, 1)
		b.ok(bindCall(fd, in4(any4, testPort)))
		b.ok(listenCall(fd, 1))
	}
	b.cookieFrom(4000)
	for port := range uint16(20) {
		b.newPeer(5000+port).send(tcpstate.ACK, "")
	}
	require.EqualValues(t, 20, b.h.count[MibSyncookiesFailed])
}
