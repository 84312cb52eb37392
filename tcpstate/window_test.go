package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReceivedPacketsCostWhatTheKernelCharges(t *testing.T) {
	// Measured on a TUN device: SO_MEMINFO after one segment of so many octets,
	// IPv4 without options.
	for _, c := range []struct {
		from, to uint32
		truesize int32
	}{
		{1, 152, 832}, {153, 600, 1280}, {601, 1624, 2304}, {1625, 3672, 4352}, {3673, 7768, 8448},
		{7769, 11864, 12544}, {11865, 15960, 16640}, {15961, 20056, 20736}, {20057, 24152, 24832}, {36441, 40536, 41216},
	} {
		for _, n := range []uint32{c.from, c.to} {
			w := established(t, plainOpts)
			w.arrive(data(0, n, 0))
			require.Equal(t, c.truesize, w.c.rcv.rmem, "%d octets", n)
		}
	}
}

func TestWindowAfterOneSegmentAsMeasured(t *testing.T) {
	// tcpi_rcv_ssthresh and tcpi_rcv_wnd of a new connection, nothing read.
	for n, want := range map[uint32][2]uint32{
		100: {64076, 64140}, 600: {61440, 63640}, 1000: {56832, 63240}, 1200: {66899, 66000}, 1400: {67160, 65800},
		1460: {67160, 67160}, 2000: {59904, 62240}, 2920: {70080, 70080}, 4000: {61952, 60240}, 5000: {72329, 71540},
		8000: {75469, 74460}, 10000: {84240, 83220}, 20000: {104240, 103660}, 30000: {88856, 87600},
	} {
		w := established(t, plainOpts)
		w.arrive(data(0, n, 0))
		i := w.c.Info(w.now)
		require.Equal(t, want, [2]uint32{i.RcvSSThresh, i.RcvWnd}, "%d octets", n)
	}
}

func TestWindowNeverShrinksFromTheRight(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := plainOpts
		if rapid.Bool().Draw(r, "window scaling") {
			o.Set |= OptWScale
		}
		w := openedWith(t, o, 20*Millisecond, func(_ *Config, p *Params) {
			p.RcvBuf = rapid.Int32Range(20_000, 300_000).Draw(r, "receive buffer")
			if rapid.Bool().Draw(r, "SO_RCVBUF") {
				p.Locks |= LockRcvBuf
			}
		})
		scale := w.c.opt.rcvWScale
		// RFC 9293 section 3.8.6: a receiver should not move the right edge left.
		edge, sent := w.c.rcv.nxt.Add(w.c.rcv.wnd>>scale<<scale), uint32(0)
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			n := rapid.Uint32Range(1, 3000).Draw(r, "octets")
			switch rapid.IntRange(0, 3).Draw(r, "step") {
			case 0:
				w.call(Receive, n)
			case 1:
				w.pass(50 * Millisecond)
				w.call(Timeout, 0)
			case 2:
				if w.c.receiveWindow() >= n+200 { // a hole before it
					w.arrive(data(sent+200, n, 0))
				}
			case 3:
				if w.c.receiveWindow() >= n {
					w.arrive(data(sent, n, 0))
					sent = w.c.RcvNxt().Since(peerISS.Add(1))
				}
			}
			for _, s := range w.segs() {
				right := s.Ack.Add(uint32(s.Wnd) << scale)
				if w.c.ack.pending&ackNoMem == 0 && s.Wnd < 65535 {
					require.True(r, right.GreaterEq(edge), "moved left by %d", edge.Since(right))
				}
				edge = maxSeq(edge, right)
			}
		}
	})
}

func TestReceiverAvoidsSillyWindows(t *testing.T) {
	w := openedWith(t, Options{Set: OptMSS, MSS: 1460}, 20*Millisecond, func(_ *Config, p *Params) { p.RcvBuf, p.Locks = 8192, LockRcvBuf })
	require.EqualValues(t, 2920, w.c.rcv.wnd)
	// RFC 9293 section 3.8.6.2.2: whole segments, then nothing rather than a little.
	w.rcv(data(0, 1460, 0), "store 1(1460) from 0 [in-order]", "readable [in-order]", "> . 1 ack 1461 win 2920 [quick-ack]")
	// With less than half of the buffer free there are no quick ACKs (__tcp_select_window).
	w.rcv(data(1460, 1460, 0), "store 1461(1460) from 0 [in-order]", "readable [in-order]")
	w.fires(40*Millisecond, "> . 1 ack 2921 win 1460 [delayed-ack]")
	w.rcv(data(2920, 1460, 0), "store 2921(1460) from 0 [in-order]", "readable [in-order]")
	w.fires(40*Millisecond, "> . 1 ack 4381 win 0 [delayed-ack]")
	w.user(Receive, 1000) // frees no buffer, opens no window
	w.user(Receive, 460, "> . 1 ack 4381 win 1460 [window-update]")
	w.user(Receive, 1460, "> . 1 ack 4381 win 2920 [window-update]")
	w.user(Receive, 1460) // not twice as much as the peer knows of
}

func TestZeroWindowRefusesDataButAnswers(t *testing.T) {
	w := openedWith(t, Options{Set: OptMSS, MSS: 1460}, 20*Millisecond, func(_ *Config, p *Params) { p.RcvBuf, p.Locks = 8192, LockRcvBuf })
	for i := range uint32(3) {
		w.arrive(data(i*1460, 1460, 0))
	}
	w.wait()
	// RFC 9293 section 3.8.6.1: a probe must be answered with where we stand.
	w.rcv(data(4380, 1, 0), "> . 1 ack 4381 win 0 [ack-out-of-window]", "drop [TCP_INVALID_END_SEQUENCE]")
	w.rcv(data(4379, 1, 0), "drop [TCP_OLD_DATA]", "> . 1 ack 4381 win 0 [quick-ack]")
	w.rcv(data(4380, 0, 0))
}

func TestWindowOfASynIsNeverScaled(t *testing.T) {
	o := plainOpts
	o.Set, o.WScale = o.Set|OptWScale, 3
	w := established(t, o)
	require.EqualValues(t, 65535, w.c.snd.wnd) // RFC 7323 section 2.2
	w.rcv(ackOf(0))
	require.EqualValues(t, 65535<<3, w.c.snd.wnd)
	s := w.call(Send, 1000)
	require.EqualValues(t, 64240>>10+1, s[0].Wnd, "ours, rounded up to what the scale can show")
}

func TestWithoutTheOptionNeitherSideScales(t *testing.T) {
	w := established(t, plainOpts)
	i := w.c.Info(w.now)
	require.Zero(t, i.SndWScale)
	require.Zero(t, i.RcvWScale) // RFC 7323 section 1.3: both or none
	require.LessOrEqual(t, w.c.WindowClamp(), uint32(65535))
}

func TestSenderAvoidsSillyWindows(t *testing.T) {
	w := established(t, plainOpts)
	w.user(Send, 300, "sent 300 [user-send]", "> P. 1(300) ack 1 win 64240 [data-sent]")
	// RFC 9293 section 3.7.4, Nagle: a small segment waits while one is unacknowledged.
	w.user(Send, 300, "sent 300 [user-send]")
	w.user(Send, 300, "sent 300 [user-send]")
	w.pass(100 * Millisecond)
	w.rcv(ackOf(300), "acked 300 [data-acked]", "> P. 301(600) ack 1 win 64240 [data-sent]")
	// A full one never waits.
	w.user(Send, 1000, "sent 1000 [user-send]", "> P. 901(1000) ack 1 win 64240 [data-sent]")
}

func TestMinshallLetsOneSmallSegmentFollowFullOnes(t *testing.T) {
	w := established(t, plainOpts)
	w.user(Send, 2300, "sent 2300 [user-send]", "> P. 1(2000) ack 1 win 64240 [data-sent]", "> P. 2001(300) ack 1 win 64240 [data-sent]")
	w.user(Send, 300, "sent 300 [user-send]") // now a small one is out
	// PSH on the first: an offloaded packet always pushes (__tcp_transmit_skb).
}

func TestNoDelaySendsAtOnce(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 300)
	w.user(Send, 300, "sent 300 [user-send]")
	w.set(NoDelay, 1, "> P. 301(300) ack 1 win 64240 [data-sent]") // and pushes what waits
	w.user(Send, 300, "sent 300 [user-send]", "> P. 601(300) ack 1 win 64240 [data-sent]")
	w.set(NoDelay, 0)
	w.user(Send, 300, "sent 300 [user-send]")
}

func TestCorkSendsFullSegmentsOnlyForOneTimeOut(t *testing.T) {
	w := established(t, plainOpts)
	w.set(Cork, 1)
	w.user(Send, 2300, "sent 2300 [user-send]", "> P. 1(2000) ack 1 win 64240 [data-sent]")
	w.set(Cork, 0, "> P. 2001(300) ack 1 win 64240 [data-sent]")
	w.pass(100 * Millisecond)
	w.arrive(ackOf(2300))
	w.set(Cork, 1)
	w.user(Send, 300, "sent 300 [user-send]")
	// With nothing in flight the probe timer ends the wait (tcp_probe_timer).
	w.fires(300*Millisecond, "> P. 2301(300) ack 1 win 64240 [zero-window-probe]")
}

func TestSendMoreHoldsAPartialSegmentBack(t *testing.T) {
	w := established(t, plainOpts)
	w.step(Input{Kind: Send, N: 300, Flags: SendMore}, "sent 300 [user-send]")
	w.user(Send, 700, "sent 700 [user-send]", "> P. 1(1000) ack 1 win 64240 [data-sent]")
}

// TestAWriteTakesThePushBackThatItAppendsTo: but not when it goes on after a wait (tcp_sendmsg_locked: copied).
func TestAWriteTakesThePushBackThatItAppendsTo(t *testing.T) {
	for flags, pushed := range map[SendFlags]bool{SendMore: false, SendMore | SendAgain: true} {
		w := established(t, plainOpts)
		w.step(Input{Kind: Send, N: 300, Flags: SendMore}, "sent 300 [user-send]")
		w.c.q.tail().flags |= PSH
		w.step(Input{Kind: Send, N: 300, Flags: flags}, "sent 300 [user-send]")
		require.Equal(t, pushed, w.c.q.tail().flags.Has(PSH))
	}
}

// TestOctetsThatCannotBeReadLeaveMemoryLent: room is looked for first, the memory is lent, and a buffer of nothing goes again
// (tcp_sendmsg_locked, tcp_wmem_schedule, tcp_remove_empty_skb).
func TestOctetsThatCannotBeReadLeaveMemoryLent(t *testing.T) {
	w := established(t, plainOpts)
	fails := func(err Errno) {
		t.Helper()
		out := w.do(Input{Kind: Send, N: 20_000, Flags: SendFault})
		require.Len(t, out, 1)
		require.Equal(t, err, out[0].Err)
		require.Zero(t, out[0].N)
	}
	fails(EFAULT)
	require.Zero(t, w.c.q.list.Len())
	require.Zero(t, w.c.snd.queued)
	require.Equal(t, chronoNone, w.c.stat.chrono)
	require.Less(t, w.c.forwardAlloc(), int32(page))
	w.step(Input{Kind: Send, N: 300, Flags: SendMore}, "sent 300 [user-send]")
	fails(EFAULT)
	require.EqualValues(t, 300, w.c.NotSent())
	require.Equal(t, chronoBusy, w.c.stat.chrono)
	require.GreaterOrEqual(t, w.c.forwardAlloc(), int32(page), "lent for what did not come")
	w.step(Input{Kind: Set, Opt: Cork, N: 1})
	w.c.snd.sndbuf = w.c.snd.queued
	fails(EFAULT) // a buffer that is not full has room
	w.c.q.tail().eor = true
	fails(0)
	require.True(t, w.c.user.noSpace)
}

func TestEndOfRecordIsNeverMergedOver(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 100)
	w.step(Input{Kind: Send, N: 200, Flags: SendEOR}, "sent 200 [user-send]")
	w.step(Input{Kind: Send, N: 300, Flags: SendEOR}, "sent 300 [user-send]", "> P. 101(200) ack 1 win 64240 [data-sent]")
	w.pass(100 * Millisecond)
	w.rcv(ackOf(300), "acked 300 [data-acked]", "> P. 301(300) ack 1 win 64240 [data-sent]")
}

func TestNothingIsSentBeyondThePeersWindow(t *testing.T) {
	w := established(t, plainOpts)
	s := ackOf(0)
	s.Wnd = 2500
	w.rcv(s)
	w.user(Send, 4000, "sent 4000 [user-send]", "> P. 1(2000) ack 1 win 64240 [data-sent]")
	require.EqualValues(t, 2000, w.c.NotSent())
	w.pass(100 * Millisecond)
	s = ackOf(2000)
	s.Wnd = 2500
	w.rcv(s, "acked 2000 [data-acked]", "> P. 2001(2000) ack 1 win 64240 [data-sent]")
}

func TestSegmentsAreAtMostHalfTheLargestWindow(t *testing.T) {
	w := newWorld(t)
	w.call(Open, 0)
	w.pass(100 * Millisecond)
	w.arrive(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 1200, Opts: plainOpts})
	require.EqualValues(t, 600, w.c.MSS()) // tcp_bound_to_half_wnd
	w.user(Send, 1000, "sent 1000 [user-send]", "> . 1(600) ack 1 win 64240 [data-sent]", "> P. 601(400) ack 1 win 64240 [data-sent]")
}

func TestWriterIsToldOfRoomWhenAThirdIsFree(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(_ *Config, p *Params) { p.SndBuf, p.Locks = 20_000, LockSndBuf })
	w.do(Input{Kind: Send, N: 100_000})
	taken := w.out[0].N
	require.Less(t, taken, uint32(100_000))
	require.False(t, w.c.SendSpace())
	w.user(Send, 1000, "sent 0 [user-send]")
	woken := uint32(0)
	for acked := uint32(1000); acked <= taken && woken == 0; acked += 1000 {
		w.pass(10 * Millisecond)
		w.do(Input{Kind: SegmentArrives, Seg: ackOf(acked)})
		for _, o := range w.out {
			if o.Kind == Writable {
				woken = acked
			}
		}
	}
	// sk_stream_wspace >= sk_stream_min_wspace: the free part is half of the queued one.
	require.NotZero(t, woken)
	require.True(t, w.c.SendSpace())
	require.GreaterOrEqual(t, w.c.snd.sndbuf-w.c.snd.queued, w.c.snd.queued/2)
}
