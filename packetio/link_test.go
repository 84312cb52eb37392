package packetio

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/sock"
)

func mustLink(t require.TestingT, imp Impairments, seed uint64) *Link {
	l, err := NewLink(imp, imp, seed)
	require.NoError(t, err)
	return l
}

func TestAPerfectLinkKeepsOrderAndTime(t *testing.T) {
	l := mustLink(t, Impairments{Delay: 10}, 1)
	for i := range 5 {
		l.Send(sock.Time(i), End(i%2), []byte{byte(i)})
	}
	at, ok := l.Deadline()
	require.True(t, ok)
	require.EqualValues(t, 10, at)
	require.Empty(t, l.Receive(9, nil))
	got := l.Receive(12, nil)
	require.Equal(t, []Delivery{{B, 10, []byte{0}}, {A, 11, []byte{1}}, {B, 12, []byte{2}}}, got)
	require.Equal(t, 1, l.UnderWay(A))
	require.Len(t, l.Receive(100, nil), 2)
	_, ok = l.Deadline()
	require.False(t, ok)
}

func TestPacketsDueTogetherKeepTheirOrder(t *testing.T) {
	l := mustLink(t, Impairments{Delay: 10}, 1)
	for i := range 50 {
		l.Send(0, End(i%2), []byte{byte(i)})
	}
	for i, d := range l.Receive(10, nil) {
		require.Equal(t, byte(i), d.Packet[0])
	}
}

func TestJitterOnlyAddsToTheDelay(t *testing.T) {
	l := mustLink(t, Impairments{Delay: 100, Jitter: 50}, 1)
	seen := map[sock.Time]bool{}
	for range 1000 {
		l.Send(0, A, nil)
	}
	for _, d := range l.Receive(1000, nil) {
		require.GreaterOrEqual(t, d.At, sock.Time(100))
		require.LessOrEqual(t, d.At, sock.Time(150))
		seen[d.At] = true
	}
	require.Len(t, seen, 51, "both bounds included")
}

func TestTheLinkKeepsItsOwnCopy(t *testing.T) {
	l := mustLink(t, Impairments{}, 1)
	b := []byte("good")
	l.Send(0, A, b)
	copy(b, "gone")
	require.Equal(t, "good", string(l.Receive(0, nil)[0].Packet))
}

func TestAFullQueueLosesTheNewcomer(t *testing.T) {
	l := mustLink(t, Impairments{Delay: 10, Queue: 2}, 1)
	for i := range 3 {
		l.Send(0, A, []byte{byte(i)})
	}
	l.Send(0, B, nil) // the other direction has room of its own
	require.Equal(t, 2, l.UnderWay(B))
	require.EqualValues(t, 1, l.Stats().Overflowed)
	require.Equal(t, byte(1), l.Receive(10, nil)[1].Packet[0])
}

func TestRatesAreWhatTheySay(t *testing.T) {
	l := mustLink(t, Impairments{Delay: 5, Loss: 100_000, Duplicate: 50_000, Reorder: 200_000, Queue: 1e6}, 42)
	const n = 100_000
	for range n {
		l.Send(0, A, nil)
	}
	s := l.Stats()
	near := func(want float64, got uint64) {
		t.Helper()
		require.Less(t, math.Abs(want-float64(got)), 0.05*want)
	}
	near(0.10*n*1.05, s.Lost) // a lost packet is lost with its duplicate
	near(0.05*n, s.Duplicated)
	near(0.20*0.9*1.05*n, s.Reordered)
}

func TestALinkIsItsSeed(t *testing.T) {
	run := func(seed uint64) string {
		l := mustLink(t, Impairments{Delay: 100, Jitter: 100, Loss: 2e5, Duplicate: 2e5, Reorder: 2e5}, seed)
		s := ""
		for i := range 200 {
			l.Send(sock.Time(i), End(i%2), []byte{byte(i)})
			s += fmt.Sprint(l.Receive(sock.Time(i), nil))
		}
		return s + fmt.Sprint(l.Receive(1000, nil), l.Stats())
	}
	require.Equal(t, run(7), run(7))
	require.NotEqual(t, run(7), run(8))
}

func TestNonsenseIsNoLink(t *testing.T) {
	for _, imp := range []Impairments{{Delay: -1}, {Jitter: -1}, {Queue: -1}, {Loss: 1e6 + 1}, {Duplicate: 2e6}, {Reorder: 2e6}} {
		_, err := NewLink(Impairments{}, imp, 0)
		require.Error(t, err)
	}
}

// checkLink drives a link by octets and checks what always holds: nothing comes early, late, out of
// time's order or from nowhere, no queue exceeds its bound, and the books balance.
func checkLink(t require.TestingT, imp Impairments, seed uint64, ops []byte) *Link {
	l := mustLink(t, imp, seed)
	var now sock.Time
	sent := map[byte]int{}
	for i, op := range ops {
		if op < 128 {
			l.Send(now, End(op&1), []byte{byte(i)})
			sent[byte(i)]++
		}
		now = now.Add(int64(op & 0x7f))
		if op&2 != 0 {
			continue
		}
		last := sock.Time(math.MinInt64)
		for _, d := range l.Receive(now, nil) {
			require.LessOrEqual(t, last, d.At, "in order of time")
			require.LessOrEqual(t, d.At, now, "not before it is due")
			require.Positive(t, sent[d.Packet[0]], "only what was sent")
			last = d.At
		}
		if at, ok := l.Deadline(); ok {
			require.Greater(t, at, now, "what is due was delivered")
		}
		for _, to := range []End{A, B} {
			require.LessOrEqual(t, l.UnderWay(to), l.dirs[to].imp.Queue)
		}
	}
	s := l.Stats()
	require.Equal(t, s.Sent+s.Duplicated, s.Delivered+s.Lost+s.Overflowed+uint64(l.UnderWay(A)+l.UnderWay(B)))
	if imp.Loss == 0 && imp.Queue >= 2*len(ops) {
		require.Zero(t, s.Lost+s.Overflowed)
	}
	return l
}

func TestLinkInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]uint32{0, 1000, 500_000, 1_000_000})
		imp := Impairments{
			Delay: rapid.Int64Range(0, 1000).Draw(t, "delay"), Jitter: rapid.Int64Range(0, 1000).Draw(t, "jitter"),
			Loss: rate.Draw(t, "loss"), Duplicate: rate.Draw(t, "dup"), Reorder: rate.Draw(t, "reorder"),
			Queue: rapid.IntRange(0, 300).Draw(t, "queue"),
		}
		checkLink(t, imp, rapid.Uint64().Draw(t, "seed"), rapid.SliceOf(rapid.Byte()).Draw(t, "ops"))
	})
}

// linkSeed is an input of FuzzLink.
type linkSeed struct {
	seed        uint64
	rates, more uint32
	delay       int64
	queue       uint16
	ops         []byte
}

// linkSeeds are fates of every kind: TestSeedsReachEveryFate holds them to it.
var linkSeeds = []linkSeed{
	{1, 100000, 1000, 50, 10, []byte{1, 200, 3, 4, 255, 0}},
	{2, 0, 0, 0, 0, []byte{0, 1, 4, 5, 255, 128}}, // nothing happens to anyone
	{3, 300000, 400000, 900<<40 | 5000, 0, bytes.Repeat([]byte{2, 3}, 20)},
	{4, 0, 500000, 100, 3, append(bytes.Repeat([]byte{2, 3}, 9), 253, 253)},
}

func (s *linkSeed) impairments() Impairments {
	return Impairments{Delay: s.delay & 0xfffff, Jitter: s.delay >> 40 & 0xfffff, Queue: int(s.queue),
		Loss: s.rates % (million + 1), Duplicate: s.more % (million + 1), Reorder: (s.rates ^ s.more) % (million + 1)}
}

func (s *linkSeed) run(t require.TestingT) (*Link, Impairments) {
	imp := s.impairments()
	return checkLink(t, imp, s.seed, s.ops), imp
}

func FuzzLink(f *testing.F) {
	for _, s := range linkSeeds {
		f.Add(s.seed, s.rates, s.more, s.delay, s.queue, s.ops)
	}
	f.Fuzz(func(t *testing.T, seed uint64, rates, more uint32, delay int64, queue uint16, ops []byte) {
		linkTarget.Check(t, linkSeed{seed, rates, more, delay, queue, ops})
	})
}
