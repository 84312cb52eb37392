package matrix

import "net/netip"

const protoIGMP = 2

// Where reports about memberships go (IGMP_MINALL, RFC 3376 section 4.2.14; MLD2_ALL_MCR_INIT, RFC 3810 section 5.2.14).
var (
	igmpRouters = netip.AddrFrom4([4]byte{224, 0, 0, 22})
	mldRouters  = netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 15: 0x16})
)

// mldReport is the type of an ICMPv6 message that tells routers of groups (ICMPV6_MLD2_REPORT).
const mldReport = 143

// HeardReport reports whether a socket read what the host itself told routers of the groups that sockets are in, which loopback
// brings back: no other comes from nowhere.
func (o *Outcome) HeardReport() bool {
	for i := range o.Returns {
		if r := &o.Returns[i].Return; len(r.Data) > 0 && r.Data[0] == mldReport && r.Addr.AP.Addr() == netip.IPv6Unspecified() {
			return true
		}
	}
	return false
}

// forRouters reports whether a packet tells routers of the groups that sockets are in: no part of the socket layer, and sent when
// chance has it.
func forRouters(b []byte) bool {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return b[9] == protoIGMP && netip.AddrFrom4([4]byte(b[16:])) == igmpRouters
	case len(b) >= 40 && b[0]>>4 == 6:
		const nextHeader, behindRouterAlert, hopByHop = 6, 48, 0
		return netip.AddrFrom16([16]byte(b[24:])) == mldRouters && b[nextHeader] == hopByHop && len(b) > behindRouterAlert && b[behindRouterAlert] == mldReport
	}
	return false
}
