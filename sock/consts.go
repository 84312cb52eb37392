package sock

// Linux's own names and numbers for what calls carry (include/uapi, x86-64).

// Address families.
const (
	AF_UNSPEC = 0
	AF_INET   = 2
	AF_INET6  = 10
	afMax     = 46 // NPROTO
)

// Socket types, and the flags that may be or-ed into them.
const (
	SOCK_STREAM    = 1
	SOCK_DGRAM     = 2
	SOCK_RAW       = 3
	SOCK_RDM       = 4
	SOCK_SEQPACKET = 5
	SOCK_PACKET    = 10
	SOCK_NONBLOCK  = 0x800
	SOCK_CLOEXEC   = 0x80000
	sockMax        = 11  // SOCK_MAX
	sockTypeMask   = 0xf // SOCK_TYPE_MASK
)

// Protocols, as socket's argument and as option levels.
const (
	IPPROTO_IP   = 0
	IPPROTO_TCP  = 6
	IPPROTO_UDP  = 17
	IPPROTO_IPV6 = 41
	ipprotoMax   = 263 // IPPROTO_MAX: MPTCP made it larger than an octet
	SOL_SOCKET   = 1
	SOL_IP       = IPPROTO_IP
	SOL_TCP      = IPPROTO_TCP
	SOL_IPV6     = IPPROTO_IPV6
)

// Flags of send and recv (include/linux/socket.h).
const (
	MSG_OOB          = 0x1
	MSG_PEEK         = 0x2
	MSG_DONTROUTE    = 0x4
	MSG_CTRUNC       = 0x8
	MSG_TRUNC        = 0x20
	MSG_DONTWAIT     = 0x40
	MSG_EOR          = 0x80
	MSG_WAITALL      = 0x100
	MSG_ERRQUEUE     = 0x2000
	MSG_NOSIGNAL     = 0x4000
	MSG_MORE         = 0x8000
	MSG_ZEROCOPY     = 0x4000000
	MSG_FASTOPEN     = 0x20000000
	MSG_CMSG_CLOEXEC = 0x40000000
)

// How of shutdown.
const (
	SHUT_RD   = 0
	SHUT_WR   = 1
	SHUT_RDWR = 2
)

// Commands and flags of fcntl, requests of ioctl.
const (
	F_DUPFD         = 0
	F_GETFD         = 1
	F_SETFD         = 2
	F_GETFL         = 3
	F_SETFL         = 4
	F_DUPFD_CLOEXEC = 1030
	FD_CLOEXEC      = 1
	O_RDWR          = 2
	O_APPEND        = 0x400
	O_NONBLOCK      = 0x800
	O_ASYNC         = 0x2000
	O_CLOEXEC       = SOCK_CLOEXEC
	FIONREAD        = 0x541B
	SIOCINQ         = FIONREAD
	SIOCOUTQ        = 0x5411
	FIONBIO         = 0x5421
	FIONCLEX        = 0x5450
	FIOCLEX         = 0x5451
	SIOCATMARK      = 0x8905
	SIOCOUTQNSD     = 0x894B
)

// Events of poll and epoll (include/uapi/linux/eventpoll.h).
const (
	POLLIN     = 0x1
	POLLPRI    = 0x2
	POLLOUT    = 0x4
	POLLERR    = 0x8
	POLLHUP    = 0x10
	POLLNVAL   = 0x20
	POLLRDNORM = 0x40
	POLLRDBAND = 0x80
	POLLWRNORM = 0x100
	POLLWRBAND = 0x200
	POLLMSG    = 0x400
	POLLRDHUP  = 0x2000

	EPOLL_CTL_ADD  = 1
	EPOLL_CTL_DEL  = 2
	EPOLL_CTL_MOD  = 3
	EPOLLEXCLUSIVE = 1 << 28
	EPOLLWAKEUP    = 1 << 29
	EPOLLONESHOT   = 1 << 30
	EPOLLET        = 1 << 31
)

// Options of SOL_SOCKET (include/uapi/asm-generic/socket.h).
const (
	SO_DEBUG           = 1
	SO_REUSEADDR       = 2
	SO_TYPE            = 3
	SO_ERROR           = 4
	SO_DONTROUTE       = 5
	SO_BROADCAST       = 6
	SO_SNDBUF          = 7
	SO_RCVBUF          = 8
	SO_KEEPALIVE       = 9
	SO_OOBINLINE       = 10
	SO_NO_CHECK        = 11
	SO_PRIORITY        = 12
	SO_LINGER          = 13
	SO_BSDCOMPAT       = 14
	SO_REUSEPORT       = 15
	SO_PASSCRED        = 16
	SO_PEERCRED        = 17
	SO_RCVLOWAT        = 18
	SO_SNDLOWAT        = 19
	SO_RCVTIMEO        = 20
	SO_SNDTIMEO        = 21
	SO_BINDTODEVICE    = 25
	SO_TIMESTAMP       = 29
	SO_ACCEPTCONN      = 30
	SO_SNDBUFFORCE     = 32
	SO_RCVBUFFORCE     = 33
	SO_TIMESTAMPNS     = 35
	SO_MARK            = 36
	SO_TIMESTAMPING    = 37
	SO_PROTOCOL        = 38
	SO_DOMAIN          = 39
	SO_RXQ_OVFL        = 40
	SO_PEEK_OFF        = 42
	SO_BUSY_POLL       = 46
	SO_MAX_PACING_RATE = 47
	SO_INCOMING_CPU    = 49
	SO_ZEROCOPY        = 60
	SO_RCVTIMEO_NEW    = 66
	SO_SNDTIMEO_NEW    = 67
	SO_BUF_LOCK        = 72
	SO_BINDTOIFINDEX   = 62
)

// Options of IPPROTO_TCP (include/uapi/linux/tcp.h).
const (
	TCP_NODELAY              = 1
	TCP_MAXSEG               = 2
	TCP_CORK                 = 3
	TCP_KEEPIDLE             = 4
	TCP_KEEPINTVL            = 5
	TCP_KEEPCNT              = 6
	TCP_SYNCNT               = 7
	TCP_LINGER2              = 8
	TCP_DEFER_ACCEPT         = 9
	TCP_WINDOW_CLAMP         = 10
	TCP_INFO                 = 11
	TCP_QUICKACK             = 12
	TCP_CONGESTION           = 13
	TCP_THIN_LINEAR_TIMEOUTS = 16
	TCP_THIN_DUPACK          = 17
	TCP_USER_TIMEOUT         = 18
	TCP_FASTOPEN             = 23
	TCP_TIMESTAMP            = 24
	TCP_NOTSENT_LOWAT        = 25
	TCP_SAVE_SYN             = 27
	TCP_FASTOPEN_CONNECT     = 30
	TCP_INQ                  = 36
	TCP_TX_DELAY             = 37
)

// Options of IPPROTO_IP and IPPROTO_IPV6 (include/uapi/linux/in.h, in6.h).
const (
	IP_TOS                = 1
	IP_TTL                = 2
	IP_RECVERR            = 11
	IP_MTU_DISCOVER       = 10
	IP_MTU                = 14
	IP_FREEBIND           = 15
	IP_TRANSPARENT        = 19
	IP_MINTTL             = 21
	IP_BIND_NO_PORT       = 24 // IP_BIND_ADDRESS_NO_PORT
	IP_LOCAL_PORT_RANGE   = 51
	IPV6_UNICAST_HOPS     = 16
	IPV6_MTU_DISCOVER     = 23
	IPV6_MTU              = 24
	IPV6_RECVERR          = 25
	IPV6_V6ONLY           = 26
	IPV6_TCLASS           = 67
	IP_PMTUDISC_DONT      = 0
	IP_PMTUDISC_WANT      = 1
	IP_PMTUDISC_DO        = 2
	IP_PMTUDISC_PROBE     = 3
	IP_PMTUDISC_OMIT      = 5
	IP_PMTUDISC_INTERFACE = 4
)
