package fuzz

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Coverage is what a run reached: states, edges of the diagram and rules, a bit
// each. It is a value, so that millions of runs are added up without allocation.
type Coverage struct {
	states uint16
	edges  [16]uint16 // by the state that the edge leaves
	pairs  [16]uint16 // by the first end's state
	rules  [ruleWords]uint64
}

// ruleWords hold a bit for every rule.ID: the tables' numbers end below 2048.
const ruleWords = 32

// State notes that a connection was in s.
func (c *Coverage) State(s tcpstate.State) { c.states |= 1 << s }

// Edge notes a change of state, and the state that it leads to.
func (c *Coverage) Edge(from, to tcpstate.State) {
	c.State(to)
	c.edges[from] |= 1 << to
}

// Rule notes that an output named id.
func (c *Coverage) Rule(id rule.ID) { c.rules[id/64%ruleWords] |= 1 << (id % 64) }

// HasState, HasEdge and HasRule report what was noted.
func (c *Coverage) HasState(s tcpstate.State) bool       { return c.states>>s&1 != 0 }
func (c *Coverage) HasEdge(from, to tcpstate.State) bool { return c.edges[from]>>to&1 != 0 }
func (c *Coverage) HasRule(id rule.ID) bool              { return c.rules[id/64%ruleWords]>>(id%64)&1 != 0 }

// Pair notes the states that the two ends of a connection are in at one time.
func (c *Coverage) Pair(a, b tcpstate.State) { c.pairs[a] |= 1 << b }

// HasPair reports whether the pair was noted.
func (c *Coverage) HasPair(a, b tcpstate.State) bool { return c.pairs[a]>>b&1 != 0 }

// Without is what c reached and o did not.
func (c *Coverage) Without(o *Coverage) Coverage {
	d := Coverage{states: c.states &^ o.states}
	for i := range c.edges {
		d.edges[i], d.pairs[i] = c.edges[i]&^o.edges[i], c.pairs[i]&^o.pairs[i]
	}
	for i := range c.rules {
		d.rules[i] = c.rules[i] &^ o.rules[i]
	}
	return d
}

// Add takes in what o reached, and reports whether any of it is new.
func (c *Coverage) Add(o *Coverage) (news bool) {
	news = o.Without(c) != Coverage{}
	c.states |= o.states
	for i := range o.edges {
		c.edges[i] |= o.edges[i]
		c.pairs[i] |= o.pairs[i]
	}
	for i := range o.rules {
		c.rules[i] |= o.rules[i]
	}
	return news
}
