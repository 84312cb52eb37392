package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// portRange is the range of ephemeral ports, both ends included
// (inet_sk_get_local_port_range).
func (h *Host) portRange(s *sock) (low, high int64, own bool) {
	low, high = h.sysctl.get(ctlPortRange), h.sysctl.get2(ctlPortRange)
	if r := uint32(s.opt.portRange); r != 0 {
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
		return h.claim(s, s.num, false)
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
	if !h.claim(s, port, true) {
		return false
	}
	if b = h.bucketAt(port); b == nil { // or gone with a TIME-WAIT that gave way
		b = h.makeBucket(port)
		b.fastReuse, b.fastReusePort = connectMark, connectMark
	}
	h.own(s, b, b.atOrMake(s.rcv().key(), true))
	s.sport = port
	s.locks |= connectBind
	return true
}

// claim gives the connection its name if nobody has it, or a TIME-WAIT that
// gives way (__inet_check_established). chosen: the port is the host's choice.
func (h *Host) claim(s *sock, port uint16, chosen bool) bool {
	f := flow{netip.AddrPortFrom(s.local, port), s.remote}
	if h.requests.byFlow.Get(f) != nil {
		return false // of a listener that has stopped, or of another on that port
	}
	if id, taken := h.flows[f]; taken && id != s.id {
		tw := h.socks[id]
		heir, ok := h.twUnique(tw, chosen)
		if !ok {
			return false
		}
		h.heir = heir
		e := h.emit(Changed, rule.TimeWaitReused, tw.id)
		e.From, e.To = tw.conn.State(), tcpstate.Closed
		h.free(tw)
	}
	h.flows[f] = s.id
	return true
}

// twUnique tells what a connection may inherit from a TIME-WAIT of the same
// name: its timestamps must be able to tell old segments from new ones. A port
// that bind fixed is taken at once, one of the host's choice after a second and,
// by default, between loopback's addresses only (tcp_twsk_unique).
func (h *Host) twUnique(tw *sock, chosen bool) (tcpstate.Heir, bool) {
	if !tw.timeWait() {
		return tcpstate.Heir{}, false
	}
	heir, ok := tw.conn.Heir(h.now)
	if !ok || !chosen {
		return heir, ok
	}
	reuse := h.sysctl.get(ctlTCPTwReuse)
	inside := tw.opt.boundDev == loopbackIndex || tw.local.IsLoopback() || tw.remote.Addr().IsLoopback()
	if reuse == 0 || heir.FinWait2 || reuse == 2 && !inside {
		return heir, false
	}
	return heir, int64(heir.Waited) > h.sysctl.get(ctlTCPTwReuseDelay)
}
