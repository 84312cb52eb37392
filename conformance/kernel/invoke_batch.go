//go:build linux

package kernel

import (
	"runtime"
	"unsafe"

	"github.com/sockspec/sockspec/sock"
	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// batch is the memory of a sendmmsg or recvmmsg, entry by entry.
type batch struct {
	entries              []mmsghdr
	names, data, control [][]byte
	iov                  []unix.Iovec
}

// newBatch lays the messages out. The room of one to receive is its length, and what it says of control messages.
func newBatch(c *sock.Call) *batch {
	n := len(c.Msgs)
	b := &batch{make([]mmsghdr, n+1), make([][]byte, n), make([][]byte, n), make([][]byte, n), make([]unix.Iovec, n)}
	for i, m := range c.Msgs {
		if c.Op == sock.OpRecvmmsg {
			b.names[i], b.data[i], b.control[i] = make([]byte, 128), make([]byte, max(0, m.Len)), make([]byte, controlRoom(m.HasControlRoom, m.ControlLen))
		} else {
			b.data[i], b.control[i] = m.Data, encodeControl(m.Control)
			if m.AddrLen != 0 {
				b.names[i] = encodeAddr(m.Addr, m.AddrLen)[:max(0, m.AddrLen)]
			}
		}
		b.iov[i].Base = unsafe.SliceData(b.data[i])
		b.iov[i].SetLen(max(len(b.data[i]), int(m.Len)))
		h := &b.entries[i].hdr
		h.Name, h.Namelen = unsafe.SliceData(b.names[i]), uint32(len(b.names[i]))
		h.Iov, h.Control = &b.iov[i], unsafe.SliceData(b.control[i])
		h.SetIovlen(1)
		h.SetControllen(len(b.control[i]))
	}
	return b
}

// invokeBatch is sendmmsg and recvmmsg.
func invokeBatch(c *sock.Call) sock.Return {
	b, nr, timeout := newBatch(c), uintptr(unix.SYS_SENDMMSG), append([]byte(nil), c.Data...)
	if c.Op == sock.OpRecvmmsg {
		nr = unix.SYS_RECVMMSG
	}
	v, err := call6(nr, uintptr(c.FD), uintptr(unsafe.Pointer(&b.entries[0])), uintptr(len(c.Msgs)), uintptr(c.Flags), uintptr(unsafe.Pointer(unsafe.SliceData(timeout))), 0)
	r := ret(v, err)
	for i := range int(max(r.Value, 0)) {
		m := sock.Msg{Len: int32(b.entries[i].n)}
		if c.Op == sock.OpRecvmmsg {
			h := &b.entries[i].hdr
			m.Data, m.Flags, m.AddrLen = b.data[i][:min(int(m.Len), len(b.data[i]))], h.Flags, int32(h.Namelen)
			m.Addr, m.Control = decodeAddr(b.names[i][:min(int(h.Namelen), 128)]), decodeControl(b.control[i][:h.Controllen])
		}
		r.Msgs = append(r.Msgs, m)
	}
	runtime.KeepAlive(b)
	if err == 0 {
		r.Data = timeout
	}
	return r
}
