package campaign

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
)

// firstFD is the script's descriptor of the first slot.
const firstFD = 3

// spellCall is a call as a script has it, without its result.
func spellCall(c *sock.Call) string {
	fd := c.FD + firstFD
	switch c.Op {
	case sock.OpSocket:
		return fmt.Sprintf("socket(%d, %s, %d)", c.Domain, names(c.Type, typeNames), c.Proto)
	case sock.OpBind, sock.OpConnect:
		return fmt.Sprintf("%v(%d, %s)", c.Op, fd, address(c))
	case sock.OpListen:
		return fmt.Sprintf("listen(%d, %d)", fd, c.N)
	case sock.OpAccept:
		return fmt.Sprintf("accept4(%d, ..., ..., %s)", fd, names(c.Flags, typeNames))
	case sock.OpRead:
		return fmt.Sprintf("read(%d, ..., %d)", fd, c.Len)
	case sock.OpWrite:
		return fmt.Sprintf("write(%d, ..., %d)", fd, len(c.Data))
	case sock.OpRecv:
		return fmt.Sprintf("recv(%d, ..., %d, %s)", fd, c.Len, names(c.Flags, messageNames))
	case sock.OpSend:
		if c.AddrLen > 0 {
			return fmt.Sprintf("sendto(%d, ..., %d, %s, %s)", fd, len(c.Data), names(c.Flags, messageNames), address(c))
		}
		return fmt.Sprintf("send(%d, ..., %d, %s)", fd, len(c.Data), names(c.Flags, messageNames))
	case sock.OpShutdown:
		return fmt.Sprintf("shutdown(%d, %d)", fd, c.N)
	case sock.OpClose, sock.OpDup:
		return fmt.Sprintf("%v(%d)", c.Op, fd)
	case sock.OpGetsockname, sock.OpGetpeername:
		return fmt.Sprintf("%v(%d, ..., ...)", c.Op, fd)
	case sock.OpSetsockopt:
		return fmt.Sprintf("setsockopt(%d, %d, %d, %s, %d)", fd, c.Level, c.Name, setting(c.Data), len(c.Data))
	case sock.OpFcntl:
		return fmt.Sprintf("fcntl(%d, %d, %d)", fd, c.N, c.Arg)
	case sock.OpEpollCreate:
		return "epoll_create1(0)"
	case sock.OpEpollCtl:
		return fmt.Sprintf("epoll_ctl(%d, %d, %d, {events=%#x, fd=%d})", fd, c.N, c.Arg+firstFD, c.Events, c.Arg+firstFD)
	}
	return "" // those whose results stand among their arguments
}

// spellOut is the call where results stand among the arguments, otherwise the text as it is.
func spellOut(c *sock.Call, text string, r *matrix.Returned) string {
	fd := c.FD + firstFD
	switch c.Op {
	case sock.OpGetsockopt:
		return fmt.Sprintf("getsockopt(%d, %d, %d, %s, [%d])", fd, c.Level, c.Name, setting(r.Return.Data), c.Len)
	case sock.OpIoctl:
		return fmt.Sprintf("ioctl(%d, %d, %s)", fd, c.N, setting(r.Return.Data))
	case sock.OpPoll:
		return fmt.Sprintf("poll([%s], %d, %d)", polled(c.Poll, r.Return.Poll), len(c.Poll), c.Timeout)
	case sock.OpEpollWait:
		return fmt.Sprintf("epoll_wait(%d, ..., %d, %d)", fd, c.Len, c.Timeout)
	}
	return text
}

// polled are the entries of a poll, with what came of them.
func polled(asked, told []sock.PollFD) string {
	var list []string
	for i, e := range asked {
		revents := int32(0)
		if i < len(told) {
			revents = int32(told[i].Revents)
		}
		list = append(list, fmt.Sprintf("{fd=%d, events=%s, revents=%s}", e.FD+firstFD, names(int32(e.Events), eventNames), names(revents, eventNames)))
	}
	return strings.Join(list, ", ")
}

// setting is an option's value between brackets: an int, or what SO_LINGER takes.
func setting(data []byte) string {
	switch len(data) {
	case 4:
		return fmt.Sprintf("[%d]", int32(binary.LittleEndian.Uint32(data)))
	case sizeofTimeval:
		return fmt.Sprintf("{tv_sec=%d, tv_usec=%d}", binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[8:]))
	case 8:
		return fmt.Sprintf("{onoff=%d, linger=%d}", data[0], data[4])
	}
	return "..."
}

func address(c *sock.Call) string {
	ip, port := c.Addr.AP.Addr(), c.Addr.AP.Port()
	switch c.Addr.Family {
	case sock.AF_INET:
		return fmt.Sprintf(`{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}, %d`, port, ip, c.AddrLen)
	case sock.AF_INET6:
		return fmt.Sprintf(`{sa_family=AF_INET6, sin6_port=htons(%d), sin6_addr=inet_addr("%s")}, %d`, port, ip, c.AddrLen)
	}
	return fmt.Sprintf("%d, %d", c.Addr.Family, c.AddrLen)
}

// bit is a flag and its name.
type bit struct {
	value int32
	name  string
}

var typeNames = []bit{{sock.SOCK_NONBLOCK, "SOCK_NONBLOCK"}, {sock.SOCK_CLOEXEC, "SOCK_CLOEXEC"}, {sock.SOCK_RAW, "SOCK_RAW"},
	{sock.SOCK_DGRAM, "SOCK_DGRAM"}, {sock.SOCK_STREAM, "SOCK_STREAM"}}

var messageNames = []bit{{sock.MSG_OOB, "MSG_OOB"}, {sock.MSG_PEEK, "MSG_PEEK"}, {sock.MSG_TRUNC, "MSG_TRUNC"}, {sock.MSG_DONTWAIT, "MSG_DONTWAIT"},
	{sock.MSG_EOR, "MSG_EOR"}, {sock.MSG_WAITALL, "MSG_WAITALL"}, {sock.MSG_ERRQUEUE, "MSG_ERRQUEUE"}, {sock.MSG_NOSIGNAL, "MSG_NOSIGNAL"},
	{sock.MSG_MORE, "MSG_MORE"}}

var eventNames = []bit{{sock.POLLIN, "POLLIN"}, {sock.POLLPRI, "POLLPRI"}, {sock.POLLOUT, "POLLOUT"}, {sock.POLLERR, "POLLERR"},
	{sock.POLLHUP, "POLLHUP"}, {sock.POLLNVAL, "POLLNVAL"}, {sock.POLLRDNORM, "POLLRDNORM"}, {sock.POLLRDBAND, "POLLRDBAND"},
	{sock.POLLWRNORM, "POLLWRNORM"}, {sock.POLLRDHUP, "POLLRDHUP"}}

// names spells flags by name; what has none as a number.
func names(v int32, list []bit) string {
	var parts []string
	for _, b := range list {
		if v&b.value == b.value {
			parts = append(parts, b.name)
			v &^= b.value
		}
	}
	if v != 0 || len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%#x", uint32(v)))
	}
	return strings.Join(parts, "|")
}
