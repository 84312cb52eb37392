package queue

import (
	"cmp"
	"slices"
)

// Deadlines keeps one deadline per key and gives back those that are due: by time, and among equal times in
// the order in which they were set. Times are plain numbers of the caller's unit. Set, Clear and PopDue cost
// O(log n), Min O(1). The zero value is empty and ready. It has no limit of its own: keys bound it.
type Deadlines[K comparable] struct {
	index  map[K]int32 // key to its place in slots; only looked up, never walked
	slots  []deadline[K]
	heap   []int32 // all slots, each once: the first n as a binary heap, then the unused ones
	n      int
	serial uint64 // of the latest Set that took a new place
}

type deadline[K comparable] struct {
	key    K
	time   int64
	serial uint64 // among equal times the lower one is due first
	pos    int32  // place in heap
}

// Len returns the number of deadlines.
func (d *Deadlines[K]) Len() int { return d.n }

// Get returns the deadline of k; ok is false when it has none.
func (d *Deadlines[K]) Get(k K) (t int64, ok bool) {
	s, ok := d.index[k]
	if !ok {
		return 0, false
	}
	return d.slots[s].time, true
}

// Set gives k the deadline t. Moving a deadline puts it behind those already set for that time; setting it to
// the time it has keeps its place, as mod_timer does.
func (d *Deadlines[K]) Set(k K, t int64) {
	s, known := d.index[k]
	if known && d.slots[s].time == t {
		return
	}
	if !known {
		s = d.take(k)
	}
	d.serial++
	e := &d.slots[s]
	e.time, e.serial = t, d.serial
	d.fix(int(e.pos))
}

// Clear takes away the deadline of k and reports whether it had one.
func (d *Deadlines[K]) Clear(k K) bool {
	s, ok := d.index[k]
	if ok {
		d.drop(s)
	}
	return ok
}

// Min returns the deadline that comes first and its key; ok is false when there is none.
func (d *Deadlines[K]) Min() (t int64, k K, ok bool) {
	if d.n == 0 {
		return 0, k, false
	}
	e := &d.slots[d.heap[0]]
	return e.time, e.key, true
}

// PopDue takes out the first deadline if it is at or before now and returns it with its key; ok is false when
// none is due. A caller that sets deadlines at or before now while it pops must bound its own loop.
func (d *Deadlines[K]) PopDue(now int64) (t int64, k K, ok bool) {
	t, k, ok = d.Min()
	if !ok || t > now {
		var none K
		return 0, none, false
	}
	d.drop(d.heap[0])
	return t, k, true
}

// take makes an unused slot the last of the heap, for k. Its place in the heap is still to be found.
func (d *Deadlines[K]) take(k K) int32 {
	if d.index == nil {
		d.index = make(map[K]int32)
	}
	if d.n == len(d.slots) {
		d.heap = append(d.heap, int32(d.n))
		d.slots = append(d.slots, deadline[K]{})
	}
	s := d.heap[d.n]
	d.slots[s] = deadline[K]{key: k, pos: int32(d.n)}
	d.index[k] = s
	d.n++
	return s
}

// drop takes slot s out of the heap; the last entry fills the hole and finds its place.
func (d *Deadlines[K]) drop(s int32) {
	delete(d.index, d.slots[s].key)
	hole := int(d.slots[s].pos)
	d.n--
	d.swap(hole, d.n)
	d.slots[s] = deadline[K]{} // zeroed, so that the heap keeps nothing alive
	if hole < d.n {
		d.fix(hole)
	}
}

// compare orders slots by time, then by when they were set. Serials are unique, so no two are equal.
func (d *Deadlines[K]) compare(s, r int32) int {
	a, b := &d.slots[s], &d.slots[r]
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.serial, b.serial))
}

func (d *Deadlines[K]) less(i, j int) bool { return d.compare(d.heap[i], d.heap[j]) < 0 }

func (d *Deadlines[K]) swap(i, j int) {
	d.heap[i], d.heap[j] = d.heap[j], d.heap[i]
	d.slots[d.heap[i]].pos, d.slots[d.heap[j]].pos = int32(i), int32(j)
}

// fix moves the entry at place i up or down until no parent is due after its child.
func (d *Deadlines[K]) fix(i int) {
	for i > 0 && d.less(i, (i-1)/2) {
		d.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	for child := 2*i + 1; child < d.n; child = 2*i + 1 {
		if child+1 < d.n && d.less(child+1, child) {
			child++
		}
		if !d.less(child, i) {
			return
		}
		d.swap(i, child)
		i = child
	}
}

// sorted appends to dst the slots in the order in which they are due. What the heap looks like inside depends
// on history; this does not.
func (d *Deadlines[K]) sorted(dst []int32) []int32 {
	dst = append(dst, d.heap[:d.n]...)
	slices.SortFunc(dst, d.compare)
	return dst
}

// Clone returns the same deadlines with memory of its own.
func (d *Deadlines[K]) Clone() Deadlines[K] {
	c := Deadlines[K]{slots: slices.Clone(d.slots), heap: slices.Clone(d.heap), n: d.n, serial: d.serial}
	if c.n > 0 {
		c.index = make(map[K]int32, c.n)
	}
	for _, s := range c.heap[:c.n] {
		c.index[c.slots[s].key] = s
	}
	return c
}

// onStack is the number of deadlines up to which Equal and Fingerprint allocate nothing.
const onStack = 64

// Equal reports whether both hold the same deadlines and would give them back in the same order.
func (d *Deadlines[K]) Equal(o *Deadlines[K]) bool {
	if d.n != o.n {
		return false
	}
	var mine, theirs [onStack]int32
	other := o.sorted(theirs[:0])
	for i, s := range d.sorted(mine[:0]) {
		a, b := &d.slots[s], &o.slots[other[i]]
		if a.key != b.key || a.time != b.time {
			return false
		}
	}
	return true
}

// Fingerprint feeds the deadlines in the order in which they are due: each time relative to origin, each key
// by hash. With the present as origin, states that differ only in when they happen look the same.
func (d *Deadlines[K]) Fingerprint(h *Hash, origin int64, hash func(k *K, h *Hash)) {
	h.U64(uint64(d.n))
	var mine [onStack]int32
	for _, s := range d.sorted(mine[:0]) {
		h.U64(uint64(d.slots[s].time - origin))
		hash(&d.slots[s].key, h)
	}
}
