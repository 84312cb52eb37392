package sock

import "github.com/sockspec/sockspec/tcpstate"

const (
	maxInt32 = 1<<31 - 1
	maxInt64 = 1<<63 - 1
)

// setSndbuf is SO_SNDBUF: what is asked for, as unsigned so that -1 is the
// most, is doubled to pay for overhead, and kept within bounds.
func setSndbuf(h *Host, s *sock, v *value) Errno {
	return h.takeSndbuf(s, min(int64(uint32(v.int)), h.sysctl.get(ctlWmemMax)))
}

func setRcvbuf(h *Host, s *sock, v *value) Errno {
	return h.takeRcvbuf(s, min(int64(uint32(v.int)), h.sysctl.get(ctlRmemMax)))
}

// forceSndbuf is SO_SNDBUFFORCE: the system's limit does not count.
func forceSndbuf(h *Host, s *sock, v *value) Errno { return h.takeSndbuf(s, int64(max(v.int, 0))) }
func forceRcvbuf(h *Host, s *sock, v *value) Errno { return h.takeRcvbuf(s, int64(max(v.int, 0))) }

func (h *Host) takeSndbuf(s *sock, n int64) Errno {
	s.opt.sndbuf = int32(max(min(n, maxInt32/2)*2, int64(h.callRules().minSndbuf())))
	s.opt.bufLocks |= tcpstate.LockSndBuf
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.SndBuf, N: uint32(s.opt.sndbuf)})
	s.prot.writeSpace(h, s) // larger or not
	return 0
}

func (h *Host) takeRcvbuf(s *sock, n int64) Errno {
	s.opt.rcvbuf = int32(max(min(n, maxInt32/2)*2, int64(h.callRules().minRcvbuf())))
	s.opt.bufLocks |= tcpstate.LockRcvBuf
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.RcvBuf, N: uint32(s.opt.rcvbuf)})
	return 0
}

// setBufLock is SO_BUF_LOCK: SOCK_SNDBUF_LOCK 1, SOCK_RCVBUF_LOCK 2.
func setBufLock(h *Host, s *sock, v *value) Errno {
	s.opt.bufLocks = uint8(v.int>>1&1)*tcpstate.LockRcvBuf | uint8(v.int&1)*tcpstate.LockSndBuf
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.BufLocks, N: uint32(s.opt.bufLocks)})
	return 0
}

// setRcvlowat is SO_RCVLOWAT. A stream's mark stays below half of what the
// buffer may become, and enlarges the buffer (tcp_set_rcvlowat).
func setRcvlowat(h *Host, s *sock, v *value) Errno {
	n := v.int
	if n < 0 {
		n = maxInt32
	}
	if s.typ != SOCK_STREAM {
		s.opt.rcvLowat = max(n, 1)
		return 0
	}
	n = min(n, h.lowatLimit(s))
	s.opt.rcvLowat = max(n, 1)
	h.tell(s, tcpstate.RcvLowat, uint32(s.opt.rcvLowat))
	if s.conn == nil && s.opt.bufLocks&tcpstate.LockRcvBuf == 0 && 2*n > s.opt.rcvbuf {
		s.opt.rcvbuf = 2 * n // tcp_space_from_win, before any segment was seen
		if s.opt.windowClamp != 0 {
			s.opt.windowClamp = max(s.opt.windowClamp, uint32(n))
		}
	}
	return 0
}

// lowatLimit is half of the buffer when the user has set its size, else of the
// largest one.
func (h *Host) lowatLimit(s *sock) int32 {
	if s.opt.bufLocks&tcpstate.LockRcvBuf != 0 {
		return s.rcvbuf() >> 1
	}
	return h.tcp.Rmem[2] >> 1
}

func setRcvtimeo(h *Host, s *sock, v *value) Errno { return h.setTimeout(&s.opt.rcvTimeo, v) }
func setSndtimeo(h *Host, s *sock, v *value) Errno { return h.setTimeout(&s.opt.sndTimeo, v) }

// setTimeout takes a struct timeval: zero is no time-out, a negative one none
// at all, fractions are rounded up to a tick (sock_set_timeout).
func (h *Host) setTimeout(d *tcpstate.Duration, v *value) Errno {
	if err := v.has(16); err != 0 {
		return err
	}
	sec, usec := rd64(v.data), rd64(v.data[8:])
	switch {
	case usec < 0 || usec >= 1000000:
		return EDOM
	case sec < 0:
		*d = 0
	case sec == 0 && usec == 0, sec >= 1<<62/1000000:
		*d = noTimeout
	default:
		tick := max(h.tcp.Tick, 1)
		*d = sec*tcpstate.Second + (usec+tick-1)/tick*tick
	}
	return 0
}

// setLinger takes a struct linger.
func setLinger(_ *Host, s *sock, v *value) Errno {
	if err := v.has(8); err != 0 {
		return err
	}
	s.opt.linger = v.int != 0
	if !s.opt.linger {
		return 0
	}
	s.opt.lingerTime = int64(rd32(v.data[4:])) * tcpstate.Second
	if s.opt.lingerTime < 0 {
		s.opt.lingerTime = noTimeout // a huge time, for it is read as unsigned
	}
	return 0
}

// setDevice is SO_BINDTODEVICE, setIfindex SO_BINDTOIFINDEX.
func setDevice(h *Host, s *sock, v *value) Errno {
	if v.fault {
		return EFAULT
	}
	return h.bindToDevice(s, v.data)
}

func setIfindex(h *Host, s *sock, v *value) Errno { return h.bindToIndex(s, v.int) }

// adviseRoute is SO_CNX_ADVICE: with 1 the user doubts the route, and IPv6 looks
// for another; the path changes in any case (dst_negative_advice).
func adviseRoute(h *Host, s *sock, v *value) Errno {
	if v.int != 1 {
		return 0
	}
	h.rethink(s)
	if s.af.ipv6 {
		s.routed = false
	}
	return 0
}

func setMark(_ *Host, s *sock, v *value) Errno {
	if v.int != s.opt.mark {
		s.opt.mark, s.routed = v.int, false
	}
	return 0
}

// setMaxPacing is SO_MAX_PACING_RATE: an int, of which -1 is no limit, or a long.
func setMaxPacing(_ *Host, s *sock, v *value) Errno {
	switch {
	case v.n >= 8:
		s.opt.maxPacing = uint64(rd64(v.data))
	case v.int == -1:
		s.opt.maxPacing = 1<<64 - 1
	default:
		s.opt.maxPacing = uint64(uint32(v.int))
	}
	return 0
}

// Clocks of SO_TXTIME (include/uapi/linux/time.h) and its flags.
const (
	clockRealtime  = 0
	clockMonotonic = 1
	clockTAI       = 11
	txtimeFlags    = 3 // SOF_TXTIME_FLAGS_MASK
)

// setTxtime takes a struct sock_txtime: a clock, of which only the monotonic one
// is free for all, and flags.
func setTxtime(h *Host, s *sock, v *value) Errno {
	if v.n != 8 {
		return EINVAL
	}
	flags := rd32(v.data[4:])
	switch {
	case flags&^txtimeFlags != 0:
		return EINVAL
	case v.int != clockMonotonic && !h.capable(CapNetAdmin):
		return EPERM
	case v.int != clockMonotonic && v.int != clockRealtime && v.int != clockTAI:
		return EINVAL
	}
	s.opt.txtime, s.opt.txClock, s.opt.txFlags = true, v.int, flags
	return 0
}

// setTxrehash is SO_TXREHASH; -1 asks for the system's.
func setTxrehash(h *Host, s *sock, v *value) Errno {
	if s.opt.txRehash = v.int; v.int < 0 {
		s.opt.txRehash = int32(h.sysctl.get(ctlTxRehash))
	}
	return 0
}
