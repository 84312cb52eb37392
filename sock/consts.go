package sock

// Linux's own names and numbers for what calls carry (include/uapi, x86-64).

// Address families.
const (
	AF_UNSPEC = 0
	AF_INET   = 2
	AF_INET6  = 10
	afPacket  = 17 // AF_PACKET
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
	IPPROTO_IP     = 0
	IPPROTO_ICMP   = 1
	IPPROTO_IGMP   = 2
	IPPROTO_TCP    = 6
	IPPROTO_UDP    = 17
	IPPROTO_IPV6   = 41
	IPPROTO_ICMPV6 = 58
	IPPROTO_RAW    = 255
	ipprotoMax     = 263 // IPPROTO_MAX: MPTCP made it larger than an octet
	SOL_SOCKET     = 1
	SOL_IP         = IPPROTO_IP
	SOL_TCP        = IPPROTO_TCP
	SOL_IPV6       = IPPROTO_IPV6
	SOL_ICMPV6     = IPPROTO_ICMPV6
	SOL_RAW        = IPPROTO_RAW
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
	MSG_WAITFORONE   = 0x10000
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

// Flags of send that only datagrams know, and types of control messages.
const (
	MSG_PROBE       = 0x10
	MSG_CONFIRM     = 0x800
	SCM_RIGHTS      = 1
	SCM_CREDENTIALS = 2

	SCM_DEVMEM_DMABUF = 79 // of sends only
	SCM_TS_OPT_ID     = 81
)

// Options of IPPROTO_UDP (include/uapi/linux/udp.h), and control messages that
// bear the name of no option.
const (
	SOL_UDP            = IPPROTO_UDP
	UDP_CORK           = 1
	UDPLITE_SEND_CSCOV = 10
	UDPLITE_RECV_CSCOV = 11
	UDP_ENCAP          = 100
	UDP_NO_CHECK6_TX   = 101
	UDP_NO_CHECK6_RX   = 102
	UDP_SEGMENT        = 103
	UDP_GRO            = 104
	IP_ORIGDSTADDR     = IP_RECVORIGDSTADDR
	IPV6_ORIGDSTADDR   = IPV6_RECVORIGDSTADDR
)
