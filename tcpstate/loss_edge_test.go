package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// lossWorld has sent six segments of 1000 octets and has more to send.
func lossWorld(t *testing.T, o Options) *world {
	w := openedWith(t, o, 100*Millisecond, func(_ *Config, p *Params) { p.SndBuf, p.Locks = 1<<20, LockSndBuf })
	w.c.ca.cwnd = 6
	w.call(Send, 6000)
	w.call(Send, 6000)
	require.EqualValues(t, 6, w.c.q.packetsOut)
	return w
}

// TestWhatATimeOutDoesToTheWindow: over every state that it may find (tcp_enter_loss).
func TestWhatATimeOutDoesToTheWindow(t *testing.T) {
	for state := caOpen; state <= caLoss; state++ {
		for _, beyond := range []uint32{0, 1} { // what the episode has still to see acknowledged
			for retransmits := range uint8(3) {
				for _, sacked := range []int{2, 3, 4} {
					for _, frto := range []bool{false, true} {
						w := lossWorld(t, plainOpts)
						c, a := w.c, &w.c.ca
						cfg := *c.cfg
						cfg.FRTO = frto
						c.cfg = &cfg
						for i := range c.q.head {
							if c.q.at(i).pcount != 1 {
								c.split(i, 1000, 1000)
							}
						}
						for i := range sacked {
							c.sackAt(i + 1)
						}
						a.state, a.highSeq, a.retransmits = state, c.snd.una.Add(beyond), retransmits
						a.cwnd, a.ssthresh, a.reordering, a.cwndCnt, a.priorSS = 100, 50, 5, 3, 0
						c.now = c.now.Add(Second)
						c.enterLoss()
						name := []any{"state %d, %d to go, %d time-outs, %d SACKed", state, beyond, retransmits, sacked}
						want := uint32(50)
						if state <= caDisorder || beyond == 0 || state == caLoss && retransmits == 0 {
							want = 70 // RFC 9438 section 4.6, once an episode
							require.EqualValues(t, 100, a.priorCwnd, name...)
						}
						require.Equal(t, want, a.ssthresh, name...)
						require.EqualValues(t, 1, a.cwnd, name...) // RFC 5681 section 3.1: the loss window
						require.Zero(t, a.cwndCnt)
						// RFC 5682 section 2.1 step 1, and Linux's recurring time-outs.
						require.Equal(t, frto && (state < caRecovery || retransmits > 0), a.frto, name...)
						want = 5
						if state <= caDisorder && sacked >= 3 { // tcp_reordering
							want = 3
						}
						require.Equal(t, want, a.reordering, name...)
						require.Equal(t, caLoss, a.state)
					}
				}
			}
		}
	}
}

// TestATimeOutSparesWhatWasSentWithinARoundTrip: but never the oldest
// (tcp_timeout_mark_lost).
func TestATimeOutSparesWhatWasSentWithinARoundTrip(t *testing.T) {
	w := lossWorld(t, plainOpts)
	c := w.c
	for i := 0; i < c.q.head; i++ {
		if c.q.at(i).pcount != 1 {
			c.split(i, 1000, 1000)
		}
	}
	c.now, c.rack.rttUs, c.q.turns.measured = c.now.Add(Second), 100_000, noTurn
	var want, got []bool
	for i, ago := range []Duration{50, 99, 100, 101, 99, 200} {
		c.q.at(i).sent = c.now.Add(-ago * Millisecond)
		want = append(want, i == 0 || ago >= 100)
	}
	c.markAllLost()
	for i := range c.q.head {
		got = append(got, c.q.at(i).tags&tagLost != 0)
	}
	require.Equal(t, want, got)
}

// lossCase is what an ACK in the Loss state may find.
type lossCase struct {
	sack, advanced, orig, sacked, frto, mayUndo, unsent, window, crossedOpen bool
	dups                                                                     uint32
	high                                                                     int // end of the episode: at SND.UNA, in what is in flight, at SND.NXT
}

// lossEnd is what becomes of it.
type lossEnd struct {
	undone, frto bool
	rexmit       rexmit
	state        caState
	sackedOut    uint32
}

// process is tcp_process_loss step by step of RFC 5682 section 3.1.
func (l lossCase) process() lossEnd {
	e := lossEnd{frto: l.frto, state: caLoss, sackedOut: 2}
	open := func() {
		if l.sack {
			e.state = caOpen
		}
	}
	recovered, newData := l.high == 0, l.high < 2
	switch {
	case (l.advanced || l.crossedOpen) && l.mayUndo:
		e.undone = true
		open()
		return e
	case l.frto && l.orig:
		e.undone = true
		if l.sack || !recovered { // NewReno holds at the end (RFC 6582 section 3.2)
			e.state = caOpen
		}
		return e
	case l.frto && newData:
		e.frto = !l.sacked && l.dups == 0
	case l.frto && l.advanced:
		if l.unsent && l.window {
			e.rexmit = rexmitNew
			return e
		}
		e.frto = false
	}
	if recovered {
		e.undone = l.mayUndo
		open()
		return e
	}
	e.rexmit = rexmitLost
	if !l.sack && newData && l.dups > 0 {
		e.sackedOut += l.dups
	} else if !l.sack && l.advanced {
		e.sackedOut = 0
	}
	return e
}

// TestAnAckAfterATimeOut: over all that it may find.
func TestAnAckAfterATimeOut(t *testing.T) {
	for bits := range 1 << 9 {
		on := func(i int) bool { return bits>>i&1 != 0 }
		for high := range 3 {
			for _, dups := range []uint32{0, 1} {
				l := lossCase{on(0), on(1), on(2), on(3), on(4), on(5), on(6), on(7), on(8), dups, high}
				o := noSACK
				if l.sack {
					o = plainOpts
				}
				require.Equal(t, l.process(), l.run(lossWorld(t, o).c), "%+v", l)
			}
		}
	}
}

// run puts an endpoint into the case and looks what it does.
func (l lossCase) run(c *Conn) lossEnd {
	a := &c.ca
	a.state, a.frto, a.undoOn, a.undoRetrans, a.retransStamp = caLoss, l.frto, l.mayUndo, 0, 1
	c.q.sackedOut = 2
	a.highSeq = []Seq{c.snd.una, c.snd.una.Add(3000), c.snd.nxt}[l.high]
	if !l.unsent {
		for c.q.list.Len() > c.q.head {
			c.q.list.Remove(c.q.list.Len() - 1)
		}
	}
	c.snd.wnd = 6000
	if l.window {
		c.snd.wnd++
	}
	if l.crossedOpen {
		c.fo = &fastOpen{pending: true}
	}
	r := ackRun{}
	for f, on := range map[ackFlag]bool{flagUnaAdvanced: l.advanced, flagOrigSackAcked: l.orig, flagDataSacked: l.sacked} {
		if on {
			r.flag |= f
		}
	}
	a.stamp = 1
	c.processLoss(&r, l.dups)
	return lossEnd{a.stamp != 1, a.frto, r.rexmit, a.state, c.q.sackedOut}
}

// TestOnlyEchoedDuplicatesCountAsCongestion: of a NewReno duplicate after a time-out.
func TestOnlyEchoedDuplicatesCountAsCongestion(t *testing.T) {
	for _, flag := range []ackFlag{0, flagECE} {
		c := lossWorld(t, noSACK).c
		c.ca.state, c.ca.highSeq = caLoss, c.snd.una.Add(3000)
		c.processLoss(&ackRun{flag: flag}, 1)
		require.EqualValues(t, flag/flagECE, c.stat.deliveredCE)
	}
}

// TestAConnectionStartsWithNothingToUndo: -1, as 0 would mean "undo now"
// (tcp_clear_retrans).
func TestAConnectionStartsWithNothingToUndo(t *testing.T) {
	w := newWorld(t)
	w.call(Open, 0)
	require.Negative(t, w.c.ca.undoRetrans)
}

// TestSegmentsStayWithinHalfTheLargestWindow: unless that was tiny, when all of it
// counts, and never under 48 octets with a bare header (tcp_bound_to_half_wnd).
func TestSegmentsStayWithinHalfTheLargestWindow(t *testing.T) {
	for _, c := range []struct {
		wnd, size uint32
		ts        bool
		want      uint32
	}{
		{0, 1460, false, 1460}, {65535, 1460, false, 1460}, {2920, 1460, false, 1460}, {2918, 1460, false, 1459}, {537, 1460, false, 268},
		{536, 1460, false, 536}, {536, 536, false, 536}, {100, 1460, false, 100}, {48, 1460, false, 48}, {47, 1460, false, 48},
		{40, 1460, true, 40}, {35, 1460, true, 36}, {40, 40, false, 40}, {40, 41, false, 48},
	} {
		o := plainOpts
		if c.ts {
			o.Set |= OptTS
		}
		w := established(t, o)
		w.c.snd.maxWnd = c.wnd
		require.Equal(t, c.want, w.c.halfWindow(c.size), "%+v", c)
	}
}

// TestBlocksTakeRoomFromTheData: four octets and eight a block, as many as fit into
// 40 octets of options (tcp_current_mss).
func TestBlocksTakeRoomFromTheData(t *testing.T) {
	for _, c := range []struct {
		ts     bool
		nsacks uint8
		dsack  bool
		less   uint32
	}{
		{false, 0, false, 0}, {false, 1, false, 12}, {false, 0, true, 12}, {false, 1, true, 20}, {false, 3, false, 28}, {false, 4, false, 36},
		{false, 4, true, 36}, {true, 1, false, 12}, {true, 2, true, 28}, {true, 3, false, 28}, {true, 3, true, 28}, {true, 4, false, 28},
	} {
		o := plainOpts
		if c.ts {
			o.Set |= OptTS
		}
		w := established(t, o)
		w.c.rcv.nsacks, w.c.rcv.dsack = c.nsacks, c.dsack
		require.Equal(t, w.c.snd.mssCache-c.less, w.c.currentMSS(), "%+v", c)
	}
}

// TestHowManySegmentsOnePacketSpans: a millisecond of the pacing rate, and more on
// short paths: 65343 octets halved for each 512 µs of the least round trip
// (tcp_tso_autosize); two at least.
func TestHowManySegmentsOnePacketSpans(t *testing.T) {
	for _, c := range []struct {
		minRTT uint32
		pacing uint64
		want   uint32
	}{
		{0, 0, 65}, {511, 0, 65}, {512, 0, 32}, {1023, 0, 32}, {1024, 0, 16}, {5 * 512, 0, 2}, {31 * 512, 0, 2}, {40 * 512, 0, 2}, {^uint32(0), 0, 2},
		{100_000, 10_000 << 10, 10}, {100_000, 10_999 << 10, 10}, {100_000, 1 << 40, 65}, {1024, 10_000 << 10, 26}, {0, 10_000 << 10, 65},
	} {
		w := established(t, plainOpts)
		w.c.rtt.minima[0].us, w.c.ca.pacing = c.minRTT, c.pacing
		require.Equal(t, c.want, w.c.tsoSegs(1000), "%+v", c)
	}
}

// TestAThirdBlockEndsTheHoldingBackOfSACKs: what an ACK that gets lost should not
// cost (tcp_sack_new_ofo_skb, TCP_SACK_BLOCKS_EXPECTED).
func TestAThirdBlockEndsTheHoldingBackOfSACKs(t *testing.T) {
	for held := range uint8(MaxSACK + 1) {
		for grown := -1; grown < int(held); grown++ { // which block grows; -1: a new one
			w := established(t, plainOpts)
			w.arrive(ackOf(0))
			c := w.c
			for i := range held {
				at := c.rcv.nxt.Add(1000 * (uint32(i) + 1))
				c.rcv.sacks[i] = Range{at, at.Add(100)}
			}
			c.rcv.nsacks, c.out = held, nil
			c.ack.compressed, c.timers.compress = 1, c.now.Add(5)
			at := c.rcv.nxt.Add(50_000)
			if grown >= 0 {
				at = c.rcv.sacks[grown].End
			}
			c.newSACK(at, at.Add(10))
			third := grown >= 2 || grown < 0 && held >= 2
			require.Equal(t, third, len(c.out) == 1, "%d blocks, the one that grows: %d", held, grown)
		}
	}
}

// TestSegmentsOutOfOrderAreCounted: tcpi_rcv_ooopack.
func TestSegmentsOutOfOrderAreCounted(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 10, 0))
	w.arrive(data(100, 10, 0))
	w.arrive(data(200, 10, 0))
	require.EqualValues(t, 2, w.c.Info(w.now).RcvOOOPack)
}

// TestDataWithCWRBeyondAHoleIsAcknowledgedAtOnce: even when SACKs are held back.
func TestDataWithCWRBeyondAHoleIsAcknowledgedAtOnce(t *testing.T) {
	for _, cwr := range []Flags{0, CWR} {
		w := ecnAgreed(t, plainOpts)
		w.c.rcv.rttUs = 100_000 << 3
		w.c.enterPingpong()
		for i := range uint32(4) {
			w.arrive(data(1000+1000*i, 1000, 0))
		}
		require.EqualValues(t, 1, w.c.ack.compressed)
		s := withFlags(data(5000, 1000, 0), cwr)
		require.Equal(t, cwr != 0, len(w.arrive(s)) > 0)
	}
}
