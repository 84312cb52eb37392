package sock

// Requests of ioctl that every file or every socket takes (asm-generic/ioctls.h,
// sockios.h). What they set is Call.Arg itself.
const (
	FIOASYNC  = 0x5452
	FIOQSIZE  = 0x5460
	FIGETBSZ  = 2
	FIOSETOWN = 0x8901
	SIOCSPGRP = 0x8902
	FIOGETOWN = 0x8903
	SIOCGPGRP = 0x8904
)

// inodeBlock is the block size of sockets' and epolls' file systems, octets.
const inodeBlock = 4096

// sysIoctl is ioctl(2): what every file knows, then what every socket does, then
// its protocol's.
func sysIoctl(h *Host, t *thread) outcome {
	c := &t.call
	id := h.fileAt(c.FD)
	if id == noFile {
		return fail(EBADF)
	}
	if err := h.ask(FileIoctl, h.sockAt(h.files[id].sock)); err != 0 {
		return fail(err)
	}
	f := &h.files[id]
	if o, found := h.fileIoctl(t, f); found {
		return o
	}
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(EINVAL) // an epoll has none of these (ep_eventpoll_ioctl)
	}
	switch c.N {
	case FIOSETOWN, SIOCSPGRP:
		if c.Fault&FaultData != 0 {
			return fail(EFAULT)
		}
		return result(h.ownBy(f, int32(c.Arg)))
	case FIOGETOWN, SIOCGPGRP:
		return t.argInt(done(int64(h.ownerOf(f))))
	case SIOCGSTAMP, SIOCGSTAMPNS:
		return h.lastStamp(s, t)
	}
	return h.socketIoctl(s, t)
}

// socketIoctl asks the protocol, and when it has no such request the devices
// (sock_do_ioctl).
func (h *Host) socketIoctl(s *sock, t *thread) outcome {
	o := s.ops.ioctl(h, s, t.call.N)
	if o.err == ENOTTY {
		if dev, found := h.deviceIoctl(s, t); found {
			return dev
		}
	}
	return t.argInt(o)
}

// fileIoctl are the requests that do not depend on the kind of file
// (do_vfs_ioctl); found is whether it is one.
func (h *Host) fileIoctl(t *thread, f *file) (o outcome, found bool) {
	c := &t.call
	switch c.N {
	case FIOCLEX, FIONCLEX:
		h.proc.fds[c.FD].cloexec = c.N == FIOCLEX
		return done(0), true
	case FIONBIO, FIOASYNC:
		return f.ioctlFlag(c), true
	case FIOQSIZE:
		return fail(ENOTTY), true // of directories, files and links
	case FIGETBSZ:
		return t.argInt(done(inodeBlock)), true
	}
	return outcome{}, false
}

// ioctlFlag sets O_NONBLOCK or O_ASYNC (ioctl_fionbio, ioctl_fioasync).
func (f *file) ioctlFlag(c *Call) outcome {
	switch {
	case c.Fault&FaultData != 0:
		return fail(EFAULT)
	case c.N == FIOASYNC && !f.async(c.Arg != 0):
		return fail(ENOTTY)
	case c.N == FIONBIO && c.Arg != 0:
		f.flags |= O_NONBLOCK
	case c.N == FIONBIO:
		f.flags &^= O_NONBLOCK
	}
	return done(0)
}

// argInt returns an outcome's value through the call's pointer, as an int.
func (t *thread) argInt(o outcome) outcome {
	if o.err != 0 {
		return o
	}
	if t.call.Fault&FaultData != 0 {
		return fail(EFAULT)
	}
	t.ret.Data = le32(append(t.in[:0], 0, 0, 0, 0), uint32(o.value))
	t.in, o.value = t.ret.Data, 0
	return o
}
