//go:build linux && amd64

package sock

import (
	"encoding/binary"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// live runs calls on the kernel under this test, in a network namespace of its
// own that has nothing but loopback.
type live struct {
	buf [1 << 16]byte
	tun int // descriptor of a link, 0 without one
}

// newLive moves the test's thread into a fresh namespace. The thread is never
// given back, so the namespace ends with it.
func newLive(t *testing.T) *live {
	if os.Getuid() != 0 {
		t.Skip("needs root, to make a network namespace")
	}
	var u unix.Utsname
	require.NoError(t, unix.Uname(&u))
	if older := OlderLinux(unix.ByteSliceToString(u.Release[:])); older != "" {
		t.Skip(older)
	}
	runtime.LockOSThread()
	l := &live{}
	if err := l.fresh(); err != nil {
		t.Skipf("no network namespace here: %v", err)
	}
	return l
}

// fresh leaves all that was behind: connections in TIME-WAIT, above all.
func (l *live) fresh() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	// The host's own choice may be bbr, which makes send buffers half as large again.
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_congestion_control", []byte("reno"), 0); err != nil {
		return err
	}
	return linkUp("lo")
}

// aboutLink lets f ask for things about a link, on a socket of that family.
func aboutLink(family int, name string, f func(fd int, req *unix.Ifreq) error) error {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	return f(fd, req)
}

// linkUp is "ip link set NAME up".
func linkUp(name string) error {
	return aboutLink(unix.AF_INET, name, func(fd int, req *unix.Ifreq) error {
		if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, req); err != nil {
			return err
		}
		req.SetUint16(req.Uint16() | unix.IFF_UP)
		return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
	})
}

// rawAddr lays an address out as struct sockaddr_in or sockaddr_in6.
func rawAddr(a Addr) []byte {
	b := make([]byte, 28)
	binary.NativeEndian.PutUint16(b, a.Family)
	binary.BigEndian.PutUint16(b[2:], a.AP.Port())
	if !a.AP.Addr().IsValid() {
		return b
	}
	if a.AP.Addr().Is4() {
		x := a.AP.Addr().As4()
		copy(b[4:], x[:])
		return b
	}
	x := a.AP.Addr().As16()
	copy(b[8:], x[:])
	binary.NativeEndian.PutUint32(b[24:], a.Scope)
	return b
}

// addrOfRaw reads it back.
func addrOfRaw(b []byte) Addr {
	a := Addr{Family: binary.NativeEndian.Uint16(b)}
	port := binary.BigEndian.Uint16(b[2:])
	if a.Family == AF_INET {
		a.AP = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	} else if a.Family == AF_INET6 {
		a.AP = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), port)
		a.Scope = binary.NativeEndian.Uint32(b[24:])
	}
	return a
}

func ptr(b []byte) uintptr {
	if len(b) == 0 {
		return 0
	}
	return uintptr(unsafe.Pointer(&b[0]))
}

// rawFilter is an option's value, with a pointer to the program if it has one
// (struct sock_fprog).
func rawFilter(c Call) []byte {
	if len(c.Filter) == 0 || len(c.Data) != 16 {
		return c.Data
	}
	raw := append([]byte(nil), c.Data...)
	binary.NativeEndian.PutUint64(raw[8:], uint64(uintptr(unsafe.Pointer(&c.Filter[0]))))
	return raw
}

// call makes one call on the kernel. It knows what the comparisons need.
func (l *live) call(c Call) Return {
	var r Return
	sys := func(nr uintptr, a ...uintptr) {
		var x [6]uintptr
		copy(x[:], a)
		v, _, e := unix.Syscall6(nr, x[0], x[1], x[2], x[3], x[4], x[5])
		r.Value, r.Errno = int64(v), Errno(e)
		if e != 0 {
			r.Value = -1
		}
	}
	fd := uintptr(c.FD)
	var alen uint32
	var sa [128]byte
	switch c.Op {
	case OpSocket:
		sys(unix.SYS_SOCKET, uintptr(c.Domain), uintptr(c.Type), uintptr(c.Proto))
	case OpBind, OpConnect:
		nr := uintptr(unix.SYS_BIND)
		if c.Op == OpConnect {
			nr = unix.SYS_CONNECT
		}
		raw := rawAddr(c.Addr)
		sys(nr, fd, ptr(raw), uintptr(c.AddrLen))
		runtime.KeepAlive(raw)
	case OpListen:
		sys(unix.SYS_LISTEN, fd, uintptr(c.N))
	case OpAccept:
		alen = uint32(len(sa))
		sys(unix.SYS_ACCEPT4, fd, ptr(sa[:]), uintptr(unsafe.Pointer(&alen)), uintptr(c.Flags))
	case OpGetsockname, OpGetpeername:
		nr := uintptr(unix.SYS_GETSOCKNAME)
		if c.Op == OpGetpeername {
			nr = unix.SYS_GETPEERNAME
		}
		alen = uint32(len(sa))
		sys(nr, fd, ptr(sa[:]), uintptr(unsafe.Pointer(&alen)))
	case OpSend:
		raw := rawAddr(c.Addr)
		if c.AddrLen == 0 {
			raw = nil
		}
		sys(unix.SYS_SENDTO, fd, ptr(c.Data), uintptr(len(c.Data)), uintptr(c.Flags|MSG_NOSIGNAL), ptr(raw), uintptr(c.AddrLen))
		runtime.KeepAlive(raw)
	case OpRecv:
		sys(unix.SYS_RECVFROM, fd, ptr(l.buf[:]), uintptr(c.Len), uintptr(c.Flags), 0, 0)
		if r.Errno == 0 && c.Flags&MSG_TRUNC == 0 {
			r.Data = append(r.Data, l.buf[:r.Value]...)
		}
	case OpShutdown:
		sys(unix.SYS_SHUTDOWN, fd, uintptr(c.N))
	case OpClose:
		sys(unix.SYS_CLOSE, fd)
	case OpSetsockopt:
		raw := rawFilter(c)
		sys(unix.SYS_SETSOCKOPT, fd, uintptr(c.Level), uintptr(c.Name), ptr(raw), uintptr(len(raw)))
		runtime.KeepAlive(c.Filter)
	case OpGetsockopt:
		n := uint32(c.Len)
		clear(l.buf[:1024])
		copy(l.buf[:], c.Data) // what some options are asked by
		sys(unix.SYS_GETSOCKOPT, fd, uintptr(c.Level), uintptr(c.Name), ptr(l.buf[:]), uintptr(unsafe.Pointer(&n)))
		if r.Errno == 0 {
			r.Data = append(r.Data, l.buf[:n]...)
		}
	case OpEpollCreate:
		sys(unix.SYS_EPOLL_CREATE1, uintptr(c.Flags))
	case OpEpollCtl:
		ev := unix.EpollEvent{Events: c.Events, Fd: int32(c.UData)}
		sys(unix.SYS_EPOLL_CTL, fd, uintptr(c.N), uintptr(c.Arg), uintptr(unsafe.Pointer(&ev)))
	case OpEpollWait:
		var evs [16]unix.EpollEvent
		sys(unix.SYS_EPOLL_WAIT, fd, uintptr(unsafe.Pointer(&evs)), uintptr(c.Len), uintptr(c.Timeout))
		for _, e := range evs[:max(r.Value, 0)] {
			r.Poll = append(r.Poll, PollFD{Revents: e.Events, Data: uint64(uint32(e.Fd))})
		}
	case OpDup:
		sys(unix.SYS_DUP, fd)
	case OpFcntl:
		sys(unix.SYS_FCNTL, fd, uintptr(c.N), uintptr(c.Arg))
	case OpIoctl:
		var v int32
		sys(unix.SYS_IOCTL, fd, uintptr(c.N), uintptr(unsafe.Pointer(&v)))
		if r.Errno == 0 {
			r.Data = cint(v)
		}
	case OpPoll:
		p := unix.PollFd{Fd: c.Poll[0].FD, Events: int16(c.Poll[0].Events)}
		sys(unix.SYS_POLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(c.Timeout))
		r.Poll = []PollFD{{FD: p.Fd, Events: c.Poll[0].Events, Revents: uint32(uint16(p.Revents))}}
	}
	if r.Errno == 0 && alen > 0 {
		r.Addr, r.AddrLen = addrOfRaw(sa[:]), int32(alen)
	}
	return r
}
