package fuzz

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"
)

// mostShrinks bounds the inputs that Shrink tries.
const mostShrinks = 20_000

// Shrink is the shortest input it finds that still fails: whole ops go first, in
// runs of ever fewer (Zeller's ddmin, without complements: what is left of an op
// list is an op list), then fields become zero, the plain choice of every table.
// The first head octets are the setup, and an op has size.
func Shrink(in []byte, head, size int, fails func([]byte) bool) []byte {
	s := shrinker{fails: fails, left: mostShrinks}
	if len(in) < head || !s.try(in[:len(in)-(len(in)-head)%size]) {
		return in
	}
	for n := 0; n != len(s.best) && s.left > 0; { // an op that goes may set others free
		n = len(s.best)
		for run := (n - head) / size; run > 0; run /= 2 {
			s.cut(head, size, run*size)
		}
	}
	for i := range s.best {
		for _, v := range []byte{0, s.best[i] & 0x0F, s.best[i] & 0xF0, s.best[i] >> 1} {
			next := slices.Clone(s.best)
			if next[i] != v && v < next[i] {
				next[i] = v
				s.try(next)
			}
		}
	}
	return s.best
}

type shrinker struct {
	best  []byte
	fails func([]byte) bool
	left  int
}

// try keeps an input that fails.
func (s *shrinker) try(in []byte) bool {
	if s.left--; s.left < 0 || !s.fails(in) {
		return false
	}
	s.best = in
	return true
}

// cut takes out n octets wherever the rest still fails, the last ones first:
// what follows a failure never matters.
func (s *shrinker) cut(head, size, n int) {
	for at := len(s.best) - n; at >= head; at -= size {
		if at+n <= len(s.best) {
			s.try(slices.Delete(slices.Clone(s.best), at, at+n))
		}
	}
}

// CorpusEntry is an input as go test keeps it, and the file where it looks for
// it, from the package's directory. Of types it knows byte and []byte.
func CorpusEntry(target string, args ...any) (file, text string) {
	var b strings.Builder
	b.WriteString("go test fuzz v1\n")
	for _, a := range args {
		switch a := a.(type) {
		case byte:
			fmt.Fprintf(&b, "byte(%q)\n", rune(a))
		case []byte:
			fmt.Fprintf(&b, "[]byte(%q)\n", a)
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return path.Join("testdata/fuzz", target, fmt.Sprintf("%x", sum[:8])), b.String()
}
