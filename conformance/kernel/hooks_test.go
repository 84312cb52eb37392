//go:build linux

package kernel

import (
	"net/netip"
	"runtime"
	"testing"
	"unsafe"

	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// refusedWith is an error that no call here has of its own.
const refusedWith = sock.EIO

// hookCase is a hook, and calls that are wrong in ways that show whether it is
// asked before or after what is wrong is seen.
type hookCase struct {
	name  string
	hook  sock.Hook
	point hookPoint
	calls []sock.Call // on fd, and on a listener that is fd+1
}

const (
	cgroupSock     = unix.BPF_PROG_TYPE_CGROUP_SOCK
	cgroupSockAddr = unix.BPF_PROG_TYPE_CGROUP_SOCK_ADDR
	cgroupSockopt  = unix.BPF_PROG_TYPE_CGROUP_SOCKOPT
)

func hookCases(fd int32) []hookCase {
	at := func(op sock.Op, ap string, alen int32) sock.Call {
		return sock.Call{Op: op, FD: fd, AddrLen: alen, Addr: sock.Addr{Family: sock.AF_INET, AP: netip.MustParseAddrPort(ap)}}
	}
	socket := func(domain, typ, proto int32) sock.Call {
		return sock.Call{Op: sock.OpSocket, Domain: domain, Type: typ, Proto: proto}
	}
	strange, elsewhere := at(sock.OpBind, "127.0.0.1:9000", 16), at(sock.OpBind, "192.0.2.1:9000", 16)
	strange.Addr.Family = sock.AF_INET6
	listening := at(sock.OpBind, "127.0.0.1:9001", 16)
	listening.FD++
	binds := []sock.Call{at(sock.OpBind, "127.0.0.1:9000", 16), at(sock.OpBind, "127.0.0.1:9000", 15), at(sock.OpBind, "127.0.0.1:9000", -1), strange, elsewhere, listening}
	connected := at(sock.OpConnect, "127.0.0.1:9000", 16)
	connected.FD++
	option := func(op sock.Op, level, name int32) sock.Call {
		return sock.Call{Op: op, FD: fd, Level: level, Name: name, Len: 4, Data: make([]byte, 4)}
	}
	return []hookCase{
		{"create", sock.CgroupSockCreate, hookPoint{cgroupSock, unix.BPF_CGROUP_INET_SOCK_CREATE}, []sock.Call{
			socket(sock.AF_INET, sock.SOCK_STREAM, 0), socket(sock.AF_INET6, sock.SOCK_STREAM, 0), socket(sock.AF_INET, sock.SOCK_STREAM, 77),
			socket(sock.AF_INET, 9, 0), socket(99, sock.SOCK_STREAM, 0), socket(sock.AF_INET, sock.SOCK_STREAM|0x1000, 0)}},
		{"bind", sock.CgroupBind, hookPoint{cgroupSockAddr, unix.BPF_CGROUP_INET4_BIND}, binds},
		{"post bind", sock.CgroupPostBind, hookPoint{cgroupSock, unix.BPF_CGROUP_INET4_POST_BIND}, binds},
		{"connect", sock.CgroupConnect, hookPoint{cgroupSockAddr, unix.BPF_CGROUP_INET4_CONNECT}, []sock.Call{
			at(sock.OpConnect, "127.0.0.1:9000", 16), at(sock.OpConnect, "127.0.0.1:9000", 15), at(sock.OpConnect, "127.0.0.1:9000", 1), connected}},
		{"setsockopt", sock.CgroupSetsockopt, hookPoint{cgroupSockopt, unix.BPF_CGROUP_SETSOCKOPT}, []sock.Call{
			option(sock.OpSetsockopt, sock.SOL_SOCKET, sock.SO_REUSEADDR), option(sock.OpSetsockopt, sock.SOL_TCP, 9999), option(sock.OpSetsockopt, 9999, 1)}},
		{"getsockopt", sock.CgroupGetsockopt, hookPoint{cgroupSockopt, unix.BPF_CGROUP_GETSOCKOPT}, []sock.Call{
			option(sock.OpGetsockopt, sock.SOL_SOCKET, sock.SO_REUSEADDR), option(sock.OpGetsockopt, sock.SOL_TCP, 9999)}},
	}
}

// begun is what both sides do before the hook is there: a fresh socket, and a
// listener.
func begun(fd int32) []sock.Call {
	return []sock.Call{
		{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM | sock.SOCK_CLOEXEC},
		{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM | sock.SOCK_CLOEXEC},
		{Op: sock.OpListen, FD: fd + 1, N: 1},
	}
}

// TestProgramsOfTheCgroupAreAskedWhereTheModelAsks: each call comes to the same
// error on both, with the same hook refusing.
func TestProgramsOfTheCgroupAreAskedWhereTheModelAsks(t *testing.T) {
	needKernel(t)
	group, leave, err := ownCgroup()
	if err != nil {
		t.Skip("no cgroup of our own:", err)
	}
	defer func() { require.NoError(t, leave()) }()
	onThread(t, newNamespace, func() {
		fd := lowestFree(t)
		for _, c := range hookCases(fd) {
			for _, call := range c.calls {
				refuse := sock.Hook(0)
				h := sock.New(sock.HostConfig{FirstFile: fd, Hooks: sock.Hooks{Cgroup: func(asked sock.HookCall) sock.Errno {
					if asked.Hook == refuse {
						return refusedWith
					}
					return 0
				}}})
				for _, b := range begun(fd) {
					require.Equal(t, callModel(h, b), invoke(&b, -1).Errno)
				}
				program, err := refuseAt(group, c.point, unix.Errno(refusedWith))
				require.NoError(t, err, c.name)
				refuse = c.hook
				want, got := callModel(h, call), invoke(&call, -1).Errno
				require.NoError(t, program.stop())
				require.Equal(t, sock.ErrnoName(want), sock.ErrnoName(got), "%s: %v %+v", c.name, call.Op, call)
				closeRange(fd)
			}
		}
	})
}

// TestCreationIsRefusedBeforeADescriptorIsLookedFor: CR-08 on both.
func TestCreationIsRefusedBeforeADescriptorIsLookedFor(t *testing.T) {
	needKernel(t)
	group, leave, err := ownCgroup()
	if err != nil {
		t.Skip("no cgroup of our own:", err)
	}
	defer func() { require.NoError(t, leave()) }()
	program, err := refuseAt(group, hookPoint{cgroupSock, unix.BPF_CGROUP_INET_SOCK_CREATE}, unix.Errno(refusedWith))
	require.NoError(t, err)
	var full, old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	full = old
	full.Cur = uint64(lowestFree(t))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &full))
	call := sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}
	refused := invoke(&call, -1).Errno
	detached := program.stop()
	free := invoke(&call, -1).Errno
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, detached)

	hook := refusedWith
	h := sock.New(sock.HostConfig{FirstFile: 3, MaxFiles: 3, Hooks: sock.Hooks{Cgroup: func(sock.HookCall) sock.Errno { return hook }}})
	require.Equal(t, sock.ErrnoName(callModel(h, call)), sock.ErrnoName(refused))
	hook = 0
	require.Equal(t, sock.ErrnoName(callModel(h, call)), sock.ErrnoName(free))
}

// TestLandlockIsAskedWhereTheModelAsks: bind and connect are the two socket
// calls that a thread can have its own security module refuse.
func TestLandlockIsAskedWhereTheModelAsks(t *testing.T) {
	needKernel(t)
	onThread(t, landlock, func() {
		fd := lowestFree(t)
		for _, call := range landlockCalls(fd) {
			h := sock.New(sock.HostConfig{FirstFile: fd, Hooks: sock.Hooks{Security: func(c sock.HookCall) sock.Errno {
				if c.Hook == sock.SocketBind || c.Hook == sock.SocketConnect {
					return sock.EACCES
				}
				return 0
			}}})
			for _, b := range begun(fd) {
				require.Equal(t, callModel(h, b), invoke(&b, -1).Errno)
			}
			require.Equal(t, sock.ErrnoName(callModel(h, call)), sock.ErrnoName(invoke(&call, -1).Errno), "%v %+v", call.Op, call)
			closeRange(fd)
		}
	})
}

// landlockCalls are wrong before and behind the hook. Landlock itself looks at
// the length and the family first, so those are left out.
func landlockCalls(fd int32) []sock.Call {
	var calls []sock.Call
	for _, op := range []sock.Op{sock.OpBind, sock.OpConnect} {
		for _, ap := range []string{"127.0.0.1:9000", "192.0.2.1:9000"} { // EADDRNOTAVAIL, ENETUNREACH are behind
			c := sock.Call{Op: op, FD: fd, AddrLen: 16, Addr: sock.Addr{Family: sock.AF_INET, AP: netip.MustParseAddrPort(ap)}}
			calls = append(calls, c)
			c.FD++ // bound twice, EISCONN: behind
			calls = append(calls, c)
			c.AddrLen = 129
			calls = append(calls, c)
			c.AddrLen, c.FD = -1, fd
			calls = append(calls, c)
			c.AddrLen, c.FD = 16, 199
			calls = append(calls, c)
		}
	}
	return calls
}

// landlock keeps this thread from binding and connecting by TCP, for good.
func landlock() error {
	const net = 3 // LANDLOCK_ACCESS_NET_BIND_TCP, _CONNECT_TCP
	attr := [3]uint64{0, net, 0}
	set, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if e != 0 {
		return e
	}
	defer unix.Close(int(set))
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, e := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); e != 0 {
		return e
	}
	return nil
}

// newNamespace puts this thread into a network namespace with loopback: without
// any address, every address may be bound.
func newNamespace() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	return packetio.ConfigureLink("lo", packetio.LinkConfig{})
}

// onThread runs f on a thread of its own that ends afterwards, so that what
// setUp does to it stays there; it skips where setUp is not allowed.
func onThread(t *testing.T, setUp func() error, f func()) {
	t.Helper()
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = setUp(); err == nil {
			f()
		}
	}()
	<-done
	if err != nil {
		t.Skip("not allowed here:", err)
	}
}

// lowestFree is the descriptor that the next call gets, with two more free
// behind it: holes below are filled for the test.
func lowestFree(t *testing.T) int32 {
	var fds []int
	t.Cleanup(func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	})
	for n := 0; n < 3 || fds[n-3] != fds[n-1]-2; n = len(fds) {
		fd, err := unix.Dup(0)
		require.NoError(t, err)
		fds = append(fds, fd)
	}
	n := len(fds) - 3
	for _, fd := range fds[n:] {
		unix.Close(fd)
	}
	first := fds[n]
	fds = fds[:n]
	return int32(first)
}

// closeRange closes what the calls opened.
func closeRange(fd int32) {
	for i := fd; i < fd+3; i++ {
		unix.Close(int(i))
	}
}

func callModel(h *sock.Host, c sock.Call) sock.Errno {
	for _, e := range h.Call(1, 1, c, nil) {
		if e.Kind == sock.Done {
			return e.Return.Errno
		}
	}
	return 0
}
