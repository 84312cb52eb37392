package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
)

// anycast is an address of IPv6 that a socket asked the host to answer for, as
// others may as well (struct ipv6_ac_socklist). It is none of the host's own: no
// socket binds to it, and no connection is made to it.
type anycast struct {
	addr netip.Addr
	dev  int32
}

// anycastRequest reads struct ipv6_mreq of the two options.
func anycastRequest(v *value) (anycast, Errno) {
	if err := v.has(20); err != 0 {
		return anycast{}, err
	}
	return anycast{netip.AddrFrom16([16]byte(v.data)), rd32(v.data[16:])}, 0
}

// joinAnycast is IPV6_JOIN_ANYCAST: a host takes part only where it has an address
// of the same network (ipv6_sock_ac_join).
func joinAnycast(h *Host, s *sock, v *value) Errno {
	a, err := anycastRequest(v)
	switch {
	case err != 0:
		return err
	case !h.capable(CapNetAdmin):
		return EPERM
	case isGroup(a.addr), !a.addr.Is4In6() && h.isLocal(a.addr):
		return EINVAL
	case !h.optionRoom(s, omemAnycast):
		return ENOMEM
	case a.dev == 0:
		if a.dev = h.wayTo(a.addr); a.dev == 0 {
			return EADDRNOTAVAIL
		}
	case !h.hasDevice(a.dev):
		return ENODEV
	}
	if a.addr.Is4In6() || a.dev != DevLink || !h.onLink(a.addr) {
		return EADDRNOTAVAIL
	}
	s.anycast = append([]anycast{a}, s.anycast...)
	h.anycasts++
	return 0
}

// leaveAnycast is IPV6_LEAVE_ANYCAST (ipv6_sock_ac_drop).
func leaveAnycast(h *Host, s *sock, v *value) Errno {
	a, err := anycastRequest(v)
	if err != 0 {
		return err
	}
	for i, j := range s.anycast {
		if j.addr == a.addr && (a.dev == 0 || j.dev == a.dev) {
			s.anycast = append(s.anycast[:i:i], s.anycast[i+1:]...)
			h.anycasts--
			return 0
		}
	}
	return ENOENT
}

// isAnycast reports whether some socket has joined the address
// (ipv6_chk_acast_addr).
func (h *Host) isAnycast(a netip.Addr) bool {
	if h.anycasts == 0 {
		return false
	}
	for _, s := range h.socks {
		if s == nil {
			continue
		}
		for _, j := range s.anycast {
			if j.addr == a {
				return true
			}
		}
	}
	return false
}

// leaveAll takes a socket that is closed out of its groups
// (ip_mc_drop_socket, ipv6_sock_mc_close, ipv6_sock_ac_close).
func (h *Host) leaveAll(s *sock) {
	h.anycasts -= int32(len(s.anycast))
	s.groups, s.anycast = nil, nil
}

// leaveAll6 is what IPV6_ADDRFORM leaves of them: IPv4's.
func (h *Host) leaveAll6(s *sock) {
	var kept []membership
	for i := range s.groups {
		if s.groups[i].group.Is4() {
			kept = append(kept, s.groups[i])
		}
	}
	h.leaveAll(s)
	s.groups = kept
}

// fingerprintGroups feeds what the socket has joined.
func (s *sock) fingerprintGroups(f *queue.Hash) {
	f.U64(uint64(len(s.groups))<<32 | uint64(len(s.anycast)))
	for i := range s.groups {
		s.groups[i].fingerprint(f)
	}
	for _, a := range s.anycast {
		hashAddr(f, netip.AddrPortFrom(a.addr, uint16(a.dev)))
	}
}
