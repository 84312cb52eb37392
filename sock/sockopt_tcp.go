package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
)

// Bounds of TCP's options (include/net/tcp.h).
const (
	maxKeepIdle  = 32767
	maxKeepIntvl = 32767
	maxKeepCnt   = 127
	maxSynCnt    = 127
	minMSS       = 88    // TCP_MIN_MSS
	maxWindow    = 32767 // MAX_TCP_WINDOW
	maxFinSecs   = 120   // TCP_FIN_TIMEOUT_MAX
	caNameMax    = 16    // TCP_CA_NAME_MAX
)

// inRange reports lo <= v <= hi.
func inRange(v, lo, hi int32) bool { return lo <= v && v <= hi }

// tcpSetsockopt is IPPROTO_TCP (do_tcp_setsockopt).
func tcpSetsockopt(h *Host, s *sock, name int32, data []byte) Errno {
	if name == TCP_CONGESTION {
		return h.setCongestion(s, data)
	}
	if len(data) < 4 {
		return EINVAL
	}
	val := rd32(data)
	if r, ok := tcpRanged(name); ok {
		if !inRange(val, r.lo, r.hi) {
			return EINVAL
		}
		h.tell(s, r.opt, uint32(val))
		return 0
	}
	switch name {
	case TCP_NODELAY:
		h.tell(s, tcpstate.NoDelay, uint32(flag(val != 0)))
	case TCP_CORK:
		h.tell(s, tcpstate.Cork, uint32(flag(val != 0)))
	case TCP_QUICKACK:
		// Only a socket that has yet to connect keeps it for later.
		if s.conn == nil {
			h.tell(s, tcpstate.QuickAck, uint32(val))
		} else {
			h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.QuickAck, N: uint32(val)})
		}
	case TCP_LINGER2:
		h.tell(s, tcpstate.Linger2, uint32(max(min(val, maxFinSecs), -1)))
	case TCP_NOTSENT_LOWAT:
		h.tell(s, tcpstate.NotSentLowat, uint32(val))
		h.wake(s, wakeOut)
	case TCP_MAXSEG:
		if val != 0 && !inRange(val, minMSS, maxWindow) {
			return EINVAL
		}
		s.opt.userMSS = uint16(val)
		h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.UserMSS, N: uint32(val)})
	case TCP_WINDOW_CLAMP:
		return h.setClamp(s, val)
	case TCP_DEFER_ACCEPT:
		s.opt.deferAccept = secsToRetrans(val)
	default:
		return s.setTCPFlag(name, val)
	}
	return 0
}

// ranged is an option that is told to the connection when it is in range.
type ranged struct {
	name   int32
	lo, hi int32
	opt    tcpstate.Option
}

// tcpRanges are the options that have bounds and no other rule.
var tcpRanges = [...]ranged{
	{TCP_SYNCNT, 1, maxSynCnt, tcpstate.SynCnt},
	{TCP_KEEPIDLE, 1, maxKeepIdle, tcpstate.KeepIdle},
	{TCP_KEEPINTVL, 1, maxKeepIntvl, tcpstate.KeepIntvl},
	{TCP_KEEPCNT, 1, maxKeepCnt, tcpstate.KeepCnt},
	{TCP_USER_TIMEOUT, 0, maxInt32, tcpstate.UserTimeout},
}

func tcpRanged(name int32) (*ranged, bool) {
	for i := range tcpRanges {
		if tcpRanges[i].name == name {
			return &tcpRanges[i], true
		}
	}
	return nil, false
}

// setTCPFlag are options that are just kept, within their bounds.
func (s *sock) setTCPFlag(name, val int32) Errno {
	closed := s.in(tcpstate.Closed, tcpstate.Listen)
	switch name {
	case TCP_FASTOPEN:
		if val < 0 || !closed {
			return EINVAL
		}
		s.opt.fastOpen = val
		return 0
	case TCP_FASTOPEN_CONNECT:
		if !inRange(val, 0, 1) || s.state() != tcpstate.Closed {
			return EINVAL
		}
		s.opt.fastOpenConn = val != 0
		return 0
	case TCP_SAVE_SYN:
		if !inRange(val, 0, 2) {
			return EINVAL
		}
		s.opt.saveSyn = uint8(val)
		return 0
	case TCP_THIN_DUPACK, TCP_THIN_LINEAR_TIMEOUTS, TCP_INQ:
		if !inRange(val, 0, 1) {
			return EINVAL
		}
		if name == TCP_INQ {
			s.opt.inq = val != 0
		} else if name == TCP_THIN_LINEAR_TIMEOUTS {
			s.opt.thin = val != 0
		}
		return 0
	case TCP_TIMESTAMP:
		return EPERM // for repair only
	}
	return ENOPROTOOPT
}

// setClamp is TCP_WINDOW_CLAMP (tcp_set_window_clamp).
func (h *Host) setClamp(s *sock, val int32) Errno {
	if val == 0 && s.state() != tcpstate.Closed {
		return EINVAL
	}
	if val != 0 {
		val = max(val, minRcvbuf/2)
	}
	s.opt.windowClamp = uint32(val)
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.WindowClamp, N: uint32(val)})
	return 0
}

// setCongestion is TCP_CONGESTION: a name, perhaps cut short.
func (h *Host) setCongestion(s *sock, data []byte) Errno {
	if len(data) < 1 {
		return EINVAL
	}
	name := data[:min(len(data), caNameMax-1)]
	for i, b := range name {
		if b == 0 {
			name = name[:i]
			break
		}
	}
	c, ok := findCongestion(string(name))
	if !ok {
		return ENOENT
	}
	s.opt.congestion = c
	h.tell(s, tcpstate.CongestionCtl, uint32(c))
	return 0
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

// tcpGetsockopt is IPPROTO_TCP (do_tcp_getsockopt). Values are cut to an int at
// most, but for those that are structures.
func tcpGetsockopt(h *Host, s *sock, t *thread, name int32) outcome {
	o := &s.opt
	switch name {
	case TCP_INFO:
		return h.getTCPInfo(s, t)
	case TCP_CONGESTION:
		t.in = append(t.in[:0], congestionNames[o.congestion]...)
		for len(t.in) < caNameMax {
			t.in = append(t.in, 0)
		}
		return t.giveBytes()
	case TCP_MAXSEG:
		return t.giveInt(s.maxseg())
	case TCP_NODELAY:
		return t.giveBool(o.flag(tcpstate.NoDelay))
	case TCP_CORK:
		return t.giveBool(o.flag(tcpstate.Cork))
	case TCP_QUICKACK:
		return t.giveBool(s.quickAck())
	case TCP_LINGER2:
		return t.giveInt(h.linger2(o))
	case TCP_NOTSENT_LOWAT:
		return t.giveInt(int64(o.get(tcpstate.NotSentLowat)))
	case TCP_WINDOW_CLAMP:
		if s.conn != nil {
			return t.giveInt(int64(s.conn.WindowClamp()))
		}
		return t.giveInt(int64(o.windowClamp))
	case TCP_DEFER_ACCEPT:
		return t.giveInt(retransToSecs(o.deferAccept))
	case TCP_KEEPIDLE:
		return t.giveInt(orSystem(o.get(tcpstate.KeepIdle), h.tcp.KeepaliveTime/tcpstate.Second))
	case TCP_KEEPINTVL:
		return t.giveInt(orSystem(o.get(tcpstate.KeepIntvl), h.tcp.KeepaliveIntvl/tcpstate.Second))
	case TCP_KEEPCNT:
		return t.giveInt(orSystem(o.get(tcpstate.KeepCnt), int64(h.tcp.KeepaliveProbes)))
	case TCP_SYNCNT:
		return t.giveInt(orSystem(o.get(tcpstate.SynCnt), int64(h.tcp.SynRetries)))
	case TCP_USER_TIMEOUT:
		return t.giveInt(int64(o.get(tcpstate.UserTimeout)))
	case TCP_FASTOPEN:
		return t.giveInt(int64(o.fastOpen))
	case TCP_FASTOPEN_CONNECT:
		return t.giveBool(o.fastOpenConn)
	case TCP_SAVE_SYN:
		return t.giveInt(int64(o.saveSyn))
	case TCP_THIN_LINEAR_TIMEOUTS:
		return t.giveBool(o.thin)
	case TCP_THIN_DUPACK:
		return t.giveInt(0)
	case TCP_INQ:
		return t.giveBool(o.inq)
	}
	return fail(ENOPROTOOPT)
}

// orSystem is the socket's value, the system's when it has none.
func orSystem(own uint32, system int64) int64 {
	if own != 0 {
		return int64(own)
	}
	return system
}

// maxseg is TCP_MAXSEG: the MSS in use, or what was asked for while there is no
// connection.
func (s *sock) maxseg() int64 {
	if s.opt.userMSS != 0 && s.in(tcpstate.Closed, tcpstate.Listen) {
		return int64(s.opt.userMSS)
	}
	if s.conn != nil {
		return int64(s.conn.MSS())
	}
	return 536 // TCP_MSS_DEFAULT
}

// linger2 is TCP_LINGER2 in seconds.
func (h *Host) linger2(o *options) int64 {
	if v := int32(o.get(tcpstate.Linger2)); v != 0 {
		return int64(v)
	}
	return h.tcp.FinTimeout / tcpstate.Second
}

// quickAck is TCP_QUICKACK as it reads: off once the connection is interactive,
// or set so before there was one.
func (s *sock) quickAck() bool {
	if s.conn != nil {
		return s.conn.QuickAck()
	}
	return s.opt.set>>tcpstate.QuickAck&1 == 0 || s.opt.flag(tcpstate.QuickAck)
}
