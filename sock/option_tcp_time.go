package sock

import "github.com/sockspec/sockspec/tcpstate"

// Bounds of the spans that a socket may have of its own: TCP_RTO_MIN,
// TCP_DELACK_MAX.
const (
	rtoMin    = 200 * tcpstate.Millisecond
	delackMax = 200 * tcpstate.Millisecond
)

// ticks rounds a span in microseconds up to whole ticks (usecs_to_jiffies).
// Negative ones are read as unsigned, and are longer than any bound.
func (h *Host) ticks(us int32) tcpstate.Duration {
	tick := max(h.tcp.Tick, 1)
	return roundUp(tcpstate.Duration(uint32(us)), tick)
}

// setSpan keeps a span in microseconds, of one tick (TCP_TIMEOUT_MIN is two) to most.
func (h *Host) setSpan(s *sock, v *value, opt tcpstate.Option, most tcpstate.Duration) Errno {
	d := h.ticks(v.int)
	if d > most || d < 2*max(h.tcp.Tick, 1) {
		return EINVAL
	}
	h.tell(s, opt, uint32(d))
	return 0
}

func setRTOMax(h *Host, s *sock, v *value) Errno {
	h.tell(s, tcpstate.RTOMaxMs, uint32(h.ticks(v.int*1000)/tcpstate.Millisecond))
	return 0
}

func setRTOMin(h *Host, s *sock, v *value) Errno { return h.setSpan(s, v, tcpstate.RTOMinUs, rtoMin) }

func setDelackMax(h *Host, s *sock, v *value) Errno {
	return h.setSpan(s, v, tcpstate.DelackMaxUs, delackMax)
}

// orSystem is the socket's value, the system's when it has none.
func (s *sock) orSystem(opt tcpstate.Option, system int64) (int64, Errno) {
	if own := s.opt.get(opt); own != 0 {
		return int64(own), 0
	}
	return system, 0
}

func getKeepIdle(h *Host, s *sock, _ *thread) (int64, Errno) {
	return s.orSystem(tcpstate.KeepIdle, h.tcp.KeepaliveTime/tcpstate.Second)
}

func getKeepIntvl(h *Host, s *sock, _ *thread) (int64, Errno) {
	return s.orSystem(tcpstate.KeepIntvl, h.tcp.KeepaliveIntvl/tcpstate.Second)
}

func getKeepCnt(h *Host, s *sock, _ *thread) (int64, Errno) {
	return s.orSystem(tcpstate.KeepCnt, int64(h.tcp.KeepaliveProbes))
}

func getSynCnt(h *Host, s *sock, _ *thread) (int64, Errno) {
	return s.orSystem(tcpstate.SynCnt, int64(h.tcp.SynRetries))
}

func getRTOMax(h *Host, s *sock, _ *thread) (int64, Errno) {
	return s.orSystem(tcpstate.RTOMaxMs, h.tcp.RTOMax/tcpstate.Millisecond)
}

func getRTOMin(h *Host, s *sock, _ *thread) (int64, Errno) {
	return s.orSystem(tcpstate.RTOMinUs, h.tcp.RTOMin)
}

func getDelackMax(_ *Host, s *sock, _ *thread) (int64, Errno) {
	return s.orSystem(tcpstate.DelackMaxUs, delackMax)
}

// getTimestampClock is TCP_TIMESTAMP: what a segment sent now would carry; its
// last bit, which tells of microseconds, is off.
func getTimestampClock(h *Host, s *sock, _ *thread) (int64, Errno) {
	ms := uint32(h.now / Time(tcpstate.Millisecond))
	if s.conn != nil {
		ms = s.conn.TimestampNow(h.now)
	}
	return int64(int32(ms &^ 1)), 0
}
