package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// fastChildOf10 is a connection made by a SYN with ten octets.
func fastChildOf10(t *testing.T) *world { return fastChildWorld(t, 10, childOf10...) }

// TestALongSynTellsTheSizeOfThePeersSegments: from 536 octets beside the header that
// later segments have on (tcp_create_openreq_child, last_seg_size).
func TestALongSynTellsTheSizeOfThePeersSegments(t *testing.T) {
	ts := plainOpts
	ts.Set |= OptTS
	for _, c := range []struct {
		opts    Options
		n, want uint32
	}{
		// 28 of header, later 20.
		{plainOpts, 0, 0}, {plainOpts, 527, 0}, {plainOpts, 528, 536}, {plainOpts, 1000, 1008},
		// 36 of header, later 32.
		{ts, 531, 0}, {ts, 532, 536}, {ts, 1000, 1004},
	} {
		l := Listener{Params: Params{Cfg: testConfig(), ISS: ourISS, MTU: 1500}}
		conn, _ := l.FastAccept(Input{Now: Time(Second), Seg: Segment{Seq: peerISS, Len: c.n, Flags: SYN, Wnd: 65535, Opts: c.opts}}, nil)
		require.Equal(t, c.want, conn.ack.lastSegSize, "%d octets", c.n)
	}
}

// TestOnlyAFastChildIsUsableInSynReceived: not one that a crossed SYN made, and not
// in another state while its request waits.
func TestOnlyAFastChildIsUsableInSynReceived(t *testing.T) {
	require.True(t, fastChildOf10(t).c.PassiveFastOpen())
	w := reachCrossed(t)
	require.False(t, w.c.PassiveFastOpen())
	w.user(Send, 10, "sent 0 [user-send]")
	w = fastChildOf10(t)
	w.call(Receive, 10)
	w.call(Close, 0)
	require.Equal(t, FinWait1, w.c.State())
	require.True(t, w.c.fastPending())
	require.False(t, w.c.PassiveFastOpen())
}

// TestAnOldAckThatEndsTheHandshakeOfAFastChildIsNotItsLargestWindow: it is the one
// that counts from then on; the SYN's bounds what is pushed (tcp_ack_update_window).
func TestAnOldAckThatEndsTheHandshakeOfAFastChildIsNotItsLargestWindow(t *testing.T) {
	for _, c := range []struct{ before, max uint32 }{{1, 1000}, {0, 65535}} {
		l := Listener{Params: Params{Cfg: testConfig(), ISS: ourISS, MTU: 1500}}
		w := &world{t: t, now: Time(Second)}
		w.c, _ = l.FastAccept(Input{Now: w.now, Seg: Segment{Seq: peerISS, Len: 10, Flags: SYN, Wnd: 1000, Opts: plainOpts}}, nil)
		w.arrive(Segment{Seq: peerISS.Sub(c.before), Ack: ourISS.Add(1), Len: 20, Flags: ACK, Wnd: 65535})
		require.Equal(t, Established, w.c.State())
		require.EqualValues(t, 65535, w.c.snd.wnd)
		require.Equal(t, c.max, w.c.snd.maxWnd, "an ACK %d before the SYN", c.before)
	}
}

// TestNorIsThatOfACrossedOpen: whose ACK is that of the SYN,ACK's own number. The next
// window that is news counts (tcp_may_update_window).
func TestNorIsThatOfACrossedOpen(t *testing.T) {
	for _, c := range []struct{ before, ack, max uint32 }{{1, 0, 1000}, {0, 0, 65535}, {1, 1, 65535}} {
		w := reachSynSent(t)
		w.arrive(Segment{Seq: peerISS, Flags: SYN, Wnd: 1000, Opts: plainOpts})
		w.arrive(Segment{Seq: peerISS.Sub(c.before), Ack: ourISS.Add(c.ack), Len: 20, Flags: ACK, Wnd: 65535})
		require.Equal(t, Established, w.c.State())
		require.EqualValues(t, 65535, w.c.snd.wnd)
		require.Equal(t, c.max, w.c.snd.maxWnd, "an ACK %d before the SYN, of %d", c.before, c.ack)
		w.arrive(Segment{Seq: peerISS.Add(20 - c.before), Ack: ourISS.Add(1), Len: 20, Flags: ACK, Wnd: 5000})
		require.Equal(t, max(c.max, 5000), w.c.snd.maxWnd)
	}
}

// TestWhatTheRequestOfAFastChildAnswers: only its own SYN draws the SYN-ACK again;
// below the window an ACK is answered; a SYN within it is refused, and one that is
// cut off there is the connection's (tcp_check_req).
func TestWhatTheRequestOfAFastChildAnswers(t *testing.T) {
	seg := func(off, n uint32, f Flags) Segment {
		return Segment{Seq: peerISS.Add(off), Ack: ourISS.Add(1), Len: n, Flags: f, Wnd: 1000}
	}
	for _, c := range []struct {
		name string
		seg  Segment
		want []string
	}{
		{"its SYN", seg(0, 0, SYN), []string{"> S. 0 ack 11 win 64240 <mss 1460,sackOK> [syn-again]"}},
		{"its SYN with data", seg(0, 10, SYN), []string{"> S. 0 ack 11 win 64240 <mss 1460,sackOK> [syn-again]"}},
		{"an ACK at the SYN's number", seg(0, 0, ACK), []string{"> . 1 ack 11 win 64240 [request-over-window]", "drop [request-over-window]"}},
		{"a SYN in the window", seg(11, 0, SYN), []string{"> R. zero ack 12 [request-reset]", "drop [request-reset]"}},
		{"a SYN,ACK that goes on into the window", seg(0, 20, SYN|ACK), []string{"> . 1 ack 11 win 64240 [challenge-ack-syn]", "drop [TCP_INVALID_SYN]"}},
	} {
		out := ourShow.shows(fastChildOf10(t).do(Input{Kind: SegmentArrives, Seg: c.seg}))
		require.Equal(t, c.want, out, c.name)
	}
}

// TestSynAcksOfAFastChildAreCounted: of the request as far as its count goes; the
// first time-out begins the episode (tcp_fastopen_synack_timer).
func TestSynAcksOfAFastChildAreCounted(t *testing.T) {
	w := fastChildOf10(t)
	w.wait()
	first := w.now
	require.EqualValues(t, 1, w.c.fo.req.NumRetrans)
	require.Equal(t, tsClock(first), w.c.ca.retransStamp)
	w.wait()
	require.EqualValues(t, 2, w.c.fo.req.NumRetrans)
	require.Equal(t, tsClock(first), w.c.ca.retransStamp)
	w.c.fo.req.NumRetrans = 255
	w.wait()
	require.EqualValues(t, 255, w.c.fo.req.NumRetrans)
}

// TestTheHandshakeOfAFastChildEndsNoLossOfItsData: what was sent meanwhile is still
// to be repaired (tcp_rcv_synrecv_state_fastopen).
func TestTheHandshakeOfAFastChildEndsNoLossOfItsData(t *testing.T) {
	for _, sent := range []bool{false, true} {
		w := fastChildOf10(t)
		w.call(Receive, 10)
		if sent {
			w.call(Send, 100)
		}
		w.wait()
		w.wait()
		require.Equal(t, caLoss, w.c.ca.state)
		w.pass(50 * Millisecond)
		w.arrive(data(10, 0, 0))
		require.Equal(t, Established, w.c.State())
		want := caOpen
		if sent {
			want = caLoss
		}
		require.Equal(t, want, w.c.ca.state, "data under way: %v", sent)
	}
}

// TestTheRoundTripOfAFastChild: of the data that was acknowledged, else of the
// SYN-ACK if it went once (tcp_synack_rtt_meas).
func TestTheRoundTripOfAFastChild(t *testing.T) {
	w := fastChildOf10(t)
	w.pass(50 * Millisecond)
	w.arrive(data(10, 0, 0))
	require.EqualValues(t, 50*Millisecond, w.c.Info(w.now).RTT)
	w = fastChildOf10(t)
	w.call(Receive, 10)
	w.pass(20 * Millisecond)
	w.call(Send, 100)
	w.pass(30 * Millisecond)
	w.arrive(data(10, 0, 100))
	require.EqualValues(t, 30*Millisecond, w.c.Info(w.now).RTT)
	w = fastChildOf10(t)
	w.wait()
	w.pass(30 * Millisecond)
	w.arrive(data(10, 0, 0))
	require.Zero(t, w.c.Info(w.now).RTT)
}

// TestAFinOnASynAckIsNoData: tcpi_data_segs_in counts segments with octets, and one
// on a SYN-ACK twice (tcp_v4_rcv and tcp_fastopen_add_skb both call tcp_segs_in).
func TestAFinOnASynAckIsNoData(t *testing.T) {
	for _, n := range []uint32{0, 7} {
		w := fastWorld(t, 300, "CLOSED → SYN-SENT [active-open]", "sent 300 [syn-data]",
			"> S 0(300) win 64240 <mss 1460,sackOK,FO abcd1234> [syn-data]")
		s := fin(synAckOf(300))
		s.Len = n
		w.arrive(s)
		require.Equal(t, CloseWait, w.c.State())
		require.EqualValues(t, 2*min(n, 1), w.c.Info(w.now).DataSegsIn)
		require.Equal(t, n, w.c.Readable())
	}
}

// TestAskingAgainLeavesTheRestOfFastOpenAsItIs: SYNs that go again ask for a cookie,
// or do not (fastopen_req).
func TestAskingAgainLeavesTheRestOfFastOpenAsItIs(t *testing.T) {
	again := func(w *world, n uint32) bool {
		w.do(Input{Kind: Set, Opt: FastAgain, N: n})
		return w.c.AsksAgain()
	}
	w := newWorld(t)
	require.False(t, again(w, 0))
	require.True(t, again(w, 1))
	require.False(t, again(w, 0))
	w = fastChildOf10(t)
	require.True(t, again(w, 1))
	require.True(t, w.c.fast(fastChild))
	require.True(t, w.c.fastPending())
	require.False(t, again(w, 0))
	require.True(t, w.c.fast(fastChild))
}
