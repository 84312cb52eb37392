package packetio

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// busy is a segment as a connection in full swing has it.
func busy(v6 bool, payload int) sock.Packet {
	p := tcpPacket(v6, strings.Repeat("x", payload))
	p.Seg.Opts = tcpstate.Options{Set: tcpstate.OptTS | tcpstate.OptSACK, TSVal: 1, TSEcr: 2, NSACK: 2}
	return p
}

func TestTheCodecDoesNotAllocate(t *testing.T) {
	if testing.Short() {
		t.Skip("a pool may be emptied at any time; not worth a retry in short mode")
	}
	for _, v6 := range []bool{false, true} {
		p := busy(v6, 100)
		b := encode(t, p)
		bad := append([]byte{}, b...)
		bad[len(bad)-1] ^= 1
		var q sock.Packet
		var r Raw
		require.NoError(t, DecodeRaw(b, &q, &r))
		for name, f := range map[string]func(){
			"Decode":    func() { _ = Decode(b, &q) },
			"a drop":    func() { _ = Decode(bad, &q) },
			"DecodeRaw": func() { _ = DecodeRaw(b, &q, &r) },
			"Encode":    func() { b, _ = Encode(b[:0], &p) },
		} {
			// The average is floored, so a garbage collection that empties the pool does not count.
			require.Zero(t, testing.AllocsPerRun(1000, f), name)
		}
	}
}

// These count to b.N: OSS-Fuzz's builder, which compiles all tests beside a fuzz
// target, does not know b.Loop.
func BenchmarkDecode(b *testing.B) {
	for name, p := range map[string]sock.Packet{"v4/ack": busy(false, 0), "v4/1448": busy(false, 1448), "v4/60000": busy(false, 60000), "v6/1448": busy(true, 1448)} {
		b.Run(name, func(b *testing.B) {
			wire := encode(b, p)
			b.SetBytes(int64(len(wire)))
			b.ReportAllocs()
			var q sock.Packet
			b.ResetTimer()
			for range b.N {
				if err := Decode(wire, &q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, p := range map[string]sock.Packet{"v4/ack": busy(false, 0), "v4/1448": busy(false, 1448), "v6/1448": busy(true, 1448)} {
		b.Run(name, func(b *testing.B) {
			var wire []byte
			b.ReportAllocs()
			for range b.N {
				wire, _ = Encode(wire[:0], &p)
			}
			b.SetBytes(int64(len(wire)))
		})
	}
}

func BenchmarkLink(b *testing.B) {
	l := mustLink(b, Impairments{Delay: 100, Jitter: 100}, 1)
	wire := make([]byte, 100)
	var out []Delivery
	b.ReportAllocs()
	now := sock.Time(0)
	for range b.N {
		now++
		l.Send(now, A, wire)
		out = l.Receive(now, out[:0])
	}
}
