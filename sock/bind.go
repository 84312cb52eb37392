package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
)

// tcpGetPort binds the socket to port, or to a free ephemeral one when it is 0
// (inet_csk_get_port). A bucket made on the way is not kept on failure.
func tcpGetPort(h *Host, s *sock, port uint16) bool {
	if port == 0 {
		if port = h.findOpenPort(s); port == 0 {
			return false
		}
		h.joinBucket(s, port)
		return true
	}
	b := h.bucketAt(port)
	if b != nil && !b.skipsCheck(s) && h.bindConflict(b, s, true, true) {
		return false
	}
	h.joinBucket(s, port)
	return true
}

// skipsCheck is the fast path: the bucket's marks vouch for the socket.
func (b *bucket) skipsCheck(s *sock) bool {
	return b.fastReuse > 0 && s.reuses() || b.reusePortMatch(s)
}

// reuses reports whether the socket shares its port by SO_REUSEADDR: a listener
// does not.
func (s *sock) reuses() bool { return s.opt.reuseAddr && s.state() != tcpstate.Listen }

// reusePortMatch reports whether the socket shares the port by SO_REUSEPORT with
// the one that the bucket's mark speaks of (sk_reuseport_match).
func (b *bucket) reusePortMatch(s *sock) bool {
	if b.fastReusePort <= 0 || !s.opt.reusePort || s.group != 0 || b.fastUID != s.uid {
		return false
	}
	return overlap(b.fast, s.rcv(), true, false)
}

// joinBucket makes the socket an owner of the port, unless it is one, and keeps
// the marks (inet_csk_update_fastreuse). That a new bucket already has its
// address by then, and so never becomes FASTREUSEPORT_ANY or fastreuse, is as
// in the kernel since 6.8.
func (h *Host) joinBucket(s *sock, port uint16) {
	b := h.bucketAt(port)
	if b == nil {
		b = h.makeBucket(port)
	}
	a := b.atOrMake(s.rcv().key(), false)
	if !s.reuses() {
		b.fastReuse = 0
	}
	if !s.opt.reusePort {
		b.fastReusePort = 0
	} else if !b.reusePortMatch(s) {
		b.fastReusePort, b.fast, b.fastUID = reusePortStrict, s.rcv(), s.uid
	}
	a.connectOnly = b.fastReuse == connectMark && b.fastReusePort == connectMark
	if s.num == 0 {
		h.own(s, b, a)
	}
}

// flag is 1 for true.
func flag(v bool) int32 {
	if v {
		return 1
	}
	return 0
}

// bindConflict reports whether an owner of the port stands in the way. A socket
// bound to one address is compared with those of that address and of the
// any-addresses only (inet_csk_bind_conflict, inet_bhash2_addr_any_conflict).
func (h *Host) bindConflict(b *bucket, s *sock, relax, portOK bool) bool {
	rcv := s.rcv()
	if !rcv.any6() && !rcv.v4().IsUnspecified() {
		key := rcv.key()
		for i := range b.addrs {
			a := &b.addrs[i]
			if (a.addr == key || a.meansAny(rcv)) && h.addrConflict(a, s, relax, portOK) {
				return true
			}
		}
		return false
	}
	for i := range b.addrs {
		for _, id := range b.addrs[i].owners {
			o := h.socks[id]
			if h.inetBindConflict(s, o, relax, portOK) && overlap(rcv, o.rcv(), true, true) {
				return true
			}
		}
	}
	return false
}

// meansAny reports whether the address is an any-address that takes in a
// socket's (inet_bind2_bucket_match_addr_any).
func (a *addrBucket) meansAny(rcv rcvAddr) bool {
	if !a.addr.Is4In6() {
		return a.addr.IsUnspecified()
	}
	return rcv.addr.Is4() && a.addr.Unmap().IsUnspecified()
}

// addrConflict looks among the owners under one address (inet_bhash2_conflict).
func (h *Host) addrConflict(a *addrBucket, s *sock, relax, portOK bool) bool {
	for _, id := range a.owners {
		o := h.socks[id]
		if o.v6only() && s.local.Is4() {
			continue
		}
		if h.inetBindConflict(s, o, relax, portOK) {
			return true
		}
	}
	return false
}

// inetBindConflict leaves the addresses aside (inet_bind_conflict). portOK is
// false where SO_REUSEPORT must not help: an ephemeral port is to be one's own.
func (h *Host) inetBindConflict(s, o *sock, relax, portOK bool) bool {
	if d, e := s.opt.boundDev, o.opt.boundDev; s == o || d != 0 && e != 0 && d != e {
		return false
	}
	share := s.opt.reusePort && o.opt.reusePort && h.groupAdmits(s) && (o.timeWait() || s.uid == o.uid)
	if s.opt.reuseAddr && o.opt.reuseAddr && o.state() != tcpstate.Listen {
		return !relax || !portOK && share
	}
	return !portOK || !share
}

// timeWait reports whether the socket is a timewait bucket.
func (s *sock) timeWait() bool {
	return s.conn != nil && !s.frozen && s.state() == tcpstate.Closed && s.conn.State() != tcpstate.Closed
}
