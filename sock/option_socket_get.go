package sock

import "github.com/sockspec/sockspec/tcpstate"

// bpfExtensions is what SO_BPF_EXTENSIONS tells (SKF_AD_MAX).
const bpfExtensions = 64

// netnsCookie is the namespace's; a host is alone in the world.
const netnsCookie = 1

func getSndbuf(_ *Host, s *sock, _ *thread) (int64, Errno) {
	if s.conn != nil {
		return int64(s.conn.SndBuf()), 0
	}
	return int64(s.opt.sndbuf), 0
}

func getRcvbuf(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(s.rcvbuf()), 0 }

// rcvbuf is the size of the receive buffer, octets of truesize (sk_rcvbuf).
func (s *sock) rcvbuf() int32 {
	if s.conn != nil {
		return s.conn.RcvBuf()
	}
	return s.opt.rcvbuf
}

func getBufLock(_ *Host, s *sock, _ *thread) (int64, Errno) {
	l := s.opt.bufLocks
	return int64(flag(l&tcpstate.LockSndBuf != 0) | flag(l&tcpstate.LockRcvBuf != 0)<<1), 0
}

// socketError returns the pending error once, or else the soft one.
func (h *Host) socketError(s *sock) Errno {
	if e := s.takeErr(); e != 0 {
		return e
	}
	if s.conn != nil {
		return s.conn.TakeSoftErr()
	}
	soft := s.left.tcp.Soft
	s.left.tcp.Soft = 0
	return soft
}

// getLinger is a struct linger. A time without end is MAX_SCHEDULE_TIMEOUT in
// seconds, cut to an int.
func getLinger(h *Host, s *sock, t *thread) outcome {
	secs := s.opt.lingerTime / tcpstate.Second
	if s.opt.lingerTime == noTimeout {
		secs = maxInt64 / (tcpstate.Second / max(h.tcp.Tick, 1))
	}
	return t.give32(uint32(flag(s.opt.linger)), uint32(secs))
}

func getRcvtimeo(_ *Host, s *sock, t *thread) outcome { return t.giveTimeout(s.opt.rcvTimeo) }
func getSndtimeo(_ *Host, s *sock, t *thread) outcome { return t.giveTimeout(s.opt.sndTimeo) }

// giveTimeout answers with a struct timeval.
func (t *thread) giveTimeout(d tcpstate.Duration) outcome {
	if d == noTimeout {
		d = 0
	}
	t.in = t.in[:0]
	t.put64(uint64(d / tcpstate.Second))
	t.put64(uint64(d % tcpstate.Second))
	return t.giveBytes()
}

// getPeercred is struct ucred of nobody (cred_to_ucred): only AF_UNIX knows
// its peer.
func getPeercred(_ *Host, _ *sock, t *thread) outcome { return t.give32(0, 1<<32-1, 1<<32-1) }

// getPeerName is getpeername as an option, which wants no more than there is,
// and answers after the end of a connection as well.
func getPeerName(_ *Host, s *sock, t *thread) outcome {
	if s.remote.Port() == 0 {
		return fail(ENOTCONN)
	}
	a, n, _ := s.asSeen(s.remote)
	if n < t.call.Len {
		return fail(EINVAL)
	}
	t.in = append(t.in[:0], byte(a.Family), byte(a.Family>>8), byte(a.AP.Port()>>8), byte(a.AP.Port()))
	if a.Family == AF_INET {
		b := a.AP.Addr().As4()
		t.in = append(t.in, b[:]...)
	} else {
		b := a.AP.Addr().As16()
		t.put32(0) // sin6_flowinfo
		t.in = append(t.in, b[:]...)
	}
	for len(t.in) < int(n) {
		t.in = append(t.in, 0)
	}
	return t.giveBytes()
}

// getNothing answers with no octets at all.
func getNothing(_ *Host, _ *sock, t *thread) outcome {
	t.in = t.in[:0]
	return t.giveBytes()
}

// getMaxPacing is an int, or a long where there is room for one.
func getMaxPacing(_ *Host, s *sock, t *thread) outcome {
	if t.call.Len < 8 {
		return t.giveInt(int64(min(s.opt.maxPacing, 1<<32-1)))
	}
	return t.give64(s.opt.maxPacing)
}

func getTxtime(_ *Host, s *sock, t *thread) outcome {
	return t.give32(uint32(s.opt.txClock), uint32(s.opt.txFlags))
}

// getMeminfo is SO_MEMINFO: nine numbers, of which the backlog reads 0 here.
func getMeminfo(h *Host, s *sock, t *thread) outcome {
	snd, _ := getSndbuf(h, s, t)
	var rmem, wmem, drops, forward, queued uint32
	if s.conn != nil {
		rmem, queued, forward = s.conn.Memory()
	}
	if g := s.dg; g != nil {
		rmem, wmem, drops = rmem+uint32(g.rmem), uint32(g.wmem), g.drops // a stream's are errors
		forward += uint32(g.forward)
	}
	return t.give32(rmem, uint32(s.rcvbuf()), wmem, uint32(snd), forward, queued, uint32(s.optmem()), 0, drops)
}

// getCookie is SO_COOKIE: a number of the socket's own, drawn when first asked for.
func getCookie(h *Host, s *sock, t *thread) outcome {
	if t.call.Len < 8 {
		return fail(EINVAL)
	}
	if s.cookie == 0 {
		h.cookies++
		s.cookie = h.cookies
	}
	return t.give64(s.cookie)
}

func getNetnsCookie(_ *Host, _ *sock, t *thread) outcome {
	if t.call.Len != 8 {
		return fail(EINVAL)
	}
	return t.give64(netnsCookie)
}
