package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// When an ACK goes, to the octet and the tick (tcp_event_data_recv,
// __tcp_ack_snd_check, tcp_send_delayed_ack).

// ecnInteractive is interactive with ECN.
func ecnInteractive(t *testing.T) *world {
	w := ecnAgreed(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.call(Receive, 1000)
	w.call(Send, 100)
	w.arrive(data(1000, 0, 100))
	require.True(t, w.c.pingpong())
	return w
}

// TestDataWithCWRIsAcknowledgedAtOnce: the sender's window may be one segment
// (tcp_ecn_accept_cwr); an ACK with CWR calls for nothing, then or later.
func TestDataWithCWRIsAcknowledgedAtOnce(t *testing.T) {
	ect := func(s Segment) Segment { s.ECN = ECT0; return s }
	require.Len(t, ecnInteractive(t).arrive(ect(data(1000, 10, 100))), 0)
	require.Len(t, ecnInteractive(t).arrive(ect(withFlags(data(1000, 10, 100), CWR))), 1)
	w := ecnInteractive(t)
	require.Empty(t, w.arrive(withFlags(data(1000, 0, 100), CWR)))
	require.Empty(t, w.arrive(ect(data(1000, 10, 100))))
	// What is owed already stays owed when the segment itself is of no use.
	w = ecnInteractive(t)
	require.Empty(t, w.arrive(fin(data(1000, 0, 100))))
	require.Len(t, w.arrive(ect(withFlags(data(1001, 10, 100), CWR))), 1)
}

// TestTheDelayFollowsThePaceOfTheData: icsk_ack.ato after a segment that comes m
// after the one before, as tcp_event_data_recv reckons it with TCP_ATO_MIN 40 ms.
func TestTheDelayFollowsThePaceOfTheData(t *testing.T) {
	for _, c := range []struct {
		ato, m, rto, want Duration // milliseconds
		quick             bool
	}{
		{0, 5, 300, 40, true}, // the first
		{40, 0, 300, 40, false}, {80, 0, 300, 60, false}, {80, 19, 300, 60, false}, {80, 20, 300, 60, false}, {200, 20, 300, 120, false}, {300, 20, 150, 170, false},
		{80, 21, 300, 61, false}, {80, 79, 300, 119, false}, {80, 80, 300, 80, false}, {80, 81, 300, 80, false}, {40, 39, 300, 59, false},
		{300, 200, 300, 300, false}, {300, 100, 200, 200, false},
		{80, 300, 300, 80, false}, {80, 301, 300, 80, true},
	} {
		w := established(t, plainOpts)
		w.arrive(data(0, 10, 0))
		a := &w.c.ack
		a.ato, a.lastRcv, w.c.rtt.rto = c.ato*Millisecond, w.c.now.Add(-c.m*Millisecond), c.rto*Millisecond
		a.quick = 0
		s := data(10, 10, 0)
		w.c.dataReceived(&s, 832)
		require.Equal(t, c.want*Millisecond, a.ato, "%+v", c)
		require.Equal(t, c.quick, a.quick > 0, "%+v", c)
		require.Equal(t, w.c.now, a.lastRcv)
	}
	w := established(t, plainOpts) // to the microsecond
	w.c.ack.ato, w.c.ack.lastRcv = 80*Millisecond, w.c.now.Add(-20*Millisecond-1)
	s := data(0, 10, 0)
	w.c.dataReceived(&s, 832)
	require.Equal(t, 60*Millisecond+1, w.c.ack.ato)
}

// TestSegmentsOf128OctetsOpenTheWindow: smaller ones do not (tcp_event_data_recv).
func TestSegmentsOf128OctetsOpenTheWindow(t *testing.T) {
	for _, c := range []struct {
		n     uint32
		grows bool
	}{{127, false}, {128, true}} {
		w := established(t, plainOpts)
		w.c.rcv.ssthresh = 20_000
		w.arrive(data(0, c.n, 0))
		require.Equal(t, c.grows, w.c.rcv.ssthresh > 20_000, "%d octets", c.n)
	}
}

// TestNothingPutsAnAckOffFurther: neither a FIN nor old data moves a timer that
// runs (inet_csk_reset_xmit_timer is given the earlier time).
func TestNothingPutsAnAckOffFurther(t *testing.T) {
	w := interactive(t)
	w.arrive(data(1000, 10, 100))
	at := w.c.timers.delack
	require.Equal(t, w.now.Add(40*Millisecond), at)
	w.pass(20 * Millisecond)
	w.arrive(fin(data(1010, 0, 100)))
	require.Equal(t, at, w.c.timers.delack)

	// Old data is answered at once, unless the buffer is half full, when there are no
	// quick ACKs (__tcp_select_window).
	w = openedWith(t, Options{Set: OptMSS, MSS: 1460}, 20*Millisecond, func(_ *Config, p *Params) { p.RcvBuf, p.Locks = 8192, LockRcvBuf })
	w.arrive(data(0, 1460, 0))
	w.arrive(data(1460, 1460, 0))
	at = w.c.timers.delack
	require.Equal(t, w.now.Add(40*Millisecond), at)
	w.pass(20 * Millisecond)
	w.arrive(data(2920, 1000, 0)) // more than a segment beyond the window shown
	at = w.c.timers.delack
	require.NotZero(t, at)
	w.pass(5 * Millisecond)
	w.rcv(data(0, 1460, 0), "drop [TCP_OLD_DATA]")
	require.Equal(t, at, w.c.timers.delack)
}

// TestARefusalForWantOfBufferIsToldAtOnce: with a window of 0, if there is
// something to read; if not, the segment is taken all the same, and so is a FIN
// (tcp_data_queue).
func TestARefusalForWantOfBufferIsToldAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		unread bool
		seg    Segment
		taken  bool
	}{
		{"something to read", true, data(1000, 100, 100), false},
		{"nothing to read", false, data(1000, 100, 100), true},
		{"a FIN", true, fin(data(1000, 0, 100)), true},
		{"data with a FIN", true, fin(data(1000, 100, 100)), false},
	} {
		w := established(t, plainOpts)
		w.arrive(data(0, 1000, 0))
		if !c.unread {
			w.call(Receive, 1000)
		}
		w.call(Send, 100)
		w.arrive(data(1000, 0, 100))
		w.lax = true
		w.c.ack.pingpongs, w.c.ack.quick = w.c.cfg.PingpongThresh, 0 // ACKs wait otherwise
		w.c.rcv.rcvbuf, w.c.locks, w.c.ack.pred.on = -1, LockRcvBuf, false
		w.c.rcv.rmem = max(w.c.rcv.rmem, 1)
		s := w.arrive(c.seg)
		require.Equal(t, c.taken, w.c.rcv.nxt == c.seg.End(), c.name)
		require.Len(t, s, 1, c.name)
		require.Zero(t, s[0].Wnd, c.name)
	}
}

// TestAClosedWindowTakesABareFinOnly: from a peer that would repeat it for ever
// (tcp_data_queue).
func TestAClosedWindowTakesABareFinOnly(t *testing.T) {
	for _, c := range []struct {
		seg   Segment
		taken bool
	}{{fin(data(0, 0, 0)), true}, {fin(data(0, 1, 0)), false}, {data(0, 1, 0), false}} {
		w := established(t, plainOpts)
		w.c.rcv.wnd, w.c.rcv.wup = 0, w.c.rcv.nxt
		w.arrive(c.seg)
		require.Equal(t, c.taken, w.c.rcv.nxt == c.seg.End(), "%v", c.seg.Flags)
	}
}

// TestAFinLeavesTheOtherSideShut: shutdown is added up.
func TestAFinLeavesTheOtherSideShut(t *testing.T) {
	w := reachFinWait1(t)
	w.arrive(fin(data(2000, 0, 1000)))
	require.Equal(t, Closing, w.c.State())
	require.Equal(t, ShutRead|ShutWrite, w.c.Shut())
}
