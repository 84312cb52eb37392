package packetio

import (
	"fmt"

	"github.com/sockspec/sockspec/sock"
)

// Impairments say how badly a link treats packets. Rates are per million, so that
// no rounding differs between machines; times are microseconds.
type Impairments struct {
	Delay     int64  // of every packet
	Jitter    int64  // added to Delay at random, 0 to Jitter; this alone reorders
	Loss      uint32 // packets per million that vanish
	Duplicate uint32 // packets per million that arrive twice, each copy with its own delay
	Reorder   uint32 // packets per million that skip the delay, and so overtake others
	// Queue is the most packets that one direction holds; what comes on top is
	// lost, as in a full router. 0 stands for 1000, Linux's txqueuelen.
	Queue int
}

// defaultQueue is Linux's txqueuelen of an Ethernet device.
const defaultQueue = 1000

// million is the denominator of the rates.
const million = 1_000_000

// End is one of a link's two ends.
type End uint8

// The ends.
const (
	A End = iota
	B
)

// Delivery is a packet that leaves the link.
type Delivery struct {
	To     End
	At     sock.Time // when it was due, at or before the now of the call
	Packet []byte
}

// LinkStats count what happened to the packets of both directions:
// Sent + Duplicated = Delivered + Lost + Overflowed + those under way.
type LinkStats struct {
	Sent, Delivered, Lost, Duplicated, Reordered, Overflowed uint64
}

// Link joins two hosts in memory. It has no clock and draws chance from its
// seed: same calls, same deliveries. The zero Link is not usable, see [NewLink].
type Link struct {
	dirs  [2]direction // by receiving end
	rand  uint64
	order uint64 // of sending: breaks ties between equal due times
	stats LinkStats
}

// direction is one way through the link: a heap of packets by due time.
type direction struct {
	imp  Impairments
	heap []flight
}

// flight is a packet under way.
type flight struct {
	due    sock.Time
	order  uint64
	packet []byte
}

// NewLink makes a link from impairments of each direction and a seed. Negative
// times and rates above a million are errors.
func NewLink(aToB, bToA Impairments, seed uint64) (*Link, error) {
	l := &Link{rand: seed}
	for i, imp := range []Impairments{bToA, aToB} {
		if err := imp.check(); err != nil {
			return nil, err
		}
		if imp.Queue == 0 {
			imp.Queue = defaultQueue
		}
		l.dirs[i].imp = imp
	}
	return l, nil
}

// check refuses what has no meaning.
func (i *Impairments) check() error {
	switch {
	case i.Delay < 0 || i.Jitter < 0 || i.Queue < 0:
		return fmt.Errorf("packetio: link with delay %d, jitter %d, queue %d: want none negative", i.Delay, i.Jitter, i.Queue)
	case i.Loss > million || i.Duplicate > million || i.Reorder > million:
		return fmt.Errorf("packetio: link with loss %d, duplicates %d, reordering %d: rates are per million", i.Loss, i.Duplicate, i.Reorder)
	}
	return nil
}

// Send puts a packet in at an end. The link keeps its own copy.
func (l *Link) Send(now sock.Time, from End, packet []byte) {
	to := from ^ 1
	d := &l.dirs[to&1]
	l.stats.Sent++
	copies := 1
	// Every packet draws the same numbers whatever becomes of it, so that changing
	// one rate does not shift the fate of all later packets.
	lost, twice := l.chance(d.imp.Loss), l.chance(d.imp.Duplicate)
	if twice {
		l.stats.Duplicated++
		copies = 2
	}
	for range 2 {
		early, jitter := l.chance(d.imp.Reorder), l.below(d.imp.Jitter)
		switch {
		case copies == 0:
			continue
		case lost:
			l.stats.Lost++
		case len(d.heap) >= d.imp.Queue:
			l.stats.Overflowed++
		case early:
			l.stats.Reordered++
			l.push(d, now, packet)
		default:
			l.push(d, now.Add(d.imp.Delay+jitter), packet)
		}
		copies--
	}
}

// push takes a packet under way.
func (l *Link) push(d *direction, due sock.Time, packet []byte) {
	l.order++
	d.heap = append(d.heap, flight{due, l.order, append([]byte(nil), packet...)})
	for i := len(d.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !d.heap[i].before(d.heap[up]) {
			break
		}
		d.heap[i], d.heap[up] = d.heap[up], d.heap[i]
		i = up
	}
}

// before orders by due time, then by sending.
func (f flight) before(g flight) bool {
	return f.due < g.due || f.due == g.due && f.order < g.order
}

// Receive appends the packets that are due at now to out, in order of their
// times, and takes them off the link.
func (l *Link) Receive(now sock.Time, out []Delivery) []Delivery {
	for {
		to, ok := l.first()
		if !ok || l.dirs[to].heap[0].due > now {
			return out
		}
		f := l.dirs[to].pop()
		l.stats.Delivered++
		out = append(out, Delivery{To: to, At: f.due, Packet: f.packet})
	}
}

// Deadline is when the next packet is due, false while the link is empty.
func (l *Link) Deadline() (sock.Time, bool) {
	to, ok := l.first()
	if !ok {
		return 0, false
	}
	return l.dirs[to].heap[0].due, true
}

// first is the direction whose next packet is due first.
func (l *Link) first() (End, bool) {
	a, b := l.dirs[A].heap, l.dirs[B].heap
	switch {
	case len(a) == 0:
		return B, len(b) > 0
	case len(b) == 0 || a[0].before(b[0]):
		return A, true
	}
	return B, true
}

// pop removes the packet that is due first.
func (d *direction) pop() flight {
	top, last := d.heap[0], len(d.heap)-1
	d.heap[0] = d.heap[last]
	d.heap[last] = flight{}
	d.heap = d.heap[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if d.heap[c].before(d.heap[least]) {
				least = c
			}
		}
		if least == i {
			return top
		}
		d.heap[i], d.heap[least] = d.heap[least], d.heap[i]
		i = least
	}
}

// UnderWay is the number of packets on their way to an end.
func (l *Link) UnderWay(to End) int { return len(l.dirs[to&1].heap) }

// Stats count since the link was made.
func (l *Link) Stats() LinkStats { return l.stats }

// chance is true rate times in a million.
func (l *Link) chance(rate uint32) bool { return l.next()%million < uint64(rate) }

// below is 0 to n.
func (l *Link) below(n int64) int64 { return int64(l.next() % uint64(n+1)) }

// next is SplitMix64 (Steele, Lea and Flood 2014): its whole state is one word,
// and every seed is a good one.
func (l *Link) next() uint64 {
	l.rand += 0x9e3779b97f4a7c15
	z := l.rand
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
