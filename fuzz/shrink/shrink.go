// Package shrink makes the input of a fuzz target that failed as short as it can
// be, and tells it in words that people read.
//
// What go test finds is a file of octets. [Target] runs it again, takes out what
// the failure does not need, and prints what is left: what happened step by step,
// a test to paste, and the corpus entry. A panic fails as a check does.
//
// It knows nothing of the packages that are fuzzed, so all of them can use it.
package shrink

import (
	"slices"
	"strings"
)

// mostTries bounds the inputs that one call tries: a long input whose failure
// needs all of it would take the square of its length.
const mostTries = 20_000

// tries counts what is left of mostTries.
type tries int

func (n *tries) next() bool {
	*n--
	return *n >= 0
}

// List takes elements out of a list that fails while what is left still fails,
// in runs of ever fewer (Zeller's ddmin, without complements: what is left of a
// list of operations is a list of operations). A list that does not fail comes back as it is.
func List[E any](in []E, fails func([]E) bool) []E {
	left := tries(mostTries)
	for n := -1; n != len(in) && left > 0; { // an element that goes may set others free
		n = len(in)
		for run := n; run > 0; run /= 2 {
			in = cut(in, run, &left, fails)
		}
	}
	return in
}

// cut takes out n elements wherever the rest still fails, the last ones first:
// what follows a failure never matters.
func cut[E any](in []E, n int, left *tries, fails func([]E) bool) []E {
	for at := len(in) - n; at >= 0; at -= n {
		if at+n > len(in) {
			continue
		}
		if less := slices.Delete(slices.Clone(in), at, at+n); left.next() && fails(less) {
			in = less
		}
	}
	return in
}

// Lower makes octets zero, the plain choice of most tables, or else less, while the input still fails.
func Lower(in []byte, fails func([]byte) bool) []byte {
	left := tries(mostTries)
	for i := range in {
		put := func(v byte) bool {
			next := slices.Clone(in)
			if next[i] = v; v >= in[i] || !left.next() || !fails(next) {
				return false
			}
			in = next
			return true
		}
		if !put(0) {
			put(in[i] & 0x0F) // two fields, often
			put(in[i] & 0xF0)
			Number(in[i], put)
		}
	}
	return in
}

// Number makes a number zero, or else less, while the input with it still fails.
func Number[N ~uint8 | ~uint16 | ~uint32 | ~uint64](n N, fails func(N) bool) N {
	for step := n; step > 0; step -= max(step/2, 1) {
		if step <= n && fails(n-step) {
			n -= step
		}
	}
	return n
}

// Text makes a text short: lines go first, then what they consist of.
func Text(in string, fails func(string) bool) string {
	lines := List(strings.SplitAfter(in, "\n"), func(some []string) bool { return fails(strings.Join(some, "")) })
	rest := List([]byte(strings.Join(lines, "")), func(some []byte) bool { return fails(string(some)) })
	return string(rest)
}

// Octets makes an input without structure short.
func Octets(in []byte, fails func([]byte) bool) []byte {
	return List(Lower(List(in, fails), fails), fails) // what is zero is often not needed
}

// Ops makes a list of operations short. The first head octets are the setup, and an
// operation has size octets; a part of one, at the end, is none.
func Ops(in []byte, head, size int, fails func([]byte) bool) []byte {
	if len(in) < head || !fails(in[:len(in)-(len(in)-head)%size]) {
		return in
	}
	in = in[:len(in)-(len(in)-head)%size]
	fewer := func() []byte {
		setup := in[:head:head]
		whole := func(ops [][]byte) []byte { return append(setup, slices.Concat(ops...)...) }
		return whole(List(slices.Collect(slices.Chunk(in[head:], size)), func(ops [][]byte) bool { return fails(whole(ops)) }))
	}
	in = fewer()
	in = Lower(in, fails)
	return fewer() // plainer ones may need fewer before them
}
