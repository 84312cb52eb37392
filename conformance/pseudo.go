package conformance

import (
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// Queuer is an Instance that can tell how long a listener's queues are.
type Queuer interface {
	// Queues counts the requests in a listener's SYN queue and the connections in its accept queue.
	Queues(fd int32) (syn, accept int, err error)
}

// Counterer is an Instance that can tell its statistics.
type Counterer interface {
	// Counters are the statistics by the names of /proc/net/snmp and netstat, those of Udp and Ip with that before it, since Start.
	Counters() (map[string]uint64, error)
}

// Interrupter is an Instance whose threads can be sent signals.
type Interrupter interface {
	// Interrupt sends a thread a signal whose handler has SA_RESTART: of a call that waits, it ends those that are not made again.
	Interrupt(sock.Thread) error
}

// pseudoCall performs syn_queue(fd) = n, accept_queue(fd) = n and counter(name) = n, which ask the stack and make no call, and
// signal(thread) = 0.
func (e *engine) pseudoCall(c *script.Syscall) (done bool, err error) {
	ask := e.askQueue
	switch c.Name {
	case "syn_queue", "accept_queue":
	case "counter":
		ask = e.askCounter
	case "signal":
		ask = e.sendSignal
	default:
		return false, nil
	}
	if err := e.waitForEvent(c.Name); err != nil {
		return true, err
	}
	// Whatever is due now comes first: a queue is looked at after the packets that fill it.
	if _, err := e.pump(e.now(), func() bool { return false }); err != nil {
		return true, err
	}
	a := &args{e: e, call: c}
	if !a.count(1, 1) {
		return true, a.err
	}
	want := a.value(&c.Result)
	got, err := ask(a)
	switch {
	case a.err != nil:
		return true, a.err
	case err != nil:
		return true, fmt.Errorf("line %d: %s: %w", c.Pos.Line, c.Name, err)
	case got != want:
		return true, e.failf(c.Name, fmt.Sprint(want), fmt.Sprint(got))
	}
	return true, nil
}

// askQueue asks for the length of one of a listener's queues.
func (e *engine) askQueue(a *args) (int64, error) {
	fd := a.fd(0)
	if a.err != nil {
		return 0, a.err
	}
	q, ok := e.inst.(Queuer)
	if !ok {
		return 0, ErrUnsupported
	}
	syn, accept, err := q.Queues(fd)
	if a.call.Name == "accept_queue" {
		return int64(accept), err
	}
	return int64(syn), err
}

// sendSignal sends a signal to the thread of that label.
func (e *engine) sendSignal(a *args) (int64, error) {
	label := a.at(0).Text
	t := e.threadOf(label, false)
	if t < firstLabelThread {
		a.failf("argument 1: %s is the label of no thread", label)
		return 0, a.err
	}
	in, ok := e.inst.(Interrupter)
	if !ok {
		return 0, ErrUnsupported
	}
	return 0, in.Interrupt(t)
}
