package sock

import "fmt"

// checkFrags: pieces lie in order and do not overlap, sums are right, every
// datagram that waits has its time. A whole one may wait: a duplicate that says
// that it is the last is believed, and nobody looks then.
func checkFrags(h *Host) error {
	mem, counted := [2]int64{}, int32(0)
	for k, q := range h.frags.queues.All() {
		if err := q.check(); err != nil {
			return fmt.Errorf("fragments %d from %v: %w", k.id, k.src, err)
		}
		if _, ok := h.frags.timers.Get(k); !ok {
			return fmt.Errorf("fragments %d from %v: wait for ever", k.id, k.src)
		}
		if q.counted {
			counted++
		}
		v := flag(k.src.Is6())
		mem[v] += int64(q.charged) + fragQueueSize[v]
	}
	if mem != h.frags.mem {
		return fmt.Errorf("fragments: %d octets are counted, %d are there", h.frags.mem, mem)
	}
	if n := h.frags.timers.Len(); n != h.frags.queues.Len() {
		return fmt.Errorf("fragments: %d datagrams wait, %d have a time", h.frags.queues.Len(), n)
	}
	for a, p := range h.frags.peers.All() {
		if counted -= p.queues; p.queues <= 0 {
			return fmt.Errorf("fragments: %v is remembered and sent none", a)
		}
	}
	if counted != 0 {
		return fmt.Errorf("fragments: %d datagrams have a sender that nobody counts for", counted)
	}
	first, _, some := h.frags.timers.Min()
	if at, on := h.timers.Get(timerFrag); some != on || at != first {
		return fmt.Errorf("fragments: the first time is over at %d, its timer is due at %d", first, at)
	}
	return nil
}

// check tests one datagram's queue.
func (q *fragQueue) check() error {
	meat, charged, end := 0, int32(0), 0
	for i := range q.pieces {
		p := &q.pieces[i]
		switch {
		case p.start < end || p.joins && p.start != end:
			return fmt.Errorf("piece %d begins at %d, the one before ends at %d", i, p.start, end)
		case p.joins && i == 0:
			return fmt.Errorf("the first piece continues a run")
		}
		end = p.end()
		meat += len(p.data)
		charged += p.size
	}
	switch {
	case meat != q.meat || charged != q.charged:
		return fmt.Errorf("has %d octets charged %d, counts %d charged %d", meat, charged, q.meat, q.charged)
	case end > q.len:
		return fmt.Errorf("has octets up to %d, and its length is %d", end, q.len)
	case q.firstIn != (len(q.pieces) > 0 && q.pieces[0].start == 0):
		return fmt.Errorf("has its first fragment or not, and says otherwise")
	}
	return nil
}
