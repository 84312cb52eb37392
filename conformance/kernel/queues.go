//go:build linux

package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Queues counts a listener's requests and unaccepted connections. A listener's TCP_INFO has the length of its accept queue in
// tcpi_unacked (tcp_get_info), whose place is at octet 24; requests are the SYN_RECV rows of /proc/net/tcp with its local port.
func (in *instance) Queues(fd int32) (syn, accept int, err error) {
	var info [32]byte
	length := uint32(len(info))
	if _, errno := call6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&info[0])), uintptr(unsafe.Pointer(&length)), 0); errno != 0 {
		return 0, 0, errno
	}
	if info[0] != unix.BPF_TCP_LISTEN {
		return 0, 0, fmt.Errorf("descriptor %d is no listener", fd)
	}
	accept = int(binary.NativeEndian.Uint32(info[24:]))
	sa, err := unix.Getsockname(int(fd))
	if err != nil {
		return 0, 0, err
	}
	port := 0
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		port = a.Port
	case *unix.SockaddrInet6:
		port = a.Port
	}
	for _, file := range []string{"tcp", "tcp6"} {
		b, err := in.procNet(file)
		if err != nil && file == "tcp" {
			return 0, 0, err
		}
		syn += countRequests(b, port)
	}
	return syn, accept, nil
}

// countRequests counts rows in state SYN_RECV that are requests: they alone have no inode (get_openreq4).
func countRequests(table []byte, port int) int {
	n := 0
	for _, row := range bytes.Split(table, []byte("\n")) {
		f := bytes.Fields(row)
		if len(f) < 10 || string(f[3]) != "03" || string(f[9]) != "0" {
			continue
		}
		local := f[1]
		p, err := strconv.ParseUint(string(local[bytes.LastIndexByte(local, ':')+1:]), 16, 16)
		if err == nil && int(p) == port {
			n++
		}
	}
	return n
}
