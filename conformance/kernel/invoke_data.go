//go:build linux

package kernel

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"github.com/sockspec/sockspec/sock"
	"golang.org/x/sys/unix"
)

// encodeAddr lays an address out as struct sockaddr_in, sockaddr_in6 or a bare family, filled up to the length given.
// A family that is neither keeps the layout of the address beside it: bind(2) reads one behind AF_UNSPEC.
func encodeAddr(a sock.Addr, n int32) []byte {
	b := binary.NativeEndian.AppendUint16(nil, a.Family)
	six := a.Family == unix.AF_INET6 || a.Family != unix.AF_INET && a.AP.Addr().Is6()
	switch {
	case a.Family == unix.AF_INET, !six && a.AP.Addr().Is4():
		b = binary.BigEndian.AppendUint16(b, a.AP.Port())
		if ip := a.AP.Addr().Unmap(); ip.Is4() {
			b = append(b, ip.AsSlice()...)
		}
	case six:
		b = binary.BigEndian.AppendUint16(b, a.AP.Port())
		b = binary.BigEndian.AppendUint32(b, a.Flow)
		ip := netip.IPv6Unspecified()
		if a.AP.IsValid() {
			ip = netip.AddrFrom16(a.AP.Addr().As16())
		}
		b = append(b, ip.AsSlice()...)
		b = binary.NativeEndian.AppendUint32(b, a.Scope)
	}
	if short := int(n) - len(b); short > 0 && n < 4096 {
		b = append(b, make([]byte, short)...)
	}
	return b
}

// decodeAddr reads what the kernel wrote.
func decodeAddr(b []byte) sock.Addr {
	var a sock.Addr
	if len(b) < 2 {
		return a
	}
	a.Family = binary.NativeEndian.Uint16(b)
	switch {
	case a.Family == unix.AF_INET && len(b) >= 16:
		a.AP = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:])), binary.BigEndian.Uint16(b[2:]))
	case a.Family == unix.AF_INET6 && len(b) >= 28:
		a.AP = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:])), binary.BigEndian.Uint16(b[2:]))
		a.Flow, a.Scope = binary.BigEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[24:])
	}
	return a
}

func invokeAddr(c *sock.Call) sock.Return {
	nr := uintptr(unix.SYS_BIND)
	if c.Op == sock.OpConnect {
		nr = unix.SYS_CONNECT
	}
	var b []byte
	if c.AddrLen != 0 || c.Addr != (sock.Addr{}) {
		b = encodeAddr(c.Addr, c.AddrLen)
	}
	n, err := call6(nr, uintptr(c.FD), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(c.AddrLen), 0, 0, 0)
	return ret(n, err)
}

// addrRoom is the room that a call has for an address, enough unless it says otherwise.
func addrRoom(c *sock.Call) uint32 {
	if c.HasRoom {
		return uint32(c.AddrLen)
	}
	return 128 // struct sockaddr_storage
}

func invokeName(c *sock.Call) sock.Return {
	var b [128]byte
	room := addrRoom(c)
	length := room
	nr, flags := uintptr(unix.SYS_ACCEPT4), uintptr(c.Flags)|unix.SOCK_CLOEXEC
	switch c.Op {
	case sock.OpGetsockname:
		nr, flags = unix.SYS_GETSOCKNAME, 0
	case sock.OpGetpeername:
		nr, flags = unix.SYS_GETPEERNAME, 0
	}
	n, _, err := unix.Syscall6(nr, uintptr(c.FD), uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&length)), flags, 0, 0)
	r := ret(n, err)
	if err == 0 {
		r.Addr, r.AddrLen = decodeAddr(b[:min(length, room, uint32(len(b)))]), int32(length)
	}
	return r
}

// invokeReceive is recvmsg, which has all that recv and recvfrom have, or read.
func invokeReceive(c *sock.Call) sock.Return {
	data := make([]byte, max(0, c.Len))
	base := unsafe.SliceData(data)
	if c.Fault&sock.FaultData != 0 {
		base = nil
	}
	if c.Op == sock.OpRead {
		n, err := call6(unix.SYS_READ, uintptr(c.FD), uintptr(unsafe.Pointer(base)), uintptr(c.Len), 0, 0, 0)
		r := ret(n, err)
		r.Data = data[:max(0, min(r.Value, int64(len(data))))]
		return r
	}
	var name [128]byte
	control := make([]byte, controlRoom(c.HasControlRoom, c.ControlLen))
	iov := unix.Iovec{Base: base}
	iov.SetLen(len(data))
	msg := unix.Msghdr{Name: &name[0], Namelen: addrRoom(c), Iov: &iov}
	msg.SetIovlen(1)
	if len(control) > 0 {
		msg.Control = &control[0]
		msg.SetControllen(len(control))
	}
	n, _, err := unix.Syscall(unix.SYS_RECVMSG, uintptr(c.FD), uintptr(unsafe.Pointer(&msg)), uintptr(c.Flags))
	r := ret(n, err)
	if err != 0 {
		return r
	}
	r.Data = data[:max(0, min(r.Value, int64(len(data))))] // under MSG_TRUNC the value may be more
	r.MsgFlags = msg.Flags
	r.AddrLen = int32(msg.Namelen)
	r.Addr = decodeAddr(name[:min(msg.Namelen, addrRoom(c), uint32(len(name)))])
	r.Control = decodeControl(control[:msg.Controllen])
	return r
}

// controlRoom is the room that a message to receive has for control messages, octets: enough unless it says otherwise.
func controlRoom(has bool, n int32) int32 {
	if has {
		return max(n, 0)
	}
	return 512
}

// decodeControl takes control messages apart.
func decodeControl(b []byte) []sock.Control {
	msgs, err := unix.ParseSocketControlMessage(b)
	if err != nil {
		return nil
	}
	var list []sock.Control
	for _, m := range msgs {
		list = append(list, sock.Control{Level: m.Header.Level, Type: m.Header.Type, Data: append([]byte(nil), m.Data...)})
	}
	return list
}

// invokeSend is write, sendto, or sendmsg where there are control messages. Nil Data with a length is a null pointer.
func invokeSend(c *sock.Call) sock.Return {
	n := len(c.Data)
	if c.Data == nil {
		n = int(c.Len)
	}
	var name []byte
	if c.AddrLen != 0 {
		name = encodeAddr(c.Addr, c.AddrLen)
	}
	switch {
	case c.Op == sock.OpWrite:
		v, err := call6(unix.SYS_WRITE, uintptr(c.FD), uintptr(unsafe.Pointer(unsafe.SliceData(c.Data))), uintptr(n), 0, 0, 0)
		return ret(v, err)
	case len(c.Control) == 0:
		v, err := call6(unix.SYS_SENDTO, uintptr(c.FD), uintptr(unsafe.Pointer(unsafe.SliceData(c.Data))), uintptr(n), uintptr(c.Flags), uintptr(unsafe.Pointer(unsafe.SliceData(name))), uintptr(c.AddrLen))
		return ret(v, err)
	}
	iov := unix.Iovec{Base: unsafe.SliceData(c.Data)}
	iov.SetLen(n)
	control := encodeControl(c.Control)
	msg := unix.Msghdr{Name: unsafe.SliceData(name), Namelen: uint32(c.AddrLen), Iov: &iov, Control: &control[0]}
	msg.SetIovlen(1)
	msg.SetControllen(len(control))
	v, _, err := unix.Syscall(unix.SYS_SENDMSG, uintptr(c.FD), uintptr(unsafe.Pointer(&msg)), uintptr(c.Flags))
	return ret(v, err)
}

// encodeControl lays control messages out as CMSG_NXTHDR walks them.
func encodeControl(list []sock.Control) []byte {
	var b []byte
	for _, m := range list {
		at := len(b)
		b = append(b, make([]byte, unix.CmsgSpace(len(m.Data)))...)
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[at]))
		h.Level, h.Type = m.Level, m.Type
		h.SetLen(unix.CmsgLen(len(m.Data)))
		copy(b[at+unix.CmsgLen(0):], m.Data)
	}
	return b
}
