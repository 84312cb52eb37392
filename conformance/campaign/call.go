package campaign

import (
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"pgregory.net/rapid"
)

// weights say how often each call is drawn.
var weights = []struct {
	op     sock.Op
	weight int
}{
	{sock.OpBind, 3}, {sock.OpListen, 3}, {sock.OpAccept, 5}, {sock.OpConnect, 5}, {sock.OpSend, 5}, {sock.OpWrite, 1}, {sock.OpRecv, 6},
	{sock.OpRead, 1}, {sock.OpShutdown, 2}, {sock.OpClose, 2}, {sock.OpGetsockopt, 2}, {sock.OpSetsockopt, 3}, {sock.OpGetsockname, 1},
	{sock.OpGetpeername, 1}, {sock.OpFcntl, 1}, {sock.OpIoctl, 2}, {sock.OpPoll, 4}, {sock.OpDup, 1},
}

// ops are the calls, each as often as it weighs.
var ops = func() (list []sock.Op) {
	for _, w := range weights {
		for range w.weight {
			list = append(list, w.op)
		}
	}
	return list
}()

// drawCall draws a call on a descriptor of the kind, but for the descriptor itself.
func drawCall(t *rapid.T, k *matrix.Kind, epoll bool, open []int32) sock.Call {
	if epoll {
		return drawEpoll(t, append(open, -1))
	}
	c := sock.Call{Op: rapid.SampledFrom(ops).Draw(t, "call")}
	switch c.Op {
	case sock.OpBind, sock.OpConnect:
		c.Addr, c.AddrLen = drawAddr(t, k, c.Op == sock.OpBind)
	case sock.OpListen:
		c.N = rapid.Int64Range(0, 3).Draw(t, "backlog")
	case sock.OpAccept:
		c.Flags = rapid.SampledFrom([]int32{0, sock.SOCK_NONBLOCK, sock.SOCK_NONBLOCK}).Draw(t, "flags")
	case sock.OpSend, sock.OpWrite:
		drawSend(t, k, &c)
	case sock.OpRead, sock.OpRecv:
		c.Len = rapid.SampledFrom([]int32{0, 1, 5, 16, 2000}).Draw(t, "room")
		if c.Op == sock.OpRecv {
			c.Flags = rapid.SampledFrom(recvFlags).Draw(t, "flags")
			c.HasControlRoom, c.ControlLen = true, rapid.SampledFrom([]int32{216, 216, 48, 0, 15, 16, 17, 35}).Draw(t, "control")
		}
	case sock.OpShutdown:
		c.N = rapid.Int64Range(0, 3).Draw(t, "how")
	case sock.OpGetsockopt, sock.OpSetsockopt:
		drawOption(t, k, &c)
	case sock.OpFcntl:
		c.N = rapid.SampledFrom([]int64{sock.F_GETFL, sock.F_SETFL, sock.F_SETFL}).Draw(t, "command")
		c.Arg = rapid.SampledFrom([]int64{0, sock.O_NONBLOCK, sock.O_NONBLOCK}).Draw(t, "flags")
	case sock.OpIoctl:
		c.N = rapid.SampledFrom([]int64{sock.FIONREAD, sock.SIOCOUTQ, sock.SIOCOUTQNSD, sock.SIOCATMARK}).Draw(t, "request")
	case sock.OpPoll:
		c.Poll = []sock.PollFD{{Events: drawEvents(t)}}
		c.Timeout = rapid.SampledFrom(timeouts).Draw(t, "timeout")
	}
	return c
}

// timeouts are poll's and epoll_wait's, in milliseconds.
var timeouts = []int64{0, 0, 0, 0, -1, -1, 100, 700}

var recvFlags = []int32{0, 0, 0, 0, sock.MSG_DONTWAIT, sock.MSG_PEEK, sock.MSG_OOB, sock.MSG_TRUNC, sock.MSG_WAITALL, sock.MSG_OOB | sock.MSG_PEEK,
	sock.MSG_PEEK | sock.MSG_DONTWAIT, sock.MSG_ERRQUEUE}

var sendFlags = []int32{0, 0, 0, 0, sock.MSG_DONTWAIT, sock.MSG_OOB, sock.MSG_MORE, sock.MSG_NOSIGNAL, sock.MSG_EOR}

func drawSend(t *rapid.T, k *matrix.Kind, c *sock.Call) {
	c.Data = k.Data(rapid.SampledFrom([]int{0, 1, 5, 100, 1500, 5000}).Draw(t, "octets"))
	if c.Op == sock.OpWrite {
		return
	}
	c.Flags = rapid.SampledFrom(sendFlags).Draw(t, "flags")
	if rapid.IntRange(0, 7).Draw(t, "to") == 0 || k.Type != sock.SOCK_STREAM && rapid.Bool().Draw(t, "to") {
		c.Addr, c.AddrLen = drawAddr(t, k, false)
		if k.Dual && c.Addr.Family == sock.AF_UNSPEC {
			c.AddrLen, c.Addr = 0, sock.Addr{} // known, see matrix.Knowns
		}
	}
}

func drawEvents(t *rapid.T) uint32 {
	return rapid.SampledFrom([]uint32{sock.POLLIN, sock.POLLOUT, sock.POLLIN | sock.POLLOUT | sock.POLLPRI | sock.POLLRDHUP | sock.POLLRDNORM | sock.POLLWRNORM,
		sock.POLLPRI | sock.POLLRDHUP}).Draw(t, "events")
}

// drawEpoll draws a call on an epoll descriptor.
func drawEpoll(t *rapid.T, open []int32) sock.Call {
	switch rapid.IntRange(0, 5).Draw(t, "epoll call") {
	case 0, 1, 2:
		return sock.Call{Op: sock.OpEpollCtl, N: rapid.SampledFrom([]int64{sock.EPOLL_CTL_ADD, sock.EPOLL_CTL_ADD, sock.EPOLL_CTL_MOD, sock.EPOLL_CTL_DEL}).Draw(t, "op"),
			Arg:    int64(rapid.SampledFrom(open).Draw(t, "target")),
			Events: drawEvents(t) | rapid.SampledFrom([]uint32{0, 0, sock.EPOLLET, sock.EPOLLONESHOT}).Draw(t, "mode")}
	case 3:
		return sock.Call{Op: sock.OpClose}
	}
	return sock.Call{Op: sock.OpEpollWait, Len: rapid.SampledFrom([]int32{1, 4, 4, 4}).Draw(t, "room"),
		Timeout: rapid.SampledFrom(timeouts).Draw(t, "timeout")}
}
