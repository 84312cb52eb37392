package mutant

import (
	"encoding/binary"
	"slices"
	"time"
)

// Seen is what a test sees of the mutants, by number: not 0 where one comes to
// another value than the program, once at least.
type Seen []byte

// seenRow is how many octets of the file SeenName a test has: those of Seen, and
// the processor time at which it began.
func seenRow(n int) int { return n + 1 + 8 }

// NewSeen is the file before so many tests, with n the largest number of a mutant.
func NewSeen(tests, n int) []byte { return make([]byte, (tests+1)*seenRow(n)) }

// ReadSeen reads the file: what each test has seen, 0 for what is before any, and
// at which processor time it began: at 0 if it did not.
func ReadSeen(file []byte, n int) (sees []Seen, began []time.Duration) {
	for row := range slices.Chunk(file, seenRow(n)) {
		sees = append(sees, row[:n+1])
		began = append(began, time.Duration(binary.LittleEndian.Uint64(row[n+1:])))
	}
	return sees, began
}
