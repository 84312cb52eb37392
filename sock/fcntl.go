package sock

import (
	"encoding/binary"
	"slices"
)

// Commands of fcntl beyond descriptors and flags (include/uapi/linux/fcntl.h).
// A struct f_owner_ex goes in Call.Data and Return.Data.
const (
	F_SETOWN        = 8
	F_GETOWN        = 9
	F_SETSIG        = 10
	F_GETSIG        = 11
	F_SETOWN_EX     = 15
	F_GETOWN_EX     = 16
	F_GETOWNER_UIDS = 17
	F_GETLEASE      = 1025
	F_NOTIFY        = 1026
	F_DUPFD_QUERY   = 1027
	F_CREATED_QUERY = 1028
	F_SETPIPE_SZ    = 1031
	F_GETPIPE_SZ    = 1032

	F_OWNER_TID  = 0
	F_OWNER_PID  = 1
	F_OWNER_PGRP = 2
	F_UNLCK      = 2

	O_DIRECT  = 0x4000
	O_NOATIME = 0x40000
)

// maxSignal is the largest number of a signal (_NSIG).
const maxSignal = 64

// setfl are the flags that F_SETFL may change; O_ASYNC goes its own way, to the
// sockets alone (SETFL_MASK, setfl).
const setfl = O_NONBLOCK | O_APPEND | O_NOATIME

// fileOwner is who gets the signals of O_ASYNC (struct fown_struct).
type fileOwner struct {
	kind      uint8 // F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP
	signal    uint8 // F_SETSIG's, 0 for SIGIO
	pid       int32 // 0 is nobody
	uid, euid uint32
}

// fcntls are the commands that need no descriptor but the call's (do_fcntl).
var fcntls = [...]struct {
	command int64
	do      func(h *Host, t *thread, f *file) outcome
}{
	{F_GETFL, func(_ *Host, _ *thread, f *file) outcome { return done(int64(O_RDWR | f.flags)) }},
	{F_SETFL, setFlags},
	{F_SETOWN, func(h *Host, t *thread, f *file) outcome { return result(h.ownBy(f, int32(t.call.Arg))) }},
	{F_GETOWN, func(h *Host, _ *thread, f *file) outcome { return done(int64(h.ownerOf(f))) }},
	{F_SETOWN_EX, setOwner},
	{F_GETOWN_EX, getOwner},
	{F_GETOWNER_UIDS, getOwnerUIDs},
	{F_SETSIG, setSignal},
	{F_GETSIG, func(_ *Host, _ *thread, f *file) outcome { return done(int64(f.owner.signal)) }},
	{F_GETLEASE, func(*Host, *thread, *file) outcome { return done(F_UNLCK) }},
	{F_NOTIFY, notify},
	{F_DUPFD_QUERY, sameFile},
	{F_CREATED_QUERY, func(*Host, *thread, *file) outcome { return done(0) }},  // open(2) made none of these
	{F_SETPIPE_SZ, func(*Host, *thread, *file) outcome { return fail(EBADF) }}, // not a pipe
	{F_GETPIPE_SZ, func(*Host, *thread, *file) outcome { return fail(EBADF) }},
}

// fileFcntl finds and carries out a command of the file.
func (h *Host) fileFcntl(t *thread, f *file) outcome {
	for i := range fcntls {
		if fcntls[i].command == t.call.N {
			return fcntls[i].do(h, t, f)
		}
	}
	return fail(EINVAL)
}

// setFlags is F_SETFL (setfl): nothing changes when one flag is refused.
func setFlags(h *Host, t *thread, f *file) outcome {
	arg := int32(t.call.Arg)
	if arg&O_NOATIME&^f.flags != 0 && !h.ownsInode(f) {
		return fail(EPERM)
	}
	if arg&O_DIRECT != 0 {
		return fail(EINVAL) // there is no page cache to go round
	}
	f.flags = f.flags&^setfl | arg&setfl
	f.async(arg&O_ASYNC != 0)
	return done(0)
}

// async sets O_ASYNC, and reports whether the file can have it as wanted: an epoll
// has no fasync operation.
func (f *file) async(on bool) bool {
	switch {
	case on == (f.flags&O_ASYNC != 0):
		return true
	case f.kind != fileSocket:
		return false
	}
	f.flags ^= O_ASYNC
	return true
}

// ownsInode reports whether the caller made the file, or is root
// (inode_owner_or_capable). The inode of all epolls is root's.
func (h *Host) ownsInode(f *file) bool {
	s, euid := h.sockAt(f.sock), h.proc.cred.EUID
	return euid == 0 || s != nil && s.uid == euid
}

// ownBy is F_SETOWN: a negative number is a process group's (f_setown).
func (h *Host) ownBy(f *file, who int32) Errno {
	if who == -1<<31 {
		return EINVAL
	}
	if who < 0 {
		return h.setOwner(f, F_OWNER_PGRP, -who)
	}
	return h.setOwner(f, F_OWNER_PID, who)
}

// setOwner makes pid the owner, or nobody if it is 0; who did so stays noted when
// the owner goes (__f_setown).
func (h *Host) setOwner(f *file, kind uint8, pid int32) Errno {
	if pid != 0 && !h.pidLives(pid) {
		return ESRCH
	}
	f.owner.kind, f.owner.pid = kind, pid
	if pid != 0 {
		f.owner.uid, f.owner.euid = h.proc.cred.UID, h.proc.cred.EUID
	}
	return 0
}

// pidLives reports whether a process has that number (find_vpid).
func (h *Host) pidLives(pid int32) bool {
	return slices.ContainsFunc(h.procs, func(p *process) bool { return p != nil && p.pid == pid })
}

// ownerPID is the owner's number while it lives. All processes are of the first
// one's group, which has its number (pid_task).
func (h *Host) ownerPID(f *file) int32 {
	lives := h.pidLives(f.owner.pid)
	if f.owner.kind == F_OWNER_PGRP {
		lives = f.owner.pid == firstPID
	}
	if !lives {
		return 0
	}
	return f.owner.pid
}

// ownerOf is F_GETOWN (f_getown).
func (h *Host) ownerOf(f *file) int32 {
	if pid := h.ownerPID(f); f.owner.kind != F_OWNER_PGRP {
		return pid
	}
	return -h.ownerPID(f)
}

// setOwner is F_SETOWN_EX (f_setown_ex).
func setOwner(h *Host, t *thread, f *file) outcome {
	b := t.call.Data
	if len(b) < 8 || t.call.Fault&FaultData != 0 {
		return fail(EFAULT)
	}
	kind := binary.LittleEndian.Uint32(b)
	if kind > F_OWNER_PGRP {
		return fail(EINVAL)
	}
	return result(h.setOwner(f, uint8(kind), int32(binary.LittleEndian.Uint32(b[4:]))))
}

// getOwner is F_GETOWN_EX (f_getown_ex).
func getOwner(h *Host, t *thread, f *file) outcome {
	return t.giveWords(uint32(f.owner.kind), uint32(h.ownerPID(f)))
}

// getOwnerUIDs is F_GETOWNER_UIDS: whose right the signals are sent by.
func getOwnerUIDs(_ *Host, t *thread, f *file) outcome {
	return t.giveWords(f.owner.uid, f.owner.euid)
}

// giveWords returns two ints through the call's pointer.
func (t *thread) giveWords(a, b uint32) outcome {
	if t.call.Fault&FaultData != 0 {
		return fail(EFAULT)
	}
	t.in = append(t.in[:0], 0, 0, 0, 0, 0, 0, 0, 0)
	le32(t.in, a)
	le32(t.in[4:], b)
	t.ret.Data = t.in
	return done(0)
}

// setSignal is F_SETSIG: a real-time signal instead of SIGIO.
func setSignal(_ *Host, t *thread, f *file) outcome {
	if uint64(t.call.Arg) > maxSignal {
		return fail(EINVAL)
	}
	f.owner.signal = uint8(t.call.Arg)
	return done(0)
}

// notify is F_NOTIFY, which only directories have; to want nothing is to stop
// (fcntl_dirnotify).
func notify(_ *Host, t *thread, _ *file) outcome {
	const multishot = 0x80000000
	if uint32(t.call.Arg)&^multishot == 0 {
		return done(0)
	}
	return fail(ENOTDIR)
}

// sameFile is F_DUPFD_QUERY: whether another descriptor has the same file.
func sameFile(h *Host, t *thread, _ *file) outcome {
	other := h.fileAt(int32(t.call.Arg))
	if other == noFile {
		return fail(EBADF)
	}
	return done(int64(flag(other == h.fileAt(t.call.FD))))
}
