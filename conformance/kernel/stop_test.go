//go:build linux

package kernel

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// An instance ends although a connect waits in SYN-RECEIVED, where shutdown wakes nobody: a thread that outlives its instance writes
// to what is another's by then.
func TestAnInstanceEndsAConnectThatASynCrossed(t *testing.T) {
	needKernel(t)
	k, err := Stack{}.Start(loadSetup)
	require.NoError(t, err)
	in := k.(*instance)
	require.NoError(t, in.Call(1, sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}))
	ev, ok, err := in.Advance(in.Now())
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, in.Call(1, sock.Call{Op: sock.OpBind, FD: int32(ev.Return.Value), Addr: sock.Addr{Family: sock.AF_INET}, AddrLen: 16}))
	to := sock.Addr{Family: sock.AF_INET, AP: netip.AddrPortFrom(loadSetup.RemoteV4, 9000)}
	require.NoError(t, in.Call(1, sock.Call{Op: sock.OpConnect, FD: int32(ev.Return.Value), Addr: to, AddrLen: 16}))
	var syn sock.Packet
	for range 10 { // the results of the calls before it come, too
		if ev, ok, err = in.Advance(in.Now().Add(100 * tcpstate.Millisecond)); len(ev.Packet) > 0 {
			break
		}
	}
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, packetio.Decode(ev.Packet, &syn))
	crossing := sock.Packet{Src: syn.Dst, Dst: syn.Src, SrcPort: syn.DstPort, DstPort: syn.SrcPort, Proto: sock.ProtoTCP, TTL: 64,
		Seg: tcpstate.Segment{Flags: tcpstate.SYN, Wnd: 1000}}
	b, err := packetio.Encode(nil, &crossing)
	require.NoError(t, err)
	require.NoError(t, in.Inject(b))
	require.NoError(t, in.Close()) // which gives up after two seconds
}
