package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
)

// Origins of an error in the error queue (include/uapi/linux/errqueue.h).
const (
	SO_EE_ORIGIN_LOCAL uint8 = 1
	SO_EE_ORIGIN_ICMP  uint8 = 2
	SO_EE_ORIGIN_ICMP6 uint8 = 3
)

// extErr is struct sock_extended_err without what is never set here.
type extErr struct {
	err                Errno
	origin, kind, code uint8 // kind is ee_type
	info               uint32
	// to is the address of ours that the message came to.
	to     netip.Addr
	toPort uint16
}

func (e *extErr) fingerprint(f *queue.Hash) {
	f.U64(uint64(e.err)<<32 | uint64(e.origin)<<16 | uint64(e.kind)<<8 | uint64(e.code))
	f.U32(e.info)
	hashAddr(f, netip.AddrPortFrom(e.to, e.toPort))
}

// icmp reports whether the error came from the network.
func (e *extErr) icmp() bool {
	return e.origin == SO_EE_ORIGIN_ICMP || e.origin == SO_EE_ORIGIN_ICMP6
}

// queueError puts an error into the error queue, unless the receive buffer is
// full, and tells who waits (sock_queue_err_skb). d.src is who said it, d.dst
// where the datagram at fault was sent, d.data what is quoted of it.
func (h *Host) queueError(s *sock, d dgram) bool {
	if s.dg.rmem+d.truesize >= s.opt.rcvbuf {
		return false
	}
	s.dg.rmem += d.truesize
	d.at, d.data = h.now, h.dgramData(d.data)
	s.dg.errs.PushBack(d)
	h.wake(s, POLLERR)
	return true
}

// reportError makes an error pending and tells who waits (sk_error_report).
func (h *Host) reportError(s *sock, err Errno) {
	s.err = err
	h.wake(s, POLLERR)
}

// localError notes why a datagram to dst could not be sent, for a program that
// wants to know (ip_local_error, ipv6_local_error).
func (h *Host) localError(s *sock, err Errno, dst netip.AddrPort, info uint32) {
	if !s.recvErrOf(dst.Addr()) {
		return
	}
	h.queueError(s, dgram{
		src: netip.AddrPortFrom(anyOf(dst.Addr()), 0), dst: dst, truesize: truesize(40),
		ee: extErr{err: err, origin: SO_EE_ORIGIN_LOCAL, info: info},
	})
}

// recvErrOf is IP_RECVERR or IPV6_RECVERR, by the family of a.
func (s *sock) recvErrOf(a netip.Addr) bool {
	if a.Is6() {
		return s.opt.recvErr6
	}
	return s.opt.recvErr
}

// unwantErrors4 and unwantErrors6 empty the error queue when IP_RECVERR or
// IPV6_RECVERR is turned off, were it off before (skb_errqueue_purge). The
// pending error stays.
func unwantErrors4(h *Host, s *sock) { h.purgeErrors(s, !s.opt.recvErr) }
func unwantErrors6(h *Host, s *sock) { h.purgeErrors(s, !s.opt.recvErr6) }

func (h *Host) purgeErrors(s *sock, off bool) {
	if s.dg == nil || !off {
		return
	}
	for d, ok := s.dg.errs.PopFront(); ok; d, ok = s.dg.errs.PopFront() {
		s.dg.rmem -= d.truesize
		h.reuse(d.data)
	}
}

// anyOf is the any-address of a's family.
func anyOf(a netip.Addr) netip.Addr {
	if a.Is6() {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// recvError is MSG_ERRQUEUE: it takes the oldest error, which never waits
// (ip_recv_error, ipv6_recv_error). The next one from the network becomes the
// pending error, and none at all clears it (sock_dequeue_err_skb).
func (h *Host) recvError(s *sock, t *thread) outcome {
	d, ok := s.dg.errs.PopFront()
	if !ok {
		return fail(EAGAIN)
	}
	defer h.reuse(d.data)
	s.dg.rmem -= d.truesize
	next := s.dg.errs.At(0)
	switch {
	case next != nil && next.ee.icmp():
		s.err = next.ee.err
	case d.ee.icmp():
		s.takeErr()
	}
	if next != nil {
		h.wake(s, POLLERR)
	}
	n := min(t.call.Len, int32(len(d.data)))
	if t.call.Fault&FaultData != 0 && n > 0 {
		return fail(EFAULT)
	}
	if int(n) < len(d.data) {
		t.ret.MsgFlags |= MSG_TRUNC
	}
	t.in = append(t.in[:0], d.data[:n]...)
	t.ret.Data = t.in
	t.ret.Addr, t.ret.AddrLen, _ = s.asSeen(d.dst)
	t.ret.Addr.Scope = h.scopeOf(d.dst.Addr(), d.dev)
	h.errorControl(s, t, &d)
	t.ret.MsgFlags |= MSG_ERRQUEUE
	return done(int64(n))
}
