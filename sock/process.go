package sock

import (
	"slices"

	"github.com/sockspec/sockspec/queue"
)

// process is what the threads of one process share (struct files_struct, signal
// and cred of a task): descriptors, their limit, credentials.
type process struct {
	pid   int32
	fds   []descriptor
	free  slots // of fds, those that stand for nothing
	first int32 // lowest descriptor to give out
	limit int32 // RLIMIT_NOFILE, soft
	hard  int32 // and its ceiling
	cred  Cred
}

// firstPID is the process that a host begins with, and to which every thread
// belongs that clone did not make.
const firstPID = 1

// maxProcesses bounds how many live at once (kernel.pid_max).
const maxProcesses = 1 << 15

// maxFiles bounds the descriptors of a process (fs.nr_open).
const maxFiles = 1 << 20

func newProcess(first, limit int32, caps Capability) *process {
	if limit <= 0 {
		limit = 1024
	}
	limit = min(limit, maxFiles)
	return &process{
		pid: firstPID, limit: limit, hard: maxFiles, first: min(max(first, 0), limit),
		cred: Cred{Permitted: caps, Effective: caps, bound: caps},
	}
}

// lowest is the lowest free descriptor that is at least from, or EMFILE
// (alloc_fd).
func (p *process) lowest(from int32) (int32, Errno) {
	from = max(from, p.first)
	fd, ok := p.free.next(int(from))
	if !ok {
		fd = max(int(from), len(p.fds))
	}
	if fd >= int(p.limit) {
		return 0, EMFILE
	}
	return int32(fd), 0
}

// grow makes room for descriptor fd (expand_files).
func (p *process) grow(fd int32) {
	for int(fd) >= len(p.fds) {
		p.free.put(len(p.fds))
		p.fds = append(p.fds, descriptor{file: noFile})
	}
}

// point lets descriptor fd, for which there is room, stand for something, or for
// nothing any more.
func (p *process) point(fd int32, d descriptor) {
	p.fds[fd] = d
	if d.file == noFile {
		p.free.put(int(fd))
		return
	}
	p.free.use(int(fd))
}

// install lets fd, which lowest has named, refer to the file (fd_install).
func (h *Host) install(fd int32, f fileID, cloexec bool) {
	h.proc.grow(fd)
	h.proc.point(fd, descriptor{f, cloexec})
	h.files[f].refs++
}

// enterProcess makes the thread and its process the ones that call (current).
func (h *Host) enterProcess(t *thread) {
	h.proc, h.caller = h.procs[t.proc], int32(t.id)
}

// addProcess takes the lowest free place in the table, and a number that was
// never used before (alloc_pid; it does not wrap here).
func (h *Host) addProcess(p *process) (int32, Errno) {
	i := slices.Index(h.procs, nil)
	if i < 0 {
		if i = len(h.procs); i >= maxProcesses {
			return 0, EAGAIN
		}
		h.procs = append(h.procs, nil)
	}
	h.lastPID++
	p.pid, h.procs[i] = h.lastPID, p
	return int32(i), 0
}

// clone copies the process.
func (p *process) clone() *process {
	c := *p
	c.fds, c.free, c.cred.Groups = slices.Clone(p.fds), p.free.clone(), slices.Clone(p.cred.Groups)
	return &c
}

// fingerprint feeds what the process's calls depend on.
func (p *process) fingerprint(f *queue.Hash) {
	f.U64(uint64(uint32(p.limit))<<32 | uint64(uint32(p.hard)))
	f.U64(uint64(uint32(p.pid))<<32 | uint64(uint32(p.first)))
	used := len(p.fds) // room that was made and is not used tells nothing
	for used > 0 && p.fds[used-1] == (descriptor{file: noFile}) {
		used--
	}
	f.U64(uint64(used))
	for i := range p.fds[:used] {
		f.U32(uint32(p.fds[i].file))
		f.Bool(p.fds[i].cloexec)
	}
	p.cred.fingerprint(f)
}
