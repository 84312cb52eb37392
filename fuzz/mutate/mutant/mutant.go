// Package mutant knows the changes of one token that mutation testing tries on a
// package, and weaves all of them into one program, each behind its number.
package mutant

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
)

// Fate is what can be done with a mutant.
type Fate uint8

// The fates.
const (
	Woven     Fate = iota // it is in the build, behind its number
	NotViable             // it does not compile, changes nothing, or is there already
	Apart                 // a constant that must be one: only a build of its own could try it
)

// Mutant is a change of one token.
type Mutant struct {
	N         int    // its number, from 1; 0 unless it is woven
	File      string // path from the module's root
	Line, Col int    // of the token, from 1, in octets
	Kind      string // gremlins' name for such a change
	Was, Is   string // the tokens
	Key
	Fate Fate
}

// Key tells a mutant from all others of its file without a line number: code that
// moves takes its mutants along.
type Key struct {
	Text string // the source line, without the space around it
	At   int    // column of the token in Text, from 1
	Nth  int    // of the lines of this text in the file, from 1
}

// String names the place and the change.
func (m *Mutant) String() string {
	return fmt.Sprintf("%s:%d:%d: %s becomes %s in %q", m.File, m.Line, m.Col, m.Was, m.Is, m.Text)
}

// ID is the same as long as the line is: what one run knows, the next can use.
func (m *Mutant) ID() string {
	return fmt.Sprintf("%s\t%s\t%d\t%d\t%s\t%s", m.File, m.Text, m.Nth, m.At, m.Was, m.Is)
}

// In reports whether the mutant belongs to a share, i of n. Which does hangs on
// its ID alone: it stays there while others come and go.
func (m *Mutant) In(i, n uint32) bool {
	h := fnv.New32a()
	h.Write([]byte(m.ID()))
	return h.Sum32()%n == i
}

// order sorts mutants by their places.
func order(ms []*Mutant) {
	slices.SortFunc(ms, func(a, b *Mutant) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Kind, b.Kind))
	})
}
