//go:build linux && amd64

package sock

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Numbers in a row that stand for the caller and its group, whose real ones
// differ between the kernel and the model.
const (
	whoSelf  = 1 << 20
	whoGroup = -whoSelf
	whoDead  = 999999
)

// fileAsk is a call on a file; what it hands over is arg or, in words, a struct.
type fileAsk struct {
	op    Op
	n     int64
	arg   int64
	words []int32 // through a pointer, both ways
	fault bool    // the pointer is bad
	dup   int     // arg is a descriptor: 1 of the same file, 2 of another
}

func fcntlOf(n, arg int64) fileAsk        { return fileAsk{op: OpFcntl, n: n, arg: arg} }
func fcntlAt(n int64, w ...int32) fileAsk { return fileAsk{op: OpFcntl, n: n, words: w} }
func ioctlAt(n int64, w ...int32) fileAsk { return fileAsk{op: OpIoctl, n: n, words: w} }

// fileAsks are made in order on one file; each may depend on those before.
var fileAsks = []fileAsk{
	fcntlAt(F_GETOWN_EX, 9, 9), fcntlAt(F_GETOWNER_UIDS, 9, 9), fcntlOf(F_GETOWN, 0),
	fcntlOf(F_SETOWN, whoSelf), fcntlOf(F_GETOWN, 0), fcntlAt(F_GETOWN_EX, 9, 9), fcntlAt(F_GETOWNER_UIDS, 9, 9),
	fcntlOf(F_SETOWN, whoDead), fcntlOf(F_SETOWN, -whoDead), fcntlOf(F_SETOWN, -1<<31), fcntlOf(F_GETOWN, 0),
	fcntlOf(F_SETOWN, whoGroup), fcntlOf(F_GETOWN, 0), fcntlAt(F_GETOWN_EX, 9, 9), ioctlAt(SIOCGPGRP, 7),
	fcntlOf(F_SETOWN, 1<<32), fcntlOf(F_GETOWN, 0), fcntlAt(F_GETOWN_EX, 9, 9),
	fcntlAt(F_SETOWN_EX, F_OWNER_TID, whoSelf), fcntlAt(F_GETOWN_EX, 9, 9), fcntlAt(F_SETOWN_EX, F_OWNER_PID, whoSelf), fcntlAt(F_GETOWN_EX, 9, 9),
	fcntlAt(F_SETOWN_EX, 3, 0), fcntlAt(F_SETOWN_EX, -1, 0), fcntlAt(F_SETOWN_EX, F_OWNER_PID, whoDead), fcntlAt(F_SETOWN_EX, F_OWNER_PID, -1), fcntlAt(F_GETOWN_EX, 9, 9),
	{op: OpFcntl, n: F_SETOWN_EX, fault: true}, {op: OpFcntl, n: F_GETOWN_EX, fault: true}, {op: OpFcntl, n: F_GETOWNER_UIDS, fault: true},
	fcntlAt(F_SETOWN_EX, F_OWNER_PGRP, 0), fcntlAt(F_GETOWN_EX, 9, 9), fcntlOf(F_GETOWN, 0),
	fcntlOf(F_GETSIG, 0), fcntlOf(F_SETSIG, 64), fcntlOf(F_GETSIG, 0), fcntlOf(F_SETSIG, 65), fcntlOf(F_SETSIG, -1), fcntlOf(F_GETSIG, 0), fcntlOf(F_SETSIG, 0), fcntlOf(F_GETSIG, 0),
	{op: OpFcntl, n: F_DUPFD_QUERY, dup: 1}, {op: OpFcntl, n: F_DUPFD_QUERY, dup: 2}, fcntlOf(F_DUPFD_QUERY, -1), fcntlOf(F_DUPFD_QUERY, 1<<20),
	fcntlOf(F_GETLEASE, 0), fcntlOf(F_NOTIFY, 0), fcntlOf(F_NOTIFY, 1), fcntlOf(F_NOTIFY, 0x80000000), fcntlOf(F_CREATED_QUERY, 0),
	fcntlOf(F_GETPIPE_SZ, 0), fcntlOf(F_SETPIPE_SZ, 4096), fcntlOf(1034, 0), fcntlOf(1033, 0), fcntlOf(1029, 0), fcntlOf(18, 0), fcntlOf(-1, 0),
	fcntlOf(F_SETFL, O_DIRECT), fcntlOf(F_SETFL, O_NOATIME|O_APPEND), fcntlOf(F_GETFL, 0), fcntlOf(F_SETFL, O_ASYNC|O_NONBLOCK), fcntlOf(F_GETFL, 0),
	fcntlOf(F_SETFL, -1), fcntlOf(F_SETFL, O_DIRECT|O_APPEND), fcntlOf(F_GETFL, 0), fcntlOf(F_SETFL, 0x101040), fcntlOf(F_GETFL, 0),
	ioctlAt(FIOASYNC, 1), fcntlOf(F_GETFL, 0), ioctlAt(FIOASYNC, 5), fcntlOf(F_GETFL, 0), ioctlAt(FIOASYNC, 0), fcntlOf(F_GETFL, 0), {op: OpIoctl, n: FIOASYNC, fault: true},
	ioctlAt(FIONBIO, 1), fcntlOf(F_GETFL, 0), {op: OpIoctl, n: FIONBIO, fault: true}, ioctlAt(FIONBIO, 0), fcntlOf(F_GETFL, 0),
	ioctlAt(FIOSETOWN, whoSelf), ioctlAt(FIOGETOWN, 7), ioctlAt(SIOCSPGRP, whoGroup), ioctlAt(FIOGETOWN, 7), fcntlOf(F_GETOWN, 0), ioctlAt(SIOCSPGRP, 0), ioctlAt(SIOCGPGRP, 7),
	ioctlAt(SIOCSPGRP, whoDead), ioctlAt(SIOCSPGRP, -1<<31), {op: OpIoctl, n: SIOCSPGRP, fault: true}, {op: OpIoctl, n: FIOGETOWN, fault: true},
	ioctlAt(FIOQSIZE, 0, 0), ioctlAt(FIGETBSZ, 7), ioctlAt(1, 7), ioctlAt(0x5401, 7), ioctlAt(0x1234, 7), {op: OpIoctl, n: SIOCINQ, fault: true},
}

// fileSide is one of the two, with its own numbers of caller and group.
type fileSide struct {
	self, group, fd int64
	dups            [2]int64
}

func (s fileSide) in(v int64) int64 {
	switch v {
	case whoSelf:
		return s.self
	case whoGroup:
		return -s.group
	}
	return v
}

// out turns the side's own numbers back.
func (s fileSide) out(v int64) int64 {
	switch v {
	case s.self:
		return whoSelf
	case -s.group:
		return whoGroup
	}
	return v
}

// fileAnswer is a call's result: words are what its pointer leads to then.
type fileAnswer struct {
	value int64
	errno Errno
	words [2]int64
}

// tidy takes each side's own numbers out of an answer about owners.
func (s fileSide) tidy(a fileAsk, r fileAnswer) fileAnswer {
	switch {
	case a.op == OpFcntl && a.n == F_GETOWN:
		r.value = s.out(r.value)
	case a.op == OpFcntl && a.n == F_GETOWN_EX && r.words[0] == F_OWNER_PGRP:
		r.words[1] = -s.out(-r.words[1])
	case a.op == OpFcntl && a.n == F_GETOWN_EX:
		r.words[1] = s.out(r.words[1])
	case a.op == OpIoctl && (a.n == FIOGETOWN || a.n == SIOCGPGRP):
		r.words[0] = s.out(r.words[0])
	case a.n == F_SETOWN_EX, a.n == FIOSETOWN, a.n == SIOCSPGRP:
		r.words = [2]int64{} // what was handed over
	}
	return r
}

func (s fileSide) askKernel(a fileAsk) fileAnswer {
	nr, arg := uintptr(unix.SYS_FCNTL), uintptr(s.in(a.arg))
	if a.op == OpIoctl {
		nr = unix.SYS_IOCTL
	}
	var at [4]int32
	copy(at[:], a.words)
	for i := range at {
		at[i] = int32(s.in(int64(at[i])))
	}
	var v uintptr
	var e unix.Errno
	switch {
	case a.fault:
		v, _, e = unix.Syscall(nr, uintptr(s.fd), uintptr(a.n), badPointer)
	case a.dup > 0:
		v, _, e = unix.Syscall(nr, uintptr(s.fd), uintptr(a.n), uintptr(s.dups[a.dup-1]))
	case a.words != nil:
		v, _, e = unix.Syscall(nr, uintptr(s.fd), uintptr(a.n), uintptr(unsafe.Pointer(&at)))
	default:
		v, _, e = unix.Syscall(nr, uintptr(s.fd), uintptr(a.n), arg)
	}
	value := int64(v)
	switch {
	case a.op == OpFcntl && a.n == F_GETOWN && int64(e) == s.group:
		value = -s.group // below 4096 a group's number reads like an error
	case e != 0:
		return fileAnswer{value: -1, errno: Errno(e)}
	}
	return s.tidy(a, fileAnswer{value: value, words: [2]int64{int64(at[0]), int64(at[1])}})
}

func (s fileSide) askModel(t *testing.T, h *Host, a fileAsk) fileAnswer {
	c := Call{Op: a.op, FD: int32(s.fd), N: a.n, Arg: s.in(a.arg)}
	if a.fault {
		c.Fault = FaultData
	}
	if a.dup > 0 {
		c.Arg = s.dups[a.dup-1]
	}
	for _, w := range a.words {
		c.Data = append(c.Data, cint(int32(s.in(int64(w))))...)
	}
	if a.op == OpIoctl && a.words != nil {
		c.Arg = s.in(int64(a.words[0]))
	}
	ret, _ := doneOf(h.Call(0, 1, c, nil))
	require.NoError(t, h.Check())
	if ret.Errno != 0 {
		return fileAnswer{value: ret.Value, errno: ret.Errno}
	}
	b := append([]byte(nil), c.Data...)
	copy(b, ret.Data)
	b = append(b, make([]byte, 8)...)
	r := fileAnswer{value: ret.Value}
	for i := range r.words {
		r.words[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return s.tidy(a, r)
}

// TestEveryFileTakesTheCommandsThatLinuxGivesAll asks sockets of each kind and an
// epoll the same as the kernel's, one after the other.
func TestEveryFileTakesTheCommandsThatLinuxGivesAll(t *testing.T) {
	kinds := []struct {
		name string
		open Call
	}{
		{"tcp", Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM}},
		{"udp6", Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_DGRAM}},
		{"epoll", Call{Op: OpEpollCreate}},
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			b := newBench(t)
			h := b.h
			var kern live
			kernel := fileSide{self: int64(unix.Getpid()), group: int64(unix.Getpgrp())}
			model := fileSide{self: firstPID, group: firstPID}
			kernel.fd, model.fd = kern.call(k.open).Value, b.call(k.open).Value
			kernel.dups = [2]int64{kern.call(Call{Op: OpDup, FD: int32(kernel.fd)}).Value, kern.call(k.open).Value}
			model.dups = [2]int64{b.call(Call{Op: OpDup, FD: int32(model.fd)}).Value, b.call(k.open).Value}
			for i, a := range fileAsks {
				before := h.Fingerprint()
				want, got := kernel.askKernel(a), model.askModel(t, h, a)
				require.Equal(t, want, got, "%d: %v %#x of %+v", i, a.op, a.n, a)
				if want.errno != 0 {
					require.Equal(t, before, h.Fingerprint(), "%d: a refused call changed the host", i)
				}
			}
			for _, fd := range append(kernel.dups[:], kernel.fd) {
				require.NoError(t, unix.Close(int(fd)))
			}
		})
	}
}
