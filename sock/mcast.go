package sock

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/queue"
)

// deviceFor is the interface that the options name for a destination, 0 for none.
func (o *options) deviceFor(a netip.Addr) int32 {
	switch {
	case a.Is4() && a.IsMulticast():
		return o.mcIndex
	case a.Is4():
		return o.ucIndex
	case a.IsMulticast():
		return o.mcIndex6
	}
	return o.ucIndex6
}

// groupSource is the source address that IP_MULTICAST_IF named, the any-address
// when it named none.
func (o *options) groupSource() netip.Addr {
	v := uint32(o.mcAddr)
	return netip.AddrFrom4([4]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
}

// membership is one group that a socket is in on one interface (struct
// ip_mc_socklist, ipv6_mc_socklist), with its source filter: only sources
// (MCAST_INCLUDE) or all but them (MCAST_EXCLUDE). A stream may be in groups as
// well, though it hears nothing of them.
type membership struct {
	group   netip.Addr
	addr    netip.Addr // of the interface, as the join named it
	dev     int32
	include bool
	sources []netip.Addr
	// room is how many sources the filter has memory for (sl_max), 0 while there
	// is no filter: then the mode may still change.
	room int
}

// allows reports whether the filter lets a source through.
func (m *membership) allows(src netip.Addr) bool {
	return slices.Contains(m.sources, src) == m.include
}

func (m *membership) fingerprint(f *queue.Hash) {
	hashAddr(f, netip.AddrPortFrom(m.group, uint16(m.dev)))
	hashAddr(f, netip.AddrPortFrom(m.addr, 0))
	f.Bool(m.include)
	f.U64(uint64(m.room))
	f.U64(uint64(len(m.sources)))
	for _, a := range m.sources {
		hashAddr(f, netip.AddrPortFrom(a, 0))
	}
}

func cloneGroups(g []membership) []membership {
	c := append([]membership(nil), g...)
	for i := range c {
		c[i].sources = append([]netip.Addr(nil), c[i].sources...)
	}
	return c
}

// findGroup is the socket's membership on an interface, the latest on any with
// 0; nil for none.
func (s *sock) findGroup(group netip.Addr, dev int32) *membership {
	for i := range s.groups {
		if m := &s.groups[i]; m.group == group && (m.dev == dev || dev == 0) {
			return m
		}
	}
	return nil
}

// takesGroup reports whether a datagram to a group is one that the socket
// wants (ip_mc_sf_allow, inet6_mc_check). One that has joined nothing wants
// whatever others have joined, unless it was told otherwise. IPv6 asks the latest
// membership, whatever interface that is of.
func (s *sock) takesGroup(group, src netip.Addr, dev int32) bool {
	if group.Is6() {
		dev = 0
	}
	if m := s.findGroup(group, dev); m != nil {
		return m.allows(src)
	}
	if group.Is6() {
		return s.opt.mcAll6
	}
	return s.opt.mcAll
}

var (
	allHosts4 = netip.AddrFrom4([4]byte{224, 0, 0, 1})
	allHosts6 = netip.IPv6LinkLocalAllNodes()
	allSelf6  = netip.MustParseAddr("ff01::1")
)

// member reports whether the host is in the group on the interface
// and hears src there (ip_check_mc_rcu, ipv6_chk_mcast_addr): everybody is in
// that of all hosts, and a source that is not known yet is let through.
func (h *Host) member(group, src netip.Addr, dev int32) bool {
	if group == allHosts4 || group == allHosts6 || group == allSelf6 {
		return true
	}
	for _, s := range h.socks {
		if s == nil {
			continue
		}
		if m := s.findGroup(group, dev); m != nil && (src.IsUnspecified() || m.allows(src)) {
			return true
		}
	}
	return h.solicited(group)
}

// solicited reports whether the group is that of neighbour solicitations for one
// of our addresses (RFC 4291 section 2.7.1).
func (h *Host) solicited(group netip.Addr) bool {
	for _, p := range h.addrs {
		if a := p.Addr(); a.Is6() && group.Is6() {
			g, b := group.As16(), a.As16()
			want := [16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]}
			if g == want {
				return true
			}
		}
	}
	return false
}
