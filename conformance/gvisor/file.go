package gvisor

import (
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// firstFD is the first descriptor that a process gets, after standard input,
// output and error.
const firstFD = 3

// maxFiles is Linux's default limit of open descriptors (RLIMIT_NOFILE).
const maxFiles = 1024

// file is an open socket: what descriptors and blocked calls refer to.
type file struct {
	endpoint tcpip.Endpoint
	queue    *waiter.Queue

	family, kind, proto int32 // as getsockopt tells them

	nonblock bool
	cloexec  bool // kept for F_GETFD alone: nothing execs here
	closed   bool // the endpoint is closed
	refs     int  // descriptors and blocked calls that hold it
	rcvtimeo time.Duration
	sndtimeo time.Duration
}

// newFile wraps an endpoint as the Sentry's netstack.New does: a stream socket
// starts with Nagle's algorithm on, an accepted one too, whatever its listener
// had.
func newFile(family, kind, proto int32, ep tcpip.Endpoint, queue *waiter.Queue) *file {
	if kind == sockStream {
		ep.SocketOptions().SetDelayOption(true)
	}
	return &file{endpoint: ep, queue: queue, family: family, kind: kind, proto: proto}
}

// install gives the file the lowest free descriptor from at least on.
func (in *Instance) install(f *file, least int) sock.Return {
	for i := max(least-firstFD, 0); i < maxFiles-firstFD; i++ {
		for len(in.files) <= i {
			in.files = append(in.files, nil)
		}
		if in.files[i] == nil {
			in.files[i] = f
			f.refs++
			return value(int64(i + firstFD))
		}
	}
	return fail(emfile)
}

// file is the open file of a descriptor, nil when there is none.
func (in *Instance) file(fd int32) *file {
	if i := int(fd) - firstFD; i >= 0 && i < len(in.files) {
		return in.files[i]
	}
	return nil
}

// unref drops a blocked call's hold on the file; the last one closes the
// endpoint. (Sentry: Release. A linger time is waited for by close alone.)
func (f *file) unref() {
	if f.refs--; f.refs == 0 {
		f.shut()
	}
}

// shut closes the endpoint, once.
func (f *file) shut() {
	if !f.closed {
		f.closed = true
		f.endpoint.Close()
	}
}

// close ends a descriptor. The last one closes the endpoint, and SO_LINGER
// with a time makes the caller wait for the connection's end or that time,
// whichever is first (Sentry: Release). SO_LINGER with 0 is netstack's: RST.
func (in *Instance) close(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	in.files[c.FD-firstFD] = nil
	if f.refs > 1 {
		f.refs--
		return value(0), true, nil
	}
	linger := f.endpoint.SocketOptions().GetLinger()
	if f.kind != sockStream || !linger.Enabled || linger.Timeout == 0 {
		f.unref()
		return value(0), true, nil
	}
	// The waiter stands before Close, which may itself be the end.
	p := in.park(t, func(bool) (sock.Return, bool) { return value(0), true })
	p.wait(f, waiter.EventHUp|waiter.EventErr)
	p.deadline(linger.Timeout)
	f.unref()
	f.shut()
	return sock.Return{}, false, nil
}
