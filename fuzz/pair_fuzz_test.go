package fuzz

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPair joins two endpoints by a link that is as bad as the input says:
// every octet written arrives once and in order, and both sides finish.
func FuzzPair(f *testing.F) {
	for _, s := range pairSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if err := RunPair(in, nil); err != nil {
			failure{"FuzzPair", pairHeader, pairOpSize, RunPair, whole}.tell(t, in, err)
		}
	})
}

func TestPairDeliversAllOctetsOverBadLinks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		in := make([]byte, pairHeader+pairOpSize*r.IntN(60))
		for i := range in {
			in[i] = byte(r.Uint32())
		}
		for i := pairHeader; i < len(in); i += pairOpSize {
			if kind := in[i] & 0x7F % numPairOps; (kind == pairClose || kind == pairAbort) && r.IntN(8) > 0 {
				in[i] = in[i] & 0x80 // mostly writes: runs that end early show little
			}
			in[i+2] %= 6
		}
		err := RunPair(in, nil)
		require.NoError(t, err, "%x", in)
	}
}

// pairSeeds: handshake only; both ways; with loss, doubles and reordering; small
// buffers and a slow reader; crossing SYNs; closes of every order.
var pairSeeds = func() (seeds [][]byte) {
	const second = 0x80
	bulk := []byte{pairWrite, 11, 4, fateLate | 5<<fateKindBit, second + pairWrite, 11, 4, fateDrop, pairRead, 10, 5, fateTwice | 9<<fateKindBit}
	slow := []byte{pairWrite, 12, 6, 0, second | pairRead, 2, 6, 0, second | pairRead, 3, 7, fateDrop, pairShutdown, 0, 3, fateDrop}
	for order := range byte(3) {
		for _, options := range [][2]byte{{0, 0}, {1 << 2, 0}, {4 << 2, 8 << 2}, {7<<2 | 1, 0}, {128, 0}, {0, 128}, {128 | 2<<2, 128}, {0, 1}, {0, 1 | 4<<2}} {
			for _, ops := range [][]byte{{}, bulk, slow, {pairWrite, 3, 0, 0, second | pairClose, 0, 4, 0}, {pairOOB, 0, 0, 0, pairAbort, 0, 0, 0}} {
				for range 3 {
					ops = append(ops[:len(ops):len(ops)], ops[:min(len(ops), 24)]...)
				}
				seeds = append(seeds, append([]byte{options[0], options[1], order * 0x11, order}, ops...))
			}
		}
	}
	return seeds
}()
