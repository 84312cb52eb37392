package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// any reports whether any message of IPPROTO_IPV6 is asked for (rxopt.all).
func (r *received6) any() bool { return *r != received6{} }

// recvControl adds the control messages that the socket asked for, in Linux's
// order (sock_recv_cmsgs, ip_cmsg_recv_offset, ip6_datagram_recv_ctl).
func (h *Host) recvControl(s *sock, t *thread, d *dgram, off int32) {
	t.noControl()
	s.noteStamp(d)
	h.stampControl(s, t, d.at)
	if s.opt.rxqOvfl && d.drops > 0 {
		le32(h.cmsg(t, SOL_SOCKET, SO_RXQ_OVFL, 4), d.drops)
	}
	if s.opt.rcvMark {
		le32(h.cmsg(t, SOL_SOCKET, SO_MARK, 4), uint32(d.tag.mark))
	}
	if s.opt.rcvPriority {
		le32(h.cmsg(t, SOL_SOCKET, SO_PRIORITY, 4), uint32(d.tag.priority))
	}
	if s.opt.gro && d.gso != 0 {
		le32(h.cmsg(t, SOL_UDP, UDP_GRO, 4), uint32(d.gso))
	}
	h.ipControl(s, t, d)
}

// stampControl tells when the datagram came, or the last packet of what was
// read of a stream (sock_recv_timestamp, tcp_recv_timestamp).
func (h *Host) stampControl(s *sock, t *thread, at Time) {
	if !s.opt.stamp {
		return
	}
	kind, unit := int32(SO_TIMESTAMP), int64(1)
	switch {
	case s.opt.stampNano && s.opt.stampNew:
		kind, unit = SO_TIMESTAMPNS_NEW, 1000
	case s.opt.stampNano:
		kind, unit = SO_TIMESTAMPNS, 1000
	case s.opt.stampNew:
		kind = SO_TIMESTAMP_NEW
	}
	b := h.cmsg(t, SOL_SOCKET, kind, 16)
	le64(b, uint64(int64(at)/tcpstate.Second))
	le64(b[8:], uint64(int64(at)%tcpstate.Second*unit))
}

// ipControl are the messages of the IP layer.
func (h *Host) ipControl(s *sock, t *thread, d *dgram) {
	o := &s.opt
	if s.family == AF_INET6 && o.recv6.pktInfo {
		putPktInfo6(h.cmsg(t, SOL_IPV6, IPV6_PKTINFO, 20), d)
	}
	switch {
	case !d.ipv6():
		h.ip4Control(o, t, d)
	case o.recv6.any() || o.old6.any():
		h.ip6Control(o, t, d)
	}
}

// ip4Control is ip_cmsg_recv_offset.
func (h *Host) ip4Control(o *options, t *thread, d *dgram) {
	dst := d.dst.Addr().As4()
	if o.pktInfo {
		b := h.cmsg(t, SOL_IP, IP_PKTINFO, 12)
		le32(b, uint32(d.info.dev))
		if d.info.src.IsValid() {
			src := d.info.src.As4()
			copy(b[4:], src[:])
		}
		copy(b[8:], dst[:])
	}
	if o.recvTTL {
		le32(h.cmsg(t, SOL_IP, IP_TTL, 4), uint32(d.ttl))
	}
	if o.recvTOS {
		h.cmsg(t, SOL_IP, IP_TOS, 1)[0] = d.tos
	}
	if o.recvOrigDst && !d.noPorts {
		putSockaddr(h.cmsg(t, SOL_IP, IP_ORIGDSTADDR, sizeofSockaddrIn), d.dst, 0)
	}
}

// specDst is the address to answer from (fib_compute_spec_dst).
func (h *Host) specDst(d *dgram) netip.Addr {
	if a := d.dst.Addr(); h.isLocal(a) {
		return a
	}
	if a, ok := h.sourceOn(d.dev, d.src.Addr()); ok {
		return a
	}
	return netip.IPv4Unspecified()
}

// ip6Control is ip6_datagram_recv_specific_ctl.
func (h *Host) ip6Control(o *options, t *thread, d *dgram) {
	if o.recv6.hopLimit {
		le32(h.cmsg(t, SOL_IPV6, IPV6_HOPLIMIT, 4), uint32(d.ttl))
	}
	if o.recv6.tclass {
		le32(h.cmsg(t, SOL_IPV6, IPV6_TCLASS, 4), uint32(d.tos))
	}
	if o.old6.pktInfo {
		putPktInfo6(h.cmsg(t, SOL_IPV6, IPV6_2292PKTINFO, 20), d)
	}
	if o.old6.hopLimit {
		le32(h.cmsg(t, SOL_IPV6, IPV6_2292HOPLIMIT, 4), uint32(d.ttl))
	}
	if o.recv6.origDst && !d.noPorts {
		putSockaddr(h.cmsg(t, SOL_IPV6, IPV6_ORIGDSTADDR, sizeofIn6), d.dst, h.scopeOf(d.dst.Addr(), d.dev))
	}
}

// errorControl adds what goes with an error: the error itself and who said it,
// last (ip_recv_error, ipv6_recv_error).
func (h *Host) errorControl(s *sock, t *thread, d *dgram) {
	t.noControl()
	h.stampControl(s, t, d.at)
	if d.ee.icmp() {
		h.ipControl(s, t, d.received())
	}
	level, kind, n := int32(SOL_IP), int32(IP_RECVERR), 16+sizeofSockaddrIn
	if s.family == AF_INET6 {
		level, kind, n = SOL_IPV6, IPV6_RECVERR, 16+sizeofIn6
	}
	b := h.cmsg(t, level, kind, n)
	le32(b, uint32(d.ee.err))
	b[4], b[5], b[6] = d.ee.origin, d.ee.kind, d.ee.code
	le32(b[8:], d.ee.info)
	if d.ee.icmp() {
		a, _, _ := s.asSeen(netip.AddrPortFrom(d.src.Addr(), 0))
		putSockaddr(b[16:], a.AP, h.scopeOf(d.src.Addr(), d.dev))
	}
}

// received is the message that brought the error, as a datagram: from who said
// it, to us.
func (d *dgram) received() *dgram {
	r := *d
	r.dst = netip.AddrPortFrom(d.ee.to, d.ee.toPort)
	return &r
}

// putPktInfo6 lays out struct in6_pktinfo.
func putPktInfo6(b []byte, d *dgram) {
	a, dev := d.dst.Addr().As16(), d.dev
	if !d.ipv6() {
		dev = d.info.dev
	}
	copy(b, a[:])
	le32(b[16:], uint32(dev))
}

// putSockaddr lays out struct sockaddr_in or sockaddr_in6, by the address.
func putSockaddr(b []byte, ap netip.AddrPort, scope uint32) {
	b[2], b[3] = byte(ap.Port()>>8), byte(ap.Port())
	if ap.Addr().Is4() {
		a := ap.Addr().As4()
		b[0] = AF_INET
		copy(b[4:], a[:])
		return
	}
	a := ap.Addr().As16()
	b[0] = AF_INET6
	copy(b[8:], a[:])
	le32(b[24:], scope)
}

// le64 puts v into the first eight bytes of b, as a C long lies in memory.
func le64(b []byte, v uint64) {
	le32(b, uint32(v))
	le32(b[4:], uint32(v>>32))
}
