package sock

// CallRules are how a kernel's calls differ from a current one's. The zero value
// is a current kernel's.
type CallRules struct {
	// Absent are calls that the kernel does not have: ENOSYS.
	Absent []Op
	// AbsentOptions are options that it does not know: ENOPROTOOPT.
	AbsentOptions []OptionRange
	// AbsentProtocols are pairs of type and protocol that it has no socket for:
	// EPROTONOSUPPORT.
	AbsentProtocols [][2]int32
	// NoFlags: socket takes no SOCK_NONBLOCK or SOCK_CLOEXEC, and accept no flags.
	NoFlags bool
	// NoSockMemory is socket's error for AF_INET when there is no memory for the
	// sock; 0 means ENOMEM. For AF_INET6 it has always been ENOBUFS.
	NoSockMemory Errno
	// ConnectBinds: connect takes a port as bind does, of which two sockets never
	// have the same one, and returns EAGAIN when none is left.
	ConnectBinds bool
	// LateDescriptor: accept looks for a descriptor when it has a connection, and
	// loses that if there is none.
	LateDescriptor bool
	// RawStaysHome: RAW binds to addresses of the host alone, whatever IP_FREEBIND
	// and the sysctl say.
	RawStaysHome bool
	// MinSndbuf and MinRcvbuf are the least sizes of buffers in octets; 0 means
	// 4608 and 2304.
	MinSndbuf, MinRcvbuf int32
}

// OptionRange are the options of one level from First to Last.
type OptionRange struct{ Level, First, Last int32 }

// callRules24 are those of 2.4 (net/socket.c, net/ipv4/af_inet.c, net/core/sock.c,
// net/ipv4/tcp.c, raw.c and ip_sockglue.c, include/net/sock.h of 2.4): no epoll, no accept4, no dup3.
var callRules24 = CallRules{
	Absent: []Op{OpEpollCreate, OpEpollCtl, OpEpollWait, OpDup3, OpPrlimit, OpSendmmsg, OpRecvmmsg},
	AbsentOptions: []OptionRange{
		{SOL_SOCKET, SO_REUSEPORT, SO_REUSEPORT}, {SOL_SOCKET, SO_ACCEPTCONN + 1, maxInt32},
		{SOL_TCP, TCP_QUICKACK + 1, maxInt32}, {SOL_IP, IP_FREEBIND + 1, IP_MULTICAST_IF - 1},
	},
	AbsentProtocols: [][2]int32{{SOCK_DGRAM, int32(ProtoICMP)}, {SOCK_DGRAM, int32(ProtoICMPv6)}},
	NoFlags:         true, NoSockMemory: ENOBUFS, ConnectBinds: true, LateDescriptor: true, RawStaysHome: true,
	MinSndbuf: 2048, MinRcvbuf: 256,
}

// callRules are those of the kernel that the host is.
func (h *Host) callRules() *CallRules { return &h.sysctl.profile.Calls }

// has reports whether the kernel has the call.
func (r *CallRules) has(o Op) bool {
	for _, a := range r.Absent {
		if a == o {
			return false
		}
	}
	return true
}

// hasOption reports whether the kernel knows the option.
func (r *CallRules) hasOption(level, name int32) bool {
	for _, a := range r.AbsentOptions {
		if a.Level == level && a.First <= name && name <= a.Last {
			return false
		}
	}
	return true
}

// hasProtocol reports whether the kernel has sockets of that type for the
// protocol.
func (r *CallRules) hasProtocol(typ, proto int32) bool {
	for _, a := range r.AbsentProtocols {
		if a == [2]int32{typ, proto} {
			return false
		}
	}
	return true
}

// minSndbuf and minRcvbuf are the least sizes of buffers, octets of truesize
// (SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF).
func (r *CallRules) minSndbuf() int32 {
	if r.MinSndbuf != 0 {
		return r.MinSndbuf
	}
	return 4608
}

func (r *CallRules) minRcvbuf() int32 {
	if r.MinRcvbuf != 0 {
		return r.MinRcvbuf
	}
	return 2304
}

// noSockMemory is the error of a socket of AF_INET without memory.
func (r *CallRules) noSockMemory() Errno {
	if r.NoSockMemory != 0 {
		return r.NoSockMemory
	}
	return ENOMEM
}
