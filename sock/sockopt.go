package sock

import "github.com/sockspec/sockspec/tcpstate"

// Least sizes of buffers, octets of truesize (SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF).
const (
	minSndbuf = 4608
	minRcvbuf = 2304
)

const (
	maxInt32 = 1<<31 - 1
	maxInt64 = 1<<63 - 1
)

// rd32 reads a C int.
func rd32(b []byte) int32 {
	return int32(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
}

// rd64 reads a C long.
func rd64(b []byte) int64 { return int64(uint32(rd32(b))) | int64(rd32(b[4:]))<<32 }

// sysSetsockopt is setsockopt(2).
func sysSetsockopt(h *Host, t *thread) outcome {
	c := &t.call
	s, err := h.enterSock(t)
	switch {
	case err != 0:
		return fail(err)
	case c.Fault&FaultData != 0 && c.Len >= 4:
		return fail(EFAULT) // Len is the length that the caller claims
	case c.Level == SOL_SOCKET:
		return result(h.setSocketOption(s, c.Name, c.Data))
	case c.Level == int32(s.proto):
		return result(s.prot.setsockopt(h, s, c.Name, c.Data))
	case c.Level == IPPROTO_IP && s.family == AF_INET:
		return result(ipSetsockopt(h, s, c.Name, c.Data))
	case c.Level == IPPROTO_IPV6 && s.family == AF_INET6:
		return result(ipv6Setsockopt(h, s, c.Name, c.Data))
	case c.Level == IPPROTO_IP:
		return result(ipSetsockopt(h, s, c.Name, c.Data)) // ipv6_specific passes it on
	}
	return fail(ENOPROTOOPT)
}

// setSocketOption is SOL_SOCKET (sk_setsockopt).
func (h *Host) setSocketOption(s *sock, name int32, data []byte) Errno {
	if name == SO_BINDTODEVICE {
		return h.bindToDevice(s, data)
	}
	if len(data) < 4 {
		return EINVAL
	}
	val := rd32(data)
	on := val != 0
	switch name {
	case SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_ACCEPTCONN, SO_SNDLOWAT, SO_PEERCRED:
		return ENOPROTOOPT
	case SO_RCVTIMEO, SO_RCVTIMEO_NEW:
		return h.setTimeout(&s.opt.rcvTimeo, data)
	case SO_SNDTIMEO, SO_SNDTIMEO_NEW:
		return h.setTimeout(&s.opt.sndTimeo, data)
	case SO_LINGER:
		return s.setLinger(data)
	case SO_SNDBUF, SO_SNDBUFFORCE, SO_RCVBUF, SO_RCVBUFFORCE:
		return h.setBuffer(s, name, val)
	case SO_BINDTOIFINDEX:
		return h.bindToIndex(s, val)
	case SO_KEEPALIVE:
		h.tell(s, tcpstate.KeepAlive, uint32(flag(on)))
	case SO_OOBINLINE:
		h.tell(s, tcpstate.OOBInline, uint32(flag(on)))
	case SO_RCVLOWAT:
		if val < 0 {
			val = maxInt32
		}
		s.opt.rcvLowat = max(val, 1)
		h.tell(s, tcpstate.RcvLowat, uint32(s.opt.rcvLowat))
	case SO_BUF_LOCK:
		if val&^3 != 0 {
			return EINVAL
		}
		s.opt.bufLocks = uint8(val>>1&1)*tcpstate.LockRcvBuf | uint8(val&1)*tcpstate.LockSndBuf
	default:
		return h.setSocketFlag(s, name, val)
	}
	return 0
}

// setSocketFlag are the options of SOL_SOCKET that are just kept.
func (h *Host) setSocketFlag(s *sock, name, val int32) Errno {
	o, on := &s.opt, val != 0
	switch name {
	case SO_DEBUG:
		if on && !h.capable(CapNetAdmin) {
			return EACCES
		}
		o.debug = on
	case SO_REUSEADDR:
		o.reuseAddr = on
	case SO_REUSEPORT:
		o.reusePort = on
	case SO_BROADCAST:
		o.broadcast = on
	case SO_DONTROUTE:
		o.dontRoute = on
	case SO_NO_CHECK:
		o.noCheck = on
	case SO_PRIORITY:
		if (val < 0 || val > 6) && !h.capable(CapNetRaw|CapNetAdmin) {
			return EPERM
		}
		o.priority = val
	case SO_MARK:
		if !h.capable(CapNetRaw | CapNetAdmin) {
			return EPERM
		}
		o.mark = val
	case SO_ZEROCOPY:
		if val < 0 || val > 1 {
			return EINVAL
		}
		o.zeroCopy = on
	case SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING:
		o.timestamp = on
	case SO_RXQ_OVFL:
		o.rxqOvfl = on
	case SO_MAX_PACING_RATE:
		o.maxPacing = uint64(uint32(val))
		if val == -1 {
			o.maxPacing = 1<<64 - 1
		}
	case SO_BSDCOMPAT, SO_BUSY_POLL, SO_INCOMING_CPU:
	case SO_PASSCRED:
		return EOPNOTSUPP
	default:
		return ENOPROTOOPT
	}
	return 0
}

// setBuffer is SO_SNDBUF, SO_RCVBUF and their forced forms: what is asked for
// is doubled, to pay for overhead, and kept within bounds.
func (h *Host) setBuffer(s *sock, name, val int32) Errno {
	forced := name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE
	if forced && !h.capable(CapNetAdmin) {
		return EPERM
	}
	send := name == SO_SNDBUF || name == SO_SNDBUFFORCE
	limit := h.sysctl.get(ctlRmemMax)
	if send {
		limit = h.sysctl.get(ctlWmemMax)
	}
	v := int64(uint32(val)) // as unsigned: -1 asks for the most
	if forced {
		v, limit = int64(max(val, 0)), maxInt32
	}
	v = min(v, limit, maxInt32/2) * 2
	if send {
		s.opt.sndbuf = int32(max(v, minSndbuf))
		s.opt.bufLocks |= tcpstate.LockSndBuf
		h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.SndBuf, N: uint32(s.opt.sndbuf)})
		return 0
	}
	s.opt.rcvbuf = int32(max(v, minRcvbuf))
	s.opt.bufLocks |= tcpstate.LockRcvBuf
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.RcvBuf, N: uint32(s.opt.rcvbuf)})
	return 0
}

// setTimeout takes a struct timeval: zero is no time-out, a negative one none
// at all, fractions are rounded up to a tick (sock_set_timeout).
func (h *Host) setTimeout(d *tcpstate.Duration, data []byte) Errno {
	if len(data) < 16 {
		return EINVAL
	}
	sec, usec := rd64(data), rd64(data[8:])
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
func (s *sock) setLinger(data []byte) Errno {
	if len(data) < 8 {
		return EINVAL
	}
	s.opt.linger = rd32(data) != 0
	if s.opt.linger {
		// A negative time becomes a huge one: it is read as unsigned.
		s.opt.lingerTime = int64(uint32(rd32(data[4:]))) * tcpstate.Second
		if rd32(data[4:]) < 0 {
			s.opt.lingerTime = noTimeout
		}
	}
	return 0
}
