package sock

import (
	"math/bits"
	"slices"
)

// slots are the numbers that were given out and are free again, a bit for each.
// The lowest is found without going over those in use.
type slots struct {
	free []uint64
	from int // words before this one have no free number
}

// take gives the lowest free number, false when there is none.
func (b *slots) take() (int, bool) {
	for ; b.from < len(b.free); b.from++ {
		if w := b.free[b.from]; w != 0 {
			b.free[b.from] = w & (w - 1)
			return b.from<<6 + bits.TrailingZeros64(w), true
		}
	}
	return 0, false
}

// put makes a number free.
func (b *slots) put(n int) {
	word := n >> 6
	for len(b.free) <= word {
		b.free = append(b.free, 0)
	}
	b.free[word] |= 1 << (n & 63)
	b.from = min(b.from, word)
}

// next is the lowest free number that is at least n, false when there is none. It
// stays free.
func (b *slots) next(n int) (int, bool) {
	for word := max(b.from, n>>6); word < len(b.free); word++ {
		w := b.free[word]
		if word == n>>6 {
			w &^= 1<<(n&63) - 1
		}
		if w != 0 {
			return word<<6 + bits.TrailingZeros64(w), true
		}
		if w = b.free[word]; w == 0 && word == b.from {
			b.from++
		}
	}
	return 0, false
}

// use gives out a number, free or not.
func (b *slots) use(n int) {
	if b.has(n) {
		b.free[n>>6] &^= 1 << (n & 63)
	}
}

// clone copies the set.
func (b *slots) clone() slots { return slots{slices.Clone(b.free), b.from} }

// has reports whether a number is free.
func (b *slots) has(n int) bool {
	return n>>6 >= b.from && n>>6 < len(b.free) && b.free[n>>6]>>(n&63)&1 != 0
}
