//go:build linux

package kernel

import (
	"testing"

	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// credCaps pairs the model's capabilities with the kernel's numbers.
var credCaps = []struct {
	model  sock.Capability
	number uint
}{
	{sock.CapNetBindService, unix.CAP_NET_BIND_SERVICE}, {sock.CapNetRaw, unix.CAP_NET_RAW}, {sock.CapNetAdmin, unix.CAP_NET_ADMIN},
	{sock.CapSysAdmin, unix.CAP_SYS_ADMIN}, {sock.CapSetUID, unix.CAP_SETUID}, {sock.CapSetGID, unix.CAP_SETGID},
}

// credState is who a thread is.
type credState struct {
	uid, gid             [3]int
	permitted, effective sock.Capability
}

// realCred asks the kernel about this thread.
func realCred() (s credState, data [2]unix.CapUserData, err error) {
	s.uid[0], s.uid[1], s.uid[2] = unix.Getresuid()
	s.gid[0], s.gid[1], s.gid[2] = unix.Getresgid()
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	err = unix.Capget(&hdr, &data[0])
	for _, c := range credCaps {
		if data[c.number/32].Permitted>>(c.number%32)&1 != 0 {
			s.permitted |= c.model
		}
		if data[c.number/32].Effective>>(c.number%32)&1 != 0 {
			s.effective |= c.model
		}
	}
	return s, data, err
}

// realCall changes this thread alone: the C library is what spreads such calls to a process.
func realCall(c sock.Call) unix.Errno {
	id := func(i int) uintptr { return uintptr(uint32(c.IDs[i])) }
	var e unix.Errno
	switch c.Op {
	case sock.OpSetresuid:
		_, _, e = unix.RawSyscall(unix.SYS_SETRESUID, id(0), id(1), id(2))
	case sock.OpSetresgid:
		_, _, e = unix.RawSyscall(unix.SYS_SETRESGID, id(0), id(1), id(2))
	default:
		_, data, _ := realCred()
		for _, cap := range credCaps {
			d, bit := &data[cap.number/32], uint32(1)<<(cap.number%32)
			d.Permitted, d.Effective = d.Permitted&^bit, d.Effective&^bit
			if sock.Capability(c.Arg)&cap.model != 0 {
				d.Permitted |= bit
			}
			if sock.Capability(c.N)&cap.model != 0 {
				d.Effective |= bit
			}
		}
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		if err := unix.Capset(&hdr, &data[0]); err != nil {
			e = err.(unix.Errno)
		}
	}
	return e
}

// modelCred is who thread 1 of the model is.
func modelCred(h *sock.Host) credState {
	c := h.Cred(1)
	all := sock.Capability(0)
	for _, x := range credCaps {
		all |= x.model
	}
	return credState{
		[3]int{int(c.UID), int(c.EUID), int(c.SUID)}, [3]int{int(c.GID), int(c.EGID), int(c.SGID)}, c.Permitted & all, c.Effective & all,
	}
}

func drawCredCall(t *rapid.T) sock.Call {
	c := sock.Call{Op: rapid.SampledFrom([]sock.Op{sock.OpSetresuid, sock.OpSetresuid, sock.OpSetresgid, sock.OpCapset}).Draw(t, "op")}
	for i := range c.IDs {
		c.IDs[i] = rapid.SampledFrom([]int32{-1, 0, 1000, 1001}).Draw(t, "id")
	}
	for _, x := range credCaps {
		c.Arg |= int64(x.model) * rapid.SampledFrom([]int64{1, 1, 1, 0}).Draw(t, "permitted")
		c.N |= int64(x.model) * rapid.SampledFrom([]int64{1, 1, 0}).Draw(t, "effective")
	}
	c.N &= c.Arg | int64(sock.CapNetRaw) // now and then more than is permitted
	return c
}

// TestCredentialsChangeAsTheKernelsDo: random histories of who a process is and
// what it may do.
func TestCredentialsChangeAsTheKernelsDo(t *testing.T) {
	needKernel(t)
	rapid.Check(t, func(rt *rapid.T) {
		calls := rapid.SliceOfN(rapid.Custom(drawCredCall), 1, 8).Draw(rt, "calls")
		h := sock.New(sock.HostConfig{NoCaps: sock.CapSysResource})
		var want, got []credStep
		onThread(t, func() error { return nil }, func() {
			for _, c := range calls {
				model, real := callModel(h, c), realCall(c)
				state, _, err := realCred()
				want = append(want, credStep{sock.Errno(real), state, err})
				got = append(got, credStep{model, modelCred(h), nil})
			}
		})
		require.Equal(rt, want, got, "the kernel's steps, and the model's")
	})
}

// credStep is what a call came to.
type credStep struct {
	errno sock.Errno
	state credState
	err   error
}
