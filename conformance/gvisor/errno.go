package gvisor

import (
	"fmt"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// Linux error numbers (include/uapi/asm-generic).
const (
	eperm         sock.Errno = 1
	enoent        sock.Errno = 2
	ebadf         sock.Errno = 9
	eagain        sock.Errno = 11
	eacces        sock.Errno = 13
	efault        sock.Errno = 14
	ebusy         sock.Errno = 16
	eexist        sock.Errno = 17
	enodev        sock.Errno = 19
	einval        sock.Errno = 22
	emfile        sock.Errno = 24
	enotty        sock.Errno = 25
	epipe         sock.Errno = 32
	edom          sock.Errno = 33
	enonet        sock.Errno = 64
	edestaddrreq  sock.Errno = 89
	emsgsize      sock.Errno = 90
	enoprotoopt   sock.Errno = 92
	eprotonosupp  sock.Errno = 93
	eopnotsupp    sock.Errno = 95
	eafnosupport  sock.Errno = 97
	eaddrinuse    sock.Errno = 98
	eaddrnotavail sock.Errno = 99
	enetunreach   sock.Errno = 101
	econnaborted  sock.Errno = 103
	econnreset    sock.Errno = 104
	enobufs       sock.Errno = 105
	eisconn       sock.Errno = 106
	enotconn      sock.Errno = 107
	etimedout     sock.Errno = 110
	econnrefused  sock.Errno = 111
	ehostdown     sock.Errno = 112
	ehostunreach  sock.Errno = 113
	ealready      sock.Errno = 114
	einprogress   sock.Errno = 115
)

// errnos is the Sentry's translation of netstack's errors, by the error's type
// (gVisor: pkg/syserr/netstack.go, TranslateNetstackError; a test compares).
// Each error is a type of its own, so the type's name is the key.
var errnos = func() map[string]sock.Errno {
	m := make(map[string]sock.Errno)
	for _, e := range []struct {
		err   tcpip.Error
		errno sock.Errno
	}{
		{&tcpip.ErrAborted{}, epipe},
		{&tcpip.ErrAddressFamilyNotSupported{}, eafnosupport},
		{&tcpip.ErrAlreadyBound{}, einval},
		{&tcpip.ErrAlreadyConnected{}, eisconn},
		{&tcpip.ErrAlreadyConnecting{}, ealready},
		{&tcpip.ErrBadAddress{}, efault},
		{&tcpip.ErrBadBuffer{}, efault},
		{&tcpip.ErrBadLocalAddress{}, eaddrnotavail},
		{&tcpip.ErrBroadcastDisabled{}, eacces},
		{&tcpip.ErrClosedForReceive{}, 0}, // end of file
		{&tcpip.ErrClosedForSend{}, epipe},
		{&tcpip.ErrConnectStarted{}, einprogress},
		{&tcpip.ErrConnectionAborted{}, econnaborted},
		{&tcpip.ErrConnectionRefused{}, econnrefused},
		{&tcpip.ErrConnectionReset{}, econnreset},
		{&tcpip.ErrDestinationRequired{}, edestaddrreq},
		{&tcpip.ErrDuplicateAddress{}, eexist},
		{&tcpip.ErrDuplicateNICID{}, eexist},
		{&tcpip.ErrEndpointBusy{}, ebusy},
		{&tcpip.ErrHostDown{}, ehostdown},
		{&tcpip.ErrHostUnreachable{}, ehostunreach},
		{&tcpip.ErrInvalidEndpointState{}, einval},
		{&tcpip.ErrInvalidOptionValue{}, einval},
		{&tcpip.ErrInvalidPortRange{}, einval},
		{&tcpip.ErrMalformedHeader{}, einval},
		{&tcpip.ErrMessageTooLong{}, emsgsize},
		{&tcpip.ErrMissingRequiredFields{}, einval},
		{&tcpip.ErrMulticastInputCannotBeOutput{}, einval},
		{&tcpip.ErrNetworkUnreachable{}, enetunreach},
		{&tcpip.ErrNoBufferSpace{}, enobufs},
		{&tcpip.ErrNoNet{}, enonet},
		{&tcpip.ErrNoPortAvailable{}, eagain},
		{&tcpip.ErrNoSuchFile{}, enoent},
		{&tcpip.ErrNotConnected{}, enotconn},
		{&tcpip.ErrNotPermitted{}, eperm},
		{&tcpip.ErrNotSupported{}, eopnotsupp},
		{&tcpip.ErrPortInUse{}, eaddrinuse},
		{&tcpip.ErrQueueSizeNotSupported{}, enotty},
		{&tcpip.ErrTimeout{}, etimedout},
		{&tcpip.ErrUnknownDevice{}, enodev},
		{&tcpip.ErrUnknownNICID{}, enodev},
		{&tcpip.ErrUnknownProtocol{}, einval},
		{&tcpip.ErrUnknownProtocolOption{}, enoprotoopt},
		{&tcpip.ErrWouldBlock{}, eagain},
	} {
		m[fmt.Sprintf("%T", e.err)] = e.errno
	}
	return m
}()

// errnoOf is the Linux error number that a process sees for a netstack error;
// 0 for nil and for the end of a stream. An error that the Sentry has no number
// for (it panics there) is EINVAL.
func errnoOf(err tcpip.Error) sock.Errno {
	if err == nil {
		return 0
	}
	if e, ok := errnos[fmt.Sprintf("%T", err)]; ok {
		return e
	}
	return einval
}

// wouldBlock tells whether the error is netstack's "not now".
func wouldBlock(err tcpip.Error) bool {
	_, ok := err.(*tcpip.ErrWouldBlock)
	return ok
}

// fail is the return of a call that failed.
func fail(e sock.Errno) sock.Return { return sock.Return{Value: -1, Errno: e} }

// value is the return of a call that succeeded with v.
func value(v int64) sock.Return { return sock.Return{Value: v} }

// status is the return of a call that yields 0 or an error.
func status(err tcpip.Error) sock.Return {
	if e := errnoOf(err); e != 0 {
		return fail(e)
	}
	return value(0)
}

// unsupported is the error for what gVisor, or this way of running it, has not.
func unsupported(format string, args ...any) error {
	return fmt.Errorf("gvisor: %w: %s", conformance.ErrUnsupported, fmt.Sprintf(format, args...))
}
