package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatIsTooLongForAWayThatBecameNarrowerStays: to the octet, and only where
// nobody may cut it. What of it IPv6 lets go counts as unsent, too.
func TestWhatIsTooLongForAWayThatBecameNarrowerStays(t *testing.T) {
	const v4, v6 = 20 + tcpHdrLen, 40 + tcpHdrLen
	for _, c := range []struct {
		name    string
		ipv6    bool
		bars    Bars
		mtu     uint32
		octets  uint32
		stays   uint32 // of the octets, as one that is too long
		part    uint32
		escapes uint32
	}{
		{"it fits", false, BarLong | BarLongParts, v4 + 1000, 1000, 0, 0, 0},
		{"an octet too long", false, BarLong | BarLongParts, v4 + 999, 1000, 1000, 0, 0},
		{"it may be cut", false, 0, v4 + 999, 1000, 0, 0, 0},
		{"in parts", false, BarLong | BarLongParts, v4 + 999, 1100, 1100, 1000, 0},
		{"parts that fit", false, BarLong | BarLongParts, v4 + 1000, 1100, 0, 0, 0},
		{"IPv6: it fits", true, BarLong | BarLongParts, v6 + 1000, 1000, 0, 0, 0},
		{"IPv6: an octet too long", true, BarLong | BarLongParts, v6 + 999, 1000, 1000, 0, 0},
		{"IPv6: a last part that is short", true, BarLong | BarLongParts, v6 + 999, 1100, 1000, 1000, 100},
		{"IPv6: a last part that is too long, too", true, BarLong | BarLongParts, v6 + 979, 1990, 1990, 1000, 0},
		{"IPv6: a last part that just fits", true, BarLong | BarLongParts, v6 + 999, 1999, 1000, 1000, 999},
		{"IPv6: a last part that is none", true, BarLong | BarLongParts, v6 + 999, 2000, 2000, 1000, 0},
	} {
		w := wayWorld(t, c.ipv6)
		var stays, escapes, part uint32
		for _, o := range w.do(Input{Kind: Send, N: c.octets, Bars: c.bars, MTU: c.mtu}) {
			switch {
			case o.Kind == TooLong:
				stays, part = stays+o.Seg.Len, o.Off
				require.Equal(t, c.mtu, o.N, c.name)
				require.Equal(t, c.escapes == 0, o.Seg.Flags.Has(PSH), c.name)
			case o.Kind == Emit:
				escapes += o.Seg.Len
			}
		}
		if c.stays == 0 {
			require.Equal(t, []uint32{0, c.octets}, []uint32{stays, escapes}, c.name)
			require.Equal(t, c.octets, w.c.SndNxt().Since(ourISS.Add(1)), c.name)
			continue
		}
		require.Equal(t, []uint32{c.stays, c.part, c.escapes}, []uint32{stays, part, escapes}, c.name)
		require.Equal(t, ourISS.Add(1), w.c.SndNxt(), c.name)
		require.Equal(t, c.octets, w.c.NotSent(), c.name)
		w.wait() // a probe asks the way anew, and fits
		require.Equal(t, c.mtu, w.c.MTU(), c.name)
		require.Less(t, w.c.SndNxt().Since(ourISS.Add(1)), c.octets, c.name)
		require.Positive(t, w.c.SndNxt().Since(ourISS.Add(1)), c.name)
	}
}

// wayWorld is a connection whose segments carry 1000 octets.
func wayWorld(t *testing.T, ipv6 bool) *world {
	return openedWith(t, noSACK, 100*Millisecond, func(_ *Config, p *Params) { p.IPv6 = ipv6 })
}

// TestWhenAConnectionLearnsThatItsWayIsWiderAgain: IPv4's forgets at once, IPv6's
// when something is sent.
func TestWhenAConnectionLearnsThatItsWayIsWiderAgain(t *testing.T) {
	for _, ipv6 := range []bool{false, true} {
		w := wayWorld(t, ipv6)
		w.c.user.nonagle = nagleOff
		require.EqualValues(t, 1500, w.c.snd.way.known.octets())
		w.do(Input{Kind: Peek, MTU: 1290})
		require.EqualValues(t, 1500, w.c.snd.way.known.octets(), "it has not looked")
		w.do(Input{Kind: Send, N: 10, MTU: 1290})
		require.EqualValues(t, 1290, w.c.snd.way.known.octets())
		w.do(Input{Kind: Peek, MTU: 1400})
		want := uint32(1400)
		if ipv6 {
			want = 1290
		}
		require.Equal(t, want, w.c.snd.way.known.octets())
		w.do(Input{Kind: Send, N: 10, MTU: 1400})
		require.EqualValues(t, 1400, w.c.snd.way.known.octets())
		w.do(Input{Kind: Send, N: 10}) // as it was
		require.EqualValues(t, 1400, w.c.snd.way.known.octets())
		require.EqualValues(t, 1400, w.c.MTU())
	}
}
