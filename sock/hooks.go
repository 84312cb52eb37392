package sock

import "github.com/sockspec/sockspec/tcpstate/rule"

// Hooks are functions that the host asks before it does something, in the place
// where Linux asks a security module, a program of the caller's cgroup, or its
// memory allocator. Nil ones cost nothing. They must not call the host, and a
// host is deterministic as far as they are; a Clone asks the same functions.
type Hooks struct {
	// Security stands for the security module (security_socket_*). Any error
	// refuses; the call returns it, and nothing has happened.
	Security func(HookCall) Errno
	// Cgroup stands for the programs of the cgroup (BPF_CGROUP_RUN_PROG_*),
	// which refuse with EPERM unless they say otherwise.
	Cgroup func(HookCall) Errno
	// Alloc reports whether there is memory.
	Alloc func(AllocKind) bool
}

// Hook says where in the kernel the host is.
type Hook uint8

// The hooks of Security, then those of Cgroup. Where nothing else is said, Call
// has the arguments and an error refuses.
const (
	_                   Hook = iota
	SocketCreate             // Family, Type, Proto, Kern; there is no socket yet
	SocketPostCreate         // likewise, of a socket that is ready but for its descriptor
	SocketBind               //
	SocketListen             // N of the call is the backlog as bounded
	SocketAccept             // before the queue is looked at
	SocketConnect            //
	SocketSendmsg            //
	SocketRecvmsg            //
	SocketGetsockname        //
	SocketGetpeername        //
	SocketSetsockopt         //
	SocketGetsockopt         //
	SocketShutdown           //
	FileIoctl                // of any file
	FileFcntl                // of any file
	SockRcvSkb               // Packet arrives for the socket; refused, it is dropped
	InetConnRequest          // Packet is a SYN to a listener; refused, it is dropped
	InetCskClone             // Sock came of a request; the answer has no effect
	InetConnEstablished      // Sock's connect has succeeded; the answer has no effect
	CgroupSockCreate         // the socket is ready but for SocketPostCreate; not asked for the kernel's own
	CgroupSockRelease        // the answer has no effect; not asked for the kernel's own
	CgroupBind               // before the address is looked at
	CgroupPostBind           // the port is taken, and given back when refused
	CgroupConnect            // a stream or a datagram socket, before the protocol has it
	CgroupSendmsg            // a datagram to an address of its own
	CgroupRecvmsg            // a datagram whose sender is asked for; the answer has no effect
	CgroupGetname            // getsockname, getpeername; the answer has no effect
	CgroupSetsockopt         //
	CgroupGetsockopt         // the value is read, and withheld when refused
)

// HookCall is what a hook is asked.
type HookCall struct {
	Hook   Hook
	Thread Thread // who calls; 0 where nobody does
	UID    uint32 // and as whom (effective)
	Sock   int32  // the socket, by the host's numbering; -1 for none
	// Family, Type and Proto are the socket's, or what is asked for.
	Family, Type, Proto int32
	Kern                bool // the kernel's own socket
	// Call is the system call under way, the zero Call where there is none.
	Call Call
	// Packet is what arrives; to be copied when kept.
	Packet *Packet
}

// AllocKind is what memory is asked for.
type AllocKind uint8

// The allocations that can fail, and what follows.
const (
	_            AllocKind = iota
	AllocSocket            // the socket layer's half: ENFILE (sock_alloc)
	AllocSock              // the protocol's half: ENOMEM for AF_INET, ENOBUFS for AF_INET6 and in 2.4 (sk_alloc)
	AllocFile              // an open file: ENOMEM (alloc_empty_file)
	AllocEpoll             // an epoll or an entry of one: ENOMEM (ep_alloc, ep_insert)
	AllocListen            // 2.4's table of SYNs: ENOMEM (tcp_listen_start)
	AllocRequest           // a SYN is dropped (inet_reqsk_alloc)
	AllocChild             // the completing ACK is ignored (inet_csk_clone_lock)
)

// noCaller is Host.caller while no thread is calling.
const noCaller int32 = -1

// hookCall says where the host is.
func (h *Host) hookCall(k Hook, s *sock, p *Packet) HookCall {
	c := HookCall{Hook: k, Sock: int32(noSock), Packet: p}
	if h.caller != noCaller {
		c.Thread, c.UID, c.Call = Thread(h.caller), h.proc.cred.EUID, h.findThread(Thread(h.caller)).call
	}
	if s != nil {
		c.Sock, c.Family, c.Type, c.Proto, c.Kern = int32(s.id), int32(s.family), int32(s.typ), int32(s.proto), s.kern
	}
	return c
}

// ask puts a question about a socket to the security hook.
func (h *Host) ask(k Hook, s *sock) Errno {
	if h.hooks.Security == nil {
		return 0
	}
	return h.refused(h.hooks.Security(h.hookCall(k, s, nil)), rule.SecurityRefuses, s)
}

// askCgroup puts it to the cgroup hook.
func (h *Host) askCgroup(k Hook, s *sock) Errno {
	if h.hooks.Cgroup == nil {
		return 0
	}
	return h.refused(h.hooks.Cgroup(h.hookCall(k, s, nil)), rule.CgroupRefuses, s)
}

// refused notes a refusal, so that a trace says who was against it.
func (h *Host) refused(err Errno, why rule.ID, s *sock) Errno {
	if err != 0 {
		id := noSock
		if s != nil {
			id = s.id
		}
		h.emit(Noted, why, id)
	}
	return err
}

// askCreate asks about a socket that is not there yet.
func (h *Host) askCreate(family, typ, proto int32, kern bool) Errno {
	if h.hooks.Security == nil {
		return 0
	}
	c := h.hookCall(SocketCreate, nil, nil)
	c.Family, c.Type, c.Proto, c.Kern = family, typ, proto, kern
	return h.refused(h.hooks.Security(c), rule.SecurityRefuses, nil)
}

// inform tells the security hook of what has happened already.
func (h *Host) inform(k Hook, s *sock) {
	if h.hooks.Security != nil {
		h.hooks.Security(h.hookCall(k, s, nil))
	}
}

// informCgroup tells the cgroup hook.
func (h *Host) informCgroup(k Hook, s *sock) {
	if h.hooks.Cgroup != nil {
		h.hooks.Cgroup(h.hookCall(k, s, nil))
	}
}

// requestRefused reports that a SYN may not become a request.
func (h *Host) requestRefused(s *sock, p *Packet) bool {
	return h.hooks.Security != nil && h.hooks.Security(h.hookCall(InetConnRequest, s, p)) != 0
}

// allocates reports whether there is memory.
func (h *Host) allocates(k AllocKind) bool {
	if h.hooks.Alloc == nil || h.hooks.Alloc(k) {
		return true
	}
	h.emit(Noted, rule.NoMemory, noSock)
	return false
}

// askSetsockopt is setsockopt(2) with its hooks (do_sock_setsockopt).
func askSetsockopt(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	switch {
	case err != 0:
		return fail(err)
	case t.call.Len < 0:
		return fail(EINVAL)
	}
	if err = h.ask(SocketSetsockopt, s); err == 0 {
		err = h.askCgroup(CgroupSetsockopt, s)
	}
	if err == 0 && !h.callRules().hasOption(t.call.Level, t.call.Name) {
		err = ENOPROTOOPT
	}
	if err != 0 {
		return fail(err)
	}
	return sysSetsockopt(h, t)
}

// askGetsockopt is getsockopt(2) with its hooks: the cgroup's comes last, and
// has the result to judge (do_sock_getsockopt).
func askGetsockopt(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err == 0 {
		err = h.ask(SocketGetsockopt, s)
	}
	if err != 0 {
		return fail(err)
	}
	o := fail(ENOPROTOOPT)
	if h.callRules().hasOption(t.call.Level, t.call.Name) {
		o = sysGetsockopt(h, t)
	}
	if err := h.askCgroup(CgroupGetsockopt, s); err != 0 {
		t.ret.Data = nil
		return fail(err)
	}
	return o
}
