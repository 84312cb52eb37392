package sock

import "github.com/sockspec/sockspec/tcpstate"

// ipValue reads an IP option's value: an int, or a single octet
// (do_ip_setsockopt).
func ipValue(data []byte) int32 {
	switch {
	case len(data) >= 4:
		return rd32(data)
	case len(data) >= 1:
		return int32(data[0])
	}
	return 0
}

// ipSetsockopt is IPPROTO_IP (do_ip_setsockopt).
func ipSetsockopt(h *Host, s *sock, name int32, data []byte) Errno {
	o, val := &s.opt, ipValue(data)
	switch name {
	case IP_TOS:
		// A stream's ECN bits are TCP's own business (__ip_sock_set_tos).
		o.tos = uint8(val)&^3 | o.tos&3
	case IP_TTL:
		if len(data) < 1 || val != -1 && !inRange(val, 1, 255) {
			return EINVAL
		}
		o.ttl = int16(max(val, 0))
	case IP_MTU_DISCOVER:
		if !inRange(val, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT) {
			return EINVAL
		}
		o.pmtudisc = uint8(val)
	case IP_RECVERR:
		o.recvErr = val != 0
	case IP_FREEBIND:
		if len(data) < 1 {
			return EINVAL
		}
		o.freebind = val != 0
	case IP_TRANSPARENT:
		if val != 0 && !h.capable(CapNetRaw|CapNetAdmin) {
			return EPERM
		}
		if len(data) < 1 {
			return EINVAL
		}
		o.transparent = val != 0
	case IP_MINTTL:
		if len(data) < 1 || !inRange(val, 0, 255) {
			return EINVAL
		}
		o.minTTL = uint8(val)
	case IP_BIND_NO_PORT:
		o.bindNoPort = val != 0
	case IP_LOCAL_PORT_RANGE:
		return o.setPortRange(data)
	default:
		return ENOPROTOOPT
	}
	return 0
}

// setPortRange is IP_LOCAL_PORT_RANGE: the high half above the low one.
func (o *options) setPortRange(data []byte) Errno {
	if len(data) != 4 {
		return EINVAL
	}
	v := uint32(rd32(data))
	if lo, hi := v&0xffff, v>>16; lo != 0 && hi != 0 && lo > hi {
		return EINVAL
	}
	o.portRange = v
	return 0
}

// ipGetsockopt is IPPROTO_IP (do_ip_getsockopt). Small values come as one octet
// when there is no room for an int.
func ipGetsockopt(h *Host, s *sock, t *thread, name int32) outcome {
	o := &s.opt
	switch name {
	case IP_TOS:
		return t.giveIP(int64(o.tos))
	case IP_TTL:
		if o.ttl > 0 {
			return t.giveIP(int64(o.ttl))
		}
		return t.giveIP(h.sysctl.get(ctlDefaultTTL))
	case IP_MTU_DISCOVER:
		return t.giveIP(int64(o.pmtudisc))
	case IP_RECVERR:
		return t.giveIP(int64(flag(o.recvErr)))
	case IP_FREEBIND:
		return t.giveIP(int64(flag(o.freebind)))
	case IP_TRANSPARENT:
		return t.giveIP(int64(flag(o.transparent)))
	case IP_MINTTL:
		return t.giveIP(int64(o.minTTL))
	case IP_BIND_NO_PORT:
		return t.giveIP(int64(flag(o.bindNoPort)))
	case IP_LOCAL_PORT_RANGE:
		return t.giveInt(int64(o.portRange))
	case IP_MTU:
		return h.getMTU(s, t)
	}
	return fail(ENOPROTOOPT)
}

// giveIP answers with an octet where an int does not fit.
func (t *thread) giveIP(v int64) outcome {
	if t.call.Len > 0 && t.call.Len < 4 && inRange(int32(v), 0, 255) {
		t.in = append(t.in[:0], byte(v))
		return t.giveBytes()
	}
	return t.giveInt(v)
}

// getMTU is the path's MTU, while there is a path.
func (h *Host) getMTU(s *sock, t *thread) outcome {
	if s.conn == nil || s.state() == tcpstate.Closed {
		return fail(ENOTCONN)
	}
	r, err := h.routeTo(s.remote.Addr(), s.local)
	if err != 0 {
		return fail(ENOTCONN)
	}
	return t.giveInt(int64(r.mtu))
}

// ipv6Setsockopt is IPPROTO_IPV6 (do_ipv6_setsockopt).
func ipv6Setsockopt(_ *Host, s *sock, name int32, data []byte) Errno {
	o := &s.opt
	if len(data) < 4 {
		return EINVAL
	}
	val := rd32(data)
	switch name {
	case IPV6_V6ONLY:
		if s.num != 0 {
			return EINVAL
		}
		o.v6only = val != 0
	case IPV6_UNICAST_HOPS:
		if !inRange(val, -1, 255) {
			return EINVAL
		}
		o.hops = int16(max(val, 0))
	case IPV6_TCLASS:
		if !inRange(val, -1, 255) {
			return EINVAL
		}
		o.tclass = uint8(max(val, 0)) &^ 3
	case IPV6_MTU_DISCOVER:
		if !inRange(val, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT) {
			return EINVAL
		}
		o.pmtudisc6 = uint8(val)
	case IPV6_RECVERR:
		o.recvErr6 = val != 0
	default:
		return ENOPROTOOPT
	}
	return 0
}

// ipv6Getsockopt is IPPROTO_IPV6 (do_ipv6_getsockopt).
func ipv6Getsockopt(h *Host, s *sock, t *thread, name int32) outcome {
	o := &s.opt
	switch name {
	case IPV6_V6ONLY:
		return t.giveBool(o.v6only)
	case IPV6_UNICAST_HOPS:
		if o.hops > 0 {
			return t.giveInt(int64(o.hops))
		}
		return t.giveInt(64)
	case IPV6_TCLASS:
		return t.giveInt(int64(o.tclass))
	case IPV6_MTU_DISCOVER:
		return t.giveInt(int64(o.pmtudisc6))
	case IPV6_RECVERR:
		return t.giveBool(o.recvErr6)
	case IPV6_MTU:
		return h.getMTU(s, t)
	}
	return fail(ENOPROTOOPT)
}
