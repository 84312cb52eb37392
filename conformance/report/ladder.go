package report

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
)

// Rung is one row of a packet ladder: what Linux sent or got, and what the other stack did at the same line of the script.
type Rung struct {
	Line         int // of the script, 0 for a packet that no event asked for
	Linux, Other *Hop
	Failed       bool // the script failed here
}

// Same tells whether both sides show the same packet.
func (r Rung) Same() bool { return r.Linux != nil && r.Other != nil && r.Linux.Text == r.Other.Text }

// Hop is one packet of a ladder.
type Hop struct {
	At      string // seconds since the script's start
	Inbound bool
	Text    string // in script syntax
	Why     string // the rules behind it
	line    int
}

// Ladder sets the packets of both runs side by side, by the lines of the script that they belong to.
func (d *Divergence) Ladder() []Rung {
	var left []Hop
	if d.Linux != nil {
		left = hops(d.Linux.Trace)
	}
	right := hops(d.Result.Trace)
	rungs := make([]Rung, 0, max(len(left), len(right)))
	for len(left) > 0 || len(right) > 0 {
		var r Rung
		takeLeft, takeRight := pair(left, right)
		if takeLeft {
			r.Linux, r.Line, left = &left[0], left[0].line, left[1:]
		}
		if takeRight {
			r.Other, r.Line, right = &right[0], right[0].line, right[1:]
		}
		r.Failed = r.Line != 0 && r.Line == d.Failure().Line
		rungs = append(rungs, r)
	}
	return rungs
}

// pair says which of the next hops make the next rung: both when they belong together, otherwise one that nobody expected, or
// the one of the earlier line.
func pair(left, right []Hop) (takeLeft, takeRight bool) {
	switch {
	case len(left) == 0 || len(right) == 0:
		return len(left) > 0, len(right) > 0
	case left[0].line == right[0].line && left[0].Inbound == right[0].Inbound:
		return true, true
	case left[0].line == 0 || right[0].line == 0:
		return left[0].line == 0, left[0].line != 0
	}
	earlier := left[0].line < right[0].line
	return earlier, !earlier
}

func hops(trace []conformance.Traced) []Hop {
	var s Speller
	list := make([]Hop, len(trace))
	for i, p := range trace {
		list[i] = Hop{At: fmt.Sprintf("%.6f", float64(p.At)/1e6), Inbound: p.Inbound, Text: s.Spell(p.Packet),
			Why: strings.Join(p.Why, ", "), line: p.Line}
	}
	return list
}
