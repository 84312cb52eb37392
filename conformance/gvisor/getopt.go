package gvisor

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// le64 reads 8 octets, little-endian as all structures of x86-64 are.
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// int32Bytes is an int as the kernel writes it.
func int32Bytes(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// flag is a boolean option as the kernel shows it, whatever it was set to.
func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// option is the return of getsockopt with a value.
func option(data []byte) sock.Return { return sock.Return{Data: data} }

// short is a value cut to the room that the caller has, as SOL_TCP's integers
// are (Sentry: truncateInt32Result).
func short(data []byte, room int32) sock.Return { return option(data[:min(len(data), int(room))]) }

// getsockopt follows the Sentry's GetSockOpt.
func (f *file) getsockopt(c *sock.Call) (sock.Return, error) {
	if c.Len < 0 {
		return fail(einval), nil
	}
	switch c.Level {
	case solSocket:
		return f.getSocket(c.Name, c.Len), nil
	case solTCP:
		if f.kind != sockStream {
			return fail(enoprotoopt), nil
		}
		return f.getTCP(c.Name, c.Len)
	case solIP:
		return f.getIP(c.Name, c.Len)
	case solIPv6:
		return f.getIPv6(c.Name, c.Len)
	}
	return fail(enoprotoopt), nil
}

// socketInts reads the options of SOL_SOCKET that are one integer of the
// socket's options.
var socketInts = map[int32]func(*tcpip.SocketOptions) int32{
	soReuseAddr:  func(o *tcpip.SocketOptions) int32 { return flag(o.GetReuseAddress()) },
	soReusePort:  func(o *tcpip.SocketOptions) int32 { return flag(o.GetReusePort()) },
	soBroadcast:  func(o *tcpip.SocketOptions) int32 { return flag(o.GetBroadcast()) },
	soKeepalive:  func(o *tcpip.SocketOptions) int32 { return flag(o.GetKeepAlive()) },
	soOOBInline:  func(o *tcpip.SocketOptions) int32 { return flag(o.GetOutOfBandInline()) },
	soNoCheck:    func(o *tcpip.SocketOptions) int32 { return flag(o.GetNoChecksum()) },
	soAcceptConn: func(o *tcpip.SocketOptions) int32 { return flag(o.GetAcceptConn()) },
	soRcvlowat:   func(o *tcpip.SocketOptions) int32 { return o.GetRcvlowat() },
	soMark:       func(o *tcpip.SocketOptions) int32 { return int32(o.GetMark()) },
	soSndbuf:     func(o *tcpip.SocketOptions) int32 { return int32(min(o.GetSendBufferSize(), math.MaxInt32)) },
	soRcvbuf:     func(o *tcpip.SocketOptions) int32 { return int32(min(o.GetReceiveBufferSize(), math.MaxInt32)) },
	// SO_ERROR clears what it tells.
	soError: func(o *tcpip.SocketOptions) int32 { return int32(errnoOf(o.GetLastError())) },
}

// getSocket follows GetSockOptSocket: a value that does not fit is EINVAL.
func (f *file) getSocket(name, room int32) sock.Return {
	opts := f.endpoint.SocketOptions()
	var data []byte
	switch name {
	case soType:
		data = int32Bytes(f.kind)
	case soDomain:
		data = int32Bytes(f.family)
	case soProtocol:
		data = int32Bytes(f.proto)
	case soLinger:
		l := opts.GetLinger()
		data = append(int32Bytes(flag(l.Enabled)), int32Bytes(int32(l.Timeout/time.Second))...)
	case soSndtimeo:
		data = timevalBytes(f.sndtimeo)
	case soRcvtimeo:
		data = timevalBytes(f.rcvtimeo)
	case soBindToDevice:
		// No socket is bound to a device, because setsockopt refuses it.
		return option(nil)
	default:
		read, ok := socketInts[name]
		if !ok {
			return fail(enoprotoopt)
		}
		// Not even SO_ERROR reads when there is no room.
		if room < sizeofInt {
			return fail(einval)
		}
		data = int32Bytes(read(opts))
	}
	if int(room) < len(data) {
		return fail(einval)
	}
	return option(data)
}

// timevalBytes is a span as a struct timeval of 64-bit fields.
func timevalBytes(d time.Duration) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(d/time.Second))
	return binary.LittleEndian.AppendUint64(b, uint64(d%time.Second/time.Microsecond))
}

// getTCP follows getSockOptTCP.
func (f *file) getTCP(name, room int32) (sock.Return, error) {
	switch name {
	case tcpInfo:
		return f.info(room), nil
	case tcpCongestion:
		return f.getCongestion(room), nil
	case tcpInq:
		return sock.Return{}, unsupported("getsockopt: TCP_INQ: control messages")
	}
	v, known, err := f.tcpInt(name)
	switch {
	case !known:
		return fail(enoprotoopt), nil
	case err != nil:
		return status(err), nil
	}
	return short(int32Bytes(v), room), nil
}

// tcpInt reads an option of SOL_TCP that is one integer.
func (f *file) tcpInt(name int32) (v int32, known bool, err tcpip.Error) {
	opts := f.endpoint.SocketOptions()
	switch name {
	case tcpNodelay:
		return flag(!opts.GetDelayOption()), true, nil
	case tcpCork:
		return flag(opts.GetCorkOption()), true, nil
	case tcpQuickack:
		return flag(opts.GetQuickAck()), true, nil
	case tcpMaxseg, tcpKeepcnt, tcpSyncnt, tcpWindowClamp:
		n, err := f.endpoint.GetSockOptInt(tcpIntOptions[name])
		return int32(n), true, err
	}
	d, unit, err := f.tcpSpan(name)
	if unit == 0 {
		return 0, false, nil
	}
	if name == tcpLinger2 && d < 0 {
		return -1, true, err
	}
	return int32(d / unit), true, err
}

// tcpIntOptions are the options of SOL_TCP that netstack has as integers.
var tcpIntOptions = map[int32]tcpip.SockOptInt{
	tcpMaxseg:      tcpip.MaxSegOption,
	tcpKeepcnt:     tcpip.KeepaliveCountOption,
	tcpSyncnt:      tcpip.TCPSynCountOption,
	tcpWindowClamp: tcpip.TCPWindowClampOption,
}

// tcpSpan reads an option of SOL_TCP that is a span, and tells the unit in
// which a process sees it; unit 0 means that there is no such option.
func (f *file) tcpSpan(name int32) (d, unit time.Duration, err tcpip.Error) {
	switch name {
	case tcpKeepidle:
		var v tcpip.KeepaliveIdleOption
		err = f.endpoint.GetSockOpt(&v)
		return time.Duration(v), time.Second, err
	case tcpKeepintvl:
		var v tcpip.KeepaliveIntervalOption
		err = f.endpoint.GetSockOpt(&v)
		return time.Duration(v), time.Second, err
	case tcpUserTimeout:
		var v tcpip.TCPUserTimeoutOption
		err = f.endpoint.GetSockOpt(&v)
		return time.Duration(v), time.Millisecond, err
	case tcpLinger2:
		var v tcpip.TCPLingerTimeoutOption
		err = f.endpoint.GetSockOpt(&v)
		return time.Duration(v), time.Second, err
	case tcpDeferAccept:
		var v tcpip.TCPDeferAcceptOption
		err = f.endpoint.GetSockOpt(&v)
		return time.Duration(v), time.Second, err
	}
	return 0, 0, nil
}

// getCongestion writes the algorithm's name, padded with zeros to at most
// TCP_CA_NAME_MAX octets.
func (f *file) getCongestion(room int32) sock.Return {
	const nameMax = 16
	if room <= 0 {
		return fail(einval)
	}
	var v tcpip.CongestionControlOption
	if err := f.endpoint.GetSockOpt(&v); err != nil {
		return status(err)
	}
	name := make([]byte, min(room, nameMax))
	copy(name, v)
	return option(name)
}
