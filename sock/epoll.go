package sock

import "github.com/sockspec/sockspec/queue"

// epoll is an interest list and the list of what may be ready, in the order in
// which it became so (struct eventpoll).
type epoll struct {
	used    bool
	items   []epitem           // by slot; free ones have no file
	free    []int32            // slots to be used again
	ready   queue.Deque[int32] // slots
	waiters queue.Waiters[Thread]
	watch   []epref // what watches the epoll itself
}

// epitem is one entry of the interest list. A descriptor may be reused while a
// dup keeps the file, so it takes both to name one.
type epitem struct {
	fd     int32
	file   fileID // noFile where the slot is free
	linked bool   // on the ready list
	events uint32
	data   uint64
	since  uint64 // see Host.stamp
}

// epref is an entry of an epoll on the wait list of what it watches (struct
// eppoll_entry).
type epref struct{ ep, slot int32 }

const (
	// epPrivate are the bits that EPOLLONESHOT leaves when it fires (EP_PRIVATE_BITS).
	epPrivate = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE
	// epExclusiveOK are those that may go with EPOLLEXCLUSIVE.
	epExclusiveOK = POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE
	// epMaxNests bounds epolls that watch epolls (EP_MAX_NESTS).
	epMaxNests = 4
)

// sysEpollCreate is epoll_create1(2).
func sysEpollCreate(h *Host, t *thread) outcome {
	if t.call.Flags&^O_CLOEXEC != 0 {
		return fail(EINVAL)
	}
	if !h.allocates(AllocEpoll) {
		return fail(ENOMEM)
	}
	fd, err := h.proc.lowest(0)
	if err != 0 {
		return fail(err)
	}
	if err := h.mayOpen(); err != 0 {
		return fail(err)
	}
	i, spare := h.spareEpolls.take()
	if !spare {
		i, h.epolls = len(h.epolls), append(h.epolls, epoll{})
	}
	h.epolls[i] = epoll{used: true}
	h.install(fd, h.newFile(file{kind: fileEpoll, epoll: int32(i), sock: noSock}), t.call.Flags&O_CLOEXEC != 0)
	return done(int64(fd))
}

// epollAt finds a descriptor's epoll.
func (h *Host) epollAt(fd int32) (*epoll, fileID, Errno) {
	f := h.fileAt(fd)
	if f < 0 {
		return nil, noFile, EBADF
	}
	if h.files[f].kind != fileEpoll {
		return nil, f, EINVAL
	}
	return &h.epolls[h.files[f].epoll], f, 0
}

// sysEpollCtl is epoll_ctl(2), with Linux's order of checks (do_epoll_ctl).
func sysEpollCtl(h *Host, t *thread) outcome {
	c := &t.call
	target := clampInt32(c.Arg)
	f := h.fileAt(target)
	if h.fileAt(c.FD) < 0 || f < 0 {
		return fail(EBADF)
	}
	ep, self, err := h.epollAt(c.FD)
	nested := h.files[f].kind == fileEpoll
	switch {
	case err != 0 || self == f:
		return fail(EINVAL)
	case c.Events&EPOLLEXCLUSIVE == 0:
	case c.N == EPOLL_CTL_MOD, c.N == EPOLL_CTL_ADD && (nested || c.Events&^epExclusiveOK != 0):
		return fail(EINVAL)
	}
	at := h.files[self].epoll
	if c.N == EPOLL_CTL_ADD && nested && h.epollLoops(at, h.files[f].epoll) {
		return fail(ELOOP)
	}
	slot := h.epollFind(at, target, f)
	switch {
	case c.N == EPOLL_CTL_ADD && slot >= 0:
		return fail(EEXIST)
	case c.N == EPOLL_CTL_ADD:
		if !h.allocates(AllocEpoll) {
			return fail(ENOMEM)
		}
		slot = h.epollInsert(at, epitem{fd: target, file: f}, c.Events&EPOLLEXCLUSIVE != 0)
	case c.N != EPOLL_CTL_MOD && c.N != EPOLL_CTL_DEL:
		return fail(EINVAL)
	case slot < 0:
		return fail(ENOENT)
	case c.N == EPOLL_CTL_DEL:
		h.epollRemove(at, slot)
		return done(0)
	case ep.items[slot].events&EPOLLEXCLUSIVE != 0:
		return fail(EINVAL)
	}
	it := &ep.items[slot]
	it.events, it.data = c.Events|POLLERR|POLLHUP, c.UData
	if h.epollItem(it, 1) != 0 && !it.linked {
		h.epollLink(at, slot)
	}
	return done(0)
}

// watchList is where those who watch a file stand.
func (h *Host) watchList(id fileID) *[]epref {
	f := &h.files[id]
	if f.kind == fileEpoll {
		return &h.epolls[f.epoll].watch
	}
	return &h.socks[f.sock].watch
}

// epollFind is the slot of a descriptor and its file, -1 when they are not watched.
func (h *Host) epollFind(ep, fd int32, f fileID) int32 {
	for _, r := range *h.watchList(f) {
		if r.ep == ep && h.epolls[ep].items[r.slot].fd == fd {
			return r.slot
		}
	}
	return -1
}

// epollInsert takes the item in. Who watches exclusively stands at the end of
// the wait list, everybody else at its head (ep_ptable_queue_proc).
func (h *Host) epollInsert(at int32, it epitem, exclusive bool) int32 {
	ep := &h.epolls[at]
	it.since = h.stamp()
	slot := int32(len(ep.items))
	if n := len(ep.free); n > 0 {
		slot, ep.free = ep.free[n-1], ep.free[:n-1]
		ep.items[slot] = it
	} else {
		ep.items = append(ep.items, it)
	}
	list := h.watchList(it.file)
	*list = append(*list, epref{at, slot})
	if !exclusive {
		copy((*list)[1:], *list)
		(*list)[0] = epref{at, slot}
	}
	return slot
}

// epollRemove takes an item off the interest list, the ready list and the wait
// list of its file (ep_remove).
func (h *Host) epollRemove(at, slot int32) {
	ep := &h.epolls[at]
	list := h.watchList(ep.items[slot].file)
	for i, r := range *list {
		if r == (epref{at, slot}) {
			*list = append((*list)[:i], (*list)[i+1:]...)
			break
		}
	}
	ep.dismiss(slot)
}

// dismiss frees a slot.
func (ep *epoll) dismiss(slot int32) {
	for i := 0; ep.items[slot].linked && i < ep.ready.Len(); i++ {
		if *ep.ready.At(i) == slot {
			ep.ready.Remove(i)
			break
		}
	}
	ep.items[slot] = epitem{file: noFile}
	ep.free = append(ep.free, slot)
}

// epollForget takes a file that is being closed off every interest list
// (eventpoll_release_file).
func (h *Host) epollForget(watch *[]epref) {
	for _, r := range *watch {
		h.epolls[r.ep].dismiss(r.slot)
	}
	*watch = nil
}

// freeEpoll lets go of an epoll, and of all that it watches (ep_free).
func (h *Host) freeEpoll(at int32) {
	h.epollForget(&h.epolls[at].watch)
	for slot := range h.epolls[at].items {
		if h.epolls[at].items[slot].file != noFile {
			h.epollRemove(at, int32(slot))
		}
	}
	h.epolls[at] = epoll{}
	h.spareEpolls.put(int(at))
}

// epollLoops reports whether letting ep watch to would make a circle, or nest
// too deep (ep_loop_check).
func (h *Host) epollLoops(ep, to int32) bool {
	down := h.epollDepth(ep, to, 0)
	return down > epMaxNests || down+1+h.epollHeight(ep, 0) > epMaxNests
}

// epollDepth is how many epolls lie below one another; too many when ep is
// among them (ep_loop_check_proc).
func (h *Host) epollDepth(ep, at int32, depth int) (most int) {
	if at == ep || depth > epMaxNests {
		return epMaxNests + 1
	}
	for i := range h.epolls[at].items {
		it := &h.epolls[at].items[i]
		if it.file != noFile && h.files[it.file].kind == fileEpoll {
			most = max(most, h.epollDepth(ep, h.files[it.file].epoll, depth+1)+1)
		}
	}
	return most
}

// epollHeight is how many lie above (ep_get_upwards_depth_proc).
func (h *Host) epollHeight(at int32, depth int) (most int) {
	if depth > epMaxNests {
		return depth
	}
	for _, r := range h.epolls[at].watch {
		most = max(most, h.epollHeight(r.ep, depth+1)+1)
	}
	return most
}
