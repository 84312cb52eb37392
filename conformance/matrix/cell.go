package matrix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
)

// Cell is one call on one kind of socket in one state.
type Cell struct {
	Kind, State, Call string
	kind              *Kind
	state             *state
	probe             *probe
}

// Cells are all cells, in the order of the data.
func Cells() (all []Cell) {
	for _, k := range Kinds {
		for i := range k.states {
			for j := range probes {
				s, p := &k.states[i], &probes[j]
				if (p.fits == nil || p.fits(k)) && (p.in == nil || slices.Contains(p.in, s.name)) {
					all = append(all, Cell{k.Name, s.name, p.name, k, s, p})
				}
			}
		}
	}
	return all
}

// The threads of a cell: the one that makes the call, one that waits already in some states, and one that ends waits.
const (
	caller sock.Thread = 1 + iota
	helper
	ender
)

// Run plays the cell on a fresh instance and returns what came of it. An error says that it could not be played at all, which
// is [conformance.ErrUnsupported] where the stack has no such call.
func (c *Cell) Run(s conformance.Stack) (text string, err error) {
	p, err := NewPlayer(s)
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := p.Close(); err == nil {
			err = cerr
		}
	}()
	prefix := append(c.state.steps(c.kind), c.probe.steps(c.kind, c.state.slot)...)
	for i := range prefix[:len(prefix)-1] {
		if _, err := p.Play(&prefix[i]); err != nil {
			return "", fmt.Errorf("%s, %s, step %d: %w", c.Kind, c.State, i+1, err)
		}
	}
	return c.last(p, &prefix[len(prefix)-1])
}

// last plays the call itself, and what may end its wait; and that of the other thread, where there is one.
func (c *Cell) last(p *Player, s *Step) (string, error) {
	o, err := p.Play(s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	waiting := []sock.Thread{caller}
	if c.state.parked {
		waiting = append(waiting, helper)
	}
	waiting = o.spell(&b, waiting)
	for _, n := range c.nudges() {
		if len(waiting) == 0 {
			break
		}
		if o, err = p.Play(&n); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "; %s:", n.Name)
		waiting = o.spell(&b, waiting)
	}
	return b.String(), nil
}

// nudges are what may end a wait here; shutdown ends most.
func (c *Cell) nudges() (all []Step) {
	if c.state.nudges != nil {
		all = c.state.nudges(c.kind)
	}
	return append(all, named("shutdown", shutdownBy(c.state.slot)))
}

// spell adds what a step brought about: returns of threads that waited, and packets. It returns who still waits.
func (o *Outcome) spell(b *strings.Builder, waiting []sock.Thread) (left []sock.Thread) {
	sep := " "
	if b.Len() == 0 {
		sep = ""
	}
	put := func(text string) {
		b.WriteString(sep + text)
		sep = ", "
	}
	for _, t := range waiting {
		who := map[sock.Thread]string{helper: "other "}[t]
		if text, ok := o.of(t); ok {
			put(who + text)
			continue
		}
		put(who + "waits")
		left = append(left, t)
	}
	for _, q := range o.Packets {
		put("> " + q)
	}
	return left
}

func shutdownBy(slot int32) Step {
	s := shutdown(slot, sock.SHUT_RDWR)
	s.Thread = ender
	return s
}
