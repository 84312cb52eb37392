package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// path is a destination whose way is narrower than the link (a fib_nh_exception).
type path struct {
	dst   netip.Addr
	mtu   uint32 // octets
	until Time
	// locked: a router asked for less than we believe. What goes there may be cut on its way, and nobody's word counts any more
	// until the time is over (fnhe_mtu_locked).
	locked bool
	gen    uint32 // which memory it is: one that is changed stays the same
}

// Bounds of what is remembered of paths: sysctl net.ipv4.route.min_pmtu, and how
// many at most.
const (
	minPathMTU = 552
	minMTU6    = 1280
	maxPaths   = 64
)

// learnMTU does so for a socket: one that uses no router learns nothing of a way
// that has one (ip_rt_update_pmtu: fib_lookup in RT_SCOPE_LINK).
func (s *sock) learnMTU(h *Host, dst netip.Addr, mtu uint32) {
	if !s.opt.dontRoute || dst.Is6() || h.onLink(dst) {
		h.learnMTU(dst, mtu)
	}
}

// learnMTU remembers what an ICMP message said of the way to dst
// (ip_rt_update_pmtu); an IPv6 path is never narrower than 1280.
func (h *Host) learnMTU(dst netip.Addr, mtu uint32) {
	if dst.Is6() && mtu < minMTU6 || h.mtuLocked(dst) {
		return
	}
	// Nobody's word widens a way: that takes time (__ip_rt_update_pmtu, __ip6_rt_update_pmtu).
	old := h.pathMTU(dst, h.mtu)
	if mtu > old || dst.Is6() && mtu == old {
		return
	}
	locked := mtu < minPathMTU
	if locked {
		mtu = min(old, minPathMTU)
	}
	if mtu >= h.mtu && !locked {
		return
	}
	expires := ctlMTUExpires
	if dst.Is6() {
		expires = ctlMTUExpires6
	}
	h.rememberPath(path{dst: dst, mtu: mtu, until: h.now.Add(h.sysctl.get(expires) * tcpstate.Second), locked: locked})
}

// rememberPath notes a narrow way. One of IPv4 that is remembered is changed where it
// is, were its time over; of IPv6 one whose time is over is another by now, and
// the time of the others gets no longer (update_or_create_fnhe, rt6_do_update_pmtu).
func (h *Host) rememberPath(p path) {
	h.pathGens++
	p.gen = h.pathGens
	for i := range h.paths {
		old := &h.paths[i]
		if old.dst != p.dst {
			continue
		}
		if live := h.now < old.until; live || p.dst.Is4() {
			p.gen = old.gen
			if p.dst.Is6() {
				p.until = min(p.until, old.until)
			}
		}
		*old = p
		return
	}
	if len(h.paths) == maxPaths {
		h.paths = append(h.paths[:0], h.paths[1:]...)
	}
	h.paths = append(h.paths, p)
}

// pathGenOf is which memory of a narrow way to dst there is, 0 for none.
func (h *Host) pathGenOf(dst netip.Addr) uint32 {
	for i := range h.paths {
		if p := &h.paths[i]; p.dst == dst && h.now < p.until {
			return p.gen
		}
	}
	return 0
}

// mtuLocked reports whether packets to dst may be cut on their way although their
// socket looks for the path's MTU (ip_mtu_locked).
func (h *Host) mtuLocked(dst netip.Addr) bool {
	for i := range h.paths {
		if p := &h.paths[i]; p.dst == dst && h.now < p.until {
			return p.locked
		}
	}
	return false
}

// pathMTU is the MTU of the way to dst over a link of the given one.
func (h *Host) pathMTU(dst netip.Addr, link uint32) uint32 {
	for _, p := range h.paths {
		if p.dst == dst && h.now < p.until {
			return min(p.mtu, link)
		}
	}
	return link
}
