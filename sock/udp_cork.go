package sock

import "github.com/sockspec/sockspec/queue"

// cork is a datagram under way: MSG_MORE and UDP_CORK add to it, and it leaves
// as one (struct inet_cork, udp_sock.pending).
type cork struct {
	on      bool   // UDP_CORK
	pending uint16 // AF_INET or AF_INET6 while there is one
	plan    sendPlan
	mtu     uint32 // of a fragment, octets
	data    []byte
}

func (c *cork) clone() cork {
	n := *c
	n.data = append([]byte(nil), c.data...)
	return n
}

func (c *cork) fingerprint(f *queue.Hash) {
	f.U64(uint64(flag(c.on))<<32 | uint64(c.pending))
	if c.pending != 0 {
		c.plan.fingerprint(f)
		f.U32(c.mtu)
		f.Bytes(c.data)
	}
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
		h.localError(s, EMSGSIZE, c.plan.errorDest(s), c.mtu)
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
// must fit twice the send buffer.
func (s *sock) charge(c *cork, ip, transport, n int, fresh bool) bool {
	have, mtu, hdr := len(c.data), int(c.mtu), ip+transport
	if c.plan.gso != 0 { // one buffer for the headers, and the data in pages
		if fresh {
			s.dg.wmem = sentTruesize(hdr, 0)
		}
		s.dg.wmem += int32(n)
		return true
	}
	if fresh {
		first := min(n, mtu-hdr)
		if hdr+n > mtu {
			first = (mtu-ip)&^7 - transport
		}
		s.dg.wmem = sentTruesize(hdr, first)
		n -= first
		have = first
	}
	piece := (mtu - ip) &^ 7
	for n > 0 {
		room := (have+transport+piece-1)/piece*piece - have - transport
		if room == 0 {
			if s.dg.wmem > 2*s.opt.sndbuf {
				return false
			}
			room = min(n, piece)
			s.dg.wmem += sentTruesize(ip, room)
		} else {
			room = min(n, room)
			s.dg.wmem += int32(room)
		}
		have += room
		n -= room
	}
	return true
}
