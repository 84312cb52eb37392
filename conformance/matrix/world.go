package matrix

import (
	"net/netip"

	"github.com/sockspec/sockspec/conformance"
)

// World is what an instance wakes up in. The zero value is the world of all cells: that of scripts.
type World struct {
	MTU     int         // of the link, octets; 0 is UsualMTU. There is no IPv6 below LeastMTU6.
	Sysctls [][2]string // written first: names and values
	// Local6 and Peer6 are IPv6's ends of the link, with nothing between them, if they are given.
	Local6, Peer6 netip.Addr
}

// What a link carries, octets of IP packet.
const (
	UsualMTU  = 1500 // unless a world says another
	LeastMTU6 = 1280 // for it to have IPv6 (RFC 8200 5)
)

// setup is the world as stacks take it.
func (w *World) setup() conformance.Setup {
	s := conformance.Setup{
		LocalV4: localV4, RemoteV4: peerV4, GatewayV4: localV4, PrefixV4: 16,
		LocalV6: localV6, RemoteV6: peerV6, GatewayV6: netip.MustParseAddr("fd3d:fa7b:d17d:8888::"), PrefixV6: 48,
		MTU: UsualMTU, Seed: 1,
	}
	if w.MTU != 0 {
		s.MTU = w.MTU
	}
	if w.Local6.IsValid() {
		s.LocalV6, s.RemoteV6, s.GatewayV6, s.PrefixV6 = w.Local6, w.Peer6, netip.Addr{}, 64
	}
	if s.MTU < LeastMTU6 {
		s.LocalV6, s.RemoteV6, s.GatewayV6, s.PrefixV6 = netip.Addr{}, netip.Addr{}, netip.Addr{}, 0
	}
	return s
}

var (
	localV4 = netip.MustParseAddr("192.168.0.1")
	peerV4  = netip.MustParseAddr("192.0.2.1")
	localV6 = netip.MustParseAddr("fd3d:fa7b:d17d:6::6")
	peerV6  = netip.MustParseAddr("2001:db8::1")
)

// sysctls make results independent of the machine and of small delays: buffers as on a stock kernel, nothing sent by a timer of
// milliseconds, and nothing kept of a peer that the model does not keep. A stack that does not know one does without.
var sysctls = [][2]string{
	{"net.ipv4.tcp_rmem", "4096 131072 33554432"}, {"net.ipv4.tcp_wmem", "4096 16384 4194304"}, {"net.ipv4.tcp_autocorking", "0"},
	{"net.ipv4.tcp_early_retrans", "0"}, {"net.ipv4.tcp_syncookies", "0"}, {"net.ipv4.tcp_no_metrics_save", "1"}, {"net.ipv4.ping_group_range", "0 0"},
}
