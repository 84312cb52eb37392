package shrink

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A failure that two operations of many cause is shrunk to these two, all that does not matter zero.
func TestOpsThatFailAreKept(t *testing.T) {
	in := []byte{7}
	for i := range 60 {
		in = append(in, 5, byte(i))
	}
	in[1+2*17], in[1+2*44] = 'a', 'b'
	tries := 0
	fails := func(in []byte) bool { // b some time after a, and a with at least 4
		tries++
		seen := false
		for op := range slices.Chunk(in[1:], 2) {
			seen = seen || op[0] == 'a' && op[1] >= 4
			if seen && op[0] == 'b' {
				return true
			}
		}
		return false
	}
	require.Equal(t, []byte{0, 'a', 4, 'b', 0}, Ops(append(in, 9), 1, 2, fails))
	require.Less(t, tries, 1000)
}

func TestWhatDoesNotFailIsLeftAlone(t *testing.T) {
	never := func([]byte) bool { return false }
	require.Equal(t, []byte("abcdefgh"), Ops([]byte("abcdefgh"), 4, 2, never))
	require.Equal(t, []byte("ab"), Ops([]byte("ab"), 4, 2, never), "shorter than a setup")
	require.Equal(t, []byte("abcdefgh"), Octets([]byte("abcdefgh"), never))
	require.Equal(t, "a\nb", Text("a\nb", func(string) bool { return false }))
	require.EqualValues(t, 9, Number(uint16(9), func(uint16) bool { return false }))
}

// An element that can go only once another has gone goes, too.
func TestShrinkingGoesOnWhileAnythingGoes(t *testing.T) {
	paired := func(s []byte) bool { // x and y come and go in this order
		return bytes.Contains(s, []byte("!")) && (!bytes.Contains(s, []byte("x")) || bytes.Contains(s, []byte("y")))
	}
	require.Equal(t, "!", string(List([]byte("yx!"), paired)))
}

func TestTextLosesLinesAndThenLetters(t *testing.T) {
	var lines []string
	for range 400 {
		lines = append(lines, "a line that is long and of no use")
	}
	lines[300] = "here it is: bug"
	tries := 0
	got := Text(strings.Join(lines, "\n"), func(s string) bool { tries++; return strings.Contains(s, "bug") })
	require.Equal(t, "bug", got)
	require.Less(t, tries, 200)
}

func TestNumbersShrinkToTheLeast(t *testing.T) {
	for _, least := range []uint32{0, 1, 77, 1 << 31} {
		require.Equal(t, least, Number(1<<32-1, func(n uint32) bool { return n >= least }))
	}
}

// However hard an input is to shrink, an end comes.
func TestTriesAreBounded(t *testing.T) {
	tries := 0
	odd := func(in []byte) bool { tries++; return len(in)%2 == 1 } // nothing alone can go
	List(make([]byte, 1<<16+1), odd)
	require.LessOrEqual(t, tries, mostTries)
}

// What is printed is what go test reads.
func TestCorpusEntriesAreGoTests(t *testing.T) {
	file, text := CorpusEntry("FuzzX", byte(0xff), []byte{0, 'a', '"', 0xff}, "a\nb", uint64(7), int64(-1))
	require.Equal(t, "go test fuzz v1\nbyte('ÿ')\n[]byte(\"\\x00a\\\"\\xff\")\nstring(\"a\\nb\")\nuint64(7)\nint64(-1)\n", text)
	require.Regexp(t, `^testdata/fuzz/FuzzX/[0-9a-f]{16}$`, file)
}

func TestCasesAreGoAsGofmtWritesIt(t *testing.T) {
	require.Equal(t, "func TestX(t *testing.T) {\n\ta := 1\n\t{\n\t\tb := a\n\t}\n}", TestCase("X", "a:=1", "{ b := a }"))
	require.Contains(t, TestCase("X", "no Go"), "\nno Go\n")
}

func TestFieldsAreThoseThatAreNotZero(t *testing.T) {
	type inner struct{ A, B int }
	type outer struct {
		In       inner
		Addr     netip.Addr
		Name     string
		Data     []byte
		unspoken int
	}
	require.Equal(t, "In.B=7 Addr=::1 Data=0aff", Fields(outer{In: inner{B: 7}, Addr: netip.IPv6Loopback(), Data: []byte{10, 255}, unspoken: 1}))
}
