package queue

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/fuzz/shrink"
)

// Fingerprints are stored in golden files, so the function may never change unnoticed.
func TestHashIsTheSameEverywhere(t *testing.T) {
	var h Hash
	require.Equal(t, uint64(0), h.Sum())
	h.U64(0)
	require.Equal(t, uint64(0xe220a8397b1dcdaf), h.Sum(), "the first output of splitmix64 seeded with 0")
	h.U32(7)
	h.Bool(true)
	h.Bool(false)
	h.Bytes([]byte("0123456789"))
	require.Equal(t, uint64(0x8a45f7eec751226a), h.Sum())
}

func TestHashTellsOrderApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		ab := sum(func(h *Hash) { h.U64(a); h.U64(b) })
		ba := sum(func(h *Hash) { h.U64(b); h.U64(a) })
		require.Equal(t, a == b, ab == ba)
	})
}

func TestHashTellsBytesApart(t *testing.T) {
	seen := map[uint64]string{}
	// Zero bytes are the hard case: a missing length would fold all of these into one.
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"\x00"}, {"\x00\x00"}, {"\x00", "\x00"},
		{"ab", "c"}, {"a", "bc"}, {"abc"}, {"12345678"}, {"123456789"}, {"1234567", "89"}} {
		s := sum(func(h *Hash) {
			for _, p := range parts {
				h.Bytes([]byte(p))
			}
		})
		require.NotContains(t, seen, s, "%q against %q", parts, seen[s])
		seen[s] = fmt.Sprintf("%q", parts)
	}
}

func TestHashOfNearbyWordsDoesNotCollide(t *testing.T) {
	seen := map[uint64]bool{}
	for a := range uint64(300) {
		for b := range uint64(300) {
			seen[sum(func(h *Hash) { h.U64(a); h.U64(b) })] = true
		}
	}
	require.Len(t, seen, 300*300)
}

// hashSeeds are pairs of runs that are equal, or differ in one way: see TestSeedsReachEveryWayToDiffer.
func hashSeeds() (pairs [][2][]byte) {
	add := func(a, b string) { pairs = append(pairs, [2][]byte{[]byte(a), []byte(b)}) }
	add("left", "right")
	add("\x00", "")
	add("", "")
	add("0123456789", "0123456789")
	for n := 9; n <= 16; n++ {
		s := "0123456789abcdef"[:n]
		add(s, s[:n-1]+"-")
		add(s, "-"+s[1:])
	}
	add("01234567abcdefgh", "abcdefgh01234567")
	return pairs
}

func FuzzHash(f *testing.F) {
	for _, s := range hashSeeds() {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b []byte) { hashTarget.Check(t, [2][]byte{a, b}) })
}

// hashTarget: two runs have one sum if they are equal, and only then.
var hashTarget = shrink.Target[[2][]byte]{
	Name: "FuzzHash",
	Run: func(t shrink.T, in [2][]byte) {
		x, y := sum(func(h *Hash) { h.Bytes(in[0]) }), sum(func(h *Hash) { h.Bytes(in[1]) })
		require.Equal(t, string(in[0]) == string(in[1]), x == y)
	},
	Shrink: shrinkBoth,
	Args:   func(in [2][]byte) []any { return []any{in[0], in[1]} },
	Tell: func(logf shrink.Logf, in [2][]byte) {
		assert := "NotEqual"
		if string(in[0]) == string(in[1]) {
			assert = "Equal"
		}
		one := func(b []byte) string { return fmt.Sprintf("sum(func(h *Hash) { h.Bytes([]byte(%q)) })", b) }
		logf("a test of package queue:\n%s", shrink.TestCase("HashFound", fmt.Sprintf("require.%s(t, %s, %s)", assert, one(in[0]), one(in[1]))))
	},
}

// shrinkBoth shortens two runs: both in the same places first, since what one loses makes them differ.
func shrinkBoth(in [2][]byte, fails func([2][]byte) bool) [2][]byte {
	places := make([]int, max(len(in[0]), len(in[1])))
	for i := range places {
		places[i] = i
	}
	at := func(run []byte, places []int) (out []byte) {
		for _, i := range places {
			if i < len(run) {
				out = append(out, run[i])
			}
		}
		return out
	}
	places = shrink.List(places, func(some []int) bool { return fails([2][]byte{at(in[0], some), at(in[1], some)}) })
	a, b := at(in[0], places), at(in[1], places)
	a = shrink.Octets(a, func(a []byte) bool { return fails([2][]byte{a, b}) })
	b = shrink.Octets(b, func(b []byte) bool { return fails([2][]byte{a, b}) })
	return [2][]byte{a, b}
}

func ExampleHash() {
	var a, b Hash
	a.U32(443)
	a.Bytes([]byte("established"))
	b.U32(443)
	b.Bytes([]byte("established"))
	fmt.Println(a.Sum() == b.Sum())
	b.Bool(true)
	fmt.Println(a.Sum() == b.Sum())
	// Output:
	// true
	// false
}

func BenchmarkHashU64(b *testing.B) {
	b.ReportAllocs()
	var h Hash
	for i := range b.N {
		h.U64(uint64(i))
	}
}

func BenchmarkHashBytes1460(b *testing.B) {
	b.ReportAllocs()
	p := make([]byte, 1460)
	b.SetBytes(int64(len(p)))
	var h Hash
	for range b.N {
		h.Bytes(p)
	}
}
