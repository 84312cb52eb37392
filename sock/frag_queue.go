package sock

import (
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// fragQueue is a datagram of which fragments wait (struct inet_frag_queue with
// what struct ipq and struct frag_queue add).
type fragQueue struct {
	pieces  []fragPiece // in order of their places, which do not overlap
	head    []byte      // of the first fragment: all before its data
	len     int         // of the datagram's data as far as is known, octets
	meat    int         // of it, what is there
	charged int32       // truesize
	firstIn bool
	lastIn  bool
	counted bool   // peers has it
	ecn     uint8  // a bit for each codepoint seen
	rid     uint32 // of the sender, when the latest fragment came
	dev     int32  // by which the latest one came
	// maxSize is the longest fragment with its headers, maxWhole the longest one
	// whose DF was set.
	maxSize, maxWhole int
}

// fragPiece is the data of one fragment. A run is made of those that came one
// after the other, each at the end of all: whatever lies within a run is a
// duplicate, even if it was not one fragment before.
type fragPiece struct {
	start int
	data  []byte
	size  int32 // truesize
	room  int32 // octets that have a place behind it
	joins bool  // belongs to the run of the piece before
}

func (p *fragPiece) end() int { return p.start + len(p.data) }

// fragVerdict is what becomes of a fragment.
type fragVerdict uint8

const (
	fragTaken fragVerdict = iota
	fragComplete
	fragDup
	fragOverlap
	fragCorrupt
)

// fragVerdictRules name the verdicts.
var fragVerdictRules = [...]rule.ID{
	fragTaken: rule.FragQueued, fragComplete: rule.FragReassembled, fragDup: rule.FragDuplicate,
	fragOverlap: rule.FragOverlap, fragCorrupt: rule.FragCorrupt,
}

// fragAdd puts a fragment into its datagram's queue (the common part of
// ip_frag_queue and ip6_frag_queue).
func (h *Host) fragAdd(q *fragQueue, f *fragment) fragVerdict {
	switch {
	case !f.more && (f.end < q.len || q.lastIn && f.end != q.len):
		return fragCorrupt
	case !f.more:
		q.lastIn, q.len = true, f.end
	case f.end > q.len && q.lastIn:
		return fragCorrupt
	default:
		q.len = max(q.len, f.end)
	}
	if f.start == f.end {
		return fragCorrupt
	}
	if v := q.insert(f); v != fragTaken {
		return v
	}
	i := q.find(f.start)
	n := f.end - f.start
	q.pieces[i].data = h.dgramData(f.wire[f.at : f.at+n])
	q.pieces[i].size, q.pieces[i].room = f.size, f.room
	q.dev = h.dev
	q.meat += n
	q.ecn |= 1 << (trafficClass(f.wire) & 3)
	q.charged += f.size
	h.frags.mem[flag(f.key.src.Is6())] += int64(f.size)
	if f.start == 0 {
		q.firstIn, q.head = true, h.dgramData(f.wire[:f.at])
	}
	q.maxSize = max(q.maxSize, f.at+n)
	if f.whole {
		q.maxWhole = max(q.maxWhole, f.at+n)
	}
	if q.firstIn && q.lastIn && q.meat == q.len {
		return fragComplete
	}
	return fragTaken
}

// find is the place of the first piece that does not begin before start.
func (q *fragQueue) find(start int) int {
	i, _ := slices.BinarySearchFunc(q.pieces, start, func(p fragPiece, at int) int { return p.start - at })
	return i
}

// insert makes room for a fragment (inet_frag_queue_insert). Who comes behind all
// others is compared with the last one alone, anybody else with runs.
func (q *fragQueue) insert(f *fragment) fragVerdict {
	n := len(q.pieces)
	p := fragPiece{start: f.start}
	if n == 0 {
		q.pieces = append(q.pieces, p)
		return fragTaken
	}
	if tail := &q.pieces[n-1]; tail.end() < f.end {
		if f.start < tail.end() {
			return fragOverlap
		}
		p.joins = f.start == tail.end()
		q.pieces = append(q.pieces, p)
		return fragTaken
	}
	at := q.find(f.start)
	if v := q.against(f, at); v != fragTaken {
		return v
	}
	q.pieces = slices.Insert(q.pieces, at, p)
	return fragTaken
}

// against compares a fragment with the run that reaches across at and with the
// piece that begins there.
func (q *fragQueue) against(f *fragment, at int) fragVerdict {
	first := at // of the run that begins at f.start or before
	if at == len(q.pieces) || q.pieces[at].start != f.start {
		first--
	}
	for first > 0 && q.pieces[first].joins {
		first--
	}
	if first >= 0 {
		end := first
		for end+1 < len(q.pieces) && q.pieces[end+1].joins {
			end++
		}
		switch stop := q.pieces[end].end(); {
		case f.start < stop && f.end <= stop:
			return fragDup
		case f.start < stop:
			return fragOverlap
		}
	}
	if at < len(q.pieces) && q.pieces[at].start < f.end {
		return fragOverlap
	}
	return fragTaken
}

func (q *fragQueue) clone() fragQueue {
	c := *q
	c.head = slices.Clone(q.head)
	c.pieces = slices.Clone(q.pieces)
	for i := range c.pieces {
		c.pieces[i].data = slices.Clone(c.pieces[i].data)
	}
	return c
}

func (q *fragQueue) fingerprint(f *queue.Hash) {
	f.U64(uint64(len(q.pieces)))
	for i := range q.pieces {
		p := &q.pieces[i]
		f.U64(uint64(p.start)<<33 | uint64(uint32(p.size))<<1 | uint64(flag(p.joins)))
		f.U32(uint32(p.room))
		f.Bytes(p.data)
	}
	f.Bytes(q.head)
	f.U64(uint64(q.len)<<32 | uint64(q.meat))
	f.U64(uint64(uint32(q.charged))<<32 | uint64(q.rid))
	f.U64(uint64(q.ecn)<<8 | uint64(flag(q.firstIn)|flag(q.lastIn)<<1|flag(q.counted)<<2))
	f.U32(uint32(q.dev))
	f.U64(uint64(q.maxSize)<<32 | uint64(q.maxWhole))
}
