package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// How a segment is taken: header prediction, options, and what a closed reader
// means for data (tcp_rcv_established, tcp_rcv_state_process).

// TestPredictionIsOnUnlessSomethingSpeaksAgainstIt: tcp_fast_path_check asks four
// things.
func TestPredictionIsOnUnlessSomethingSpeaksAgainstIt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Conn)
		on     bool
	}{
		"nothing":                   {func(*Conn) {}, true},
		"a window of one octet":     {func(c *Conn) { c.rcv.wnd = 1 }, true},
		"a closed window":           {func(c *Conn) { c.rcv.wnd = 0 }, false},
		"room for one octet":        {func(c *Conn) { c.rcv.rcvbuf = c.rcv.rmem + 1 }, true},
		"no room":                   {func(c *Conn) { c.rcv.rcvbuf = c.rcv.rmem }, false},
		"less than no room":         {func(c *Conn) { c.rcv.rcvbuf = c.rcv.rmem - 1 }, false},
		"data beyond a hole":        {func(c *Conn) { c.holdOOO(rxBuffer{seq: c.rcv.nxt.Add(9), end: c.rcv.nxt.Add(10)}) }, false},
		"an urgent octet announced": {func(c *Conn) { c.urg.state = urgNotYet }, false},
	} {
		w := established(t, plainOpts)
		w.arrive(data(0, 100, 0))
		c.change(w.c)
		w.c.ack.pred.on = false
		w.c.predictOn()
		require.Equal(t, c.on, w.c.ack.pred.on, name)
	}
}

// tooOld is an ACK older than the largest window, to a connection that has sent
// more than that.
func tooOld(t *testing.T, o Options) (*world, Segment) {
	w := established(t, o)
	stamped := func(s Segment) Segment {
		if o.Has(OptTS) {
			s = stamp(s, 5000)
		}
		return s
	}
	s := stamped(ackOf(0))
	s.Wnd = 3000
	w.c.snd.maxWnd = 3000
	w.arrive(s)
	for n := uint32(1000); n <= 6000; n += 1000 {
		w.call(Send, 1000)
		s = stamped(ackOf(n))
		s.Wnd = 3000
		w.arrive(s)
	}
	w.call(Send, 1000)
	s = stamped(ackOf(0))
	s.Wnd = 3000
	return w, s
}

// TestAPredictedAckIsNotDroppedForItsAge: tcp_rcv_established does not look at what
// tcp_ack thinks of a predicted segment, while its slow path drops one that is too
// old. What is predicted shows thereby.
func TestAPredictedAckIsNotDroppedForItsAge(t *testing.T) {
	ts := Options{Set: OptMSS | OptSACKOK | OptTS, MSS: 1012, TSVal: 5000, TSEcr: 1000}
	for name, c := range map[string]struct {
		opts      Options
		change    func(*Conn, *Segment)
		predicted bool
	}{
		"as expected":               {plainOpts, func(*Conn, *Segment) {}, true},
		"another window":            {plainOpts, func(_ *Conn, s *Segment) { s.Wnd++ }, false},
		"PSH":                       {plainOpts, func(_ *Conn, s *Segment) { s.Flags |= PSH }, true},
		"URG":                       {plainOpts, func(_ *Conn, s *Segment) { s.Flags |= URG }, false},
		"an option more":            {plainOpts, func(_ *Conn, s *Segment) { s.HdrLen = 24 }, false},
		"the sequence number after": {plainOpts, func(_ *Conn, s *Segment) { s.Seq++ }, false},
		"the same timestamp":        {ts, func(*Conn, *Segment) {}, true},
		"a newer timestamp":         {ts, func(_ *Conn, s *Segment) { s.Opts.TSVal++ }, true},
		"one a tick older":          {ts, func(_ *Conn, s *Segment) { s.Opts.TSVal-- }, false},
		"none":                      {ts, func(_ *Conn, s *Segment) { s.Opts = Options{}; s.HdrLen = 32 }, false},
		// Memory is asked for data only: an ACK takes none.
		"no memory ahead": {plainOpts, func(c *Conn, _ *Segment) { c.snd.queued += c.forwardAlloc() }, true},
	} {
		w, s := tooOld(t, c.opts)
		w.lax = true
		c.change(w.c, &s)
		require.True(t, w.c.ack.pred.on, name)
		dropped := false
		for _, o := range w.do(Input{Kind: SegmentArrives, Seg: s}) {
			dropped = dropped || o.Kind == Drop
		}
		require.Equal(t, !c.predicted, dropped, name)
	}
}

// TestDataIsTakenFastIfItsMemoryIsThereAlready: to the octet (sk_forward_alloc in
// tcp_rcv_established); the slow path looks at the ACK first, the fast one at the
// data.
func TestDataIsTakenFastIfItsMemoryIsThereAlready(t *testing.T) {
	for _, c := range []struct {
		queued uint32 // octets, which cost 832 more
		fast   bool
	}{
		{4096 - 1280 - 832, true}, // 600 octets cost 1280
		{4096 - 1280 - 832 + 1, false},
		{4096 - 1280 - 832 - 1, true},
	} {
		w := established(t, plainOpts)
		w.arrive(ackOf(0))
		w.call(Send, c.queued)
		require.EqualValues(t, 832+c.queued, w.c.snd.queued)
		out := ourShow.shows(w.do(Input{Kind: SegmentArrives, Seg: data(0, 600, 1)}))
		want := []string{"store 1(600) from 0 [in-order]", "acked 1 [data-acked]"}
		if !c.fast {
			want[0], want[1] = want[1], want[0]
		}
		require.Equal(t, want, out[:2], "%d octets to send", c.queued)
	}
}

// TestTheEarliestUnacknowledgedTimestampIsEchoed: RFC 7323 section 4.3: with a
// delayed ACK under way, that of the segment which it is for.
func TestTheEarliestUnacknowledgedTimestampIsEchoed(t *testing.T) {
	w := stamped(t)
	w.arrive(stamp(data(0, 1000, 0), 5100))
	w.call(Receive, 1000)
	w.call(Send, 10) // a reply: ACKs wait from now on
	w.arrive(stamp(data(1000, 0, 10), 5200))
	w.arrive(stamp(data(1000, 10, 10), 5300))
	w.arrive(stamp(data(1010, 10, 10), 5400))
	s := w.wait()
	require.Len(t, s, 1)
	require.EqualValues(t, 5300, s[0].Opts.TSEcr)
	s = w.arrive(stamp(data(1020, 10, 10), 5500)) // at once: nobody has replied
	require.Len(t, s, 1)
	require.EqualValues(t, 5500, s[0].Opts.TSEcr)
}

// TestTimestampsThatWereNotAgreedOnMeanNothing: a segment with an older one is as
// good as any (tcp_parse_options reads them if the SYNs had them).
func TestTimestampsThatWereNotAgreedOnMeanNothing(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(stamp(data(0, 100, 0), 5000))
	w.arrive(stamp(data(100, 100, 0), 1000))
	require.EqualValues(t, 200, w.c.Readable())
	require.Zero(t, w.c.opt.tsRecent)
}

// TestAReplyThatGoesAtOnceCarriesTheAck: data whose ACK lets data out needs no
// ACK of its own (tcp_rcv_established, "no_ack").
func TestAReplyThatGoesAtOnceCarriesTheAck(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(ackOf(0))
	w.call(Send, 300)
	w.user(Send, 300, "sent 300 [user-send]") // Nagle holds it
	w.rcv(data(0, 10, 300), "store 1(10) from 0 [in-order]", "acked 300 [data-acked]",
		"> P. 301(300) ack 11 win 64230 [data-sent]", "readable [in-order]")
	require.Zero(t, w.c.ack.pending)
	require.Zero(t, w.c.timers.delack)
}

// TestNothingIsOwedAfterDataForNobody: whatever ACK waited.
func TestNothingIsOwedAfterDataForNobody(t *testing.T) {
	w := established(t, plainOpts)
	w.set(QuickAck, 0)
	w.do(Input{Kind: Shutdown, How: ShutWrite})
	w.arrive(data(0, 100, 1))
	w.call(Receive, 100)
	w.set(QuickAck, 0)
	w.arrive(data(100, 100, 1))
	require.NotZero(t, w.c.ack.pending)
	w.do(Input{Kind: Shutdown, How: ShutRead})
	w.rcv(data(200, 100, 1), "drop [TCP_ABORT_ON_DATA]", "FIN-WAIT-2 → CLOSED [TCP_ABORT_ON_DATA]", "gone [TCP_ABORT_ON_DATA]",
		"readable [TCP_ABORT_ON_DATA]", "writable [TCP_ABORT_ON_DATA]", "failed ECONNRESET [TCP_ABORT_ON_DATA]", "> R 2 [TCP_ABORT_ON_DATA]")
	w.noTimer()
}

// TestTheEndOfAConnectionLooksForNoRoom: tcp_rcv_state_process sends and tells of
// room only while there is a connection.
func TestTheEndOfAConnectionLooksForNoRoom(t *testing.T) {
	w := reachFinWait2(t)
	w.c.WantSpace()
	w.rcv(fin(data(2000, 0, 1501)), "> . 1502 ack 2002 win 62239 [fin-received]", "FIN-WAIT-2 → TIME-WAIT [fin-received]",
		"readable [fin-received]", "writable [fin-received]", "readable [fin-received]", "readable [in-order]")
}

// TestAnAckBeyondAHoleIsNoDataForNobody: a pure ACK ahead of RCV.NXT takes up no
// sequence space, so nothing is lost with it.
func TestAnAckBeyondAHoleIsNoDataForNobody(t *testing.T) {
	w := reachOrphan1(t)
	w.arrive(data(2001, 0, 1501))
	require.Equal(t, FinWait2, w.c.State())
	w = reachFinWait2(t)
	w.do(Input{Kind: Shutdown, How: ShutRead})
	w.arrive(data(2001, 0, 1501))
	require.Equal(t, FinWait2, w.c.State())
}

// TestAFinBehindAHoleToAnOrphanMayBeABlackhole: tcp_rcv_state_process suspects
// Fast Open of it if our SYN carried the option, unless TCP_LINGER2 forbids
// FIN-WAIT-2 anyway.
func TestAFinBehindAHoleToAnOrphanMayBeABlackhole(t *testing.T) {
	for _, linger2 := range []int32{-1, 0, 5} {
		for _, fastOpened := range []bool{false, true} {
			for _, fin := range []bool{false, true} {
				w := newWorldWith(t, func(c *Config, _ *Params) { c.Timestamps, c.WindowScaling = 0, false })
				if fastOpened {
					w.do(Input{Kind: Open, Fast: FastSend, N: 10, Seg: Segment{Opts: theCookie()}})
					w.arrive(synAckOf(10))
				} else {
					w.call(Open, 0)
					w.arrive(synAckOf(0))
					w.call(Send, 10)
				}
				w.set(Linger2, uint32(linger2))
				w.call(Close, 0)
				s := data(5, 10, 11)
				if fin {
					s.Flags |= FIN
				}
				black := false
				for _, o := range w.do(Input{Kind: SegmentArrives, Seg: s}) {
					black = black || o.Kind == Blackholed
				}
				require.Equal(t, Closed, w.c.State())
				require.Equal(t, linger2 >= 0 && fastOpened && fin, black, "linger2 %d, Fast Open %v, FIN %v", linger2, fastOpened, fin)
			}
		}
	}
}

// TestFlowLabelsDifferInAnyOfTheirOctets: 20 bits in three octets.
func TestFlowLabelsDifferInAnyOfTheirOctets(t *testing.T) {
	for _, other := range []uint32{0x12344, 0x12245, 0x11345, 0x22345, 0x92345} {
		w := established(t, plainOpts)
		w.do(Input{Kind: SegmentArrives, Seg: data(0, 100, 0), Label: 0x12345})
		require.Equal(t, []rule.ID{rule.RehashDuplicate}, rehashes(w.do(Input{Kind: SegmentArrives, Seg: data(0, 100, 0), Label: other})), "%x", other)
	}
}
