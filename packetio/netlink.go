//go:build linux

package packetio

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// LinkConfig is what an interface needs before packets flow.
type LinkConfig struct {
	MTU    int            // octets; 0 leaves it as it is
	Addrs  []netip.Prefix // local addresses with their prefix lengths
	Routes []Route
}

// Route leads to a prefix through the interface.
type Route struct {
	Dst netip.Prefix
	Via netip.Addr // next hop; the zero Addr means that Dst is on the link
}

// addrGenModeNone is IN6_ADDR_GEN_MODE_NONE (linux/if_link.h): no link-local address.
const addrGenModeNone = 1

// ConfigureLink sets the MTU, brings the interface up and gives it addresses and
// routes, in the network namespace of the calling thread, by netlink alone: no
// ip(8) is needed. IPv6 stays silent on it (no link-local address, no duplicate
// address detection, no router solicitation), so that a test sees its own packets
// only. Errors are *TUNError. The name may be lo's: ConfigureLink("lo", LinkConfig{}).
func ConfigureLink(name string, cfg LinkConfig) error {
	index, err := linkIndex(name)
	if err != nil {
		return tunError("index", name, err)
	}
	nl, err := dialRoute()
	if err != nil {
		return tunError("netlink", name, err)
	}
	defer nl.close()
	if err := nl.setUp(index, cfg.MTU, name != "lo"); err != nil {
		return tunError("up", name, err)
	}
	for _, a := range cfg.Addrs {
		if err := nl.addAddress(index, a); err != nil {
			return tunError("address", fmt.Sprintf("%v on %s", a, name), err)
		}
	}
	for _, a := range cfg.Addrs {
		if err := nl.awaitLocal(a.Addr()); err != nil {
			return tunError("address", fmt.Sprintf("%v on %s", a, name), err)
		}
	}
	for _, r := range cfg.Routes {
		if err := nl.addRoute(index, r); err != nil {
			return tunError("route", fmt.Sprintf("%v via %v on %s", r.Dst, r.Via, name), err)
		}
	}
	return nil
}

// setUp sets MTU and IFF_UP. The IPv6 address mode goes first and alone: a kernel
// without IPv6 refuses it, which is no reason to refuse the rest.
func (nl *route) setUp(index, mtu int, quiet bool) error {
	if quiet {
		m := newMessage(unix.RTM_NEWLINK, 0)
		m.ifinfo(index, 0)
		spec := m.open(unix.IFLA_AF_SPEC)
		v6 := m.open(unix.AF_INET6)
		m.attr(unix.IFLA_INET6_ADDR_GEN_MODE, []byte{addrGenModeNone})
		m.shut(v6)
		m.shut(spec)
		_ = nl.do(m)
	}
	m := newMessage(unix.RTM_NEWLINK, 0)
	m.ifinfo(index, unix.IFF_UP)
	if mtu > 0 {
		m.attr(unix.IFLA_MTU, binary.NativeEndian.AppendUint32(nil, uint32(mtu)))
	}
	return nl.do(m)
}

// addAddress is RTM_NEWADDR: struct ifaddrmsg and its attributes. IFA_F_NODAD lets an IPv6
// address be used at once.
func (nl *route) addAddress(index int, p netip.Prefix) error {
	if !p.IsValid() {
		return unix.EINVAL
	}
	m := newMessage(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	m.b = append(m.b, family(p.Addr()), uint8(p.Bits()), unix.IFA_F_NODAD, unix.RT_SCOPE_UNIVERSE)
	m.b = binary.NativeEndian.AppendUint32(m.b, uint32(index))
	m.attr(unix.IFA_LOCAL, p.Addr().AsSlice())
	m.attr(unix.IFA_ADDRESS, p.Addr().AsSlice())
	return nl.do(m)
}

// awaitLocal waits until packets to an IPv6 address are taken for local: even
// without duplicate address detection the kernel adds the address's own route
// later, from a work queue (addrconf_dad_work). A second is a thousand times what it takes.
func (nl *route) awaitLocal(a netip.Addr) error {
	if !a.Is6() {
		return nil
	}
	for range 1000 {
		kind, err := nl.routeType(a)
		if err == nil && kind == unix.RTN_LOCAL {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("the kernel has not made it local within a second: %w", unix.ETIMEDOUT)
}

// routeType is the type of the route that a packet to a would take now: RTM_GETROUTE.
func (nl *route) routeType(a netip.Addr) (uint8, error) {
	m := newMessage(unix.RTM_GETROUTE, 0)
	binary.NativeEndian.PutUint16(m.b[6:], unix.NLM_F_REQUEST) // the route is the answer
	m.b = append(m.b, family(a), uint8(a.BitLen()), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	m.attr(unix.RTA_DST, a.AsSlice())
	b, err := nl.ask(m)
	if err != nil {
		return 0, err
	}
	if binary.NativeEndian.Uint16(b[4:]) != unix.RTM_NEWROUTE || len(b) < unix.NLMSG_HDRLEN+unix.SizeofRtMsg {
		return 0, answer(b, nl.seq)
	}
	return b[unix.NLMSG_HDRLEN+7], nil // rtm_type
}

// addRoute is RTM_NEWROUTE: struct rtmsg and its attributes.
func (nl *route) addRoute(index int, r Route) error {
	if !r.Dst.IsValid() {
		return unix.EINVAL
	}
	dst := r.Dst.Masked()
	scope := uint8(unix.RT_SCOPE_LINK)
	if r.Via.IsValid() || dst.Addr().Is6() {
		scope = unix.RT_SCOPE_UNIVERSE
	}
	m := newMessage(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	m.b = append(m.b, family(dst.Addr()), uint8(dst.Bits()), 0, 0,
		unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, scope, unix.RTN_UNICAST, 0, 0, 0, 0)
	if dst.Bits() > 0 {
		m.attr(unix.RTA_DST, dst.Addr().AsSlice())
	}
	if r.Via.IsValid() {
		m.attr(unix.RTA_GATEWAY, r.Via.AsSlice())
	}
	m.attr(unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	return nl.do(m)
}

// family is the address family as netlink's headers have it.
func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
