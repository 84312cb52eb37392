package sock

import "net/netip"

// udpCmsg reads the control messages of a send: UDP's own first, then those of
// the level of the addresses (udp_cmsg_send). One that is not UDP's has the way
// looked for anew.
func (h *Host) udpCmsg(s *sock, t *thread, p *sendPlan) Errno {
	for i := range t.call.Control {
		c := &t.call.Control[i]
		if c.Level != SOL_UDP {
			p.connected = false
			continue
		}
		if c.Type != UDP_SEGMENT || len(c.Data) != 2 {
			return EINVAL
		}
		p.gso = int32(c.Data[0]) | int32(c.Data[1])<<8
	}
	return h.ipCmsg(s, t, p)
}

// ipCmsg reads what IP takes of the control messages (ip_cmsg_send,
// ip6_datagram_send_ctl). Other levels are passed over.
func (h *Host) ipCmsg(s *sock, t *thread, p *sendPlan) Errno {
	ipv6 := p.dst.Addr().Is6()
	p.tag = tag{s.opt.mark, s.opt.priority}
	for i := range t.call.Control {
		c := &t.call.Control[i]
		var err Errno
		switch {
		case c.Level == SOL_SOCKET:
			err = h.sockCmsg(s, c, p)
		case ipv6 && c.Level == SOL_IPV6:
			err = h.ip6Cmsg(s, c, p)
		case !ipv6 && c.Level == SOL_IP:
			err = ip4Cmsg(c, p)
		case !ipv6 && s.family == AF_INET6 && c.Level == SOL_IPV6 && c.Type == IPV6_PKTINFO:
			err = mappedPktInfo(c, p)
		}
		if err != 0 {
			return err
		}
	}
	return 0
}

// cmsgInt reads a control message that must be one int within bounds.
func cmsgInt(c *Control, lo, hi int32) (int32, Errno) {
	if len(c.Data) != 4 {
		return 0, EINVAL
	}
	v := rd32(c.Data)
	if !inRange(v, lo, hi) {
		return 0, EINVAL
	}
	return v, 0
}

// ip4Cmsg is one control message of IPPROTO_IP (ip_cmsg_send).
func ip4Cmsg(c *Control, p *sendPlan) Errno {
	switch c.Type {
	case IP_PKTINFO:
		if len(c.Data) != 12 {
			return EINVAL
		}
		if dev := rd32(c.Data); dev != 0 {
			p.dev = dev
		}
		p.setSource(netip.AddrFrom4([4]byte(c.Data[4:8])))
	case IP_TTL:
		v, err := cmsgInt(c, 1, 255)
		if err != 0 {
			return err
		}
		p.ttl = int16(v)
	case IP_TOS:
		v, err := int32(0), Errno(0)
		if len(c.Data) == 1 {
			v = int32(c.Data[0])
		} else if v, err = cmsgInt(c, 0, 255); err != 0 {
			return err
		}
		p.tos, p.tag.priority = int16(v), tosPriority[v>>3&3]
	case IP_PROTOCOL:
		_, err := cmsgInt(c, 1, 255) // only RAW sockets heed it
		return err
	default:
		return EINVAL
	}
	return 0
}

// setSource takes the address to send from; the any-address leaves the choice.
func (p *sendPlan) setSource(a netip.Addr) {
	p.src = a
}

// mappedPktInfo is IPV6_PKTINFO on a socket of AF_INET6 that sends by IPv4.
func mappedPktInfo(c *Control, p *sendPlan) Errno {
	if len(c.Data) < 20 {
		return EINVAL
	}
	a := netip.AddrFrom16([16]byte(c.Data))
	if !a.Is4In6() {
		return EINVAL
	}
	if dev := rd32(c.Data[16:]); dev != 0 {
		p.dev = dev
	}
	p.setSource(a.Unmap())
	return 0
}

// ip6Cmsg is one control message of IPPROTO_IPV6 (ip6_datagram_send_ctl). What
// it leaves out are extension headers.
func (h *Host) ip6Cmsg(s *sock, c *Control, p *sendPlan) Errno {
	switch c.Type {
	case IPV6_PKTINFO, IPV6_2292PKTINFO:
		return h.ip6PktInfo(s, c, p)
	case IPV6_FLOWINFO:
		if len(c.Data) < 4 {
			return EINVAL
		}
	case IPV6_HOPLIMIT, IPV6_2292HOPLIMIT:
		v, err := cmsgInt(c, -1, 255)
		if err != 0 {
			return err
		}
		p.ttl = int16(v)
	case IPV6_TCLASS:
		v, err := cmsgInt(c, -1, 255)
		if err != 0 {
			return err
		}
		p.tos = int16(uint8(v))
	case IPV6_DONTFRAG:
		v, err := cmsgInt(c, 0, 1)
		if err != 0 {
			return err
		}
		p.dontFrag = v != 0
	default:
		return EINVAL
	}
	return 0
}

// ip6PktInfo takes interface and source address; both must be ours.
func (h *Host) ip6PktInfo(s *sock, c *Control, p *sendPlan) Errno {
	if len(c.Data) < 20 {
		return EINVAL
	}
	a, dev := netip.AddrFrom16([16]byte(c.Data)), rd32(c.Data[16:])
	if dev != 0 {
		if p.dev != 0 && dev != p.dev {
			return EINVAL
		}
		p.dev = dev
	}
	switch {
	case p.dev != 0 && !h.hasDevice(p.dev):
		return ENODEV
	case p.dev == 0 && a.IsLinkLocalUnicast():
		return EINVAL
	case a.IsUnspecified():
		return 0
	case !h.nonlocal(s, ctlNonlocalBind6) && (a.Is4In6() || !h.stays(a)):
		return EINVAL
	}
	p.setSource(a)
	return 0
}
