package queue

// Waiters is the list of those who wait for one condition: the threads parked on a socket. It wakes as
// Linux's __wake_up does with WQ_FLAG_EXCLUSIVE: every waiter that shares the condition is told, and of the
// exclusive ones, of whom only one can be served, the one that has waited longest. A waiter that is woken
// leaves the list (autoremove_wake_function); one that finds nothing adds itself again, at the end or in its place. The zero
// value is ready. The list has no limit of its own: an id is in it at most once, so ids bound it.
//
// One who was woken exclusively and does not take what it was woken for (a signal came first) owes the next
// a WakeOne, or the event is lost.
type Waiters[T comparable] struct {
	shared    Deque[T] // newest first: Linux adds them at the head (__add_wait_queue)
	exclusive Deque[T] // oldest first: Linux adds them at the tail (__add_wait_queue_entry_tail_exclusive)
}

// Len returns the number of waiters.
func (w *Waiters[T]) Len() int { return w.shared.Len() + w.exclusive.Len() }

// At returns waiter i in the order WakeAll wakes; ok is false when i is outside [0, Len).
func (w *Waiters[T]) At(i int) (id T, exclusive, ok bool) {
	p := w.shared.At(i)
	if p == nil && i >= 0 {
		p, exclusive = w.exclusive.At(i-w.shared.Len()), true
	}
	if p == nil {
		return id, false, false
	}
	return *p, exclusive, true
}

// Add puts id on the list. It reports false, and changes nothing, when id waits already: who asks again does
// not lose its place (prepare_to_wait_exclusive).
func (w *Waiters[T]) Add(id T, exclusive bool) bool {
	if w.Waiting(id) {
		return false
	}
	if exclusive {
		w.exclusive.PushBack(id)
	} else {
		w.shared.Insert(0, id)
	}
	return true
}

// AddAgain puts id, who shares and was woken for nothing, back in its place: behind those that came later and
// before the others (one entry in the list for all of a wait, woken_wake_function). It reports false, and changes
// nothing, when id waits already.
func (w *Waiters[T]) AddAgain(id T, later func(id T) bool) bool {
	if w.Waiting(id) {
		return false
	}
	i := 0
	for i < w.shared.Len() && later(*w.shared.At(i)) {
		i++
	}
	w.shared.Insert(i, id)
	return true
}

// AddFirst puts id on the list as an exclusive waiter before the others, so that who came last is woken first
// (__add_wait_queue_exclusive). It is for a list without shared waiters, before whom Linux would put it, too. It
// reports false, and changes nothing, when id waits already.
func (w *Waiters[T]) AddFirst(id T) bool {
	if w.Waiting(id) {
		return false
	}
	w.exclusive.Insert(0, id)
	return true
}

// Waiting reports whether id is on the list.
func (w *Waiters[T]) Waiting(id T) bool {
	return find(&w.shared, id) >= 0 || find(&w.exclusive, id) >= 0
}

// Remove takes id off the list unwoken (a time-out, a signal) and reports whether it was there.
func (w *Waiters[T]) Remove(id T) bool {
	_, shared := w.shared.Remove(find(&w.shared, id))
	_, exclusive := w.exclusive.Remove(find(&w.exclusive, id))
	return shared || exclusive
}

// WakeOne takes off the list every shared waiter, newest first, and the one exclusive waiter that has waited
// longest, and appends them to dst in that order.
func (w *Waiters[T]) WakeOne(dst []T) []T {
	return w.WakeNext(w.WakeShared(dst))
}

// WakeNext takes off the list the one exclusive waiter that has waited longest, and appends it to dst.
func (w *Waiters[T]) WakeNext(dst []T) []T {
	if id, ok := w.exclusive.PopFront(); ok {
		dst = append(dst, id)
	}
	return dst
}

// WakeAll takes off the list every shared waiter, newest first, and every exclusive one, oldest first, and
// appends them to dst in that order: the condition has changed for all, as when a socket dies.
func (w *Waiters[T]) WakeAll(dst []T) []T {
	dst = w.WakeShared(dst)
	for id, ok := w.exclusive.PopFront(); ok; id, ok = w.exclusive.PopFront() {
		dst = append(dst, id)
	}
	return dst
}

// WakeShared takes every shared waiter off the list, newest first, and appends them to dst; the exclusive ones
// wait for another event.
func (w *Waiters[T]) WakeShared(dst []T) []T {
	for id, ok := w.shared.PopFront(); ok; id, ok = w.shared.PopFront() {
		dst = append(dst, id)
	}
	return dst
}

// find returns the index of id in d, or -1, which every method of Deque takes for "none".
func find[T comparable](d *Deque[T], id T) int {
	for i := 0; i < d.Len(); i++ {
		if *d.At(i) == id {
			return i
		}
	}
	return -1
}

// Clone returns the same list with memory of its own.
func (w *Waiters[T]) Clone() Waiters[T] {
	return Waiters[T]{shared: w.shared.Clone(), exclusive: w.exclusive.Clone()}
}

// Equal reports whether both hold the same waiters, of the same kinds, in the same order.
func (w *Waiters[T]) Equal(o *Waiters[T]) bool {
	return w.shared.Equal(&o.shared, Same[T]) && w.exclusive.Equal(&o.exclusive, Same[T])
}

// Fingerprint feeds the shared and then the exclusive waiters, each id by hash.
func (w *Waiters[T]) Fingerprint(h *Hash, hash func(id *T, h *Hash)) {
	w.shared.Fingerprint(h, hash)
	w.exclusive.Fingerprint(h, hash)
}
