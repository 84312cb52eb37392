package gvisor

import (
	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// connect follows the Sentry's Connect. On a blocking socket it waits for one
// notification that the endpoint is writable, and then asks the endpoint for
// the outcome by connecting again.
func (in *Instance) connect(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	full, errno := parseAddr(c.Addr, c.AddrLen)
	if errno != 0 {
		return fail(errno), true, nil
	}
	if c.Addr.Family == afUnspec {
		return f.disconnect(), true, nil
	}
	if !f.allows(c.Addr.Family, false) {
		return fail(einval), true, nil
	}
	if err := in.declined.active(); err != nil && f.kind == sockStream {
		return sock.Return{}, true, err
	}
	full = f.mapAny(full, c.Addr.Family)
	if f.nonblock {
		return status(f.endpoint.Connect(full)), true, nil
	}
	p := in.park(t, func(bool) (sock.Return, bool) {
		return status(f.endpoint.Connect(full)), true
	})
	// The waiter stands first: the connection may be made within Connect.
	p.wait(f, waiter.WritableEvents)
	switch err := f.endpoint.Connect(full); err.(type) {
	case *tcpip.ErrConnectStarted, *tcpip.ErrAlreadyConnecting:
		return sock.Return{}, false, nil
	case *tcpip.ErrNoPortAvailable:
		// TCP says EADDRNOTAVAIL where UDP says EAGAIN.
		in.unpark(p)
		if f.kind == sockStream {
			return fail(eaddrnotavail), true, nil
		}
		return status(err), true, nil
	default:
		in.unpark(p)
		return status(err), true, nil
	}
}

// disconnect is connect to AF_UNSPEC. Netstack's TCP has no such thing, which
// the Sentry turns into EAFNOSUPPORT.
func (f *file) disconnect() sock.Return {
	err := f.endpoint.Disconnect()
	if _, ok := err.(*tcpip.ErrNotSupported); ok {
		return fail(eafnosupport)
	}
	return status(err)
}

// accept follows the Sentry's Accept and blockingAccept.
func (in *Instance) accept(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	if c.Flags&^(sockNonblock|sockCloexec) != 0 {
		return fail(einval), true, nil
	}
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	flags := c.Flags
	if ret, done := in.acceptNow(f, flags); done || f.nonblock {
		return ret, true, nil
	}
	p := in.park(t, func(bool) (sock.Return, bool) { return in.acceptNow(f, flags) })
	p.wait(f, waiter.ReadableEvents)
	p.again()
	return sock.Return{}, false, nil
}

// acceptNow takes a connection from the accept queue; done is false when there
// is none.
func (in *Instance) acceptNow(f *file, flags int32) (ret sock.Return, done bool) {
	var peer tcpip.FullAddress
	ep, queue, err := f.endpoint.Accept(&peer)
	if err != nil {
		return status(err), !wouldBlock(err)
	}
	n := newFile(f.family, f.kind, f.proto, ep, queue)
	n.nonblock, n.cloexec = flags&sockNonblock != 0, flags&sockCloexec != 0
	if ret = in.install(n, firstFD); ret.Errno != 0 {
		n.shut()
		return ret, true
	}
	ret.Addr, ret.AddrLen = sockaddr(f.family, peer)
	return ret, true
}
