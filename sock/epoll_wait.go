package sock

import "github.com/sockspec/sockspec/queue"

// maxEpollEvents bounds the events of one epoll_wait (EP_MAX_EVENTS).
const maxEpollEvents = maxInt32 / 12

// epollItem is what an item has to report. An epoll that is watched is looked
// into, a bounded depth down (ep_item_poll).
func (h *Host) epollItem(it *epitem, depth int) uint32 {
	f := &h.files[it.file]
	if f.kind == fileEpoll {
		return h.epollPoll(f.epoll, depth) & it.events
	}
	return h.pollFile(f) & it.events
}

// epollPoll is what an epoll that is itself polled shows. What turns out not to
// be ready is taken off the list on the way (__ep_eventpoll_poll).
func (h *Host) epollPoll(at int32, depth int) uint32 {
	if depth > epMaxNests+1 {
		return 0
	}
	ep := &h.epolls[at]
	for ep.ready.Len() > 0 {
		it := &ep.items[*ep.ready.At(0)]
		if h.epollItem(it, depth+1) != 0 {
			h.run = ep.waiters.WakeOne(h.run) // ep_done_scan: the list is not empty
			return POLLIN | POLLRDNORM
		}
		it.linked = false
		ep.ready.PopFront()
	}
	return 0
}

// epollLink puts an item at the end of the ready list, wakes one who waits and
// tells those who watch the epoll.
func (h *Host) epollLink(at, slot int32) {
	ep := &h.epolls[at]
	if it := &ep.items[slot]; !it.linked {
		it.linked = true
		ep.ready.PushBack(slot)
	}
	n := len(h.run)
	h.run = ep.waiters.WakeOne(h.run)
	h.pollSleepOn(&ep.waiters, n, POLLIN)
	h.epollTell(ep.watch, POLLIN|POLLRDNORM)
}

// epollNotify tells every epoll that watches the socket of an event. Threads and
// epolls stand in one list: those in h.run from the one given on were woken of it,
// and who waits for an epoll wakes before those of them that have waited longer
// than it watches. Who watches exclusively comes after all.
func (h *Host) epollNotify(s *sock, mask uint32, at int) {
	for _, r := range s.watch {
		it, end := &h.epolls[r.ep].items[r.slot], len(h.run)
		for at < end && (it.events&EPOLLEXCLUSIVE != 0 || h.findThread(h.run[at]).since > it.since) {
			at++
		}
		told := h.epollEvent(r, mask)
		for ; end < len(h.run); at, end = at+1, end+1 {
			id := h.run[end]
			copy(h.run[at+1:end+1], h.run[at:end])
			h.run[at] = id
		}
		if told && mask != wakeAny {
			return
		}
	}
}

// stamp counts who comes to wait or to watch, so that lists of threads and of
// epolls can be told as the one that they are.
func (h *Host) stamp() uint64 {
	h.stamps++
	return h.stamps
}

// epollTell goes along a wait list: all are told until one that watches
// exclusively has woken somebody (__wake_up_common).
func (h *Host) epollTell(list []epref, mask uint32) {
	for _, r := range list {
		if h.epollEvent(r, mask) && mask != wakeAny {
			return
		}
	}
}

// epollEvent is ep_poll_callback: the item becomes ready if it asked for such an
// event. A wake-up without a key counts as every event. It reports an exclusive
// item that has woken somebody.
func (h *Host) epollEvent(r epref, mask uint32) bool {
	ep := &h.epolls[r.ep]
	events := ep.items[r.slot].events
	if events&^epPrivate == 0 || events&mask == 0 {
		return false
	}
	sleeps := ep.waiters.Len() > 0
	h.epollLink(r.ep, r.slot)
	if events&EPOLLEXCLUSIVE == 0 || !sleeps {
		return false
	}
	switch mask & (POLLIN | POLLOUT) {
	case POLLIN:
		return events&POLLIN != 0
	case POLLOUT:
		return events&POLLOUT != 0
	case 0:
		return true
	}
	return mask == wakeAny
}

// sysEpollWait is epoll_wait(2): Len events at most, Timeout in milliseconds.
func sysEpollWait(h *Host, t *thread) outcome {
	_, f, err := h.epollAt(t.call.FD)
	switch {
	case err != 0: // EBADF comes before everything (do_epoll_wait)
		return fail(err)
	case t.call.Len <= 0 || t.call.Len > maxEpollEvents:
		return fail(EINVAL)
	}
	t.file = f
	h.pollPatience(t)
	return epollResume(h, t)
}

// epollResume hands out what is ready. When something is left on the list, or
// was put back, the next one who waits may look (ep_send_events, ep_done_scan).
func epollResume(h *Host, t *thread) outcome {
	at := h.files[t.file].epoll
	ep := &h.epolls[at]
	ep.waiters.Remove(t.id) // it is awake, by whatever woke it
	h.epollSend(t, at)
	if ep.ready.Len() > 0 {
		h.run = ep.waiters.WakeOne(h.run)
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
	ep.waiters.AddFirst(t.id) // of several the latest is woken first (ep_poll)
	return parks()
}

// epollSend fills t.poll: level-triggered items go to the end of the list and
// are looked at again next time; edge-triggered and one-shot ones wait for an
// event, or for epoll_ctl.
func (h *Host) epollSend(t *thread, at int32) {
	ep := &h.epolls[at]
	t.poll = t.poll[:0]
	for n := ep.ready.Len(); n > 0 && len(t.poll) < int(t.call.Len); n-- {
		slot, _ := ep.ready.PopFront()
		it := &ep.items[slot]
		it.linked = false
		got := h.epollItem(it, 1)
		if got == 0 {
			continue
		}
		t.poll = append(t.poll, PollFD{FD: it.fd, Events: got, Revents: got, Data: it.data})
		switch {
		case it.events&EPOLLONESHOT != 0:
			it.events &= epPrivate
		case it.events&EPOLLET == 0:
			it.linked = true
			ep.ready.PushBack(slot)
		}
	}
}

// fingerprint feeds what a later epoll_wait could tell.
func (ep *epoll) fingerprint(f *queue.Hash) {
	f.Bool(ep.used)
	for i := range ep.items {
		it := &ep.items[i]
		f.U64(uint64(uint32(it.fd))<<32 | uint64(uint32(it.file)))
		f.U64(uint64(it.events)<<1 | uint64(flag(it.linked)))
		f.U64(it.data)
	}
	ep.ready.Fingerprint(f, queue.HashInteger[int32])
	fingerprintWatch(f, ep.watch)
	ep.waiters.Fingerprint(f, queue.HashInteger[Thread])
}

// fingerprintWatch feeds who is told of events, in that order.
func fingerprintWatch(f *queue.Hash, list []epref) {
	f.U64(uint64(len(list)))
	for _, r := range list {
		f.U64(uint64(uint32(r.ep))<<32 | uint64(uint32(r.slot)))
	}
}

// fingerprintOrder feeds where epolls stand among the threads that wait for the
// same socket: behind how many.
func (h *Host) fingerprintOrder(f *queue.Hash) {
	for _, s := range h.socks {
		if s == nil || s.waiters.Len() == 0 {
			continue
		}
		for _, r := range s.watch {
			behind := 0
			for i := range s.waiters.Len() {
				id, exclusive, _ := s.waiters.At(i)
				if !exclusive && h.findThread(id).since > h.epolls[r.ep].items[r.slot].since {
					behind++
				}
			}
			f.U32(uint32(behind))
		}
	}
}
