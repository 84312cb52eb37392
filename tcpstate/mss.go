package tcpstate

// gsoMaxSize is the most that one offloaded packet carries: 65536 less
// Linux's room for headers (sk_gso_max_size with MAX_TCP_HEADER 192).
const gsoMaxSize = 65536 - 193

// syncMSS settles the send MSS for a path MTU (tcp_sync_mss): without options
// but those that every segment carries.
func (c *Conn) syncMSS(mtu uint32) uint32 {
	c.snd.mtu = mtuOf(mtu)
	c.snd.mssCache = c.halfWindow(c.mssOf(mtu))
	return c.snd.mssCache
}

// mssOf is the send MSS that a path MTU allows (tcp_mtu_to_mss).
func (c *Conn) mssOf(mtu uint32) uint32 {
	p := Params{Cfg: c.cfg, MTU: mtu, IPv6: c.ipv6}
	mss := min(p.mtuMSS(), uint32(c.opt.mssClamp))
	return max(mss, uint32(c.cfg.MinSndMSS)) - uint32(c.opt.hdrLen-tcpHdrLen)
}

// halfWindow keeps packets below half of the largest window seen, unless that
// is tiny (tcp_bound_to_half_wnd; RFC 9293 section 3.8.6.2.1).
func (c *Conn) halfWindow(size uint32) uint32 {
	cut := c.snd.maxWnd
	if cut > defaultMSS {
		cut >>= 1
	}
	if cut > 0 && size > cut {
		return max(cut, 68-uint32(c.opt.hdrLen))
	}
	return size
}

// currentMSS is the send MSS less the SACK blocks that would go along
// (tcp_current_mss).
func (c *Conn) currentMSS() uint32 {
	if c.snd.way.known != c.snd.mtu {
		c.syncMSS(c.snd.way.known.octets())
	}
	mss := c.snd.mssCache
	if n := c.rcv.nsacks; n > 0 || c.rcv.dsack {
		room := uint32(40 - (c.opt.hdrLen - tcpHdrLen))
		blocks := uint32(n)
		if c.rcv.dsack {
			blocks++
		}
		mss -= lenSACK + 8*min(blocks, (room-lenSACK)/8)
	}
	return mss
}

// sizeGoal is how large a buffer the user's writes fill (tcp_xmit_size_goal).
func (c *Conn) sizeGoal(mss uint32) uint32 {
	return max(c.halfWindow(gsoMaxSize)/mss*mss, mss)
}

// tsoSegs is how many segments one packet should span: about a millisecond's
// worth of the pacing rate, more on short paths (tcp_tso_segs, tcp_tso_autosize).
func (c *Conn) tsoSegs(mss uint32) uint32 {
	bytes := c.ca.pacing >> 10
	if r := c.rtt.min() >> (c.cfg.TSORTTLog & 31); r < 32 {
		bytes += gsoMaxSize >> r
	}
	bytes = min(bytes, gsoMaxSize)
	return max(uint32(bytes)/mss, uint32(c.cfg.MinTSOSegs))
}
