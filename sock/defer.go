package sock

import "github.com/sockspec/sockspec/tcpstate"

func setDeferAccept(h *Host, s *sock, v *value) Errno {
	s.opt.deferAccept = secsToRetrans(v.int)
	if h.tcp.Requests.DeferResends {
		s.opt.deferAccept = h.secsToRetrans24(v.int)
	}
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.DeferAck, N: uint32(s.opt.deferAccept)})
	return 0
}

func getDeferAccept(h *Host, s *sock, _ *thread) (int64, Errno) {
	if n := s.opt.deferAccept; h.tcp.Requests.DeferResends && n > 0 {
		return h.timeoutSecs(n), 0
	}
	return retransToSecs(s.opt.deferAccept), 0
}

// timeoutSecs is how long the n-th time-out of a SYN-ACK is, in whole seconds.
func (h *Host) timeoutSecs(n uint8) int64 {
	return int64(h.tcp.RTOInit/tcpstate.Second) << (n - 1)
}

// secsToRetrans24 is how many time-outs it takes until one is that long
// (tcp_setsockopt of 2.4): the last of them counts, not their sum.
func (h *Host) secsToRetrans24(secs int32) (n uint8) {
	if secs <= 0 {
		return 0
	}
	for n = 1; n <= 32 && int64(secs) > h.timeoutSecs(n); n++ {
	}
	return n
}

// secsToRetrans is for how many SYN-ACK time-outs of 1, 2, 4... seconds, 120 at
// most, a span lasts (secs_to_retrans).
func secsToRetrans(secs int32) (n uint8) {
	if secs <= 0 {
		return 0
	}
	n = 1
	for period, timeout := int32(1), int32(1); secs > period && n < 255; n++ {
		timeout = min(timeout<<1, 120)
		period += timeout
	}
	return n
}

// retransToSecs is the span that so many time-outs last (retrans_to_secs).
func retransToSecs(n uint8) int64 {
	if n == 0 {
		return 0
	}
	period, timeout := int64(1), int64(1)
	for ; n > 1; n-- {
		timeout = min(timeout<<1, 120)
		period += timeout
	}
	return period
}
