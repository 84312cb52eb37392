//go:build linux

package kernel

import (
	"encoding/binary"
	"unsafe"

	"github.com/sockspec/sockspec/sock"
	"golang.org/x/sys/unix"
)

// withFilter is an option's value, with the address of the program that belongs to it, if one does (struct sock_fprog).
func withFilter(c *sock.Call) []byte {
	if len(c.Filter) == 0 || len(c.Data) < 16 {
		return c.Data
	}
	b := append([]byte(nil), c.Data...)
	binary.NativeEndian.PutUint64(b[8:], uint64(uintptr(unsafe.Pointer(unsafe.SliceData(c.Filter)))))
	return b
}

// invokeGetFilter is SO_GET_FILTER, whose length counts instructions of eight octets.
func invokeGetFilter(c *sock.Call) sock.Return {
	prog := make([]sock.SockFilter, max(0, c.Len)+1)
	length := uint32(c.Len)
	n, _, err := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(c.FD), uintptr(c.Level), uintptr(c.Name),
		uintptr(unsafe.Pointer(&prog[0])), uintptr(unsafe.Pointer(&length)), 0)
	r := ret(n, err)
	if err == 0 {
		r.Data = make([]byte, length)
		if c.Len > 0 {
			r.Filter = prog[:length]
			copy(r.Data, unsafe.Slice((*byte)(unsafe.Pointer(&prog[0])), 8*len(prog)))
		}
	}
	return r
}
