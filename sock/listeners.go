package sock

import "net/netip"

// listenKey is where a lookup finds a listener. The any-addresses of both families
// are one place, as they are one in Linux's hash.
func (s *sock) listenKey() netip.AddrPort {
	return netip.AddrPortFrom(listenAddr(s.local), s.num)
}

func listenAddr(a netip.Addr) netip.Addr {
	if a.IsUnspecified() {
		return netip.IPv4Unspecified()
	}
	return a
}

// hashListener makes a listener findable (inet_hash).
func (h *Host) hashListener(s *sock) {
	if s.opt.reusePort {
		h.joinGroup(s)
	}
	h.listens.add(h, s.listenKey(), s)
}

// unhashListener takes a listener out (inet_unhash).
func (h *Host) unhashListener(s *sock) {
	h.stopInGroup(s)
	h.listens.drop(h, s.listenKey(), s)
}

// findListener looks among those bound to the address, then among those bound
// to any (__inet_lookup_listener, inet6_lookup_listener). p is the segment that
// is for it.
func (h *Host) findListener(f flow, p *Packet) *sock {
	to := f.local.Addr()
	any := netip.IPv6Unspecified()
	if to.Is4() {
		any = netip.IPv4Unspecified()
	}
	for _, a := range [...]netip.Addr{to, any} {
		if s := h.lookupListener(f, a, p); s != nil {
			return s
		}
	}
	return nil
}

// lookupListener takes the best of the listeners at one address, the first among
// equals; a group that shares the port has the last word at once, even where a
// better one comes later (inet_lhash2_lookup).
func (h *Host) lookupListener(f flow, at netip.Addr, p *Packet) (best *sock) {
	score := 0
	for s := h.listens.first(h, netip.AddrPortFrom(listenAddr(at), f.local.Port())); s != nil; s = h.listens.after(h, s) {
		n := s.listenScore(at, h.dev)
		if n <= score {
			continue
		}
		if member := h.pickReusePort(s, f, p); member != nil {
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
	if s.opt.incomingCPU == theCPU {
		score++
	}
	return score
}
