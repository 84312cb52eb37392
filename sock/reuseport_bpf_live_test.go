//go:build linux && amd64

package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// reuseWalk makes random calls on sockets that share a port, some with programs.
type reuseWalk struct {
	duo
	typ      int32
	arrivals int
}

var reuseAddr = netip.MustParseAddr("127.0.0.1")

// open opens a socket; the first ones all have SO_REUSEPORT.
func (w *reuseWalk) open(t *rapid.T) {
	s := w.socket(AF_INET, w.typ, 0)
	w.set(s, SOL_SOCKET, SO_REUSEPORT, int32(min(1, rapid.IntRange(0, 5).Draw(t, "shares"))))
}

// step is one call on a random socket.
func (w *reuseWalk) step(t *rapid.T) {
	s := rapid.IntRange(0, len(w.fds[0])-1).Draw(t, "slot")
	if w.fds[0][s] < 0 {
		return
	}
	switch rapid.SampledFrom([]string{"bind", "bind", "listen", "attach", "attach", "detach", "close", "shutdown", "arrive", "arrive", "arrive"}).Draw(t, "step") {
	case "bind":
		w.call(s, addrCall(OpBind, reuseAddr, 5000, 0))
	case "listen":
		w.call(s, listenCall(0, 50))
	case "attach": // a member's number, or nobody's
		k := rapid.Uint32Range(0, 4).Draw(t, "member")
		w.call(s, filterCall(0, SO_ATTACH_REUSEPORT_CBPF, op(bpfLD|bpfB|bpfABS, 0), op(bpfLD|bpfIMM, k), retA))
		if w.typ == SOCK_STREAM {
			w.call(s, filterCall(0, SO_ATTACH_REUSEPORT_CBPF, retK(k))) // a SYN has no payload
		}
	case "detach":
		w.call(s, setCall(0, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, cint(0)))
	case "shutdown":
		w.call(s, Call{Op: OpShutdown, N: SHUT_RD})
	case "close":
		w.close(s)
	case "arrive":
		w.arrive()
	}
}

// arrive sends to the port, if it is sure where that goes: to a lone socket, or
// where a program says.
func (w *reuseWalk) arrive() {
	var there *sock
	for _, s := range w.h.socks {
		if s != nil && s.num == 5000 && (s.dg != nil || s.lst != nil) {
			there = s
		}
	}
	if there == nil {
		return
	}
	if g := w.h.groupOf(there); g != nil && len(g.socks) > 1 && (g.prog == nil || g.prog.insns[len(g.prog.insns)-2+int(flag(len(g.prog.insns) == 1))].K >= uint32(len(g.socks))) {
		return
	}
	w.arrivals++
	n := len(w.fds[0])
	from := w.socket(AF_INET, w.typ, 0)
	c := addrCall(OpConnect, reuseAddr, 5000, 0)
	w.call(from, c)
	w.call(from, Call{Op: OpSend, Data: []byte("x")})
	for s := range n {
		switch {
		case w.fds[0][s] < 0:
		case w.typ == SOCK_DGRAM:
			w.call(s, Call{Op: OpPoll, Poll: []PollFD{{FD: w.fds[0][s], Events: POLLIN}}})
			w.reads(s)
		default:
			w.call(s, Call{Op: OpGetsockopt, Level: SOL_SOCKET, Name: SO_ACCEPTCONN, Len: 4})
			w.accepts(s)
		}
	}
	w.close(from)
}

// accepts takes a connection, if there is one, and closes it.
func (w *reuseWalk) accepts(slot int) {
	n := len(w.fds[0])
	r := w.call(slot, Call{Op: OpAccept, Flags: SOCK_NONBLOCK})
	if r.Errno == 0 {
		w.close(n)
		return
	}
	w.fds[0], w.fds[1] = w.fds[0][:n], w.fds[1][:n]
}

// Programs belong to groups as on Linux: who may attach and detach one, what
// becomes of it when sockets join, leave, listen again, and to whom it sends what
// arrives.
func TestReuseportProgramsAgreeWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	for _, typ := range []int32{SOCK_DGRAM, SOCK_STREAM} {
		var w reuseWalk
		rapid.Check(t, func(t *rapid.T) {
			w.again(k)
			defer w.end()
			w.typ = typ
			for range 4 {
				w.open(t)
			}
			for range rapid.IntRange(1, 25).Draw(t, "steps") {
				w.step(t)
				if w.off != "" {
					break
				}
			}
			require.Empty(t, w.off, "%s", &w.duo)
		})
		t.Logf("type %d: %d calls, %d arrivals", typ, w.calls, w.arrivals)
	}
}
