package tcpstate

// Errno is a Linux error number (include/uapi/asm-generic/errno.h); 0 is success.
type Errno uint16

// The errors that TCP itself leaves on a socket, by their Linux numbers. The
// socket layer names the rest.
const (
	EINTR        Errno = 4
	EAGAIN       Errno = 11
	EFAULT       Errno = 14
	EINVAL       Errno = 22
	EPIPE        Errno = 32
	EPROTO       Errno = 71
	EMSGSIZE     Errno = 90
	ENOPROTOOPT  Errno = 92
	EOPNOTSUPP   Errno = 95
	EADDRINUSE   Errno = 98
	ENETUNREACH  Errno = 101
	ECONNABORTED Errno = 103
	ECONNRESET   Errno = 104
	ENOBUFS      Errno = 105
	EISCONN      Errno = 106
	ENOTCONN     Errno = 107
	ETIMEDOUT    Errno = 110
	ECONNREFUSED Errno = 111
	EHOSTUNREACH Errno = 113
)
