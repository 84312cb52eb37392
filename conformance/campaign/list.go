package campaign

import (
	"maps"
	"slices"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"pgregory.net/rapid"
)

// List is what somebody else made of a history, before it is played: what is done next does not depend on what the stacks did.
type List struct {
	World matrix.World
	// Steps are deeds, and pauses between them. Their descriptors are the model's own, the lowest that is free from 3 on.
	Steps []matrix.Step
}

// Lists draws lists.
type Lists struct {
	Name string
	Draw func(*rapid.T) List
}

// Pause is a step in which time passes.
func Pause(d tcpstate.Duration) matrix.Step { return matrix.Step{Name: paused, Wait: d} }

// listed plays a list. In between it asks for TCP_INFO and SO_MEMINFO, and for the one at the end once more when some time has passed.
type listed struct {
	steps []matrix.Step
	slots map[int32]int32            // of open descriptors, by the model's number
	waits map[sock.Thread]*sock.Call // the call that a thread is in
	ended bool
}

// asker is the thread that asks. It never waits.
const asker sock.Thread = 9

// afterwards is how long a list is watched after its end: longer than most timers take that should have been armed.
const afterwards = 300 * tcpstate.Millisecond

func newListed(l *List) *listed {
	return &listed{steps: slices.Clone(l.Steps), slots: map[int32]int32{}, waits: map[sock.Thread]*sock.Call{}}
}

// next implements source.
func (l *listed) next(t *rapid.T) (s matrix.Step, ok, over bool) {
	if len(l.steps) == 0 {
		if l.ended {
			return s, false, true
		}
		l.ended = true
		l.steps = append(l.ask(), Pause(afterwards))
		l.steps = append(l.steps, l.ask()...)
		return s, false, false
	}
	if fds := l.open(); !l.ended && len(fds) > 0 && rapid.IntRange(0, 3).Draw(t, "ask") == 0 {
		about := rapid.SampledFrom(fds).Draw(t, "about")
		if rapid.Bool().Draw(t, "memory") {
			return l.here(weighs(about))
		}
		return l.here(asks(about))
	}
	s, l.steps = l.steps[0], l.steps[1:]
	return l.here(s)
}

// open are the open descriptors by number.
func (l *listed) open() (fds []int32) {
	for fd := range l.slots {
		fds = append(fds, fd)
	}
	slices.Sort(fds)
	return fds
}

// asks reads TCP_INFO of a descriptor.
func asks(fd int32) matrix.Step {
	return matrix.Step{Thread: asker, Call: &sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: infoRoom}}
}

// weighs reads SO_MEMINFO of a descriptor.
func weighs(fd int32) matrix.Step {
	return matrix.Step{Thread: asker, Call: &sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: sock.SOL_SOCKET, Name: sock.SO_MEMINFO, Len: memoryRoom}}
}

// ask reads it of all.
func (l *listed) ask() (steps []matrix.Step) {
	for _, fd := range l.open() {
		steps = append(steps, asks(fd))
	}
	return steps
}

// here is a step with slots for descriptors; not ok for one that cannot be: of a thread that waits in another, or to one that does not.
func (l *listed) here(s matrix.Step) (_ matrix.Step, ok, over bool) {
	if s.Signal && l.waits[s.Thread] == nil {
		return s, false, false
	}
	if s.Call == nil {
		return s, true, false
	}
	if l.waits[s.Thread] != nil {
		return s, false, false
	}
	c := *s.Call
	if c.Op == sock.OpClose && len(l.waits) > 0 {
		c = sock.Call{Op: sock.OpGetsockname, FD: c.FD} // as program.draw has it
	}
	if !opens(c.Op) {
		c.FD = l.slot(c.FD)
	}
	if c.Op == sock.OpEpollCtl {
		c.Arg = int64(l.slot(int32(c.Arg)))
	}
	c.Poll = slices.Clone(c.Poll)
	for i := range c.Poll {
		c.Poll[i].FD = l.slot(c.Poll[i].FD)
	}
	s.Call = &c
	return s, true, false
}

// slot is a descriptor's; none for one that is not open.
func (l *listed) slot(fd int32) int32 {
	if s, ok := l.slots[fd]; ok {
		return s
	}
	return -1
}

// note implements source.
func (l *listed) note(s *matrix.Step, o *matrix.Outcome) {
	if s.Call != nil {
		l.waits[s.Thread] = s.Call
	}
	for i := range o.Returns {
		r := &o.Returns[i]
		if c := l.waits[r.Thread]; r.Made && c != nil {
			l.slots[int32(r.Return.Value)] = r.Slot
		}
		delete(l.waits, r.Thread)
	}
	if s.Call != nil && s.Call.Op == sock.OpClose {
		maps.DeleteFunc(l.slots, func(_, slot int32) bool { return slot == s.Call.FD })
	}
}
