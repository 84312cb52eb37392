package queue

import "math/bits"

// Deque is a growable queue that can be indexed: element 0 is the oldest. Adding at the back and taking from
// the front cost O(1); inserting or removing in the middle moves the shorter side only. It is the shape of a
// write or retransmission queue: acknowledgments pop the front, splitting a segment inserts behind it
// (tcp_fragment), a collapse removes. The zero value is empty and ready. It has no limit of its own: what it
// holds is bounded by the caller's accounting.
type Deque[T any] struct {
	buf  []T // length zero or a power of two, so that wrapping is a mask
	head int // slot of element 0
	n    int
}

// minDeque is the first allocation, in elements: small, since most queues of most sockets stay almost empty.
const minDeque = 4

// slot maps an index to its place in buf. buf must not be empty.
func (d *Deque[T]) slot(i int) int { return (d.head + i) & (len(d.buf) - 1) }

// Len returns the number of elements.
func (d *Deque[T]) Len() int { return d.n }

// At returns element i in place, 0 the oldest, or nil when i is outside [0, Len). The pointer is good until
// the next call that adds or removes an element.
func (d *Deque[T]) At(i int) *T {
	if i < 0 || i >= d.n {
		return nil
	}
	return &d.buf[d.slot(i)]
}

// PushBack adds v as the youngest element.
func (d *Deque[T]) PushBack(v T) {
	d.reserve(d.n + 1)
	d.buf[d.slot(d.n)] = v
	d.n++
}

// PopFront removes and returns the oldest element; ok is false when there is none.
func (d *Deque[T]) PopFront() (v T, ok bool) {
	if d.n == 0 {
		return v, false
	}
	p := &d.buf[d.head]
	v, *p = *p, v // the slot is zeroed so that the ring keeps nothing alive
	d.head = d.slot(1)
	d.n--
	return v, true
}

// Insert puts v before element i, so that it becomes element i; i == Len appends. It reports false, and
// changes nothing, when i is outside [0, Len].
func (d *Deque[T]) Insert(i int, v T) bool {
	if i < 0 || i > d.n {
		return false
	}
	d.reserve(d.n + 1)
	if i < d.n-i { // fewer elements before i: move those one slot towards the front
		d.head = d.slot(-1)
		for k := 0; k < i; k++ {
			d.buf[d.slot(k)] = d.buf[d.slot(k+1)]
		}
	} else {
		for k := d.n; k > i; k-- {
			d.buf[d.slot(k)] = d.buf[d.slot(k-1)]
		}
	}
	d.n++
	d.buf[d.slot(i)] = v
	return true
}

// Remove takes out element i and closes the gap; ok is false when i is outside [0, Len).
func (d *Deque[T]) Remove(i int) (v T, ok bool) {
	if i < 0 || i >= d.n {
		return v, false
	}
	v = d.buf[d.slot(i)]
	if i < d.n-1-i { // fewer elements before i: move those one slot towards the back
		for k := i; k > 0; k-- {
			d.buf[d.slot(k)] = d.buf[d.slot(k-1)]
		}
		d.PopFront()
		return v, true
	}
	for k := i; k < d.n-1; k++ {
		d.buf[d.slot(k)] = d.buf[d.slot(k+1)]
	}
	d.Truncate(d.n - 1)
	return v, true
}

// Truncate keeps the n oldest elements and drops the rest; n < 0 counts as 0, n >= Len changes nothing.
func (d *Deque[T]) Truncate(n int) {
	var zero T
	for n = max(n, 0); d.n > n; d.n-- {
		d.buf[d.slot(d.n-1)] = zero
	}
}

// Clear drops every element and keeps the memory for reuse.
func (d *Deque[T]) Clear() { d.Truncate(0) }

// reserve makes room for n elements in all, doubling so that the cost per element stays constant.
func (d *Deque[T]) reserve(n int) {
	if n <= len(d.buf) {
		return
	}
	d.resize(max(minDeque, 1<<bits.Len(uint(n-1))))
}

// resize moves the elements, in order, to the start of a fresh buffer of size slots.
func (d *Deque[T]) resize(size int) {
	buf := make([]T, size)
	k := copy(buf, d.buf[d.head:min(d.head+d.n, len(d.buf))])
	copy(buf[k:], d.buf[:d.n-k])
	d.buf, d.head = buf, 0
}

// Clone returns a queue with the same elements, copied by assignment, and memory of its own.
func (d *Deque[T]) Clone() Deque[T] {
	if d.n == 0 {
		return Deque[T]{}
	}
	c := *d
	c.resize(max(minDeque, 1<<bits.Len(uint(d.n-1)))) // never more memory than the contents need
	return c
}

// Equal reports whether both hold the same elements in the same order, by eq.
func (d *Deque[T]) Equal(o *Deque[T], eq func(a, b *T) bool) bool {
	if d.n != o.n {
		return false
	}
	for i := 0; i < d.n; i++ {
		if !eq(d.At(i), o.At(i)) {
			return false
		}
	}
	return true
}

// Fingerprint feeds the length and then each element, oldest first, by hash.
func (d *Deque[T]) Fingerprint(h *Hash, hash func(v *T, h *Hash)) {
	h.U64(uint64(d.n))
	for i := 0; i < d.n; i++ {
		hash(d.At(i), h)
	}
}
