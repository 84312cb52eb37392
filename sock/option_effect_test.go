package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// These are the effects of options that no script can state: numbers that differ from kernel to kernel, and the processor.

func getCall(fd, name, room int32) Call {
	return Call{Op: OpGetsockopt, FD: fd, Level: SOL_SOCKET, Name: name, Len: room}
}

// SO_COOKIE tells sockets apart, and stays; SO_NETNS_COOKIE is one for all of a namespace.
func TestCookiesTellSocketsApartAndNamespacesAreOne(t *testing.T) {
	b := newBench(t)
	one, two := b.dgram(0), b.dgram(0)
	cookie := func(fd int32, name int32) string {
		r := b.call(getCall(fd, name, 8))
		require.Zero(t, r.Errno)
		require.Len(t, r.Data, 8)
		return string(r.Data)
	}
	require.NotEqual(t, cookie(one, SO_COOKIE), cookie(two, SO_COOKIE))
	require.Equal(t, cookie(one, SO_COOKIE), cookie(one, SO_COOKIE))
	require.Equal(t, cookie(one, SO_NETNS_COOKIE), cookie(two, SO_NETNS_COOKIE))
	require.NotEqual(t, string(make([]byte, 8)), cookie(one, SO_NETNS_COOKIE))
}

// SO_INCOMING_CPU: of sockets that share a port the one that names the processor at work gets all
// (reuseport_select_sock_by_hash), of others it is preferred (compute_score); a connected socket learns which it was.
func TestTheSocketOfTheProcessorAtWorkIsPreferred(t *testing.T) {
	for _, share := range []int32{SO_REUSEPORT, SO_REUSEADDR} {
		for claims := range 2 {
			b := newBench(t)
			var fds [2]int32
			for i := range fds {
				fds[i] = b.dgram(0)
				b.ok(setCall(fds[i], SOL_SOCKET, share, []byte{1, 0, 0, 0}))
				cpu := byte(1)
				if i == claims {
					cpu = theCPU
				}
				b.ok(setCall(fds[i], SOL_SOCKET, SO_INCOMING_CPU, []byte{cpu, 0, 0, 0}))
				b.ok(bindCall(fds[i], in4(netip.IPv4Unspecified(), 7000)))
			}
			for port := range uint16(16) {
				p := datagram(7000, "x")
				p.SrcPort += port
				b.deliver(p)
				require.Zero(t, b.call(recvCall(fds[claims], 9, 0)).Errno)
			}
		}
	}
	b := newBench(t)
	fd := b.dgram(7000)
	b.ok(connectCall(fd, in4(remoteV4, 4000)))
	b.ok(setCall(fd, SOL_SOCKET, SO_INCOMING_CPU, []byte{5, 0, 0, 0}))
	b.deliver(datagram(7000, "x"))
	require.Equal(t, []byte{theCPU, 0, 0, 0}, b.call(getCall(fd, SO_INCOMING_CPU, 4)).Data)
}
