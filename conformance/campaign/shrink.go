package campaign

import (
	"context"
	"slices"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
)

// rounds bounds the passes over a history that is made smaller.
const rounds = 4

// minimize leaves out all steps that a difference can do without, as long as the context lasts. d and h are what the steps led to.
func (c *Campaign) minimize(ctx context.Context, d *Difference, h *History) (*Difference, *History) {
	for range rounds {
		before := len(h.Steps)
		for i := before - 2; i >= 0 && ctx.Err() == nil; i-- {
			fewer, ok := without(h, i)
			if !ok || !c.again(fewer) {
				continue
			}
			if nd, nh, err := c.Replay(fewer); err == nil && nd != nil {
				d, h = nd, nh
				i = min(i, len(h.Steps)-1)
			}
		}
		if len(h.Steps) == before {
			break
		}
	}
	return d, h
}

// without is the steps but one. Where that one made a descriptor, slots behind it move up, and whatever used it goes too.
func without(h *History, i int) ([]matrix.Step, bool) {
	gone := int32(-1)
	for _, r := range h.Outcomes[i].Returns {
		if r.Made {
			gone = r.Slot
		}
	}
	list := slices.Clone(h.Steps[:i])
	for _, s := range h.Steps[i+1:] {
		if s.Call == nil && s.Packet == nil && s.Name != paused {
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
		shift(&c, gone)
		s.Call = &c
		list = append(list, s)
	}
	return list, len(list) > 0
}

// opens tells which calls have no descriptor among their arguments.
func opens(op sock.Op) bool { return op == sock.OpSocket || op == sock.OpEpollCreate }

func uses(c *sock.Call, slot int32) bool {
	if opens(c.Op) {
		return false
	}
	return c.FD == slot || c.Op == sock.OpEpollCtl && c.Arg == int64(slot)
}

// shift moves the slots behind one up.
func shift(c *sock.Call, gone int32) {
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
