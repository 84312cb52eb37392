package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// wayOut is the MTU of the way to the peer, octets: as it was when the
// connection looked it up (dst_mtu of sk_dst_cache), and as it is by now. Others
// of the host may learn that the way is narrower; a connection looks it up again
// when it sends.
type wayOut struct {
	known, now uint32
}

// wayIs takes note of the way's MTU. IPv4 forgets a narrow way where it is
// remembered, and at once (ipv4_mtu: rt_pmtu has expired).
func (c *Conn) wayIs(mtu uint32) {
	if mtu == 0 {
		return
	}
	c.snd.way.now = mtu
	if !c.ipv6 {
		c.snd.way.known = max(c.snd.way.known, mtu)
	}
}

// lookUp finds the way out again (__ip_queue_xmit, inet_sk_rebuild_header).
func (c *Conn) lookUp() { c.snd.way.known = c.snd.way.now }

// PathMTU is what the connection knows of the way to its peer, octets
// (getsockopt IP_MTU; dst_mtu). It lags behind what others know until something
// is sent.
func (c *Conn) PathMTU() uint32 { return c.snd.way.known }

// leaves looks up the way for segments of a buffer with n octets, cut to mss if
// that is not 0, that was just told as the latest output. It reports whether they
// leave the host, and withdraws them if they are too long for it
// (ip_finish_output_gso, ip6_finish_output_gso_slowpath_drop).
func (c *Conn) leaves(n, mss uint32) bool {
	c.lookUp()
	if c.snd.bars&BarRoute != 0 {
		return false // EHOSTUNREACH
	}
	o := &c.out[len(c.out)-1]
	if mss == 0 {
		mss = n
	}
	ip := uint32(20)
	if c.ipv6 {
		ip = 40
	}
	if c.snd.bars&BarLong == 0 || n == 0 || ip+o.Seg.headerLen()+mss <= c.snd.way.known {
		return true
	}
	o.Kind, o.Why, o.N, o.Off = TooLong, rule.TooLong, mss, c.snd.way.known
	if last := n % mss; c.ipv6 && last > 0 && ip+o.Seg.headerLen()+last <= c.snd.way.known {
		c.escapes(last)
	}
	return false // EMSGSIZE
}

// escapes lets the short last part of what is too long go, which counts as unsent
// with the rest all the same: IPv6 looks at each part.
func (c *Conn) escapes(n uint32) {
	all := &c.out[len(c.out)-1]
	last := Output{Kind: Emit, Why: rule.DataSent, Seg: all.Seg}
	all.Seg.Len -= n
	all.Seg.Flags &^= PSH | FIN
	last.Seg.Seq, last.Seg.Len = all.Seg.Seq.Add(all.Seg.Len), n
	last.Seg.Flags &^= CWR
	c.out = append(c.out, last)
}
