package sock

import "github.com/sockspec/sockspec/queue"

// fileID names an open file description; noFile is none.
type fileID int32

const noFile fileID = -1

// fileKind says what a file is.
type fileKind uint8

const (
	fileFree fileKind = iota
	fileSocket
	fileEpoll
)

// file is an open file description (struct file), shared by dup'ed descriptors.
type file struct {
	kind  fileKind
	flags int32 // O_NONBLOCK, O_APPEND, O_NOATIME, O_ASYNC as F_SETFL leaves them
	refs  int32 // descriptors, and calls that wait on it
	sock  sockID
	epoll int32 // index of an epoll
	owner fileOwner
}

// descriptor is a slot of a process's table.
type descriptor struct {
	file    fileID
	cloexec bool
}

// mayOpen reports whether one more file may be open in the system, which only
// root may overdraw (alloc_empty_file).
func (h *Host) mayOpen() Errno {
	if int64(h.fileCount) >= h.sysctl.get(ctlFileMax) && !h.capable(CapSysAdmin) {
		return ENFILE
	}
	if !h.allocates(AllocFile) {
		return ENOMEM
	}
	return 0
}

// newFile takes the lowest free file description.
func (h *Host) newFile(f file) fileID {
	h.fileCount++
	if i, ok := h.spareFiles.take(); ok {
		h.files[i] = f
		return fileID(i)
	}
	h.files = append(h.files, f)
	return fileID(len(h.files) - 1)
}

// openSock gives the socket a file and a descriptor.
func (h *Host) openSock(fd int32, s *sock, flags int32) {
	f := h.newFile(file{kind: fileSocket, flags: flags & O_NONBLOCK, sock: s.id})
	h.install(fd, f, flags&SOCK_CLOEXEC != 0)
}

// fileAt finds what a descriptor refers to, or noFile (fdget).
func (h *Host) fileAt(fd int32) fileID {
	if fd < 0 || int(fd) >= len(h.proc.fds) {
		return noFile
	}
	return max(h.proc.fds[fd].file, noFile) // one that is only reserved is not open
}

// lookup finds a descriptor's socket (sockfd_lookup_light).
func (h *Host) lookup(fd int32) (fileID, *sock, Errno) {
	f := h.fileAt(fd)
	if f == noFile {
		return noFile, nil, EBADF
	}
	if h.files[f].kind != fileSocket {
		return f, nil, ENOTSOCK
	}
	return f, h.socks[h.files[f].sock], 0
}

// put drops one reference; last says that nobody holds the file any more and
// that its slot is free.
func (h *Host) put(id fileID) (was file, last bool) {
	f := &h.files[id]
	f.refs--
	if f.refs > 0 {
		return file{}, false
	}
	was = *f
	*f = file{}
	h.spareFiles.put(int(id))
	h.fileCount--
	return was, true
}

// sysFcntl is fcntl(2), as far as sockets go.
func sysFcntl(h *Host, t *thread) outcome {
	c := &t.call
	id := h.fileAt(c.FD)
	if id == noFile {
		return fail(EBADF)
	}
	if err := h.ask(FileFcntl, h.sockAt(h.files[id].sock)); err != 0 {
		return fail(err)
	}
	f, d := &h.files[id], &h.proc.fds[c.FD]
	switch c.N {
	case F_DUPFD:
		return h.dupFrom(c.FD, clampInt32(c.Arg), false)
	case F_DUPFD_CLOEXEC:
		return h.dupFrom(c.FD, clampInt32(c.Arg), true)
	case F_GETFD:
		if d.cloexec {
			return done(FD_CLOEXEC)
		}
		return done(0)
	case F_SETFD:
		d.cloexec = c.Arg&FD_CLOEXEC != 0
		return done(0)
	}
	return h.fileFcntl(t, f)
}

// clampInt32 bounds a caller's number so that what is out of range stays so.
func clampInt32(v int64) int32 {
	return int32(min(max(v, -1), 1<<31-1))
}

// fingerprint feeds what a program could tell of the file.
func (f *file) fingerprint(hash *queue.Hash) {
	hash.U64(uint64(f.kind)<<32 | uint64(uint32(f.flags)))
	hash.U64(uint64(uint32(f.refs))<<32 | uint64(uint32(f.sock)))
	hash.U32(uint32(f.epoll))
	hash.U64(uint64(f.owner.kind)<<40 | uint64(f.owner.signal)<<32 | uint64(uint32(f.owner.pid)))
	hash.U64(uint64(f.owner.uid)<<32 | uint64(f.owner.euid))
}
