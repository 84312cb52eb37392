//go:build linux

package packetio

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// message is a netlink request under construction (linux/netlink.h).
type message struct{ b []byte }

// newMessage starts with struct nlmsghdr; every request asks for an answer.
func newMessage(typ uint16, flags uint16) *message {
	m := &message{b: make([]byte, unix.NLMSG_HDRLEN, 128)}
	binary.NativeEndian.PutUint16(m.b[4:], typ)
	binary.NativeEndian.PutUint16(m.b[6:], flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	return m
}

// ifinfo adds struct ifinfomsg with the flags to set.
func (m *message) ifinfo(index int, set uint32) {
	m.b = append(m.b, unix.AF_UNSPEC, 0, 0, 0)
	m.b = binary.NativeEndian.AppendUint32(m.b, uint32(index))
	m.b = binary.NativeEndian.AppendUint32(m.b, set)
	m.b = binary.NativeEndian.AppendUint32(m.b, set) // ifi_change
}

// attr adds one attribute, padded to four octets.
func (m *message) attr(typ uint16, data []byte) {
	at := m.open(typ)
	m.b = append(m.b, data...)
	m.shut(at)
}

// open starts an attribute whose content follows; shut closes it.
func (m *message) open(typ uint16) int {
	at := len(m.b)
	m.b = binary.NativeEndian.AppendUint16(m.b, 0)
	m.b = binary.NativeEndian.AppendUint16(m.b, typ)
	return at
}

func (m *message) shut(at int) {
	binary.NativeEndian.PutUint16(m.b[at:], uint16(len(m.b)-at))
	for len(m.b)%unix.NLMSG_ALIGNTO != 0 {
		m.b = append(m.b, 0)
	}
}

// route is a socket to the kernel's routing tables.
type route struct {
	fd  int
	seq uint32
}

// dialRoute opens a NETLINK_ROUTE socket in the thread's network namespace.
func dialRoute() (*route, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	// Extended answers say in words what was wrong; kernels before 4.12 have none.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	return &route{fd: fd}, nil
}

func (nl *route) close() { unix.Close(nl.fd) }

// do sends a request and reads the kernel's verdict.
func (nl *route) do(m *message) error {
	b, err := nl.ask(m)
	if err != nil {
		return err
	}
	return answer(b, nl.seq)
}

// ask sends a request and returns the first message that comes back. The kernel answers before
// sendto returns, so nothing here can wait for long.
func (nl *route) ask(m *message) ([]byte, error) {
	nl.seq++
	binary.NativeEndian.PutUint32(m.b, uint32(len(m.b)))
	binary.NativeEndian.PutUint32(m.b[8:], nl.seq)
	if err := unix.Sendto(nl.fd, m.b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	buf := make([]byte, 4096)
	n, _, err := unix.Recvfrom(nl.fd, buf, 0)
	if err != nil {
		return nil, err
	}
	if n < unix.NLMSG_HDRLEN {
		return nil, fmt.Errorf("netlink: an answer of %d octets", n)
	}
	return buf[:n], nil
}

// answer reads an NLMSG_ERROR: struct nlmsgerr, then with NLM_F_ACK_TLVS the attributes
// of the extended answer.
func answer(b []byte, seq uint32) error {
	const errLen = unix.NLMSG_HDRLEN + 4 + unix.NLMSG_HDRLEN
	if len(b) < errLen || binary.NativeEndian.Uint16(b[4:]) != unix.NLMSG_ERROR ||
		binary.NativeEndian.Uint32(b[8:]) != seq {
		return fmt.Errorf("netlink: %d octets that answer something else", len(b))
	}
	code := int32(binary.NativeEndian.Uint32(b[unix.NLMSG_HDRLEN:]))
	if code == 0 {
		return nil
	}
	errno := unix.Errno(-code)
	if text := extendedText(b[errLen:]); text != "" && binary.NativeEndian.Uint16(b[6:])&unix.NLM_F_ACK_TLVS != 0 {
		return fmt.Errorf("%w: %s", errno, text)
	}
	return errno
}

// extendedText finds NLMSGERR_ATTR_MSG.
func extendedText(b []byte) string {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return ""
		}
		if binary.NativeEndian.Uint16(b[2:]) == unix.NLMSGERR_ATTR_MSG {
			text := b[4:n]
			for len(text) > 0 && text[len(text)-1] == 0 {
				text = text[:len(text)-1]
			}
			return string(text)
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return ""
}
