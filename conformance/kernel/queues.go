//go:build linux

package kernel

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Queues counts a listener's requests and unaccepted connections. A listener's TCP_INFO has the length of its accept queue in
// tcpi_unacked (tcp_get_info), whose place is at octet 24; requests are rows of /proc/net/tcp that no other listener of the port
// suits better. What a group of SO_REUSEPORT has is counted for each of it.
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
	var own netip.AddrPort
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		own = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		own = netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	var rows []tcpRow
	for _, file := range []string{"tcp", "tcp6"} {
		b, err := in.procNet(file)
		if err != nil && file == "tcp" {
			return 0, 0, err
		}
		rows = append(rows, tcpRows(b)...)
	}
	return countRequests(rows, own), accept, nil
}

// tcpRow is a row of /proc/net/tcp or tcp6: its local end, and what it is.
type tcpRow struct {
	local           netip.AddrPort
	listen, request bool
}

// tcpRows reads the table. Requests are the rows in SYN_RECV without an inode that end with an address: a connection in that state
// has more to tell (get_openreq4, get_tcp4_sock).
func tcpRows(table []byte) (rows []tcpRow) {
	for _, line := range bytes.Split(table, []byte("\n")) {
		f := bytes.Fields(line)
		if len(f) < 10 {
			continue
		}
		if local, ok := procAddr(string(f[1])); ok {
			state := string(f[3])
			rows = append(rows, tcpRow{local, state == "0A", state == "03" && string(f[9]) == "0" && len(f) <= 12})
		}
	}
	return rows
}

// procAddr reads an address as these files have it: words as they lie in memory, and the port, in hexadecimal.
func procAddr(s string) (ap netip.AddrPort, ok bool) {
	words, port, _ := bytes.Cut([]byte(s), []byte(":"))
	b, err := hex.DecodeString(string(words))
	n, perr := strconv.ParseUint(string(port), 16, 16)
	if err != nil || perr != nil || len(b)%4 != 0 {
		return ap, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	ip, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), ok
}

// countRequests counts the requests that belong to the listener of that name.
func countRequests(rows []tcpRow, own netip.AddrPort) (n int) {
	for _, r := range rows {
		best := suits(own, r.local)
		if !r.request || best == 0 {
			continue
		}
		for _, l := range rows {
			if l.listen && suits(l.local, r.local) > best {
				best = 0
				break
			}
		}
		if best > 0 {
			n++
		}
	}
	return n
}

// suits is how well a listener suits a request, 0 for not at all (compute_score): by its address, by its family.
func suits(l, request netip.AddrPort) int {
	switch {
	case l.Port() != request.Port():
		return 0
	case l.Addr() == request.Addr():
		return 3
	case !l.Addr().IsUnspecified():
		return 0
	case l.Addr().Is4() == request.Addr().Is4():
		return 2
	case l.Addr().Is6():
		return 1
	}
	return 0
}
