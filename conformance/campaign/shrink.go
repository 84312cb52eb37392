package campaign

import (
	"context"
	"slices"
	"time"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
)

// rounds bounds the passes over a history that is made smaller.
const rounds = 4

// minimize leaves out all steps that a difference can do without, as long as the context lasts. d and h are what the steps led to.
func (c *Campaign) minimize(ctx context.Context, d *Difference, h *History) (*Difference, *History) {
	ctx, stop := context.WithTimeout(ctx, longest)
	defer stop()
	for range rounds {
		before := len(h.Steps)
		for size := before / 2; size > 0; size /= 2 {
			d, h = c.thin(ctx, d, h, size)
		}
		if len(h.Steps) == before {
			break
		}
	}
	return d, h
}

// longest bounds the time that a history may take to be made smaller.
const longest = 5 * time.Minute

// thin leaves out steps, so many at once, from the end on.
func (c *Campaign) thin(ctx context.Context, d *Difference, h *History, size int) (*Difference, *History) {
	for i := len(h.Steps) - 1 - size; i >= 0 && ctx.Err() == nil; i -= size {
		i = min(i, len(h.Steps)-1-size)
		if i < 0 {
			break
		}
		fewer := withoutAll(h, i, i+size)
		if len(fewer) == 0 || !c.again(h.World, fewer) {
			continue
		}
		if nd, nh, err := c.Replay(h.World, fewer); err == nil && nd != nil {
			d, h = nd, nh
		}
	}
	return d, h
}

// withoutAll is the steps but those from one to another. The last goes first, so that those before it stay where they are.
func withoutAll(h *History, from, to int) []matrix.Step {
	left := *h
	for i := to - 1; i >= from; i-- {
		left.Steps = without(&left, i)
	}
	return left.Steps
}

// without is the steps but one. Where that one made a descriptor, slots behind it move up, and whatever used it goes too.
func without(h *History, i int) []matrix.Step {
	gone := int32(-1)
	for _, r := range h.Outcomes[i].Returns {
		if r.Made {
			gone = r.Slot
		}
	}
	list := slices.Clone(h.Steps[:i])
	for _, s := range h.Steps[i+1:] {
		if !s.Deed() && s.Name != paused {
			continue // a replay waits where it has to
		}
		if s.Call == nil || gone < 0 {
			list = append(list, s)
			continue
		}
		c := *s.Call
		c.Poll = slices.Clone(c.Poll)
		if uses(&c, gone) {
			continue
		}
		shiftSlots(&c, gone)
		s.Call = &c
		list = append(list, s)
	}
	return list
}

// opens tells which calls have no descriptor among their arguments.
func opens(op sock.Op) bool { return op == sock.OpSocket || op == sock.OpEpollCreate }

func uses(c *sock.Call, slot int32) bool {
	if opens(c.Op) {
		return false
	}
	return c.FD == slot || c.Op == sock.OpEpollCtl && c.Arg == int64(slot)
}

// shiftSlots moves the slots behind one up.
func shiftSlots(c *sock.Call, gone int32) {
	if opens(c.Op) {
		return
	}
	if c.FD > gone {
		c.FD--
	}
	if c.Op == sock.OpEpollCtl && c.Arg > int64(gone) {
		c.Arg--
	}
	for i := range c.Poll {
		if c.Poll[i].FD > gone {
			c.Poll[i].FD--
		}
	}
}
