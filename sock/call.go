package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// Time and Errno are tcpstate's: one vocabulary from top to bottom.
type (
	Time  = tcpstate.Time
	Errno = tcpstate.Errno
)

// Thread names a thread of a process of the host. A thread runs one call at a
// time: while it is parked, a second call from it is refused with EBUSY. One that
// OpClone did not name belongs to the first process; one that has ended gets
// ESRCH.
type Thread uint16

// Op is a system call.
type Op uint8

// The system calls. A variant that differs only in how its arguments are
// packed (recv, readv, ...) shares its sibling's Op: see Call.
const (
	_             Op = iota
	OpSocket         // Domain, Type, Proto
	OpBind           // FD, Addr
	OpListen         // FD, N = backlog as given
	OpAccept         // FD, Flags = SOCK_NONBLOCK|SOCK_CLOEXEC; returns Addr
	OpConnect        // FD, Addr
	OpRead           // FD, Len
	OpWrite          // FD, Data
	OpSend           // FD, Data, Flags, Addr when AddrLen > 0, Control: send, sendto, sendmsg
	OpRecv           // FD, Len, Flags: recv, recvfrom, recvmsg
	OpShutdown       // FD, N = how
	OpClose          // FD
	OpGetsockopt     // FD, Level, Name, Len = room for the value, Data = what is there before
	OpSetsockopt     // FD, Level, Name, Data = the value's bytes
	OpGetsockname    // FD
	OpGetpeername    // FD
	OpFcntl          // FD, N = command, Arg
	OpIoctl          // FD, N = request, Arg
	OpPoll           // Poll, Timeout
	OpEpollCreate    // Flags
	OpEpollCtl       // FD, N = op, Arg = target descriptor, Events
	OpEpollWait      // FD, Len = maxevents, Timeout
	OpDup            // FD
	OpDup2           // FD, Arg = the new descriptor
	OpDup3           // FD, Arg = the new descriptor, Flags = O_CLOEXEC
	OpClone          // N = 0 (fork) or CLONE_THREAD, Arg = the new Thread; returns the child's number
	OpExec           //
	OpExit           // does not return
	OpPrlimit        // N = RLIMIT_NOFILE, Data = struct rlimit64 or nil; returns the old in Data
	OpSetresuid      // IDs
	OpSetresgid      // IDs
	OpSetgroups      // Groups
	OpCapset         // N = effective, Arg = permitted, as Capability
	OpSendmmsg       // FD, Msgs, Flags
	OpRecvmmsg       // FD, Msgs, Flags, Data = struct timespec or nil; returns Msgs, and what is left of the time in Data
)

// Addr is a socket address as a call passes it.
type Addr struct {
	Family uint16 // AF_INET, AF_INET6, AF_UNSPEC or whatever the caller wrote
	AP     netip.AddrPort
	Flow   uint32 // sin6_flowinfo
	Scope  uint32 // sin6_scope_id
}

// PollFD is one entry of poll's array, and of epoll_wait's result.
type PollFD struct {
	FD      int32
	Events  uint32
	Revents uint32
	Data    uint64 // epoll's
}

// Control is one control message, its data as the kernel lays it out.
type Control struct {
	Level, Type int32
	Data        []byte
}

// Fault says which of a call's pointers lead nowhere: the kernel can't read or
// write there, and answers EFAULT once it comes to use them.
type Fault uint8

// The pointers.
const (
	FaultAddr Fault = 1 << iota // the address, or where one is to be written
	// FaultData is the buffer, of Len octets also for a send, or the option's
	// value. A send with a Len and nil Data means the same.
	FaultData
)

// Call is one system call as a plain value. Integers are as the C program
// passes them; structures are in Linux's x86-64 layout, little-endian.
type Call struct {
	Op      Op
	FD      int32
	Domain  int32
	Type    int32
	Proto   int32
	Level   int32
	Name    int32
	N       int64 // backlog, how, command, request
	Arg     int64
	Flags   int32
	Len     int32 // room for results, octets
	AddrLen int32 // as given; 0 with a zero Addr means a null address
	// HasRoom: AddrLen is the room for the address that the call returns;
	// otherwise there is enough. Of an address that is cut the family is told,
	// if it fits, and the true length.
	HasRoom bool
	// HasControlRoom: ControlLen is the room for the control messages that a recv
	// returns, octets (msg_controllen; 0 of recv and recvfrom, which have no buffer
	// for them); otherwise there is enough. What does not fit is cut, and MsgFlags
	// says MSG_CTRUNC.
	HasControlRoom bool
	ControlLen     int32
	Timeout        int64 // poll and epoll_wait: milliseconds, -1 = for ever
	Addr           Addr
	Data           []byte // octets to send, or an option's value
	Poll           []PollFD
	Control        []Control // of a send
	Events         uint32    // epoll_ctl
	UData          uint64    // epoll_ctl
	IDs            [3]int32  // setresuid, setresgid: real, effective, saved; -1 leaves one
	Groups         []uint32  // setgroups
	Msgs           []Msg     // sendmmsg, recvmmsg
	// Filter is what the pointer of a struct sock_fprog in Data leads to, if it is
	// not null (SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF).
	Filter []SockFilter
	Fault  Fault
}

// Return is a system call's outcome.
type Return struct {
	Thread   Thread
	Value    int64 // what the call returns, -1 with Errno
	Errno    Errno
	Data     []byte // octets received, or an option's value
	Addr     Addr   // accept, recv, getsockname, getpeername
	AddrLen  int32  // the address's true length, 0 when none was written
	MsgFlags int32  // recvmsg's msg_flags
	Poll     []PollFD
	Control  []Control
	Msgs     []Msg // sendmmsg, recvmmsg
	// Filter is the program that SO_GET_FILTER reads. Len is counted in
	// instructions then, and so is what the kernel tells of their number: Data has
	// that many octets, the program's first.
	Filter  []SockFilter
	SIGPIPE bool // the call raised SIGPIPE
}
