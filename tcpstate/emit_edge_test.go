package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What goes out, and what TCP_INFO counts of it.

// TestSegmentsAreCountedAsTheyGo: tcpi_segs_out, tcpi_data_segs_out and
// tcpi_bytes_sent; an offloaded packet counts as its segments.
func TestSegmentsAreCountedAsTheyGo(t *testing.T) {
	w := established(t, plainOpts) // SYN and ACK
	w.call(Send, 1000)
	w.call(Send, 3000)
	w.arrive(data(0, 10, 0)) // acknowledged at once
	i := w.c.Info(w.now)
	require.Equal(t, [2]uint32{7, 4}, [2]uint32{i.SegsOut, i.DataSegsOut})
	require.EqualValues(t, 4000, i.BytesSent)
}

// TestTheFinGoesWithSeveralSegments: as with one.
func TestTheFinGoesWithSeveralSegments(t *testing.T) {
	w := established(t, plainOpts)
	s := ackOf(0)
	s.Wnd = 0
	w.arrive(s)
	w.call(Send, 2000)
	w.call(Close, 0)
	w.rcv(ackOf(0), "> FP. 1(2000) ack 1 win 64240 [data-sent]")
}

// TestAReplyWithinTheDelayMakesAConversation: an ACK's delay after the data, not
// later (tcp_event_data_sent).
func TestAReplyWithinTheDelayMakesAConversation(t *testing.T) {
	for d, talks := range map[Duration]bool{0: true, 40*Millisecond - 1: true, 40 * Millisecond: false} {
		w := established(t, plainOpts)
		w.arrive(data(0, 10, 0))
		require.Equal(t, 40*Millisecond, w.c.ack.ato)
		w.pass(d)
		w.call(Send, 10)
		require.Equal(t, talks, w.c.pingpong(), "%d µs", d)
	}
	w := established(t, plainOpts)
	w.arrive(data(0, 10, 0))
	w.c.ack.pingpongs = 255 // inet_csk_inc_pingpong_cnt: no further
	w.call(Send, 10)
	require.True(t, w.c.pingpong())
}

// TestQuickAcksAreSpentByAcksThatWereOwed: and the delay is the least again once
// they are (tcp_dec_quickack_mode).
func TestQuickAcksAreSpentByAcksThatWereOwed(t *testing.T) {
	for _, c := range []struct {
		quick, pending uint8
		left           uint8
		ato            Duration
	}{
		{2, 0, 2, 300}, {2, ackSched, 1, 300}, {1, ackSched, 0, 40}, {1, 0, 1, 300}, {1, ackNow, 1, 300}, {0, ackSched, 0, 300}, {0, 0, 0, 300},
	} {
		w := established(t, plainOpts)
		a := &w.c.ack
		a.quick, a.pending, a.ato = c.quick, c.pending, 300*Millisecond
		w.c.ackSent()
		require.Equal(t, c.left, a.quick, "%+v", c)
		require.Equal(t, c.ato*Millisecond, a.ato, "%+v", c)
		require.Zero(t, a.pending)
	}
}

// TestASegmentWithoutDataStaysInAWindowThatWasPulledBack: unless what sticks out is
// less than a window's unit (tcp_acceptable_seq).
func TestASegmentWithoutDataStaysInAWindowThatWasPulledBack(t *testing.T) {
	for _, c := range []struct {
		scaled bool
		wnd    uint32 // of 2000 octets in flight
		end    bool
	}{
		{false, 2000, false}, {false, 3000, false}, {false, 1999, true}, {false, 0, true},
		{true, 2000, false}, {true, 2000 - 1023, false}, {true, 2000 - 1024, true}, {true, 0, true},
	} {
		o := plainOpts
		if c.scaled {
			o.Set |= OptWScale // ours is 10
		}
		w := established(t, o)
		w.call(Send, 2000)
		w.c.snd.wnd = c.wnd
		want := w.c.snd.nxt
		if c.end {
			want = w.c.snd.una.Add(c.wnd)
		}
		require.Equal(t, want, w.c.acceptableSeq(), "%+v", c)
	}
}

// TestTimeInTimeOutsIsTold: tcpi_total_rto_time counts on while a time-out is not
// repaired, and adds up.
func TestTimeInTimeOutsIsTold(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.EarlyRetrans = 0 })
	require.Zero(t, w.c.Info(w.now.Add(Minute)).TotalRTOTime)
	w.call(Send, 1000)
	w.wait()
	require.EqualValues(t, 500, w.c.Info(w.now.Add(500*Millisecond)).TotalRTOTime)
	w.pass(200 * Millisecond)
	w.arrive(ackOf(1000))
	require.EqualValues(t, 200, w.c.Info(w.now.Add(500*Millisecond)).TotalRTOTime)
	w.call(Send, 1000)
	w.wait()
	i := w.c.Info(w.now.Add(70 * Millisecond))
	require.EqualValues(t, 270, i.TotalRTOTime)
	require.Equal(t, [2]uint16{2, 2}, [2]uint16{i.TotalRTO, i.TotalRTORecoveries})
}

// TestBusyTimeIncludesWhatHeldTheSenderUp: tcp_get_info_chrono_stats.
func TestBusyTimeIncludesWhatHeldTheSenderUp(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(_ *Config, p *Params) { p.SndBuf, p.Locks = 5000, LockSndBuf })
	w.c.ca.ssthresh = w.c.ca.cwnd
	w.call(Send, 1000)
	w.pass(10 * Millisecond)
	w.arrive(ackOf(1000)) // busy for 10 ms
	w.pass(100 * Millisecond)
	w.call(Send, 2000)
	w.pass(20 * Millisecond)
	require.EqualValues(t, 30*Millisecond, w.c.Info(w.now).BusyTime)
	w.c.WantSpace()
	w.call(Send, 1000) // full: 20 ms busy, and from now on for want of room
	w.pass(40 * Millisecond)
	i := w.c.Info(w.now)
	require.Equal(t, [3]uint64{70_000, 0, 40_000}, [3]uint64{i.BusyTime, i.RwndLimited, i.SndbufLimited})
	s := ackOf(4000)
	s.Wnd = 0
	w.arrive(s)
	w.call(Send, 1000) // the peer's window holds this up
	w.pass(80 * Millisecond)
	i = w.c.Info(w.now)
	require.Equal(t, [3]uint64{150_000, 80_000, 40_000}, [3]uint64{i.BusyTime, i.RwndLimited, i.SndbufLimited})
}

// TestTheDeliveryRateIsOctetsASecond: of a sample, 0 before there is one.
func TestTheDeliveryRateIsOctetsASecond(t *testing.T) {
	w := established(t, plainOpts)
	w.c.stat.rateDelivered, w.c.stat.rateInterval = 0, 0
	require.Zero(t, w.c.Info(w.now).DeliveryRate)
	w.c.stat.rateDelivered, w.c.stat.rateInterval = 5, 50_000
	require.EqualValues(t, 100_000, w.c.Info(w.now).DeliveryRate)
}

// TestWhoInheritsFromATimeWait: one that has seen timestamps leaves them, with a
// number that is not 0 (tcp_twsk_unique).
func TestWhoInheritsFromATimeWait(t *testing.T) {
	w := stamped(t)
	_, ok := w.c.Heir(w.now)
	require.False(t, ok, "ESTABLISHED")
	w.call(Close, 0)
	w.arrive(stamp(ackOf(1), 5100))
	w.arrive(stamp(fin(data(0, 0, 1)), 5200))
	require.Equal(t, TimeWait, w.c.State())
	h, ok := w.c.Heir(w.now.Add(3 * Second))
	require.True(t, ok)
	require.Equal(t, Heir{ISS: ourISS.Add(2 + 65537), TSRecent: 5200, TSRecentAt: w.now, Waited: 3000}, h)
	_, ok = reachTimeWait(t).c.Heir(w.now)
	require.False(t, ok, "no timestamps")
	for at, want := range map[Seq]Seq{Seq(1<<32 - 65537): 1, Seq(1<<32 - 65536): 1, Seq(1<<32 - 65538): 1<<32 - 1, 0: 65537} {
		w.c.snd.nxt = at
		require.Equal(t, want, w.c.heirISS())
	}
}
