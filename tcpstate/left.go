package tcpstate

import "github.com/sockspec/sockspec/queue"

// Left is what a connection leaves to the next one of its socket, and a listener
// that had one to its children: what tcp_disconnect does not touch. The zero value
// is that of a socket which had none. It is a plain value: compare with ==.
type Left struct {
	// Reordering is how many segments the path is taken to reorder by; 0 = Cfg.Reordering.
	Reordering uint32
	// Soft is the error that an ICMP message left and nobody has asked for (sk_err_soft).
	Soft Errno
	// HeaderLen is that of a header with the options that every segment carried, octets; 0 = there was none (tcp_header_len).
	HeaderLen uint8

	ecn      ecnState // for children: a SYN begins anew
	scaling  uint8    // what share of its memory a payload takes, of 256; 0 = not known
	rackRTT  uint32   // rack.rtt_us
	rcvWnd   uint32   // of which the first guess at the peer's segments is made
	rcvSpace uint32   // rcvq_space.space
	rcvRTT   uint32   // rcv_rtt_est
	rcvSeq   Seq
	rcvTime  Time
	measured bool // minima
	minima   [3]rttMin
}

// Left is what the connection would leave.
func (c *Conn) Left() Left {
	return Left{
		Reordering: c.ca.reordering, Soft: c.soft, HeaderLen: c.opt.hdrLen, ecn: c.ecn, scaling: c.rcv.scaling, rackRTT: c.rack.rttUs, rcvWnd: c.rcv.wnd, rcvSpace: c.rcv.space,
		rcvRTT: c.rcv.rttUs, rcvSeq: c.rcv.rttSeq, rcvTime: c.rcv.rttTime, measured: c.rtt.min() != ^uint32(0), minima: c.rtt.minima,
	}
}

// inherit begins with what an earlier connection has left.
func (c *Conn) inherit(l *Left) {
	if l.Reordering != 0 {
		c.ca.reordering = l.Reordering
	}
	c.ecn, c.rcv.scaling = l.ecn, l.share()
	c.soft = l.Soft
	c.rack.rttUs, c.rcv.wnd, c.rcv.space = l.rackRTT, l.rcvWnd, l.rcvSpace
	c.rcv.rttUs, c.rcv.rttSeq, c.rcv.rttTime = l.rcvRTT, l.rcvSeq, l.rcvTime
	if l.measured {
		c.rtt.minima = l.minima
	}
}

// share is scaling_ratio.
func (l *Left) share() uint8 {
	if l.scaling == 0 {
		return defaultScaling
	}
	return l.scaling
}

// Fingerprint feeds it, times as they are from now.
func (l *Left) Fingerprint(h *queue.Hash, now Time) {
	h.U64(uint64(l.Reordering)<<32 | uint64(l.rackRTT))
	h.U64(uint64(l.rcvWnd)<<32 | uint64(l.rcvRTT))
	h.U64(uint64(l.scaling)<<32 | uint64(l.rcvSeq))
	h.U64(uint64(l.rcvSpace))
	h.U64(uint64(l.Soft)<<8 | uint64(l.HeaderLen))
	h.Bool(l.rcvTime != never)
	if l.rcvTime != never {
		h.U64(uint64(now.Sub(l.rcvTime)))
	}
	h.Bool(l.measured)
	for _, mark := range [...]bool{l.ecn.on, l.ecn.seen, l.ecn.queueCWR, l.ecn.demandCWR} {
		h.Bool(mark)
	}
	if l.measured {
		for _, m := range l.minima {
			h.U64(uint64(m.us)<<32 | uint64(tsClock(now)-m.at))
		}
	}
}
