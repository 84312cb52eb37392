package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// wayOut is the MTU of the way to the peer, octets: as it was when the
// connection looked it up (dst_mtu of sk_dst_cache), and as it is by now. Others
// of the host may learn that the way is narrower; a connection looks it up again
// when it sends.
type wayOut struct {
	known, now mtu
}

// mtu is an MTU less one, so that that of loopback fits, 65536.
type mtu uint16

// mtuOf is an MTU of so many octets, 68 at least (RFC 791).
func mtuOf(octets uint32) mtu { return mtu(min(max(octets, 68), 65536) - 1) }

func (m mtu) octets() uint32 { return uint32(m) + 1 }

// wayIs takes note of the way's MTU.
func (c *Conn) wayIs(in *Input) {
	if in.MTU == 0 {
		return
	}
	c.snd.way.now = mtuOf(in.MTU)
	c.snd.way.known = mtuOf(c.PathMTU(in.MTU, in.WayKept))
	if in.WayLost {
		c.snd.way.known = c.snd.mtu // with no way, segments stay as they are (tcp_current_mss)
	}
}

// PathMTU is what the connection knows of the way to its peer, octets
// (getsockopt IP_MTU; dst_mtu), if the way's MTU is now; kept is Input's WayKept.
// What is new to the host it learns when it sends. IPv4 forgets a narrow way
// where it is remembered, and at once (ipv4_mtu: rt_pmtu has expired).
func (c *Conn) PathMTU(now uint32, kept bool) uint32 {
	if kept {
		return now
	}
	if c.ipv6 {
		return c.snd.way.known.octets()
	}
	return max(c.snd.way.known.octets(), now)
}

// Narrows reports whether an MTU makes segments shorter (tcp_v6_mtu_reduced).
func (c *Conn) Narrows(mtu uint32) bool { return c.mssOf(mtu) < c.snd.mssCache }

// lookUp finds the way out again (__ip_queue_xmit, inet_sk_rebuild_header).
func (c *Conn) lookUp() { c.snd.way.known = c.snd.way.now }

// leaves looks up the way for a segment of n octets, or for an offloaded packet
// in parts of mss octets if that is not 0, which was just told as the latest
// output. It reports whether it leaves the host, and withdraws what is too long
// (ip_finish_output_gso, ip6_xmit, ip6_finish_output_gso_slowpath_drop).
func (c *Conn) leaves(n, mss uint32) bool {
	c.lookUp()
	if c.snd.bars&BarRoute != 0 {
		return false // EHOSTUNREACH
	}
	o := &c.out[len(c.out)-1]
	o.Off = mss
	bar, part, ip := BarLong, n, uint32(20)
	if mss > 0 {
		bar, part = BarLongParts, mss
	}
	if c.ipv6 {
		ip = 40
	}
	if c.snd.bars&bar == 0 || n == 0 || ip+o.Seg.HeaderLen()+part <= c.snd.way.known.octets() {
		return true
	}
	why := o.Why
	o.Kind, o.Why, o.N = TooLong, rule.TooLong, c.snd.way.known.octets()
	if last := n % part; c.ipv6 && last > 0 && ip+o.Seg.HeaderLen()+last <= c.snd.way.known.octets() {
		c.escapes(last, why)
	}
	return false // EMSGSIZE
}

// escapes lets the short last part of what is too long go, which counts as unsent
// with the rest all the same: IPv6 looks at each part.
func (c *Conn) escapes(n uint32, why rule.ID) {
	all := &c.out[len(c.out)-1]
	last := Output{Kind: Emit, Why: why, Seg: all.Seg}
	all.Seg.Len -= n
	all.Seg.Flags &^= PSH | FIN
	last.Seg.Seq, last.Seg.Len = all.Seg.Seq.Add(all.Seg.Len), n
	last.Seg.Flags &^= CWR
	c.out = append(c.out, last)
}
