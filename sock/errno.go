package sock

import "github.com/sockspec/sockspec/tcpstate"

// The error numbers that the calls here return, as Linux numbers them
// (include/uapi/asm-generic/errno-base.h, errno.h). Those that TCP itself
// leaves on a socket are tcpstate's.
const (
	EPERM           Errno = 1
	ENOENT          Errno = 2
	ESRCH           Errno = 3
	EINTR                 = tcpstate.EINTR
	EIO             Errno = 5
	EBADF           Errno = 9
	EAGAIN                = tcpstate.EAGAIN
	ENOMEM          Errno = 12
	EACCES          Errno = 13
	EFAULT                = tcpstate.EFAULT
	EBUSY           Errno = 16
	EEXIST          Errno = 17
	ENODEV          Errno = 19
	ENOTDIR         Errno = 20
	EINVAL                = tcpstate.EINVAL
	ENFILE          Errno = 23
	EMFILE          Errno = 24
	ENOTTY          Errno = 25
	EPIPE                 = tcpstate.EPIPE
	EDOM            Errno = 33
	ERANGE          Errno = 34
	ENOSYS          Errno = 38
	ELOOP           Errno = 40
	ENODATA         Errno = 61
	EPROTO                = tcpstate.EPROTO
	ENOTSOCK        Errno = 88
	EDESTADDRREQ    Errno = 89
	EMSGSIZE              = tcpstate.EMSGSIZE
	EPROTOTYPE      Errno = 91
	ENOPROTOOPT           = tcpstate.ENOPROTOOPT
	EPROTONOSUPPORT Errno = 93
	ESOCKTNOSUPPORT Errno = 94
	EOPNOTSUPP            = tcpstate.EOPNOTSUPP
	EAFNOSUPPORT    Errno = 97
	EADDRINUSE            = tcpstate.EADDRINUSE
	EADDRNOTAVAIL   Errno = 99
	ENETDOWN        Errno = 100
	ENETUNREACH           = tcpstate.ENETUNREACH
	ECONNABORTED          = tcpstate.ECONNABORTED
	ECONNRESET            = tcpstate.ECONNRESET
	ENOBUFS               = tcpstate.ENOBUFS
	EISCONN               = tcpstate.EISCONN
	ENOTCONN              = tcpstate.ENOTCONN
	ETIMEDOUT             = tcpstate.ETIMEDOUT
	ECONNREFUSED          = tcpstate.ECONNREFUSED
	EHOSTDOWN       Errno = 112
	EHOSTUNREACH          = tcpstate.EHOSTUNREACH
	EALREADY        Errno = 114
	EINPROGRESS     Errno = 115
	EREMOTEIO       Errno = 121
	// ERESTARTSYS never reaches a program: it says that a signal broke a wait
	// without a time-out, so that the call is made again or, when the handler
	// says so, returns EINTR (include/linux/errno.h).
	ERESTARTSYS Errno = 512
)

// errnoNames is in order of number, for a search by name that needs no map.
var errnoNames = [...]struct {
	no   Errno
	name string
}{
	{EPERM, "EPERM"}, {ENOENT, "ENOENT"}, {ESRCH, "ESRCH"}, {EINTR, "EINTR"}, {EIO, "EIO"}, {EBADF, "EBADF"}, {EAGAIN, "EAGAIN"},
	{ENOMEM, "ENOMEM"}, {EACCES, "EACCES"}, {EFAULT, "EFAULT"}, {EBUSY, "EBUSY"}, {EEXIST, "EEXIST"}, {ENODEV, "ENODEV"},
	{ENOTDIR, "ENOTDIR"}, {EINVAL, "EINVAL"}, {ENFILE, "ENFILE"}, {EMFILE, "EMFILE"}, {ENOTTY, "ENOTTY"}, {EPIPE, "EPIPE"}, {EDOM, "EDOM"},
	{ERANGE, "ERANGE"}, {ENOSYS, "ENOSYS"}, {ELOOP, "ELOOP"}, {ENODATA, "ENODATA"}, {EPROTO, "EPROTO"},
	{ENOTSOCK, "ENOTSOCK"}, {EDESTADDRREQ, "EDESTADDRREQ"}, {EMSGSIZE, "EMSGSIZE"}, {EPROTOTYPE, "EPROTOTYPE"},
	{ENOPROTOOPT, "ENOPROTOOPT"}, {EPROTONOSUPPORT, "EPROTONOSUPPORT"}, {ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"},
	{EOPNOTSUPP, "EOPNOTSUPP"}, {EAFNOSUPPORT, "EAFNOSUPPORT"}, {EADDRINUSE, "EADDRINUSE"}, {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
	{ENETDOWN, "ENETDOWN"}, {ENETUNREACH, "ENETUNREACH"}, {ECONNABORTED, "ECONNABORTED"}, {ECONNRESET, "ECONNRESET"},
	{ENOBUFS, "ENOBUFS"}, {EISCONN, "EISCONN"}, {ENOTCONN, "ENOTCONN"}, {ETIMEDOUT, "ETIMEDOUT"}, {ECONNREFUSED, "ECONNREFUSED"},
	{EHOSTDOWN, "EHOSTDOWN"}, {EHOSTUNREACH, "EHOSTUNREACH"}, {EALREADY, "EALREADY"}, {EINPROGRESS, "EINPROGRESS"},
	{EREMOTEIO, "EREMOTEIO"}, {ERESTARTSYS, "ERESTARTSYS"},
}

// ErrnoName is the symbol of e, "EAGAIN"; "" for 0 and for numbers without one here.
func ErrnoName(e Errno) string {
	for i := range errnoNames {
		if errnoNames[i].no == e {
			return errnoNames[i].name
		}
	}
	return ""
}

// ParseErrno finds an error by its symbol. EWOULDBLOCK is EAGAIN, ENOTSUP is EOPNOTSUPP.
func ParseErrno(name string) (Errno, bool) {
	switch name {
	case "EWOULDBLOCK":
		return EAGAIN, true
	case "ENOTSUP":
		return EOPNOTSUPP, true
	}
	for i := range errnoNames {
		if errnoNames[i].name == name {
			return errnoNames[i].no, true
		}
	}
	return 0, false
}
