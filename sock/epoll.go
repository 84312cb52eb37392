package sock

import "github.com/sockspec/sockspec/queue"

// epoll is an interest list and the list of what may be ready, in the order in
// which it became so (struct eventpoll).
type epoll struct {
	used    bool
	items   []epitem
	ready   []epkey
	waiters queue.Waiters[Thread]
}

// epkey names an item: a descriptor may be reused while a dup keeps the file.
type epkey struct {
	fd   int32
	file fileID
}

// epitem is one entry of the interest list.
type epitem struct {
	key    epkey
	events uint32
	data   uint64
}

// epPrivate are the bits that EPOLLONESHOT leaves when it fires (EP_PRIVATE_BITS).
const epPrivate = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE

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
	i := 0
	for i < len(h.epolls) && h.epolls[i].used {
		i++
	}
	if i == len(h.epolls) {
		h.epolls = append(h.epolls, epoll{})
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

// sysEpollCtl is epoll_ctl(2).
func sysEpollCtl(h *Host, t *thread) outcome {
	c := &t.call
	target := clampInt32(c.Arg)
	f := h.fileAt(target)
	if h.fileAt(c.FD) < 0 || f < 0 {
		return fail(EBADF)
	}
	ep, self, err := h.epollAt(c.FD)
	if err != 0 || self == f {
		return fail(EINVAL)
	}
	key := epkey{target, f}
	i := ep.find(key)
	switch c.N {
	case EPOLL_CTL_ADD:
		if i >= 0 {
			return fail(EEXIST)
		}
		if !h.allocates(AllocEpoll) {
			return fail(ENOMEM)
		}
		ep.items = append(ep.items, epitem{key: key})
		i = len(ep.items) - 1
	case EPOLL_CTL_MOD:
		if i < 0 {
			return fail(ENOENT)
		}
	case EPOLL_CTL_DEL:
		if i < 0 {
			return fail(ENOENT)
		}
		ep.remove(i)
		return done(0)
	default:
		return fail(EINVAL)
	}
	it := &ep.items[i]
	it.events, it.data = c.Events|POLLERR|POLLHUP, c.UData
	if h.pollFile(&h.files[f])&it.events != 0 {
		h.epollReady(ep, key)
	}
	return done(0)
}

func (ep *epoll) find(k epkey) int {
	for i := range ep.items {
		if ep.items[i].key == k {
			return i
		}
	}
	return -1
}

func (ep *epoll) remove(i int) {
	k := ep.items[i].key
	ep.items = append(ep.items[:i], ep.items[i+1:]...)
	for j := range ep.ready {
		if ep.ready[j] == k {
			ep.ready = append(ep.ready[:j], ep.ready[j+1:]...)
			return
		}
	}
}

// epollReady puts an item at the end of the ready list, once, and wakes one who
// waits.
func (h *Host) epollReady(ep *epoll, k epkey) {
	for _, r := range ep.ready {
		if r == k {
			return
		}
	}
	ep.ready = append(ep.ready, k)
	h.run = ep.waiters.WakeOne(h.run)
}

// epollNotify tells every epoll that watches the socket of an event
// (ep_poll_callback). A wake-up without a key counts as every event.
func (h *Host) epollNotify(s *sock, mask uint32) {
	for i := range h.epolls {
		ep := &h.epolls[i]
		for j := range ep.items {
			it := &ep.items[j]
			f := &h.files[it.key.file]
			if f.kind == fileSocket && f.sock == s.id && it.events&^epPrivate != 0 && it.events&mask != 0 {
				h.epollReady(ep, it.key)
			}
		}
	}
}

// sysEpollWait is epoll_wait(2): Len events at most, Timeout in milliseconds.
func sysEpollWait(h *Host, t *thread) outcome {
	if t.call.Len <= 0 {
		return fail(EINVAL)
	}
	_, f, err := h.epollAt(t.call.FD)
	if err != 0 {
		return fail(err)
	}
	t.file = f
	h.pollPatience(t)
	return epollResume(h, t)
}

// epollResume hands out what is ready (ep_send_events): level-triggered items
// go to the end of the list and are looked at again next time; edge-triggered
// and one-shot ones wait for an event, or for epoll_ctl.
func epollResume(h *Host, t *thread) outcome {
	ep := &h.epolls[h.files[t.file].epoll]
	t.poll = t.poll[:0]
	n := len(ep.ready)
	for ; n > 0 && len(t.poll) < int(t.call.Len); n-- {
		k := ep.ready[0]
		ep.ready = ep.ready[:copy(ep.ready, ep.ready[1:])]
		i := ep.find(k)
		if i < 0 {
			continue
		}
		it := &ep.items[i]
		got := h.pollFile(&h.files[k.file]) & it.events
		if it.events&^epPrivate == 0 || got == 0 {
			continue
		}
		t.poll = append(t.poll, PollFD{FD: k.fd, Events: got, Revents: got, Data: it.data})
		switch {
		case it.events&EPOLLONESHOT != 0:
			it.events &= epPrivate
		case it.events&EPOLLET == 0:
			ep.ready = append(ep.ready, k)
		}
	}
	t.ret.Poll = t.poll
	switch {
	case len(t.poll) > 0:
		return done(int64(len(t.poll)))
	case t.signal:
		return fail(EINTR)
	case !h.waits(t):
		return done(0)
	}
	ep.waiters.Add(t.id, true)
	return parks()
}

// epollPoll is what an epoll that is itself polled shows.
func (h *Host) epollPoll(i int32) uint32 {
	ep := &h.epolls[i]
	for _, k := range ep.ready {
		if j := ep.find(k); j >= 0 && h.files[k.file].kind == fileSocket &&
			h.pollFile(&h.files[k.file])&ep.items[j].events != 0 {
			return POLLIN | POLLRDNORM
		}
	}
	return 0
}

// epollForget takes a file that is being closed off every interest list
// (eventpoll_release).
func (h *Host) epollForget(s *sock) {
	for i := range h.epolls {
		ep := &h.epolls[i]
		for j := len(ep.items) - 1; j >= 0; j-- {
			if f := ep.items[j].key.file; h.files[f].refs <= 0 {
				ep.remove(j)
			}
		}
	}
}

// freeEpoll lets go of an epoll.
func (h *Host) freeEpoll(i int32) { h.epolls[i] = epoll{} }
