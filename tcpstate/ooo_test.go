package tcpstate

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/queue"
)

// holdOOO puts a buffer behind all others that came out of order.
func (c *Conn) holdOOO(b rxBuffer) { c.rq.ooo.Insert(c.rq.ooo.Last(), queue.Right, b) }

// oooAt is the out-of-order buffer before which i others lie, nil if there is none.
func (c *Conn) oooAt(i int) *rxBuffer {
	n := c.rq.ooo.First()
	for range i {
		n = c.rq.ooo.Next(n)
	}
	return c.rq.ooo.At(n)
}

// held are the out-of-order buffers' edges, from the first octet on.
func (c *Conn) held() (out [][2]uint32) {
	for i := range c.rq.ooo.Len() {
		b := c.oooAt(i)
		out = append(out, [2]uint32{b.seq.Since(peerISS.Add(1)), b.end.Since(peerISS.Add(1))})
	}
	return out
}

// TestTheBufferNearestTheRootTakesWhatTouchesIt: and no D-SACK is told of the one that has it already; where that one is
// nearer, it is told (tcp_data_queue_ofo).
func TestTheBufferNearestTheRootTakesWhatTouchesIt(t *testing.T) {
	for name, c := range map[string]struct {
		order   []uint32
		repeats uint32
		want    string // what the ACK tells
	}{
		"the root touches it":          {[]uint32{1000, 3000, 2000}, 3000, "sack 1001:4001"},
		"the root has it":              {[]uint32{1000, 3000, 2000}, 2000, "sack 2001:2101,sack 1001:4001"},
		"came in order":                {[]uint32{1000, 2000, 3000, 4000}, 3000, "sack 1001:5001"},
		"came in order, the next":      {[]uint32{1000, 2000, 3000, 4000}, 4000, "sack 1001:5001"},
		"came in reverse":              {[]uint32{4000, 3000, 2000, 1000}, 4000, "sack 1001:5001"},
		"came in reverse, below it":    {[]uint32{4000, 3000, 2000, 1000}, 3000, "sack 3001:3101,sack 1001:5001"},
		"came from the ends, the root": {[]uint32{1000, 4000, 2000, 3000}, 3000, "sack 1001:5001"},
	} {
		w := established(t, plainOpts)
		for _, at := range c.order {
			w.arrive(data(at, 1000, 0))
		}
		require.Len(t, w.c.held(), len(c.order), name)
		w.c.ack.dupAcks, w.c.ack.compressed = 0, 0 // nothing is held back when the last one comes
		out := w.arrive(data(c.repeats, 100, 0))
		require.Len(t, out, 1, name)
		require.Equal(t, c.want, ourShow.options(&out[0].Opts), name)
	}
}

// TestTheUserReadsTheCopyOfTheBufferThatBeginsFirst: whichever buffer takes a segment, the octets are read from the one that
// comes first in the tree (tcp_ofo_queue, tcp_recvmsg). The test sees in the tree which one took it, and keeps each one's copy.
func TestTheUserReadsTheCopyOfTheBufferThatBeginsFirst(t *testing.T) {
	type copied struct {
		seq  uint32
		text []byte
	}
	const end = 120
	rapid.Check(t, func(r *rapid.T) {
		w, stream := established(t, plainOpts), make([]byte, end)
		w.lax = true
		var held []copied
		for id := range byte(rapid.IntRange(1, 40).Draw(r, "segments")) {
			from := rapid.Uint32Range(1, end-1).Draw(r, "from")
			to := min(from+rapid.Uint32Range(1, 20).Draw(r, "length"), end)
			w.arrive(data(from, to-from, 0))
			for _, o := range w.out {
				if o.Kind == Store {
					at := o.Seg.Seq.Since(peerISS.Add(1))
					copy(stream[at:at+o.N], bytes.Repeat([]byte{id + 1}, int(o.N)))
				}
			}
			require.NoError(r, w.c.Check())
			was := map[uint32][]byte{}
			for _, h := range held {
				was[h.seq] = h.text
			}
			held = nil
			for _, b := range w.c.held() {
				text := was[b[0]]
				switch n := int(b[1] - b[0]); {
				case b == [2]uint32{from, to} && len(text) != n: // new, or instead of a shorter one
					text = bytes.Repeat([]byte{id + 1}, n)
				case len(text) < n:
					text = append(bytes.Clone(text), bytes.Repeat([]byte{id + 1}, n-len(text))...)
				}
				held = append(held, copied{b[0], text})
			}
			read := make([]byte, end)
			for i := len(held) - 1; i >= 0; i-- { // what begins first is written last
				copy(read[held[i].seq:], held[i].text)
			}
			for i, c := range read {
				if c != 0 {
					require.Equal(r, c, stream[i], "octet %d of %v", i, held)
				}
			}
		}
	})
}

// TestRepackedDataHangsBehindAFinOfTheSameNumber: new buffers come into the tree when those that they are made of have left it,
// and one that begins where a FIN was left goes behind it (tcp_collapse, tcp_rbtree_insert).
func TestRepackedDataHangsBehindAFinOfTheSameNumber(t *testing.T) {
	c := established(t, plainOpts).c
	at := c.rcv.nxt.Add(100)
	for _, b := range []rxBuffer{
		{seq: at, end: at.Add(3800), true: 8448},
		{seq: at.Add(3776), end: at.Add(3900), true: 832, fin: true},
	} {
		c.holdOOO(b)
		c.rcv.rmem += b.true
	}
	c.collapseOOO()
	require.Equal(t, 3, c.rq.ooo.Len())
	require.Equal(t, []bool{false, true, false}, []bool{c.oooAt(0).fin, c.oooAt(1).fin, c.oooAt(2).fin})
	require.Equal(t, c.oooAt(1).seq, c.oooAt(2).seq)
	require.NoError(t, c.Check())
}

// TestShapeIsState: the same buffers round another root are another state, and a tree that is none is found.
func TestShapeIsState(t *testing.T) {
	b := func(c *Conn, i uint32) rxBuffer {
		return rxBuffer{seq: c.rcv.nxt.Add(10 * i), end: c.rcv.nxt.Add(10*i + 5)}
	}
	up, down := established(t, plainOpts).c, established(t, plainOpts).c
	for i := range uint32(4) {
		up.holdOOO(b(up, i+1))
		down.rq.ooo.Insert(down.rq.ooo.First(), queue.Left, b(down, 4-i))
	}
	require.Equal(t, up.held(), down.held())
	require.NoError(t, up.Check())
	require.False(t, up.Equal(down))
	require.NotEqual(t, up.Fingerprint(up.now), down.Fingerprint(down.now))
	same := up.Clone()
	require.True(t, up.Equal(same))
	require.Equal(t, up.Fingerprint(up.now), same.Fingerprint(same.now))
}

// TestABufferThatIsCutInPiecesReachesBeyondNoneAnyMore: what lay under a large buffer does not lie under the pieces of it.
func TestABufferThatIsCutInPiecesReachesBeyondNoneAnyMore(t *testing.T) {
	w := established(t, plainOpts)
	fin := data(3850, 50, 0)
	fin.Flags |= FIN
	w.arrive(data(100, 3700, 0))
	w.arrive(fin)
	w.arrive(data(3800, 1200, 0))
	w.c.rcv.rcvbuf, w.c.locks = w.c.rcv.rmem-1, LockRcvBuf
	w.arrive(data(6000, 10, 0))
	require.NoError(t, w.c.Check())
}
