//go:build linux && amd64

package sock

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dgram makes a call on the kernel as programs that use datagrams do: sendmsg
// and recvmsg with addresses and control messages. Others go the usual way.
func (l *live) dgram(c Call) Return {
	switch c.Op {
	case OpSend:
		return l.sendmsg(c)
	case OpRecv:
		return l.recvmsg(c)
	case OpSendmmsg, OpRecvmmsg:
		return l.mmsg(c)
	case OpBind, OpConnect:
		raw := fullAddr(c.Addr)
		nr := uintptr(unix.SYS_BIND)
		if c.Op == OpConnect {
			nr = unix.SYS_CONNECT
		}
		_, _, e := unix.Syscall(nr, uintptr(c.FD), ptr(raw), uintptr(c.AddrLen))
		runtime.KeepAlive(raw)
		return returned(0, Errno(e))
	}
	return l.call(c)
}

func returned(v int64, e Errno) Return {
	if e != 0 {
		v = -1
	}
	return Return{Value: v, Errno: e}
}

// fullAddr is rawAddr with the scope.
func fullAddr(a Addr) []byte {
	b := rawAddr(a)
	if a.Family == AF_INET6 {
		binary.NativeEndian.PutUint32(b[24:], a.Scope)
	}
	return b
}

// sendmsg is sendmsg(2).
func (l *live) sendmsg(c Call) Return {
	var m unix.Msghdr
	name := fullAddr(c.Addr)
	if c.AddrLen > 0 {
		m.Name, m.Namelen = &name[0], uint32(c.AddrLen)
	}
	iov := unix.Iovec{}
	if len(c.Data) > 0 {
		iov.Base = &c.Data[0]
	}
	iov.SetLen(len(c.Data))
	m.Iov = &iov
	m.SetIovlen(1)
	oob := rawControl(c.Control)
	if len(oob) > 0 {
		m.Control = &oob[0]
		m.SetControllen(len(oob))
	}
	v, _, e := unix.Syscall(unix.SYS_SENDMSG, uintptr(c.FD), uintptr(unsafe.Pointer(&m)), uintptr(c.Flags|MSG_NOSIGNAL))
	runtime.KeepAlive(name)
	runtime.KeepAlive(oob)
	return returned(int64(v), Errno(e))
}

// recvmsg is recvmsg(2).
func (l *live) recvmsg(c Call) Return {
	var m unix.Msghdr
	var name [128]byte
	var oob [1024]byte
	iov := unix.Iovec{Base: &l.buf[0]}
	iov.SetLen(int(c.Len))
	m.Name, m.Namelen, m.Iov, m.Control = &name[0], uint32(len(name)), &iov, &oob[0]
	m.SetIovlen(1)
	m.SetControllen(len(oob))
	v, _, e := unix.Syscall(unix.SYS_RECVMSG, uintptr(c.FD), uintptr(unsafe.Pointer(&m)), uintptr(c.Flags))
	r := returned(int64(v), Errno(e))
	if e != 0 {
		return r
	}
	r.Data = append(r.Data, l.buf[:min(int(v), int(c.Len))]...)
	r.MsgFlags = m.Flags
	if r.AddrLen = int32(m.Namelen); m.Namelen > 0 {
		r.Addr = addrOfRaw(name[:])
	}
	r.Control = readControl(oob[:m.Controllen])
	return r
}

// readControl takes control messages apart (struct cmsghdr).
func readControl(b []byte) (list []Control) {
	for len(b) >= unix.SizeofCmsghdr {
		n := int(binary.NativeEndian.Uint64(b))
		list = append(list, Control{
			Level: int32(binary.NativeEndian.Uint32(b[8:])), Type: int32(binary.NativeEndian.Uint32(b[12:])),
			Data: append([]byte(nil), b[16:n]...),
		})
		b = b[min((n+7)&^7, len(b)):]
	}
	return list
}

// rawControl lays control messages out (struct cmsghdr).
func rawControl(list []Control) []byte {
	var b []byte
	for _, c := range list {
		b = binary.NativeEndian.AppendUint64(b, uint64(16+len(c.Data)))
		b = binary.NativeEndian.AppendUint32(b, uint32(c.Level))
		b = binary.NativeEndian.AppendUint32(b, uint32(c.Type))
		b = append(b, c.Data...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
	}
	return b
}
