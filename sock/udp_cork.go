package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
)

// cork is a datagram under way: MSG_MORE and UDP_CORK add to it, and it leaves
// as one (struct inet_cork, udp_sock.pending).
type cork struct {
	on      bool   // UDP_CORK
	pending uint16 // AF_INET or AF_INET6 while there is one
	plan    sendPlan
	flow    corkFlow
	mtu     uint32 // of a fragment, octets
	tail    int    // octets behind the IP header in the last of its buffers
	begun   [2]run // where the first octets of the latest call are
	skew    uint64 // see raw6Skew
	data    []byte
}

// corkFlow is what a datagram's header names (inet_sock.cork.fl). A socket has one
// place for it: what is corked writes there, and so does a connect over IPv4.
type corkFlow struct{ src, dst netip.AddrPort }

func (c *cork) clone() cork {
	n := *c
	n.data = append([]byte(nil), c.data...)
	return n
}

func (c *cork) fingerprint(f *queue.Hash) {
	f.U64(uint64(flag(c.on))<<32 | uint64(c.pending))
	if c.pending != 0 {
		c.plan.fingerprint(f)
		f.U64(uint64(c.mtu)<<32 | uint64(c.tail))
		f.U64(c.skew)
		f.Bytes(c.data)
	}
}

// redirect notes where a connect over IPv4 leads, be it in vain
// (__ip4_datagram_connect). What is corked goes there from then on, though by the
// way that it had.
func (s *sock) redirect(src netip.Addr, dst netip.AddrPort) {
	if s.dg.cork.pending != AF_INET6 {
		s.dg.cork.flow = corkFlow{netip.AddrPortFrom(src, s.sport), dst}
	}
}

// flowOf is what the header of a new datagram names. A connected socket that
// remembers its way over IPv4 takes what was noted last, were it for a connect in
// vain or for what was corked for somebody else: udp_sendmsg looks for a way, and
// fills in a flow of its own, only where none is remembered.
func (s *sock) flowOf(p *sendPlan) corkFlow {
	if p.connected && s.routed && p.route.dst.Is4() {
		return s.dg.cork.flow
	}
	return corkFlow{netip.AddrPortFrom(p.route.src, s.sport), netip.AddrPortFrom(p.route.dst, p.dst.Port())}
}

// errorDest is sendPlan's for UDP, which over IPv4 names the flow's address.
func (c *cork) errorDest(s *sock) netip.AddrPort {
	if c.pending == AF_INET6 {
		return c.flow.dst
	}
	return netip.AddrPortFrom(c.flow.dst.Addr(), s.remote.Port())
}

// udpAppend adds to what is corked; without MSG_MORE and UDP_CORK it leaves
// then. An error throws all of it away.
func (h *Host) udpAppend(s *sock, t *thread) outcome {
	c := &s.dg.cork
	ipv6 := c.pending == AF_INET6
	if t.call.Flags&MSG_PROBE == 0 {
		if err := h.udpGrow(s, t, c); err != 0 {
			h.udpFlush(s)
			return h.udpFailed(ipv6, err)
		}
	}
	if !c.on && t.call.Flags&MSG_MORE == 0 {
		if err := h.udpUncork(s); err != 0 {
			return h.udpFailed(ipv6, err)
		}
	}
	return done(int64(callLen(&t.call)))
}

// udpUncork sends what is corked (udp_push_pending_frames).
func (h *Host) udpUncork(s *sock) Errno {
	err := h.udpPush(s, &s.dg.cork)
	h.udpFlush(s)
	return err
}

// udpFlush throws away what is corked (udp_flush_pending_frames).
func (h *Host) udpFlush(s *sock) {
	s.dg.cork.pending, s.dg.cork.data, s.dg.wmem = 0, s.dg.cork.data[:0], 0
}

// udpGrow adds the call's octets to a datagram (__ip_append_data,
// __ip6_append_data). A new one asks for a pending error, then for shutdown.
func (h *Host) udpGrow(s *sock, t *thread, c *cork) Errno {
	n := callLen(&t.call)
	r := &c.plan.route
	hdr, limit := 20, int(c.mtu)
	if r.dst.Is6() {
		hdr = 40
	}
	if s.mayFragment(r.dst) || c.plan.gso != 0 {
		limit = 0xffff
		if r.dst.Is6() {
			limit += hdr // the length in IPv6's header leaves the header out
		}
	}
	fresh := s.dg.wmem == 0
	if hdr+8+len(c.data)+n > limit || c.plan.dontFrag && hdr+8+len(c.data)+n > int(c.mtu) {
		h.localError(s, EMSGSIZE, c.errorDest(s), c.mtu)
		return EMSGSIZE
	}
	if fresh {
		if err := s.takeErr(); err != 0 {
			return err
		}
		if s.shut&2 != 0 {
			return EPIPE
		}
	}
	if t.call.Fault&FaultData != 0 && n > 0 {
		return EFAULT
	}
	if !s.charge(c, hdr, udpHdrLen, n, fresh) {
		return ENOBUFS
	}
	c.data = append(c.data, t.call.Data...)
	return 0
}

// charge accounts for n octets more, behind headers of IP and of a transport: a
// datagram above the MTU is made of fragments at once, and those after the first
// must fit twice the send buffer. The last may fill the MTU, all others end where
// an offset can begin; what one holds beyond that when more comes moves on.
func (s *sock) charge(c *cork, ip, transport, n int, fresh bool) bool {
	if c.plan.gso != 0 { // one buffer for the headers, and the data in pages
		if fresh {
			s.dg.wmem = sentTruesize(ip+transport, 0)
		}
		s.dg.wmem += int32(n)
		return true
	}
	mtu := int(c.mtu)
	whole, piece := mtu-ip, (mtu-ip)&^7
	if ip == ip6HdrLen {
		piece -= fragHdrLen // IPv4's header says as much without one
		if transport+len(c.data)+n > mtu {
			whole = piece
		}
	}
	c.begun = [2]run{}
	if fresh {
		n += transport
		c.tail = fits(n, whole, piece)
		s.dg.wmem = sentTruesize(ip+transport, c.tail-transport)
		n -= c.tail
		c.note(transport, c.tail-transport)
	}
	for n > 0 {
		room := whole - c.tail
		if room < n {
			room = piece - c.tail
		}
		if room > 0 {
			room = min(room, n)
			s.dg.wmem += int32(room)
			c.note(c.tail, room)
			c.tail, n = c.tail+room, n-room
			continue
		}
		if s.dg.wmem > 2*s.opt.sndbuf {
			return false
		}
		n -= room // and what the buffer before has beyond its end
		c.tail = fits(n, whole, piece)
		s.dg.wmem += sentTruesize(ip, c.tail)
		n -= c.tail
		c.note(-room, c.tail+room)
	}
	return true
}

// fits is how many of n octets a new buffer takes: all, or as many as a fragment
// that others follow.
func fits(n, whole, piece int) int {
	if n > whole {
		return piece
	}
	return n
}
