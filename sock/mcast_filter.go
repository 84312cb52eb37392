package sock

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// The options of RFC 3678 that name addresses by struct sockaddr_storage, for
// both families, and those that set or read a whole filter at once.

// Layouts (include/uapi/linux/in.h), octets: an index padded to 8, then addresses
// of 128 each.
const (
	sizeofStorage     = 128
	groupReqGroup     = 8                             // of struct group_req, group_source_req and group_filter
	groupReqSource    = groupReqGroup + sizeofStorage // of struct group_source_req
	groupReqLen       = groupReqSource                // struct group_req
	groupSourceReqLen = groupReqSource + sizeofStorage
	groupFilterMode   = groupReqSource      // of struct group_filter: its mode, then its count
	groupFilterLen    = groupFilterMode + 8 // without sources
	msFilterLen       = 16                  // struct ip_msfilter without sources
)

// storage reads a struct sockaddr_storage; false when it is of another family.
func storage(b []byte, ipv6 bool) (netip.Addr, bool) {
	family := binary.LittleEndian.Uint16(b)
	if ipv6 {
		return netip.AddrFrom16([16]byte(b[8:24])), family == AF_INET6
	}
	return netip.AddrFrom4([4]byte(b[4:8])), family == AF_INET
}

// setGroup makes the setters of MCAST_JOIN_GROUP and MCAST_LEAVE_GROUP at a level
// (ip_mcast_join_leave, ipv6_mcast_join_leave). Unlike IP_ADD_MEMBERSHIP, streams
// are not told from others.
func setGroup(ipv6, join bool) func(*Host, *sock, *value) Errno {
	return func(h *Host, s *sock, v *value) Errno {
		if err := v.has(groupReqLen); err != 0 {
			return err
		}
		group, ok := storage(v.data[groupReqGroup:], ipv6)
		r := groupRequest{group: group, addr: anyOf(group), dev: rd32(v.data)}
		switch {
		case !ok && ipv6:
			return EADDRNOTAVAIL
		case !ok:
			return EINVAL
		case join:
			return h.joinMulticast(s, &r, false)
		}
		return h.leaveMulticast(s, &r)
	}
}

// setSource makes the setters of the options with struct group_source_req, which
// IPv4 wants to the octet (do_mcast_group_source, do_ipv6_mcast_group_source).
func setSource(ipv6, include, add bool) func(*Host, *sock, *value) Errno {
	return func(h *Host, s *sock, v *value) Errno {
		if err := v.has(groupSourceReqLen); err != 0 {
			return err
		}
		if !ipv6 && v.n != groupSourceReqLen {
			return EINVAL
		}
		group, ok := storage(v.data[groupReqGroup:], ipv6)
		source, also := storage(v.data[groupReqSource:], ipv6)
		r := groupRequest{group: group, addr: anyOf(group), dev: rd32(v.data), source: source}
		switch {
		case !ok || !also:
			return EADDRNOTAVAIL
		case include && add:
			return h.joinSource(s, &r)
		}
		return h.filter(s, &r, include, add)
	}
}

// Modes of a filter as options have them (include/uapi/linux/in.h).
const (
	mcastExclude = 0
	mcastInclude = 1
)

// groupFilter is a whole filter: struct ip_msfilter or group_filter.
type groupFilter struct {
	groupRequest
	mode    uint32
	sources []netip.Addr
}

// setFilter replaces a membership's filter; one that includes nobody ends it
// (ip_mc_msfilter, ip6_mc_msfilter).
func (h *Host) setFilter(s *sock, f *groupFilter) Errno {
	if !isGroup(f.group) || f.mode > mcastInclude {
		return EINVAL
	}
	named := f.dev
	if !h.findDevice(&f.groupRequest) {
		return ENODEV
	}
	if f.group.Is6() {
		f.dev = named
	}
	if f.mode == mcastInclude && len(f.sources) == 0 {
		return h.leaveMulticast(s, &f.groupRequest)
	}
	i := s.memberAt(&f.groupRequest)
	if i < 0 || f.dev == 0 {
		return EINVAL
	}
	if n := len(f.sources); n > 0 && !h.optionRoom(s, filterMemory(f.group, n)) {
		return ENOBUFS
	}
	m := &s.groups[i]
	m.include, m.sources, m.room = f.mode == mcastInclude, f.sources, len(f.sources)
	return 0
}

// filterSize checks a filter's length and count of sources, which take size
// octets each, behind head octets whose last four are the count.
func (h *Host) filterSize(v *value, head, size int, limit int64) Errno {
	switch {
	case v.n < head:
		return EINVAL
	case int64(v.n) > h.sysctl.get(ctlOptmemMax):
		return ENOBUFS
	case v.fault:
		return EFAULT
	}
	n := int64(binary.LittleEndian.Uint32(v.data[head-4:]))
	switch {
	case n > limit:
		return ENOBUFS
	case int64(head)+n*int64(size) > int64(v.n):
		return EINVAL
	}
	return 0
}

// setMSFilter is IP_MSFILTER.
func setMSFilter(h *Host, s *sock, v *value) Errno {
	if err := h.filterSize(v, msFilterLen, 4, h.sysctl.get(ctlIGMPMaxMSF)); err != 0 {
		return err
	}
	f := groupFilter{mode: binary.LittleEndian.Uint32(v.data[8:])}
	f.group, f.addr = netip.AddrFrom4([4]byte(v.data)), netip.AddrFrom4([4]byte(v.data[4:]))
	for i := range binary.LittleEndian.Uint32(v.data[12:]) {
		f.sources = append(f.sources, netip.AddrFrom4([4]byte(v.data[msFilterLen+4*i:])))
	}
	return h.setFilter(s, &f)
}

// setGroupFilter makes the setters of MCAST_MSFILTER. IPv6 takes the addresses
// for its own, whatever family they say they are of (ip_set_mcast_msfilter,
// ipv6_set_mcast_msfilter).
func setGroupFilter(ipv6 bool) func(*Host, *sock, *value) Errno {
	return func(h *Host, s *sock, v *value) Errno {
		limit := int64(maxSources6)
		if !ipv6 {
			limit = h.sysctl.get(ctlIGMPMaxMSF)
		}
		if err := h.filterSize(v, groupFilterLen, sizeofStorage, limit); err != 0 {
			return err
		}
		f := groupFilter{mode: binary.LittleEndian.Uint32(v.data[groupFilterMode:])}
		var ok bool
		f.group, ok = storage(v.data[groupReqGroup:], ipv6)
		f.addr, f.dev = anyOf(f.group), rd32(v.data)
		for i := range binary.LittleEndian.Uint32(v.data[groupFilterMode+4:]) {
			a, also := storage(v.data[groupFilterLen+sizeofStorage*i:], ipv6)
			f.sources, ok = append(f.sources, a), ok && also
		}
		if !ok && !ipv6 {
			return EADDRNOTAVAIL
		}
		return h.setFilter(s, &f)
	}
}

// asked is what a getsockopt gave of n octets to begin with: the options that
// read a filter find the group there.
func (t *thread) asked(n int) ([]byte, Errno) {
	switch {
	case int(t.call.Len) < n:
		return nil, EINVAL
	case t.call.Fault&FaultData != 0:
		return nil, EFAULT
	}
	t.in = append(t.in[:0], t.call.Data[:min(n, len(t.call.Data))]...)
	t.in = append(t.in, make([]byte, n-len(t.in))...)
	return t.in, 0
}

// getMSFilter is IP_MSFILTER: the mode, how many sources there are, and as many
// of them as the caller said there is room for, whatever the length of the value
// (ip_mc_msfget).
func getMSFilter(h *Host, s *sock, t *thread) outcome {
	b, err := t.asked(msFilterLen)
	if err != 0 {
		return fail(err)
	}
	r := groupRequest{group: netip.AddrFrom4([4]byte(b)), addr: netip.AddrFrom4([4]byte(b[4:]))}
	switch {
	case !isGroup(r.group):
		return fail(EINVAL)
	case !h.findDevice(&r):
		return fail(ENODEV)
	}
	m := s.findGroup(r.group, r.dev)
	if m == nil {
		return fail(EADDRNOTAVAIL)
	}
	for _, a := range m.tell(b[8:]) {
		t.in = append(t.in, a.AsSlice()...)
	}
	t.ret.Data = t.in
	return done(0)
}

// tell puts mode and number of sources into b, which has the room that the
// caller said there is, and returns the sources that fit.
func (m *membership) tell(b []byte) []netip.Addr {
	n := min(uint64(binary.LittleEndian.Uint32(b[4:])), uint64(len(m.sources)))
	le32(b, uint32(flag(m.include))) // MCAST_INCLUDE is 1
	le32(b[4:], uint32(len(m.sources)))
	return m.sources[:n]
}

// getGroupFilter makes the readers of MCAST_MSFILTER, which want the interface as
// it is, and not to be found (ip_mc_gsfget, ip6_mc_msfget).
func getGroupFilter(ipv6 bool) func(*Host, *sock, *thread) outcome {
	return func(_ *Host, s *sock, t *thread) outcome {
		b, err := t.asked(groupFilterLen)
		if err != 0 {
			return fail(err)
		}
		group, ok := storage(b[groupReqGroup:], ipv6)
		switch {
		case !ok && ipv6:
			return fail(EADDRNOTAVAIL)
		case !ok || !isGroup(group):
			return fail(EINVAL)
		}
		m := s.findGroup(group, rd32(b))
		if m == nil || m.dev != rd32(b) {
			return fail(EADDRNOTAVAIL)
		}
		for _, a := range m.tell(b[groupFilterMode:]) {
			at := len(t.in)
			t.in = slices.Grow(t.in, sizeofStorage)[:at+sizeofStorage]
			clear(t.in[at:])
			putSockaddr(t.in[at:], netip.AddrPortFrom(a, 0), 0)
		}
		t.ret.Data = t.in
		return done(0)
	}
}
