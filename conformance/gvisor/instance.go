package gvisor

import (
	"errors"
	"sync"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// Instance is one running stack with one process on it. One goroutine drives it.
type Instance struct {
	clock *clock
	link  *link
	stack *stack.Stack

	files  []*file   // the descriptor table, from firstFD on
	parked []*parked // blocked calls, oldest first
	closed bool

	declined declined

	mu     sync.Mutex          // netstack's worker sends packets too
	events []conformance.Event // guarded by mu; not yet reported
}

var _ conformance.Instance = (*Instance)(nil)

var errClosed = errors.New("gvisor: the instance is closed: start another")

// maxSteps bounds the steps that one input may take at a single instant. A
// megabyte of loopback traffic takes some thousands; a live-lock is an error.
const maxSteps = 1 << 16

// Now is the instance's clock, in microseconds since Start.
func (in *Instance) Now() sock.Time { return in.clock.time() }

// Inject hands the stack an IP packet that arrives from the link, and lets the
// stack finish with it. Packets that the stack drops are no error; what is
// neither IPv4 nor IPv6 by its version field is, and so is a SYN that offers
// what a sysctl has turned off and netstack cannot.
func (in *Instance) Inject(packet []byte) error {
	if in.closed {
		return errClosed
	}
	if err := in.declined.passive(packet); err != nil {
		return err
	}
	if err := in.link.inject(packet); err != nil {
		return err
	}
	return in.settle()
}

// Advance implements conformance.Instance. A time before Now polls, as Now does.
func (in *Instance) Advance(until sock.Time) (conformance.Event, bool, error) {
	if in.closed {
		return conformance.Event{}, false, errClosed
	}
	for {
		if ev, ok := in.nextEvent(); ok {
			return ev, true, nil
		}
		t := in.clock.pop(until)
		if t == nil {
			in.clock.set(until)
			return conformance.Event{}, false, nil
		}
		t.fire()
		if err := in.settle(); err != nil {
			return conformance.Event{}, false, err
		}
	}
}

// settle runs what is due at this instant to its end: netstack's worker, timers
// without delay, and calls whose wait is over.
func (in *Instance) settle() error {
	for range maxSteps {
		in.quiesce()
		if t := in.clock.pop(in.clock.time()); t != nil {
			t.fire()
			continue
		}
		if !in.wake() {
			return nil
		}
	}
	return errors.New("gvisor: the stack does not come to rest at this instant")
}

// quiesce returns when the worker has no segment left. Pause waits until each
// worker finds its queue empty (gVisor: tcp/dispatcher.go, processor.start).
func (in *Instance) quiesce() {
	in.stack.Pause()
	in.stack.Resume()
}

// packetOut reports a packet that the stack sends.
func (in *Instance) packetOut(packet []byte) {
	in.report(conformance.Event{Kind: conformance.PacketOut, Packet: packet})
}

// report queues an event of this instant.
func (in *Instance) report(ev conformance.Event) {
	ev.At = in.clock.time()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.events = append(in.events, ev)
}

// nextEvent takes the oldest event that is not yet reported.
func (in *Instance) nextEvent() (conformance.Event, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.events) == 0 {
		return conformance.Event{}, false
	}
	ev := in.events[0]
	in.events[0] = conformance.Event{}
	in.events = in.events[1:]
	return ev, true
}

// Close ends the instance: blocked calls are dropped, netstack aborts every
// endpoint that it knows, and the worker has ended when it returns. A second
// Close does nothing.
func (in *Instance) Close() error {
	if in.closed {
		return nil
	}
	in.closed = true
	in.dropParked()
	in.files = nil
	in.shut()
	in.events = nil
	return nil
}

// shut stops netstack.
func (in *Instance) shut() {
	in.stack.Close()
	in.stack.Wait()
}
