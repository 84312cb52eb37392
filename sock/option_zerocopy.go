package sock

import "github.com/sockspec/sockspec/tcpstate"

// Where the parts of struct tcp_zerocopy_receive begin (include/uapi/linux/tcp.h), and its size, octets.
const (
	zcLength     = 8 // behind the address
	zcSkipHint   = 12
	zcInq        = 16
	zcErr        = 20
	zcCopyAddr   = 24
	zcCopyLen    = 32
	zcFlags      = 36
	zcControl    = 40
	zcControlLen = 48
	zcMsgFlags   = 56
	zcReserved   = 60
	zcSize       = 64
)

// tcpCmsgTS is TCP_CMSG_TS, the one flag that a caller may set (TCP_VALID_ZC_MSG_FLAGS).
const tcpCmsgTS = 2

// getZerocopyReceive is TCP_ZEROCOPY_RECEIVE for a caller that has mapped no pages of the socket: less than a page is reported as to
// be read otherwise, more is EINVAL, and a buffer to copy to leads nowhere (do_tcp_getsockopt).
func getZerocopyReceive(_ *Host, s *sock, t *thread) outcome {
	room := int(t.call.Len)
	if room < zcSkipHint {
		return fail(EINVAL)
	}
	if t.call.Fault&FaultData == 0 && len(t.call.Data) > zcSize {
		for _, x := range t.call.Data[zcSize:max(zcSize, min(room, len(t.call.Data)))] {
			if x != 0 {
				return fail(EINVAL) // a newer structure than this kernel knows
			}
		}
	}
	room = min(room, zcSize)
	if _, err := t.asked(room); err != 0 {
		return fail(err)
	}
	var zc [zcSize]byte
	copy(zc[:], t.in)
	if rd32(zc[zcReserved:]) != 0 || rd32(zc[zcMsgFlags:])&^tcpCmsgTS != 0 {
		return fail(EINVAL)
	}
	if err := s.zerocopy(&zc); err != 0 {
		return fail(err)
	}
	switch room { // what it has room for; a structure that ends within a part is told nothing
	case zcCopyAddr, zcCopyLen, zcFlags, zcControl, zcControlLen, zcMsgFlags, zcReserved, zcReserved + 1, zcReserved + 2, zcReserved + 3, zcSize:
		le32(zc[zcErr:], uint32(-int32(s.takeErr())))
		fallthrough
	case zcErr:
		le32(zc[zcInq:], s.inq())
	}
	t.in = append(t.in[:0], zc[:room]...)
	return t.giveBytes()
}

// zerocopy takes what can be taken (tcp_zerocopy_receive).
func (s *sock) zerocopy(zc *[zcSize]byte) Errno {
	const page = 4096
	room, n := rd32(zc[zcCopyLen:]), s.inqExact()
	switch {
	case rd64(zc[:])%page != 0:
		return EINVAL
	case s.state() == tcpstate.Listen:
		return ENOTCONN
	case n > 0 && int64(n) <= int64(room):
		return EFAULT
	case n >= page:
		return EINVAL
	case n == 0 && s.conn != nil && s.finCame():
		return EIO
	}
	le32(zc[zcLength:], 0)
	le32(zc[zcSkipHint:], n)
	le32(zc[zcCopyLen:], 0)
	le32(zc[zcMsgFlags:], 0)
	return 0
}
