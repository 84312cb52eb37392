// Package queue holds the mechanisms that sockets are built from and that never heard of TCP:
// rings, tables, range sets, wait lists and deadline heaps.
//
//	FIFO       bounded first-in first-out queue (an accept queue)
//	Deque      indexable growable ring (a write or retransmission queue)
//	Table      bounded table in insertion order (a SYN queue)
//	Bytes      bounded ring of bytes, addressed from its head (a payload buffer)
//	Ranges     bounded set of half-open ranges (out-of-order data, a SACK scoreboard)
//	Waiters    wait list with exclusive wake-one (threads blocked on a socket)
//	Tree       red-black tree of Linux's shape (out-of-order data)
//	Deadlines  heap of deadlines with a fixed order among equals (timers)
//	Hash       64-bit fingerprint of a state
//
// Four promises hold for all of them, because a state machine that is searched, replayed and compared
// stands on them:
//
//   - The zero value is ready. A bounded type starts with limit 0: it holds nothing and refuses
//     everything until SetLimit. Negative limits count as 0. Lowering a limit never loses what is held;
//     it only refuses more.
//   - A refusal is reported by a result, never by a panic, and leaves the value as it was. An index
//     outside the value reads as nil or as the zero value with ok false.
//   - A value is copied with Clone, not with =, which would share its memory. Clone copies elements by
//     assignment: elements that own memory are the caller's to clone. Equal and Fingerprint see what a
//     caller could see (contents, order, limit), never capacity, position in memory or history, so equal
//     values have equal fingerprints.
//   - Nothing is allocated once the buffers have grown to what is needed: they grow by doubling and are
//     kept for reuse.
//
// Types with element type T compare and hash elements by functions over *T, so that method expressions
// fit: q.Equal(&r, (*Segment).Equal), q.Fingerprint(&h, (*Segment).Fingerprint). For plain elements there
// are [Same] and [HashInteger]. No value here may be used by two goroutines at a time.
package queue
