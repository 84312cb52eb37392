//go:build linux && amd64

package sock

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// addTun gives the namespace a link. The device lives as long as the descriptor,
// and what is sent to it waits to be read there.
func (l *live) addTun(name string, addrs []netip.Prefix) error {
	if l.tun > 0 {
		unix.Close(l.tun)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	l.tun = fd
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		return err
	}
	// No random link-local address, and no wait for duplicates of others.
	for _, v := range [][2]string{{"addr_gen_mode", "1"}, {"accept_dad", "0"}} {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/"+v[0], []byte(v[1]), 0); err != nil {
			return err
		}
	}
	if err := linkUp(name); err != nil {
		return err
	}
	for _, a := range addrs {
		if err := addAddr(name, a); err != nil {
			return err
		}
	}
	return nil
}

// addAddr is "ip address add".
func addAddr(name string, p netip.Prefix) error {
	if p.Addr().Is6() {
		return aboutLink(unix.AF_INET6, name, func(fd int, req *unix.Ifreq) error { return addAddr6(fd, req, p) })
	}
	return aboutLink(unix.AF_INET, name, func(fd int, req *unix.Ifreq) error { return addAddr4(fd, req, p) })
}

func addAddr6(fd int, req *unix.Ifreq, p netip.Prefix) error {
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return err
	}
	a := p.Addr().As16()
	b := binary.NativeEndian.AppendUint32(a[:], uint32(p.Bits())) // struct in6_ifreq
	b = binary.NativeEndian.AppendUint32(b, req.Uint32())
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&b[0]))); e != 0 {
		return e
	}
	return awaitAddr(p.Addr(), req.Uint32())
}

func addAddr4(fd int, req *unix.Ifreq, p netip.Prefix) error {
	if err := req.SetInet4Addr(p.Addr().AsSlice()); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, req); err != nil {
		return err
	}
	if err := req.SetInet4Addr(netip.PrefixFrom(limitedBroadcast, p.Bits()).Masked().Addr().AsSlice()); err != nil {
		return err
	}
	return unix.IoctlIfreq(fd, unix.SIOCSIFNETMASK, req)
}

// awaitAddr waits until the kernel's own work on a new address is done: until
// then nobody can bind to it.
func awaitAddr(a netip.Addr, scope uint32) error {
	for range 2000 {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		err = unix.Bind(fd, &unix.SockaddrInet6{Addr: a.As16(), ZoneId: scope})
		unix.Close(fd)
		if err == nil {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("address %v does not come up", a)
}

// freshTun is fresh, with the link of newDuoKernel.
func (l *live) freshTun() error {
	if err := l.fresh(); err != nil {
		return err
	}
	return l.addTun("tun0", duoAddrs)
}
