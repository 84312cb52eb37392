package tcpstate

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// terrain is what the random segments are like. Edges lie on a grid, which
// makes touching and equal ones likely; the FIN takes a step of the grid too.
type terrain struct {
	grid, end   uint32 // octets a step, steps up to the FIN
	least, most uint32 // steps in a segment
	coalesces   bool   // neighbours always fit into one sk_buff, or never
}

var (
	// 850 octets and more leave too little room behind them for each other.
	largeSegments = terrain{grid: 50, end: 200, least: 17, most: 32}
	// A whole stream that fits behind its first octet.
	tinySegments = terrain{grid: 1, end: 100, least: 1, most: 12, coalesces: true}
)

// steps of the grid in an offset of octets.
func (k *terrain) steps(octets uint32) uint32 {
	if octets > k.grid*k.end {
		return k.end + 1
	}
	return octets / k.grid
}

// piece is a segment as the dumb reassembler keeps it: steps [from, to) of the
// stream and the number of its arrival.
type piece struct {
	from, to uint32
	id       []byte // by step
}

// reassembler does by brute force what tcp_data_queue and tcp_data_queue_ofo do
// with a tree: held pieces are sorted by where they begin, none lies within
// another, and where two overlap the one that begins first is read.
type reassembler struct {
	*terrain
	next uint32
	held []piece
	got  []byte // arrival that each step in order is from
}

func (m *reassembler) arrive(p piece) {
	switch {
	case p.to <= m.next:
	case p.from <= m.next:
		m.take(p) // in order: it goes to the user at once, held copies are dropped
		for len(m.held) > 0 && m.held[0].from <= m.next {
			m.take(m.held[0])
			m.held = m.held[1:]
		}
	default:
		m.hold(p)
	}
}

func (m *reassembler) take(p piece) {
	for ; m.next < p.to; m.next++ {
		m.got = append(m.got, p.id[m.next-p.from])
	}
}

func (m *reassembler) hold(p piece) {
	for i, h := range m.held {
		if h.from <= p.from && p.to <= h.to {
			return // all there already: what came first stays
		}
		if m.coalesces && h.to == p.from {
			h.to, h.id = p.to, append(append([]byte(nil), h.id...), p.id...)
			m.held[i] = h
			return // what it covers further on stays, and is dropped when it is due
		}
	}
	var keep []piece
	at := 0
	for _, h := range m.held {
		if p.from <= h.from && h.to <= p.to {
			continue // covered whole: the newcomer stays
		}
		if h.from < p.from {
			at = len(keep) + 1
		}
		keep = append(keep, h)
	}
	m.held = append(keep[:at:at], append([]piece{p}, keep[at:]...)...)
}

func (m *reassembler) has(i uint32) bool {
	for _, h := range m.held {
		if h.from <= i && i < h.to {
			return true
		}
	}
	return i < m.next
}

// runs counts the stretches of held steps.
func (m *reassembler) runs() (n int) {
	for i := range m.end + 1 {
		if m.has(i) && !m.has(i+1) {
			n++
		}
	}
	return n
}

// draw is a segment that may carry anything up to the FIN.
func (k *terrain) draw(r *rapid.T, id byte) (piece, Segment) {
	from := rapid.Uint32Range(0, k.end-k.least).Draw(r, "from")
	to := min(from+rapid.Uint32Range(k.least, k.most).Draw(r, "length"), k.end)
	s := data(from*k.grid, (to-from)*k.grid, 0)
	if to == k.end && rapid.Bool().Draw(r, "FIN") {
		to++
		s.Flags |= FIN
	}
	return piece{from, to, bytes.Repeat([]byte{id}, int(to-from))}, s
}

// reassembly is one random run.
type reassembly struct {
	*rapid.T
	w       *world
	m       reassembler
	stream  []byte // as the Store outputs left it, one octet a step
	was     []byte // what of it could be read before
	crowded bool   // more runs than blocks: Linux forgets the oldest
}

func (x *reassembly) arrive(p piece, s Segment) {
	had := x.m
	had.held = append([]piece(nil), x.m.held...)
	x.w.arrive(s)
	x.m.arrive(p)
	x.crowded = x.crowded || x.m.runs() > MaxSACK
	for _, o := range x.w.out {
		switch o.Kind {
		case Store:
			at := o.Seg.Seq.Since(peerISS.Add(1))
			require.Equal(x, at, s.Seq.Since(peerISS.Add(1))+o.Off, "an octet stored where it does not belong")
			for i := x.m.steps(at); i < x.m.steps(at+o.N); i++ {
				x.stream[i] = p.id[0]
			}
		case Emit:
			// tcp_sack_new_ofo_skb flushes what was held back before it notes the newcomer.
			x.checkSACK(&o.Seg, p, &had, o.Why == rule.CompressedAck)
		}
	}
	require.Equal(x, x.m.next, x.m.steps(x.w.c.RcvNxt().Since(peerISS.Add(1))), "RCV.NXT")
	require.Equal(x, x.m.next == x.m.end+1, x.w.c.finRcvd)
	n, read := min(x.m.next, x.m.end), min(had.next, x.m.end)
	if !x.m.coalesces {
		// Which of two neighbours takes a third depends on the shape of Linux's tree, which m lacks: see ooo_test.go.
		require.Equal(x, string(x.m.got[:n]), string(x.stream[:n]))
	}
	require.Equal(x, string(x.was[:read]), string(x.stream[:read]), "changed after the user could read it")
	x.was = append(x.was[:0], x.stream[:n]...)
}

func TestReassemblyGivesTheOctetsThatLinuxWould(t *testing.T) {
	for name, k := range map[string]*terrain{"large": &largeSegments, "tiny": &tinySegments} {
		t.Run(name, rapid.MakeCheck(func(r *rapid.T) {
			x := reassembly{T: r, w: established(t, plainOpts), m: reassembler{terrain: k}, stream: make([]byte, k.end+1)}
			for id := range byte(rapid.IntRange(1, 40).Draw(r, "segments")) {
				x.arrive(k.draw(r, id+1))
				if x.w.c.State() != Established {
					return
				}
			}
		}))
	}
}

// checkSACK holds an ACK's blocks to RFC 2018 section 4 and RFC 2883 section 4.
func (x *reassembly) checkSACK(s *Segment, p piece, had *reassembler, early bool) {
	m := &x.m
	off := func(q Seq) uint32 { return m.steps(q.Since(peerISS.Add(1))) }
	require.Equal(x, m.next, off(s.Ack))
	blocks := s.Opts.SACK[:s.Opts.NSACK]
	if len(blocks) > 0 && !early && isDSACK(s) {
		b := blocks[0]
		// A D-SACK reports octets of this very segment that were there before.
		require.True(x, off(b.Start) >= p.from && off(b.End) <= p.to, "D-SACK beyond the segment")
		for i := off(b.Start); i < off(b.End); i++ {
			require.True(x, had.has(i), "step %d is no duplicate", i)
		}
		blocks = blocks[1:]
	}
	for i, b := range blocks {
		for k := off(b.Start); k < off(b.End); k++ {
			require.True(x, m.has(k) && (early || k >= m.next), "step %d SACKed but not held", k)
		}
		if early {
			continue // in Linux's old order, a D-SACK before them
		}
		if !x.crowded {
			// Each block is a whole run: the octets around it are missing.
			require.False(x, m.has(off(b.Start)-1), "block %d begins in the middle", i)
			require.False(x, m.has(off(b.End)), "block %d ends in the middle", i)
		}
		for _, c := range blocks[:i] {
			require.True(x, b.End.Less(c.Start) || c.End.Less(b.Start), "blocks touch")
		}
	}
	if p.from > m.next && !early {
		require.NotEmpty(x, blocks)
		// The first block holds the segment that triggered the ACK.
		require.True(x, off(blocks[0].Start) <= p.from && p.to <= off(blocks[0].End), "the newest is not first")
	}
}

// isDSACK is RFC 2883's test: below the ACK, or within the second block.
func isDSACK(s *Segment) bool {
	o := &s.Opts
	return o.SACK[0].Start.Less(s.Ack) || o.NSACK > 1 &&
		o.SACK[0].Start.GreaterEq(o.SACK[1].Start) && o.SACK[0].End.LessEq(o.SACK[1].End)
}

func TestSACKBlocksAreMostRecentFirstAndFourAtMost(t *testing.T) {
	w := established(t, plainOpts)
	for i := range uint32(3) {
		w.arrive(data(1000+2000*i, 1000, 0))
	}
	w.rcv(data(7000, 1000, 0), "store 7001(1000) from 0 [out-of-order]") // the fourth is held back a little
	w.fires(0, "> . 1 ack 1 win 64240 <sack 7001:8001,sack 5001:6001,sack 3001:4001,sack 1001:2001> [compressed-ack]")
	w.rcv(data(9000, 1000, 0), "store 9001(1000) from 0 [out-of-order]")
	// RFC 2018 section 4: the newest first, then as many earlier ones as there is room for.
	w.fires(0, "> . 1 ack 1 win 64240 <sack 9001:10001,sack 7001:8001,sack 5001:6001,sack 3001:4001> [compressed-ack]")
}

func TestTimestampsLeaveRoomForThreeSACKBlocks(t *testing.T) {
	o := plainOpts
	o.Set |= OptTS
	o.TSVal, o.TSEcr = 5, 1000
	w := established(t, o)
	for i := range uint32(4) {
		w.arrive(data(1000+2000*i, 1000, 0))
	}
	// 40 octets of options: 12 of timestamps, 4 and 8 a block.
	w.fires(Millisecond, "> . 1 ack 1 win 64240 <TS 1101:5,sack 7001:8001,sack 5001:6001,sack 3001:4001> [compressed-ack]")
}

func TestDSACKReports(t *testing.T) {
	for _, c := range []struct {
		name string // of RFC 2883's examples
		held [][2]uint32
		seg  [2]uint32
		want string
	}{
		{"4.1.1 a whole duplicate below the ACK", nil, [2]uint32{0, 500}, "sack 1:501"},
		{"4.1.3 a duplicate of out-of-order data lies within the second block", [][2]uint32{{3000, 4000}}, [2]uint32{3200, 3500}, "sack 3201:3501,sack 3001:4001"},
		{"4.2.1 partly duplicate, in order", nil, [2]uint32{500, 1500}, "sack 501:1001"},
		{"4.2.2 partly duplicate of two held runs", [][2]uint32{{2000, 2500}, {3000, 3500}}, [2]uint32{2000, 3500}, "sack 2001:2501,sack 2001:3501"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := established(t, plainOpts)
			w.arrive(data(0, 1000, 0))
			w.call(Receive, 1000)
			for _, h := range c.held {
				w.arrive(data(h[0], h[1]-h[0], 0))
			}
			out := w.arrive(data(c.seg[0], c.seg[1]-c.seg[0], 0))
			require.Len(t, out, 1)
			require.Equal(t, c.want, ourShow.options(&out[0].Opts))
		})
	}
}

func TestDSACKIsReportedOnceOnly(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.rcv(data(0, 500, 0), "> . 1 ack 1001 win 63240 <sack 1:501> [ack-out-of-window]", "drop [TCP_OLD_SEQUENCE]")
	w.rcv(data(1000, 500, 0), "store 1001(500) from 0 [in-order]", "> . 1 ack 1501 win 62740 [quick-ack]", "readable [in-order]")
}

func TestDSACKIsASysctl(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.DSACK = false })
	w.arrive(data(0, 1000, 0))
	w.rcv(data(0, 500, 0), "> . 1 ack 1001 win 63240 [ack-out-of-window]", "drop [TCP_OLD_SEQUENCE]")
}

func TestWithoutSACKEveryOutOfOrderSegmentDrawsADuplicateAck(t *testing.T) {
	w := established(t, noSACK)
	for i := range uint32(8) {
		// RFC 5681 section 4.2.
		w.rcv(data(1000+1000*i, 1000, 0), fmt.Sprintf("store %d(1000) from 0 [out-of-order]", 1001+1000*i),
			"> . 1 ack 1 win 64240 [dup-ack]")
	}
}

func TestFillingAHoleIsAcknowledgedAtOnce(t *testing.T) {
	w := interactive(t)
	w.rcv(data(2000, 1000, 100), "store 2001(1000) from 0 [out-of-order]", "> . 101 ack 1001 win 63240 <sack 2001:3001> [dup-ack]")
	w.rcv(data(1000, 1000, 100), "store 1001(1000) from 0 [in-order]", "readable [in-order]", "> . 101 ack 3001 win 61240 [ack-now]")
}

func TestFinBeyondAHoleWaitsForIt(t *testing.T) {
	w := established(t, plainOpts)
	w.rcv(withFlags(data(1000, 500, 0), FIN), "store 1001(500) from 0 [out-of-order]", "> . 1 ack 1 win 64240 <sack 1001:1502> [dup-ack]")
	w.rcv(data(0, 1000, 0), "store 1(1000) from 0 [in-order]", "ESTABLISHED → CLOSE-WAIT [fin-received]", "readable [fin-received]",
		"readable [in-order]", "> . 1 ack 1502 win 62739 [ack-now]")
	require.EqualValues(t, 1500, w.c.Readable())
	require.False(t, w.c.EOF())
	w.user(Receive, 1500)
	require.True(t, w.c.EOF())
}
