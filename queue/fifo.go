package queue

// FIFO is a bounded first-in first-out queue: the shape of an accept queue. The limit is the largest number of
// elements held, and no more is known here. Linux calls an accept queue full when its length exceeds the
// backlog (sk_acceptq_is_full), so its caller sets a limit of backlog + 1. The zero value has limit 0: see
// SetLimit.
type FIFO[T any] struct {
	list  Deque[T]
	limit int
}

// NewFIFO returns an empty queue of at most limit elements; limit < 0 counts as 0.
func NewFIFO[T any](limit int) FIFO[T] { return FIFO[T]{limit: max(limit, 0)} }

// SetLimit sets the largest length; limit < 0 counts as 0. Elements already held beyond it stay: a second
// listen with a smaller backlog loses no connection, it only refuses more.
func (q *FIFO[T]) SetLimit(limit int) { q.limit = max(limit, 0) }

// Limit returns the largest length.
func (q *FIFO[T]) Limit() int { return q.limit }

// Len returns the number of elements.
func (q *FIFO[T]) Len() int { return q.list.Len() }

// Full reports whether Push would refuse.
func (q *FIFO[T]) Full() bool { return q.list.Len() >= q.limit }

// Push adds v as the youngest element. It reports false, and changes nothing, when the queue is full.
func (q *FIFO[T]) Push(v T) bool {
	if q.Full() {
		return false
	}
	q.list.PushBack(v)
	return true
}

// Pop removes and returns the oldest element; ok is false when there is none.
func (q *FIFO[T]) Pop() (v T, ok bool) { return q.list.PopFront() }

// Peek returns the oldest element and leaves it; ok is false when there is none.
func (q *FIFO[T]) Peek() (v T, ok bool) {
	if p := q.list.At(0); p != nil {
		return *p, true
	}
	return v, false
}

// At returns element i in place, 0 the oldest, or nil when i is outside [0, Len). The pointer is good until the
// next call that adds or removes an element.
func (q *FIFO[T]) At(i int) *T { return q.list.At(i) }

// Remove takes out element i; the others keep their order. ok is false when i is outside [0, Len).
func (q *FIFO[T]) Remove(i int) (v T, ok bool) { return q.list.Remove(i) }

// RemoveFunc takes out every element that match accepts and returns how many; the others keep their order.
// match sees each element once, oldest first, and must not touch the queue.
func (q *FIFO[T]) RemoveFunc(match func(*T) bool) int {
	n, kept := q.list.Len(), 0
	for i := 0; i < n; i++ {
		p := q.list.At(i)
		if match(p) {
			continue
		}
		*q.list.At(kept) = *p // onto itself as long as nothing was taken out
		kept++
	}
	q.list.Truncate(kept)
	return n - kept
}

// Clear drops every element and keeps limit and memory.
func (q *FIFO[T]) Clear() { q.list.Clear() }

// Clone returns the same queue, elements copied by assignment, with memory of its own.
func (q *FIFO[T]) Clone() FIFO[T] { return FIFO[T]{list: q.list.Clone(), limit: q.limit} }

// Equal reports whether both have the same limit and the same elements in the same order, by eq.
func (q *FIFO[T]) Equal(o *FIFO[T], eq func(a, b *T) bool) bool {
	return q.limit == o.limit && q.list.Equal(&o.list, eq)
}

// Fingerprint feeds limit, length and each element, oldest first, by hash.
func (q *FIFO[T]) Fingerprint(h *Hash, hash func(v *T, h *Hash)) {
	h.U64(uint64(q.limit))
	q.list.Fingerprint(h, hash)
}
