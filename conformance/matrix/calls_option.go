package matrix

import (
	"fmt"

	"github.com/sockspec/sockspec/sock"
)

// option is a socket option whose outcome depends on the state.
type option struct {
	name        string
	level, code int32
	room        int32   // of getsockopt; 0: it is not read
	values      []int32 // that setsockopt tries
	fits        func(k *Kind) bool
}

var stateOptions = []option{
	{name: "SO_ERROR", level: sock.SOL_SOCKET, code: sock.SO_ERROR, room: 4},
	{name: "SO_ACCEPTCONN", level: sock.SOL_SOCKET, code: sock.SO_ACCEPTCONN, room: 4},
	{name: "SO_REUSEADDR", level: sock.SOL_SOCKET, code: sock.SO_REUSEADDR, room: 4, values: []int32{1}},
	{name: "SO_RCVBUF", level: sock.SOL_SOCKET, code: sock.SO_RCVBUF, room: 4, values: []int32{5000}},
	{name: "SO_SNDBUF", level: sock.SOL_SOCKET, code: sock.SO_SNDBUF, room: 4},
	{name: "SO_RCVLOWAT", level: sock.SOL_SOCKET, code: sock.SO_RCVLOWAT, values: []int32{6}},
	{name: "SO_OOBINLINE", level: sock.SOL_SOCKET, code: sock.SO_OOBINLINE, values: []int32{1}},
	{name: "TCP_INFO.state", level: sock.SOL_TCP, code: sock.TCP_INFO, room: 1},
	{name: "TCP_MAXSEG", level: sock.SOL_TCP, code: sock.TCP_MAXSEG, room: 4, values: []int32{700}, fits: tcpOnly},
	{name: "TCP_NODELAY", level: sock.SOL_TCP, code: sock.TCP_NODELAY, values: []int32{1}, fits: tcpOnly},
	{name: "TCP_CORK", level: sock.SOL_TCP, code: sock.TCP_CORK, values: []int32{0, 1}, fits: tcpOnly},
	{name: "TCP_QUICKACK", level: sock.SOL_TCP, code: sock.TCP_QUICKACK, room: 4, values: []int32{0, 1}, fits: tcpOnly},
	{name: "TCP_WINDOW_CLAMP", level: sock.SOL_TCP, code: sock.TCP_WINDOW_CLAMP, room: 4, values: []int32{0, 3000}, fits: tcpOnly},
	{name: "TCP_DEFER_ACCEPT", level: sock.SOL_TCP, code: sock.TCP_DEFER_ACCEPT, values: []int32{1}, fits: tcpOnly},
	{name: "TCP_CONGESTION", level: sock.SOL_TCP, code: sock.TCP_CONGESTION, room: 16, fits: tcpOnly},
	{name: "IP_MTU", level: sock.SOL_IP, code: sock.IP_MTU, room: 4},
	{name: "IP_TTL", level: sock.SOL_IP, code: sock.IP_TTL, values: []int32{7}},
	{name: "IP_RECVERR", level: sock.SOL_IP, code: sock.IP_RECVERR, values: []int32{0, 1}},
	{name: "SO_BROADCAST", level: sock.SOL_SOCKET, code: sock.SO_BROADCAST, values: []int32{1}},
	{name: "UDP_CORK", level: sock.IPPROTO_UDP, code: 1, room: 4, values: []int32{0, 1}, fits: udpOnly},
	{name: "IP_HDRINCL", level: sock.SOL_IP, code: 3, room: 4, values: []int32{1}, fits: rawOnly},
	{name: "IPV6_MTU", level: sock.SOL_IPV6, code: sock.IPV6_MTU, room: 4},
	{name: "IPV6_V6ONLY", level: sock.SOL_IPV6, code: sock.IPV6_V6ONLY, room: 4, values: []int32{0, 1}},
}

func tcpOnly(k *Kind) bool { return k.Type == sock.SOCK_STREAM }
func rawOnly(k *Kind) bool { return k.Type == sock.SOCK_RAW }
func udpOnly(k *Kind) bool { return k.Type == sock.SOCK_DGRAM && k.Proto == 0 }

func optionCalls() (list []probe) {
	for _, o := range stateOptions {
		if o.room > 0 {
			p := plain("getsockopt "+o.name, sock.Call{Op: sock.OpGetsockopt, Level: o.level, Name: o.code, Len: o.room})
			p.fits = o.fits
			list = append(list, p)
		}
		for _, v := range o.values {
			p := plain(fmt.Sprintf("setsockopt %s %d", o.name, v), sock.Call{Op: sock.OpSetsockopt, Level: o.level, Name: o.code, Data: Int(v)})
			p.fits = o.fits
			list = append(list, p)
		}
	}
	return list
}

// allEvents is what a program may ask poll for.
const allEvents = sock.POLLIN | sock.POLLPRI | sock.POLLOUT | sock.POLLRDNORM | sock.POLLRDBAND | sock.POLLWRNORM | sock.POLLWRBAND | sock.POLLRDHUP

// eventCalls ask for readiness at once, and wait for one kind of it.
func eventCalls() []probe {
	poll := func(name string, events uint32, timeout int64) probe {
		return probe{name: name, call: func(_ *Kind, s int32) sock.Call {
			return sock.Call{Op: sock.OpPoll, Poll: []sock.PollFD{{FD: s, Events: events}}, Timeout: timeout}
		}}
	}
	return []probe{poll("poll all", allEvents, 0), poll("poll IN wait", sock.POLLIN, -1), poll("poll OUT wait", sock.POLLOUT, -1),
		poll("poll PRI|RDHUP wait", sock.POLLPRI|sock.POLLRDHUP, -1),
		epoll("epoll_wait all", allEvents, 0, 0), epoll("epoll_wait ET all", allEvents|sock.EPOLLET, 0, 0),
		epoll("epoll_wait ET all again", allEvents|sock.EPOLLET, 1, 0), epoll("epoll_wait IN wait", sock.POLLIN, 0, -1),
		epoll("epoll_wait ET IN again wait", sock.POLLIN|sock.EPOLLET, 1, -1)}
}

// epoll waits on a set that the socket has been put into, after so many waits that did not.
func epoll(name string, events uint32, times int, timeout int64) probe {
	set := func(k *Kind, s int32) int32 { return spare(s) }
	ctl := func(k *Kind, s int32) sock.Call {
		return sock.Call{Op: sock.OpEpollCtl, FD: set(k, s), N: sock.EPOLL_CTL_ADD, Arg: int64(s), Events: events}
	}
	now := func(k *Kind, s int32) sock.Call { return sock.Call{Op: sock.OpEpollWait, FD: set(k, s), Len: 4} }
	return probe{name: name,
		before: func(k *Kind, s int32) []Step {
			all := []Step{call(sock.Call{Op: sock.OpEpollCreate}), call(ctl(k, s))}
			for range times {
				all = append(all, call(now(k, s)))
			}
			return all
		},
		call: func(k *Kind, s int32) sock.Call {
			c := now(k, s)
			c.Timeout = timeout
			return c
		}}
}

// spare is the slot of the next descriptor: the socket under test is always the last that its state has opened.
func spare(s int32) int32 { return s + 1 }

func fileCalls() (list []probe) {
	for _, r := range []struct {
		name string
		n    int64
	}{{"FIONREAD", sock.FIONREAD}, {"SIOCOUTQ", sock.SIOCOUTQ}, {"SIOCOUTQNSD", sock.SIOCOUTQNSD}, {"SIOCATMARK", sock.SIOCATMARK}, {"0x1234", 0x1234}} {
		list = append(list, plain("ioctl "+r.name, sock.Call{Op: sock.OpIoctl, N: r.n}))
	}
	list = append(list, plain("fcntl F_GETFL", sock.Call{Op: sock.OpFcntl, N: sock.F_GETFL}), plain("dup", sock.Call{Op: sock.OpDup}),
		plain("close", sock.Call{Op: sock.OpClose}))
	dupped := plain("close dup", sock.Call{Op: sock.OpClose})
	dupped.before = func(_ *Kind, s int32) []Step { return []Step{call(sock.Call{Op: sock.OpDup, FD: s})} }
	return append(list, dupped, lingering("close linger 0", 0), lingering("close linger 1", 1))
}

// lingering is a close with SO_LINGER set to so many seconds.
func lingering(name string, seconds int32) probe {
	p := plain(name, sock.Call{Op: sock.OpClose})
	p.before = func(_ *Kind, s int32) []Step {
		return []Step{call(sock.Call{Op: sock.OpSetsockopt, FD: s, Level: sock.SOL_SOCKET, Name: sock.SO_LINGER, Data: append(Int(1), Int(seconds)...)})}
	}
	return p
}
