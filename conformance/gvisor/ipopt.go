package gvisor

import (
	"encoding/binary"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// pmtud are the values of IP_MTU_DISCOVER, by netstack's strategy and back.
var pmtud = [...]tcpip.PMTUDStrategy{
	0: tcpip.PMTUDiscoveryDont,
	1: tcpip.PMTUDiscoveryWant,
	2: tcpip.PMTUDiscoveryDo,
	3: tcpip.PMTUDiscoveryProbe,
}

// getIP follows getSockOptIP for the options that shape TCP's packets.
func (f *file) getIP(name, room int32) (sock.Return, error) {
	var opt tcpip.SockOptInt
	switch name {
	case ipRecverr:
		return boolOption(f.endpoint.SocketOptions().GetIPv4RecvError(), room), nil
	case ipTOS:
		opt = tcpip.IPv4TOSOption
	case ipTTL:
		opt = tcpip.IPv4TTLOption
	case ipMTUDiscover:
		opt = tcpip.MTUDiscoverOption
	default:
		return sock.Return{}, unsupported("getsockopt: option %d of SOL_IP", name)
	}
	if name == ipTOS && room == 0 {
		return option(nil), nil
	}
	if name != ipTOS && room < sizeofInt {
		return fail(einval), nil
	}
	v, err := f.endpoint.GetSockOptInt(opt)
	if err != nil {
		return status(err), nil
	}
	switch {
	case name == ipTTL && v == 0:
		v = defaultTTL
	case name == ipTOS && room < sizeofInt:
		return option([]byte{uint8(v)}), nil
	case name == ipMTUDiscover:
		for linux, strategy := range pmtud {
			if strategy == tcpip.PMTUDStrategy(v) {
				v = linux
				break
			}
		}
	}
	return option(int32Bytes(int32(v))), nil
}

// setIP follows setSockOptIP for the options that shape TCP's packets.
func (f *file) setIP(name int32, data []byte) (sock.Return, error) {
	v, ok := intOrChar(data)
	switch name {
	case ipTTL:
		if !ok || v != -1 && (v < 1 || v > 255) {
			return fail(einval), nil
		}
		return status(f.endpoint.SetSockOptInt(tcpip.IPv4TTLOption, int(max(v, 0)))), nil
	case ipTOS:
		if !ok {
			return value(0), nil
		}
		return status(f.endpoint.SetSockOptInt(tcpip.IPv4TOSOption, int(v))), nil
	case ipRecverr:
		if ok {
			f.endpoint.SocketOptions().SetIPv4RecvError(v != 0)
		}
		return value(0), nil
	case ipMTUDiscover:
		switch {
		case !ok, v == 4, v == 5: // PMTUDISC_INTERFACE and _OMIT: no effect
			return value(0), nil
		case v < 0 || int(v) >= len(pmtud):
			return fail(eopnotsupp), nil
		}
		return status(f.endpoint.SetSockOptInt(tcpip.MTUDiscoverOption, int(pmtud[v]))), nil
	}
	return sock.Return{}, unsupported("setsockopt: option %d of SOL_IP", name)
}

// boolOption is an option of one int that is 0 or 1.
func boolOption(v bool, room int32) sock.Return {
	if room < sizeofInt {
		return fail(einval)
	}
	return option(int32Bytes(flag(v)))
}

// intOrChar reads an option that may be an int or one octet (Linux:
// do_ip_setsockopt); ok is false when there is neither.
func intOrChar(data []byte) (v int32, ok bool) {
	switch {
	case len(data) == 0:
		return 0, false
	case len(data) < sizeofInt:
		return int32(data[0]), true
	}
	return int32(binary.LittleEndian.Uint32(data)), true
}

// getIPv6 follows getSockOptIPv6.
func (f *file) getIPv6(name, room int32) (sock.Return, error) {
	if f.family != afInet6 {
		return fail(eopnotsupp), nil
	}
	switch name {
	case ipv6Only:
		return boolOption(f.endpoint.SocketOptions().GetV6Only(), room), nil
	case ipv6Recverr:
		return boolOption(f.endpoint.SocketOptions().GetIPv6RecvError(), room), nil
	case ipv6UnicastHops:
		if room < sizeofInt {
			return fail(einval), nil
		}
		v, err := f.endpoint.GetSockOptInt(tcpip.IPv6HopLimitOption)
		if err != nil {
			return status(err), nil
		}
		if v == -1 {
			v = defaultTTL
		}
		return option(int32Bytes(int32(v))), nil
	case ipv6Tclass:
		v, err := f.endpoint.GetSockOptInt(tcpip.IPv6TrafficClassOption)
		if err != nil {
			return status(err), nil
		}
		return short(int32Bytes(int32(v)), room), nil
	}
	return sock.Return{}, unsupported("getsockopt: option %d of SOL_IPV6", name)
}

// setIPv6 follows setSockOptIPv6.
func (f *file) setIPv6(name int32, data []byte) (sock.Return, error) {
	if f.family != afInet6 {
		return fail(enoprotoopt), nil
	}
	var opt tcpip.SockOptInt
	switch name {
	case ipv6Recverr:
		if v, ok := intOrChar(data); ok {
			f.endpoint.SocketOptions().SetIPv6RecvError(v != 0)
		}
		return value(0), nil
	case ipv6Only, ipv6UnicastHops:
		opt = tcpip.IPv6HopLimitOption
	case ipv6Tclass:
		opt = tcpip.IPv6TrafficClassOption
	default:
		return sock.Return{}, unsupported("setsockopt: option %d of SOL_IPV6", name)
	}
	if len(data) < sizeofInt {
		return fail(einval), nil
	}
	v := int32(binary.LittleEndian.Uint32(data))
	if name == ipv6Only {
		if !f.fresh() {
			return fail(einval), nil
		}
		f.endpoint.SocketOptions().SetV6Only(v != 0)
		return value(0), nil
	}
	if v < -1 || v > 255 {
		return fail(einval), nil
	}
	if name == ipv6Tclass {
		v = max(v, 0)
	}
	return status(f.endpoint.SetSockOptInt(opt, int(v))), nil
}

// fresh tells whether the socket was never bound or connected.
func (f *file) fresh() bool {
	if f.kind == sockStream {
		return tcp.EndpointState(f.endpoint.State()) == tcp.StateInitial
	}
	return transport.DatagramEndpointState(f.endpoint.State()) == transport.DatagramEndpointStateInitial
}
