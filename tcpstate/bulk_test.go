package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// bulk is a sender with no end of data and a dumb receiver across a path of
// fixed delay: the receiver keeps one bit for each segment of 1000 octets,
// acknowledges every one, and reports the newest hole-free runs by SACK.
type bulk struct {
	*world
	rtt    Duration
	flight []uint32 // numbers of the segments under way, in the order sent
	got    map[uint32]bool
	next   uint32 // first segment the receiver lacks
	recent []uint32
}

const bulkMSS = 1000

var bulkOpts = Options{Set: OptMSS | OptSACKOK | OptWScale, MSS: bulkMSS, WScale: 7}

// newBulk is a transfer that has not begun.
func newBulk(t *testing.T, rtt Duration, o Options, change func(*Config)) *bulk {
	w := openedWith(t, o, rtt, func(c *Config, p *Params) {
		p.SndBuf, p.Locks = 1<<30, LockSndBuf
		if change != nil {
			change(c)
		}
	})
	w.lax = true // a look at the whole queue for every ACK takes too long
	b := &bulk{world: w, rtt: rtt, got: map[uint32]bool{}}
	if o.Has(OptWScale) {
		b.step(Input{Kind: SegmentArrives, Seg: ackOf(0)}) // opens the scaled window
	}
	return b
}

// note puts what the latest step sent under way.
func (b *bulk) note() {
	for _, s := range b.segs() {
		if s.Len%bulkMSS != 0 {
			require.Fail(b.t, "a partial segment")
		}
		first := s.Seq.Since(ourISS.Add(1)) / bulkMSS
		for i := range s.Len / bulkMSS {
			b.flight = append(b.flight, first+i)
		}
	}
}

// fill keeps the send buffer from running dry.
func (b *bulk) fill() {
	if n := b.c.NotSent(); n < 4<<20 {
		b.call(Send, 8<<20/bulkMSS*bulkMSS)
		b.note()
	}
}

// arrives is the receiver taking segment i and acknowledging.
func (b *bulk) arrives(i uint32) {
	b.got[i] = true
	for b.got[b.next] {
		b.next++
	}
	s := ackOf(b.next * bulkMSS)
	for _, r := range b.blocks(i) {
		s = sacking(s, r[0]*bulkMSS, r[1]*bulkMSS)
	}
	if !b.c.opt.sack {
		s.Opts = Options{}
	}
	b.arrive(s)
	b.note()
}

// blocks are the runs beyond the first hole, the one with segment i first
// (RFC 2018 section 4).
func (b *bulk) blocks(i uint32) (l [][2]uint32) {
	order := []uint32{i}
	for j := len(b.recent) - 1; j >= 0; j-- {
		order = append(order, b.recent[j])
	}
	b.recent = append(b.recent, i)
	for _, k := range order {
		covered := k < b.next
		for _, r := range l {
			covered = covered || r[0] <= k && k < r[1]
		}
		if covered || len(l) == 3 {
			continue
		}
		r := [2]uint32{k, k + 1}
		for b.got[r[0]-1] {
			r[0]--
		}
		for b.got[r[1]] {
			r[1]++
		}
		l = append(l, r)
	}
	return l
}

// spacing of arrivals: two at one instant would look reordered to RACK.
const spacing = 5 * Microsecond

// round lets a round trip pass: what is under way arrives, but for what lost
// says is lost.
func (b *bulk) round(lost func(uint32) bool) {
	flight := b.flight
	b.flight, b.recent = nil, nil
	b.pass(b.rtt)
	for _, i := range flight {
		if lost == nil || !lost(i) {
			b.pass(spacing)
			b.arrives(i)
		}
	}
	b.fill()
	require.NoError(b.t, b.c.Check())
}

// rounds is that many lossless rounds.
func (b *bulk) rounds(n int) {
	for range n {
		b.round(nil)
	}
}

// loseOne loses the first segment of the next flight, and lets the repair run.
func (b *bulk) loseOne() {
	first := b.flight[0]
	b.round(func(i uint32) bool { return i == first })
	for b.c.ca.state != caOpen {
		b.round(nil)
	}
}

func (b *bulk) cwnd() uint32 { return b.c.Info(b.now).SndCwnd }
