package conformance

import (
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
)

// Queuer is an Instance that can tell how long a listener's queues are.
type Queuer interface {
	// Queues counts the requests in a listener's SYN queue and the connections in its accept queue.
	Queues(fd int32) (syn, accept int, err error)
}

// pseudoCall performs syn_queue(fd) = n and accept_queue(fd) = n, which ask the stack and make no call.
func (e *engine) pseudoCall(c *script.Syscall) (done bool, err error) {
	if c.Name != "syn_queue" && c.Name != "accept_queue" {
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
	fd, want := a.fd(0), a.value(&c.Result)
	if a.err != nil {
		return true, a.err
	}
	q, ok := e.inst.(Queuer)
	if !ok {
		return true, fmt.Errorf("line %d: %s: %w", c.Pos.Line, c.Name, ErrUnsupported)
	}
	syn, accept, err := q.Queues(fd)
	if err != nil {
		return true, fmt.Errorf("line %d: %s: %w", c.Pos.Line, c.Name, err)
	}
	got := syn
	if c.Name == "accept_queue" {
		got = accept
	}
	if int64(got) != want {
		return true, e.failf(c.Name, fmt.Sprint(want), fmt.Sprint(got))
	}
	return true, nil
}
