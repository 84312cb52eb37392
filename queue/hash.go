package queue

import "encoding/binary"

// Hash is a running 64-bit fingerprint of a state. The zero value is ready. It is a plain value: copying it
// forks the fingerprint. The result depends on nothing but what was fed, in order: it is the same on every
// machine and in every run, so that fingerprints may be stored in golden files. It resists accident, not malice.
type Hash struct {
	sum uint64
}

// golden is 2^64 divided by the golden ratio, the step of splitmix64 (Steele, Lea, Flood 2014). Adding it
// first keeps a run of zero words from standing still at zero.
const golden = 0x9e3779b97f4a7c15

// U64 feeds one word. The mixer is splitmix64's, a bijection: two histories that differ only in the last word
// never collide.
func (h *Hash) U64(v uint64) {
	z := (h.sum + golden) ^ v
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	h.sum = z ^ z>>31
}

// U32 feeds one word of 32 bits. It mixes as U64 does: fields come in a fixed order, so width needs no mark.
func (h *Hash) U32(v uint32) { h.U64(uint64(v)) }

// Bool feeds 1 for true, 0 for false.
func (h *Hash) Bool(v bool) {
	if v {
		h.U64(1)
		return
	}
	h.U64(0)
}

// Bytes feeds the length of p and then p, so that ("ab", "c") and ("a", "bc") differ.
func (h *Hash) Bytes(p []byte) {
	h.U64(uint64(len(p)))
	for ; len(p) >= 8; p = p[8:] {
		h.U64(binary.LittleEndian.Uint64(p))
	}
	if len(p) == 0 {
		return
	}
	var tail uint64
	for i, c := range p {
		tail |= uint64(c) << (8 * i)
	}
	h.U64(tail)
}

// Sum returns the fingerprint of everything fed so far. Feeding may go on.
func (h Hash) Sum() uint64 { return h.sum }

// Integer is any type whose values are whole numbers: identifiers, states, lengths.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// HashInteger feeds *v: the element hash for queues of whole numbers.
func HashInteger[T Integer](v *T, h *Hash) { h.U64(uint64(*v)) }

// Same reports *a == *b: the element comparison for queues of plain values.
func Same[T comparable](a, b *T) bool { return *a == *b }
