package sock

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/queue"
)

// udpTable is UDP's table of ports: all sockets that have one (struct
// udp_table). byPort is in the order of the chains that are walked for groups,
// newest first; byAddr in that of the chains for one address, where a socket
// that gets another address comes first again.
//
// byPeer are those with a peer, the latest to get one first, each under the peer
// that it had then (hash4).
type udpTable struct{ byPort, byAddr, byPeer []sockID }

// putFirst adds a socket at the head of a chain, drop takes it off.
func putFirst(list []sockID, id sockID) []sockID {
	list = append(list, 0)
	copy(list[1:], list)
	list[0] = id
	return list
}

func drop(list []sockID, id sockID) []sockID {
	for i, x := range list {
		if x == id {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

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
	if s.opt.reusePort && s.family == AF_INET6 { // sk_add_node_rcu
		h.udp.byPort, h.udp.byAddr = append(h.udp.byPort, s.id), append(h.udp.byAddr, s.id)
	} else {
		h.udp.byPort, h.udp.byAddr = putFirst(h.udp.byPort, s.id), putFirst(h.udp.byAddr, s.id)
	}
	return true
}

// udpInUse reports whether another socket stands in the way
// (udp_lib_lport_inuse). When the port was asked for, the first that shares it
// by SO_REUSEPORT settles it: it could not be there otherwise.
func (h *Host) udpInUse(s *sock, port uint16, asked bool) bool {
	for _, id := range h.udp.byPort {
		o := h.socks[id]
		if o == s || o.num != port || o.opt.reuseAddr && s.opt.reuseAddr || !overlap(s.rcv(), o.rcv(), true, true) {
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
	h.leaveGroup(s)
	h.udp.byPort = drop(h.udp.byPort, s.id)
	h.udp.byAddr = drop(h.udp.byAddr, s.id)
	h.udp.byPeer = drop(h.udp.byPeer, s.id)
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
		s.bound = key
		h.udp.byAddr = putFirst(drop(h.udp.byAddr, s.id), s.id)
	}
	if s.local.IsUnspecified() {
		h.udp.byPeer = drop(h.udp.byPeer, s.id)
	}
}

// udpConnect also makes the socket findable by its peer, once for all peers that
// it may have, and takes it out of its group (udp4_hash4, udp_lib_hash4).
func udpConnect(h *Host, s *sock, a Addr, n int32) Errno {
	err := datagramConnect(h, s, a, n)
	if err != 0 || s.local.IsUnspecified() || slices.Contains(h.udp.byPeer, s.id) {
		return err
	}
	h.leaveGroup(s)
	s.dg.hash4 = s.remote
	h.udp.byPeer = putFirst(h.udp.byPeer, s.id)
	return 0
}

// udpJoinGroup puts a socket into the group of one that shares its port by
// SO_REUSEPORT, or into a new one (udp_reuseport_add_sock).
func (h *Host) udpJoinGroup(s *sock) {
	for _, id := range h.udp.byPort {
		if o := h.socks[id]; h.sharesPort(s, o) {
			if o.group == 0 {
				h.newGroup(o)
			}
			s.group = o.group
			g := h.groupOf(s)
			g.socks = append(g.socks, s.id)
			return
		}
	}
	h.newGroup(s)
}

// udpLookup finds the socket for a datagram to one host (__udp4_lib_lookup,
// __udp6_lib_lookup): one that is connected to the sender, the best of those
// that have the address, the best of those that have none.
func (h *Host) udpLookup(src, dst netip.AddrPort, dev int32) *sock {
	for _, id := range h.udp.byPeer {
		s := h.socks[id]
		if s.dg.connected && s.dg.hash4 == src && s.num == dst.Port() && s.remote.Port() == src.Port() && s.has(dst.Addr()) &&
			s.peerAddr(src.Addr()) == src.Addr() && (s.opt.boundDev == 0 || s.opt.boundDev == dev) {
			return s
		}
	}
	if s := h.udpBest(src, dst, dst.Addr(), dev); s != nil {
		return s
	}
	return h.udpBest(src, dst, anyOf(dst.Addr()), dev)
}

// udpBest is the socket of highest score at one address, of equals the first in
// the chain; a group that shares the port has the last word (udp4_lib_lookup2).
func (h *Host) udpBest(src, dst netip.AddrPort, local netip.Addr, dev int32) *sock {
	var best *sock
	score := 0
	for _, id := range h.udp.byAddr {
		s := h.socks[id]
		n := s.udpScore(src, dst, local, dev)
		if n <= score {
			continue
		}
		best, score = s, n
		if s.dg.connected {
			continue
		}
		if member := h.pickReusePort(s, flow{dst, src}); member != nil {
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
	return udpTable{slices.Clone(t.byPort), slices.Clone(t.byAddr), slices.Clone(t.byPeer)}
}

// fingerprint feeds the orders in which sockets are found.
func (t *udpTable) fingerprint(f *queue.Hash) {
	for _, list := range [...][]sockID{t.byPort, t.byAddr, t.byPeer} {
		f.U64(uint64(len(list)))
		for _, id := range list {
			f.U32(uint32(id))
		}
	}
}
