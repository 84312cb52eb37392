package sock

import "encoding/binary"

// RLIMIT_NOFILE is the one limit that prlimit knows (include/uapi/asm-generic/resource.h).
const RLIMIT_NOFILE = 7

// sysPrlimit is prlimit64(2) on the calling process: N is the resource, Data the
// new struct rlimit64 or nil; the value that was comes out in Return.Data.
// Descriptors above a lowered limit stay open (do_prlimit).
func sysPrlimit(h *Host, t *thread) outcome {
	c, p := &t.call, h.proc
	if c.N != RLIMIT_NOFILE {
		return fail(EINVAL)
	}
	was := [2]uint64{uint64(p.limit), uint64(p.hard)}
	if len(c.Data) > 0 {
		if len(c.Data) < 16 {
			return fail(EFAULT)
		}
		soft, hard := binary.LittleEndian.Uint64(c.Data), binary.LittleEndian.Uint64(c.Data[8:])
		switch {
		case soft > hard:
			return fail(EINVAL)
		case hard > maxFiles:
			return fail(EPERM)
		case hard > uint64(p.hard) && !h.capable(CapSysResource):
			return fail(EPERM)
		}
		p.limit, p.hard = int32(soft), int32(hard)
	}
	t.in = t.in[:0]
	t.put64(was[0])
	t.put64(was[1])
	t.ret.Data = t.in
	return done(0)
}
