package sock

// sticky6 is struct in6_pktinfo of IPV6_PKTINFO: what datagrams leave by unless
// something else is said of one. The address is kept, and nothing looks at it
// (np->sticky_pktinfo).
type sticky6 struct {
	dev  int32
	addr [16]byte
}

// setPktInfo6 is IPV6_PKTINFO: it must not be at odds with SO_BINDTODEVICE, but
// the interface need not exist (sk_dev_equal_l3scope).
func setPktInfo6(_ *Host, s *sock, v *value) Errno {
	if err := v.has(20); err != 0 {
		return err
	}
	dev := rd32(v.data[16:])
	if s.opt.boundDev != 0 && s.opt.boundDev != dev {
		return EINVAL
	}
	s.opt.sticky6 = sticky6{dev, [16]byte(v.data)}
	return 0
}

// setRouterAlert6 puts a RAW socket on the list of those that hear of packets for
// routers, which a host has none of, or takes it off (ip6_ra_control).
func setRouterAlert6(_ *Host, s *sock, v *value) Errno {
	on := v.int >= 0
	switch {
	case s.typ != SOCK_RAW || s.num != IPPROTO_RAW:
		return ENOPROTOOPT
	case on && s.opt.raListens:
		return EADDRINUSE
	case !on && !s.opt.raListens:
		return ENOBUFS
	}
	s.opt.raListens, s.opt.raOn = on, v.int != 0
	return 0
}
