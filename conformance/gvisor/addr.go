package gvisor

import (
	"net/netip"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// toAddress is netstack's form of an address. The unspecified address of either
// family is the empty Address, as the Sentry's BytesToIPAddress has it.
func toAddress(a netip.Addr) tcpip.Address {
	switch {
	case !a.IsValid() || a.IsUnspecified():
		return tcpip.Address{}
	case a.Is4():
		return tcpip.AddrFrom4(a.As4())
	default:
		return tcpip.AddrFrom16(a.As16())
	}
}

// fromAddress is the address that a process sees.
func fromAddress(a tcpip.Address) netip.Addr {
	addr, _ := netip.AddrFromSlice(a.AsSlice())
	return addr
}

// protocolOf is the network protocol that a valid address belongs to.
func protocolOf(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return header.IPv4ProtocolNumber
	}
	return header.IPv6ProtocolNumber
}

// parseAddr reads an address as the Sentry's CaptureAddress and
// AddressAndFamily read the bytes of a struct sockaddr.
func parseAddr(a sock.Addr, length int32) (tcpip.FullAddress, sock.Errno) {
	if length < 2 || length > maxSockaddrLen {
		return tcpip.FullAddress{}, einval
	}
	full := tcpip.FullAddress{Port: a.AP.Port()}
	ip := a.AP.Addr()
	switch a.Family {
	case afUnspec:
		return tcpip.FullAddress{}, 0
	case afInet:
		if length < sizeofSockaddr4 {
			return tcpip.FullAddress{}, einval
		}
		if ip = ip.Unmap(); ip.Is4() {
			full.Addr = toAddress(ip)
		}
	case afInet6:
		if length < sizeofSockaddr6 {
			return tcpip.FullAddress{}, einval
		}
		if ip.Is4() {
			ip = netip.AddrFrom16(ip.As16())
		}
		full.Addr = toAddress(ip.WithZone(""))
		// Linux and the Sentry read sin6_scope_id for link-local alone.
		if ip.IsLinkLocalUnicast() {
			full.NIC = tcpip.NICID(a.Scope)
		}
	default:
		return tcpip.FullAddress{}, eafnosupport
	}
	return full, 0
}

// sockaddr is the address that a call writes for a socket of the family, and
// its length (Sentry: ConvertAddress). IPv4 shows as mapped on IPv6 sockets.
func sockaddr(family int32, full tcpip.FullAddress) (sock.Addr, int32) {
	ip := fromAddress(full.Addr)
	if family == afInet {
		if ip = ip.Unmap(); !ip.Is4() {
			ip = netip.IPv4Unspecified()
		}
		return sock.Addr{Family: afInet, AP: netip.AddrPortFrom(ip, full.Port)}, sizeofSockaddr4
	}
	a := sock.Addr{Family: afInet6}
	switch {
	case !ip.IsValid():
		ip = netip.IPv6Unspecified()
	case ip.Is4():
		ip = netip.AddrFrom16(ip.As16())
	case ip.IsLinkLocalUnicast():
		a.Scope = uint32(full.NIC)
	}
	a.AP = netip.AddrPortFrom(ip, full.Port)
	return a, sizeofSockaddr6
}

// allows tells whether an address of the family may be used with the file
// (Sentry: checkFamily). IPv4 addresses go on IPv6 sockets unless V6ONLY.
func (f *file) allows(family uint16, exact bool) bool {
	if int32(family) == f.family {
		return true
	}
	return !exact && family == afInet && f.family == afInet6 && !f.endpoint.SocketOptions().GetV6Only()
}

// mapAny turns IPv4's unspecified address into its mapped form on an IPv6
// socket, because netstack writes both unspecified addresses the same way
// (Sentry: mapFamily).
func (f *file) mapAny(full tcpip.FullAddress, family uint16) tcpip.FullAddress {
	if full.Addr.BitLen() == 0 && f.family == afInet6 && family == afInet {
		full.Addr = tcpip.AddrFrom16([16]byte{10: 0xff, 11: 0xff})
	}
	return full
}
