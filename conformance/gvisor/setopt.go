package gvisor

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// refused are options whose whole feature netstack lacks. The Sentry accepts
// most of them and does nothing; a script that goes on from there would test
// something else, so it is better skipped.
var refused = map[[2]int32]string{
	{solSocket, soAttachFilter}:       "SO_ATTACH_FILTER",
	{solSocket, soAttachBPF}:          "SO_ATTACH_BPF",
	{solSocket, soAttachReuseportBPF}: "SO_ATTACH_REUSEPORT_EBPF",
	{solSocket, soBindToDevice}:       "SO_BINDTODEVICE",
	{solSocket, soTimestamp}:          "SO_TIMESTAMP",
	{solSocket, soTimestampNS}:        "SO_TIMESTAMPNS",
	{solSocket, soTimestamping}:       "SO_TIMESTAMPING",
	{solSocket, soZerocopy}:           "SO_ZEROCOPY",
	{solSocket, soTxtime}:             "SO_TXTIME",
	{solTCP, tcpMD5Sig}:               "TCP_MD5SIG",
	{solTCP, tcpMD5SigExt}:            "TCP_MD5SIG_EXT",
	{solTCP, tcpRepair}:               "TCP_REPAIR",
	{solTCP, tcpRepairQueue}:          "TCP_REPAIR_QUEUE",
	{solTCP, tcpQueueSeq}:             "TCP_QUEUE_SEQ",
	{solTCP, tcpRepairOptions}:        "TCP_REPAIR_OPTIONS",
	{solTCP, tcpRepairWindow}:         "TCP_REPAIR_WINDOW",
	{solTCP, tcpFastopen}:             "TCP_FASTOPEN",
	{solTCP, tcpFastopenConnect}:      "TCP_FASTOPEN_CONNECT",
	{solTCP, tcpFastopenKey}:          "TCP_FASTOPEN_KEY",
	{solTCP, tcpFastopenNoCook}:       "TCP_FASTOPEN_NO_COOKIE",
	{solTCP, tcpSaveSyn}:              "TCP_SAVE_SYN",
	{solTCP, tcpSavedSyn}:             "TCP_SAVED_SYN",
	{solTCP, tcpULP}:                  "TCP_ULP",
	{solTCP, tcpZerocopyRecv}:         "TCP_ZEROCOPY_RECEIVE",
	{solTCP, tcpInq}:                  "TCP_INQ",
	{solTCP, tcpTxDelay}:              "TCP_TX_DELAY",
}

// setsockopt follows the Sentry's SetSockOpt. Options that neither it nor
// refused knows are accepted and ignored, as there.
func (f *file) setsockopt(c *sock.Call) (sock.Return, error) {
	if name, ok := refused[[2]int32{c.Level, c.Name}]; ok {
		return sock.Return{}, unsupported("setsockopt: %s: netstack has no such feature", name)
	}
	if c.Fault != 0 {
		return sock.Return{}, unsupported("setsockopt: a pointer that leads nowhere")
	}
	if len(c.Data) > maxOptionLen {
		return fail(einval), nil
	}
	switch c.Level {
	case solSocket:
		return f.setSocket(c.Name, c.Data), nil
	case solTCP:
		if f.kind != sockStream {
			return fail(enoprotoopt), nil
		}
		return f.setTCP(c.Name, c.Data), nil
	case solIP:
		return f.setIP(c.Name, c.Data)
	case solIPv6:
		return f.setIPv6(c.Name, c.Data)
	}
	return value(0), nil
}

// socketSets writes the options of SOL_SOCKET that are one integer.
var socketSets = map[int32]func(*tcpip.SocketOptions, uint32){
	soReuseAddr: func(o *tcpip.SocketOptions, v uint32) { o.SetReuseAddress(v != 0) },
	soReusePort: func(o *tcpip.SocketOptions, v uint32) { o.SetReusePort(v != 0) },
	soBroadcast: func(o *tcpip.SocketOptions, v uint32) { o.SetBroadcast(v != 0) },
	soKeepalive: func(o *tcpip.SocketOptions, v uint32) { o.SetKeepAlive(v != 0) },
	soOOBInline: func(o *tcpip.SocketOptions, v uint32) { o.SetOutOfBandInline(v != 0) },
	soNoCheck:   func(o *tcpip.SocketOptions, v uint32) { o.SetNoChecksum(v != 0) },
	soRcvlowat:  func(o *tcpip.SocketOptions, v uint32) { o.SetRcvlowat(int32(v)) },
	soMark:      func(o *tcpip.SocketOptions, v uint32) { o.SetMark(v) },
	soSndbuf: func(o *tcpip.SocketOptions, v uint32) {
		least, most := o.SendBufferLimits()
		o.SetSendBufferSize(bufferSize(v, least, most), true)
	},
	soRcvbuf: func(o *tcpip.SocketOptions, v uint32) {
		least, most := o.ReceiveBufferLimits()
		o.SetReceiveBufferSize(bufferSize(v, least, most), true)
	},
	soRcvbufForce: func(o *tcpip.SocketOptions, v uint32) {
		least, _ := o.ReceiveBufferLimits()
		o.SetReceiveBufferSize(bufferSize(v, least, math.MaxInt64), true)
	},
}

// bufferSize doubles what a process asks for, within bounds (Sentry:
// clampBufSize; Linux: sock_set_sndbuf).
func bufferSize(asked uint32, least, most int64) int64 {
	size := min(int64(asked), most)
	if size >= math.MaxInt32/2 {
		return math.MaxInt32
	}
	return max(size*2, least)
}

// setSocket follows SetSockOptSocket.
func (f *file) setSocket(name int32, data []byte) sock.Return {
	switch name {
	case soLinger:
		if len(data) < sizeofLinger {
			return fail(einval)
		}
		f.endpoint.SocketOptions().SetLinger(tcpip.LingerOption{
			Enabled: binary.LittleEndian.Uint32(data) != 0,
			Timeout: time.Second * time.Duration(int32(binary.LittleEndian.Uint32(data[4:]))),
		})
		return value(0)
	case soSndtimeo:
		return setTimeout(&f.sndtimeo, data)
	case soRcvtimeo:
		return setTimeout(&f.rcvtimeo, data)
	}
	set, ok := socketSets[name]
	if !ok {
		return value(0)
	}
	if len(data) < sizeofInt {
		return fail(einval)
	}
	set(f.endpoint.SocketOptions(), binary.LittleEndian.Uint32(data))
	return value(0)
}

// setTimeout sets SO_RCVTIMEO or SO_SNDTIMEO. Negative seconds mean "never wait",
// which the calls check for (Linux: sock_set_timeout has 0 then, to the same end).
func setTimeout(to *time.Duration, data []byte) sock.Return {
	if len(data) < sizeofTimeval {
		return fail(einval)
	}
	d, ok := timeval(data)
	if !ok {
		return fail(edom)
	}
	*to = d
	return value(0)
}

// setTCP follows setSockOptTCP.
func (f *file) setTCP(name int32, data []byte) sock.Return {
	if name == tcpCongestion {
		v := tcpip.CongestionControlOption(data)
		return status(f.endpoint.SetSockOpt(&v))
	}
	if !tcpSettable(name) {
		return value(0)
	}
	if len(data) < sizeofInt {
		return fail(einval)
	}
	v := int32(binary.LittleEndian.Uint32(data))
	opts := f.endpoint.SocketOptions()
	switch name {
	case tcpNodelay:
		opts.SetDelayOption(v == 0)
	case tcpCork:
		opts.SetCorkOption(v != 0)
	case tcpQuickack:
		opts.SetQuickAck(v != 0)
	case tcpMaxseg, tcpSyncnt, tcpWindowClamp:
		return status(f.endpoint.SetSockOptInt(tcpIntOptions[name], int(uint32(v))))
	default:
		return f.setTCPBounded(name, v)
	}
	return value(0)
}

// tcpSettable tells whether the option is one integer that netstack keeps.
func tcpSettable(name int32) bool {
	switch name {
	case tcpNodelay, tcpMaxseg, tcpCork, tcpKeepidle, tcpKeepintvl, tcpKeepcnt, tcpSyncnt,
		tcpLinger2, tcpDeferAccept, tcpWindowClamp, tcpQuickack, tcpUserTimeout:
		return true
	}
	return false
}

// Bounds of the keepalive options (include/net/tcp.h: MAX_TCP_KEEPIDLE ...).
const (
	maxKeepidle  = 32767
	maxKeepintvl = 32767
	maxKeepcnt   = 127
)

// setTCPBounded sets the options of SOL_TCP whose values the Sentry checks.
func (f *file) setTCPBounded(name, v int32) sock.Return {
	seconds := time.Second * time.Duration(v)
	var opt tcpip.SettableSocketOption
	switch name {
	case tcpKeepidle:
		if v < 1 || v > maxKeepidle {
			return fail(einval)
		}
		o := tcpip.KeepaliveIdleOption(seconds)
		opt = &o
	case tcpKeepintvl:
		if v < 1 || v > maxKeepintvl {
			return fail(einval)
		}
		o := tcpip.KeepaliveIntervalOption(seconds)
		opt = &o
	case tcpKeepcnt:
		if v < 1 || v > maxKeepcnt {
			return fail(einval)
		}
		return status(f.endpoint.SetSockOptInt(tcpip.KeepaliveCountOption, int(v)))
	case tcpUserTimeout:
		if v < 0 {
			return fail(einval)
		}
		o := tcpip.TCPUserTimeoutOption(time.Millisecond * time.Duration(v))
		opt = &o
	case tcpLinger2:
		o := tcpip.TCPLingerTimeoutOption(seconds)
		opt = &o
	case tcpDeferAccept:
		// Negative is off, on Linux too (do_tcp_setsockopt).
		o := tcpip.TCPDeferAcceptOption(max(seconds, 0))
		opt = &o
	}
	return status(f.endpoint.SetSockOpt(opt))
}
