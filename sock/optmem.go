package sock

import "net/netip"

// Memory that options take is charged to the socket (sk_omem_alloc) and bounded
// by net.core.optmem_max. The figures are the sizes of Linux's structures, octets.
const (
	omemGroup4  = 48 // struct ip_mc_socklist
	omemGroup6  = 56 // struct ipv6_mc_socklist
	omemFilter  = 24 // struct ip_sf_socklist, ip6_sf_socklist without addresses
	omemAnycast = 32 // struct ipv6_ac_socklist
)

// filterMemory is what a filter with room for n sources takes.
func filterMemory(group netip.Addr, n int) int64 {
	return omemFilter + int64(n)*int64(group.BitLen()/8)
}

// memory is what the membership and its filter take.
func (m *membership) memory() int64 {
	n := int64(omemGroup4)
	if m.group.Is6() {
		n = omemGroup6
	}
	if m.room > 0 {
		n += filterMemory(m.group, m.room)
	}
	return n
}

// optmem is sk_omem_alloc: what the socket's options take now.
func (s *sock) optmem() (n int64) {
	for i := range s.groups {
		n += s.groups[i].memory()
	}
	if s.opt.filter != nil {
		n += s.opt.filter.size
	}
	return n + int64(len(s.anycast))*omemAnycast
}

// optionRoom reports whether n octets more may be taken (sock_kmalloc).
func (h *Host) optionRoom(s *sock, n int64) bool {
	limit := h.sysctl.get(ctlOptmemMax)
	return n <= limit && s.optmem()+n < limit
}
