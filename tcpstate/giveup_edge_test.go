package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAPeerThatPulledItsWindowBackIsGivenUp: silent for longer than twice the
// longest time-out, or TCP_USER_TIMEOUT, which counts whatever it answers
// (tcp_rtx_probe0_timed_out). Times are milliseconds.
func TestAPeerThatPulledItsWindowBackIsGivenUp(t *testing.T) {
	const limit = 240_000
	for _, c := range []struct {
		user             uint32
		retrans, lastAck Duration // ago
		stamped, over    bool
	}{
		{0, limit, limit, true, false}, {0, limit + 1, limit, true, false}, {0, limit, limit + 1, true, false}, {0, limit + 1, limit + 1, true, true},
		{0, limit + 1, limit + 1, false, true}, {0, limit, limit + 1, false, false}, {0, limit + 1, 0, true, false}, {0, 0, limit + 1, true, false},
		{5000, 5000, 9000, true, false}, {5000, 5001, 0, true, true}, {5000, 5001, 0, false, true}, {5000, 4000, 9000, true, false},
		{400_000, limit + 1, limit + 1, true, true}, {400_000, limit, limit + 1, true, false},
	} {
		w := established(t, noSACK)
		w.call(Send, 1000)
		w.now = Time(60 * Minute)
		conn := w.c
		conn.now, conn.user.userTimeout = w.now, c.user
		b := conn.q.oldest()
		conn.ca.retransStamp, b.sent = 0, w.now.Add(-c.retrans*Millisecond)
		if c.stamped {
			conn.ca.retransStamp, b.sent = tsClock(b.sent), w.now
		}
		conn.stat.lastAck = w.now.Add(-c.lastAck * Millisecond)
		require.Equal(t, c.over, conn.shrunkTooLong(b), "%+v", c)
	}
}

// TestHowOftenAnOrphanTries: tcp_orphan_retries.
func TestHowOftenAnOrphanTries(t *testing.T) {
	for _, c := range []struct {
		sysctl uint8
		icmp   bool
		alive  bool
		want   uint8
	}{
		{0, false, true, 8}, {0, false, false, 0}, {0, true, true, 8}, {0, true, false, 0},
		{5, false, true, 5}, {5, false, false, 5}, {5, true, true, 5}, {5, true, false, 0},
	} {
		w := openedWith(t, noSACK, 100*Millisecond, func(f *Config, _ *Params) { f.OrphanRetries = c.sysctl })
		if c.icmp {
			w.c.soft = EHOSTUNREACH
		}
		require.Equal(t, c.want, w.c.orphanRetries(c.alive), "%+v", c)
	}
}

// TestAnOrphanAtTheLongestTimeOutIsNotAlive: which leaves it no tries (tcp_write_timeout).
func TestAnOrphanAtTheLongestTimeOutIsNotAlive(t *testing.T) {
	for most, gone := range map[Duration]bool{1000 * Millisecond: true, 1500 * Millisecond: false} {
		w := openedWith(t, noSACK, 900*Millisecond, func(f *Config, _ *Params) { f.RTOMax = most })
		w.call(Close, 0)
		w.c.rtt.rto = Second
		w.c.armXmit(xmitRTO, Second)
		w.wait()
		w.c.rtt.rto = Second
		w.wait()
		require.Equal(t, gone, w.c.State() == Closed, "tcp_rto_max %d", most)
	}
}

// TestWhichTimeOutSuspectsFastOpen: the third in a row, or an earlier one that is
// the last (tcp_fastopen_active_detect_blackhole), if Fast Open had a part.
func TestWhichTimeOutSuspectsFastOpen(t *testing.T) {
	for _, flag := range []fastFlags{0, fastOption, fastData, fastDataAcked, fastChild} {
		for n := range uint8(5) {
			for _, expired := range []bool{false, true} {
				w := established(t, noSACK)
				w.c.fo = &fastOpen{flags: flag}
				w.c.ca.retransmits, w.c.out = n, nil
				w.c.fastTimedOut(expired)
				has := flag != 0 && flag != fastChild
				require.Equal(t, has && (n == 2 || n < 2 && expired), len(w.c.out) > 0, "%b, %d time-outs, expired %v", flag, n, expired)
			}
		}
	}
}
