package gvisor

import (
	"encoding/binary"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// recvError takes the oldest error of the error queue: recvmsg with
// MSG_ERRQUEUE (Sentry: recvErr). The octets are what the ICMP message quotes,
// the address is where they were going, and one control message holds a struct
// sock_extended_err and the offender.
func (f *file) recvError(c *sock.Call) sock.Return {
	e := f.dequeueError()
	if e == nil {
		return fail(eagain)
	}
	var quoted []byte
	if e.Payload != nil {
		defer e.Payload.Release()
		quoted = e.Payload.AsSlice()
	}
	n := min(len(quoted), int(c.Len))
	ret := sock.Return{Value: int64(n), Data: append([]byte(nil), quoted[:n]...), MsgFlags: msgErrqueue}
	if n < len(quoted) {
		ret.MsgFlags |= msgTrunc
	}
	family, level, kind := int32(afInet), int32(solIP), int32(ipRecverr)
	if e.NetProto == header.IPv6ProtocolNumber {
		family, level, kind = afInet6, solIPv6, ipv6Recverr
	}
	ret.Addr, ret.AddrLen = sockaddr(family, e.Dst)
	ret.Control = []sock.Control{{Level: level, Type: kind, Data: extendedError(e, family)}}
	return packed(c, ret)
}

// packed leaves of the one control message what the Sentry gives: nothing without room for its header (16 octets), its header
// alone where it does not fit, and no MSG_CTRUNC (putCmsgStruct).
func packed(c *sock.Call, ret sock.Return) sock.Return {
	switch room := int(c.ControlLen); {
	case !c.HasControlRoom || room >= 16+len(ret.Control[0].Data):
	case room < 16:
		ret.Control = nil
	default:
		ret.Control[0].Data = nil
	}
	return ret
}

// dequeueError takes an error, and leaves the next one that came by ICMP, or
// none, as the socket's pending error (Sentry: dequeueErr; Linux:
// sock_dequeue_err_skb).
func (f *file) dequeueError() *tcpip.SockError {
	opts := f.endpoint.SocketOptions()
	e := opts.DequeueErr()
	if e == nil {
		return nil
	}
	if next := opts.PeekErr(); next != nil && next.Cause.Origin().IsICMPErr() {
		opts.SetLastError(next.Err)
	} else if e.Cause.Origin().IsICMPErr() {
		opts.SetLastError(nil)
	}
	return e
}

// extendedError lays out struct sock_extended_err and the offender's address
// (include/uapi/linux/errqueue.h). Netstack numbers the origins as Linux does.
func extendedError(e *tcpip.SockError, family int32) []byte {
	b := int32Bytes(int32(errnoOf(e.Err)))
	b = append(b, uint8(e.Cause.Origin()), e.Cause.Type(), e.Cause.Code(), 0)
	b = binary.LittleEndian.AppendUint32(b, e.Cause.Info())
	b = append(b, 0, 0, 0, 0) // ee_data
	// struct sockaddr_in and sockaddr_in6; all zero when there is no offender.
	name := make([]byte, sizeofSockaddr4)
	if family == afInet6 {
		name = make([]byte, sizeofSockaddr6)
	}
	if e.Offender.Addr.BitLen() > 0 {
		binary.LittleEndian.PutUint16(name, uint16(family))
		binary.BigEndian.PutUint16(name[2:], e.Offender.Port)
		ip := e.Offender.Addr.AsSlice()
		if family == afInet6 {
			copy(name[8:24], ip)
		} else {
			copy(name[4:8], ip)
		}
	}
	return append(b, name...)
}
