package sock

// syscall is one row of the table of calls: start carries it out as far as it
// goes, resume goes on after a wait.
type syscall struct {
	name          string
	start, resume func(h *Host, t *thread) outcome
}

// syscalls is the table, by Op.
var syscalls = [...]syscall{
	OpSocket:      {"socket", sysSocket, nil},
	OpBind:        {"bind", sysBind, nil},
	OpListen:      {"listen", sysListen, nil},
	OpAccept:      {"accept4", sysAccept, acceptResume},
	OpConnect:     {"connect", sysConnect, connectResume},
	OpRead:        {"read", sysRecv, recvResume},
	OpWrite:       {"write", sysSend, sendResume},
	OpSend:        {"sendmsg", sysSend, sendResume},
	OpRecv:        {"recvmsg", sysRecv, recvResume},
	OpShutdown:    {"shutdown", sysShutdown, nil},
	OpClose:       {"close", sysClose, nil},
	OpGetsockopt:  {"getsockopt", askGetsockopt, nil},
	OpSetsockopt:  {"setsockopt", askSetsockopt, nil},
	OpGetsockname: {"getsockname", sysGetsockname, nil},
	OpGetpeername: {"getpeername", sysGetpeername, nil},
	OpFcntl:       {"fcntl", sysFcntl, nil},
	OpIoctl:       {"ioctl", sysIoctl, nil},
	OpPoll:        {"poll", sysPoll, pollResume},
	OpEpollCreate: {"epoll_create1", sysEpollCreate, nil},
	OpEpollCtl:    {"epoll_ctl", sysEpollCtl, nil},
	OpEpollWait:   {"epoll_wait", sysEpollWait, epollResume},
	OpDup:         {"dup", sysDup, nil},
	OpDup2:        {"dup2", sysDup2, nil},
	OpDup3:        {"dup3", sysDup3, nil},
	OpClone:       {"clone", sysClone, nil},
	OpExec:        {"execve", sysExec, nil},
	OpExit:        {"exit_group", sysExit, nil},
	OpPrlimit:     {"prlimit64", sysPrlimit, nil},
	OpSetresuid:   {"setresuid", sysSetresuid, nil},
	OpSetresgid:   {"setresgid", sysSetresgid, nil},
	OpSetgroups:   {"setgroups", sysSetgroups, nil},
	OpCapset:      {"capset", sysCapset, nil},
	OpSendmmsg:    {"sendmmsg", sysSendmmsg, sendmmsgResume},
	OpRecvmmsg:    {"recvmmsg", sysRecvmmsg, recvmmsgResume},
}

// String is the call's name.
func (o Op) String() string {
	if int(o) < len(syscalls) {
		return syscalls[o].name
	}
	return ""
}

// enterSock finds the call's socket and notes it on the thread.
func (h *Host) enterSock(t *thread) (*sock, Errno) {
	f, s, err := h.lookup(t.call.FD)
	if err == ENOTSOCK && (t.call.Op == OpRead || t.call.Op == OpWrite) {
		err = EINVAL // an epoll instance has neither (vfs_read, vfs_write)
	}
	if err != 0 {
		return nil, err
	}
	t.file, t.sock = f, s.id
	return s, 0
}

// nonblock reports whether the call's file is set to O_NONBLOCK.
func (h *Host) nonblock(t *thread) bool {
	return t.file != noFile && h.files[t.file].flags&O_NONBLOCK != 0
}

// sockaddrMax is the largest address that a call may pass (struct sockaddr_storage).
const sockaddrMax = 128

// checkAddr is move_addr_to_kernel: the length first, then the memory.
func checkAddr(c *Call) Errno {
	switch n := c.AddrLen; {
	case n < 0 || n > sockaddrMax:
		return EINVAL
	case n > 0 && c.Fault&FaultAddr != 0:
		return EFAULT
	}
	return 0
}

func sysBind(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	if err := checkAddr(&t.call); err != 0 {
		return fail(err)
	}
	if err := h.ask(SocketBind, s); err != 0 {
		return fail(err)
	}
	return s.ops.bind(h, s, t)
}

// sysListen bounds the backlog, as an unsigned number, so that -1 asks for the
// most (__sys_listen_socket).
func sysListen(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	backlog := int32(t.call.N)
	if limit := h.sysctl.get(ctlSomaxconn); int64(uint32(backlog)) > limit {
		backlog = int32(limit)
	}
	t.call.N = int64(backlog)
	if err := h.ask(SocketListen, s); err != 0 {
		return fail(err)
	}
	return result(s.ops.listen(h, s, backlog))
}

func sysAccept(h *Host, t *thread) outcome {
	// The order is Linux's: all that the result needs comes before the socket is
	// asked (__sys_accept4, do_accept).
	if h.fileAt(t.call.FD) == noFile {
		return fail(EBADF)
	}
	late := h.callRules().LateDescriptor
	if t.call.Flags&^(SOCK_CLOEXEC|SOCK_NONBLOCK) != 0 {
		return fail(EINVAL)
	}
	if h.callRules().NoFlags && t.call.Flags != 0 {
		return fail(ENOSYS) // that is accept4
	}
	if fd, err := h.proc.lowest(0); !late {
		if err != 0 {
			return fail(err)
		}
		t.fd = fd
	}
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	if !h.allocates(AllocSocket) {
		return fail(ENFILE)
	}
	if err := h.mayOpen(); !late && err != 0 {
		return fail(err)
	}
	if err := h.ask(SocketAccept, s); err != 0 {
		return fail(err)
	}
	return h.reserve(t, s.ops.accept(h, s, t))
}

func acceptResume(h *Host, t *thread) outcome {
	s := h.socks[t.sock]
	h.unreserve(t)
	return h.reserve(t, s.ops.acceptAgain(h, s, t))
}

func sysConnect(h *Host, t *thread) outcome {
	// Unlike bind, the address comes before the question what the file is.
	if h.fileAt(t.call.FD) == noFile {
		return fail(EBADF)
	}
	if err := checkAddr(&t.call); err != 0 {
		return fail(err)
	}
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	if err := h.ask(SocketConnect, s); err != 0 {
		return fail(err)
	}
	return s.ops.connect(h, s, t)
}

func connectResume(h *Host, t *thread) outcome {
	s := h.socks[t.sock]
	return s.ops.connectAgain(h, s, t)
}

func sysShutdown(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	if err := h.ask(SocketShutdown, s); err != 0 {
		return fail(err)
	}
	return result(s.ops.shutdown(h, s, t.call.N))
}

func sysGetsockname(h *Host, t *thread) outcome { return h.getname(t, false) }
func sysGetpeername(h *Host, t *thread) outcome { return h.getname(t, true) }

func (h *Host) getname(t *thread, peer bool) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	k := SocketGetsockname
	if peer {
		k = SocketGetpeername
	}
	if err := h.ask(k, s); err != 0 {
		return fail(err)
	}
	a, n, err := s.ops.getname(s, peer)
	if err != 0 {
		return fail(err)
	}
	h.informCgroup(CgroupGetname, s)
	return result(t.giveAddr(a, n))
}

// giveAddr hands over an address of n octets: what there is room for, and its
// true length (move_addr_to_user).
func (t *thread) giveAddr(a Addr, n int32) Errno {
	room := n
	if t.call.HasRoom {
		if t.call.AddrLen < 0 {
			return EINVAL
		}
		room = min(n, t.call.AddrLen)
	}
	switch {
	case room > 0 && t.call.Fault&FaultAddr != 0:
		return EFAULT
	case room < sizeofFamily:
		a = Addr{}
	case room < n:
		a = Addr{Family: a.Family}
	}
	t.ret.Addr, t.ret.AddrLen = a, n
	return 0
}

// le32 puts v into the first four bytes of b, as a C int lies in memory.
func le32(b []byte, v uint32) []byte {
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	return b
}
