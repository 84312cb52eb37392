package sock

import (
	"net/netip"
	"slices"
)

// maxGroups and maxSources bound what a socket joins and filters (sysctl
// igmp_max_memberships, igmp_max_msf).
const (
	maxGroups  = 20
	maxSources = 10
)

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

// joinMulticast puts the socket into a group, whose messages it takes from all
// (MCAST_EXCLUDE) or from none yet (MCAST_INCLUDE) (__ip_mc_join_group,
// __ipv6_sock_mc_join). What routers are told of it does not show here.
func (h *Host) joinMulticast(s *sock, r *groupRequest, include bool) Errno {
	if !r.group.IsMulticast() {
		return EINVAL
	}
	if r.group.Is6() && s.memberAt(r) >= 0 {
		return EADDRINUSE
	}
	if !h.findDevice(r) {
		return ENODEV
	}
	switch {
	case s.findGroup(r.group, r.dev) != nil:
		return EADDRINUSE
	case r.group.Is4() && len(s.dg.groups) >= maxGroups:
		return ENOBUFS
	}
	s.dg.groups = slices.Insert(s.dg.groups, 0, membership{group: r.group, addr: r.addr, dev: r.dev, include: include})
	return 0
}

// memberAt finds a group on the interface named, or on any when none is.
func (s *sock) memberAt(r *groupRequest) int {
	return slices.IndexFunc(s.dg.groups, func(m membership) bool {
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
		if !r.group.IsMulticast() {
			return EINVAL
		}
	} else if named := r.dev != 0 || !r.addr.IsUnspecified(); !h.findDevice(r) && !named {
		return ENODEV
	}
	i := s.memberAt(r)
	if i < 0 {
		return EADDRNOTAVAIL
	}
	s.dg.groups = slices.Delete(s.dg.groups, i, i+1)
	return 0
}

// filter adds a source to a membership's filter, or takes one away
// (ip_mc_source). The last source of a filter that includes is the last of the
// membership.
func (h *Host) filter(s *sock, r *groupRequest, include, add bool) Errno {
	switch {
	case !r.group.IsMulticast():
		return EINVAL
	case !h.findDevice(r):
		return ENODEV
	}
	m := s.findGroup(r.group, r.dev)
	if m == nil || m.filtered && m.include != include {
		return EINVAL
	}
	m.include = include
	i := slices.Index(m.sources, r.source)
	switch {
	case !add && i < 0:
		return EADDRNOTAVAIL
	case !add && len(m.sources) == 1 && include:
		return h.leaveMulticast(s, r)
	case !add:
		m.sources = slices.Delete(m.sources, i, i+1)
	case len(m.sources) >= maxSources:
		return ENOBUFS
	case i >= 0:
		return EADDRNOTAVAIL
	default:
		m.sources, m.filtered = append(m.sources, r.source), true
	}
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
		if s.dg == nil {
			return h.filterStream(&r, include && add)
		}
		if include && add {
			if err := h.joinMulticast(s, &r, true); err != 0 && err != EADDRINUSE {
				return err
			}
		}
		return h.filter(s, &r, include, add)
	}
}

// filterStream answers a stream, which may ask but is in no group: Linux would
// let it join by its source, to no effect, and here it can't.
func (h *Host) filterStream(r *groupRequest, joins bool) Errno {
	switch {
	case !r.group.IsMulticast():
		return EINVAL
	case !h.findDevice(r):
		return ENODEV
	case joins:
		return ENOPROTOOPT
	}
	return EINVAL
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
		switch {
		case r.group.Is4In6():
			return EINVAL
		case join:
			return h.joinMulticast(s, &r, false)
		}
		return h.leaveMulticast(s, &r)
	}
}
