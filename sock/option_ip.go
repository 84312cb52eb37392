package sock

import "net/netip"

// onDatagrams are the kinds that multicast is for.
const onDatagrams = onDgram | onRaw | onICMP | onPing

// ipOptions is IPPROTO_IP (do_ip_setsockopt, do_ip_getsockopt). A value may be
// an int, an octet, or nothing for 0.
var ipOptions = optionLevel{
	level: IPPROTO_IP, name: "IPPROTO_IP", router: IPPROTO_IGMP, read: readIP, give: (*thread).giveIP,
	rows: []option{
		{num: IP_TOS, name: "IP_TOS", set: setTOS, cell: func(o *options) *int32 { return &o.tos }, note: "a stream keeps its ECN bits; sets SO_PRIORITY"},
		{num: IP_TTL, name: "IP_TTL", least: 1, set: setTTL, get: getTTL, note: "1 to 255; -1 is net.ipv4.ip_default_ttl"},
		{num: IP_HDRINCL, name: "IP_HDRINCL", only: onRaw | onICMP, flag: func(o *options) *bool { return &o.hdrIncl }},
		{num: IP_OPTIONS, name: "IP_OPTIONS", does: refused, anyLength: true, set: setIPOptions, data: getNothing, note: "only none at all can be set"},
		{num: IP_ROUTER_ALERT, name: "IP_ROUTER_ALERT", does: kept, only: onRaw | onICMP, other: EINVAL, set: setRouterAlert, flag: func(o *options) *bool { return &o.routerAlert }},
		{num: IP_RECVOPTS, name: "IP_RECVOPTS", does: kept, flag: func(o *options) *bool { return &o.recvOpts }},
		{num: IP_RETOPTS, name: "IP_RETOPTS", does: kept, flag: func(o *options) *bool { return &o.retOpts }},
		{num: IP_PKTINFO, name: "IP_PKTINFO", flag: func(o *options) *bool { return &o.pktInfo }},
		{num: IP_PKTOPTIONS, name: "IP_PKTOPTIONS", does: refused, readOnly: true, only: onStream, strict: true, data: getNothing, note: "reads as empty"},
		{num: IP_MTU_DISCOVER, name: "IP_MTU_DISCOVER", lo: IP_PMTUDISC_DONT, hi: IP_PMTUDISC_OMIT, cell: func(o *options) *int32 { return &o.pmtudisc }},
		{num: IP_RECVERR, name: "IP_RECVERR", flag: func(o *options) *bool { return &o.recvErr }, then: unwantErrors4},
		{num: IP_RECVTTL, name: "IP_RECVTTL", flag: func(o *options) *bool { return &o.recvTTL }},
		{num: IP_RECVTOS, name: "IP_RECVTOS", flag: func(o *options) *bool { return &o.recvTOS }},
		{num: IP_MTU, name: "IP_MTU", readOnly: true, get: getMTU, note: "without a route: ENOTCONN"},
		{num: IP_FREEBIND, name: "IP_FREEBIND", least: 1, flag: func(o *options) *bool { return &o.freebind }},
		{num: IP_IPSEC_POLICY, name: "IP_IPSEC_POLICY", does: refused, writeOnly: true, anyLength: true, set: setPolicy},
		{num: IP_XFRM_POLICY, name: "IP_XFRM_POLICY", does: refused, writeOnly: true, anyLength: true, set: setPolicy},
		{num: IP_PASSSEC, name: "IP_PASSSEC", does: kept, flag: func(o *options) *bool { return &o.passSec }},
		{num: IP_TRANSPARENT, name: "IP_TRANSPARENT", least: 1, caps: CapNetRaw | CapNetAdmin, needed: turnsOn, when: "to turn it on", flag: func(o *options) *bool { return &o.transparent }},
		{num: IP_RECVORIGDSTADDR, name: "IP_RECVORIGDSTADDR", flag: func(o *options) *bool { return &o.recvOrigDst }},
		{num: IP_MINTTL, name: "IP_MINTTL", least: 1, lo: 0, hi: 255, cell: func(o *options) *int32 { return &o.minTTL }},
		{num: IP_NODEFRAG, name: "IP_NODEFRAG", does: kept, only: onRaw | onICMP, flag: func(o *options) *bool { return &o.noDefrag }},
		{num: IP_CHECKSUM, name: "IP_CHECKSUM", does: kept, flag: func(o *options) *bool { return &o.recvChecksum }},
		{num: IP_BIND_NO_PORT, name: "IP_BIND_ADDRESS_NO_PORT", flag: func(o *options) *bool { return &o.bindNoPort }},
		{num: IP_RECVFRAGSIZE, name: "IP_RECVFRAGSIZE", does: kept, only: onDatagrams, other: EINVAL, flag: func(o *options) *bool { return &o.recvFragSize }},
		{num: IP_RECVERR_RFC4884, name: "IP_RECVERR_RFC4884", does: kept, lo: 0, hi: 1, flag: func(o *options) *bool { return &o.recvErr4884 }},
		{num: IP_MULTICAST_IF, name: "IP_MULTICAST_IF", only: onDatagrams, other: EINVAL, anyLength: true, set: setMulticastIf, data: getMulticastIf},
		{num: IP_MULTICAST_TTL, name: "IP_MULTICAST_TTL", only: onDatagrams, other: EINVAL, least: 1, lo: -1, hi: 255, set: setMulticastTTL, cell: func(o *options) *int32 { return &o.mcTTL }, note: "-1 means 1"},
		{num: IP_MULTICAST_LOOP, name: "IP_MULTICAST_LOOP", least: 1, flag: func(o *options) *bool { return &o.mcLoop }},
		{num: IP_ADD_MEMBERSHIP, name: "IP_ADD_MEMBERSHIP", writeOnly: true, only: onDatagrams, other: EPROTO, anyLength: true, set: setMembership4(true)},
		{num: IP_DROP_MEMBERSHIP, name: "IP_DROP_MEMBERSHIP", writeOnly: true, only: onDatagrams, other: EPROTO, anyLength: true, set: setMembership4(false)},
		{num: IP_UNBLOCK_SOURCE, name: "IP_UNBLOCK_SOURCE", writeOnly: true, anyLength: true, set: setSource4(false, false)},
		{num: IP_BLOCK_SOURCE, name: "IP_BLOCK_SOURCE", writeOnly: true, anyLength: true, set: setSource4(false, true)},
		{num: IP_ADD_SOURCE_MEMBERSHIP, name: "IP_ADD_SOURCE_MEMBERSHIP", writeOnly: true, anyLength: true, set: setSource4(true, true)},
		{num: IP_DROP_SOURCE_MEMBERSHIP, name: "IP_DROP_SOURCE_MEMBERSHIP", writeOnly: true, anyLength: true, set: setSource4(true, false)},
		{num: IP_MSFILTER, name: "IP_MSFILTER", anyLength: true, set: setMSFilter, data: getMSFilter, note: "struct ip_msfilter; reading names the group in the value"},
		{num: MCAST_JOIN_GROUP, name: "MCAST_JOIN_GROUP", writeOnly: true, anyLength: true, set: setGroup(false, true)},
		{num: MCAST_BLOCK_SOURCE, name: "MCAST_BLOCK_SOURCE", writeOnly: true, anyLength: true, set: setSource(false, false, true)},
		{num: MCAST_UNBLOCK_SOURCE, name: "MCAST_UNBLOCK_SOURCE", writeOnly: true, anyLength: true, set: setSource(false, false, false)},
		{num: MCAST_LEAVE_GROUP, name: "MCAST_LEAVE_GROUP", writeOnly: true, anyLength: true, set: setGroup(false, false)},
		{num: MCAST_JOIN_SOURCE_GROUP, name: "MCAST_JOIN_SOURCE_GROUP", writeOnly: true, anyLength: true, set: setSource(false, true, true)},
		{num: MCAST_LEAVE_SOURCE_GROUP, name: "MCAST_LEAVE_SOURCE_GROUP", writeOnly: true, anyLength: true, set: setSource(false, true, false)},
		{num: MCAST_MSFILTER, name: "MCAST_MSFILTER", anyLength: true, set: setGroupFilter(false), data: getGroupFilter(false), note: "struct group_filter; reading names the group in the value"},
		{num: IP_MULTICAST_ALL, name: "IP_MULTICAST_ALL", least: 1, lo: 0, hi: 1, flag: func(o *options) *bool { return &o.mcAll }},
		{num: IP_UNICAST_IF, name: "IP_UNICAST_IF", set: setUnicastIf, get: getUnicastIf, note: "in network order; no such device: EADDRNOTAVAIL"},
		{num: IP_LOCAL_PORT_RANGE, name: "IP_LOCAL_PORT_RANGE", set: setPortRange, cell: func(o *options) *int32 { return &o.portRange }, note: "4 octets exactly: the high bound above the low one"},
		{num: IP_PROTOCOL, name: "IP_PROTOCOL", readOnly: true, get: func(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(s.num), 0 }, note: "a stream's is its local port"},
	},
}

// tosPriority is the priority of a type of service (ip_tos2prio), by its bits 2
// and up.
var tosPriority = [4]int32{0, 2, 6, 4}

// setTOS leaves a stream's ECN bits alone: they are TCP's own business. It also
// sets the priority (__ip_sock_set_tos).
func setTOS(_ *Host, s *sock, v *value) Errno {
	n := v.int
	if s.typ == SOCK_STREAM {
		n = n&^3 | s.opt.tos&3
	}
	if n != s.opt.tos {
		s.routed = false
		s.opt.tos = n & 255
		s.opt.priority = tosPriority[n>>3&3]
	}
	return 0
}

func setTTL(_ *Host, s *sock, v *value) Errno {
	if v.int != -1 && !inRange(v.int, 1, 255) {
		return EINVAL
	}
	s.opt.ttl = v.int
	return 0
}

func getTTL(h *Host, s *sock, _ *thread) (int64, Errno) {
	if s.opt.ttl >= 0 {
		return int64(s.opt.ttl), 0
	}
	return h.sysctl.get(ctlDefaultTTL), 0
}

// setPortRange is IP_LOCAL_PORT_RANGE: the high half above the low one.
func setPortRange(_ *Host, s *sock, v *value) Errno {
	if v.n != 4 {
		return EINVAL
	}
	n := uint32(v.int)
	if lo, hi := n&0xffff, n>>16; lo != 0 && hi != 0 && lo > hi {
		return EINVAL
	}
	s.opt.portRange = v.int
	return 0
}

// setIPOptions can only take options away. A stream without a connection, which
// knows no peer's MSS, takes that for none (tcp_sync_mss): the least is left, less
// the header as it was last, or was not yet.
func setIPOptions(h *Host, s *sock, v *value) Errno {
	const header = 20
	switch {
	case v.n > 40:
		return EINVAL
	case v.n > 0:
		return ENOPROTOOPT
	}
	if s.typ == SOCK_STREAM && s.family == AF_INET && s.conn == nil {
		s.mss = uint32(h.tcp.MinSndMSS) + header - uint32(s.left.tcp.HeaderLen)
		s.pastMSS()
	}
	return 0
}

// setRouterAlert is ip_ra_control: each socket is on the list once.
func setRouterAlert(_ *Host, s *sock, v *value) Errno {
	on := v.int != 0
	switch {
	case s.proto == IPPROTO_RAW:
		return EINVAL
	case on && s.opt.routerAlert:
		return EADDRINUSE
	case !on && !s.opt.routerAlert:
		return ENOBUFS
	}
	s.opt.routerAlert = on
	return 0
}

// setPolicy refuses IPsec policies (xfrm_user_policy): there is nobody to read
// one, but taking it away works.
func setPolicy(h *Host, _ *sock, v *value) Errno {
	switch {
	case !h.capable(CapNetAdmin):
		return EPERM
	case v.n == 0:
		return 0
	case v.n > 4096:
		return EMSGSIZE
	}
	return EINVAL
}

// refuseBelow refuses what is long enough for its structure.
func refuseBelow(n int) func(*Host, *sock, *value) Errno {
	return func(_ *Host, _ *sock, v *value) Errno {
		if v.n < n {
			return EINVAL
		}
		return ENOPROTOOPT
	}
}

// setUnicastIf is IP_UNICAST_IF.
func setUnicastIf(h *Host, s *sock, v *value) Errno { return h.setUnicast(s, v, &s.opt.ucIndex) }

// setUnicast takes an interface's index in network order, which must not be at
// odds with SO_BINDTODEVICE.
func (h *Host) setUnicast(s *sock, v *value, to *int32) Errno {
	i := swap32(v.int)
	switch {
	case v.n != 4:
		return EINVAL
	case i != 0 && h.deviceName(i) == "":
		return EADDRNOTAVAIL
	case i != 0 && s.opt.boundDev != 0:
		return EINVAL
	}
	*to = i
	return 0
}

func getUnicastIf(_ *Host, s *sock, _ *thread) (int64, Errno) {
	return int64(swap32(s.opt.ucIndex)), 0
}

func setMulticastTTL(_ *Host, s *sock, v *value) Errno {
	s.opt.mcTTL = v.int
	if v.int == -1 {
		s.opt.mcTTL = 1
	}
	return 0
}

// setMulticastIf takes a struct in_addr, ip_mreq or ip_mreqn; the latter names
// the interface by its index.
func setMulticastIf(h *Host, s *sock, v *value) Errno {
	if err := v.has(4); err != 0 {
		return err
	}
	addr, index := v.data[:4], int32(0)
	switch {
	case v.n >= 12:
		addr, index = v.data[4:8], rd32(v.data[8:])
	case v.n >= 8:
		addr = v.data[4:8]
	}
	a := netip.AddrFrom4([4]byte(addr))
	switch {
	case index == 0 && a.IsUnspecified():
	case index == 0:
		if !h.isLocal(a) {
			return EADDRNOTAVAIL
		}
		index = deviceOf(a)
	case h.deviceName(index) == "":
		return EADDRNOTAVAIL
	}
	if d := s.opt.boundDev; index != 0 && d != 0 && d != index {
		return EINVAL
	}
	s.opt.mcIndex, s.opt.mcAddr = index, rd32(addr)
	return 0
}

func getMulticastIf(_ *Host, s *sock, t *thread) outcome { return t.giveInt(int64(s.opt.mcAddr)) }

// getMTU is the path's MTU, while a route is remembered: from the first segment
// on, until an option that routes depend on changes (sk_dst_reset).
func getMTU(h *Host, s *sock, _ *thread) (int64, Errno) {
	if !s.routed {
		return 0, ENOTCONN
	}
	to, from := s.remote.Addr(), s.local
	if !to.IsValid() {
		to, from = s.way, anyOf(s.way) // the address that bind has given has no part in it
	}
	r, err := h.routeTo(to, from, s.via(s.opt.boundDev))
	if err != 0 {
		return 0, ENOTCONN
	}
	if s.conn != nil { // which may not have looked for a while
		r.mtu = s.conn.PathMTU(r.mtu, h.keepsWay(s))
	}
	return int64(r.mtu), 0
}
