//go:build linux && amd64

package sock

import (
	"testing"

	"pgregory.net/rapid"
)

// peekStep draws what is done to a connection of which slot 2 is looked at and
// slot 1 sends; next numbers the octets that are sent.
func peekStep(t *rapid.T, next *byte) (int, Call) {
	switch rapid.SampledFrom([]string{"send", "send", "recv", "recv", "recv", "set", "get", "ioctl", "shut"}).Draw(t, "step") {
	case "send":
		data := make([]byte, rapid.IntRange(1, 6).Draw(t, "n"))
		for i := range data {
			*next++
			data[i] = *next
		}
		return 1, Call{Op: OpSend, Data: data, Flags: rapid.SampledFrom([]int32{0, 0, 0, 0, MSG_OOB}).Draw(t, "flags")}
	case "recv":
		return 2, recvCall(0, rapid.Int32Range(0, 9).Draw(t, "n"), rapid.SampledFrom([]int32{0, MSG_PEEK, MSG_PEEK, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_OOB}).Draw(t, "flags")|MSG_DONTWAIT)
	case "set":
		return 2, setCall(0, SOL_SOCKET, SO_PEEK_OFF, cint(rapid.Int32Range(-1, 9).Draw(t, "offset")))
	case "get":
		return 2, Call{Op: OpGetsockopt, Level: SOL_SOCKET, Name: SO_PEEK_OFF, Len: 4}
	case "ioctl":
		return rapid.IntRange(0, 2).Draw(t, "slot"), Call{Op: OpIoctl, N: rapid.SampledFrom([]int64{SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK}).Draw(t, "request")}
	}
	if rapid.IntRange(0, 9).Draw(t, "end") > 0 {
		return 2, Call{Op: OpGetsockopt, Level: SOL_SOCKET, Name: SO_RCVLOWAT, Len: 4}
	}
	return 1, Call{Op: OpShutdown, N: SHUT_WR}
}

// SO_PEEK_OFF on a stream: where a peek begins, how peeks and reads move it, with
// urgent octets between and the end of the stream, as on the live kernel; and the
// queues that ioctl tells of meanwhile.
func TestPeekOffAgreesWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := newPair(rt, k)
		defer p.end()
		p.begin(rt, AF_INET)
		next := byte(0)
		for range rapid.IntRange(5, 60).Draw(rt, "steps") {
			slot, c := peekStep(rt, &next)
			p.call(rt, slot, c)
		}
	})
}
