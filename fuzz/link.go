package fuzz

import (
	"slices"

	"github.com/sockspec/sockspec/tcpstate"
)

// packet is a segment on its way to side to, with the octets it carries.
type packet struct {
	to      int
	at      tcpstate.Time
	seg     tcpstate.Segment
	payload []byte
}

// link carries packets between two sides. While fates last it is bad; then it
// is perfect: everything arrives, in order, after delay.
type link struct {
	wire  []packet // by arrival; equal times in order of departure
	fates []byte
	next  int
	// strikes counts the drops since each side last got on. A few at most, so
	// that no count of retries is used up: the link is bad, not cut.
	strikes [2]int
	met     fates
}

// fates counts what became of packets; Spared would have been one loss too many,
// Overtaken let a later one arrive before it.
type fates struct{ Lost, Spared, Twice, Late, Overtaken int }

const (
	delay       = 10 * tcpstate.Millisecond
	mostStrikes = 4
)

// A fate is a byte: bits 0-2 say what, bits 3-7 by how much.
const (
	fateDrop    = 5
	fateTwice   = 6
	fateLate    = 7
	lateUnit    = 3 * tcpstate.Millisecond
	fateKindBit = 3
)

// put sends p, or loses it, or sends it twice, or late, so that others overtake it.
func (l *link) put(now tcpstate.Time, p packet) {
	p.at = now.Add(delay)
	var fate byte
	if l.next < len(l.fates) {
		fate = l.fates[l.next]
		l.next++
	}
	more := tcpstate.Duration(fate>>fateKindBit) * lateUnit
	switch fate & (1<<fateKindBit - 1) {
	case fateDrop:
		if max(l.strikes[0], l.strikes[1]) < mostStrikes {
			l.strikes[0]++
			l.strikes[1]++
			l.met.Lost++
			return
		}
		l.met.Spared++
	case fateTwice:
		l.met.Twice++
		again := p
		again.at = p.at.Add(more)
		l.insert(again)
	case fateLate:
		l.met.Late++
		p.at = p.at.Add(more)
	}
	l.insert(p)
}

func (l *link) insert(p packet) {
	i, _ := slices.BinarySearchFunc(l.wire, p.at+1, func(q packet, at tcpstate.Time) int { return int(q.at - at) })
	if i < len(l.wire) {
		l.met.Overtaken++
	}
	l.wire = slices.Insert(l.wire, i, p)
}

// take removes the packet that arrives first.
func (l *link) take() packet {
	p := l.wire[0]
	l.wire = slices.Delete(l.wire, 0, 1)
	return p
}
