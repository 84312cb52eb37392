package sock

import (
	"bytes"
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// Requests of ioctl about time stamps and devices (include/uapi/linux/sockios.h).
// A struct ifreq goes in Call.Data and Return.Data.
const (
	SIOCGSTAMP     = 0x8906
	SIOCGSTAMPNS   = 0x8907
	SIOCGIFNAME    = 0x8910
	SIOCGIFFLAGS   = 0x8913
	SIOCGIFADDR    = 0x8915
	SIOCGIFNETMASK = 0x891b
	SIOCGIFMTU     = 0x8921
	SIOCGIFINDEX   = 0x8933
	SIOCDEVPRIVATE = 0x89f0 // and the fifteen after it
)

// struct ifreq: the name of a device, and a union.
const (
	ifreqSize  = 40
	ifreqUnion = ifNameSize
)

// Flags of the two devices as SIOCGIFFLAGS has room for them: up, running, and
// loopback, or a point-to-point link with multicast and without ARP (net/if.h).
const (
	loopbackFlags = 0x1 | 0x8 | 0x40
	linkFlags     = 0x1 | 0x10 | 0x40 | 0x80 | 0x1000
)

// deviceRequest is what an interface answers to a request.
type deviceRequest struct {
	number int64
	more   int64 // further numbers that mean the same
	onlyV4 bool  // sockets of AF_INET6 have no such request (inet_ioctl, inet6_ioctl)
	answer func(h *Host, dev int32, union []byte) Errno
}

var deviceRequests = [...]deviceRequest{
	{SIOCGIFFLAGS, 0, false, func(_ *Host, dev int32, u []byte) Errno {
		flags := uint16(linkFlags)
		if dev == loopbackIndex {
			flags = loopbackFlags
		}
		u[0], u[1] = byte(flags), byte(flags>>8)
		return 0
	}},
	{SIOCGIFMTU, 0, false, func(h *Host, dev int32, u []byte) Errno {
		if dev == loopbackIndex {
			le32(u, loopbackMTU)
		} else {
			le32(u, h.mtu)
		}
		return 0
	}},
	{SIOCGIFINDEX, 0, false, func(_ *Host, dev int32, u []byte) Errno {
		le32(u, uint32(dev))
		return 0
	}},
	{SIOCGIFADDR, 0, true, func(h *Host, dev int32, u []byte) Errno {
		p, ok := h.ip4Of(dev)
		return putIfAddr(u, p.Addr(), ok)
	}},
	{SIOCGIFNETMASK, 0, true, func(h *Host, dev int32, u []byte) Errno {
		p, ok := h.ip4Of(dev)
		mask := uint32(0xffffffff) << (32 - max(p.Bits(), 0))
		return putIfAddr(u, netip.AddrFrom4([4]byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)}), ok)
	}},
	{SIOCDEVPRIVATE, 15, false, func(*Host, int32, []byte) Errno { return EOPNOTSUPP }}, // neither device has any
}

// putIfAddr lays out a struct sockaddr_in without a port (devinet_ioctl).
func putIfAddr(union []byte, a netip.Addr, ok bool) Errno {
	if !ok {
		return EADDRNOTAVAIL
	}
	clear(union[:sizeofSockaddrIn])
	putSockaddr(union, netip.AddrPortFrom(a, 0), 0)
	return 0
}

// ip4Of is a device's first address of IPv4.
func (h *Host) ip4Of(dev int32) (netip.Prefix, bool) {
	if dev == loopbackIndex {
		return netip.PrefixFrom(loopback4, 8), true
	}
	for _, p := range h.addrs {
		if p.Addr().Is4() {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// deviceIoctl are the requests that no protocol knows (dev_ioctl, devinet_ioctl);
// found is whether it is one.
func (h *Host) deviceIoctl(s *sock, t *thread) (o outcome, found bool) {
	c := &t.call
	if c.N == SIOCGIFNAME {
		return h.nameDevice(t), true
	}
	for i := range deviceRequests {
		r := &deviceRequests[i]
		if c.N < r.number || c.N > r.number+r.more || r.onlyV4 && s.family != AF_INET {
			continue
		}
		if !t.takeIfreq() {
			return fail(EFAULT), true
		}
		name, alias := ifreqName(t.in)
		dev := h.deviceNamed(string(name))
		switch {
		case dev == 0:
			return fail(ENODEV), true
		case alias && r.onlyV4:
			return fail(EADDRNOTAVAIL), true // no address has that label
		}
		return t.giveIfreq(r.answer(h, dev, t.in[ifreqUnion:])), true
	}
	return outcome{}, false
}

// ifreqName is the name in a struct ifreq: up to a zero, or to the colon of an alias.
func ifreqName(req []byte) (name []byte, alias bool) {
	name = req[:ifNameSize-1]
	if at := bytes.IndexByte(name, 0); at >= 0 {
		name = name[:at]
	}
	name, _, alias = bytes.Cut(name, []byte(":"))
	return name, alias
}

// nameDevice is SIOCGIFNAME: by the number, which lies where others have their
// answer (dev_ifname).
func (h *Host) nameDevice(t *thread) outcome {
	if !t.takeIfreq() {
		return fail(EFAULT)
	}
	name := h.deviceName(rd32(t.in[ifreqUnion:]))
	if name == "" {
		return fail(ENODEV)
	}
	clear(t.in[:ifNameSize])
	copy(t.in, name)
	return t.giveIfreq(0)
}

// takeIfreq copies the request in; false when the pointer leads nowhere.
func (t *thread) takeIfreq() bool {
	if t.call.Fault&FaultData != 0 || len(t.call.Data) < ifreqSize {
		return false
	}
	t.in = append(t.in[:0], t.call.Data[:ifreqSize]...)
	return true
}

func (t *thread) giveIfreq(err Errno) outcome {
	if err == 0 {
		t.ret.Data = t.in
	}
	return result(err)
}

// lastStamp is SIOCGSTAMP: when the datagram came that was read last. Whoever asks
// for the first time learns when that was (sock_gettstamp).
func (h *Host) lastStamp(s *sock, t *thread) outcome {
	g := s.dg
	if g == nil || g.stamp == 0 {
		if g != nil {
			g.stamps = true
		}
		return fail(ENOENT)
	}
	if !g.stamps {
		g.stamps, g.stamp = true, h.now
	}
	unit := int64(1)
	if t.call.N == SIOCGSTAMPNS {
		unit = 1000
	}
	t.in = t.in[:0]
	t.put64(uint64(int64(g.stamp) / tcpstate.Second))
	t.put64(uint64(int64(g.stamp) % tcpstate.Second * unit))
	if t.call.Fault&FaultData != 0 {
		return fail(EFAULT)
	}
	t.ret.Data = t.in
	return done(0)
}

// noteStamp is what a read leaves behind for SIOCGSTAMP (sock_recv_cmsgs); messages
// that tell the time themselves leave it as it was.
func (s *sock) noteStamp(d *dgram) {
	if !s.opt.stamp {
		s.dg.stamp = d.at
	}
}
