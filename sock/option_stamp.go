package sock

import "github.com/sockspec/sockspec/tcpstate"

// Flags of SO_TIMESTAMPING that others depend on (include/uapi/linux/net_tstamp.h).
const (
	stampOptID    = 1 << 7  // SOF_TIMESTAMPING_OPT_ID
	stampTSOnly   = 1 << 11 // SOF_TIMESTAMPING_OPT_TSONLY
	stampOptStats = 1 << 12 // SOF_TIMESTAMPING_OPT_STATS
	stampBindPHC  = 1 << 15 // SOF_TIMESTAMPING_BIND_PHC
	stampOptIDTCP = 1 << 16 // SOF_TIMESTAMPING_OPT_ID_TCP
	stampMask     = 1<<19 - 1
)

// setTimestamp makes the setter of SO_TIMESTAMP and SO_TIMESTAMPNS, old and new
// (__sock_set_timestamps): the four share three flags.
func setTimestamp(newer, nano bool) func(*Host, *sock, *value) Errno {
	return func(_ *Host, s *sock, v *value) Errno {
		on := v.int != 0
		s.opt.stamp, s.opt.stampNano = on, on && nano
		if on {
			s.opt.stampNew = newer
		}
		return 0
	}
}

// getTimestamp makes the getter: SO_TIMESTAMP_OLD alone is off when nanoseconds
// are on.
func getTimestamp(newer, nano bool) func(*Host, *sock, *thread) (int64, Errno) {
	return func(_ *Host, s *sock, _ *thread) (int64, Errno) {
		o := &s.opt
		switch {
		case o.stampNew != newer:
			return 0, 0
		case nano:
			return int64(flag(o.stampNano)), 0
		case newer:
			return int64(flag(o.stamp)), 0
		}
		return int64(flag(o.stamp && !o.stampNano)), 0
	}
}

const stampingNote = "no packet is ever stamped for it: `sockspec run` skips a script that sets it"

// setTimestamping makes the setter of SO_TIMESTAMPING (sock_set_timestamping).
func setTimestamping(newer bool) func(*Host, *sock, *value) Errno {
	return func(_ *Host, s *sock, v *value) Errno {
		f := v.int // of struct so_timestamping, or alone
		fresh := f&stampOptID != 0 && s.opt.stampFlags&stampOptID == 0
		switch {
		case f&^stampMask != 0,
			f&stampOptIDTCP != 0 && f&stampOptID == 0,
			fresh && s.typ == SOCK_STREAM && s.in(tcpstate.Closed, tcpstate.Listen),
			f&stampOptStats != 0 && f&stampTSOnly == 0:
			return EINVAL
		case f&stampBindPHC != 0 && s.opt.boundDev == 0:
			return EOPNOTSUPP
		case f&stampBindPHC != 0:
			return EINVAL // the link has no such clock
		}
		s.opt.stampFlags, s.opt.stampNew = f, newer
		return 0
	}
}

// getTimestamping makes the getter: struct so_timestamping. The newer form tells
// only what was set by it.
func getTimestamping(newer bool) func(*Host, *sock, *thread) outcome {
	return func(_ *Host, s *sock, t *thread) outcome {
		f := uint32(s.opt.stampFlags)
		if newer && !s.opt.stampNew {
			f = 0
		}
		return t.give32(f, 0)
	}
}
