package gvisor

// The numbers of Linux's system call interface that this package speaks
// (include/uapi, x86-64). They are written out because golang.org/x/sys/unix
// has the numbers of the host that it is built for, which need not be Linux.

// Address families, socket types and their flags, protocols.
const (
	afUnspec  = 0
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
	afPacket  = 17

	sockStream   = 1
	sockDgram    = 2
	sockRaw      = 3
	sockTypeMask = 0xf
	sockNonblock = 0x800
	sockCloexec  = 0x80000

	ipprotoICMP   = 1
	ipprotoTCP    = 6
	ipprotoUDP    = 17
	ipprotoICMPv6 = 58
)

// Sizes of structures that calls pass.
const (
	sizeofInt       = 4
	sizeofSockaddr4 = 16
	sizeofSockaddr6 = 28
	sizeofTimeval   = 16
	sizeofLinger    = 8
	maxSockaddrLen  = 200
	maxOptionLen    = 32 << 10 // the Sentry's maxOptLen
)

// Levels of socket options.
const (
	solIP     = 0
	solSocket = 1
	solTCP    = 6
	solIPv6   = 41
)

// Options of SOL_SOCKET.
const (
	soReuseAddr          = 2
	soType               = 3
	soError              = 4
	soBroadcast          = 6
	soSndbuf             = 7
	soRcvbuf             = 8
	soKeepalive          = 9
	soOOBInline          = 10
	soNoCheck            = 11
	soLinger             = 13
	soReusePort          = 15
	soRcvlowat           = 18
	soRcvtimeo           = 20
	soSndtimeo           = 21
	soBindToDevice       = 25
	soAttachFilter       = 26
	soTimestamp          = 29
	soAcceptConn         = 30
	soRcvbufForce        = 33
	soTimestampNS        = 35
	soMark               = 36
	soTimestamping       = 37
	soProtocol           = 38
	soDomain             = 39
	soAttachBPF          = 50
	soAttachReuseportBPF = 52
	soZerocopy           = 60
	soTxtime             = 61
)

// Options of SOL_TCP.
const (
	tcpNodelay         = 1
	tcpMaxseg          = 2
	tcpCork            = 3
	tcpKeepidle        = 4
	tcpKeepintvl       = 5
	tcpKeepcnt         = 6
	tcpSyncnt          = 7
	tcpLinger2         = 8
	tcpDeferAccept     = 9
	tcpWindowClamp     = 10
	tcpInfo            = 11
	tcpQuickack        = 12
	tcpCongestion      = 13
	tcpMD5Sig          = 14
	tcpUserTimeout     = 18
	tcpRepair          = 19
	tcpRepairQueue     = 20
	tcpQueueSeq        = 21
	tcpRepairOptions   = 22
	tcpFastopen        = 23
	tcpSaveSyn         = 27
	tcpSavedSyn        = 28
	tcpRepairWindow    = 29
	tcpFastopenConnect = 30
	tcpULP             = 31
	tcpMD5SigExt       = 32
	tcpFastopenKey     = 33
	tcpFastopenNoCook  = 34
	tcpZerocopyRecv    = 35
	tcpInq             = 36
	tcpTxDelay         = 37
)

// Options of SOL_IP and SOL_IPV6.
const (
	ipTOS           = 1
	ipTTL           = 2
	ipMTUDiscover   = 10
	ipRecverr       = 11
	ipv6Recverr     = 25
	ipv6UnicastHops = 16
	ipv6Only        = 26
	ipv6Tclass      = 67
)

// Flags of send and recv.
const (
	msgPeek     = 0x2
	msgTrunc    = 0x20
	msgDontwait = 0x40
	msgWaitall  = 0x100
	msgEOR      = 0x80
	msgErrqueue = 0x2000
	msgMore     = 0x8000
	msgZerocopy = 0x4000000
	msgFastopen = 0x20000000

	// recvKnown are the flags that the Sentry's recvfrom and recvmsg let
	// pass (baseRecvFlags and their own); others are EINVAL.
	recvKnown = 0x1 | msgPeek | 0x4 | 0x8 | msgTrunc | msgDontwait | msgWaitall | 0x800 | msgErrqueue | 0x4000 | 0x40000000
)

// Commands of fcntl and ioctl, and flags of open.
const (
	fDupfd        = 0
	fGetfd        = 1
	fSetfd        = 2
	fGetfl        = 3
	fSetfl        = 4
	fDupfdCloexec = 1030
	fdCloexec     = 1
	oRdwr         = 0x2
	oNonblock     = 0x800
	siocInq       = 0x541b
	siocOutq      = 0x5411
	fionbio       = 0x5421
)

// Events of poll.
const (
	pollErr  = 0x8
	pollHup  = 0x10
	pollNval = 0x20
)
