package tcpstate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatFindsNoWayStaysUnsent: nothing is in flight, the window probe's timer
// runs, and the data goes once there is a way (tcp_write_xmit, tcp_send_probe0).
func TestWhatFindsNoWayStaysUnsent(t *testing.T) {
	w := established(t, noSACK)
	w.step(Input{Kind: Send, N: 1000, Bars: BarRoute}, "sent 1000 [user-send]", seg1+"[data-sent]")
	i := w.c.Info(w.now)
	require.Zero(t, i.Unacked)
	require.EqualValues(t, 1000, i.NotSentBytes)
	at, ok := w.c.Deadline()
	require.True(t, ok)
	require.Equal(t, w.now.Add(300*Millisecond), at, "tcp_probe0_base")
	w.now = at
	w.step(Input{Kind: Timeout, Bars: BarRoute}, seg1+"[zero-window-probe]")
	require.EqualValues(t, 1, w.c.Info(w.now).Backoff)
	w.fires(600*Millisecond, seg1+"[zero-window-probe]")
	require.EqualValues(t, 1, w.c.Info(w.now).Unacked)
	require.NoError(t, w.c.Check())
}

// TestRetransmissionWithoutAWayIsNone: it counts as a time-out, and leaves the
// missing way behind as the error (__tcp_retransmit_skb, inet_sk_rebuild_header).
func TestRetransmissionWithoutAWayIsNone(t *testing.T) {
	w := established(t, noSACK)
	w.call(Send, 1000)
	at, _ := w.c.Deadline()
	w.now = at
	w.step(Input{Kind: Timeout, Bars: BarRoute}, "soft ENETUNREACH [no-route]")
	i := w.c.Info(w.now)
	require.EqualValues(t, [4]uint32{1, 1, 0, 0}, [4]uint32{uint32(i.Retransmits), i.Lost, i.Retrans, i.TotalRetrans})
	w.fires(600*Millisecond, seg1+"[rto-retransmit]")
}

// TestTimeOutsGoRoundWithTheClock: what has been over for less than half the
// clock's round is over (retransmits_timed_out).
func TestTimeOutsGoRoundWithTheClock(t *testing.T) {
	const half = 1 << 31
	for _, limit := range []uint32{1000, math.MaxInt32} {
		for past, over := range map[uint32]bool{math.MaxUint32: false, 0: true, 1: true, half - 1: true, half: false} {
			c := New(Params{})
			c.now = Time(5 * Second)
			c.ca.retransmits = 1
			c.ca.retransStamp = tsClock(c.now) - limit - past
			require.Equal(t, over, c.timedOut(15, Duration(limit)*Millisecond), "limit %d ms, over for %d ms", limit, int32(past))
		}
	}
}
