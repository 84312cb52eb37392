//go:build linux

package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"golang.org/x/sys/unix"
)

// supported refuses what invoke has no system call for.
func supported(c *sock.Call) error {
	if c.Op < sock.OpSocket || c.Op > sock.OpDup3 && c.Op != sock.OpSendmmsg && c.Op != sock.OpRecvmmsg {
		return fmt.Errorf("operation %d: %w", c.Op, conformance.ErrUnsupported)
	}
	return nil
}

// invoke makes a system call as it stands, without the libraries' help, so that what the kernel answers to nonsense is the
// kernel's own answer. halt ends waits in poll.
func invoke(c *sock.Call, halt int) sock.Return {
	switch c.Op {
	case sock.OpBind, sock.OpConnect:
		return invokeAddr(c)
	case sock.OpAccept, sock.OpGetsockname, sock.OpGetpeername:
		return invokeName(c)
	case sock.OpRead, sock.OpRecv:
		return invokeReceive(c)
	case sock.OpWrite, sock.OpSend:
		return invokeSend(c)
	case sock.OpSendmmsg, sock.OpRecvmmsg:
		return invokeBatch(c)
	case sock.OpGetsockopt:
		return invokeGetsockopt(c)
	case sock.OpIoctl:
		return invokeIoctl(c)
	case sock.OpPoll:
		return invokePoll(c, halt)
	case sock.OpEpollCtl:
		return invokeEpollCtl(c)
	case sock.OpEpollWait:
		return invokeEpollWait(c)
	}
	return invokePlain(c)
}

// invokePlain are the calls whose arguments are numbers.
func invokePlain(c *sock.Call) sock.Return {
	switch c.Op {
	case sock.OpSocket:
		// Close-on-exec keeps the descriptor out of a script's shell commands, where it would outlive the instance.
		return raw(unix.SYS_SOCKET, uintptr(c.Domain), uintptr(c.Type)|unix.SOCK_CLOEXEC, uintptr(c.Proto))
	case sock.OpListen:
		return raw(unix.SYS_LISTEN, uintptr(c.FD), uintptr(c.N), 0)
	case sock.OpShutdown:
		return raw(unix.SYS_SHUTDOWN, uintptr(c.FD), uintptr(c.N), 0)
	case sock.OpClose:
		return raw(unix.SYS_CLOSE, uintptr(c.FD), 0, 0)
	case sock.OpDup:
		return raw(unix.SYS_FCNTL, uintptr(c.FD), unix.F_DUPFD_CLOEXEC, 0)
	case sock.OpDup2:
		if int64(c.FD) == c.Arg { // what dup3 refuses; newer machines have no dup2
			r := raw(unix.SYS_FCNTL, uintptr(c.FD), unix.F_GETFD, 0)
			if r.Errno == 0 {
				r.Value = c.Arg
			}
			return r
		}
		return raw(unix.SYS_DUP3, uintptr(c.FD), uintptr(c.Arg), 0)
	case sock.OpDup3:
		return raw(unix.SYS_DUP3, uintptr(c.FD), uintptr(c.Arg), uintptr(c.Flags))
	case sock.OpFcntl:
		return raw(unix.SYS_FCNTL, uintptr(c.FD), uintptr(c.N), uintptr(c.Arg))
	case sock.OpEpollCreate:
		return raw(unix.SYS_EPOLL_CREATE1, uintptr(c.Flags)|unix.EPOLL_CLOEXEC, 0, 0)
	case sock.OpSetsockopt:
		if c.Fault&sock.FaultData != 0 {
			n, err := call6(unix.SYS_SETSOCKOPT, uintptr(c.FD), uintptr(c.Level), uintptr(c.Name), nowhere, uintptr(c.Len), 0)
			return ret(n, err)
		}
		b := withFilter(c)
		n, err := call6(unix.SYS_SETSOCKOPT, uintptr(c.FD), uintptr(c.Level), uintptr(c.Name), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
		runtime.KeepAlive(c.Filter)
		return ret(n, err)
	}
	return sock.Return{Value: -1, Errno: sock.Errno(unix.ENOSYS)}
}

// nowhere is an address that no process has, and that is not null: some options take that for a value.
const nowhere = ^uintptr(0)

func raw(nr, a, b, c uintptr) sock.Return {
	n, _, err := unix.Syscall(nr, a, b, c)
	return ret(n, err)
}

// call6 is a system call whose arguments may be addresses: what they point to stays where it is until the call returns.
//
//go:uintptrescapes
func call6(nr, a, b, c, d, e, f uintptr) (uintptr, unix.Errno) {
	n, _, err := unix.Syscall6(nr, a, b, c, d, e, f)
	return n, err
}

func ret(n uintptr, err unix.Errno) sock.Return {
	if err != 0 {
		return sock.Return{Value: -1, Errno: sock.Errno(err)}
	}
	return sock.Return{Value: int64(n)}
}

func invokeGetsockopt(c *sock.Call) sock.Return {
	if c.Level == unix.SOL_SOCKET && c.Name == sock.SO_ATTACH_FILTER {
		return invokeGetFilter(c)
	}
	size := uint32(max(0, c.Len))
	b := make([]byte, max(int(size), len(c.Data))+1)
	copy(b, c.Data)
	length := uint32(c.Len)
	n, _, err := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(c.FD), uintptr(c.Level), uintptr(c.Name),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&length)), 0)
	r := ret(n, err)
	if err == 0 {
		r.Data = b[:min(length, size)]
	}
	return r
}

// invokeIoctl passes the address of an int that holds Arg, which suits the requests that sockets know; the int comes back as
// Data.
func invokeIoctl(c *sock.Call) sock.Return {
	b := make([]byte, 64) // no request writes more
	size := 4
	binary.LittleEndian.PutUint32(b, uint32(c.Arg))
	if c.Data != nil {
		size = copy(b, c.Data)
	}
	n, _, err := unix.Syscall(unix.SYS_IOCTL, uintptr(c.FD), uintptr(c.N), uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	r := ret(n, err)
	if err == 0 {
		r.Data = b[:size]
	}
	return r
}

// invokePoll has one entry more than the script, which ends the wait when the instance closes.
func invokePoll(c *sock.Call, halt int) sock.Return {
	fds := make([]unix.PollFd, len(c.Poll), len(c.Poll)+1)
	for i, p := range c.Poll {
		fds[i] = unix.PollFd{Fd: p.FD, Events: int16(p.Events)}
	}
	all := append(fds, unix.PollFd{Fd: int32(halt), Events: unix.POLLIN})
	n, err := unix.Poll(all, int(int32(min(c.Timeout, math.MaxInt32))))
	if err != nil {
		return sock.Return{Value: -1, Errno: sock.Errno(err.(unix.Errno))}
	}
	if all[len(fds)].Revents != 0 {
		n--
	}
	r := sock.Return{Value: int64(n), Poll: make([]sock.PollFD, len(fds))}
	for i := range fds {
		r.Poll[i] = sock.PollFD{FD: fds[i].Fd, Events: uint32(uint16(fds[i].Events)), Revents: uint32(uint16(all[i].Revents))}
	}
	return r
}

// epollEvent is struct epoll_event, packed as x86-64 has it.
func epollEvent(events uint32, data uint64) unix.EpollEvent {
	return unix.EpollEvent{Events: events, Fd: int32(uint32(data)), Pad: int32(uint32(data >> 32))}
}

func invokeEpollCtl(c *sock.Call) sock.Return {
	ev := epollEvent(c.Events, c.UData)
	n, err := call6(unix.SYS_EPOLL_CTL, uintptr(c.FD), uintptr(c.N), uintptr(c.Arg), uintptr(unsafe.Pointer(&ev)), 0, 0)
	return ret(n, err)
}

// invokeEpollWait waits in the kernel itself, whose order decides which of several threads has the event.
func invokeEpollWait(c *sock.Call) sock.Return {
	evs := make([]unix.EpollEvent, max(1, min(c.Len, 1024)))
	n, err := call6(unix.SYS_EPOLL_PWAIT, uintptr(c.FD), uintptr(unsafe.Pointer(&evs[0])), uintptr(c.Len),
		uintptr(int32(min(c.Timeout, math.MaxInt32))), 0, 0)
	r := ret(n, err)
	for i := range max(0, r.Value) {
		e := evs[i]
		r.Poll = append(r.Poll, sock.PollFD{Revents: e.Events, Data: uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32})
	}
	return r
}
