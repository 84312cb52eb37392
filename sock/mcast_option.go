package sock

import (
	"net/netip"
	"slices"
)

// maxSources6 bounds the sources that IPv6 filters (mld_max_msf). IPv4's bounds
// are sysctls of the namespace, this one is the whole kernel's.
const maxSources6 = 64

// groupRequest is a join or a leave as an option has it.
type groupRequest struct {
	group  netip.Addr
	addr   netip.Addr // of the interface, any for none
	dev    int32      // its index, 0 for none
	source netip.Addr
}

// findDevice is the interface meant: by index, by address, or by the way to the
// group (ip_mc_find_dev, ipv6_sock_mc_join). It reports false when there is none.
func (h *Host) findDevice(r *groupRequest) bool {
	switch {
	case r.dev != 0:
		return h.hasDevice(r.dev)
	case r.addr.IsValid() && !r.addr.IsUnspecified():
		r.dev = h.deviceWith(r.addr)
	default:
		if way, err := h.output(r.group, anyOf(r.group), via{}); err == 0 {
			r.dev = way.dev
		}
	}
	return r.dev != 0
}

// isGroup reports whether a is a multicast address of its own family: an
// IPv4-mapped one is none.
func isGroup(a netip.Addr) bool { return a.IsMulticast() && !a.Is4In6() }

// joinMulticast puts the socket into a group, whose messages it takes from all
// (MCAST_EXCLUDE) or from none yet (MCAST_INCLUDE) (__ip_mc_join_group,
// __ipv6_sock_mc_join). What routers are told of it does not show here.
func (h *Host) joinMulticast(s *sock, r *groupRequest, include bool) Errno {
	m := membership{group: r.group, addr: r.addr, include: include}
	ipv6 := r.group.Is6()
	switch {
	case !isGroup(r.group):
		return EINVAL
	case ipv6 && s.memberAt(r) >= 0:
		return EADDRINUSE
	case ipv6 && !h.optionRoom(s, m.memory()):
		return ENOMEM
	case !h.findDevice(r):
		return ENODEV
	case ipv6:
	case s.findGroup(r.group, r.dev) != nil:
		return EADDRINUSE
	case s.groupCount4() >= h.sysctl.get(ctlIGMPMaxMemberships), !h.optionRoom(s, m.memory()):
		return ENOBUFS
	}
	m.dev = r.dev
	s.groups = slices.Insert(s.groups, 0, m)
	return 0
}

// groupCount4 is how many groups of IPv4 the socket is in.
func (s *sock) groupCount4() (n int64) {
	for i := range s.groups {
		n += int64(flag(s.groups[i].group.Is4()))
	}
	return n
}

// memberAt finds a group on the interface named, or on any when none is.
func (s *sock) memberAt(r *groupRequest) int {
	return slices.IndexFunc(s.groups, func(m membership) bool {
		switch {
		case m.group != r.group:
			return false
		case r.dev == 0 && r.addr.IsValid() && !r.addr.IsUnspecified():
			return m.addr == r.addr
		}
		return r.dev == 0 || m.dev == r.dev
	})
}

// leaveMulticast takes the socket out of a group (ip_mc_leave_group, ipv6_sock_mc_drop).
func (h *Host) leaveMulticast(s *sock, r *groupRequest) Errno {
	if r.group.Is6() {
		if !isGroup(r.group) {
			return EINVAL
		}
	} else if named := r.dev != 0 || !r.addr.IsUnspecified(); !h.findDevice(r) && !named {
		return ENODEV
	}
	i := s.memberAt(r)
	if i < 0 {
		return EADDRNOTAVAIL
	}
	s.groups = slices.Delete(s.groups, i, i+1)
	return 0
}

// filter adds a source to a membership's filter, or takes one away (ip_mc_source,
// ip6_mc_source). The last source of a filter that includes is the last of the
// membership. Without a filter the mode follows the request.
func (h *Host) filter(s *sock, r *groupRequest, include, add bool) Errno {
	if !isGroup(r.group) {
		return EINVAL
	}
	named := r.dev
	if !h.findDevice(r) {
		return ENODEV
	}
	if r.group.Is6() {
		r.dev = named // 0 is still the group on any interface
	}
	i := s.memberAt(r)
	if i < 0 || s.groups[i].room > 0 && s.groups[i].include != include {
		return EINVAL
	}
	m := &s.groups[i]
	m.include = include
	if add {
		return h.addSource(s, m, r.source)
	}
	switch i := slices.Index(m.sources, r.source); {
	case i < 0:
		return EADDRNOTAVAIL
	case len(m.sources) == 1 && include:
		return h.leaveMulticast(s, r)
	default:
		m.sources = slices.Delete(m.sources, i, i+1)
	}
	return 0
}

// sourceBlock is by how many sources a filter's memory grows (IP_SFBLOCK,
// IP6_SFBLOCK).
const sourceBlock = 10

// addSource adds a source that is not in the filter yet; it is looked for only
// once there is room.
func (h *Host) addSource(s *sock, m *membership, source netip.Addr) Errno {
	limit := int64(maxSources6)
	if m.group.Is4() {
		limit = h.sysctl.get(ctlIGMPMaxMSF)
	}
	if m.room > 0 && int64(len(m.sources)) >= limit {
		return ENOBUFS
	}
	if len(m.sources) == m.room {
		if !h.optionRoom(s, filterMemory(m.group, m.room+sourceBlock)) {
			return ENOBUFS
		}
		m.room += sourceBlock
	}
	if slices.Contains(m.sources, source) {
		return EADDRNOTAVAIL
	}
	m.sources = append(m.sources, source)
	return 0
}

// mreq reads struct ip_mreq or ip_mreqn.
func mreq(v *value) (groupRequest, Errno) {
	if err := v.has(8); err != 0 {
		return groupRequest{}, err
	}
	r := groupRequest{group: netip.AddrFrom4([4]byte(v.data)), addr: netip.AddrFrom4([4]byte(v.data[4:]))}
	if v.n >= 12 {
		r.dev = rd32(v.data[8:])
	}
	return r, 0
}

// setMembership4 makes the setters of IP_ADD_MEMBERSHIP and IP_DROP_MEMBERSHIP.
func setMembership4(join bool) func(*Host, *sock, *value) Errno {
	return func(h *Host, s *sock, v *value) Errno {
		r, err := mreq(v)
		switch {
		case err != 0:
			return err
		case join:
			return h.joinMulticast(s, &r, false)
		}
		return h.leaveMulticast(s, &r)
	}
}

// setSource4 makes the setters of the options that filter: those of RFC 3678
// section 4.1.2, with struct ip_mreq_source.
func setSource4(include, add bool) func(*Host, *sock, *value) Errno {
	return func(h *Host, s *sock, v *value) Errno {
		switch {
		case v.n != 12:
			return EINVAL
		case v.fault:
			return EFAULT
		}
		r := groupRequest{
			group: netip.AddrFrom4([4]byte(v.data)), addr: netip.AddrFrom4([4]byte(v.data[4:])),
			source: netip.AddrFrom4([4]byte(v.data[8:])),
		}
		if include && add {
			return h.joinSource(s, &r)
		}
		return h.filter(s, &r, include, add)
	}
}

// joinSource joins a group for one source, or one more. IPv6's filter is asked
// for the interface as the request named it.
func (h *Host) joinSource(s *sock, r *groupRequest) Errno {
	named := r.dev
	if err := h.joinMulticast(s, r, true); err != 0 && err != EADDRINUSE {
		return err
	}
	if r.group.Is6() {
		r.dev = named
	}
	return h.filter(s, r, true, true)
}

// setMembership6 makes the setters of IPV6_JOIN_GROUP and IPV6_LEAVE_GROUP, with
// struct ipv6_mreq; a stream can be in no group.
func setMembership6(join bool) func(*Host, *sock, *value) Errno {
	return func(h *Host, s *sock, v *value) Errno {
		switch {
		case v.n < 20:
			return EINVAL
		case s.dg == nil:
			return EPROTO
		case v.fault:
			return EFAULT
		}
		r := groupRequest{group: netip.AddrFrom16([16]byte(v.data)), dev: rd32(v.data[16:])}
		if join {
			return h.joinMulticast(s, &r, false)
		}
		return h.leaveMulticast(s, &r)
	}
}
