package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// network is a bulk transfer over a path that loses, repeats and reorders, all
// by choice of rapid.
type network struct {
	*rapid.T
	*bulk
	silent int // time-outs since anything arrived: a path that stays dead ends the connection
}

const patience = 6

// deliver takes one segment off the path, any of the first few.
func (n *network) deliver() {
	i := rapid.IntRange(0, min(len(n.flight)-1, 6)).Draw(n.T, "which")
	seg := n.flight[i]
	fate := rapid.IntRange(0, 9).Draw(n.T, "fate")
	if fate < 9 { // 9: arrives now, and its copy later
		n.flight = append(n.flight[:i:i], n.flight[i+1:]...)
	}
	if fate == 0 && n.silent < patience {
		return // lost
	}
	n.silent = 0
	n.pass(rapid.Int64Range(1, 20_000).Draw(n.T, "µs"))
	n.arrives(seg)
	n.compare()
}

// compare holds the scoreboard to the receiver's own bits: ACKs are never lost
// here, so the sender knows all.
func (n *network) compare() {
	if n.c.State() == Closed {
		return
	}
	require.NoError(n.T, n.c.Check())
	i := n.c.Info(n.now)
	held := uint32(0)
	for k := range n.got {
		if k > n.next {
			held++
		}
	}
	una := n.c.SndUna().Since(ourISS.Add(1)) / bulkMSS
	sent := n.c.SndNxt().Since(ourISS.Add(1)) / bulkMSS
	require.Equal(n.T, n.next, una)
	require.Equal(n.T, sent-una, i.Unacked, "packets out")
	require.Equal(n.T, held, i.Sacked, "packets SACKed")
	require.LessOrEqual(n.T, i.Sacked+i.Lost, i.Unacked)
	for _, o := range n.out {
		if o.Kind != Emit || o.Seg.Len == 0 || o.Why == rule.TailLossProbe {
			continue
		}
		first := o.Seg.Seq.Since(ourISS.Add(1)) / bulkMSS
		for k := range o.Seg.Len / bulkMSS {
			// RFC 6675 section 5: what the receiver has is never sent again.
			require.False(n.T, n.got[first+k], "segment %d sent again though it was SACKed", first+k)
		}
	}
}

func (n *network) timeout() {
	at, ok := n.c.Deadline()
	require.True(n.T, ok, "data is missing and no timer runs")
	n.now = max(at, n.now)
	n.silent++
	n.call(Timeout, 0)
	n.note()
	n.compare()
}

func TestScoreboardAgreesWithTheReceiverOnABadPath(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := &network{T: r, bulk: newBulk(t, 50*Millisecond, bulkOpts, func(c *Config) {
			c.Congestion = rapid.SampledFrom([]Congestion{Cubic, Reno}).Draw(r, "algorithm")
			c.Reordering = rapid.Uint32Range(1, 5).Draw(r, "reordering")
		})}
		total := rapid.Uint32Range(1, 60).Draw(r, "segments")
		n.call(Send, total*bulkMSS)
		n.note()
		for range 2000 {
			switch {
			case n.c.State() == Closed:
				require.Equal(r, ETIMEDOUT, n.c.Err(), "nothing new arrived for too long")
				return
			case n.next == total:
				require.Zero(r, n.c.OutQueue())
				return
			case len(n.flight) == 0 || n.silent < patience && rapid.IntRange(0, 15).Draw(r, "early time-out") == 0:
				n.timeout()
			default:
				n.deliver()
			}
		}
		r.Fatalf("segment %d of %d never arrived", n.next, total)
	})
}

func TestNewRenoDeliversEverythingOnABadPath(t *testing.T) {
	o := Options{Set: OptMSS | OptWScale, MSS: bulkMSS, WScale: 7}
	rapid.Check(t, func(r *rapid.T) {
		b := newBulk(t, 50*Millisecond, o, nil)
		total := rapid.Uint32Range(1, 60).Draw(r, "segments")
		b.call(Send, total*bulkMSS)
		b.note()
		for step := 0; b.next < total; step++ {
			require.Less(r, step, 3000)
			if len(b.flight) == 0 {
				b.wait()
				b.note()
			} else {
				seg := b.flight[0]
				b.flight = b.flight[1:]
				if rapid.IntRange(0, 7).Draw(r, "fate") > 0 {
					b.pass(1000)
					b.arrives(seg)
				}
			}
			require.NoError(r, b.c.Check())
		}
		require.Zero(r, b.c.OutQueue())
	})
}

// prr is RFC 6937 section 3 in its own words.
type prr struct {
	recoverFS, ssthresh, delivered, out int
}

// sndcnt is how much may be sent on an ACK that delivered so much.
func (p *prr) sndcnt(delivered, pipe int, partial bool) int {
	p.delivered += delivered
	var n int
	if pipe > p.ssthresh {
		n = (p.delivered*p.ssthresh+p.recoverFS-1)/p.recoverFS - p.out
	} else {
		// Slow start reduction bound; Linux adds one on progress without loss only.
		limit := max(p.delivered-p.out, delivered)
		if partial {
			limit++
		}
		n = min(p.ssthresh-pipe, limit)
	}
	if p.out == 0 {
		n = max(n, 1) // the fast retransmit itself
	}
	return max(n, 0)
}

// prrStep delivers one segment in recovery and compares what it lets out.
func (p *prr) prrStep(b *bulk, seg uint32) {
	before, una, lost := b.c.Info(b.now), b.c.SndUna(), b.c.stat.lost
	b.pass(spacing)
	b.arrives(seg)
	after := b.c.Info(b.now)
	if after.CAState != uint8(caRecovery) {
		return // the third duplicate is still to come, or it is over
	}
	sent := 0
	for _, s := range b.segs() {
		sent += int(s.Len / bulkMSS)
	}
	pipe := int(after.Unacked-after.Sacked-after.Lost+after.Retrans) - sent
	progress := b.c.SndUna() != una && b.c.stat.lost == lost
	want := p.sndcnt(int(after.Delivered-before.Delivered), pipe, progress)
	require.Equal(b.t, want, sent, "segment %d, pipe %d, %+v", seg, pipe, p)
	p.out += sent
}

func TestRecoverySendsAsProportionalRateReductionHasIt(t *testing.T) {
	for _, lost := range []uint32{1, 3, 8, 30} {
		b := newBulk(t, 100*Millisecond, bulkOpts, algo(Reno))
		b.fill()
		b.rounds(2)
		require.Len(t, b.flight, 40)
		p := prr{recoverFS: 40, ssthresh: 20}
		flight := b.flight[lost:]
		for round := 0; round == 0 || b.c.ca.state == caRecovery; round++ {
			require.Less(t, round, 10)
			b.flight = nil
			b.pass(b.rtt)
			for _, seg := range flight {
				p.prrStep(b, seg)
			}
			flight = b.flight
		}
		require.EqualValues(t, 20, b.c.Info(b.now).SndSSThresh)
		require.Zero(t, b.c.Info(b.now).Lost)
	}
}

func TestFastRetransmitWaitsForThreeDuplicateAcksWithoutSACK(t *testing.T) {
	w := established(t, noSACK)
	for range 6 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.rcv(ackOf(0)) // takes the window of the SYN,ACK's successor: no duplicate
	w.rcv(ackOf(0))
	w.rcv(ackOf(0))
	// RFC 5681 section 3.2 step 2: on the third, what SND.UNA points at.
	w.rcv(ackOf(0), "> P. 1(1000) ack 1 win 64240 [fast-retransmit]")
	w.rcv(ackOf(0))
	// RFC 6582 section 3.2 step 5: a partial ACK shows the next hole.
	w.pass(100 * Millisecond)
	w.rcv(ackOf(2000), "acked 2000 [data-acked]", "> P. 2001(1000) ack 1 win 64240 [fast-retransmit]")
	w.rcv(ackOf(6000), "acked 4000 [data-acked]")
	i := w.c.Info(w.now)
	require.EqualValues(t, 7, i.SndSSThresh) // 10 * 717 / 1024
}

func TestOneDuplicateAckMayBeReordering(t *testing.T) {
	w := established(t, plainOpts)
	for range 3 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.rcv(sacking(ackOf(0), 1000, 2000))
	require.EqualValues(t, caDisorder, w.c.Info(w.now).CAState)
	w.rcv(ackOf(2000), "acked 2000 [data-acked]")
	i := w.c.Info(w.now)
	require.EqualValues(t, caOpen, i.CAState)
	require.EqualValues(t, 1, i.ReordSeen) // below the highest SACKed, never sent again
}

func TestSACKOfNothingInFlightIsIgnored(t *testing.T) {
	for name, edges := range map[string][]uint32{
		"beyond SND.NXT": {5000, 6000}, "empty": {1000, 1000}, "reversed": {2000, 1000}, "across SND.NXT": {1000, 4000},
	} {
		t.Run(name, func(t *testing.T) {
			w := established(t, plainOpts)
			for range 3 {
				w.call(Send, 1000)
			}
			w.rcv(sacking(ackOf(0), edges...))
			require.Zero(t, w.c.Info(w.now).Sacked) // tcp_is_sackblock_valid
		})
	}
}

func TestRenegingIsFoundWhenTheAckStopsAtSACKedData(t *testing.T) {
	w := established(t, plainOpts)
	for range 4 {
		w.call(Send, 1000)
	}
	w.pass(100 * Millisecond)
	w.rcv(sacking(ackOf(0), 1000, 2000))
	w.rcv(ackOf(1000), "acked 1000 [data-acked]")
	// RFC 2018 section 8: the receiver may discard what it SACKed. Linux waits half
	// a round trip, then takes all for lost (tcp_check_sack_reneging).
	w.fires(50*Millisecond, "> P. 1001(1000) ack 1 win 64240 [rto-retransmit]")
	require.Zero(t, w.c.Info(w.now).Sacked)
}
