package packetio

import (
	"fmt"
	"iter"

	"github.com/sockspec/sockspec/sock"
)

// Program is what a thread does, written as a program for a real kernel is: each
// call of its argument is a system call, and returns when that does. Programs of
// a [Pair] run one at a time, in an order that depends on nothing but what they
// do. A program must not keep the function, nor use it in another goroutine.
type Program func(call func(sock.Call) sock.Return)

// crew are the programs of one host.
type crew struct {
	host    *sock.Host
	threads map[sock.Thread]*worker
	order   []*worker // as they were started
	send    func(now sock.Time, packet []byte)
	watch   func(*sock.Effect)
	ready   []*worker // whose calls have returned
	scratch []byte
	err     error
}

// worker is a program under way. It is a coroutine: it runs only while next does.
type worker struct {
	id     sock.Thread
	next   func() (sock.Call, bool)
	stop   func()
	call   sock.Call   // that it waits for
	answer sock.Return // to that call
	ended  bool
}

// stopped unwinds a program that is not to go on.
type stopped struct{}

func newCrew(h *sock.Host, send func(sock.Time, []byte)) *crew {
	return &crew{host: h, threads: map[sock.Thread]*worker{}, send: send}
}

// start lets a thread run the program, up to its first call that waits.
func (c *crew) start(now sock.Time, id sock.Thread, p Program) error {
	if w := c.threads[id]; w != nil && !w.ended {
		return fmt.Errorf("packetio: thread %d has a program already", id)
	}
	w := &worker{id: id}
	w.next, w.stop = iter.Pull(func(yield func(sock.Call) bool) {
		defer func() {
			if r := recover(); r != nil && r != (stopped{}) {
				panic(r)
			}
		}()
		p(func(call sock.Call) sock.Return {
			if !yield(call) {
				panic(stopped{})
			}
			return w.answer
		})
	})
	c.threads[id] = w
	c.order = append(c.order, w)
	c.ready = append(c.ready, w)
	c.goOn(now)
	return c.err
}

// goOn lets programs run to their next calls, and makes those, until all wait.
func (c *crew) goOn(now sock.Time) {
	for len(c.ready) > 0 {
		w := c.ready[0]
		c.ready = c.ready[:copy(c.ready, c.ready[1:])]
		call, ok := w.next()
		if !ok {
			w.ended = true
			continue
		}
		w.call = call
		c.follow(now, c.host.Call(now, w.id, call, nil))
	}
}

// take does what follows from an input, and lets programs go on.
func (c *crew) take(now sock.Time, effects []sock.Effect) {
	c.follow(now, effects)
	c.goOn(now)
}

// follow does what the host wants done: packets go out, and programs whose calls
// have returned are ready.
func (c *crew) follow(now sock.Time, effects []sock.Effect) {
	for i := range effects {
		e := &effects[i]
		if c.watch != nil {
			c.watch(e)
		}
		switch e.Kind {
		case sock.Transmit:
			b, err := Encode(c.scratch[:0], &e.Packet)
			if err != nil {
				c.err = err
				continue
			}
			c.scratch = b
			c.send(now, b)
		case sock.Done:
			if w := c.threads[e.Return.Thread]; w != nil && !w.ended {
				w.answer = keepReturn(e.Return)
				c.ready = append(c.ready, w)
			}
		}
	}
}

// keepReturn copies what a return refers to, which the host's next input reuses.
func keepReturn(r sock.Return) sock.Return {
	r.Data = append([]byte(nil), r.Data...)
	r.Poll = append([]sock.PollFD(nil), r.Poll...)
	r.Control = append([]sock.Control(nil), r.Control...)
	return r
}

// deliver hands the host a packet; one that the codec drops is gone, as in
// Linux's IP layer.
func (c *crew) deliver(now sock.Time, b []byte) {
	var p sock.Packet
	if err := Decode(b, &p); err != nil && !p.Opaque { // RAW sockets see what is broken
		return
	}
	c.take(now, c.host.Deliver(now, &p, nil))
}

// waiting is the first program that has not ended.
func (c *crew) waiting() *worker {
	for _, w := range c.order {
		if !w.ended {
			return w
		}
	}
	return nil
}

// close ends programs that still wait.
func (c *crew) close() {
	for _, w := range c.order {
		w.stop()
		w.ended = true
	}
}
