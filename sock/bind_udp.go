package sock

import "net/netip"

// udpTable finds UDP's sockets that have a port (struct udp_table): by the port
// alone, for binds and groups; by address and port, for datagrams to one host; and
// those with a peer by port and peer, the latest to get one first.
type udpTable struct {
	byPort chainTable[uint16]
	byAddr chainTable[netip.AddrPort]
	byPeer chainTable[peerKey]
}

// peerKey is a port and the peer that its socket had when it was put in.
type peerKey struct {
	port uint16
	peer netip.AddrPort
}

func newUDPTable() udpTable {
	return udpTable{newChains[uint16](portChain), newChains[netip.AddrPort](addrChain), newChains[peerKey](peerChain)}
}

// Keys of a socket that is in the table. That of its address changes with bound
// only: connect moves the socket if it gives it another.
func (s *sock) number() uint16 { return s.num }
func (s *sock) udpAddr() netip.AddrPort {
	return netip.AddrPortFrom(listenAddr(s.bound.Unmap()), s.num)
}
func (s *sock) udpPeer() peerKey { return peerKey{s.num, s.dg.hash4} }

// udpGetPort binds the socket to port, or to a free ephemeral one when it is 0
// (udp_lib_get_port).
func udpGetPort(h *Host, s *sock, port uint16) bool {
	if port == 0 {
		if port = h.udpFreePort(s); port == 0 {
			return false
		}
	} else if h.udpInUse(s, port, true) {
		return false
	}
	s.num, s.bound = port, s.rcv().key()
	if s.opt.reusePort {
		h.udpJoinGroup(s)
	}
	h.udp.byPort.add(h, s.num, s)
	h.udp.byAddr.add(h, s.udpAddr(), s)
	return true
}

// udpInUse reports whether another socket stands in the way
// (udp_lib_lport_inuse). When the port was asked for, the first that shares it
// by SO_REUSEPORT settles it: it could not be there otherwise.
func (h *Host) udpInUse(s *sock, port uint16, asked bool) bool {
	for o := h.udp.byPort.first(h, port); o != nil; o = h.udp.byPort.after(h, o) {
		if o == s || o.opt.reuseAddr && s.opt.reuseAddr || !overlap(s.rcv(), o.rcv(), true, true) {
			continue
		}
		if d, e := s.opt.boundDev, o.opt.boundDev; d != 0 && e != 0 && d != e {
			continue
		}
		if !s.opt.reusePort || !o.opt.reusePort || s.group != 0 || s.uid != o.uid {
			return true
		}
		if asked {
			return false
		}
	}
	return false
}

// udpFreePort looks at every port of the range once, from a place drawn at
// random; 0 when all are taken. Linux walks its hash chains in an order of its
// own, which comes to the same: any free port may be drawn.
func (h *Host) udpFreePort(s *sock) uint16 {
	free := func(p uint16) bool { return !h.sysctl.reservedPort(p) && !h.udpInUse(s, p, false) }
	if p, ok := shift(&h.fixed.port); ok && p != 0 && free(p) {
		return p
	}
	low, high, _ := h.portRange(s)
	n := high - low + 1
	at := int64(h.rand.below(uint32(n)))
	for i := int64(0); i < n; i++ {
		if p := uint16(low + (at+i)%n); free(p) {
			return p
		}
	}
	return 0
}

// udpUnhash takes the socket out of the table (udp_lib_unhash).
func udpUnhash(h *Host, s *sock) {
	if s.num == 0 {
		return
	}
	h.leaveGroup(s)
	h.udp.byPort.drop(h, s.num, s)
	h.udp.byAddr.drop(h, s.udpAddr(), s)
	h.udp.byPeer.drop(h, s.udpPeer(), s)
	s.num = 0
}

// udpRehash takes a socket out of its group and, when its address is another,
// moves it to the head of that one's chain (udp_lib_rehash).
func udpRehash(h *Host, s *sock) {
	if s.num == 0 {
		return
	}
	h.leaveGroup(s)
	if key := s.rcv().key(); s.bound != key {
		h.udp.byAddr.drop(h, s.udpAddr(), s)
		s.bound = key
		h.udp.byAddr.putFirst(h, s.udpAddr(), s)
	}
	if s.local.IsUnspecified() {
		h.udp.byPeer.drop(h, s.udpPeer(), s)
	}
}

// udpConnect also makes the socket findable by its peer, once for all peers that
// it may have, and takes it out of its group (udp4_hash4, udp_lib_hash4).
func udpConnect(h *Host, s *sock, a Addr, n int32) Errno {
	err := datagramConnect(h, s, a, n)
	if err != 0 || s.local.IsUnspecified() || h.udp.byPeer.holds(s) {
		return err
	}
	h.leaveGroup(s)
	s.dg.hash4 = s.remote
	h.udp.byPeer.putFirst(h, s.udpPeer(), s)
	return 0
}

// udpJoinGroup puts a socket into the group of one that shares its port by
// SO_REUSEPORT, or into a new one (udp_reuseport_add_sock).
func (h *Host) udpJoinGroup(s *sock) {
	for o := h.udp.byPort.first(h, s.num); o != nil; o = h.udp.byPort.after(h, o) {
		if h.sharesPort(s, o) {
			h.enterGroup(s, o)
			return
		}
	}
	if s.group == 0 { // else it has a program already
		h.newGroup(s)
	}
}

// udpLookup finds the socket for a datagram to one host (__udp4_lib_lookup,
// __udp6_lib_lookup): one that is connected to the sender, the best of those
// that have the address, the best of those that have none, the best of all.
// p is the datagram, nil for what an ICMP error is about.
func (h *Host) udpLookup(src, dst netip.AddrPort, dev int32, p *Packet) *sock {
	for s := h.udp.byPeer.first(h, peerKey{dst.Port(), src}); s != nil; s = h.udp.byPeer.after(h, s) {
		if s.dg.connected && s.remote.Port() == src.Port() && s.has(dst.Addr()) &&
			s.peerAddr(src.Addr()) == src.Addr() && (s.opt.boundDev == 0 || s.opt.boundDev == dev) {
			return s
		}
	}
	if s := h.udpBest(src, dst, dst.Addr(), dev, p); s != nil {
		return s
	}
	if s := h.udpBest(src, dst, anyOf(dst.Addr()), dev, p); s != nil {
		return s
	}
	return h.udpAnywhere(src, dst, dev)
}

// udpAnywhere looks among all that have the port, and asks no group. It finds what
// has the address and is not hashed by it: a socket of both families that an IPv6
// connect gave 127.0.0.6 for its IPv4 half (udp4_lib_lookup1, udp6_lib_lookup1).
func (h *Host) udpAnywhere(src, dst netip.AddrPort, dev int32) (best *sock) {
	score := 0
	for s := h.udp.byPort.first(h, dst.Port()); s != nil; s = h.udp.byPort.after(h, s) {
		if n := s.udpScore(src, dst, dst.Addr(), dev); n > score {
			best, score = s, n
		}
	}
	return best
}

// udpBest is the socket of highest score at one address, of equals the first in
// the chain; a group that shares the port has the last word (udp4_lib_lookup2).
func (h *Host) udpBest(src, dst netip.AddrPort, local netip.Addr, dev int32, p *Packet) *sock {
	var best *sock
	score := 0
	at := netip.AddrPortFrom(listenAddr(local), dst.Port())
	for s := h.udp.byAddr.first(h, at); s != nil; s = h.udp.byAddr.after(h, s) {
		n := s.udpScore(src, dst, local, dev)
		if n <= score {
			continue
		}
		best, score = s, n
		if s.dg.connected {
			continue
		}
		if member := h.pickReusePort(s, flow{dst, src}, p); member != nil {
			if best = member; !h.groupOf(s).conns {
				return member
			}
			score = max(score, member.udpScore(src, dst, local, dev))
		}
	}
	return best
}

// udpScore is compute_score: 0 when the socket can't be meant.
func (s *sock) udpScore(src, dst netip.AddrPort, local netip.Addr, dev int32) int {
	if s.num != dst.Port() || !s.has(local) || !s.fromPeer(src) || s.opt.boundDev != 0 && s.opt.boundDev != dev {
		return 0
	}
	score := 1
	if s.family == AF_INET {
		score++
	}
	if s.peerAddr(src.Addr()).IsValid() {
		score += 4
	}
	if s.remote.Port() != 0 {
		score += 4
	}
	if s.opt.boundDev != 0 {
		score += 4
	}
	if s.opt.incomingCPU == theCPU {
		score++
	}
	return score
}

// has reports whether the socket is bound to a local address, as datagrams of
// its family are compared.
func (s *sock) has(local netip.Addr) bool {
	if local.Is6() {
		return s.family == AF_INET6 && s.local == local
	}
	rcv, _, _ := s.half4()
	return !s.v6only() && rcv == local
}

// peerAddr is whom the socket hears, as datagrams of a's family are compared;
// invalid when it hears everyone. A socket of AF_INET6 keeps its IPv6 peer when
// it is disconnected (__udp_disconnect clears inet_daddr alone).
func (s *sock) peerAddr(a netip.Addr) netip.Addr {
	if a.Is6() {
		return s.dg.peer6
	}
	return s.dg.dst4
}

// fromPeer reports whether a connected socket hears the sender.
func (s *sock) fromPeer(src netip.AddrPort) bool {
	if p := s.remote.Port(); p != 0 && p != src.Port() {
		return false
	}
	a := s.peerAddr(src.Addr())
	return !a.IsValid() || a == src.Addr()
}

// clone copies the table.
func (t *udpTable) clone() udpTable {
	return udpTable{t.byPort.clone(), t.byAddr.clone(), t.byPeer.clone()}
}
