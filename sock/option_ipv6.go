package sock

import "github.com/sockspec/sockspec/tcpstate"

// ipv6Options is IPPROTO_IPV6 (do_ipv6_setsockopt, do_ipv6_getsockopt). A value
// that is too short counts as 0 where nobody asks for its length.
var ipv6Options = optionLevel{
	level: IPPROTO_IPV6, name: "IPPROTO_IPV6", router: IPPROTO_ICMPV6, read: readIPv6, give: (*thread).giveInt, unsigned: true,
	rows: []option{
		{num: IPV6_ADDRFORM, name: "IPV6_ADDRFORM", least: 4, set: setAddrForm, get: getAddrForm, note: "AF_INET, for a connection with an IPv4-mapped peer"},
		{num: IPV6_2292PKTINFO, name: "IPV6_2292PKTINFO", least: 4, flag: func(o *options) *bool { return &o.old6.pktInfo }},
		{num: IPV6_2292HOPOPTS, name: "IPV6_2292HOPOPTS", does: kept, least: 4, flag: func(o *options) *bool { return &o.old6.hopOpts }},
		{num: IPV6_2292DSTOPTS, name: "IPV6_2292DSTOPTS", does: kept, least: 4, flag: func(o *options) *bool { return &o.old6.dstOpts }},
		{num: IPV6_2292RTHDR, name: "IPV6_2292RTHDR", does: kept, least: 4, flag: func(o *options) *bool { return &o.old6.rtHdr }},
		{num: IPV6_2292PKTOPTIONS, name: "IPV6_2292PKTOPTIONS", does: refused, set: setIPOptions6, data: getPktOptions6, note: "reads as empty; only none at all can be set"},
		{num: IPV6_2292HOPLIMIT, name: "IPV6_2292HOPLIMIT", least: 4, flag: func(o *options) *bool { return &o.old6.hopLimit }},
		{num: IPV6_FLOWINFO, name: "IPV6_FLOWINFO", does: kept, least: 4, flag: func(o *options) *bool { return &o.recv6.flowInfo }},
		{num: IPV6_UNICAST_HOPS, name: "IPV6_UNICAST_HOPS", least: 4, lo: -1, hi: 255, cell: func(o *options) *int32 { return &o.hops }, get: getHops, note: "-1 is the system's, 64"},
		{num: IPV6_MULTICAST_IF, name: "IPV6_MULTICAST_IF", only: onDatagrams, least: 4, set: setMulticastIf6, cell: func(o *options) *int32 { return &o.mcIndex6 }},
		{num: IPV6_MULTICAST_HOPS, name: "IPV6_MULTICAST_HOPS", only: onDatagrams, least: 4, lo: -1, hi: 255, set: setMulticastHops, cell: func(o *options) *int32 { return &o.mcHops }, note: "-1 means 1"},
		{num: IPV6_MULTICAST_LOOP, name: "IPV6_MULTICAST_LOOP", least: 4, lo: 0, hi: 1, flag: func(o *options) *bool { return &o.mcLoop6 }},
		{num: IPV6_ADD_MEMBERSHIP, name: "IPV6_ADD_MEMBERSHIP", writeOnly: true, set: setMembership6(true)},
		{num: IPV6_DROP_MEMBERSHIP, name: "IPV6_DROP_MEMBERSHIP", writeOnly: true, set: setMembership6(false)},
		{num: IPV6_ROUTER_ALERT, name: "IPV6_ROUTER_ALERT", does: kept, least: 4, set: setRouterAlert6, flag: func(o *options) *bool { return &o.raOn }, note: "for RAW with IPPROTO_RAW; negative takes it away"},
		{num: IPV6_MTU_DISCOVER, name: "IPV6_MTU_DISCOVER", least: 4, lo: IP_PMTUDISC_DONT, hi: IP_PMTUDISC_OMIT, cell: func(o *options) *int32 { return &o.pmtudisc6 }},
		{num: IPV6_MTU, name: "IPV6_MTU", least: 4, set: setMTU6, get: getMTU, note: "setting bounds fragments; reading tells the path's, ENOTCONN without one"},
		{num: IPV6_RECVERR, name: "IPV6_RECVERR", least: 4, flag: func(o *options) *bool { return &o.recvErr6 }, then: unwantErrors6},
		{num: IPV6_V6ONLY, name: "IPV6_V6ONLY", least: 4, set: setV6only, flag: func(o *options) *bool { return &o.v6only }, note: "EINVAL once bound"},
		{num: IPV6_JOIN_ANYCAST, name: "IPV6_JOIN_ANYCAST", writeOnly: true, set: joinAnycast},
		{num: IPV6_LEAVE_ANYCAST, name: "IPV6_LEAVE_ANYCAST", writeOnly: true, set: leaveAnycast},
		{num: IPV6_MULTICAST_ALL, name: "IPV6_MULTICAST_ALL", least: 4, flag: func(o *options) *bool { return &o.mcAll6 }},
		{num: IPV6_ROUTER_ALERT_ISOLATE, name: "IPV6_ROUTER_ALERT_ISOLATE", does: kept, least: 4, flag: func(o *options) *bool { return &o.raIsolate }},
		{num: IPV6_RECVERR_RFC4884, name: "IPV6_RECVERR_RFC4884", does: kept, least: 4, lo: 0, hi: 1, flag: func(o *options) *bool { return &o.recvErr4884v6 }},
		{num: IPV6_FLOWLABEL_MGR, name: "IPV6_FLOWLABEL_MGR", does: refused, set: refuseBelow(32), data: refuseFlowLabel},
		{num: IPV6_FLOWINFO_SEND, name: "IPV6_FLOWINFO_SEND", does: kept, least: 4, flag: func(o *options) *bool { return &o.sendFlow }},
		{num: IPV6_IPSEC_POLICY, name: "IPV6_IPSEC_POLICY", does: refused, writeOnly: true, set: setPolicy},
		{num: IPV6_XFRM_POLICY, name: "IPV6_XFRM_POLICY", does: refused, writeOnly: true, set: setPolicy},
		{num: MCAST_JOIN_GROUP, name: "MCAST_JOIN_GROUP", writeOnly: true, set: setGroup(true, true)},
		{num: MCAST_BLOCK_SOURCE, name: "MCAST_BLOCK_SOURCE", writeOnly: true, set: setSource(true, false, true)},
		{num: MCAST_UNBLOCK_SOURCE, name: "MCAST_UNBLOCK_SOURCE", writeOnly: true, set: setSource(true, false, false)},
		{num: MCAST_LEAVE_GROUP, name: "MCAST_LEAVE_GROUP", writeOnly: true, set: setGroup(true, false)},
		{num: MCAST_JOIN_SOURCE_GROUP, name: "MCAST_JOIN_SOURCE_GROUP", writeOnly: true, set: setSource(true, true, true)},
		{num: MCAST_LEAVE_SOURCE_GROUP, name: "MCAST_LEAVE_SOURCE_GROUP", writeOnly: true, set: setSource(true, true, false)},
		{num: MCAST_MSFILTER, name: "MCAST_MSFILTER", set: setGroupFilter(true), data: getGroupFilter(true), note: "struct group_filter; reading names the group in the value"},
		{num: IPV6_RECVPKTINFO, name: "IPV6_RECVPKTINFO", least: 4, flag: func(o *options) *bool { return &o.recv6.pktInfo }},
		{num: IPV6_PKTINFO, name: "IPV6_PKTINFO", writeOnly: true, set: setPktInfo6, note: "the interface that datagrams leave by; UDP and ping heed it, the address nobody"},
		{num: IPV6_RECVHOPLIMIT, name: "IPV6_RECVHOPLIMIT", least: 4, flag: func(o *options) *bool { return &o.recv6.hopLimit }},
		{num: IPV6_RECVHOPOPTS, name: "IPV6_RECVHOPOPTS", does: kept, least: 4, flag: func(o *options) *bool { return &o.recv6.hopOpts }},
		{num: IPV6_HOPOPTS, name: "IPV6_HOPOPTS", does: refused, set: setSticky(CapNetRaw), data: getNothing, note: stickyNote},
		{num: IPV6_RTHDRDSTOPTS, name: "IPV6_RTHDRDSTOPTS", does: refused, set: setSticky(CapNetRaw), data: getNothing, note: stickyNote},
		{num: IPV6_RECVRTHDR, name: "IPV6_RECVRTHDR", does: kept, least: 4, flag: func(o *options) *bool { return &o.recv6.rtHdr }},
		{num: IPV6_RTHDR, name: "IPV6_RTHDR", does: refused, set: setSticky(0), data: getNothing, note: stickyNote},
		{num: IPV6_RECVDSTOPTS, name: "IPV6_RECVDSTOPTS", does: kept, least: 4, flag: func(o *options) *bool { return &o.recv6.dstOpts }},
		{num: IPV6_DSTOPTS, name: "IPV6_DSTOPTS", does: refused, set: setSticky(CapNetRaw), data: getNothing, note: stickyNote},
		{num: IPV6_RECVPATHMTU, name: "IPV6_RECVPATHMTU", does: kept, least: 4, flag: func(o *options) *bool { return &o.recv6.pathMTU }},
		{num: IPV6_PATHMTU, name: "IPV6_PATHMTU", readOnly: true, data: getPathMTU, note: "struct ip6_mtuinfo of 32 octets"},
		{num: IPV6_DONTFRAG, name: "IPV6_DONTFRAG", flag: func(o *options) *bool { return &o.dontFrag }},
		{num: IPV6_RECVTCLASS, name: "IPV6_RECVTCLASS", least: 4, flag: func(o *options) *bool { return &o.recv6.tclass }},
		{num: IPV6_TCLASS, name: "IPV6_TCLASS", least: 4, lo: -1, hi: 255, set: setTclass, cell: func(o *options) *int32 { return &o.tclass }, note: "-1 means 0; a stream keeps its ECN bits"},
		{num: IPV6_AUTOFLOWLABEL, name: "IPV6_AUTOFLOWLABEL", flag: func(o *options) *bool { return &o.autoFlowLabel }, then: chooseLabels, get: getAutoLabels, note: "sysctl net.ipv6.auto_flowlabels until it is set"},
		{num: IPV6_ADDR_PREFERENCES, name: "IPV6_ADDR_PREFERENCES", does: kept, least: 4, set: setSourcePrefs, get: getSourcePrefs},
		{num: IPV6_MINHOPCOUNT, name: "IPV6_MINHOPCOUNT", least: 4, lo: 0, hi: 255, cell: func(o *options) *int32 { return &o.minHops }},
		{num: IPV6_RECVORIGDSTADDR, name: "IPV6_RECVORIGDSTADDR", least: 4, flag: func(o *options) *bool { return &o.recv6.origDst }},
		{num: IPV6_TRANSPARENT, name: "IPV6_TRANSPARENT", least: 4, caps: CapNetRaw | CapNetAdmin, needed: turnsOn, when: "to turn it on", flag: func(o *options) *bool { return &o.transparent }},
		{num: IPV6_UNICAST_IF, name: "IPV6_UNICAST_IF", set: setUnicastIf6, get: getUnicastIf6, note: "in network order; no such device: EADDRNOTAVAIL"},
		{num: IPV6_RECVFRAGSIZE, name: "IPV6_RECVFRAGSIZE", does: kept, flag: func(o *options) *bool { return &o.recv6.fragSize }},
		{num: IPV6_FREEBIND, name: "IPV6_FREEBIND", least: 4, flag: func(o *options) *bool { return &o.freebind }},
	},
}

const stickyNote = "only none at all can be set; reads as empty"

// received6 are the control messages that a socket of AF_INET6 asks for, in the
// form of RFC 3542 or in the older one of RFC 2292.
type received6 struct {
	pktInfo, hopLimit, hopOpts, dstOpts, rtHdr   bool
	flowInfo, tclass, pathMTU, origDst, fragSize bool
}

// setAddrForm is IPV6_ADDRFORM: a connection over IPv4 becomes a socket of
// AF_INET.
func setAddrForm(h *Host, s *sock, v *value) Errno {
	switch {
	case v.int != AF_INET:
		return EINVAL
	case s.kind()&(onStream|onDgram) == 0:
		return ENOPROTOOPT
	case s.kind() == onDgram && s.dg.cork.pending == AF_INET6:
		return EBUSY
	case s.state() != tcpstate.Established:
		return ENOTCONN
	case s.v6only() || !s.remote.Addr().Is4():
		return EADDRNOTAVAIL
	}
	h.leaveAll6(s)
	s.family = AF_INET
	return 0
}

// getAddrForm looks at the protocol alone: RAW with TCP's or UDP's is asked for
// its state, too.
func getAddrForm(_ *Host, s *sock, _ *thread) (int64, Errno) {
	switch {
	case s.proto != IPPROTO_TCP && s.proto != IPPROTO_UDP:
		return 0, ENOPROTOOPT
	case s.state() != tcpstate.Established:
		return 0, ENOTCONN
	}
	return int64(s.family), 0
}

// setIPOptions6 is IPV6_2292PKTOPTIONS, which can only take options away.
func setIPOptions6(_ *Host, _ *sock, v *value) Errno {
	switch {
	case v.n > 64*1024:
		return EINVAL
	case v.n > 0:
		return ENOPROTOOPT
	}
	return 0
}

func getPktOptions6(h *Host, s *sock, t *thread) outcome {
	if s.typ != SOCK_STREAM {
		return fail(ENOPROTOOPT)
	}
	return getNothing(h, s, t)
}

func getHops(_ *Host, s *sock, _ *thread) (int64, Errno) {
	if s.opt.hops >= 0 {
		return int64(s.opt.hops), 0
	}
	return 64, 0 // net.ipv6.conf.*.hop_limit
}

func setV6only(_ *Host, s *sock, v *value) Errno {
	if s.num != 0 {
		return EINVAL
	}
	s.opt.v6only = v.int != 0
	return 0
}

// setMTU6 is IPV6_MTU: the size of fragments, 0 for the path's.
func setMTU6(_ *Host, s *sock, v *value) Errno {
	if v.int != 0 && v.int < 1280 { // IPV6_MIN_MTU
		return EINVAL
	}
	s.opt.fragSize = v.int
	return 0
}

// setTclass: -1 is the default, 0; a stream's ECN bits are TCP's own business.
func setTclass(_ *Host, s *sock, v *value) Errno {
	n := max(v.int, 0)
	if s.typ == SOCK_STREAM {
		n = n&^3 | s.opt.tclass&3
	}
	if n != s.opt.tclass {
		s.opt.tclass, s.routed = n, false
	}
	return 0
}

func setMulticastHops(_ *Host, s *sock, v *value) Errno {
	s.opt.mcHops = v.int
	if v.int == -1 {
		s.opt.mcHops = 1 // IPV6_DEFAULT_MCASTHOPS
	}
	return 0
}

func setMulticastIf6(h *Host, s *sock, v *value) Errno {
	switch {
	case v.int != 0 && h.deviceName(v.int) == "":
		return ENODEV
	case v.int != 0 && s.opt.boundDev != 0 && s.opt.boundDev != v.int:
		return EINVAL
	}
	s.opt.mcIndex6 = v.int
	return 0
}

// setSticky is for extension headers that every packet is to carry: only taking
// them away works (ipv6_set_opt_hdr).
func setSticky(caps Capability) func(*Host, *sock, *value) Errno {
	return func(h *Host, _ *sock, v *value) Errno {
		switch {
		case caps != 0 && !h.capable(caps):
			return EPERM
		case v.n == 0:
			return 0
		case v.n&7 != 0 || v.n > 8*255:
			return EINVAL
		}
		return ENOPROTOOPT
	}
}

func refuseFlowLabel(_ *Host, _ *sock, t *thread) outcome {
	if t.call.Len >= 0 && t.call.Len < 32 {
		return fail(EINVAL)
	}
	return fail(ENOPROTOOPT)
}

// getPathMTU is IPV6_PATHMTU: no address, and the path's MTU.
func getPathMTU(h *Host, s *sock, t *thread) outcome {
	if t.call.Len >= 0 && t.call.Len < 32 {
		return fail(EINVAL)
	}
	mtu, err := getMTU(h, s, t)
	if err != 0 {
		return fail(err)
	}
	return t.give32(0, 0, 0, 0, 0, 0, 0, uint32(mtu))
}

// setUnicastIf6 is IPV6_UNICAST_IF.
func setUnicastIf6(h *Host, s *sock, v *value) Errno { return h.setUnicast(s, v, &s.opt.ucIndex6) }

func getUnicastIf6(_ *Host, s *sock, _ *thread) (int64, Errno) {
	return int64(swap32(s.opt.ucIndex6)), 0
}

// Preferences of source addresses (include/uapi/linux/in6.h): each pair is one
// bit that is kept, and one that takes it away.
const (
	preferTmp           = 0x1
	preferPublic        = 0x2
	preferPubTmpDefault = 0x100
	preferCOA           = 0x4
	preferHome          = 0x400
	preferCGA           = 0x8
	preferNonCGA        = 0x800
)

// setSourcePrefs is ip6_sock_set_addr_preferences: what is not named is
// forgotten.
func setSourcePrefs(_ *Host, s *sock, v *value) Errno {
	prefs := int32(0)
	switch f := v.int & (preferPublic | preferTmp | preferPubTmpDefault); f {
	case preferPublic, preferTmp:
		prefs = f
	case preferPubTmpDefault, 0:
	default:
		return EINVAL
	}
	switch f := v.int & (preferHome | preferCOA); f {
	case preferCOA:
		prefs |= f
	case preferHome, 0:
	default:
		return EINVAL
	}
	if v.int&preferCGA != 0 && v.int&preferNonCGA != 0 {
		return EINVAL
	}
	s.opt.srcPrefs = prefs
	return 0
}

func getSourcePrefs(_ *Host, s *sock, _ *thread) (int64, Errno) {
	prefs := s.opt.srcPrefs
	if prefs&(preferTmp|preferPublic) == 0 {
		prefs |= preferPubTmpDefault
	}
	if prefs&preferCOA == 0 {
		prefs |= preferHome
	}
	return int64(prefs), 0
}

// chooseLabels: from now on the socket's word on flow labels counts, not the
// system's (AUTOFLOWLABEL_SET).
func chooseLabels(_ *Host, s *sock) { s.opt.autoLabelSet = true }

func getAutoLabels(h *Host, s *sock, _ *thread) (int64, Errno) {
	return int64(flag(h.autoLabels(s))), 0
}
