package sock

import (
	"slices"

	"github.com/sockspec/sockspec/tcpstate"
)

// dgramOps is in what protocols of datagrams differ as they receive.
type dgramOps struct {
	// lazyRmem: memory that was read is given back in batches (udp_rmem_release).
	lazyRmem bool
	// refusesOOB: MSG_OOB is EOPNOTSUPP, where UDP takes no notice.
	refusesOOB bool
	// hidesLength: MSG_TRUNC does not make the call return the true length.
	hidesLength bool
	// noSpecDst: IP_PKTINFO does not tell the address to answer from.
	noSpecDst bool
	// taken is told of each datagram that was read, or lost on the way to the
	// program's memory; nil for none.
	taken func(h *Host, ipv6, lost bool)
}

// dgramRecvmsg begins a receive (udp_recvmsg, raw_recvmsg, ping_recvmsg).
func dgramRecvmsg(h *Host, s *sock, t *thread) outcome {
	flags := t.call.Flags
	switch {
	case flags&MSG_OOB != 0 && s.prot.dgram.refusesOOB:
		return fail(EOPNOTSUPP)
	case flags&MSG_ERRQUEUE != 0:
		return h.recvError(s, t)
	}
	h.patience(t, h.nonblock(t) || flags&MSG_DONTWAIT != 0, s.opt.rcvTimeo)
	return dgramRecvAgain(h, s, t)
}

// dgramRecvAgain looks for a datagram; the order of what it looks at is that of
// __skb_recv_udp and __skb_wait_for_more_packets: a pending error, the queue,
// patience, shutdown, a signal.
func dgramRecvAgain(h *Host, s *sock, t *thread) outcome {
	if err := s.takeErr(); err != 0 {
		return fail(err)
	}
	if i, off, ok := s.findDatagram(t.call.Flags); ok {
		return h.handDatagram(s, t, i, off)
	}
	switch {
	case !h.waits(t):
		return fail(EAGAIN) // shutdown does not show to who won't wait
	case s.shut&tcpstate.ShutRead != 0:
		return done(0)
	case t.signal:
		return fail(t.intrErrno())
	}
	return h.parkOn(t, s, true)
}

// findDatagram finds the datagram to read, and where in it to begin: the first,
// or with SO_PEEK_OFF the one that the offset lies in
// (__skb_try_recv_from_queue).
func (s *sock) findDatagram(flags int32) (i int, off int32, ok bool) {
	g := s.dg
	n := g.recv.Len()
	if n == 0 {
		return 0, 0, false
	}
	if flags&MSG_PEEK == 0 {
		g.splice(0)
		return 0, 0, true
	}
	at := s.opt.peekOff >= 0 || !s.prot.dgram.lazyRmem // RAW peeks at offset 0
	off = max(s.opt.peekOff, 0)
	for i = range n {
		d := g.recv.At(i)
		size := int32(len(d.data))
		if at && off >= size && (off > 0 || d.peeked) {
			off -= size
			continue
		}
		d.peeked = d.peeked || size == 0
		g.splice(i)
		return i, off, true
	}
	g.splice(n - 1)
	return 0, 0, false
}

// splice notes that element i was looked at: everything that had come is then
// in the second queue, where readers don't disturb who delivers.
func (g *datagrams) splice(i int) {
	if int32(i) >= g.reader {
		g.reader = int32(g.recv.Len())
	}
}

// handDatagram gives a datagram to the caller: as much as there is room for,
// the rest is lost and MSG_TRUNC says so.
func (h *Host) handDatagram(s *sock, t *thread, i int, off int32) outcome {
	peek := t.call.Flags&MSG_PEEK != 0
	var d dgram
	if peek {
		d = *s.dg.recv.At(i)
	} else {
		d = s.takeDatagram(i)
		defer h.reuse(d.data)
	}
	size := int32(len(d.data))
	n := t.call.Len
	if n > size-off {
		n = size - off
	} else if n < size {
		t.ret.MsgFlags |= MSG_TRUNC
	}
	lost := t.call.Fault&FaultData != 0 && n > 0
	if !peek && s.prot.dgram.taken != nil {
		s.prot.dgram.taken(h, d.ipv6(), lost)
	}
	if lost {
		t.ret.MsgFlags = 0
		s.dg.drops += uint32(flag(!peek))
		return fail(EFAULT)
	}
	t.in = slices.Grow(t.in[:0], int(n))[:n]
	copy(t.in, d.data[off:])
	t.ret.Data = t.in
	h.informCgroup(CgroupRecvmsg, s)
	t.ret.Addr, t.ret.AddrLen, _ = s.asSeen(d.src)
	t.ret.Addr.Scope = h.scopeOf(d.src.Addr(), d.dev)
	h.recvControl(s, t, &d, off)
	value := n
	if t.call.Flags&MSG_TRUNC != 0 && !s.prot.dgram.hidesLength {
		value = size
	}
	s.movePeekOff(value, peek)
	return done(int64(value))
}

// movePeekOff moves SO_PEEK_OFF, when it is on: by what was shown forward, by
// what was taken away before it back (sk_peek_offset_fwd, sk_peek_offset_bwd).
func (s *sock) movePeekOff(n int32, peek bool) {
	if s.opt.peekOff < 0 {
		return
	}
	if peek {
		n = -n
	}
	s.opt.peekOff = max(s.opt.peekOff-n, 0)
}
