//go:build linux

package packetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockspec/sockspec/tcpstate"
)

// tunPath is where Linux keeps the device that makes TUN interfaces.
const tunPath = "/dev/net/tun"

// vnetHdrLen is the size of struct virtio_net_hdr (linux/virtio_net.h).
const vnetHdrLen = 10

// TUN is a TUN interface: each Read takes one IP packet that the kernel sends
// into it, each Write hands the kernel one IP packet as received. One goroutine
// may read while another writes.
type TUN struct {
	file  *os.File
	name  string
	index int
	vnet  bool
	rbuf  []byte
	wbuf  []byte
}

// OpenTUN makes a TUN interface in the network namespace of the calling thread;
// lock the goroutine to its thread when that is not the process's namespace.
// An empty name lets the kernel choose one. The interface starts down and
// without addresses, see [ConfigureLink]; it vanishes with Close.
//
// With offload the kernel hands over what TCP sent before segmentation, up to
// 65535 octets and thus well above the MTU, with checksums filled in here.
// Errors are *TUNError, with a hint how to allow what was refused.
func OpenTUN(name string, offload bool) (*TUN, error) {
	if len(name) >= unix.IFNAMSIZ {
		return nil, tunError("name", name, unix.ENAMETOOLONG)
	}
	fd, err := unix.Open(tunPath, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, tunError("open", name, err)
	}
	t := &TUN{vnet: offload}
	if err := t.attach(fd, name); err != nil {
		unix.Close(fd)
		return nil, err
	}
	// Only now: a file that is not attached yet reports an error to the poller.
	t.file = os.NewFile(uintptr(fd), tunPath)
	if t.vnet {
		t.rbuf = make([]byte, vnetHdrLen+MaxPacket)
		t.wbuf = make([]byte, vnetHdrLen, vnetHdrLen+MaxPacket)
	}
	return t, nil
}

// attach binds the open file to a new interface.
func (t *TUN) attach(fd int, name string) error {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return tunError("name", name, err)
	}
	flags := uint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if t.vnet {
		flags |= unix.IFF_VNET_HDR
	}
	ifr.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		return tunError("create", name, err)
	}
	t.name = ifr.Name()
	if t.vnet {
		// Segmentation needs checksum offload: both or none (set_offload in drivers/net/tun.c).
		const all = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
		if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, all); err != nil {
			return tunError("offload", t.name, err)
		}
	}
	if t.index, err = linkIndex(t.name); err != nil {
		return tunError("index", t.name, err)
	}
	return nil
}

// Name is the interface's name.
func (t *TUN) Name() string { return t.name }

// Index is the interface's index in its namespace.
func (t *TUN) Index() int { return t.index }

// Read takes the next packet. A packet longer than b is cut, so give it
// [MaxPacket] octets. It waits until the deadline, if one is set, and then
// returns an error that is os.ErrDeadlineExceeded; after Close, os.ErrClosed.
func (t *TUN) Read(b []byte) (int, error) {
	if !t.vnet {
		return t.file.Read(b)
	}
	n, err := t.file.Read(t.rbuf)
	if err != nil {
		return 0, err
	}
	if n < vnetHdrLen {
		return 0, fmt.Errorf("packetio: %s: read %d octets, less than the offload header", t.name, n)
	}
	finishChecksum(t.rbuf[:vnetHdrLen], t.rbuf[vnetHdrLen:n])
	return copy(b, t.rbuf[vnetHdrLen:n]), nil
}

// Drain takes off the interface what the kernel has sent, without waiting, and
// forgets it. It may run beside a Read, which gets what comes later.
func (t *TUN) Drain() {
	raw, err := t.file.SyscallConn()
	if err != nil {
		return
	}
	// Control does not wait for a Read that waits, and keeps Close off the
	// descriptor meanwhile. Its error is that of a closed file.
	_ = raw.Control(func(fd uintptr) {
		var b [64]byte
		for {
			if _, err := unix.Read(int(fd), b[:]); err != nil && !errors.Is(err, unix.EINTR) {
				return
			}
		}
	})
}

// Write hands the kernel one packet. What the kernel finds malformed it
// counts and drops in silence, as it does on any interface; a first nibble
// that is neither 4 nor 6 is EINVAL.
func (t *TUN) Write(b []byte) (int, error) {
	if !t.vnet {
		return t.file.Write(b)
	}
	if len(b) > MaxPacket {
		return 0, fmt.Errorf("packetio: %s: write of %d octets, a packet has at most %d", t.name, len(b), MaxPacket)
	}
	// A header of zeros: no offload asked for, checksums are in place.
	n, err := t.file.Write(append(t.wbuf[:vnetHdrLen], b...))
	return max(n-vnetHdrLen, 0), err
}

// SetReadDeadline bounds the wait of Read; the zero time lifts the bound, and a
// time that has passed makes Read poll.
func (t *TUN) SetReadDeadline(at time.Time) error { return t.file.SetReadDeadline(at) }

// Close removes the interface with its addresses and routes.
func (t *TUN) Close() error { return t.file.Close() }

// finishChecksum does what a card would: the kernel left the pseudo-header's sum
// in the checksum field and says where to start (VIRTIO_NET_HDR_F_NEEDS_CSUM).
func finishChecksum(hdr, pkt []byte) {
	const needsCsum = 1
	if hdr[0]&needsCsum == 0 {
		return
	}
	start := int(binary.NativeEndian.Uint16(hdr[6:]))
	at := start + int(binary.NativeEndian.Uint16(hdr[8:]))
	if start >= len(pkt) || at+2 > len(pkt) {
		return
	}
	binary.BigEndian.PutUint16(pkt[at:], ^tcpstate.Fold(tcpstate.Sum(0, pkt[start:])))
}

// linkIndex asks the thread's namespace for an interface's index. Package net
// would do, but may ask from another thread, which means another namespace.
func linkIndex(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return 0, err
	}
	return int(ifr.Uint32()), nil
}

// tunError dresses an error with what would help.
func tunError(op, name string, err error) error {
	e := &TUNError{Op: op, Name: name, Err: err}
	switch {
	case op == "open" && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO)):
		e.Hint = "no " + tunPath + ": load the module (modprobe tun), or give the container the device (--device " + tunPath + ")"
	case op == "open" && (errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)):
		e.Hint = "no access to " + tunPath + ": run as root, or let users open it (chmod 0666 " + tunPath + ")"
	case errors.Is(err, unix.EPERM):
		e.Hint = "CAP_NET_ADMIN in this network namespace is missing: run as root, in `unshare -Urn`, or in a container with --cap-add NET_ADMIN"
	case errors.Is(err, unix.EBUSY):
		e.Hint = "another process holds an interface of that name: choose another name or a fresh network namespace"
	case errors.Is(err, unix.EINVAL):
		e.Hint = "the name belongs to an interface of another kind, or the kernel lacks the feature"
	case errors.Is(err, unix.ENAMETOOLONG):
		e.Hint = "a name has at most 15 octets"
	}
	return e
}
