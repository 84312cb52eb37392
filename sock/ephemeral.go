package sock

import "net/netip"

// portRange is the range of ephemeral ports, both ends included
// (inet_sk_get_local_port_range).
func (h *Host) portRange(s *sock) (low, high int64, own bool) {
	low, high = h.sysctl.get(ctlPortRange), h.sysctl.get2(ctlPortRange)
	if r := s.opt.portRange; r != 0 {
		first, last := low, high
		if l := int64(r & 0xffff); low <= l && l <= high {
			first = l
		}
		if u := int64(r >> 16); first <= u && u <= high {
			last = u
		}
		return first, last, true
	}
	return low, high, false
}

// findOpenPort looks for a port that bind may have, from a place drawn at
// random, odd distances first so as to leave the even ones to connect
// (inet_csk_find_open_port). It returns 0 when there is none.
func (h *Host) findOpenPort(s *sock) uint16 {
	if p, ok := shift(&h.fixed.port); ok && p != 0 && h.openPort(s, p, false) {
		return p
	}
	low, high, _ := h.portRange(s)
	high++
	halves := [][2]int64{{low, high}}
	if s.opt.reuseAddr && high-low >= 4 {
		half := low + (high-low)>>2<<1
		halves = [][2]int64{{low, half}, {half, high}}
	}
	for _, relax := range [...]bool{false, true} {
		if relax && h.sysctl.get(ctlAutobindReuse) == 0 {
			break
		}
		for _, r := range halves {
			if p := h.scanPorts(s, r[0], r[1], relax); p != 0 {
				return p
			}
		}
	}
	return 0
}

// scanPorts looks at every port of [low, high), from a random odd one on.
func (h *Host) scanPorts(s *sock, low, high int64, relax bool) uint16 {
	remaining := high - low
	if remaining > 1 {
		remaining &^= 1
	}
	offset := int64(h.rand.below(uint32(remaining))) | 1
	for range 2 {
		port := low + offset
		for i := int64(0); i < remaining; i, port = i+2, port+2 {
			if port >= high {
				port -= remaining
			}
			if h.openPort(s, uint16(port), relax) {
				return uint16(port)
			}
		}
		offset--
	}
	return 0
}

// openPort reports whether bind may take the port without asking for it.
func (h *Host) openPort(s *sock, port uint16, relax bool) bool {
	b := h.bucketAt(port)
	return !h.sysctl.reservedPort(port) && (b == nil || !h.bindConflict(b, s, relax, false))
}

// hashConnect makes the connection findable, with an ephemeral port when the
// socket has none (__inet_hash_connect).
func (h *Host) hashConnect(s *sock) bool {
	if s.num != 0 {
		return h.claim(s, s.num)
	}
	if p, ok := shift(&h.fixed.port); ok && p != 0 && h.connectPort(s, p) {
		return true
	}
	low, high, own := h.portRange(s)
	high++
	remaining, step := high-low, int64(2)
	if own {
		step = 1
	} else if remaining > 1 {
		remaining &^= 1
	}
	offset := int64(h.rand.below(uint32(remaining)))
	if !own {
		offset &^= 1 // even distances first: bind prefers the odd ones
	}
	for range 2 {
		port := low + offset
		for i := int64(0); i < remaining; i, port = i+step, port+step {
			if port >= high {
				port -= remaining
			}
			if h.connectPort(s, uint16(port)) {
				return true
			}
		}
		if own || remaining <= 1 {
			break
		}
		offset++
	}
	return false
}

// connectPort tries one port: it must not be bound by bind, and the connection's
// name must be free.
func (h *Host) connectPort(s *sock, port uint16) bool {
	b := h.bucketAt(port)
	if h.sysctl.reservedPort(port) || b != nil && (b.fastReuse >= 0 || b.fastReusePort >= 0) {
		return false
	}
	if !h.claim(s, port) {
		return false
	}
	if b == nil {
		b = h.makeBucket(port)
		b.fastReuse, b.fastReusePort = connectMark, connectMark
	}
	h.own(s, b, b.atOrMake(s.rcv().key(), true))
	s.sport = port
	s.locks |= connectBind
	return true
}

// claim gives the connection its name if nobody has it (__inet_check_established).
func (h *Host) claim(s *sock, port uint16) bool {
	f := flow{netip.AddrPortFrom(s.local, port), s.remote}
	if id, taken := h.flows[f]; taken && id != s.id {
		return false
	}
	h.flows[f] = s.id
	return true
}
