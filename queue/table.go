package queue

import "iter"

// Table is a bounded table that remembers the order of insertion: the shape of a SYN queue, where segments find
// their request by key and time-outs and eviction start with the oldest. Put, Get and Delete cost O(1). The
// map in it is only ever looked up, never walked, so nothing depends on its order. The zero value has limit 0:
// see SetLimit.
type Table[K comparable, V any] struct {
	index map[K]int32 // key to its place in slots
	slots []slot[K, V]
	free  int32 // first unused slot, linked by next; 0 when there is none
	limit int
}

// slot is one entry of a doubly linked ring. Slot 0 is the ring's anchor: its next is the oldest entry, its
// prev the youngest. That spares every special case for an end of the list.
type slot[K comparable, V any] struct {
	key        K
	val        V
	prev, next int32
}

// NewTable returns an empty table of at most limit entries; limit < 0 counts as 0.
func NewTable[K comparable, V any](limit int) Table[K, V] { return Table[K, V]{limit: max(limit, 0)} }

// SetLimit sets the largest number of entries; limit < 0 counts as 0. Entries held beyond it stay.
func (t *Table[K, V]) SetLimit(limit int) { t.limit = max(limit, 0) }

// Limit returns the largest number of entries.
func (t *Table[K, V]) Limit() int { return t.limit }

// Len returns the number of entries.
func (t *Table[K, V]) Len() int { return len(t.index) }

// Full reports whether Put would refuse a new key.
func (t *Table[K, V]) Full() bool { return len(t.index) >= t.limit }

// Get returns the value under k in place, or nil when there is none. The pointer is good until the next Put of
// a new key or Delete.
func (t *Table[K, V]) Get(k K) *V {
	i, ok := t.index[k]
	if !ok {
		return nil
	}
	return &t.slots[i].val
}

// Put stores v under k. A new key becomes the youngest entry; a known one keeps its place. It reports false,
// and changes nothing, when k is new and the table is full.
func (t *Table[K, V]) Put(k K, v V) bool {
	if p := t.Get(k); p != nil {
		*p = v
		return true
	}
	if t.Full() {
		return false
	}
	t.insert(k, v)
	return true
}

// insert adds the new key k as the youngest entry, whatever the limit.
func (t *Table[K, V]) insert(k K, v V) {
	if t.index == nil {
		t.index = make(map[K]int32)
		t.slots = append(t.slots, slot[K, V]{}) // the anchor, linked to itself
	}
	i := t.free
	if i != 0 {
		t.free = t.slots[i].next
	} else {
		i = int32(len(t.slots))
		t.slots = append(t.slots, slot[K, V]{})
	}
	youngest := t.slots[0].prev
	t.slots[i] = slot[K, V]{key: k, val: v, prev: youngest}
	t.slots[youngest].next, t.slots[0].prev = i, i
	t.index[k] = i
}

// Delete takes out the entry of k and returns its value; ok is false when there is none.
func (t *Table[K, V]) Delete(k K) (v V, ok bool) {
	i, ok := t.index[k]
	if !ok {
		return v, false
	}
	s := &t.slots[i]
	v = s.val
	t.slots[s.prev].next, t.slots[s.next].prev = s.next, s.prev
	*s = slot[K, V]{next: t.free} // zeroed, so that the table keeps nothing alive
	t.free = i
	delete(t.index, k)
	return v, true
}

// Oldest returns the entry that came first, its value in place; ok is false when the table is empty.
func (t *Table[K, V]) Oldest() (k K, v *V, ok bool) {
	if len(t.index) == 0 {
		return k, nil, false
	}
	s := &t.slots[t.slots[0].next]
	return s.key, &s.val, true
}

// All walks the entries, oldest first, values in place. The entry in hand may be deleted during the walk;
// nothing else may be deleted and nothing put.
func (t *Table[K, V]) All() iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		for i := t.next(0); i != 0; {
			s := &t.slots[i]
			i = s.next // read first: the entry may be gone after yield
			if !yield(s.key, &s.val) {
				return
			}
		}
	}
}

// next returns the slot after i in order of insertion; after 0 comes the oldest, after the youngest comes 0.
func (t *Table[K, V]) next(i int32) int32 {
	if len(t.slots) == 0 {
		return 0
	}
	return t.slots[i].next
}

// Clone returns the same table, values copied by assignment, with memory of its own.
func (t *Table[K, V]) Clone() Table[K, V] {
	c := NewTable[K, V](t.limit)
	for i := t.next(0); i != 0; i = t.next(i) {
		c.insert(t.slots[i].key, t.slots[i].val)
	}
	return c
}

// Equal reports whether both have the same limit and the same entries in the same order, values compared by eq.
func (t *Table[K, V]) Equal(o *Table[K, V], eq func(a, b *V) bool) bool {
	if t.limit != o.limit || t.Len() != o.Len() {
		return false
	}
	i, j := t.next(0), o.next(0)
	for ; i != 0; i, j = t.next(i), o.next(j) {
		a, b := &t.slots[i], &o.slots[j]
		if a.key != b.key || !eq(&a.val, &b.val) {
			return false
		}
	}
	return true
}

// Fingerprint feeds limit, length and each entry, oldest first: its key by key, its value by val.
func (t *Table[K, V]) Fingerprint(h *Hash, key func(k *K, h *Hash), val func(v *V, h *Hash)) {
	h.U64(uint64(t.limit))
	h.U64(uint64(t.Len()))
	for i := t.next(0); i != 0; i = t.next(i) {
		key(&t.slots[i].key, h)
		val(&t.slots[i].val, h)
	}
}
