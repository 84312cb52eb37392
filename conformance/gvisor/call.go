package gvisor

import (
	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// maxBacklog is the Sentry's maxListenBacklog, in place of Linux's somaxconn.
const maxBacklog = 1024

// handler carries out one system call. It tells the return and true, or false
// when it has parked the thread; or it has an error, and nothing has happened.
type handler func(in *Instance, t sock.Thread, c *sock.Call) (sock.Return, bool, error)

// handlerOf maps a call to what does it; nil when nothing here does.
func handlerOf(op sock.Op) handler {
	switch op {
	case sock.OpSocket:
		return (*Instance).socket
	case sock.OpBind:
		return onFile((*file).bind)
	case sock.OpListen:
		return onFile((*file).listen)
	case sock.OpAccept:
		return (*Instance).accept
	case sock.OpConnect:
		return (*Instance).connect
	case sock.OpRead:
		return (*Instance).read
	case sock.OpWrite:
		return (*Instance).write
	case sock.OpSend:
		return (*Instance).send
	case sock.OpRecv:
		return (*Instance).recv
	case sock.OpShutdown:
		return onFile((*file).shutdown)
	case sock.OpClose:
		return (*Instance).close
	case sock.OpGetsockopt:
		return onFile((*file).getsockopt)
	case sock.OpSetsockopt:
		return onFile((*file).setsockopt)
	case sock.OpGetsockname:
		return onFile((*file).getsockname)
	case sock.OpGetpeername:
		return onFile((*file).getpeername)
	case sock.OpFcntl:
		return (*Instance).fcntl
	case sock.OpIoctl:
		return onFile((*file).ioctl)
	case sock.OpPoll:
		return (*Instance).poll
	case sock.OpDup:
		return (*Instance).dup
	}
	return nil
}

// Call starts a system call on a thread; see conformance.Instance. A thread
// whose last call is blocked is refused with EBUSY. Errors wrap
// conformance.ErrUnsupported when gVisor, or this package, has no such thing;
// the call then has had no effect.
func (in *Instance) Call(t sock.Thread, c sock.Call) error {
	if in.closed {
		return errClosed
	}
	if in.busy(t) {
		in.returned(t, fail(ebusy))
		return nil
	}
	h := handlerOf(c.Op)
	if h == nil {
		return unsupported("%v: the Sentry's, not netstack's", c.Op)
	}
	if c.Fault != 0 {
		return unsupported("a pointer that leads nowhere: a program's memory is the Sentry's matter")
	}
	if c.HasRoom && c.AddrLen < 16 {
		return unsupported("an address cut to %d octets: copying out is the Sentry's matter", c.AddrLen)
	}
	ret, done, err := h(in, t, &c)
	if err != nil {
		return err
	}
	if done {
		in.returned(t, ret)
	}
	return in.settle()
}

// onFile adapts a call that concerns one open socket and never blocks.
func onFile(call func(*file, *sock.Call) (sock.Return, error)) handler {
	return func(in *Instance, _ sock.Thread, c *sock.Call) (sock.Return, bool, error) {
		f := in.file(c.FD)
		if f == nil {
			return fail(ebadf), true, nil
		}
		ret, err := call(f, c)
		return ret, true, err
	}
}

// socket follows the Sentry's Socket and its netstack provider.
func (in *Instance) socket(_ sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	if c.Type&^(sockTypeMask|sockNonblock|sockCloexec) != 0 {
		return fail(einval), true, nil
	}
	var net tcpip.NetworkProtocolNumber
	switch c.Domain {
	case afInet:
		net = ipv4.ProtocolNumber
	case afInet6:
		net = ipv6.ProtocolNumber
	case afUnix, afNetlink, afPacket:
		return sock.Return{}, true, unsupported("socket: address family %d is the Sentry's, not netstack's", c.Domain)
	default:
		return fail(eafnosupport), true, nil
	}
	kind := c.Type & sockTypeMask
	if kind == sockRaw {
		return sock.Return{}, true, unsupported("socket: raw sockets")
	}
	trans, errno := transportOf(kind, c.Proto)
	if errno != 0 {
		return fail(errno), true, nil
	}
	queue := &waiter.Queue{}
	ep, err := in.stack.NewEndpoint(trans, net, queue)
	if err != nil {
		return status(err), true, nil
	}
	f := newFile(c.Domain, kind, int32(trans), ep, queue)
	f.nonblock, f.cloexec = c.Type&sockNonblock != 0, c.Type&sockCloexec != 0
	ret := in.install(f, firstFD)
	if ret.Errno != 0 {
		f.shut()
	}
	return ret, true, nil
}

// transportOf is the transport protocol of a socket (Sentry: getTransportProtocol).
func transportOf(kind, proto int32) (tcpip.TransportProtocolNumber, sock.Errno) {
	switch kind {
	case sockStream:
		if proto != 0 && proto != ipprotoTCP {
			return 0, einval
		}
		return tcp.ProtocolNumber, 0
	case sockDgram:
		switch proto {
		case 0, ipprotoUDP:
			return udp.ProtocolNumber, 0
		case ipprotoICMP:
			return header.ICMPv4ProtocolNumber, 0
		case ipprotoICMPv6:
			return header.ICMPv6ProtocolNumber, 0
		}
	}
	return 0, eprotonosupp
}

// bind follows the Sentry's Bind: the family must be the socket's own, and no
// free port is EADDRINUSE.
func (f *file) bind(c *sock.Call) (sock.Return, error) {
	least := int32(sizeofSockaddr4)
	if f.family == afInet6 {
		least = sizeofSockaddr6
	}
	if c.AddrLen < least {
		return fail(einval), nil
	}
	full, errno := parseAddr(c.Addr, c.AddrLen)
	if errno != 0 {
		return fail(errno), nil
	}
	if !f.allows(c.Addr.Family, true) {
		return fail(eafnosupport), nil
	}
	err := f.endpoint.Bind(f.mapAny(full, c.Addr.Family))
	if _, ok := err.(*tcpip.ErrNoPortAvailable); ok {
		return fail(eaddrinuse), nil
	}
	return status(err), nil
}

// listen follows the Sentry's Listen: the backlog is unsigned, at most
// maxBacklog, and one more than asked for, as Linux's accept queue holds.
func (f *file) listen(c *sock.Call) (sock.Return, error) {
	backlog := min(uint32(c.N), maxBacklog) + 1
	return status(f.endpoint.Listen(int(backlog))), nil
}

// shutdown follows the Sentry's Shutdown.
func (f *file) shutdown(c *sock.Call) (sock.Return, error) {
	var flags tcpip.ShutdownFlags
	switch c.N {
	case 0:
		flags = tcpip.ShutdownRead
	case 1:
		flags = tcpip.ShutdownWrite
	case 2:
		flags = tcpip.ShutdownRead | tcpip.ShutdownWrite
	default:
		return fail(einval), nil
	}
	return status(f.endpoint.Shutdown(flags)), nil
}

// getsockname follows the Sentry's GetSockName. An unbound socket has the
// unspecified address, as on Linux.
func (f *file) getsockname(*sock.Call) (sock.Return, error) {
	full, err := f.endpoint.GetLocalAddress()
	return f.named(full, err), nil
}

// getpeername follows the Sentry's GetPeerName: ENOTCONN without a connection.
func (f *file) getpeername(*sock.Call) (sock.Return, error) {
	full, err := f.endpoint.GetRemoteAddress()
	return f.named(full, err), nil
}

// named is the return of a call that yields an address of the socket.
func (f *file) named(full tcpip.FullAddress, err tcpip.Error) sock.Return {
	ret := status(err)
	if err == nil {
		ret.Addr, ret.AddrLen = sockaddr(f.family, full)
	}
	return ret
}

// ioctl has the two queue lengths (Sentry: Ioctl), whose result comes as Data,
// and FIONBIO with its flag in Arg. What the Sentry does not know is ENOTTY.
func (f *file) ioctl(c *sock.Call) (sock.Return, error) {
	var opt tcpip.SockOptInt
	switch c.N {
	case siocInq:
		opt = tcpip.ReceiveQueueSizeOption
	case siocOutq:
		opt = tcpip.SendQueueSizeOption
	case fionbio:
		f.nonblock = int32(c.Arg) != 0
		return value(0), nil
	default:
		if c.N>>8 == 0x89 {
			return sock.Return{}, unsupported("ioctl %#x: interface requests are the Sentry's", c.N)
		}
		return fail(enotty), nil
	}
	n, err := f.endpoint.GetSockOptInt(opt)
	ret := status(err)
	if err == nil {
		ret.Data = int32Bytes(int32(n))
	}
	return ret, nil
}
