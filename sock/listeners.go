package sock

import "net/netip"

// listenTable holds the listeners by address and port, each place a chain in
// the order in which a lookup goes through it (lhash2). The any-addresses of
// both families are one place, as they are one in Linux's hash.
type listenTable struct {
	heads map[netip.AddrPort]sockID
	n     int
}

// first is the chain's first listener, noSock when there is none.
func (t *listenTable) first(at netip.AddrPort) sockID {
	if id, ok := t.heads[at]; ok {
		return id
	}
	return noSock
}

// listenKey is the place of a listener.
func (s *sock) listenKey() netip.AddrPort {
	return netip.AddrPortFrom(listenAddr(s.local), s.num)
}

func listenAddr(a netip.Addr) netip.Addr {
	if a.IsUnspecified() {
		return netip.IPv4Unspecified()
	}
	return a
}

// hashListener makes a listener findable: the newest first, but those of IPv6
// with SO_REUSEPORT last (inet_hash).
func (h *Host) hashListener(s *sock) {
	t, at := &h.listens, s.listenKey()
	if s.opt.reusePort {
		h.joinGroup(s)
	}
	t.n++
	first := t.first(at)
	if s.lnext = first; first == noSock || s.family != AF_INET6 || !s.opt.reusePort {
		t.heads[at] = s.id
		return
	}
	last := h.socks[first]
	for last.lnext != noSock {
		last = h.socks[last.lnext]
	}
	last.lnext, s.lnext = s.id, noSock
}

// unhashListener takes a listener out (inet_unhash).
func (h *Host) unhashListener(s *sock) {
	t, at := &h.listens, s.listenKey()
	h.stopInGroup(s)
	t.n--
	if id := t.first(at); id != s.id {
		before := h.socks[id]
		for before.lnext != s.id {
			before = h.socks[before.lnext]
		}
		before.lnext = s.lnext
	} else if s.lnext != noSock {
		t.heads[at] = s.lnext
	} else {
		delete(t.heads, at)
	}
	s.lnext = noSock
}

// findable reports whether a lookup comes by the listener.
func (h *Host) findable(s *sock) bool {
	for id := h.listens.first(s.listenKey()); id != noSock; id = h.socks[id].lnext {
		if id == s.id {
			return true
		}
	}
	return false
}

// findListener looks among those bound to the address, then among those bound
// to any (__inet_lookup_listener, inet6_lookup_listener).
func (h *Host) findListener(f flow) *sock {
	to := f.local.Addr()
	any := netip.IPv6Unspecified()
	if to.Is4() {
		any = netip.IPv4Unspecified()
	}
	for _, a := range [...]netip.Addr{to, any} {
		if s := h.lookupListener(f, a); s != nil {
			return s
		}
	}
	return nil
}

// lookupListener takes the best of the listeners at one address, the first among
// equals; a group that shares the port has the last word at once, even where a
// better one comes later (inet_lhash2_lookup).
func (h *Host) lookupListener(f flow, at netip.Addr) (best *sock) {
	score := 0
	for id := h.listens.first(netip.AddrPortFrom(listenAddr(at), f.local.Port())); id != noSock; {
		s := h.socks[id]
		id = s.lnext
		n := s.listenScore(at, h.dev)
		if n <= score {
			continue
		}
		if member := h.pickReusePort(s, f); member != nil {
			return member
		}
		best, score = s, n
	}
	return best
}

// listenScore is compute_score: 0 when the listener can't be meant. dev is the
// device that the packet came in by.
func (s *sock) listenScore(at netip.Addr, dev int32) int {
	score := 1
	switch rcv := s.rcv(); {
	case at.Is4() && (s.v6only() || rcv.v4() != at):
		return 0
	case at.Is6() && (s.family != AF_INET6 || s.local != at):
		return 0
	case !s.hears(dev):
		return 0
	case s.opt.boundDev != 0:
		score = 2
	}
	if at.Is4() && s.family == AF_INET {
		score++ // IPv4 is asked for its own first
	}
	return score
}
