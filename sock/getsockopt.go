package sock

import "github.com/sockspec/sockspec/tcpstate"

// sysGetsockopt is getsockopt(2). Len is the room for the value; the answer is
// cut to it and Return.Data is as long as the kernel says.
func sysGetsockopt(h *Host, t *thread) outcome {
	c := &t.call
	s, err := h.enterSock(t)
	switch {
	case err != 0:
		return fail(err)
	case c.Len < 0 && s.signedRoom(c.Level):
		return fail(EINVAL)
	case c.Level == SOL_SOCKET:
		return h.getSocketOption(s, t, c.Name)
	case c.Level == int32(s.proto):
		return s.prot.getsockopt(h, s, t, c.Name)
	case c.Level == IPPROTO_IP:
		return ipGetsockopt(h, s, t, c.Name)
	case c.Level == IPPROTO_IPV6 && s.family == AF_INET6:
		return ipv6Getsockopt(h, s, t, c.Name)
	case s.family == AF_INET:
		return fail(EOPNOTSUPP) // do_ip_getsockopt has its own word for a strange level
	}
	return fail(ENOPROTOOPT)
}

// signedRoom: levels that refuse a negative room. IPv6 reads it as unsigned, and
// a strange level is refused before anyone looks.
func (s *sock) signedRoom(level int32) bool {
	return level == SOL_SOCKET || level == int32(s.proto) || level == IPPROTO_IP
}

// giveInt answers with a C int, giveBytes with what was put into t.in.
func (t *thread) giveInt(v int64) outcome {
	t.in = append(t.in[:0], byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	return t.giveBytes()
}

func (t *thread) giveBool(v bool) outcome { return t.giveInt(int64(flag(v))) }

func (t *thread) giveBytes() outcome {
	if t.call.Fault&FaultData != 0 && t.call.Len != 0 {
		return fail(EFAULT)
	}
	room := len(t.in)
	if t.call.Len >= 0 {
		room = min(room, int(t.call.Len))
	}
	t.ret.Data = t.in[:room]
	return done(0)
}

// put64 appends a C long.
func (t *thread) put64(v uint64) {
	for i := range 8 {
		t.in = append(t.in, byte(v>>(8*i)))
	}
}

// put32 appends a C int.
func (t *thread) put32(v uint32) {
	t.in = append(t.in, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

// getSocketOption is SOL_SOCKET (sk_getsockopt).
func (h *Host) getSocketOption(s *sock, t *thread, name int32) outcome {
	o := &s.opt
	switch name {
	case SO_ERROR:
		return t.giveInt(int64(h.socketError(s)))
	case SO_TYPE:
		return t.giveInt(int64(s.typ))
	case SO_PROTOCOL:
		return t.giveInt(int64(s.proto))
	case SO_DOMAIN:
		return t.giveInt(int64(s.family))
	case SO_ACCEPTCONN:
		return t.giveBool(s.state() == tcpstate.Listen)
	case SO_SNDBUF:
		if s.conn != nil {
			return t.giveInt(int64(s.conn.SndBuf()))
		}
		return t.giveInt(int64(o.sndbuf))
	case SO_RCVBUF:
		if s.conn != nil {
			return t.giveInt(int64(s.conn.RcvBuf()))
		}
		return t.giveInt(int64(o.rcvbuf))
	case SO_BINDTODEVICE:
		return h.getDevice(s, t)
	case SO_BINDTOIFINDEX:
		return t.giveInt(int64(o.boundDev))
	case SO_LINGER:
		t.in = t.in[:0]
		t.put32(uint32(flag(o.linger)))
		t.put32(uint32(o.lingerTime / tcpstate.Second))
		return t.giveBytes()
	case SO_RCVTIMEO, SO_RCVTIMEO_NEW:
		return t.giveTimeout(o.rcvTimeo)
	case SO_SNDTIMEO, SO_SNDTIMEO_NEW:
		return t.giveTimeout(o.sndTimeo)
	case SO_MAX_PACING_RATE:
		if t.call.Len < 8 {
			return t.giveInt(int64(min(o.maxPacing, 1<<32-1)))
		}
		t.in = t.in[:0]
		t.put64(o.maxPacing)
		return t.giveBytes()
	}
	return t.getSocketFlag(o, name)
}

// getSocketFlag are the options of SOL_SOCKET that are just kept.
func (t *thread) getSocketFlag(o *options, name int32) outcome {
	switch name {
	case SO_DEBUG:
		return t.giveBool(o.debug)
	case SO_REUSEADDR:
		return t.giveBool(o.reuseAddr)
	case SO_REUSEPORT:
		return t.giveBool(o.reusePort)
	case SO_BROADCAST:
		return t.giveBool(o.broadcast)
	case SO_DONTROUTE:
		return t.giveBool(o.dontRoute)
	case SO_KEEPALIVE:
		return t.giveBool(o.flag(tcpstate.KeepAlive))
	case SO_OOBINLINE:
		return t.giveBool(o.flag(tcpstate.OOBInline))
	case SO_NO_CHECK:
		return t.giveBool(o.noCheck)
	case SO_PRIORITY:
		return t.giveInt(int64(o.priority))
	case SO_MARK:
		return t.giveInt(int64(o.mark))
	case SO_RCVLOWAT:
		return t.giveInt(int64(o.rcvLowat))
	case SO_SNDLOWAT:
		return t.giveInt(1)
	case SO_ZEROCOPY:
		return t.giveBool(o.zeroCopy)
	case SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING:
		return t.giveBool(o.timestamp)
	case SO_RXQ_OVFL:
		return t.giveBool(o.rxqOvfl)
	case SO_BSDCOMPAT:
		return t.giveInt(0)
	case SO_PASSCRED:
		return fail(EOPNOTSUPP)
	case SO_PEERCRED:
		t.in = t.in[:0] // pid 0, uid and gid -1: nobody (cred_to_ucred)
		t.put32(0)
		t.put64(1<<64 - 1)
		return t.giveBytes()
	case SO_BUF_LOCK:
		return t.giveInt(int64(o.bufLocks&tcpstate.LockSndBuf>>1 | o.bufLocks&tcpstate.LockRcvBuf<<1))
	}
	return fail(ENOPROTOOPT)
}

// socketError returns the pending error once, or else the soft one.
func (h *Host) socketError(s *sock) Errno {
	if e := s.takeErr(); e != 0 {
		return e
	}
	if s.conn != nil {
		return s.conn.TakeSoftErr()
	}
	return 0
}

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
