package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Slips that no script can show: each test fails for one of the bugs that
// fuzz/plant plants.

func TestASynToABroadcastAddressIsDropped(t *testing.T) {
	b := newBench(t)
	b.listener(5)
	for i, to := range []string{"255.255.255.255", "192.168.255.255"} {
		p := b.newPeer(4000 + uint16(i))
		p.local = netip.AddrPortFrom(mustAddr(to), testPort)
		p.syn()
		b.quiet()
		require.Equal(t, rule.NotForUs, b.why()) // tcp_v4_conn_request
	}
}

func TestReusePortIsForSocketsOfOneUser(t *testing.T) {
	b := newBench(t)
	open := func(th Thread) int32 {
		fd := b.onOK(th, socketCall())
		b.onOK(th, setCall(fd, SOL_SOCKET, SO_REUSEPORT, []byte{1, 0, 0, 0}))
		return fd
	}
	b.ok(bindCall(open(1), in4(any4, testPort)))
	b.fork(9)
	b.onOK(9, Call{Op: OpSetresuid, IDs: [3]int32{1000, 1000, 1000}})
	other := open(9)
	b.onFails(9, EADDRINUSE, bindCall(other, in4(any4, testPort))) // inet_bind_conflict: sk_uid
	b.onFails(9, EADDRINUSE, bindCall(other, in4(localV4, testPort)))
	b.ok(bindCall(open(1), in4(any4, testPort)))
}
