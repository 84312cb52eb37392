package queue

import "bytes"

// MaxBytes is the largest limit of a Bytes, in bytes: the largest TCP window (RFC 7323, section 2.3), and a
// size whose double still fits an int of 32 bits.
const MaxBytes = 1 << 30

// minBytes is the first allocation, in bytes, where the limit allows it.
const minBytes = 512

// Bytes is a bounded ring of bytes addressed by the offset from its head, the oldest byte kept. A sender
// appends at the end, copies out any stretch as often as it must be retransmitted, and discards what was
// acknowledged. A receiver writes at the offset where data belongs, in or out of order; which offsets hold
// data is not kept here ([Ranges] does that). The zero value has limit 0: see SetLimit.
type Bytes struct {
	buf   []byte
	head  int // place of offset 0 in buf
	n     int // extent: one past the highest offset written
	limit int
}

// NewBytes returns an empty ring that holds up to limit bytes. It allocates only when written to.
func NewBytes(limit uint32) Bytes {
	var b Bytes
	b.SetLimit(limit)
	return b
}

// Len returns the extent in bytes: one past the highest offset written and not discarded. Gaps count.
func (b *Bytes) Len() uint32 { return uint32(b.n) }

// Limit returns the largest extent, in bytes, that may be reached by writing.
func (b *Bytes) Limit() uint32 { return uint32(b.limit) }

// Cap returns the bytes of memory held now.
func (b *Bytes) Cap() int { return len(b.buf) }

// SetLimit sets the largest extent in bytes, at most MaxBytes. Bytes already held beyond it stay.
func (b *Bytes) SetLimit(limit uint32) { b.limit = int(min(limit, MaxBytes)) }

// Append adds p at the end and returns how many bytes were taken: less than len(p) when the limit was met.
func (b *Bytes) Append(p []byte) int { return b.WriteAt(uint32(b.n), p) }

// WriteAt puts p at offset off and returns how many bytes were taken, always from the start of p: less than
// len(p) when the limit was met, 0 when off is beyond it. Bytes there before are overwritten. When off is
// beyond the end the gap reads as zeros until written: never as bytes discarded earlier, which would make
// equal histories unequal and leak one stream into another.
func (b *Bytes) WriteAt(off uint32, p []byte) int {
	room := max(b.limit, b.n) // held bytes stay writable below a lowered limit
	if len(p) == 0 || uint64(off) >= uint64(room) {
		return 0
	}
	at := int(off)
	p = p[:min(len(p), room-at)]
	b.reserve(at + len(p))
	for gap := b.n; gap < at; {
		s := b.span(gap, at)
		clear(s)
		gap += len(s)
	}
	k := copy(b.span(at, at+len(p)), p)
	copy(b.buf, p[k:]) // what did not fit before the end of the ring wraps to its start
	b.n = max(b.n, at+len(p))
	return len(p)
}

// ReadAt copies bytes from offset off on into p, consuming none, and returns how many there were: less than
// len(p) when the end was met.
func (b *Bytes) ReadAt(off uint32, p []byte) int {
	if uint64(off) >= uint64(b.n) {
		return 0
	}
	end := int(off) + min(len(p), b.n-int(off))
	k := copy(p, b.span(int(off), end))
	return k + copy(p[k:], b.span(int(off)+k, end))
}

// Discard drops n bytes from the head, so that offset n becomes offset 0, and returns how many were dropped:
// less than n when there were fewer.
func (b *Bytes) Discard(n uint32) uint32 {
	k := int(min(n, uint32(b.n)))
	b.n -= k
	b.head = b.place(k)
	if b.n == 0 {
		b.head = 0 // an empty ring starts over, so that short streams never wrap
	}
	return uint32(k)
}

// Truncate cuts the extent to n bytes, dropping the youngest; n >= Len changes nothing. A receiver short of
// memory gives up out-of-order data this way (tcp_prune_ofo_queue).
func (b *Bytes) Truncate(n uint32) { b.n = int(min(n, uint32(b.n))) }

// place maps an offset up to the capacity to its place in buf.
func (b *Bytes) place(off int) int {
	at := b.head + off
	if at >= len(b.buf) {
		at -= len(b.buf)
	}
	return at
}

// span returns the bytes from offset off up to end, or up to where the ring wraps if that is earlier.
func (b *Bytes) span(off, end int) []byte {
	at := b.place(off)
	return b.buf[at:min(at+end-off, len(b.buf))]
}

// reserve makes room for an extent of n bytes, n at most the limit or the extent, by doubling up to the limit.
func (b *Bytes) reserve(n int) {
	if n <= len(b.buf) {
		return
	}
	size := max(minBytes, len(b.buf))
	for size < n {
		size *= 2 // no overflow: n is at most MaxBytes
	}
	b.resize(min(size, b.limit))
}

// resize moves the contents to the start of a fresh buffer of size bytes, size at least the extent.
func (b *Bytes) resize(size int) {
	buf := make([]byte, size)
	b.ReadAt(0, buf[:b.n])
	b.buf, b.head = buf, 0
}

// Clone returns a ring with the same bytes and limit and with memory of its own, no more than the bytes need.
func (b *Bytes) Clone() Bytes {
	c := *b
	c.resize(b.n)
	return c
}

// Equal reports whether both have the same limit and read the same.
func (b *Bytes) Equal(o *Bytes) bool {
	if b.n != o.n || b.limit != o.limit {
		return false
	}
	for off := 0; off < b.n; { // at most three rounds: each ring wraps at most once
		x, y := b.span(off, b.n), o.span(off, b.n)
		k := min(len(x), len(y))
		if !bytes.Equal(x[:k], y[:k]) {
			return false
		}
		off += k
	}
	return true
}

// Fingerprint feeds limit, extent and contents. The contents go through a chunk of fixed size, so that where
// the ring wraps leaves no trace.
func (b *Bytes) Fingerprint(h *Hash) {
	h.U64(uint64(b.limit))
	h.U64(uint64(b.n))
	var chunk [256]byte
	for off := 0; off < b.n; off += len(chunk) {
		h.Bytes(chunk[:b.ReadAt(uint32(off), chunk[:])])
	}
}
