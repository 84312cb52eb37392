package gvisor

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// parked is a blocked call: what a task of the Sentry that sleeps in
// Task.Block would know.
type parked struct {
	in     *Instance
	thread sock.Thread
	// resume tries again after a wake-up. It is told whether the call's time
	// is over, and tells whether the call has returned.
	resume func(late bool) (sock.Return, bool)

	waits []*wait
	timer tcpip.Timer
	// woken may be set by netstack's worker, late by a timer.
	woken atomic.Bool
	late  bool
}

// wait is one wait queue that a blocked call stands in.
type wait struct {
	file  *file
	entry waiter.Entry
}

// NotifyEvent implements waiter.EventListener. It is called with the queue
// locked, so it only leaves a mark.
func (p *parked) NotifyEvent(waiter.EventMask) { p.woken.Store(true) }

// park records that the thread's call blocks. The caller adds what it waits for.
func (in *Instance) park(t sock.Thread, resume func(late bool) (sock.Return, bool)) *parked {
	p := &parked{in: in, thread: t, resume: resume}
	in.parked = append(in.parked, p)
	return p
}

// wait stands in the file's queue for the events, and holds the file open.
func (p *parked) wait(f *file, mask waiter.EventMask) {
	w := &wait{file: f}
	w.entry.Init(p, mask)
	f.queue.EventRegister(&w.entry)
	f.refs++
	p.waits = append(p.waits, w)
}

// again makes the next step try the call once more, because what it waits for
// may have come between its first try and its place in the queue.
func (p *parked) again() { p.woken.Store(true) }

// deadline ends the wait after d; d at or below 0 ends it at the next step.
func (p *parked) deadline(d time.Duration) {
	p.timer = p.in.clock.AfterFunc(d, func() {
		p.late = true
		p.woken.Store(true)
	})
}

// leave takes the call out of all queues.
func (p *parked) leave() {
	if p.timer != nil {
		p.timer.Stop()
	}
	for _, w := range p.waits {
		w.file.queue.EventUnregister(&w.entry)
	}
}

// wake tries one call whose wait is over, the one that blocked first, and
// tells whether there was one.
func (in *Instance) wake() bool {
	for i, p := range in.parked {
		if !p.woken.Swap(false) {
			continue
		}
		ret, done := p.resume(p.late)
		if !done {
			return true
		}
		in.parked = slices.Delete(in.parked, i, i+1)
		p.leave()
		in.returned(p.thread, ret)
		for _, w := range p.waits {
			w.file.unref()
		}
		return true
	}
	return false
}

// returned reports a call's return.
func (in *Instance) returned(t sock.Thread, ret sock.Return) {
	ret.Thread = t
	in.report(conformance.Event{Kind: conformance.CallDone, Return: ret})
}

// busy tells whether the thread has a blocked call.
func (in *Instance) busy(t sock.Thread) bool {
	return slices.ContainsFunc(in.parked, func(p *parked) bool { return p.thread == t })
}

// dropParked forgets all blocked calls: the end of the instance.
func (in *Instance) dropParked() {
	for _, p := range in.parked {
		p.leave()
	}
	for _, p := range in.parked {
		for _, w := range p.waits {
			w.file.unref()
		}
	}
	in.parked = nil
}

// unpark takes back a call that turned out not to block.
func (in *Instance) unpark(p *parked) {
	in.parked = slices.DeleteFunc(in.parked, func(q *parked) bool { return q == p })
	p.leave()
	for _, w := range p.waits {
		w.file.unref()
	}
}
