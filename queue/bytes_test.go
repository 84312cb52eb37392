package queue

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bytesModel is a flat slice; every rule of Bytes is one line here.
type bytesModel struct {
	data  []byte
	limit int
}

func (m *bytesModel) writeAt(off int, p []byte) int {
	k := min(len(p), max(max(m.limit, len(m.data))-off, 0))
	if k > 0 {
		for len(m.data) < off+k {
			m.data = append(m.data, 0)
		}
		copy(m.data[off:], p[:k])
	}
	return k
}

// filled are n octets that go on from those written before, never a zero: those mark gaps.
func filled(before, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte((before+i)%255 + 1)
	}
	return p
}

// bytesMachine runs a Bytes beside its model. Limits stay near minBytes so that runs cross the first
// allocation, the doublings and the limit.
func bytesMachine() machine {
	m := bytesModel{limit: 1500}
	b := NewBytes(1500)
	written := 0
	chunk := func(c chooser) (p []byte, from int) {
		p, from = filled(written, c.pick("length", 700)), written
		written = (written + len(p)) % 255
		return p, from
	}
	return machine{
		made:    "b, m := NewBytes(1500), bytesModel{limit: 1500}",
		checked: func() string { return "checkBytes(t, &b, &m)" },
		actions: []action{
			{"append", func(t require.TestingT, c chooser) {
				p, from := chunk(c)
				c.say("require.Equal(t, m.writeAt(len(m.data), filled(%[1]d, %[2]d)), b.Append(filled(%[1]d, %[2]d)))", from, len(p))
				require.Equal(t, m.writeAt(len(m.data), p), b.Append(p))
			}},
			{"write at", func(t require.TestingT, c chooser) {
				off := c.pick("off", 2000)
				p, from := chunk(c)
				c.say("require.Equal(t, m.writeAt(%[1]d, filled(%[2]d, %[3]d)), b.WriteAt(%[1]d, filled(%[2]d, %[3]d)))", off, from, len(p))
				require.Equal(t, m.writeAt(off, p), b.WriteAt(uint32(off), p))
			}},
			{"read at", func(t require.TestingT, c chooser) {
				off, p := c.pick("off", 2000), make([]byte, c.pick("length", 2000))
				want := m.data[min(off, len(m.data)):]
				want = want[:min(len(want), len(p))]
				c.say("require.Equal(t, %d, b.ReadAt(%d, make([]byte, %d)))", len(want), off, len(p))
				k := b.ReadAt(uint32(off), p)
				require.Equal(t, len(want), k)
				require.True(t, bytes.Equal(want, p[:k]), "bytes from offset %d", off)
			}},
			{"discard", func(t require.TestingT, c chooser) {
				n := c.pick("n", 1600)
				k := min(n, len(m.data))
				c.say("require.Equal(t, uint32(%[1]d), b.Discard(%[2]d)); m.data = m.data[%[1]d:]", k, n)
				require.Equal(t, uint32(k), b.Discard(uint32(n)))
				m.data = m.data[k:]
			}},
			{"truncate", func(_ require.TestingT, c chooser) {
				n := c.pick("n", 1600)
				k := min(n, len(m.data))
				c.say("b.Truncate(%d); m.data = m.data[:%d]", n, k)
				b.Truncate(uint32(n))
				m.data = m.data[:k]
			}},
			{"limit", func(_ require.TestingT, c chooser) {
				m.limit = c.pick("limit", 2000)
				c.say("m.limit = %[1]d; b.SetLimit(%[1]d)", m.limit)
				b.SetLimit(uint32(m.limit))
			}},
			{"go on with a clone", func(_ require.TestingT, c chooser) {
				c.say("{ old := b; b = b.Clone(); old.WriteAt(0, filled(0, 2000)) }")
				old := b
				b = b.Clone()
				old.WriteAt(0, filled(0, 2000)) // must not show in the clone
			}},
		},
		check: func(t require.TestingT) { checkBytes(t, &b, &m) },
		value: func() uint64 { return sum(b.Fingerprint) },
		shapes: func(see func(string, bool)) {
			see("empty", b.n == 0)
			see("no memory", b.buf == nil)
			see("wrapped", b.head+b.n > len(b.buf))
			see("a gap", bytes.IndexByte(m.data, 0) >= 0)
			see("full", b.n == b.limit && b.limit > 0)
			see("over its limit", b.n > b.limit)
			see("grown twice", len(b.buf) > 2*minBytes)
			see("limit 0", b.limit == 0)
		},
	}
}

func checkBytes(t require.TestingT, b *Bytes, m *bytesModel) {
	require.Equal(t, uint32(len(m.data)), b.Len())
	require.Equal(t, uint32(m.limit), b.Limit())
	require.LessOrEqual(t, b.Cap(), 2000, "memory beyond every limit there was")
	got := make([]byte, len(m.data)+1)
	require.Equal(t, len(m.data), b.ReadAt(0, got))
	require.True(t, bytes.Equal(m.data, got[:len(m.data)]), "contents differ")

	plain := NewBytes(2000) // the same contents with another history
	plain.Append(m.data)
	plain.SetLimit(uint32(m.limit))
	require.True(t, b.Equal(&plain))
	require.Equal(t, sum(plain.Fingerprint), sum(b.Fingerprint))
	plain.SetLimit(uint32(m.limit) + 1)
	require.False(t, b.Equal(&plain), "another limit")
	plain.SetLimit(uint32(m.limit))
	if len(m.data) > 0 {
		plain.WriteAt(uint32(len(m.data)-1), []byte{m.data[len(m.data)-1] + 1})
		require.False(t, b.Equal(&plain))
		require.NotEqual(t, sum(plain.Fingerprint), sum(b.Fingerprint))
	}
}

func TestBytesIsAFlatSlice(t *testing.T) { checkMachine(t, bytesMachine) }
func FuzzBytes(f *testing.F)             { fuzzMachine(f, bytesMachine) }

func TestBytesGapNeverShowsDiscardedBytes(t *testing.T) {
	b := NewBytes(1000)
	b.Append(bytes.Repeat([]byte("secret"), 100))
	b.Discard(600)
	b.WriteAt(600, []byte("x"))
	got := make([]byte, 601)
	require.Equal(t, 601, b.ReadAt(0, got))
	require.Equal(t, append(make([]byte, 600), 'x'), got)
}

func TestBytesOffsetsNearTheTopOf32BitsAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBytes(rapid.Uint32Range(0, 100).Draw(t, "limit"))
		off := rapid.Uint32Range(100, 1<<32-1).Draw(t, "off")
		require.Zero(t, b.WriteAt(off, []byte("data")))
		require.Zero(t, b.ReadAt(off, make([]byte, 4)))
		require.Zero(t, b.Discard(off))
		require.Zero(t, b.Len())
		require.Zero(t, b.Cap(), "a refusal costs no memory")
	})
}

func TestBytesLimitIsCapped(t *testing.T) {
	b := NewBytes(1<<32 - 1)
	require.Equal(t, uint32(MaxBytes), b.Limit())
}

func TestBytesZeroValueRefusesEverything(t *testing.T) {
	var b Bytes
	require.Zero(t, b.Append([]byte("x")))
	require.Zero(t, b.Discard(1))
	c := b.Clone()
	require.True(t, b.Equal(&c))
}

func TestBytesOfThePastAllocatesNothing(t *testing.T) {
	b, p := NewBytes(1<<16), make([]byte, 1460)
	var h Hash
	requireNoAllocs(t, func() {
		b.Append(p)
		b.WriteAt(b.Len()+1460, p)
		b.ReadAt(100, p)
		b.Discard(3 * 1460)
		b.Fingerprint(&h)
	})
}

// Data arrives out of order, is read without being consumed, and is consumed.
func ExampleBytes() {
	b := NewBytes(64)
	b.WriteAt(6, []byte("world"))
	b.WriteAt(0, []byte("hello "))

	p := make([]byte, 11)
	n := b.ReadAt(0, p) // a peek
	fmt.Printf("%q of %d\n", p[:n], b.Len())
	b.Discard(6)
	n = b.ReadAt(0, p)
	fmt.Printf("%q of %d\n", p[:n], b.Len())
	fmt.Println(b.Append(make([]byte, 100)), "of 100 taken")
	// Output:
	// "hello world" of 11
	// "world" of 5
	// 59 of 100 taken
}

func BenchmarkBytesAppendReadDiscard1460(b *testing.B) {
	b.ReportAllocs()
	q, p := NewBytes(1<<16), make([]byte, 1460)
	b.SetBytes(int64(len(p)))
	for range b.N {
		q.Append(p)
		q.ReadAt(0, p)
		q.Discard(1460)
	}
}

// TestBytesGrowNoFurtherThanTheyMust: the memory doubles only while it is too small, and ends at the limit.
func TestBytesGrowNoFurtherThanTheyMust(t *testing.T) {
	for _, c := range []struct{ n, limit, want int }{
		{1, 4 * minBytes, minBytes}, {minBytes, 4 * minBytes, minBytes}, {minBytes + 1, 4 * minBytes, 2 * minBytes},
		{2 * minBytes, 4 * minBytes, 2 * minBytes}, {2*minBytes + 1, 3 * minBytes, 3 * minBytes},
	} {
		b := NewBytes(uint32(c.limit))
		b.Append(make([]byte, c.n))
		require.Len(t, b.buf, c.want, "%d bytes, limit %d", c.n, c.limit)
	}
}

// What is fed is told by the contents alone: limit, extent, and the bytes by 256, the
// last of them fewer, never none. Golden files hold the outcome.
func TestBytesAreFedByChunksOf256(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 512} {
		b := NewBytes(1000)
		text := bytes.Repeat([]byte{7}, n)
		require.Equal(t, n, b.Append(text))
		var want Hash
		want.U64(1000)
		want.U64(uint64(n))
		for chunk := range slices.Chunk(text, 256) {
			want.Bytes(chunk)
		}
		require.Equal(t, want.Sum(), sum(b.Fingerprint), "%d octets", n)
	}
}
