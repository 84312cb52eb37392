//go:build linux && amd64

package sock

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// opens reports a send that may open the connection.
func (c *Call) opens() bool { return c.Op == OpSend && c.Flags&MSG_FASTOPEN != 0 }

// fastOpts are the options of Fast Open, with values to try.
var fastOpts = []struct {
	name   int32
	values []int32
}{
	{TCP_FASTOPEN, []int32{-1, 0, 1, 5, 100000}}, {TCP_FASTOPEN_CONNECT, []int32{0, 1, 1, 1, 2}}, {TCP_FASTOPEN_NO_COOKIE, []int32{0, 1, 1, -1}},
}

// drawFastCall draws a call of which much is about Fast Open.
func drawFastCall(t *rapid.T) Call {
	switch rapid.IntRange(0, 6).Draw(t, "fast") {
	case 0, 1:
		c := Call{Op: OpSend, Data: make([]byte, rapid.IntRange(0, 9).Draw(t, "n")), Flags: MSG_FASTOPEN}
		if rapid.IntRange(0, 7).Draw(t, "null") > 0 {
			c.Addr, c.AddrLen = drawAddr(t)
		}
		return c
	case 2:
		o := rapid.SampledFrom(fastOpts).Draw(t, "option")
		return setCall(0, SOL_TCP, o.name, cint(rapid.SampledFrom(o.values).Draw(t, "value")))
	case 3: // TCP_INFO up to what became of the data in the SYN
		return Call{Op: OpGetsockopt, Level: SOL_TCP, Name: TCP_INFO, Len: 8}
	case 4:
		o := rapid.SampledFrom(fastOpts).Draw(t, "option")
		return Call{Op: OpGetsockopt, Level: SOL_TCP, Name: o.name, Len: 4}
	}
	return drawCall(t)
}

// Random calls with Fast Open in them, over loopback, come out on the model as
// they do on the kernel: with cookies, which both ends must agree on by
// themselves, and without.
func TestRandomFastOpensAgreeWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := newPair(rt, k)
		defer p.end()
		mode := rapid.SampledFrom([]string{"0x403", "0x607", "0x3", "0x1"}).Draw(rt, "tcp_fastopen")
		require.NoError(rt, os.WriteFile("/proc/sys/net/ipv4/tcp_fastopen", []byte(mode), 0))
		require.NoError(rt, p.h.SetSysctl("net.ipv4.tcp_fastopen", mode))
		p.walk(rt, 3, drawFastCall)
	})
}
